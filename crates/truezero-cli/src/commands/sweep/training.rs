//! One training of a sweep, up to the end of a lap.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use truezero::{Control, EpochRecord, Error, Model, Progress as Step, Trainer};
use truezero_sparse::Engine;

use super::data::Shelf;
use super::store::{State, Trial};
use crate::args::TrainArgs;
use crate::commands::train::plan::Experiment;
use crate::commands::train::prepare::Prepared;
use crate::commands::train::{CHECKPOINT_PAUSE, model_of, remove, start};
use crate::failure::{Failure, chain};
use crate::measure::{Assessment, Measure};
use crate::signal;

/// Trainings run side by side, so each has one thread.
const THREADS: usize = 1;

/// What an epoch is told to.
pub type OnEpoch<'a> = &'a dyn Fn(&EpochRecord, Measure) -> Result<(), Failure>;

/// How a training comes out of a lap.
pub struct Came {
    pub trial: Trial,
    /// Of a training that is done.
    pub model: Option<Model>,
}

/// Trains from where the trial is to `epochs`, or to its end if that is before. What is wrong with a training is its
/// result; an error is one of the sweep.
///
/// # Errors
/// Files that cannot be written.
pub fn run(
    trial: &Trial,
    args: &TrainArgs,
    epochs: usize,
    shelf: &Shelf,
    checkpoint: &Path,
    on_epoch: OnEpoch<'_>,
) -> Result<Came, Failure> {
    match train(trial, args, epochs, shelf, checkpoint, on_epoch) {
        Ok(came) => Ok(came),
        // An interrupt ended it before there was anything to keep.
        Err(_) if signal::interrupted() => Ok(Came { trial: trial.clone(), model: None }),
        Err(Failure::Store { operation, path, source }) => Err(Failure::Store { operation, path, source }),
        Err(failure) => {
            remove(checkpoint)?;
            let message = Some(chain(&failure));
            Ok(Came { trial: Trial { state: State::Failed, message, ..trial.clone() }, model: None })
        }
    }
}

fn train(
    trial: &Trial,
    args: &TrainArgs,
    epochs: usize,
    shelf: &Shelf,
    checkpoint: &Path,
    on_epoch: OnEpoch<'_>,
) -> Result<Came, Failure> {
    let experiment = Experiment::new(args)?;
    let data = shelf.take(&experiment)?;
    let measure = Measure::of(&data.preprocessing);
    if data.validation().is_none() {
        let message = "a sweep compares errors on validation examples, and there are none";
        return Err(Failure::hinted(message, "hold some out with validation = 0.1"));
    }
    let plan = experiment.plan.clone();
    let began = Instant::now();
    let mut trainer = if checkpoint.exists() {
        data.resume(plan, THREADS, checkpoint)?
    } else {
        let (network, _) = start::network(&experiment, &data, THREADS, true)?;
        data.trainer(plan, network, THREADS)?
    };
    let mut message = None;
    let ended = match lap(&mut trainer, &data, epochs, checkpoint, &|record| on_epoch(record, measure)) {
        Err(Failure::Library(error @ Error::Diverged { .. })) if trainer.best().is_some() => {
            message = Some(chain(&error));
            true
        }
        ended => ended?,
    };

    let best = trainer.best();
    let mut trial = Trial {
        epochs: trainer.epochs_done(),
        best_epoch: best.map(|record| record.epoch),
        validation_error: best.and_then(|record| record.validation_error).map(|error| measure.convert(error)),
        mean_sparsity: best.map(|record| record.mean_sparsity),
        seconds: trial.seconds + began.elapsed().as_secs_f64(),
        message,
        ..trial.clone()
    };
    if !ended {
        return Ok(Came { trial, model: None });
    }
    let model = model_of(&experiment, &data, trainer.finish()?);
    let mut engine = Engine::new(THREADS);
    let test = data
        .test()
        .map(|examples| Assessment::new(&model.network, &data.preprocessing, &mut engine, examples));
    trial.test_error = test.map(|test| test.error);
    trial.state = State::Done;
    Ok(Came { trial, model: Some(model) })
}

/// Trains to the end of the lap; tells whether that was the end of the training. If not, it is in the checkpoint.
fn lap(
    trainer: &mut Trainer<'_>,
    data: &Prepared,
    epochs: usize,
    checkpoint: &Path,
    on_epoch: &dyn Fn(&EpochRecord) -> Result<(), Failure>,
) -> Result<bool, Failure> {
    let (mut saved, mut pause) = (Instant::now(), Duration::ZERO);
    while trainer.epochs_done() < epochs {
        let control = || if signal::interrupted() { Control::Stop } else { Control::Continue };
        match data.epoch(trainer, &mut |_| control())? {
            Step::Done => return Ok(true),
            Step::Interrupted => break,
            Step::Epoch(record) => {
                on_epoch(&record)?;
                if signal::interrupted() {
                    break;
                }
                if saved.elapsed() >= pause {
                    let began = Instant::now();
                    trainer.save_checkpoint(checkpoint)?;
                    (saved, pause) = (Instant::now(), began.elapsed() * CHECKPOINT_PAUSE);
                }
            }
        }
    }
    trainer.save_checkpoint(checkpoint)?;
    Ok(false)
}

/// Where trainings of a sweep that are not done are kept.
pub fn checkpoint(folder: &Path, trial: usize) -> PathBuf {
    folder.join(format!("{trial}.checkpoint"))
}
