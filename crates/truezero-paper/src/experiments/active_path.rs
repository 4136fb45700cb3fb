//! The active path of an example through a network (the paper's figure 2): the units that contribute most
//! to the class predicted, and the contributions between them.

use std::cmp::Reverse;

use truezero::{Network, argmax};
use truezero_data::Dataset;
use truezero_sparse::{Batch, DenseBatch, Engine};

use crate::result::{ActivePath, Edge};

/// More of either than this would not be told apart on paper.
const UNITS: usize = 60;
const EDGES: usize = 80;
/// Units of a layer are shown active in proportion, but at least so many, for a path to be seen.
const ACTIVE: usize = 4;
/// Each active unit shown has at least so many edges to the layer above it.
const EDGES_FROM_UNIT: usize = 1;

/// The path of one example of `data`.
///
/// The strongest units are found from the top: a unit of a layer counts as much as the contributions
/// |activation × weight| that it makes to the units shown in the layer above, of which the highest is the
/// class predicted.
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
    let layers: Vec<Vec<f32>> = (0..network.hidden().len())
        .map(|layer| plain(&Batch::Active(network.encode(&mut engine, &one, layer))))
        .collect();
    let outputs = network.predict(&mut engine, &one).row(0).to_vec();
    let in_each = UNITS / layers.len();

    // From the top: which units of each layer are shown, and what they contribute to those above.
    let mut above = vec![argmax(&outputs)];
    let mut shown = vec![Vec::new(); layers.len()];
    for (layer, values) in layers.iter().enumerate().rev() {
        let strength = |unit: usize| -> f32 {
            above.iter().map(|&to| contribution(network, layer, values, unit, to).abs()).sum()
        };
        let mut units: Vec<usize> = (0..values.len()).collect();
        units.sort_by(|&a, &b| strength(b).total_cmp(&strength(a)).then(a.cmp(&b)));
        let (active, silent): (Vec<usize>, Vec<usize>) =
            units.into_iter().partition(|&unit| values[unit] != 0.0);
        let share = (in_each * active.len()).div_ceil(values.len()).max(ACTIVE).min(active.len());
        let rest = in_each.saturating_sub(share).min(silent.len());
        // Of the silent ones, evenly from the whole layer, so that the active ones stand among them.
        let silent = (0..rest).map(|at| silent[at * silent.len() / rest]);
        let mut chosen: Vec<usize> = active[..share].iter().copied().chain(silent).collect();
        chosen.sort_unstable();
        above = chosen.iter().copied().filter(|&unit| values[unit] != 0.0).collect();
        shown[layer] = chosen;
    }
    ActivePath {
        title,
        pixels: plain(&one).iter().map(|&pixel| f64::from(pixel.clamp(0.0, 1.0))).collect(),
        pixels_across: across,
        counts: layers
            .iter()
            .map(|values| [values.len(), values.iter().filter(|h| **h != 0.0).count()])
            .collect(),
        edges: edges(network, &layers, &shown, argmax(&outputs)),
        layers: shown
            .iter()
            .zip(&layers)
            .map(|(units, values)| units.iter().map(|&unit| f64::from(values[unit])).collect())
            .collect(),
        outputs: outputs.into_iter().map(f64::from).collect(),
        classes: classes.to_vec(),
    }
}

/// What a unit of a hidden layer adds to the pre-activation of a unit above it.
fn contribution(network: &Network, layer: usize, values: &[f32], unit: usize, to: usize) -> f32 {
    values[unit] * network.layers[layer + 1].weights.get(unit, to)
}

/// The strongest contributions between active units shown: one or more from each, then the strongest of the
/// rest.
fn edges(network: &Network, layers: &[Vec<f32>], shown: &[Vec<usize>], class: usize) -> Vec<Edge> {
    let mut first = Vec::new();
    let mut rest = Vec::new();
    for (layer, units) in shown.iter().enumerate() {
        let to: Vec<(usize, usize)> = match (shown.get(layer + 1), layers.get(layer + 1)) {
            (Some(units), Some(values)) => {
                units.iter().copied().enumerate().filter(|(_, unit)| values[*unit] != 0.0).collect()
            }
            _ => vec![(class, class)],
        };
        for (from, &unit) in units.iter().enumerate().filter(|(_, unit)| layers[layer][**unit] != 0.0) {
            let mut own: Vec<Edge> = to
                .iter()
                .map(|&(to, above)| {
                    let contribution = f64::from(contribution(network, layer, &layers[layer], unit, above));
                    Edge { layer, from, to, contribution }
                })
                .collect();
            strongest_first(&mut own);
            rest.extend(own.split_off(EDGES_FROM_UNIT.min(own.len())));
            first.extend(own);
        }
    }
    strongest_first(&mut first);
    strongest_first(&mut rest);
    first.extend(rest);
    first.truncate(EDGES);
    first.sort_by_key(|edge| (edge.layer, edge.from, Reverse(edge.to)));
    first
}

fn strongest_first(edges: &mut [Edge]) {
    edges.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
}

/// The values of the only example of a batch, zeros included.
fn plain(batch: &Batch) -> Vec<f32> {
    let mut row = DenseBatch::zeros(1, batch.width());
    match batch {
        Batch::Dense(batch) => row.row_mut(0).copy_from_slice(batch.row(0)),
        Batch::Active(batch) => {
            let (indices, values) = batch.example(0);
            for (&at, &value) in indices.iter().zip(values) {
                row.row_mut(0)[at as usize] = value;
            }
        }
    }
    row.row(0).to_vec()
}

#[cfg(test)]
mod tests {
    use truezero::{Activation, Architecture, Cost, Initialisation};
    use truezero_data::Targets;

    use super::*;

    fn network() -> Network {
        let architecture = Architecture {
            inputs: 16,
            hidden: vec![200, 100],
            outputs: 3,
            activations: vec![Activation::Rectifier; 2],
            sign_trick: false,
            initialisation: Initialisation::Glorot,
        };
        Network::random(&architecture, Cost::SoftmaxCrossEntropy, 5)
    }

    #[test]
    fn what_is_shown_is_what_the_network_does() {
        let pixels: Vec<f32> = (0..32).map(|at| at as f32 / 32.0).collect();
        let inputs = Batch::Dense(DenseBatch::from_rows(16, &pixels));
        let data =
            Dataset { inputs, targets: Targets::Classes { labels: vec![0, 1], classes: 3 }, weights: None };
        let network = network();
        let names: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        let path = active_path(&network, &data, 1, 4, &names, "second".to_owned());
        assert_eq!((path.pixels.len(), path.pixels_across, path.pixels[0]), (16, 4, 0.5));
        assert!((path.outputs.iter().sum::<f64>() - 1.0).abs() < 1e-5);

        let codes = network.encode(&mut Engine::new(1), &data.inputs, 1);
        assert_eq!(path.counts[1], [100, codes.example(1).0.len()]);
        assert_eq!(path.counts[0][0], 200);
        assert!(path.layers.iter().map(Vec::len).sum::<usize>() <= UNITS && path.edges.len() <= EDGES);
        for (layer, values) in path.layers.iter().enumerate() {
            let active = values.iter().filter(|h| **h > 0.0).count();
            let [units, firing] = path.counts[layer].map(|count| count as f64);
            let expected = values.len() as f64 * firing / units;
            assert!((active as f64 - expected).abs() <= 1.0, "layer {layer}: {active} of {expected} units");
        }

        let class = argmax(&path.outputs.iter().map(|&p| p as f32).collect::<Vec<_>>());
        for edge in &path.edges {
            assert!(path.layers[edge.layer][edge.from] > 0.0, "a silent unit contributes nothing");
            match path.layers.get(edge.layer + 1) {
                Some(above) => assert!(above[edge.to] > 0.0),
                None => assert_eq!(edge.to, class),
            }
            assert!(edge.contribution != 0.0);
        }
        // The strongest contribution of all to the class is among those shown.
        let (units, values) = codes.example(1);
        let strongest = units
            .iter()
            .zip(values)
            .map(|(&unit, &h)| f64::from(h * network.output_layer().weights.get(unit as usize, class)).abs())
            .fold(0.0, f64::max);
        let top = path.edges.iter().filter(|edge| edge.layer == 1).map(|edge| edge.contribution.abs());
        assert_eq!(top.fold(0.0, f64::max), strongest);
    }
}
