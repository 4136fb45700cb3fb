//! A worker: trains on its share of the examples, some mini-batches at a time.

use truezero_data::stream::{Prepared, Windows};
use truezero_data::{DataError, Dataset};

use super::Parameters;
use crate::error::Error;
use crate::evaluate::Examples;
use crate::network::Network;
use crate::options::{Plan, TrainingOptions};
use crate::trainer::epoch::random_order;
use crate::trainer::record::{Position, Running};
use crate::trainer::{Paused, Trainer};

/// Trains a copy of a network on a share of its examples.
#[derive(Debug)]
pub struct Worker {
    share: Prepared,
    /// Examples that are in memory together; a multiple of the mini-batch size.
    window: usize,
    options: TrainingOptions,
    paused: Paused,
    place: Option<Place>,
}

/// What a worker did in a round.
#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    /// Summed over the examples, without penalties; not finite if the training diverged, and then the epoch is to end.
    pub cost: f64,
    /// How many it trained on; the weight that its parameters have in the mean.
    pub examples: usize,
    /// Whether its share of the epoch is done.
    pub ended: bool,
    /// Norm of the gradient in each layer in the last mini-batch of the share; empty before it.
    pub gradient_norms: Vec<f64>,
}

/// How far a worker is in an epoch.
#[derive(Debug)]
struct Place {
    position: Position,
    windows: Windows,
    /// Windows so far.
    count: usize,
    /// The present window, the order of its examples, and how many of them are done.
    data: Option<Dataset>,
    order: Vec<usize>,
    done: usize,
}

/// Keeps the random numbers of workers apart; that of the first one leaves the seed as it is.
const SEED_OF_RANK: u64 = 0x9e37_79b9_7f4a_7c15;

impl Worker {
    /// Worker `rank` (from 0) of `workers`, for a training by `plan` of a network of this shape, which reads
    /// `examples` with so many in memory together (rounded up to whole mini-batches).
    ///
    /// # Errors
    /// No such worker, no examples for it, or a plan that does not suit the network.
    pub fn new(
        plan: &Plan,
        network: Network,
        examples: &Prepared,
        window: usize,
        [rank, workers]: [usize; 2],
        threads: usize,
    ) -> Result<Self, Error> {
        if rank >= workers {
            return Err(Error::option("rank", &format!("a worker below {workers}"), rank));
        }
        let share = examples.share(rank, workers);
        let batch_size = plan.options().batch_size;
        let most = usize::MAX / batch_size * batch_size;
        let window = window.max(1).checked_next_multiple_of(batch_size).unwrap_or(most);
        let Some(first) = share.windows(1).next() else {
            return Err(Error::option("workers", "an example for each at least", workers));
        };
        let mut options = plan.options().clone();
        options.seed ^= SEED_OF_RANK.wrapping_mul(rank as u64);
        let data = first?;
        let train = Examples { data: &data, rows: &[0] };
        let plan = options.clone().check()?;
        let mut paused = Trainer::from_network(plan, network, train, None, threads)?.pause();
        // What a worker sees is not all there is, and all are to go on with the same penalty.
        paused.unlearned = None;
        Ok(Self { share, window, options, paused, place: None })
    }

    /// Trains `batches` mini-batches of an epoch, from mini-batch `first` on (both from 0), starting from
    /// `parameters`. Without mini-batches left it does nothing and reports no examples. It goes on best where the
    /// last call ended: elsewhere, its examples are read anew from the first one.
    ///
    /// # Errors
    /// As [`Trainer::epoch_on`], or if the parameters are not those of such a network.
    pub fn round(
        &mut self,
        parameters: &Parameters,
        epoch: usize,
        first: usize,
        batches: usize,
    ) -> Result<(Round, Parameters), Error> {
        let start = Position { epoch, batch: first };
        let place = match self.place.take() {
            Some(place) if place.position == start => place,
            _ => self.reach(start)?,
        };
        self.paused.set_parameters(parameters)?;
        self.paused.set_rate_of(epoch);
        self.paused.running = Running::default();
        let (mut place, mut gradient_norms) = (place, Vec::new());
        let all = self.share.examples().div_ceil(self.options.batch_size);
        let end = all.min(first.saturating_add(batches));
        while place.position.batch < end {
            self.paused.position = place.position;
            let last = place.position.batch + 1 == all;
            let paused = &mut self.paused;
            let trained = place.next(self.window, &self.options, |data, rows| {
                paused.mini_batch(data, rows, last.then_some(&mut gradient_norms)).map(drop)
            });
            if let Err(Error::Diverged { cost, .. }) = trained {
                // The lead begins the epoch again.
                let round = Round { cost, examples: 1, ended: true, gradient_norms: Vec::new() };
                return Ok((round, self.paused.parameters()));
            }
            trained?;
        }
        let Running { cost, examples, .. } = self.paused.running;
        // At the end of the share, too, the next round is expected to go on from here.
        place.position.batch = place.position.batch.max(first.saturating_add(batches));
        self.place = Some(place);
        Ok((Round { cost, examples, ended: end == all, gradient_norms }, self.paused.parameters()))
    }

    /// Reads up to a place in an epoch, or to its end.
    fn reach(&self, to: Position) -> Result<Place, Error> {
        let mut place = Place {
            position: Position { epoch: to.epoch, batch: 0 },
            windows: self.share.windows(self.window),
            count: 0,
            data: None,
            order: Vec::new(),
            done: 0,
        };
        let all = self.share.examples().div_ceil(self.options.batch_size);
        while place.position.batch < to.batch.min(all) {
            place.next(self.window, &self.options, |_, _| Ok(()))?;
        }
        place.position.batch = to.batch;
        Ok(place)
    }
}

impl Place {
    /// Shows the next mini-batch, which must exist.
    fn next(
        &mut self,
        window: usize,
        options: &TrainingOptions,
        see: impl FnOnce(&Dataset, &[usize]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.done == self.order.len() {
            self.data = None; // before memory is taken for the next
        }
        let data = match &mut self.data {
            Some(data) => data,
            none => {
                let missing = || {
                    let expected = format!("window {} of at most {window} examples", self.count + 1);
                    DataError::unsuitable("share of a worker", expected, "no more examples")
                };
                let data = self.windows.next().ok_or_else(missing)??;
                self.order = (0..data.examples()).collect();
                random_order(options, self.position.epoch, self.count, &mut self.order);
                self.count += 1;
                self.done = 0;
                none.insert(data)
            }
        };
        let end = self.order.len().min(self.done + options.batch_size);
        see(data, &self.order[self.done..end])?;
        self.done = end;
        self.position.batch += 1;
        Ok(())
    }
}
