//! The weights that lead into a unit.

use serde::{Deserialize, Serialize};
use truezero::{Layer, Model};
use truezero_http::Problem;

use crate::input::IMAGE;

/// Weights that are told one by one.
const STRONGEST: usize = 6;
/// No image is made through more weights than this.
const MAX_WEIGHTS: usize = 1 << 24;

/// Which unit.
#[derive(Debug, Deserialize)]
pub(crate) struct Which {
    pub(crate) network: String,
    /// Hidden layer, 0 for the lowest.
    layer: usize,
    unit: usize,
}

/// What leads into a unit.
#[derive(Debug, Serialize)]
pub(crate) struct Unit {
    bias: f32,
    /// Its strongest weights: which unit of the layer below, or which input, and the weight.
    strongest: Vec<(usize, f32)>,
    /// What the strongest come from, if these are inputs with names.
    names: Option<Vec<String>>,
    /// The weights to the pixels of a drawing. Of a unit above the lowest layer, those of the units below it
    /// multiplied by its own and summed, as if all were linear.
    image: Option<Vec<f32>>,
}

/// Finds the unit.
pub(crate) fn unit(model: &Model, which: &Which) -> Result<Unit, Problem> {
    let hidden = model.network.hidden();
    let missing = |what: &str, count: usize, found: usize| {
        Problem::not_found(format!("{what}: expected one of {count}, counted from 0, found {found}"))
    };
    let layer = hidden.get(which.layer).ok_or_else(|| missing("hidden layer", hidden.len(), which.layer))?;
    if which.unit >= layer.units() {
        return Err(missing("unit", layer.units(), which.unit));
    }
    let incoming = column(layer, which.unit);
    let mut strongest: Vec<(usize, f32)> = incoming.iter().copied().enumerate().collect();
    strongest.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    strongest.truncate(STRONGEST);
    let names = (which.layer == 0).then(|| model.preprocessing.input_names()).flatten();
    let names = names.map(|names| strongest.iter().map(|&(input, _)| names[input].clone()).collect());
    let below = &hidden[..which.layer];
    let passed: usize = below.iter().map(|layer| layer.inputs() * layer.units()).sum();
    let drawn = model.network.inputs() == IMAGE * IMAGE && passed <= MAX_WEIGHTS;
    let image = drawn.then(|| below.iter().rev().fold(incoming, |weights, layer| project(layer, &weights)));
    Ok(Unit { bias: layer.bias[which.unit], strongest, names, image })
}

/// The weights from each input to one unit.
fn column(layer: &Layer, unit: usize) -> Vec<f32> {
    (0..layer.inputs()).map(|input| layer.weights.get(input, unit)).collect()
}

/// Weights to the units of a layer, as weights to its inputs.
fn project(layer: &Layer, weights: &[f32]) -> Vec<f32> {
    let signed = |unit: usize| weights[unit] * layer.signs.as_ref().map_or(1.0, |signs| signs[unit]);
    let signed: Vec<f32> = (0..layer.units()).map(signed).collect();
    let mut row = Vec::new();
    (0..layer.inputs())
        .map(|input| {
            layer.weights.copy_rows(input..input + 1, &mut row);
            row.iter().zip(&signed).map(|(weight, above)| weight * above).sum()
        })
        .collect()
}
