//! A training between two epochs, apart from its examples: it goes on with these or with others, under the
//! same plan or another one.

use truezero_data::Dataset;
use truezero_sparse::Engine;

use super::kept::Kept;
use super::ranking::Ranking;
use super::record::{Best, EpochRecord, Penalty, Position, Running, Start, Stopped, Summary};
use super::step::{Buffers, StepReport};
use super::{Outcome, Trainer};
use crate::base_rate::{base_cost, cost_of_zeros};
use crate::error::Error;
use crate::evaluate::{Counts, Examples};
use crate::network::Network;
use crate::optimizer::Updater;
use crate::options::{Plan, TrainingOptions};
use crate::steer::Steering;

/// A [`Trainer`] without its examples: all that the training so far has led to.
#[derive(Debug)]
pub struct Paused {
    pub(super) plan: Plan,
    pub(super) engine: Engine,
    pub(super) network: Network,
    pub(super) updater: Updater,
    pub(super) steering: Option<Steering>,
    pub(super) position: Position,
    pub(super) running: Running,
    pub(super) history: Vec<EpochRecord>,
    pub(super) best: Option<Best>,
    /// Known once an epoch has begun.
    pub(super) start: Option<Start>,
    /// How often the learning rate was halved.
    pub(super) halvings: u32,
    /// Of the base rate on the validation examples, if there are any.
    pub(super) base_cost: Option<f64>,
    /// Of the base rate on the training examples, where these are known.
    pub(super) unlearned: Option<f64>,
    /// The penalty as it was planned, if it was moved by hand since.
    pub(super) planned: Option<Penalty>,
    /// Whether validation examples do not choose the best weights.
    pub(super) only_watched: bool,
    /// Whether the best weights were [chosen](Self::keep_latest) by the caller.
    pub(super) chosen: bool,
    pub(super) stopped: Option<Stopped>,
    pub(super) buffers: Buffers,
}

impl Trainer<'_> {
    /// Lets go of the examples.
    pub fn pause(self) -> Paused {
        self.state
    }
}

impl Paused {
    /// Goes on, on examples that may be others. Within an epoch they must be the same. If they are a stream, that is to be
    /// said [again](Trainer::on_stream).
    ///
    /// # Errors
    /// As [`Trainer::from_network`].
    pub fn go_on<'a>(
        mut self,
        train: Examples<'a>,
        validation: Option<Examples<'a>>,
    ) -> Result<Trainer<'a>, Error> {
        let validation = validation.filter(|examples| !examples.rows.is_empty());
        Trainer::check(&self.plan, &self.network, train, validation)?;
        self.measure_base_rate(train, validation);
        Ok(Trainer { train, validation, stream: None, state: self })
    }

    /// Changes the plan for what comes; the network stays as it is, and what the optimiser remembers too.
    ///
    /// # Errors
    /// Between two mini-batches, or if the plan has another rule of optimisation or other hidden layers.
    pub fn replan(&mut self, plan: Plan) -> Result<(), Error> {
        let (now, then) = (plan.options(), self.plan.options());
        if self.position.batch > 0 {
            return Err(Error::option("plan", "a change of it between two epochs", "one within an epoch"));
        }
        if now.optimizer.rule != then.optimizer.rule {
            return Err(Error::option(
                "optimizer",
                "the same rule as before",
                format!("{:?}", now.optimizer.rule),
            ));
        }
        if now.dropout.len() != then.dropout.len() {
            return Err(Error::option("hidden", "as many layers as before", now.dropout.len()));
        }
        self.updater.set_constants(&mut self.engine, &mut self.network, now.optimizer);
        if now.target_sparsity != then.target_sparsity {
            self.steering = now.target_sparsity.map(|target| Steering::new(target, now.l1));
        }
        self.stopped = None;
        self.planned = None;
        self.plan = plan;
        Ok(())
    }

    /// λ for the next mini-batch.
    pub(super) fn l1(&self) -> f32 {
        self.steering.as_ref().map_or(self.plan.options().l1, Steering::l1)
    }

    /// Takes note of what it costs not to have learned anything.
    pub(super) fn measure_base_rate(&mut self, train: Examples<'_>, validation: Option<Examples<'_>>) {
        let cost = self.network.cost;
        self.base_cost = validation.map(|validation| base_cost(cost, train, validation));
        self.unlearned = self.steering.is_some().then(|| base_cost(cost, train, train));
    }

    /// The learning rate of an epoch by some options.
    pub(super) fn rate_of(&self, options: &TrainingOptions, epoch: usize) -> f32 {
        let halved = 0.5_f32.powi(self.halvings as i32);
        halved * options.rate() * options.schedule.factor(epoch, options.epochs)
    }

    /// Sets the learning rate to that of an epoch. Within an epoch, after a change of the plan, steps that were put off are
    /// made up for at the rate at which they were due.
    pub(super) fn set_rate_of(&mut self, epoch: usize) {
        let rate = self.rate_of(self.plan.options(), epoch);
        if rate != self.updater.rate() {
            self.updater.catch_up_all(&mut self.engine, &mut self.network);
        }
        self.updater.set_rate(rate);
    }

    /// Trains on the next mini-batch, the examples `rows` of `data`; gives the mean sparsity of the hidden layers.
    /// Examples of weight 0 are left out, so that it is the mini-batch of the others. With `norms`, these become the
    /// gradient's norm in each layer.
    pub(super) fn mini_batch(
        &mut self,
        data: &Dataset,
        rows: &[usize],
        norms: Option<&mut Vec<f64>>,
    ) -> Result<f64, Error> {
        let counting: Vec<usize>;
        let rows = match &data.weights {
            Some(weights) if rows.iter().any(|&row| weights[row] == 0.0) => {
                counting = rows.iter().copied().filter(|&row| weights[row] != 0.0).collect();
                &counting
            }
            _ => rows,
        };
        let Position { epoch, batch } = self.position;
        self.position.batch = batch + 1;
        if rows.is_empty() {
            return Ok(self.sparsity());
        }
        let StepReport { cost, sparsity } = self.step(data, rows, epoch, batch, norms);
        if !cost.is_finite() {
            return Err(Error::Diverged { epoch: epoch + 1, batch: batch + 1, cost });
        }
        if self.running.examples == 0 {
            self.running.first = cost / rows.len() as f64;
        }
        self.running.cost += cost;
        self.running.zeros += cost_of_zeros(self.network.cost, Examples { data, rows }) * rows.len() as f64;
        self.running.examples += rows.len();
        self.steer(sparsity, cost / rows.len() as f64)?;
        Ok(sparsity)
    }

    /// Moves λ after a mini-batch. If that gives the target up, what the penalty has done to the network in this epoch is
    /// undone: the epoch goes on from the weights it began with.
    fn steer(&mut self, sparsity: f64, cost: f64) -> Result<(), Error> {
        let Some(steering) = &mut self.steering else { return Ok(()) };
        steering.see(sparsity);
        if let Some(unlearned) = self.unlearned
            && steering.see_cost(cost, unlearned)
        {
            self.return_to_start()?;
        }
        Ok(())
    }

    pub(super) fn ranking(&self) -> Ranking {
        let given_up = self.steering.as_ref().is_some_and(Steering::has_given_up);
        let target = self.plan.options().target_sparsity.filter(|_| !given_up).map(f64::from);
        Ranking { target, base_cost: self.base_cost.filter(|_| !self.only_watched) }
    }

    /// The network as it is now; rows whose update is [put off](crate::optimizer) may be behind within an epoch.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The plan for what comes.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// One record per completed epoch.
    pub fn history(&self) -> &[EpochRecord] {
        &self.history
    }

    /// Lets validation examples be looked at only: the best weights are then the latest, of those on the target sparsity
    /// if there is one.
    pub fn only_watch(&mut self) {
        self.only_watched = true;
    }

    /// The epoch whose weights [`finish`](Self::finish) would give now.
    pub fn best_epoch(&self) -> Option<usize> {
        self.best.as_ref().map(|best| best.epoch)
    }

    /// The first epoch that came nearest to the target sparsity; none without a target.
    pub fn nearest_epoch(&self) -> Option<usize> {
        self.ranking().nearest(&self.history)
    }

    /// Completed epochs.
    pub fn epochs_done(&self) -> usize {
        self.position.epoch
    }

    /// Makes the present weights the best, whatever came before: those of the latest completed epoch or, within
    /// one, those it has come to.
    pub fn take_latest(&mut self) {
        self.updater.catch_up_all(&mut self.engine, &mut self.network);
        self.best = (self.position.epoch > 0 && self.position.batch == 0).then(|| Best {
            weights: Kept::Now,
            epoch: self.position.epoch,
            counts: Counts::default(),
        });
    }

    /// As [`take_latest`](Self::take_latest); and from here on only another call makes other weights the best.
    pub fn keep_latest(&mut self) {
        self.take_latest();
        self.chosen = true;
    }

    /// What has happened so far.
    pub fn summary(&self) -> Summary {
        Summary {
            stopped: self.stopped.unwrap_or(Stopped::Interrupted),
            best_epoch: self.best_epoch(),
            base_cost: self.base_cost,
            counts: self.best.as_ref().map(|best| best.counts.clone()).unwrap_or_default(),
            halvings: self.halvings,
            target_given_up: self.steering.as_ref().is_some_and(Steering::has_given_up),
            history: self.history.clone(),
        }
    }

    /// Ends the training, as [`Trainer::finish`] does.
    ///
    /// # Errors
    /// As there.
    pub fn finish(mut self) -> Result<Outcome, Error> {
        let summary = self.summary();
        self.start = None; // so that its weights need not be copied where they are the best
        let network = if let Some(best) = self.best {
            best.weights.into_network(self.network)?
        } else {
            self.updater.catch_up_all(&mut self.engine, &mut self.network);
            self.network
        };
        Ok(Outcome { network, summary })
    }
}

#[cfg(test)]
mod tests {
    use truezero_data::{Dataset, Targets};
    use truezero_sparse::{Batch, DenseBatch};

    use super::*;
    use crate::trainer::{Control, Progress};

    fn data() -> Dataset {
        let inputs: Vec<f32> = (0..30 * 5).map(|k| (k * k % 11) as f32 * 0.2 - 1.0).collect();
        let labels = (0..30).map(|row| (row % 3) as u32).collect();
        Dataset {
            inputs: Batch::Dense(DenseBatch::from_rows(5, &inputs)),
            targets: Targets::Classes { labels, classes: 3 },
            weights: None,
        }
    }

    fn options() -> TrainingOptions {
        let mut options =
            TrainingOptions { hidden: vec![12], batch_size: 7, epochs: 4, ..Default::default() };
        options.optimizer.rule = crate::optimizer::Rule::Adam;
        options.optimizer.weight_decay = 1e-3;
        options.learning_rate = Some(0.01);
        options
    }

    #[test]
    fn a_training_that_pauses_after_each_epoch_is_one_that_does_not() {
        let (data, rows) = (data(), (0..30).collect::<Vec<_>>());
        let examples = Examples { data: &data, rows: &rows };
        let train = || Trainer::new(options().check().unwrap(), examples, None, 1).unwrap();
        let mut whole = train();
        while whole.epoch(&mut |_| Control::Continue).unwrap() != Progress::Done {}
        let mut paused = train().pause();
        loop {
            let mut trainer = paused.go_on(examples, None).unwrap();
            let progress = trainer.epoch(&mut |_| Control::Continue).unwrap();
            paused = trainer.pause();
            if progress == Progress::Done {
                break;
            }
        }
        let (whole, paused) = (whole.finish().unwrap(), paused.finish().unwrap());
        assert_eq!(whole.network, paused.network);
        assert_eq!(whole.summary, paused.summary);
    }

    #[test]
    fn the_plan_may_change_between_epochs_only_and_not_in_its_rule() {
        let (data, rows) = (data(), (0..30).collect::<Vec<_>>());
        let examples = Examples { data: &data, rows: &rows };
        let mut trainer = Trainer::new(options().check().unwrap(), examples, None, 1).unwrap();
        trainer.epoch(&mut |_| Control::Continue).unwrap();
        let mut paused = trainer.pause();
        let before = paused.network().clone();
        let slow = TrainingOptions { learning_rate: Some(1e-12), ..options() };
        paused.replan(slow.check().unwrap()).unwrap();
        let mut trainer = paused.go_on(examples, None).unwrap();
        trainer.epoch(&mut |_| Control::Continue).unwrap();
        let moved = |a: &Network, b: &Network| {
            let pairs = a.layers[0].weights.packed().iter().zip(b.layers[0].weights.packed());
            pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
        };
        assert!(moved(&before, trainer.network()) < 1e-6);
        let mut paused = trainer.pause();
        let mut other = options();
        other.optimizer.rule = crate::optimizer::Rule::Sgd;
        assert!(paused.replan(other.check().unwrap()).is_err());

        let mut trainer = paused.go_on(examples, None).unwrap();
        trainer.epoch(&mut |_| Control::Stop).unwrap();
        assert!(trainer.pause().replan(options().check().unwrap()).is_err());
    }

    #[test]
    fn of_many_examples_some_are_observed() {
        let every = crate::trainer::epoch::every_so_many;
        assert_eq!(every(&[3, 1, 4, 1, 5], 5), [3, 1, 4, 1, 5]);
        assert_eq!(every(&[3, 1, 4, 1, 5], 4), [3, 4, 5]);
        assert_eq!(every(&[3, 1, 4, 1, 5], 1), [3]);
    }

    #[test]
    fn without_random_order_equal_seeds_are_not_needed() {
        let (data, rows) = (data(), (0..30).collect::<Vec<_>>());
        let examples = Examples { data: &data, rows: &rows };
        let start = Trainer::new(options().check().unwrap(), examples, None, 1).unwrap();
        let run = |seed, shuffle| {
            let plan = TrainingOptions { shuffle, seed, ..options() }.check().unwrap();
            let network = start.network().clone();
            let mut trainer = Trainer::from_network(plan, network, examples, None, 1).unwrap();
            trainer.epoch(&mut |_| Control::Continue).unwrap();
            trainer.finish().unwrap().network
        };
        assert_eq!(run(1, false), run(2, false));
        assert_ne!(run(1, true), run(2, true));
    }
}
