//! The active path of an example through a network (the paper's figure 2), as the report draws it.

use truezero::{Network, argmax};
use truezero_data::Dataset;
use truezero_sparse::{Batch, Engine};

use crate::result::{ActivePath, Edge};

/// The path of one example of `data` to the class predicted.
///
/// # Panics
/// If the network has no hidden layer or the data does not suit it.
pub(super) fn active_path(
    network: &Network,
    data: &Dataset,
    example: usize,
    across: usize,
    classes: &[String],
    title: String,
) -> ActivePath {
    let mut engine = Engine::new(1);
    let one = data.select(&[example]).inputs;
    let hidden: Vec<Vec<f32>> = (0..network.hidden().len())
        .map(|layer| plain(&Batch::Active(network.encode(&mut engine, &one, layer))))
        .collect();
    let outputs = network.predict(&mut engine, &one).row(0).to_vec();
    let path = truezero::ActivePath::new(network, &hidden, argmax(&outputs));
    ActivePath {
        title,
        pixels: plain(&one).iter().map(|&pixel| f64::from(pixel.clamp(0.0, 1.0))).collect(),
        pixels_across: across,
        counts: hidden
            .iter()
            .map(|values| [values.len(), values.iter().filter(|h| **h != 0.0).count()])
            .collect(),
        layers: path
            .units
            .iter()
            .zip(&hidden)
            .map(|(units, values)| units.iter().map(|&unit| f64::from(values[unit])).collect())
            .collect(),
        edges: path
            .edges
            .iter()
            .map(|edge| Edge {
                layer: edge.layer,
                from: edge.from,
                to: edge.to,
                contribution: f64::from(edge.contribution),
            })
            .collect(),
        outputs: outputs.into_iter().map(f64::from).collect(),
        classes: classes.to_vec(),
    }
}

/// The values of the only example of a batch, zeros included.
fn plain(batch: &Batch) -> Vec<f32> {
    match batch {
        Batch::Dense(batch) => batch.row(0).to_vec(),
        Batch::Active(batch) => batch.to_dense().row(0).to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use truezero::{Activation, Architecture, Cost, Initialisation};
    use truezero_data::Targets;
    use truezero_sparse::DenseBatch;

    use super::*;

    #[test]
    fn the_path_is_that_of_the_example() {
        let architecture = Architecture {
            inputs: 16,
            hidden: vec![200, 100],
            outputs: 3,
            activations: vec![Activation::Rectifier; 2],
            sign_trick: false,
            initialisation: Initialisation::Glorot,
        };
        let network = Network::random(&architecture, Cost::SoftmaxCrossEntropy, 5);
        let pixels: Vec<f32> = (0..32).map(|at| at as f32 / 32.0).collect();
        let inputs = Batch::Dense(DenseBatch::from_rows(16, &pixels));
        let data =
            Dataset { inputs, targets: Targets::Classes { labels: vec![0, 1], classes: 3 }, weights: None };
        let names: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        let path = active_path(&network, &data, 1, 4, &names, "second".to_owned());
        assert_eq!((path.pixels.len(), path.pixels_across, path.pixels[0]), (16, 4, 0.5));
        assert!((path.outputs.iter().sum::<f64>() - 1.0).abs() < 1e-5);
        let codes = network.encode(&mut Engine::new(1), &data.inputs, 1);
        assert_eq!(path.counts[1], [100, codes.example(1).0.len()]);
        assert_eq!(path.counts[0][0], 200);
        let class = argmax(&path.outputs.iter().map(|&p| p as f32).collect::<Vec<_>>());
        for edge in &path.edges {
            assert!(path.layers[edge.layer][edge.from] > 0.0, "a silent unit contributes nothing");
            match path.layers.get(edge.layer + 1) {
                Some(above) => assert!(above[edge.to] > 0.0),
                None => assert_eq!(edge.to, class),
            }
        }
    }
}
