//! `truezero sweep`: a file → configurations → trainings side by side → a file of results.

mod data;
mod definition;
mod draw;
pub mod elsewhere;
mod page;
mod race;
mod report;
mod room;
mod store;
mod training;

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use toml::Table;
use truezero_data::files::{InputFiles, Output};

use super::Ended;
use super::train::outputs;
use crate::args::{SweepArgs, SweepVerb, TrainArgs, threads};
use crate::config;
use crate::failure::Failure;
use crate::progress::Shown;
use crate::{files, output, signal};
use definition::{Axis, Definition, Method};
use race::Lap;
use store::{RESULTS, State, Store, Trial};
use training::{Came, Epoch, Keep, Shared, checkpoint};

pub fn run(args: &SweepArgs) -> Result<Ended, Failure> {
    match (&args.verb, &args.file) {
        (Some(SweepVerb::Report(report)), _) => report::run(report).map(|()| Ended::Complete),
        (None, Some(file)) => sweep(args, file),
        (None, None) => unreachable!("the command line has one of them"),
    }
}

fn sweep(args: &SweepArgs, file: &Path) -> Result<Ended, Failure> {
    if let Some(cluster) = &args.on {
        return Err(elsewhere::hand_over(args, file, cluster));
    }
    let definition = Definition::read(file)?;
    let faulty = |fault: &dyn std::fmt::Display| Failure::Message(format!("{}: {fault}", file.display()));
    let asked = Asked::new(&definition).map_err(|failure| faulty(&failure))?;
    let laps = race::laps(&definition, asked.options.len(), asked.epochs);

    let places = Places::of(&args.out);
    let (outputs, store) = places.open(Some(file), &definition, &asked, args.force)?;
    signal::listen()?;
    let sweep = Sweep {
        definition: &definition,
        options: &asked.options,
        places: &places,
        model: outputs.model,
        shared: Shared::default(),
        store: Mutex::new(store),
        shown: Shown::new(args.quiet),
    };
    let completed = sweep.race(&laps, threads(args.jobs));
    sweep.shown.finish();
    if !completed? {
        output::note("interrupted; the same command goes on from here");
        return Ok(Ended::BrokenOff);
    }
    truezero_data::files::remove(&places.checkpoints)?;
    let store = sweep.store();
    check_outcome(&store)?;
    report::show(&store, args.json, Some(&places.model))?;
    Ok(Ended::Complete)
}

/// # Errors
/// If there is no result at all.
fn check_outcome(store: &Store) -> Result<(), Failure> {
    let trials = store.trials()?;
    if trials.iter().any(|trial| trial.state != State::Failed) {
        return Ok(());
    }
    let first = trials.first().and_then(|trial| trial.message.clone()).unwrap_or_default();
    Err(Failure::Message(format!("all trainings failed, the first of them with: {first}")))
}

/// The trainings that a definition asks for.
struct Asked {
    /// Those that vary, of each training.
    options: Vec<Table>,
    /// Most epochs of a training; the same for all where it matters.
    epochs: usize,
    /// What the trainings read.
    inputs: InputFiles,
}

impl Asked {
    /// # Errors
    /// The first option that cannot be. Options that cannot be together fail the trainings that have them.
    fn new(definition: &Definition) -> Result<Self, Failure> {
        let options = draw::configurations(definition).map_err(Failure::Message)?;
        let (mut epochs, mut inputs) = (None, InputFiles::default());
        // Every value that is listed is among them, and so is every file.
        for options in probes(definition, options.first()) {
            let training = training_of(definition, &options)?;
            epochs = epochs.or(training.optimizer.epochs);
            inputs = inputs.and(outputs::inputs(&training));
        }
        if definition.method == Method::Halving && definition.vary.contains_key("epochs") {
            let message = "vary, epochs: expected the same number of epochs for all in halving";
            return Err(Failure::Message(message.to_owned()));
        }
        let epochs = epochs.unwrap_or(truezero::TrainingOptions::default().epochs);
        Ok(Self { options, epochs, inputs })
    }
}

/// Configurations that show whether every option can have its values: the first one, and the same with each value that is
/// listed and each end of a range. Trying all would take longer than small trainings.
fn probes(definition: &Definition, first: Option<&Table>) -> Vec<Table> {
    let first = first.cloned().unwrap_or_default();
    let with = |name: &String, value: &toml::Value| {
        let mut options = first.clone();
        options.insert(name.clone(), value.clone());
        options
    };
    let varied = definition.vary.iter().flat_map(|(name, axis)| {
        let values = match axis {
            Axis::Values(values) => values.iter().collect(),
            Axis::Range(range) => vec![&range.low, &range.high],
        };
        values.into_iter().map(move |value| (name, value))
    });
    let varied: Vec<Table> = varied.map(|(name, value)| with(name, value)).collect();
    std::iter::once(first.clone()).chain(varied).collect()
}

/// The whole training of a configuration.
fn training_of(definition: &Definition, options: &Table) -> Result<TrainArgs, Failure> {
    let mut all = definition.train.clone();
    all.extend(options.clone());
    config::train_args(&all)
}

/// The files of a sweep.
struct Places {
    results: PathBuf,
    model: PathBuf,
    /// Folder of trainings that are not done; there is none once all are.
    checkpoints: PathBuf,
}

impl Places {
    fn of(results: &Path) -> Self {
        let mut checkpoints: OsString = results.as_os_str().to_owned();
        checkpoints.push(".checkpoints");
        let model = results.with_extension("safetensors");
        Self { results: results.to_owned(), model, checkpoints: checkpoints.into() }
    }

    /// Makes the files of a sweep that is described in `file`, if in any, or goes on with them. Until its outputs are
    /// dropped, no other process goes on with it.
    fn open(
        &self,
        file: Option<&Path>,
        definition: &Definition,
        asked: &Asked,
        force: bool,
    ) -> Result<(Outputs, Store), Failure> {
        let mut inputs = asked.inputs.clone();
        if let Some(file) = file {
            inputs = inputs.file("the sweep's file", file);
        }
        if self.model == self.results {
            let path = self.results.display();
            let message = format!("{path} is the name of the results and, beside them, of the best model");
            return Err(Failure::hinted(
                message,
                "give the results another ending, as in --out sweep.sqlite",
            ));
        }
        let results = files::open(&self.results, RESULTS, &inputs, force)?;
        if !results.is_file() {
            let message = format!("cannot write {}: expected a file, found a device", self.results.display());
            return Err(Failure::Message(message));
        }
        let model = files::open(&self.model, truezero::MODEL, &inputs, force)?;
        let goes_on = results.replaces() && self.checkpoints.exists();
        let store = Store::create(&results, definition, &asked.options, force)?;
        truezero_data::files::claim(&self.checkpoints, "the checkpoints of a sweep")?;
        if !goes_on {
            files::tell_replaced(&model);
        }
        Ok((Outputs { _results: results, model }, store))
    }
}

/// The files of a sweep at work.
struct Outputs {
    /// SQLite writes to it; it is held.
    _results: Output,
    model: Output,
}

/// A sweep at work.
struct Sweep<'a> {
    definition: &'a Definition,
    /// Those that vary, of each training.
    options: &'a [Table],
    places: &'a Places,
    model: Output,
    shared: Shared,
    store: Mutex<Store>,
    shown: Shown,
}

impl Sweep<'_> {
    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs all laps; false if an interrupt came before the end.
    fn race(&self, laps: &[Lap], jobs: usize) -> Result<bool, Failure> {
        for &lap in laps {
            let trials = self.store().trials()?;
            let due = race::due(&trials, lap);
            self.run_lap(lap, due, jobs)?;
            if signal::interrupted() {
                return Ok(false);
            }
            let trials = self.store().trials()?;
            for trial in race::given_up(&trials, lap) {
                self.store().update(&trial)?;
                self.forget(trial.number);
            }
        }
        Ok(true)
    }

    /// Trains those who are due, `jobs` at a time. The first error of the sweep itself stops it.
    fn run_lap(&self, lap: Lap, due: Vec<usize>, jobs: usize) -> Result<(), Failure> {
        let of = due.len();
        let queue = Mutex::new(VecDeque::from(due));
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let work = || -> Result<(), Failure> {
            while !signal::interrupted()
                && let Some(trial) = next()
            {
                let result = self.train(lap, trial);
                if result.is_err() {
                    // The others finish what they are at, and take nothing more.
                    queue.lock().unwrap_or_else(PoisonError::into_inner).clear();
                }
                let line = result?;
                let waiting = queue.lock().unwrap_or_else(PoisonError::into_inner).len();
                self.shown.line(&line);
                self.shown.update(of - waiting.min(of), of, "networks".into(), || line);
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            // Fewer at a time if the system has no more threads.
            let spawn = |_| std::thread::Builder::new().spawn_scoped(scope, work).ok();
            let workers: Vec<_> = (1..jobs.min(of)).map_while(spawn).collect();
            work()?;
            workers
                .into_iter()
                .try_for_each(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        })
    }

    /// Trains one, and takes note of it; gives a line about it.
    fn train(&self, lap: Lap, number: usize) -> Result<String, Failure> {
        let trial = self.store().trial(number)?;
        let place = checkpoint(&self.places.checkpoints, number);
        // Noted before the checkpoint: what is in one is never trained again.
        let on_epoch = |epoch: Epoch<'_>, keep: Keep<'_>| {
            let Epoch { record, measure, .. } = epoch;
            let validation = record.validation_error.map(|error| measure.convert(error));
            let store = self.store();
            store.name_error(measure.name())?;
            store.add_epoch(number, record, validation)?;
            drop(store);
            keep().map(drop)
        };
        let args = training_of(self.definition, &self.options[number - 1]);
        let Came { trial, model } = training::run(&trial, args, lap.epochs, &self.shared, &place, &on_epoch)?;
        let store = self.store();
        if let Some(model) = model
            && is_best(&store, &trial)?
        {
            model.save_to(&self.model)?;
        }
        store.update(&trial)?;
        if trial.state == State::Done {
            self.forget(number);
        }
        Ok(report::line(&trial))
    }

    /// Removes the checkpoint of a training that does not go on. One that cannot be is no hindrance: that the folder of all
    /// of them is still there is told at the end.
    fn forget(&self, number: usize) {
        let _ = crate::commands::train::remove(&checkpoint(&self.places.checkpoints, number));
    }
}

/// Whether no trial that is done is better.
fn is_best(store: &Store, trial: &Trial) -> Result<bool, Failure> {
    Ok(store.best()?.is_none_or(|best| trial.number == best.number || trial.rank() < best.rank()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(trials: usize) -> Definition {
        toml::from_str(&format!(
            "method = \"random\"\ntrials = {trials}\n[train]\nepochs = 3\n[vary]\n\
             l1 = {{ low = 1e-6, high = 1e-2, scale = \"log\" }}\nhidden = [10, 20, 30]"
        ))
        .unwrap()
    }

    #[test]
    fn before_the_first_training_as_much_is_checked_for_many_as_for_few() {
        let probed = |trials| {
            let definition = definition(trials);
            probes(&definition, draw::configurations(&definition).unwrap().first()).len()
        };
        assert_eq!((probed(4), probed(4000)), (6, 6));
        let asked = Asked::new(&definition(4000)).unwrap();
        assert_eq!((asked.options.len(), asked.epochs), (4000, 3));
    }

    #[test]
    fn every_listed_value_and_both_ends_are_checked() {
        for (vary, wrong) in [
            ("hidden = [10, 20, \"many\"]", "hidden"),
            ("batch-size = { low = -2, high = 8 }", "batch-size"),
            ("epoch = [1, 2]", "epoch"),
        ] {
            let text = format!("method = \"random\"\ntrials = 1\n[vary]\n{vary}");
            let failure = Asked::new(&toml::from_str(&text).unwrap()).err().unwrap();
            assert!(failure.to_string().contains(wrong), "{vary}: {failure}");
        }
    }
}
