//! When a training is kept, so that it can go on from there.

use std::path::Path;
use std::time::{Duration, Instant};

use truezero::{CHECKPOINT, Error, Trainer};
use truezero_data::Notice;
use truezero_data::files::Output;

use crate::failure::chain;
use crate::output;

/// A checkpoint is not written before training has taken so many times as long as the last one took to
/// write: a small network's epoch may be shorter than the disk's answer.
const PAUSE: u32 = 20;

/// The checkpoints of one training: each replaces the one before. That one cannot be written is told, and does not end the
/// training, which is worth more: the next one is tried when it is due.
pub struct Checkpoints<'a> {
    /// None if none are kept.
    place: Option<Place<'a>>,
    saved: Instant,
    pause: Duration,
    /// Why the last one could not be written.
    failure: Option<String>,
}

/// Where they are written.
enum Place<'a> {
    Open(Output),
    /// It could not be opened so far.
    Closed(&'a Path),
}

impl Checkpoints<'_> {
    pub fn new(output: Option<Output>) -> Self {
        let place = output.map(Place::Open);
        Self { place, saved: Instant::now(), pause: Duration::ZERO, failure: None }
    }
}

impl<'a> Checkpoints<'a> {
    /// In a file that is opened now or, if the system does not let it be, later.
    ///
    /// # Errors
    /// A file that is there and is no checkpoint.
    pub fn at(path: &'a Path) -> Result<Self, Error> {
        match Output::new(path, CHECKPOINT) {
            Ok(output) => Ok(Self::new(Some(output))),
            Err(truezero_data::DataError::Io { .. }) => {
                Ok(Self { place: Some(Place::Closed(path)), ..Self::new(None) })
            }
            Err(error) => Err(error.into()),
        }
    }

    pub fn is_due(&self) -> bool {
        self.saved.elapsed() >= self.pause
    }

    /// The file that holds the last one.
    pub fn kept(&self) -> Option<&Path> {
        match &self.place {
            Some(Place::Open(output)) if self.failure.is_none() => Some(output.path()),
            _ => None,
        }
    }

    /// What is to be told at the end: that the last one could not be written.
    pub fn notice(&self) -> Option<Notice> {
        let what = format!("the last one could not be written: {}", self.failure.as_ref()?);
        Some(Notice::new("checkpoint", what))
    }

    /// Writes one, and says whether it is there.
    pub fn save(&mut self, trainer: &Trainer<'_>) -> bool {
        let began = Instant::now();
        let result = self.write(trainer);
        (self.saved, self.pause) = (Instant::now(), began.elapsed() * PAUSE);
        let failed_before = self.failure.take().is_some();
        match result {
            Ok(written) => written,
            Err(error) => {
                let error = chain(&error);
                if !failed_before {
                    output::warn(&format!("the training goes on without a checkpoint: {error}"));
                }
                self.failure = Some(error);
                false
            }
        }
    }

    fn write(&mut self, trainer: &Trainer<'_>) -> Result<bool, Error> {
        let Some(place) = &mut self.place else { return Ok(false) };
        if let Place::Closed(path) = place {
            *place = Place::Open(Output::new(path, CHECKPOINT)?);
        }
        if let Place::Open(output) = place {
            trainer.save_checkpoint_to(output)?;
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use truezero::{Control, Examples, TrainingOptions};
    use truezero_data::{Dataset, Targets};
    use truezero_sparse::{Batch, DenseBatch};

    use super::*;

    #[test]
    fn one_that_cannot_be_written_is_told_and_the_next_is_tried() {
        let data = Dataset {
            inputs: Batch::Dense(DenseBatch::from_rows(1, &[1.0, 2.0, 3.0])),
            targets: Targets::Classes { labels: vec![0, 1, 1], classes: 2 },
            weights: None,
        };
        let plan = TrainingOptions { hidden: vec![4], ..Default::default() }.check().unwrap();
        let examples = Examples { data: &data, rows: &[0, 1, 2] };
        let mut trainer = Trainer::new(plan.clone(), examples, None, 1).unwrap();
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("checkpoints");
        let path = folder.join("1.checkpoint");
        let mut checkpoints = Checkpoints::at(&path).unwrap();
        let mut save = |trainer: &Trainer<'_>| {
            let saved = checkpoints.save(trainer);
            assert_eq!(checkpoints.notice().is_none(), saved);
            assert_eq!(checkpoints.kept().is_some(), saved);
            saved
        };
        assert!(!save(&trainer) && !save(&trainer), "there is no folder");
        fs::create_dir(&folder).unwrap();
        trainer.epoch(&mut |_| Control::Continue).unwrap();
        assert!(save(&trainer));
        fs::remove_dir_all(&folder).unwrap();
        assert!(!save(&trainer));
        fs::create_dir(&folder).unwrap();
        assert!(save(&trainer));
        let resumed = Trainer::resume(plan, examples, None, 1, &path).unwrap();
        assert_eq!(resumed.network(), trainer.network());

        let theirs = place.path().join("thesis.txt");
        fs::write(&theirs, "years of work").unwrap();
        assert!(Checkpoints::at(&theirs).is_err());
    }
}
