//! Ctrl-C while native code runs: Python only notes a signal, and its handlers run when they are asked to.

use std::time::{Duration, Instant};

use pyo3::{PyErr, Python};
use truezero::Control;

/// Between two looks: far less than a second, and seldom enough to cost nothing.
const PAUSE: Duration = Duration::from_millis(100);

/// Looks after signals between mini-batches.
pub struct Watch {
    looked: Instant,
    /// What a handler raised.
    pub raised: Option<PyErr>,
}

impl Watch {
    pub fn new() -> Self {
        Self { looked: Instant::now(), raised: None }
    }

    /// Stops once a handler has raised something. Called without the interpreter held.
    #[allow(clippy::redundant_closure_for_method_calls, reason = "the method itself lives not long enough")]
    pub fn control(&mut self) -> Control {
        if self.raised.is_none() && self.looked.elapsed() >= PAUSE {
            self.looked = Instant::now();
            self.raised = Python::attach(|py| py.check_signals()).err();
        }
        if self.raised.is_some() { Control::Stop } else { Control::Continue }
    }
}
