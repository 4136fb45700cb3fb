//! A training as it is watched: what has happened in it, and what those who watch have asked of it.
//!
//! The trainer's side is a [`Session`]: it tells of mini-batches and epochs and picks up what was asked. The
//! page's side is a [snapshot](Live::snapshot) and the events that follow it. One training at a time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;
use tokio::sync::broadcast;
use truezero::{BatchReport, Control, EpochRecord, Model, Trainer};
use truezero_http::{Problem, json};

use crate::error::Busy;
use crate::events::Event;

/// Epochs that are remembered; of a longer training the latest.
const EPOCHS: usize = 1000;
/// Mini-batches that are remembered.
const BATCHES: usize = 600;
/// Mini-batches are told of at most this often, and so are epochs, several together if need be.
const PACE: Duration = Duration::from_millis(100);
/// Events a slow reader may be behind before it is sent a snapshot instead.
const BACKLOG: usize = 256;
/// A larger network is not copied to be looked at while it trains.
const MAX_PARAMETERS: usize = 1 << 24;

/// What is told of a training before it begins.
#[derive(Clone, Debug, Serialize)]
pub struct Start {
    /// What is learned from.
    pub data: String,
    /// Units of the hidden layers, lowest first.
    pub hidden: Vec<usize>,
    /// Their activation functions.
    pub activation: Vec<String>,
    /// Most epochs.
    pub epochs: usize,
    /// λ.
    pub l1: f32,
    /// What λ is steered to.
    pub target_sparsity: Option<f32>,
    /// What the error is called: `error` or `RMSE`.
    pub error: String,
    /// What an error is multiplied by to be in the units of the data.
    pub factor: f64,
    /// Whether some unit can be zero, so that there can be a target sparsity.
    pub zeros: bool,
}

/// A training that is, or was, watched.
#[derive(Clone, Debug, Serialize)]
struct Run {
    /// Counted from 1 in this process.
    number: u64,
    #[serde(flatten)]
    start: Start,
    running: bool,
    /// How it ended.
    ended: Option<String>,
    #[serde(skip)]
    epochs_done: VecDeque<EpochRecord>,
    #[serde(skip)]
    batches_done: VecDeque<Point>,
}

/// A mini-batch as it is told.
#[derive(Clone, Copy, Debug, Serialize)]
struct Point {
    epoch: usize,
    /// Epochs done, this one's part included.
    at: f64,
    cost: f64,
    sparsity: f64,
    l1: f32,
}

/// What is asked of a training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Change {
    L1(f32),
    TargetSparsity(f32),
}

impl Change {
    /// What a request asks for; none if it asks for neither.
    ///
    /// # Errors
    /// If it asks for both: a target is what λ is steered to.
    pub(crate) fn read(value: &json::Value<'_, '_>) -> Result<Option<Self>, Problem> {
        let number = |name: &str| value.get(name)?.map(|number| number.number()).transpose();
        match (number("l1")?, number("target_sparsity")?) {
            (Some(l1), None) => Ok(Some(Self::L1(l1 as f32))),
            (None, Some(target)) => Ok(Some(Self::TargetSparsity(target as f32))),
            (None, None) => Ok(None),
            (Some(_), Some(_)) => {
                Err(Problem::malformed("body: expected `l1` or `target_sparsity`, found both"))
            }
        }
    }
}

/// The meeting place of a training and those who watch it.
#[derive(Debug)]
pub struct Live {
    state: Mutex<State>,
    events: broadcast::Sender<Arc<Event>>,
}

#[derive(Debug, Default)]
struct State {
    run: Option<Run>,
    change: Option<Change>,
    stop: bool,
    closed: bool,
    /// The network after the latest epoch.
    model: Option<Arc<Model>>,
}

impl Default for Live {
    fn default() -> Self {
        Self { state: Mutex::default(), events: broadcast::channel(BACKLOG).0 }
    }
}

impl Live {
    /// Begins to show a training.
    ///
    /// # Errors
    /// If one is shown that has not ended.
    pub fn begin(self: &Arc<Self>, start: Start) -> Result<Session, Busy> {
        let mut state = self.lock();
        if state.run.as_ref().is_some_and(|run| run.running) {
            return Err(Busy);
        }
        let number = state.run.as_ref().map_or(1, |run| run.number + 1);
        let closed = state.closed;
        let run = Run {
            number,
            start,
            running: true,
            ended: None,
            epochs_done: VecDeque::new(),
            batches_done: VecDeque::new(),
        };
        *state = State { run: Some(run), stop: closed, closed, ..State::default() };
        self.tell_run(&state);
        drop(state);
        Ok(Session { live: self.clone(), told: None, told_epochs: None, untold: VecDeque::new() })
    }

    /// Asks the training for another penalty.
    ///
    /// # Errors
    /// If none runs, or the penalty cannot be.
    pub(crate) fn ask(&self, change: Change) -> Result<(), Problem> {
        let mut state = self.lock();
        let Some(run) = state.run.as_ref().filter(|run| run.running) else {
            return Err(Problem::conflict("no training is running\nhint: start one"));
        };
        let (option, value, holds, expected) = match change {
            Change::L1(l1) => ("l1", l1, l1 >= 0.0 && l1.is_finite(), "a number of at least 0"),
            Change::TargetSparsity(target) => {
                ("target-sparsity", target, target > 0.0 && target < 1.0, "a fraction in (0, 1)")
            }
        };
        if !holds {
            return Err(Problem::unfit(format!("option {option}: expected {expected}, found {value}")));
        }
        if matches!(change, Change::TargetSparsity(_)) && !run.start.zeros {
            let message = "option target-sparsity: expected units that can be zero, found none";
            return Err(Problem::unfit(message));
        }
        state.change = Some(change);
        Ok(())
    }

    /// Asks the training to stop.
    ///
    /// # Errors
    /// If none runs.
    pub(crate) fn ask_to_stop(&self) -> Result<(), Problem> {
        let mut state = self.lock();
        if !state.run.as_ref().is_some_and(|run| run.running) {
            return Err(Problem::conflict("no training is running"));
        }
        state.stop = true;
        Ok(())
    }

    /// The network being trained, after the latest epoch.
    pub(crate) fn model(&self) -> Option<Arc<Model>> {
        self.lock().model.clone()
    }

    /// All that has been told, and what will be told from then on; none if closed or too many listen.
    pub(crate) fn listen(&self, most: usize) -> Option<broadcast::Receiver<Arc<Event>>> {
        let state = self.lock();
        (!state.closed && self.events.receiver_count() < most).then(|| self.events.subscribe())
    }

    /// All that has been told of the latest training.
    pub(crate) fn snapshot(&self) -> Value {
        let state = self.lock();
        let Some(run) = &state.run else { return Value::Null };
        serde_json::json!({ "run": run, "epochs": run.epochs_done, "batches": run.batches_done })
    }

    /// Tells everyone who listens.
    pub(crate) fn tell(&self, name: &'static str, data: &impl Serialize) {
        // Nobody listening is no failure.
        let _ = self.events.send(Arc::new(Event::new(name, data)));
    }

    /// Tells those who listen that nothing more will come, and asks a training to stop.
    pub fn close(&self) {
        let mut state = self.lock();
        (state.closed, state.stop) = (true, true);
        let _ = self.events.send(Arc::new(Event::End));
    }

    fn tell_run(&self, state: &State) {
        self.tell("run", &state.run);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The trainer's side of a training that is watched. Dropped without [`end`](Self::end), the training has
/// failed.
#[derive(Debug)]
pub struct Session {
    live: Arc<Live>,
    /// When a mini-batch was told of.
    told: Option<Instant>,
    told_epochs: Option<Instant>,
    untold: VecDeque<EpochRecord>,
}

impl Session {
    /// After each mini-batch; [`Control::Stop`] if something was asked, which
    /// [`heed`](Self::heed) then does.
    pub fn batch(&mut self, report: &BatchReport) -> Control {
        let mut state = self.live.lock();
        if due(&mut self.told) {
            let at = (report.epoch - 1) as f64 + report.batch as f64 / report.batches as f64;
            let BatchReport { epoch, cost, sparsity, l1, .. } = *report;
            let point = Point { epoch, at, cost, sparsity, l1 };
            if let Some(run) = &mut state.run {
                push(&mut run.batches_done, point, BATCHES);
            }
            self.live.tell("batch", &point);
        }
        if state.stop || state.change.is_some() { Control::Stop } else { Control::Continue }
    }

    /// Does to the trainer what was asked, between two of its mini-batches.
    pub fn heed(&mut self, trainer: &mut Trainer<'_>) {
        let mut state = self.live.lock();
        let Some(change) = state.change.take() else { return };
        let (target, done) = match change {
            Change::L1(l1) => (None, trainer.set_l1(l1)),
            Change::TargetSparsity(target) => (Some(target), trainer.set_target_sparsity(target)),
        };
        // What cannot be was refused when it was asked.
        if done.is_ok()
            && let Some(run) = &mut state.run
        {
            (run.start.l1, run.start.target_sparsity) = (trainer.l1(), target);
        }
        self.live.tell_run(&state);
    }

    /// Whether the training was asked to stop.
    pub fn stops(&self) -> bool {
        self.live.lock().stop
    }

    /// After each epoch, with what makes a model of the network as it is now; it is asked for if it is time to
    /// show it.
    pub fn epoch(&mut self, record: &EpochRecord, parameters: usize, model: impl FnOnce() -> Model) {
        push(&mut self.untold, record.clone(), EPOCHS);
        if due(&mut self.told_epochs) {
            let model = (parameters <= MAX_PARAMETERS).then(|| Arc::new(model()));
            self.tell_epochs(|state| state.model = model);
        }
    }

    /// Tells of the epochs that have not been told of.
    fn tell_epochs(&mut self, change: impl FnOnce(&mut State)) {
        let mut state = self.live.lock();
        change(&mut state);
        self.live.tell("epochs", &self.untold);
        if let Some(run) = &mut state.run {
            self.untold.drain(..).for_each(|record| push(&mut run.epochs_done, record, EPOCHS));
        }
    }

    /// The training has ended, in such a way.
    pub fn end(mut self, how: impl Into<String>) {
        self.mark(how.into());
    }

    fn mark(&mut self, how: String) {
        if !self.untold.is_empty() {
            self.tell_epochs(|_| {});
        }
        let mut state = self.live.lock();
        if let Some(run) = state.run.as_mut().filter(|run| run.running) {
            (run.running, run.ended) = (false, Some(how));
            self.live.tell_run(&state);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.mark("failed".to_owned());
    }
}

/// Whether it is time again; then it is not for a while.
fn due(told: &mut Option<Instant>) -> bool {
    let due = told.is_none_or(|told| told.elapsed() >= PACE);
    if due {
        *told = Some(Instant::now());
    }
    due
}

/// Appends, and forgets the oldest of too many.
fn push<T>(list: &mut VecDeque<T>, item: T, most: usize) {
    if list.len() == most {
        list.pop_front();
    }
    list.push_back(item);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_training_the_latest_is_remembered() {
        let mut list = VecDeque::new();
        (0..EPOCHS + 5).for_each(|item| push(&mut list, item, EPOCHS));
        assert_eq!((list.len(), list.front(), list.back()), (EPOCHS, Some(&5), Some(&(EPOCHS + 4))));
    }
}
