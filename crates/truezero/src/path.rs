//! The active path of an example (the paper's figure 2): the units that contribute most to one output, and
//! the contributions between them.
//!
//! contribution of unit i to unit j above it: h_i · W[i, j]

use crate::network::Network;

/// More of either than this would not be told apart by eye.
const UNITS: usize = 60;
const EDGES: usize = 80;
/// Units of a layer are shown active in proportion, but at least so many, for a path to be seen.
const ACTIVE: usize = 4;
/// Each active unit shown has at least so many edges to the layer above it.
const EDGES_FROM_UNIT: usize = 1;

/// Units worth showing, and what joins them.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivePath {
    /// For each hidden layer, lowest first, the units shown, in order; silent ones stand for those that are.
    pub units: Vec<Vec<usize>>,
    /// Strong contributions, from low to high.
    pub edges: Vec<PathEdge>,
}

/// What an active unit contributes to another, or to the output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PathEdge {
    /// The hidden layer it starts from, 0 for the lowest; it ends in the layer above.
    pub layer: usize,
    /// Position among the units shown.
    pub from: usize,
    /// Position among the units shown in the layer above; the output itself above the highest.
    pub to: usize,
    /// Negative where it inhibits.
    pub contribution: f32,
}

impl ActivePath {
    /// The path to `output` of an example for which the hidden layers have the activations `hidden`.
    ///
    /// The strongest units are found from the top: a unit of a layer counts as much as the contributions
    /// that it makes to the units shown in the layer above, whatever their sign.
    ///
    /// # Panics
    /// If the activations are not those of the network's hidden layers.
    pub fn new(network: &Network, hidden: &[Vec<f32>], output: usize) -> Self {
        let in_each = UNITS / hidden.len().max(1);
        let mut above = vec![output];
        let mut units = vec![Vec::new(); hidden.len()];
        for (layer, values) in hidden.iter().enumerate().rev() {
            let strength: Vec<f32> = (0..values.len())
                .map(|unit| {
                    above.iter().map(|&to| contribution(network, hidden, layer, unit, to).abs()).sum()
                })
                .collect();
            let mut ranked: Vec<usize> = (0..values.len()).collect();
            ranked.sort_by(|&a, &b| strength[b].total_cmp(&strength[a]).then(a.cmp(&b)));
            let (active, silent): (Vec<usize>, Vec<usize>) =
                ranked.into_iter().partition(|&unit| values[unit] != 0.0);
            let share = (in_each * active.len()).div_ceil(values.len()).max(ACTIVE).min(active.len());
            let rest = in_each.saturating_sub(share).min(silent.len());
            // Of the silent ones, evenly from the whole layer, so that the active ones stand among them.
            let silent = (0..rest).map(|at| silent[at * silent.len() / rest]);
            let mut chosen: Vec<usize> = active[..share].iter().copied().chain(silent).collect();
            chosen.sort_unstable();
            above = chosen.iter().copied().filter(|&unit| values[unit] != 0.0).collect();
            units[layer] = chosen;
        }
        let edges = edges(network, hidden, &units, output);
        Self { units, edges }
    }
}

/// What a unit of a hidden layer adds to the pre-activation of a unit above it.
fn contribution(network: &Network, hidden: &[Vec<f32>], layer: usize, unit: usize, to: usize) -> f32 {
    hidden[layer][unit] * network.layers[layer + 1].weights.get(unit, to)
}

/// The strongest contributions between active units shown: one or more from each, then the strongest of the
/// rest.
fn edges(network: &Network, hidden: &[Vec<f32>], shown: &[Vec<usize>], output: usize) -> Vec<PathEdge> {
    let active = |layer: usize| {
        shown[layer].iter().copied().enumerate().filter(move |&(_, unit)| hidden[layer][unit] != 0.0)
    };
    let mut first = Vec::new();
    let mut rest = Vec::new();
    for layer in 0..shown.len() {
        let to: Vec<(usize, usize)> =
            if layer + 1 < shown.len() { active(layer + 1).collect() } else { vec![(output, output)] };
        for (from, unit) in active(layer) {
            let mut own: Vec<PathEdge> = to
                .iter()
                .map(|&(to, above)| {
                    let contribution = contribution(network, hidden, layer, unit, above);
                    PathEdge { layer, from, to, contribution }
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
    first.sort_by_key(|edge| (edge.layer, edge.from, std::cmp::Reverse(edge.to)));
    first
}

fn strongest_first(edges: &mut [PathEdge]) {
    edges.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activation, Architecture, Cost, Initialisation};
    use truezero_sparse::{Batch, DenseBatch, Engine};

    #[test]
    fn what_is_shown_is_what_the_network_does() {
        let architecture = Architecture {
            inputs: 16,
            hidden: vec![200, 100],
            outputs: 3,
            activations: vec![Activation::Rectifier; 2],
            sign_trick: false,
            initialisation: Initialisation::Glorot,
        };
        let network = Network::random(&architecture, Cost::SoftmaxCrossEntropy, 5);
        let pixels: Vec<f32> = (0..16).map(|at| at as f32 / 16.0).collect();
        let inputs = Batch::Dense(DenseBatch::from_rows(16, &pixels));
        let hidden: Vec<Vec<f32>> = (0..2)
            .map(|layer| network.encode(&mut Engine::new(1), &inputs, layer).to_dense().row(0).to_vec())
            .collect();
        let path = ActivePath::new(&network, &hidden, 2);
        assert!(path.units.iter().map(Vec::len).sum::<usize>() <= UNITS && path.edges.len() <= EDGES);
        for (units, values) in path.units.iter().zip(&hidden) {
            let firing = |units: &mut dyn Iterator<Item = usize>| {
                units.filter(|&unit| values[unit] != 0.0).count() as f64
            };
            let shown = firing(&mut units.iter().copied());
            let expected = units.len() as f64 * firing(&mut (0..values.len())) / values.len() as f64;
            assert!((shown - expected).abs() <= 1.0, "{shown} of {expected} units");
            assert!(units.is_sorted());
        }
        for edge in &path.edges {
            let value = |layer: usize, at: usize| hidden[layer][path.units[layer][at]];
            assert!(value(edge.layer, edge.from) != 0.0, "a silent unit contributes nothing");
            if edge.layer == 0 {
                assert!(value(1, edge.to) != 0.0);
            } else {
                assert_eq!(edge.to, 2);
            }
            assert!(edge.contribution != 0.0);
        }
        // The strongest contribution of all to the output is among those shown.
        let strongest =
            (0..100).map(|unit| contribution(&network, &hidden, 1, unit, 2).abs()).fold(0.0, f32::max);
        let top = path.edges.iter().filter(|edge| edge.layer == 1).map(|edge| edge.contribution.abs());
        assert_eq!(top.fold(0.0, f32::max), strongest);
    }
}
