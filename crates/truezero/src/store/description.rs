//! A network as a document (its shape) and tensors (its parameters).
//!
//! `layers.0.weight` is inputs × units, `layers.0.bias` and `layers.0.signs` (where there are any)
//! one value per unit; layer 0 is the lowest.

use serde::{Deserialize, Serialize};

use super::read::Tensors;
use super::write::Tensor;
use crate::activation::Activation;
use crate::cost::Cost;
use crate::error::Error;
use crate::layer::Layer;
use crate::network::Network;
use crate::options::{MAX_LAYERS, MAX_UNITS};

/// The shape of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Description {
    inputs: usize,
    layers: Vec<LayerDescription>,
    cost: Cost,
}

/// The shape of layers without what makes them a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StackDescription {
    inputs: usize,
    layers: Vec<LayerDescription>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LayerDescription {
    units: usize,
    activation: Activation,
    signs: bool,
}

impl Description {
    pub(crate) fn of(network: &Network) -> Self {
        let StackDescription { inputs, layers } = StackDescription::of(&network.layers);
        Self { inputs, layers, cost: network.cost }
    }

    /// Reads the network's parameters; the tensors' names start with `prefix`.
    pub(crate) fn read(&self, tensors: &Tensors<'_>, prefix: &str) -> Result<Network, Error> {
        Ok(Network { layers: read(self.inputs, &self.layers, tensors, prefix)?, cost: self.cost })
    }
}

impl StackDescription {
    pub(crate) fn of(layers: &[Layer]) -> Self {
        let describe = |layer: &Layer| LayerDescription {
            units: layer.units(),
            activation: layer.activation,
            signs: layer.signs.is_some(),
        };
        let inputs = layers.first().map_or(0, Layer::inputs);
        Self { inputs, layers: layers.iter().map(describe).collect() }
    }

    /// Reads the layers' parameters.
    pub(crate) fn read(&self, tensors: &Tensors<'_>) -> Result<Vec<Layer>, Error> {
        read(self.inputs, &self.layers, tensors, "")
    }
}

/// Reads the parameters of layers that take `inputs` in.
fn read(
    mut inputs: usize,
    descriptions: &[LayerDescription],
    tensors: &Tensors<'_>,
    prefix: &str,
) -> Result<Vec<Layer>, Error> {
    let bounds = 1..=MAX_LAYERS + 1;
    if !bounds.contains(&descriptions.len()) {
        return Err(tensors.error("layers", &format!("1 to {} layers", bounds.end()), descriptions.len()));
    }
    let mut layers = Vec::new();
    for (index, LayerDescription { units, activation, signs }) in descriptions.iter().enumerate() {
        let name = |part: &str| format!("{prefix}layers.{index}.{part}");
        let units = *units;
        // Without this a matrix of 0 × 2⁶⁰ would pass all checks of lengths.
        if !(1..=MAX_UNITS).contains(&units) || inputs == 0 {
            let expected = format!("at least 1 input and 1 to {MAX_UNITS} units");
            return Err(tensors.error(name("weight"), &expected, format!("{inputs} and {units}")));
        }
        let weights = tensors.matrix(&name("weight"), inputs, units)?;
        let bias = tensors.vector(&name("bias"), units)?;
        let signs = signs.then(|| tensors.vector(&name("signs"), units)).transpose()?;
        if let Some(sign) = signs.iter().flatten().find(|sign| sign.abs() != 1.0) {
            return Err(tensors.error(name("signs"), "1 or -1 for each unit", sign));
        }
        layers.push(Layer { weights, bias, activation: *activation, signs });
        inputs = units;
    }
    Ok(layers)
}

/// The network's parameters as tensors, their names starting with `prefix`.
pub(crate) fn tensors<'a>(network: &'a Network, prefix: &str) -> Vec<(String, Tensor<'a>)> {
    layer_tensors(&network.layers, prefix)
}

/// The same of layers.
pub(crate) fn layer_tensors<'a>(layers: &'a [Layer], prefix: &str) -> Vec<(String, Tensor<'a>)> {
    let mut tensors = Vec::new();
    for (index, layer) in layers.iter().enumerate() {
        let name = |part: &str| format!("{prefix}layers.{index}.{part}");
        tensors.push((name("weight"), Tensor::matrix(&layer.weights)));
        tensors.push((name("bias"), Tensor::vector(&layer.bias)));
        if let Some(signs) = &layer.signs {
            tensors.push((name("signs"), Tensor::vector(signs)));
        }
    }
    tensors
}
