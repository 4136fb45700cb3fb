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

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LayerDescription {
    units: usize,
    activation: Activation,
    signs: bool,
}

impl Description {
    pub(crate) fn of(network: &Network) -> Self {
        let layers = network.layers.iter().map(|layer| LayerDescription {
            units: layer.units(),
            activation: layer.activation,
            signs: layer.signs.is_some(),
        });
        Self { inputs: network.inputs(), layers: layers.collect(), cost: network.cost }
    }

    /// Reads the network's parameters; the tensors' names start with `prefix`.
    pub(crate) fn read(&self, tensors: &Tensors<'_>, prefix: &str) -> Result<Network, Error> {
        let bounds = 1..=MAX_LAYERS + 1;
        if !bounds.contains(&self.layers.len()) {
            return Err(tensors.error("layers", &format!("{bounds:?} layers"), self.layers.len()));
        }
        let mut layers = Vec::new();
        let mut inputs = self.inputs;
        for (index, LayerDescription { units, activation, signs }) in self.layers.iter().enumerate() {
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
        Ok(Network { layers, cost: self.cost })
    }
}

/// The network's parameters as tensors, their names starting with `prefix`.
pub(crate) fn tensors<'a>(network: &'a Network, prefix: &str) -> Vec<(String, Tensor<'a>)> {
    let mut tensors = Vec::new();
    for (index, layer) in network.layers.iter().enumerate() {
        let name = |part: &str| format!("{prefix}layers.{index}.{part}");
        tensors.push((name("weight"), Tensor::matrix(&layer.weights)));
        tensors.push((name("bias"), Tensor::vector(&layer.bias)));
        if let Some(signs) = &layer.signs {
            tensors.push((name("signs"), Tensor::vector(signs)));
        }
    }
    tensors
}
