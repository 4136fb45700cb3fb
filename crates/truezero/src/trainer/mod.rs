//! Training: epochs of mini-batches, early stopping, the best weights kept.
//!
//! The caller drives: [`Trainer::epoch`] trains one epoch and returns, so that saving, showing and
//! stopping stay with the caller.
//!
//! ```
//! use truezero::{Control, Examples, Network, Progress, Trainer, TrainingOptions};
//! use truezero_data::{Dataset, Targets};
//! use truezero_sparse::{Batch, DenseBatch};
//!
//! // Exclusive or.
//! let inputs = DenseBatch::from_rows(2, &[0., 0., 0., 1., 1., 0., 1., 1.]);
//! let targets = Targets::Classes { labels: vec![0, 1, 1, 0], classes: 2 };
//! let data = Dataset { inputs: Batch::Dense(inputs), targets, weights: None };
//! let options = TrainingOptions { hidden: vec![16], batch_size: 4, epochs: 300, l1: 0.0, ..Default::default() };
//! let train = Examples { data: &data, rows: &[0, 1, 2, 3] };
//! let mut trainer = Trainer::new(options.check()?, train, None, 1)?;
//! while let Progress::Epoch(record) = trainer.epoch(&mut |_| Control::Continue)? {
//!     assert!(record.cost.is_finite());
//! }
//! let mut engine = truezero_sparse::Engine::new(1);
//! assert_eq!(trainer.finish()?.network.evaluate(&mut engine, train).error, 0.0);
//! # Ok::<(), truezero::Error>(())
//! ```

pub mod averaging;
mod checkpoint;
mod epoch;
mod kept;
mod memory;
#[cfg(test)]
mod oracle;
mod paused;
mod ranking;
mod record;
mod remarks;
mod roll_back;
mod step;

pub(crate) use kept::KEPT_IN_MEMORY;
pub use paused::Paused;
pub use ranking::TOLERANCE;
pub use record::{EpochRecord, Stopped, Summary};
pub use remarks::{OffTarget, Remark};
pub use roll_back::{MAX_HALVINGS, RolledBack};

use truezero_data::DataError;

use crate::error::Error;
use crate::evaluate::Examples;
use crate::footprint::{self, Footprint};
use crate::layer::Layer;
use crate::network::Network;
use crate::options::{Plan, TrainingOptions};
use crate::steer::Steering;
use record::{Penalty, Running};

/// Without validation examples, what the hidden layers do is observed on so many training examples: enough to tell a
/// mean sparsity to a fraction of a point, and few enough that an epoch ends soon after its last mini-batch.
pub const OBSERVED: usize = 1_000;

/// What the caller wants after a mini-batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Go on.
    Continue,
    /// Stop now; [`Trainer::epoch`] returns [`Progress::Interrupted`] and can be called again.
    Stop,
}

/// What is called after each mini-batch.
pub type OnBatch<'a> = &'a mut dyn FnMut(&BatchReport) -> Control;

/// How far [`Trainer::epoch`] came.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// It completed an epoch.
    Epoch(Box<EpochRecord>),
    /// The caller stopped it after a mini-batch.
    Interrupted,
    /// The epoch diverged: the trainer is back where it began and takes half the learning rate from here on. The next
    /// call begins the epoch again.
    RolledBack(RolledBack),
    /// There was nothing left to do: the last epoch was reached, or patience ran out.
    Done,
}

/// The state of an epoch after a mini-batch.
#[derive(Clone, Copy, Debug)]
pub struct BatchReport {
    /// Counted from 1.
    pub epoch: usize,
    /// Mini-batches done in this epoch.
    pub batch: usize,
    /// Mini-batches of an epoch.
    pub batches: usize,
    /// Examples done in this epoch.
    pub examples: usize,
    /// Mean cost of an example so far in this epoch, without penalties.
    pub cost: f64,
    /// Mean sparsity, in this mini-batch, of the hidden layers that give zeros.
    pub sparsity: f64,
    /// λ.
    pub l1: f32,
}

/// What a training leaves.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// With the weights of the best epoch.
    pub network: Network,
    /// What happened.
    pub summary: Summary,
}

/// Trains a network.
#[derive(Debug)]
pub struct Trainer<'a> {
    train: Examples<'a>,
    validation: Option<Examples<'a>>,
    /// What tells a [stream](Self::on_stream) from others.
    stream: Option<String>,
    state: Paused,
}

impl<'a> Trainer<'a> {
    /// A trainer of a new network, its shape given by the plan and the data. Without validation
    /// examples there is no early stopping, and the last weights are the best.
    ///
    /// # Errors
    /// No examples, train and validation data of different kinds, or a plan for which there is not enough memory.
    pub fn new(
        plan: Plan,
        train: Examples<'a>,
        validation: Option<Examples<'a>>,
        threads: usize,
    ) -> Result<Self, Error> {
        let network = Network::planned(&plan, train.data)?;
        Self::from_network(plan, network, train, validation, threads)
    }

    /// A trainer that goes on from a network's weights (fine-tuning). The plan's architecture is
    /// ignored, but it must have a dropout rate for each hidden layer of the network.
    ///
    /// # Errors
    /// No examples, data that does not suit the network, or not enough memory for what the training adds to it.
    pub fn from_network(
        plan: Plan,
        network: Network,
        train: Examples<'a>,
        validation: Option<Examples<'a>>,
        threads: usize,
    ) -> Result<Self, Error> {
        let validation = validation.filter(|examples| !examples.rows.is_empty());
        Self::check(&plan, &network, train, validation)?;
        let options = plan.options();
        let layers: Vec<usize> = network.layers.iter().map(Layer::units).collect();
        Footprint::of_training(options, &train.data.inputs, &layers)
            .holding(footprint::weights(&[&[network.inputs()], &layers[..]].concat()))
            .check("the training")?;
        let mut state = Paused::new(plan, network, threads)?;
        state.measure_base_rate(train, validation);
        Ok(Self { train, validation, stream: None, state })
    }

    /// Says that the examples to train on are not those given but others like them, which
    /// [`epoch_on`](Self::epoch_on) will be given, and what tells these from others: a checkpoint is of no others.
    pub fn on_stream(self, identity: &str) -> Self {
        Self { stream: Some(identity.to_owned()), ..self }
    }

    /// Whether examples and plan suit the network.
    fn check(
        plan: &Plan,
        network: &Network,
        train: Examples<'_>,
        validation: Option<Examples<'_>>,
    ) -> Result<(), Error> {
        let options = plan.options();
        if train.rows.is_empty() {
            return Err(DataError::unsuitable("training data", "at least one example", "none").into());
        }
        for (part, examples) in [("training data", Some(train)), ("validation data", validation)] {
            if let Some(Examples { data, .. }) = examples
                && !network.suits(data)
            {
                let (width, outputs) = (data.inputs.width(), data.targets.outputs());
                let expected = format!("{} inputs and {} outputs", network.inputs(), network.outputs());
                let found = format!("{width} inputs and {outputs} outputs ({})", data.targets.task().name());
                return Err(DataError::unsuitable(part, expected, found).into());
            }
        }
        if options.dropout.len() != network.hidden().len() {
            let expected = format!("one rate for each of {} hidden layers", network.hidden().len());
            return Err(Error::option("dropout", &expected, options.dropout.len()));
        }
        Ok(())
    }

    /// The network as it is now; rows whose update is [put off](crate::optimizer) may be behind
    /// within an epoch.
    pub fn network(&self) -> &Network {
        &self.state.network
    }

    /// The plan, with the penalty that was set last.
    pub fn plan(&self) -> &Plan {
        &self.state.plan
    }

    /// λ for the next mini-batch.
    pub fn l1(&self) -> f32 {
        self.state.l1()
    }

    /// Fixes λ from the next mini-batch on; there is no target sparsity any more. A checkpoint holds that it was moved, and
    /// [`resume`](Self::resume) with the options that the training began with goes on with it. Within an epoch it takes
    /// [`Control::Stop`], this, and another call to [`epoch`](Self::epoch), which goes on.
    ///
    /// # Errors
    /// A λ that cannot be; then nothing has changed.
    pub fn set_l1(&mut self, l1: f32) -> Result<(), Error> {
        self.replan(|options| (options.l1, options.target_sparsity) = (l1, None))?;
        self.state.steering = None;
        Ok(())
    }

    /// Sets the sparsity that λ is steered to from where it is, as [`set_l1`](Self::set_l1) does λ. The best
    /// weights for another target are not the best for this one: they are chosen among epochs to come.
    ///
    /// # Errors
    /// A fraction that cannot be, or a network without zeros; then nothing has changed.
    pub fn set_target_sparsity(&mut self, target: f32) -> Result<(), Error> {
        let l1 = self.l1();
        self.replan(|options| options.target_sparsity = Some(target))?;
        match &mut self.state.steering {
            Some(steering) => steering.aim(target),
            None => self.state.steering = Some(Steering::new(target, l1)),
        }
        self.state.measure_base_rate(self.train, self.validation);
        self.state.best = None;
        Ok(())
    }

    fn replan(&mut self, change: impl FnOnce(&mut TrainingOptions)) -> Result<(), Error> {
        let mut options = self.state.plan.options().clone();
        let planned = Penalty::of(&options);
        change(&mut options);
        self.state.plan = options.check()?;
        self.state.planned.get_or_insert(planned);
        Ok(())
    }

    /// One record per completed epoch.
    pub fn history(&self) -> &[EpochRecord] {
        &self.state.history
    }

    /// The record of the epoch whose weights [`finish`](Self::finish) would give now.
    pub fn best(&self) -> Option<&EpochRecord> {
        self.state.history.get(self.state.best.as_ref()?.epoch.checked_sub(1)?)
    }

    /// Completed epochs.
    pub fn epochs_done(&self) -> usize {
        self.state.position.epoch
    }

    /// Ends the training: the weights of the best epoch, or if none was completed those reached so
    /// far.
    ///
    /// # Errors
    /// The best weights of a large network are kept in a temporary file, which could not be read.
    pub fn finish(self) -> Result<Outcome, Error> {
        self.state.finish()
    }
}
