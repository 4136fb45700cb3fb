//! Cost and gradient of all examples, for optimisers that are Python's.

use std::sync::{Mutex, PoisonError};

use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use truezero::Network;
use truezero_sparse::{Engine, PackedWeights};

use crate::binary::two_outputs;
use crate::examples::{Given, Goal, Part};
use crate::failure::{detached, within_memory, wrong};
use crate::model::{self, Model};
use crate::parameters::TrainingParameters;
use crate::trainer::{inputs, network};

/// The mean cost of some examples as a function of a network's parameters: weights and biases of each layer, lowest first,
/// one after the other.
#[pyclass(frozen, module = "truezero._truezero")]
pub struct Objective {
    goal: Goal,
    train: Part,
    work: Mutex<(Network, Engine)>,
}

#[pymethods]
impl Objective {
    #[new]
    fn new(
        parameters: TrainingParameters,
        task: &str,
        outputs: usize,
        train: Given<'_>,
        start: Option<&Bound<'_, Model>>,
        threads: usize,
    ) -> PyResult<Self> {
        let goal = Goal::new(task, outputs)?;
        let train = Part::new(&train, goal)?;
        let plan = parameters.options()?.check().map_err(crate::failure::raise)?;
        let start = start.map(|start| &start.get().saved);
        let network = within_memory(|| network(&plan, &train.data, goal, start))??;
        Ok(Self { goal, train, work: Mutex::new((network, Engine::new(threads))) })
    }

    /// The parameters that the network has.
    fn parameters<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        let work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        let layers = work.0.layers.iter().map(|layer| (layer.weights.to_plain(), &layer.bias[..]));
        PyArray1::from_vec(py, together(layers))
    }

    /// Takes parameters over; gives the mean cost and its gradient.
    fn gradient<'py>(
        &self,
        py: Python<'py>,
        parameters: PyReadonlyArray1<'py, f64>,
    ) -> PyResult<(f64, Bound<'py, PyArray1<f64>>)> {
        let parameters = parameters.as_slice()?;
        let found = detached(py, || {
            let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
            let (network, engine) = &mut *work;
            if network.parameters() != parameters.len() {
                return Err(wrong(format!("expected {} parameters", network.parameters())));
            }
            let mut rest = parameters;
            for layer in &mut network.layers {
                let (inputs, units) = (layer.inputs(), layer.units());
                let (weights, others) = rest.split_at(inputs * units);
                let (bias, others) = others.split_at(units);
                layer.weights = PackedWeights::from_plain(inputs, units, &single(weights));
                layer.bias = single(bias);
                rest = others;
            }
            Ok(network.gradient(engine, self.train.examples()))
        })??;
        let layers = found.layers.iter().map(|(weights, bias)| (weights.to_plain(), &bias[..]));
        Ok((found.cost, PyArray1::from_vec(py, together(layers))))
    }

    /// The network as it is now.
    fn model(&self, names: Vec<String>) -> PyResult<Model> {
        let work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        let network = within_memory(|| match self.goal {
            Goal::Binary => two_outputs(work.0.clone()),
            _ => work.0.clone(),
        })?;
        model::model(network, inputs(&self.train)?, names, "{}", None)
    }
}

fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

fn together<'a>(layers: impl Iterator<Item = (Vec<f32>, &'a [f32])>) -> Vec<f64> {
    layers
        .flat_map(|(weights, bias)| weights.into_iter().chain(bias.iter().copied()))
        .map(f64::from)
        .collect()
}
