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

mod checkpoint;
mod kept;
#[cfg(test)]
mod oracle;
mod paused;
mod record;
mod step;

pub use paused::Paused;
pub use record::{EpochRecord, Stopped, Summary};

use truezero_data::{DataError, Dataset};
use truezero_sparse::Engine;

use crate::error::Error;
use crate::evaluate::{Evaluation, Examples};
use crate::network::Network;
use crate::observe::mean_sparsity;
use crate::optimizer::Updater;
use crate::options::{Plan, TrainingOptions};
use crate::steer::Steering;
use crate::streams::{Purpose, Stream};
use kept::Kept;
use record::{Best, Position, Running};
use step::Buffers;

/// Without validation examples, what the hidden layers do is observed on so many training examples: enough to tell,
/// and few enough that an epoch ends soon after its last mini-batch.
pub const OBSERVED: usize = 10_000;

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

/// Some examples of an epoch that follow each other.
#[derive(Clone, Copy)]
struct Window {
    index: usize,
    /// Examples of the epoch before it.
    first: usize,
    /// Examples of the epoch.
    of: usize,
}

/// How far [`Trainer::epoch`] came.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// It completed an epoch.
    Epoch(Box<EpochRecord>),
    /// The caller stopped it after a mini-batch.
    Interrupted,
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
    /// Mean sparsity of the hidden layers in this mini-batch.
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
    plan: Plan,
    train: Examples<'a>,
    validation: Option<Examples<'a>>,
    engine: Engine,
    network: Network,
    updater: Updater,
    steering: Option<Steering>,
    position: Position,
    running: Running,
    history: Vec<EpochRecord>,
    best: Option<Best>,
    stopped: Option<Stopped>,
    buffers: Buffers,
}

impl<'a> Trainer<'a> {
    /// A trainer of a new network, its shape given by the plan and the data. Without validation
    /// examples there is no early stopping, and the last weights are the best.
    ///
    /// # Errors
    /// No examples, or train and validation data of different kinds.
    pub fn new(
        plan: Plan,
        train: Examples<'a>,
        validation: Option<Examples<'a>>,
        threads: usize,
    ) -> Result<Self, Error> {
        let network = Network::planned(&plan, train.data);
        Self::from_network(plan, network, train, validation, threads)
    }

    /// A trainer that goes on from a network's weights (fine-tuning). The plan's architecture is
    /// ignored, but it must have a dropout rate for each hidden layer of the network.
    ///
    /// # Errors
    /// No examples, or data that does not suit the network.
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
        let steering = options.target_sparsity.map(|target| Steering::new(target, options.l1));
        let updater = Updater::new(options.optimizer, &network);
        Ok(Self {
            plan,
            train,
            validation,
            engine: Engine::new(threads),
            network,
            updater,
            steering,
            position: Position::default(),
            running: Running::default(),
            history: Vec::new(),
            best: None,
            stopped: None,
            buffers: Buffers::default(),
        })
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
                let found = format!("{width} inputs and {outputs} outputs ({:?})", data.targets.task());
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
        &self.network
    }

    /// λ for the next mini-batch.
    pub fn l1(&self) -> f32 {
        self.steering.as_ref().map_or(self.plan.options().l1, Steering::l1)
    }

    /// Fixes λ from the next mini-batch on; there is no target sparsity any more. Within an epoch it takes
    /// [`Control::Stop`], this, and another call to [`epoch`](Self::epoch), which goes on.
    ///
    /// # Errors
    /// A λ that cannot be; then nothing has changed.
    pub fn set_l1(&mut self, l1: f32) -> Result<(), Error> {
        self.replan(|options| (options.l1, options.target_sparsity) = (l1, None))?;
        self.steering = None;
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
        match &mut self.steering {
            Some(steering) => steering.aim(target),
            None => self.steering = Some(Steering::new(target, l1)),
        }
        self.best = None;
        Ok(())
    }

    fn replan(&mut self, change: impl FnOnce(&mut TrainingOptions)) -> Result<(), Error> {
        let mut options = self.plan.options().clone();
        change(&mut options);
        self.plan = options.check()?;
        Ok(())
    }

    /// One record per completed epoch.
    pub fn history(&self) -> &[EpochRecord] {
        &self.history
    }

    /// The record of the epoch whose weights [`finish`](Self::finish) would give now.
    pub fn best(&self) -> Option<&EpochRecord> {
        self.history.get(self.best.as_ref()?.epoch.checked_sub(1)?)
    }

    /// Completed epochs.
    pub fn epochs_done(&self) -> usize {
        self.position.epoch
    }

    /// Trains to the end of the present epoch; `on_batch` is called after each mini-batch.
    ///
    /// # Errors
    /// [`Error::Diverged`]: the trainer keeps the best weights so far, which
    /// [`finish`](Self::finish) returns.
    pub fn epoch(&mut self, on_batch: OnBatch<'_>) -> Result<Progress, Error> {
        if !self.begin_epoch() {
            return Ok(Progress::Done);
        }
        let Examples { data, rows } = self.train;
        let mut norms = Vec::new();
        let window = Window { index: 0, first: 0, of: rows.len() };
        match self.window(data, rows.to_vec(), window, &mut norms, on_batch)? {
            Control::Stop => Ok(Progress::Interrupted),
            Control::Continue => self.end_epoch(norms),
        }
    }

    /// As [`epoch`](Self::epoch), on `examples` examples that need not be in memory together: they come window after
    /// window, and are put in random order within each. A single window is an epoch on examples in memory. After an
    /// interruption the windows are to come from the first one again.
    ///
    /// # Errors
    /// As [`epoch`](Self::epoch); also if a window cannot be had or does not suit the network, and if one but the last
    /// does not hold a multiple of the mini-batch size.
    pub fn epoch_on(
        &mut self,
        examples: usize,
        windows: &mut dyn Iterator<Item = Result<Dataset, DataError>>,
        on_batch: OnBatch<'_>,
    ) -> Result<Progress, Error> {
        if !self.begin_epoch() {
            return Ok(Progress::Done);
        }
        let batch_size = self.plan.options().batch_size;
        let (mut first, mut norms) = (0, Vec::new());
        for (index, data) in windows.enumerate() {
            let data = data?;
            let rows: Vec<usize> = (0..data.examples()).collect();
            let last = first + rows.len() == examples;
            if !self.network.suits(&data) || !last && !rows.len().is_multiple_of(batch_size) {
                let expected = format!("examples that suit the network, a multiple of {batch_size} of them");
                let found = format!("{} of {} inputs", rows.len(), data.inputs.width());
                return Err(DataError::unsuitable(format!("window {}", index + 1), expected, found).into());
            }
            let window = Window { index, first, of: examples };
            first += rows.len();
            if self.window(&data, rows, window, &mut norms, on_batch)? == Control::Stop {
                return Ok(Progress::Interrupted);
            }
        }
        if first != examples {
            return Err(
                DataError::unsuitable("windows", format!("{examples} examples"), first.to_string()).into()
            );
        }
        self.end_epoch(norms)
    }

    /// Makes ready for the present epoch; false if there is none.
    fn begin_epoch(&mut self) -> bool {
        let options = self.plan.options();
        if self.stopped.is_none() && self.position.epoch >= options.epochs {
            self.stopped = Some(Stopped::Epochs);
        }
        if self.stopped.is_some() {
            return false;
        }
        if let Some(best) = &mut self.best
            && matches!(best.weights, Kept::Now)
        {
            best.weights = Kept::copy(&self.network);
        }
        let factor = options.schedule.factor(self.position.epoch, options.epochs);
        self.updater.set_rate(options.learning_rate * factor);
        true
    }

    /// Trains on a part of the examples of an epoch, which are in memory; on those mini-batches that were not done
    /// before an interruption. The last mini-batch of the epoch gives the norms of the gradient.
    fn window(
        &mut self,
        data: &Dataset,
        mut order: Vec<usize>,
        Window { index, first, of }: Window,
        norms: &mut Vec<f64>,
        on_batch: OnBatch<'_>,
    ) -> Result<Control, Error> {
        let options = self.plan.options();
        let (epoch, batch_size) = (self.position.epoch, options.batch_size);
        if options.shuffle {
            Stream::new(options.seed, Purpose::Shuffle, 0, epoch, index).shuffle(&mut order);
        }
        let batches = of.div_ceil(batch_size);
        let mut batch = first / batch_size;
        for rows in order.chunks(batch_size) {
            if batch < self.position.batch {
                batch += 1;
                continue;
            }
            let last = batch + 1 == batches;
            let l1 = self.l1();
            let report = self.step(data, rows, epoch, batch, last.then_some(&mut *norms));
            if !report.cost.is_finite() {
                return Err(self.diverged(epoch, batch + 1, report.cost));
            }
            if let Some(steering) = &mut self.steering {
                steering.see(report.sparsity);
            }
            self.running.cost += report.cost;
            self.running.examples += rows.len();
            batch += 1;
            self.position.batch = batch;
            let report = BatchReport {
                epoch: epoch + 1,
                batch,
                batches,
                examples: self.running.examples,
                cost: self.running.cost / self.running.examples as f64,
                sparsity: report.sparsity,
                l1,
            };
            // Stopping after the last mini-batch would only put the epoch's end off.
            if on_batch(&report) == Control::Stop && !last {
                return Ok(Control::Stop);
            }
        }
        Ok(Control::Continue)
    }

    fn end_epoch(&mut self, gradient_norms: Vec<f64>) -> Result<Progress, Error> {
        let epoch = self.position.epoch;
        self.updater.catch_up_all(&mut self.engine, &mut self.network);
        let some = every_so_many(self.train.rows, OBSERVED);
        let examples = self.validation.unwrap_or(Examples { data: self.train.data, rows: &some });
        let Evaluation { error, cost, layers } = self.network.evaluate(&mut self.engine, examples);
        if !cost.is_finite() || !self.network.is_finite() {
            return Err(self.diverged(epoch, 0, cost));
        }
        let validated = self.validation.is_some();
        let record = EpochRecord {
            epoch: epoch + 1,
            cost: self.running.cost / self.running.examples as f64,
            validation_error: validated.then_some(error),
            validation_cost: validated.then_some(cost),
            mean_sparsity: mean_sparsity(&layers),
            layers,
            gradient_norms,
            l1: self.l1(),
            learning_rate: self.updater.rate(),
        };
        let distance = self.steering.as_ref().map_or(0.0, |steering| steering.distance(record.mean_sparsity));
        // Without validation the latest weights are the best.
        let score = (distance, if validated { error } else { 0.0 });
        let better =
            self.best.as_ref().is_none_or(|best| !validated && score <= best.score || score < best.score);
        if better {
            self.best = Some(Best { weights: Kept::Now, epoch: epoch + 1, score });
        }
        self.history.push(record.clone());
        self.position = Position { epoch: epoch + 1, batch: 0 };
        self.running = Running::default();
        if self.out_of_patience() {
            self.stopped = Some(Stopped::Patience);
        }
        Ok(Progress::Epoch(Box::new(record)))
    }

    /// Whether the validation error has not fallen for too long.
    fn out_of_patience(&self) -> bool {
        let patience = self.plan.options().patience;
        self.validation.is_some()
            && patience > 0
            && self.best.as_ref().is_some_and(|best| {
                let on_target = best.score.0 == 0.0;
                on_target && self.position.epoch - best.epoch >= patience
            })
    }

    fn diverged(&mut self, epoch: usize, batch: usize, cost: f64) -> Error {
        self.stopped = Some(Stopped::Diverged);
        Error::Diverged { epoch: epoch + 1, batch, cost }
    }

    /// Ends the training: the weights of the best epoch, or if none was completed those reached so
    /// far.
    ///
    /// # Errors
    /// The best weights of a large network are kept in a temporary file, which could not be read.
    pub fn finish(mut self) -> Result<Outcome, Error> {
        let best = self.best.take();
        finish(best, self.stopped, self.history, self.updater, self.engine, self.network)
    }
}

/// Evenly spaced items, at most so many.
fn every_so_many(items: &[usize], most: usize) -> Vec<usize> {
    items.iter().step_by(items.len().div_ceil(most).max(1)).copied().collect()
}

fn finish(
    best: Option<Best>,
    stopped: Option<Stopped>,
    history: Vec<EpochRecord>,
    mut updater: Updater,
    mut engine: Engine,
    mut network: Network,
) -> Result<Outcome, Error> {
    let summary = Summary {
        stopped: stopped.unwrap_or(Stopped::Interrupted),
        best_epoch: best.as_ref().map(|best| best.epoch),
        history,
    };
    let network = if let Some(best) = best {
        best.weights.into_network(network)?
    } else {
        updater.catch_up_all(&mut engine, &mut network);
        network
    };
    Ok(Outcome { network, summary })
}
