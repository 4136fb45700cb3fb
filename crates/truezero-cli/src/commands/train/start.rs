//! The network that a training starts from: random, pre-trained, or with the layers of a file.

use truezero::autoencoder::PretrainingSummary;
use truezero::{Layer, Network, PretrainingPlan};

use super::plan::{Experiment, Start};
use super::prepare::Prepared;
use crate::commands::pretrain;
use crate::failure::Failure;

/// The network, and what happened if it was pre-trained.
pub fn network(
    experiment: &Experiment,
    data: &Prepared,
    threads: usize,
    quiet: bool,
) -> Result<(Network, Option<PretrainingSummary>), Failure> {
    let mut network = Network::planned(&experiment.plan, data.train().data)?;
    let hidden = network.hidden().len();
    let summary = match &experiment.start {
        Start::Random => None,
        Start::Saved(saved) => {
            network.layers[..hidden].clone_from_slice(saved.hidden());
            None
        }
        Start::Pretraining { plan, .. } => {
            let layers = network.layers.drain(..hidden).collect();
            let (layers, summary) = pretrained(plan, layers, data, threads, quiet)?;
            network.layers.splice(..0, layers);
            Some(summary)
        }
    };
    Ok((network, summary))
}

/// Pre-trains layers on the training examples and those without labels; the validation examples tell when to stop.
fn pretrained(
    plan: &PretrainingPlan,
    layers: Vec<Layer>,
    data: &Prepared,
    threads: usize,
    quiet: bool,
) -> Result<(Vec<Layer>, PretrainingSummary), Failure> {
    let (train, validation) = (data.train(), data.validation());
    let mut inputs = pretrain::Inputs::new(&train.data.inputs, train.rows);
    if let Some(unlabelled) = &data.unlabelled {
        inputs.train_on(unlabelled);
    }
    if let Some(validation) = validation {
        inputs.stop_by(&validation.data.inputs, validation.rows);
    }
    let outcome = pretrain::learn(plan.clone(), layers, &inputs, threads, quiet)?;
    if !outcome.1.completed {
        let message = "interrupted during pre-training; nothing was saved\n\
                       hint: `truezero pretrain` saves what it has when it is interrupted";
        return Err(Failure::BrokenOff(message.to_owned()));
    }
    Ok(outcome)
}
