//! One training of a sweep, up to the end of a lap.

use std::path::{Path, PathBuf};
use std::time::Instant;

use truezero::{Control, EpochRecord, Error, Examples, Footprint, Model, Progress as Step, Summary, Trainer};
use truezero_data::Notice;
use truezero_sparse::{Engine, memory};

use super::data::Shelf;
use super::room::Room;
use super::store::{State, Trial};
use crate::args::TrainArgs;
use crate::commands::train::checkpoints::Checkpoints;
use crate::commands::train::plan::{Experiment, Start};
use crate::commands::train::prepare::Prepared;
use crate::commands::train::{model_of, remove, start};
use crate::failure::{Failure, chain};
use crate::measure::{Assessment, Measure};
use crate::signal;

/// Trainings run side by side, so each has one thread.
const THREADS: usize = 1;

/// An epoch, as it is told.
pub struct Epoch<'a> {
    pub record: &'a EpochRecord,
    pub measure: Measure,
    /// The training so far.
    pub trial: Trial,
}

/// Writes a checkpoint if it is time to; tells whether it has. What listens to epochs decides whether it takes note of
/// an epoch before the checkpoint or hands both on together.
pub type Keep<'a> = &'a mut dyn FnMut() -> Result<bool, Failure>;

/// What trainings side by side share.
#[derive(Default)]
pub struct Shared {
    pub shelf: Shelf,
    pub room: Room,
}

/// What an epoch is told to.
pub type OnEpoch<'a> = &'a dyn Fn(Epoch<'_>, Keep<'_>) -> Result<(), Failure>;

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
    args: Result<TrainArgs, Failure>,
    epochs: usize,
    shared: &Shared,
    checkpoint: &Path,
    on_epoch: OnEpoch<'_>,
) -> Result<Came, Failure> {
    let train = |args: TrainArgs| train(trial, &args, epochs, shared, checkpoint, on_epoch);
    match args.and_then(|args| memory::catch(|| train(args)).map_err(Error::from)?) {
        Ok(came) => Ok(came),
        // An interrupt ended it before there was anything to keep.
        Err(_) if signal::interrupted() => Ok(Came { trial: trial.clone(), model: None }),
        Err(failure) if failure.is_of_writing() => Err(failure),
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
    shared: &Shared,
    checkpoint: &Path,
    on_epoch: OnEpoch<'_>,
) -> Result<Came, Failure> {
    let experiment = Experiment::new(args)?;
    let data = shared.shelf.take(&experiment)?;
    let measure = Measure::of(&data.preprocessing);
    if data.validation().is_none() {
        let message = "a sweep compares errors on validation examples, and there are none";
        return Err(Failure::hinted(message, "hold some out with validation = 0.1"));
    }
    let plan = experiment.plan.clone();
    let _place = shared.room.enter(bytes(&experiment, data.train()));
    let began = Instant::now();
    let mut trainer = if checkpoint.exists() {
        data.resume(plan, THREADS, checkpoint)?
    } else {
        let (network, _) = start::network(&experiment, &data, THREADS, true)?;
        data.trainer(plan, network, THREADS)?
    };
    let so_far = |trainer: &Trainer<'_>| {
        let best = trainer.best();
        Trial {
            epochs: trainer.epochs_done(),
            best_epoch: best.map(|record| record.epoch),
            validation_error: best
                .and_then(|record| record.validation_error)
                .map(|error| measure.convert(error)),
            validation_cost: best.and_then(|record| record.validation_cost),
            mean_sparsity: best.map(|record| record.mean_sparsity),
            seconds: trial.seconds + began.elapsed().as_secs_f64(),
            message: None,
            warnings: Vec::new(),
            ..trial.clone()
        }
    };
    let mut checkpoints = Checkpoints::at(checkpoint)?;
    let mut told = |record: &EpochRecord, trainer: &Trainer<'_>| {
        let epoch = Epoch { record, measure, trial: so_far(trainer) };
        on_epoch(epoch, &mut || {
            let due = checkpoints.is_due() && !signal::interrupted();
            Ok(due && checkpoints.save(trainer))
        })
    };
    let mut message = None;
    let ended = match lap(&mut trainer, &data, epochs, &mut told) {
        Err(Failure::Library(error @ Error::Diverged { .. })) if trainer.best().is_some() => {
            message = Some(chain(&error));
            true
        }
        ended => ended?,
    };

    let mut trial = so_far(&trainer);
    if !ended {
        // Without it, the next lap begins where the last checkpoint is, or anew, and comes to the same.
        checkpoints.save(&trainer);
        return Ok(Came { trial, model: None });
    }
    let outcome = trainer.finish()?;
    trial.message = message;
    trial.warnings = warnings(&outcome.summary, &experiment, &data);
    trial.warnings.extend(checkpoints.notice());
    let model = model_of(&experiment, &data, outcome);
    let mut engine = Engine::new(THREADS);
    let test = data
        .test()
        .map(|examples| Assessment::new(&model.network, &data.preprocessing, &mut engine, examples));
    trial.test_error = test.map(|test| test.error);
    trial.state = State::Done;
    Ok(Came { trial, model: Some(model) })
}

/// Bytes of memory that a training takes besides its data.
fn bytes(experiment: &Experiment, examples: Examples<'_>) -> u64 {
    let (data, rows) = (examples.data, examples.rows.len());
    let training = Footprint::of_plan(&experiment.plan, data).to_take();
    let Start::Pretraining { plan, .. } = &experiment.start else { return training };
    let units = [&[data.inputs.width()], &experiment.plan.options().hidden[..]].concat();
    training.max(Footprint::of_pretraining(plan.options(), &units, rows).to_take())
}

/// What should be known of the data and of a training.
fn warnings(summary: &Summary, experiment: &Experiment, data: &Prepared) -> Vec<Notice> {
    let measure = Measure::of(&data.preprocessing);
    let remarks = summary.remarks(experiment.plan.options()).into_iter();
    let remarks =
        remarks.map(|remark| remark.notice(data.preprocessing.labels(), &|error| measure.text(error)));
    data.notices.all().into_iter().chain(remarks).collect()
}

/// Trains to the end of the lap; tells whether that was the end of the training.
fn lap(
    trainer: &mut Trainer<'_>,
    data: &Prepared,
    epochs: usize,
    told: &mut dyn FnMut(&EpochRecord, &Trainer<'_>) -> Result<(), Failure>,
) -> Result<bool, Failure> {
    while trainer.epochs_done() < epochs {
        let control = || if signal::interrupted() { Control::Stop } else { Control::Continue };
        match data.epoch(trainer, &mut |_| control())? {
            Step::Done => return Ok(true),
            Step::Interrupted => break,
            Step::RolledBack(_) => {}
            Step::Epoch(record) => {
                told(&record, trainer)?;
                if signal::interrupted() {
                    break;
                }
            }
        }
    }
    Ok(false)
}

/// Where trainings of a sweep that are not done are kept.
pub fn checkpoint(folder: &Path, trial: usize) -> PathBuf {
    folder.join(format!("{trial}.checkpoint"))
}
