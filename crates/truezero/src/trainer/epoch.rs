//! An epoch: mini-batches in random order, then a look at the validation examples.

use truezero_data::{DataError, Dataset};

use super::kept::Kept;
use super::record::{Best, EpochRecord, Position, Running, Stopped};
use super::{BatchReport, Control, OBSERVED, OnBatch, Progress, Trainer};
use crate::error::Error;
use crate::evaluate::{Counts, Evaluation, Examples};
use crate::observe::mean_sparsity;
use crate::options::TrainingOptions;
use crate::streams::{Purpose, Stream};

/// Some examples of an epoch that follow each other.
#[derive(Clone, Copy)]
struct Window {
    index: usize,
    /// Examples of the epoch before it.
    first: usize,
    /// Examples of the epoch.
    of: usize,
}

impl Trainer<'_> {
    /// Trains to the end of the present epoch; `on_batch` is called after each mini-batch.
    ///
    /// # Errors
    /// [`Error::Diverged`], after [so many](super::MAX_HALVINGS) halvings of the learning rate: the trainer keeps the
    /// best weights so far, which [`finish`](Self::finish) returns.
    pub fn epoch(&mut self, on_batch: OnBatch<'_>) -> Result<Progress, Error> {
        if !self.begin_epoch() {
            return Ok(Progress::Done);
        }
        let Examples { data, rows } = self.train;
        let mut norms = Vec::new();
        let window = Window { index: 0, first: 0, of: rows.len() };
        let trained = match self.window(data, rows.to_vec(), window, &mut norms, on_batch) {
            Ok(Control::Stop) => Ok(Progress::Interrupted),
            Ok(Control::Continue) => self.end_epoch(norms),
            Err(error) => Err(error),
        };
        self.or_roll_back(trained)
    }

    /// As [`epoch`](Self::epoch), on `examples` examples that need not be in memory together: they come window after
    /// window, and are put in random order within each. A single window is an epoch on examples in memory. After an
    /// interruption, or if the epoch was rolled back, the windows are to come from the first one again.
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
        let trained = self.windows(examples, windows, on_batch);
        self.or_roll_back(trained)
    }

    fn windows(
        &mut self,
        examples: usize,
        windows: &mut dyn Iterator<Item = Result<Dataset, DataError>>,
        on_batch: OnBatch<'_>,
    ) -> Result<Progress, Error> {
        let batch_size = self.state.plan.options().batch_size;
        let (mut first, mut norms) = (0, Vec::new());
        for (index, data) in windows.enumerate() {
            let data = data?;
            let rows: Vec<usize> = (0..data.examples()).collect();
            let last = first + rows.len() == examples;
            if !self.state.network.suits(&data) || !last && !rows.len().is_multiple_of(batch_size) {
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
    pub(super) fn begin_epoch(&mut self) -> bool {
        let options = self.state.plan.options();
        if self.state.stopped.is_none() && self.state.position.epoch >= options.epochs {
            self.state.stopped = Some(Stopped::Epochs);
        }
        if self.state.stopped.is_some() {
            return false;
        }
        self.state.note_start();
        self.state.set_rate_of(self.state.position.epoch);
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
        let options = self.state.plan.options();
        let (epoch, batch_size) = (self.state.position.epoch, options.batch_size);
        random_order(options, epoch, index, &mut order);
        let batches = of.div_ceil(batch_size);
        let mut batch = first / batch_size;
        for rows in order.chunks(batch_size) {
            if batch < self.state.position.batch {
                batch += 1;
                continue;
            }
            let last = batch + 1 == batches;
            let l1 = self.l1();
            let sparsity = self.state.mini_batch(data, rows, last.then_some(&mut *norms))?;
            batch += 1;
            let report = BatchReport {
                epoch: epoch + 1,
                batch,
                batches,
                examples: self.state.running.examples,
                cost: self.state.running.mean_cost(),
                sparsity,
                l1,
            };
            // Stopping after the last mini-batch would only put the epoch's end off.
            if on_batch(&report) == Control::Stop && !last {
                return Ok(Control::Stop);
            }
        }
        Ok(Control::Continue)
    }

    pub(super) fn end_epoch(&mut self, gradient_norms: Vec<f64>) -> Result<Progress, Error> {
        let epoch = self.state.position.epoch;
        self.state.updater.catch_up_all(&mut self.state.engine, &mut self.state.network);
        let some = every_so_many(self.train.rows, OBSERVED);
        let examples = self.validation.unwrap_or(Examples { data: self.train.data, rows: &some });
        let Evaluation { error, cost, layers, counts } =
            self.state.network.evaluate(&mut self.state.engine, examples);
        if !self.state.is_finite() || self.state.exploded(cost, examples) {
            return Err(Error::Diverged { epoch: epoch + 1, batch: 0, cost });
        }
        let validated = self.validation.is_some();
        let record = EpochRecord {
            epoch: epoch + 1,
            cost: self.state.running.mean_cost(),
            validation_error: validated.then_some(error),
            validation_cost: validated.then_some(cost),
            mean_sparsity: mean_sparsity(&layers),
            layers,
            gradient_norms,
            l1: self.l1(),
            learning_rate: self.state.updater.rate(),
        };
        let ranking = self.state.ranking();
        if !self.state.chosen && self.best().is_none_or(|best| ranking.prefers(&record, best)) {
            let counts = if validated { counts } else { Counts::default() };
            self.state.best = Some(Best { weights: Kept::Now, epoch: epoch + 1, counts });
        }
        self.state.start = None;
        self.state.history.push(record.clone());
        self.state.position = Position { epoch: epoch + 1, batch: 0 };
        self.state.running = Running::default();
        if self.out_of_patience() {
            self.state.stopped = Some(Stopped::Patience);
        }
        Ok(Progress::Epoch(Box::new(record)))
    }

    /// Whether there has been no better epoch for too long, and none that came nearer to a target sparsity.
    pub(super) fn out_of_patience(&self) -> bool {
        let patience = self.state.plan.options().patience;
        self.validation.is_some()
            && patience > 0
            && self.state.best.as_ref().is_some_and(|best| {
                let nearest = self.state.ranking().nearest(&self.state.history);
                self.state.position.epoch - nearest.map_or(best.epoch, |nearest| best.epoch.max(nearest))
                    >= patience
            })
    }
}

/// Puts a window's examples in the order of an epoch.
pub(super) fn random_order(options: &TrainingOptions, epoch: usize, window: usize, order: &mut [usize]) {
    if options.shuffle {
        Stream::new(options.seed, Purpose::Shuffle, 0, epoch, window).shuffle(order);
    }
}

/// Evenly spaced items, at most so many.
pub(super) fn every_so_many(items: &[usize], most: usize) -> Vec<usize> {
    items.iter().step_by(items.len().div_ceil(most).max(1)).copied().collect()
}
