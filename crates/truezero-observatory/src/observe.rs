//! One example passes through a network: what it predicts, which units fire, by which path.

use serde::Serialize;
use truezero::{ActivePath, Model, Pass, argmax};
use truezero_data::{Notice, Task};
use truezero_sparse::{Batch, Engine};

/// Units of a layer that are sent one by one; the counts are of all.
const MAX_CELLS: usize = 4096;

/// What a network makes of an example.
#[derive(Debug, Serialize)]
pub(crate) struct Observation {
    task: Task,
    outputs: Vec<String>,
    /// Probabilities, or quantities in the units of the data.
    values: Vec<f32>,
    /// The output of most interest: the class predicted.
    winner: usize,
    layers: Vec<Layer>,
    path: Path,
    /// What should be known of the example.
    warnings: Vec<Notice>,
}

#[derive(Debug, Serialize)]
struct Layer {
    units: usize,
    /// Units that are not exactly zero.
    active: usize,
    /// Mean of all activations.
    mean: f32,
    /// Position and activation of each that is not zero.
    cells: Vec<(usize, f32)>,
}

/// Units and edges, each edge as (layer, from, to, contribution).
#[derive(Debug, Serialize)]
struct Path {
    units: Vec<Vec<usize>>,
    edges: Vec<(usize, usize, usize, f32)>,
}

/// Passes the only example of `inputs` through the model.
pub(crate) fn observe(model: &Model, inputs: &Batch, warnings: Vec<Notice>) -> Observation {
    let (network, mut engine) = (&model.network, Engine::new(1));
    let mut pass = Pass::default();
    network.forward(&mut engine, inputs.view(), &mut pass);
    let hidden: Vec<Vec<f32>> = pass.hidden().iter().map(|layer| layer.dense().row(0).to_vec()).collect();
    let predicted = network.predict(&mut engine, inputs);
    let winner = argmax(predicted.row(0));
    let path = ActivePath::new(network, &hidden, winner);
    Observation {
        task: model.preprocessing.task(),
        outputs: model.output_names(),
        values: model.preprocessing.quantities(&predicted).row(0).to_vec(),
        winner,
        layers: hidden.iter().map(|values| Layer::of(values)).collect(),
        path: Path {
            units: path.units,
            edges: path
                .edges
                .iter()
                .map(|edge| (edge.layer, edge.from, edge.to, edge.contribution))
                .collect(),
        },
        warnings,
    }
}

impl Layer {
    fn of(values: &[f32]) -> Self {
        let firing = || values.iter().copied().enumerate().filter(|(_, value)| *value != 0.0);
        Self {
            units: values.len(),
            active: firing().count(),
            mean: values.iter().sum::<f32>() / values.len().max(1) as f32,
            cells: firing().take_while(|(unit, _)| *unit < MAX_CELLS).collect(),
        }
    }
}
