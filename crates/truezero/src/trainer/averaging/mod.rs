//! Training one network on many machines: workers train copies of it, each on its share of the examples, and every
//! so many mini-batches the mean of what they have come to takes the place of all (local SGD; McDonald, Hall & Mann
//! 2010).
//!
//! The trainer that holds the validation examples leads: it says which epoch is due, and ends it. Between these two,
//! everything a worker does is decided by the parameters it is given and by its place in the epoch, and nothing else.
//! So a worker that is lost can be replaced by another, which does the same again to the same bits; and one worker
//! alone does what [`Trainer::epoch_on`] does.
//!
//! Who brings parameters from here to there is not our concern.

mod parameters;
mod worker;

pub use parameters::{Parameters, mean};
pub use worker::{Round, Worker};

use super::record::Running;
use super::{Progress, Trainer};
use crate::error::Error;

impl Trainer<'_> {
    /// What workers begin with.
    pub fn parameters(&mut self) -> Parameters {
        self.state.parameters()
    }

    /// Makes ready for an epoch that workers train, and gives its number (from 0); none if there is nothing left to
    /// do.
    pub fn lead_epoch(&mut self) -> Option<usize> {
        self.begin_epoch().then_some(self.state.position.epoch)
    }

    /// Ends the epoch with what workers have come to: `rounds` is what all of them reported in it. If it was rolled
    /// back, workers begin it again with [`parameters`](Self::parameters) as they are then.
    ///
    /// # Errors
    /// As [`epoch`](Self::epoch); also if the parameters are not those of this network, or nothing was trained.
    pub fn end_led_epoch(&mut self, parameters: &Parameters, rounds: &[Round]) -> Result<Progress, Error> {
        self.state.set_parameters(parameters)?;
        let examples = rounds.iter().map(|round| round.examples).sum();
        if examples == 0 {
            return Err(Error::option("rounds", "some that trained on examples", "none"));
        }
        let cost: f64 = rounds.iter().map(|round| round.cost).sum();
        if !cost.is_finite() {
            let epoch = self.state.position.epoch + 1;
            return self.or_roll_back(Err(Error::Diverged { epoch, batch: 0, cost }));
        }
        self.state.running = Running { cost, examples, first: cost / examples as f64, zeros: cost };
        let norms = rounds.iter().find(|round| !round.gradient_norms.is_empty());
        let ended = self.end_epoch(norms.map(|round| round.gradient_norms.clone()).unwrap_or_default());
        self.or_roll_back(ended)
    }
}
