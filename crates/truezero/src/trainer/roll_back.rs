//! An epoch that diverges is begun again, at half the learning rate.

use std::fmt;

use super::kept::Kept;
use super::record::{Position, Running, Start, Stopped};
use super::{Paused, Progress, Trainer};
use crate::base_rate::cost_of_zeros;
use crate::error::Error;
use crate::evaluate::Examples;
use crate::network::Network;
use crate::optimizer::Updater;

/// How often the learning rate of a training is halved before divergence is an error: a rate that is too high by more
/// than 32 is a mistake to be told.
pub const MAX_HALVINGS: u32 = 5;

/// An epoch has diverged, too, if its examples cost so many times what they would with outputs of zero, and so many times
/// what its first mini-batch did. Weights that have grown without bound often leave all units silent, and the cost
/// is finite again.
const EXPLODED: f64 = 10.0;

/// An epoch that diverged and is to be begun again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RolledBack {
    /// Counted from 1.
    pub epoch: usize,
    /// The mini-batch whose cost was not finite, counted from 1; 0 if it was noticed at the end of the epoch.
    pub batch: usize,
    /// The cost.
    pub cost: f64,
    /// What the epoch's learning rate was.
    pub learning_rate: f32,
}

impl fmt::Display for RolledBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { epoch, learning_rate, .. } = self;
        write!(
            f,
            "epoch {epoch} diverged at learning rate {learning_rate}; it begins again at {}",
            learning_rate / 2.0
        )
    }
}

impl Trainer<'_> {
    /// What becomes of an epoch: divergence is not its end yet.
    pub(super) fn or_roll_back(&mut self, trained: Result<Progress, Error>) -> Result<Progress, Error> {
        match trained {
            Err(Error::Diverged { batch, cost, .. }) => self.state.roll_back(batch, cost),
            // The next mini-batch would find out; a checkpoint is to hold nothing that was lost already.
            Ok(Progress::Interrupted) if !self.state.is_finite() => {
                self.state.roll_back(self.state.position.batch, f64::NAN)
            }
            trained => trained,
        }
    }
}

impl Paused {
    /// Keeps the weights that an epoch is about to change; one copy serves if they are the best as well.
    pub(super) fn note_start(&mut self) {
        if self.start.is_some() {
            return; // it goes on after an interruption, or begins again
        }
        let weights = Kept::copy(&self.network);
        if let Some(best) = &mut self.best
            && matches!(best.weights, Kept::Now)
        {
            best.weights = weights.clone();
        }
        self.start = Some(Start { weights, steering: self.steering.clone() });
    }

    pub(super) fn is_finite(&self) -> bool {
        self.network.is_finite() && self.updater.is_finite()
    }

    /// Whether the present epoch began with the best weights.
    pub(super) fn best_is_start(&self) -> bool {
        self.best.as_ref().is_some_and(|best| best.epoch == self.position.epoch)
    }

    /// Whether costs of the epoch, while training and at its end on `examples`, are none that learning has.
    pub(super) fn exploded(&self, cost: f64, examples: Examples<'_>) -> bool {
        let Running { examples: count, first, zeros, .. } = self.running;
        let above = |cost: f64, zeros: f64| cost.is_nan() || cost > EXPLODED * zeros.max(first);
        above(self.running.mean_cost(), zeros / count.max(1) as f64)
            || above(cost, cost_of_zeros(self.network.cost, examples))
    }

    /// Takes the weights that the present epoch began with, at the same learning rate. What the optimiser remembers begins
    /// anew.
    pub(super) fn return_to_start(&mut self) -> Result<(), Error> {
        if let Some(Start { weights, .. }) = &self.start {
            let empty = Network { layers: Vec::new(), cost: self.network.cost };
            let now = std::mem::replace(&mut self.network, empty);
            self.network = weights.clone().into_network(now)?;
        }
        let rate = self.updater.rate();
        self.updater = Updater::new(self.plan.options().optimizer, &self.network);
        self.updater.set_rate(rate);
        Ok(())
    }

    /// Goes back to the start of the present epoch.
    fn roll_back(&mut self, batch: usize, cost: f64) -> Result<Progress, Error> {
        let epoch = self.position.epoch + 1;
        let learning_rate = self.updater.rate();
        self.return_to_start()?;
        if let (Some(now), Some(Start { steering: Some(then), .. })) = (&mut self.steering, &self.start) {
            now.go_back_to(then);
        }
        self.position = Position { epoch: epoch - 1, batch: 0 };
        self.running = Running::default();
        if self.halvings == MAX_HALVINGS {
            self.stopped = Some(Stopped::Diverged);
            return Err(Error::Diverged { epoch, batch, cost });
        }
        self.halvings += 1;
        Ok(Progress::RolledBack(RolledBack { epoch, batch, cost, learning_rate }))
    }
}
