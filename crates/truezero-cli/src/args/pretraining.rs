//! Options about pre-training, of `pretrain` and of `train --pretrain`.

use truezero::{Corruption, Reconstruction};

use super::values::List;

/// How hidden layers learn to reconstruct their inputs. Lists have one value for all layers, or one for each.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Pre-training")]
pub struct PretrainingArgs {
    /// What is done to a layer's inputs, which it then learns to undo: none, masking:P,
    /// salt-and-pepper:DROP/SET, gaussian:DEVIATION [default: masking:0.25]
    #[arg(long, value_name = "NOISE,…")]
    pub corruption: Option<List<Corruption>>,
    /// Decoder and cost: softplus, cross-entropy (inputs of at least 0), linear, rectifier [default:
    /// softplus; cross-entropy for tanh and logistic units]
    #[arg(long, value_name = "NAME,…")]
    pub reconstruction: Option<List<Reconstruction>>,
    /// Give decoders weights of their own, not those of the layer
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub untied: Option<bool>,
    /// Of sparse inputs reconstruct the non-zeros, and so many zeros for each of them [default: all zeros]
    #[arg(long, value_name = "RATIO")]
    pub sample_zeros: Option<f32>,
    /// λ of the penalty λ Σ |h| on the codes [default: 0.0001]
    #[arg(long, value_name = "LAMBDA,…")]
    pub pretrain_l1: Option<List<f32>>,
    /// η of a layer's pre-training [default: 0.01]
    #[arg(long, value_name = "ETA,…")]
    pub pretrain_learning_rate: Option<List<f32>>,
    /// Most passes over the examples for a layer [default: 10]
    #[arg(long, value_name = "N,…")]
    pub pretrain_epochs: Option<List<usize>>,
    /// Epochs without a better reconstruction of the validation examples before a layer is done; 0 for
    /// never [default: 3]
    #[arg(long, value_name = "N")]
    pub pretrain_patience: Option<usize>,
}

impl PretrainingArgs {
    /// Whether any of them was given.
    pub fn any(&self) -> bool {
        let Self {
            corruption,
            reconstruction,
            untied,
            sample_zeros,
            pretrain_l1,
            pretrain_learning_rate,
            pretrain_epochs,
            pretrain_patience,
        } = self;
        corruption.is_some()
            || reconstruction.is_some()
            || untied.is_some()
            || sample_zeros.is_some()
            || pretrain_l1.is_some()
            || pretrain_learning_rate.is_some()
            || pretrain_epochs.is_some()
            || pretrain_patience.is_some()
    }
}
