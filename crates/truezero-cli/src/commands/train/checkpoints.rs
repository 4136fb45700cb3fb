//! When a training is kept, so that it can go on from there.

use std::path::Path;
use std::time::{Duration, Instant};

use truezero::Trainer;
use truezero_data::files::Output;

use crate::failure::chain;
use crate::output;

/// A checkpoint is not written before training has taken so many times as long as the last one took to
/// write: a small network's epoch may be shorter than the disk's answer.
const PAUSE: u32 = 20;

/// The checkpoints of one training: each replaces the one before.
pub struct Checkpoints {
    /// None if none are kept.
    output: Option<Output>,
    saved: Instant,
    pause: Duration,
    /// Whether the last one could not be written.
    failed: bool,
}

impl Checkpoints {
    pub fn new(output: Option<Output>) -> Self {
        Self { output, saved: Instant::now(), pause: Duration::ZERO, failed: false }
    }

    pub fn is_due(&self) -> bool {
        self.saved.elapsed() >= self.pause
    }

    /// The file that holds the last one.
    pub fn kept(&self) -> Option<&Path> {
        self.output.as_ref().filter(|_| !self.failed).map(Output::path)
    }

    /// Writes one. That it cannot be written is told, once; the training is worth more than its checkpoint.
    pub fn save(&mut self, trainer: &Trainer<'_>) -> bool {
        let result = self.try_save(trainer);
        let failed_before = std::mem::replace(&mut self.failed, result.is_err());
        if let Err(error) = &result
            && !failed_before
        {
            output::warn(&format!("the training goes on without a checkpoint: {}", chain(error)));
        }
        result.is_ok() && self.output.is_some()
    }

    /// Writes one.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn try_save(&mut self, trainer: &Trainer<'_>) -> Result<(), truezero::Error> {
        let Some(output) = &self.output else { return Ok(()) };
        let began = Instant::now();
        let result = trainer.save_checkpoint_to(output);
        (self.saved, self.pause) = (Instant::now(), began.elapsed() * PAUSE);
        result
    }
}
