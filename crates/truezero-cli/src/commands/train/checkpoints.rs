//! When a training is kept, so that it can go on from there.

use std::path::Path;
use std::time::{Duration, Instant};

use truezero::Trainer;

/// A checkpoint is not written before training has taken so many times as long as the last one took to
/// write: a small network's epoch may be shorter than the disk's answer.
const PAUSE: u32 = 20;

/// The checkpoints of one training: each replaces the one before.
pub struct Checkpoints<'a> {
    path: &'a Path,
    saved: Instant,
    pause: Duration,
}

impl<'a> Checkpoints<'a> {
    pub fn new(path: &'a Path) -> Self {
        Self { path, saved: Instant::now(), pause: Duration::ZERO }
    }

    pub fn is_due(&self) -> bool {
        self.saved.elapsed() >= self.pause
    }

    /// # Errors
    /// A file that cannot be written.
    pub fn save(&mut self, trainer: &Trainer<'_>) -> Result<(), truezero::Error> {
        let began = Instant::now();
        trainer.save_checkpoint(self.path)?;
        (self.saved, self.pause) = (Instant::now(), began.elapsed() * PAUSE);
        Ok(())
    }
}
