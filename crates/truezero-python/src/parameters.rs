//! Parameters of the estimators, as options of the library. Python has checked their types, so that each error names one.

use pyo3::prelude::*;
use truezero::autoencoder::PretrainingOptions;
use truezero::{Activation, Corruption, Optimizer, Reconstruction, Rule, TrainingOptions};

use crate::failure::wrong;

/// Of a training; a dict of these names.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct TrainingParameters {
    hidden_layer_sizes: Vec<usize>,
    activation: Vec<String>,
    l1_activation: f32,
    target_sparsity: Option<f32>,
    dropout: Vec<f32>,
    input_dropout: f32,
    rule: String,
    momentum: f32,
    beta_1: f32,
    beta_2: f32,
    epsilon: f32,
    weight_decay: f32,
    learning_rate_init: f32,
    batch_size: usize,
    shuffle: bool,
    max_iter: usize,
    seed: u64,
}

impl TrainingParameters {
    pub fn options(self) -> PyResult<TrainingOptions> {
        let rule = match self.rule.as_str() {
            "sgd" => Rule::Sgd,
            "momentum" => Rule::Momentum,
            "nesterov" => Rule::Nesterov,
            "adam" => Rule::Adam,
            other => return Err(wrong(format!("solver: expected 'sgd' or 'adam', found {other:?}"))),
        };
        Ok(TrainingOptions {
            hidden: self.hidden_layer_sizes,
            activation: activations(&self.activation)?,
            l1: self.l1_activation,
            target_sparsity: self.target_sparsity,
            dropout: self.dropout,
            input_dropout: self.input_dropout,
            optimizer: Optimizer {
                rule,
                momentum: self.momentum,
                beta1: self.beta_1,
                beta2: self.beta_2,
                epsilon: self.epsilon,
                weight_decay: self.weight_decay,
            },
            learning_rate: Some(self.learning_rate_init),
            batch_size: self.batch_size,
            shuffle: self.shuffle,
            epochs: self.max_iter,
            patience: 0,
            seed: self.seed,
            ..TrainingOptions::default()
        })
    }
}

/// Of a pre-training; a dict of these names.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct PretrainingParameters {
    hidden_layer_sizes: Vec<usize>,
    activation: Vec<String>,
    corruption: Vec<String>,
    reconstruction: Vec<String>,
    tied: bool,
    l1_activation: Vec<f32>,
    learning_rate_init: Vec<f32>,
    max_iter: usize,
    patience: usize,
    batch_size: usize,
    sample_zeros: Option<f32>,
    seed: u64,
}

impl PretrainingParameters {
    /// The layers to be pre-trained, and how.
    pub fn options(self) -> PyResult<(TrainingOptions, PretrainingOptions)> {
        let shape = TrainingOptions {
            hidden: self.hidden_layer_sizes,
            activation: activations(&self.activation)?,
            seed: self.seed,
            ..TrainingOptions::default()
        };
        let corruption = |text: &String| text.parse::<Corruption>().map_err(|error| of("corruption", &error));
        let reconstruction =
            |text: &String| text.parse::<Reconstruction>().map_err(|error| of("reconstruction", &error));
        let options = PretrainingOptions {
            corruption: self.corruption.iter().map(corruption).collect::<PyResult<_>>()?,
            reconstruction: self.reconstruction.iter().map(reconstruction).collect::<PyResult<_>>()?,
            tied: self.tied,
            l1: self.l1_activation,
            learning_rate: self.learning_rate_init,
            epochs: vec![self.max_iter],
            patience: self.patience,
            batch_size: self.batch_size,
            sample_zeros: self.sample_zeros,
            seed: self.seed,
        };
        Ok((shape, options))
    }
}

fn activations(names: &[String]) -> PyResult<Vec<Activation>> {
    names.iter().map(|name| name.parse().map_err(|error: String| of("activation", &error))).collect()
}

fn of(parameter: &str, error: &str) -> PyErr {
    wrong(format!("{parameter}: {error}"))
}

/// The names of activations as models have them.
#[pyfunction]
pub fn activation_names(names: Vec<String>) -> PyResult<Vec<String>> {
    Ok(activations(&names)?.iter().map(ToString::to_string).collect())
}

/// As many threads as there are for this process.
#[pyfunction]
pub fn available_threads() -> usize {
    truezero_sparse::available_threads()
}
