//! What a trainer remembers of what it did.

use super::kept::Kept;
use super::remarks::{self, Remark};
use crate::evaluate::Counts;
use crate::observe::LayerObservation;
use crate::options::TrainingOptions;
use crate::steer::Steering;

/// An epoch, as it ended.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochRecord {
    /// Counted from 1.
    pub epoch: usize,
    /// Mean cost of a training example while training, without penalties.
    pub cost: f64,
    /// Fraction wrong, or root mean squared error, on the validation examples.
    pub validation_error: Option<f64>,
    /// Mean cost of a validation example, without penalties.
    pub validation_cost: Option<f64>,
    /// Mean over the hidden layers that give zeros.
    pub mean_sparsity: f64,
    /// What the hidden layers did on the validation examples; without any, on
    /// [some](super::OBSERVED) training examples.
    pub layers: Vec<LayerObservation>,
    /// Norm of the gradient in each layer, in the last mini-batch.
    pub gradient_norms: Vec<f64>,
    /// λ at the end.
    pub l1: f32,
    /// η.
    pub learning_rate: f32,
}

/// Why a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stopped {
    /// The last epoch was reached.
    Epochs,
    /// Epochs no longer became better.
    Patience,
    /// The caller stopped it.
    Interrupted,
    /// The cost was no longer finite.
    Diverged,
}

/// What happened in a training. It holds no times, so that the same training leaves the same bytes.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Why it ended.
    pub stopped: Stopped,
    /// The epoch that gave the weights; none if none was completed.
    pub best_epoch: Option<usize>,
    /// What the base rate costs on the validation examples: predicting, whatever the inputs, what is so often the case
    /// in training. None without validation examples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_cost: Option<f64>,
    /// Classes or labels of the validation examples, in the epoch that gave the weights.
    #[serde(default)]
    pub counts: Counts,
    /// How often the learning rate was halved because an epoch diverged.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub halvings: u32,
    /// Whether the target sparsity was given up, because the penalty undid what was learned.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub target_given_up: bool,
    /// One record per completed epoch; λ and the sparsities over time are in it.
    pub history: Vec<EpochRecord>,
}

impl Summary {
    /// What a person should know of how it went; `options` are those it ended with.
    pub fn remarks(&self, options: &TrainingOptions) -> Vec<Remark> {
        remarks::of(self, options)
    }

    /// The record of the epoch that gave the weights.
    pub fn best(&self) -> Option<&EpochRecord> {
        self.history.get(self.best_epoch?.checked_sub(1)?)
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the form that serde calls it in")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// The best weights so far.
#[derive(Debug)]
pub(super) struct Best {
    pub(super) weights: Kept,
    pub(super) epoch: usize,
    /// Classes or labels of the validation examples.
    pub(super) counts: Counts,
}

/// How the present epoch began.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) weights: Kept,
    pub(super) steering: Option<Steering>,
}

/// What is asked of the penalty on activations: λ, or where it starts, and the sparsity that it is steered to.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Penalty {
    pub(super) l1: f32,
    pub(super) target_sparsity: Option<f32>,
}

impl Penalty {
    pub(super) fn of(options: &TrainingOptions) -> Self {
        Self { l1: options.l1, target_sparsity: options.target_sparsity }
    }

    pub(super) fn apply(self, options: &mut TrainingOptions) {
        (options.l1, options.target_sparsity) = (self.l1, self.target_sparsity);
    }
}

/// What comes next: both counted from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Position {
    pub(super) epoch: usize,
    pub(super) batch: usize,
}

/// Sums over the mini-batches of the present epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Running {
    pub(super) cost: f64,
    pub(super) examples: usize,
    /// Mean cost of an example of the first mini-batch.
    pub(super) first: f64,
    /// What the examples would have cost with outputs of zero.
    pub(super) zeros: f64,
}

impl Running {
    /// Mean cost of an example so far, without penalties; 0 if none has counted.
    pub(super) fn mean_cost(&self) -> f64 {
        self.cost / self.examples.max(1) as f64
    }
}
