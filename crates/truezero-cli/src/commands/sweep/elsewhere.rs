//! A sweep whose trainings run in other processes, on machines that something else finds: one process has the results,
//! and what is told of a training reaches it as text.

use std::env;
use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use toml::Table;
use truezero::EpochRecord;

use super::definition::{Definition, Method};
use super::store::{State, Store, Trial};
use super::training::{Came, Epoch, Keep, Shared};
use super::{Asked, Outputs, Places, is_best, race, report, training, training_of};
use crate::args::{Cluster, SweepArgs};
use crate::failure::Failure;
use crate::{files, json};

/// The interpreter that called the command, if one did.
const PYTHON: &str = "TRUEZERO_PYTHON";

/// What sweeps on Ray are driven by.
const MODULE: &str = "truezero.ray";

/// Whether that is there, without the seconds that it takes to load.
const IS_THERE: &str = "import sys; from importlib.util import find_spec
sys.exit(not all(map(find_spec, ['truezero', 'ray'])))";

/// Becomes the program that drives a sweep on a cluster; returns only if it cannot.
pub fn hand_over(args: &SweepArgs, file: &Path, cluster: &Cluster) -> Failure {
    let python = env::var_os(PYTHON).unwrap_or_else(|| "python3".into());
    let there = Command::new(&python).args(["-c", IS_THERE]).stderr(Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        let message = format!("{} has no truezero.ray", Path::new(&python).display());
        return Failure::hinted(message, "pip install 'truezero[ray]'");
    }
    let mut driver = Command::new(&python);
    driver.args(["-m", MODULE, "sweep"]).arg(file).arg("--out").arg(&args.out);
    if let Cluster::RayAt(address) = cluster {
        driver.args(["--address", address]);
    }
    if let Some(jobs) = args.jobs {
        driver.args(["--jobs", &jobs.to_string()]);
    }
    for (asked, option) in [(args.force, "--force"), (args.json, "--json"), (args.quiet, "--quiet")] {
        driver.args(asked.then_some(option));
    }
    Failure::io("start", Path::new(&python))(becoming(driver))
}

/// Becomes another program; returns only if it cannot.
#[cfg(unix)]
fn becoming(mut program: Command) -> io::Error {
    std::os::unix::process::CommandExt::exec(&mut program)
}

/// Where a process cannot become another program, it waits for it and ends as that did.
#[cfg(not(unix))]
fn becoming(mut program: Command) -> io::Error {
    /// Exit code of a program that ended without one.
    const ENDED: i32 = 1;
    match program.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(ENDED)),
        Err(error) => error,
    }
}

/// The results of a sweep, where they are collected. There is one at a time for a file: until it is dropped, nobody else
/// goes on with the sweep, and nothing else in this process may open the file, for closing a file gives up the locks that
/// SQLite has on it in the same process.
pub struct Sweep {
    definition: Definition,
    asked: Asked,
    places: Places,
    store: Store,
    outputs: Outputs,
}

/// What is told of a training after an epoch, or at its end.
#[derive(Serialize, Deserialize)]
struct Told {
    /// What errors are called, if that is known.
    error: Option<String>,
    trial: Trial,
    epoch: Option<EpochRecord>,
    /// Error of this epoch.
    validation_error: Option<f64>,
}

impl Sweep {
    /// Makes the results of a sweep, or goes on with them. `definition` is a file, or JSON; `drawn` says that the
    /// options are the definition's and not drawn elsewhere.
    ///
    /// # Errors
    /// A definition that cannot be, or results of another one.
    pub fn open(
        file: Option<&Path>,
        definition: &str,
        out: &Path,
        drawn: bool,
        force: bool,
    ) -> Result<Self, Failure> {
        let place = file.map_or_else(|| "sweep".to_owned(), |file| file.display().to_string());
        let faulty = |fault: &dyn std::fmt::Display| Failure::Message(format!("{place}: {fault}"));
        let definition = match file {
            Some(file) => Definition::read(file)?,
            None => Definition::from_json(definition).map_err(|fault| faulty(&fault))?,
        };
        let mut asked = Asked::new(&definition).map_err(|failure| faulty(&failure))?;
        if !drawn {
            if definition.method == Method::Grid {
                return Err(faulty(
                    &"method: expected random or halving with a search algorithm, found grid",
                ));
            }
            asked.options.fill(Table::new());
        }
        let places = Places::of(out);
        let (outputs, store) = places.open(file, &definition, &asked, force)?;
        Ok(Self { definition, asked, places, store, outputs })
    }

    /// The definition, the options of each training, how long the race is, the folder for trainings that are not done, and
    /// what tells the sweep from others, as JSON.
    ///
    /// # Errors
    /// Results that cannot be read.
    pub fn plan(&self) -> Result<String, Failure> {
        let (min_epochs, factor) = race::pace(&self.definition);
        let plan = serde_json::json!({
            "id": self.store.id()?,
            "definition": json::value(&self.definition),
            "options": self.asked.options.iter().map(json::value).collect::<Vec<Value>>(),
            "epochs": self.asked.epochs,
            "min_epochs": min_epochs,
            "factor": factor,
            "checkpoints": self.places.checkpoints,
        });
        Ok(plan.to_string())
    }

    /// The trainings that are not at their end.
    ///
    /// # Errors
    /// Results that cannot be read.
    pub fn waiting(&self) -> Result<Vec<usize>, Failure> {
        let trials = self.store.trials()?;
        Ok(trials.iter().filter(|trial| trial.state == State::Waiting).map(|trial| trial.number).collect())
    }

    /// Takes note of what was told of a training under way.
    ///
    /// # Errors
    /// Results that cannot be written.
    pub fn tell(&self, number: usize, told: &str) -> Result<(), Failure> {
        let told = self.told(number, told)?;
        self.update(&Trial { state: State::Waiting, ..told.trial })
    }

    /// Takes note of the last that was told of a training; its model is in `model`. Without one, it was given up.
    /// Returns a line about it.
    ///
    /// # Errors
    /// Files that cannot be read or written.
    pub fn finish(&self, number: usize, told: &str, model: Option<&Path>) -> Result<String, Failure> {
        let mut trial = self.told(number, told)?.trial;
        if trial.state == State::Waiting || (trial.state == State::Done && model.is_none()) {
            trial.state = State::Stopped;
        }
        if let Some(model) = model
            && is_best(&self.store, &trial)?
        {
            let mut from = File::open(model).map_err(Failure::io("read", model))?;
            files::write(&self.outputs.model, |to| io::copy(&mut from, to).map(drop))?;
        }
        self.update(&trial)?;
        Ok(report::line(&trial))
    }

    /// Takes note of a training that was begun again in vain. Returns a line about it.
    ///
    /// # Errors
    /// Results that cannot be written.
    pub fn fail(&self, number: usize, message: &str) -> Result<String, Failure> {
        let mut trial = self.store.trial(number)?;
        (trial.state, trial.message) = (State::Failed, Some(message.to_owned()));
        self.update(&trial)?;
        Ok(report::line(&trial))
    }

    fn told(&self, number: usize, told: &str) -> Result<Told, Failure> {
        let mut told: Told = serde_json::from_str(told)
            .map_err(|error| Failure::Message(format!("trial {number}: malformed result: {error}")))?;
        told.trial.number = number;
        if let Some(error) = &told.error {
            self.store.name_error(error)?;
        }
        if let Some(record) = &told.epoch {
            self.store.add_epoch(number, record, told.validation_error)?;
        }
        Ok(told)
    }

    fn update(&self, trial: &Trial) -> Result<(), Failure> {
        self.store.set_options(trial.number, &trial.options)?;
        self.store.update(trial)
    }

    /// Clears away what trainings go on from, once all are at their end; says so if all failed.
    ///
    /// # Errors
    /// A folder that cannot be removed, or that there is no result.
    pub fn close(&self) -> Result<(), Failure> {
        truezero_data::files::remove(&self.places.checkpoints)?;
        super::check_outcome(&self.store)
    }

    /// Prints the results.
    ///
    /// # Errors
    /// Results that cannot be read, or printed.
    pub fn show(&self, as_json: bool) -> Result<(), Failure> {
        report::show(&self.store, as_json, Some(&self.places.model))
    }

    /// All trainings, the best first, as JSON.
    ///
    /// # Errors
    /// Results that cannot be read.
    pub fn found(&self) -> Result<String, Failure> {
        Ok(json::value(&report::Found::of(&self.store)?).to_string())
    }
}

/// A training of a sweep, where it runs.
pub struct Training<'a> {
    /// JSON.
    pub definition: &'a str,
    /// JSON of those that vary.
    pub options: &'a str,
    /// Of the trial.
    pub number: usize,
    /// That it took before it was broken off.
    pub seconds: f64,
    /// File to go on from, and to write.
    pub checkpoint: &'a Path,
    /// File for the model of a training that is done.
    pub model: &'a Path,
}

/// What trainings in this process share.
static SHARED: LazyLock<Shared> = LazyLock::new(Shared::default);

/// Trains to the end; what is told of each epoch, and whether the training is in its checkpoint with that epoch, goes to
/// `tell`. Returns what is told of the end; if `tell` refuses an epoch, of a training that failed.
///
/// # Errors
/// Options or files that cannot be.
pub fn train(
    training: &Training<'_>,
    tell: &dyn Fn(String, bool) -> Result<(), Failure>,
) -> Result<String, Failure> {
    let malformed = |error: serde_json::Error| Failure::Message(format!("malformed options: {error}"));
    let definition = Definition::from_json(training.definition).map_err(Failure::Message)?;
    let varied: Table = serde_json::from_str(training.options).map_err(malformed)?;
    let options: Map<String, Value> = serde_json::from_str(training.options).map_err(malformed)?;
    let begun = Trial {
        number: training.number,
        options,
        state: State::Waiting,
        epochs: 0,
        best_epoch: None,
        validation_error: None,
        validation_cost: None,
        test_error: None,
        mean_sparsity: None,
        seconds: training.seconds,
        message: None,
        warnings: Vec::new(),
    };
    let args = training_of(&definition, &varied)?;
    let on_epoch = |epoch: Epoch<'_>, keep: Keep<'_>| {
        let Epoch { record, measure, trial } = epoch;
        let told = Told {
            error: Some(measure.name().to_owned()),
            trial,
            epoch: Some(record.clone()),
            validation_error: record.validation_error.map(|error| measure.convert(error)),
        };
        // Told after the checkpoint, which goes the same way: where one arrives, both do.
        let kept = keep()?;
        tell(json::value(&told).to_string(), kept)
    };
    let Came { trial, model } =
        training::run(&begun, Ok(args), usize::MAX, &SHARED, training.checkpoint, &on_epoch)?;
    if let Some(model) = model {
        model.save(training.model)?;
    }
    let told = Told { error: None, trial, epoch: None, validation_error: None };
    Ok(json::value(&told).to_string())
}
