//! The paper, whole: every table, figure and claim of Glorot, Bordes & Bengio, "Deep Sparse Rectifier
//! Neural Networks" (AISTATS 2011), measured again and written into one report.
//!
//! ```text
//! names, settings ─▶ run ─▶ experiment ─▶ runner: specs ─▶ trained networks (kept in OUT/networks)
//!                     │          └─▶ Outcome: tables, plots, what was found
//!                     └─▶ OUT/results.json and OUT/report.html after each experiment
//! ```

#![forbid(unsafe_code)]

pub mod data;
mod error;
mod experiments;
mod files;
mod name;
mod number;
pub mod published;
pub mod report;
pub mod result;
pub mod runner;
pub mod significance;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub use error::Error;
pub use name::Name;
use result::{Outcome, Results};
use runner::Runner;
use truezero_data::DataError;
use truezero_data::files::{InputFiles, Kind, Output, PAGE};

/// The file of results in the folder of a run.
pub const RESULTS: &str = "results.json";
/// The file that shows them, beside it.
pub const REPORT: &str = "report.html";

/// How and with what the experiments are done.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// A folder with data sets; what comes with truezero if `None`.
    pub data: Option<PathBuf>,
    /// The folder for results and trained networks; made if it is not there.
    pub out: PathBuf,
    /// How much is trained.
    pub scale: Scale,
    /// Where less than that is wanted.
    pub limits: Limits,
    /// Networks that are trained at the same time, one thread each; results do not depend on it.
    pub threads: usize,
    /// The first of the seeds of all networks.
    pub seed: u64,
}

/// Upper limits of what is trained, below those of the scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Epochs of a network, and of the pre-training of a layer. The search for a rate takes a fifth of it.
    pub epochs: Option<usize>,
    /// Networks that differ in nothing but their seed.
    pub seeds: Option<usize>,
    /// Networks of figure 3.
    pub networks: Option<usize>,
}

/// The lower of an amount and its limit, at least one.
fn limited(amount: usize, limit: Option<usize>) -> usize {
    limit.map_or(amount, |limit| amount.min(limit.max(1)))
}

/// How much is trained. Each experiment has one table of what that means for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// A second or two for each experiment, for tests: its figures mean little.
    Tiny,
    /// All experiments in ten minutes on two cores.
    Quick,
    /// As in the paper, as far as data and hours allow.
    Full,
}

impl Scale {
    /// What belongs to the scale.
    pub fn choose<T>(self, tiny: T, quick: T, full: T) -> T {
        match self {
            Self::Tiny => tiny,
            Self::Quick => quick,
            Self::Full => full,
        }
    }
}

/// Watches a run, from several threads at once, and may stop it.
pub trait Progress: Sync {
    /// An experiment begins.
    fn experiment(&self, name: Name);

    /// Of the networks that the experiment trains next, `done` of `of` are done; `line` says how the latest
    /// of them turned out.
    fn network(&self, name: Name, done: usize, of: usize, line: &str);

    /// Whether to stop now. Networks in training are put by and taken up again in a later run.
    fn stop(&self) -> bool;
}

/// Runs the named experiments, in the order of the paper; all, if none is named. After each the results and
/// the report are written to `settings.out`, together with those of other experiments that are already there.
///
/// # Errors
/// Data that cannot be read, a folder that cannot be written to, results of another version; or
/// [`Error::Stopped`].
pub fn run(names: &[Name], settings: &Settings, progress: &dyn Progress) -> Result<Results, Error> {
    if let Some(folder) = settings.data.as_deref().filter(|folder| !folder.is_dir()) {
        return Err(Error::Data(DataError::Unavailable {
            name: folder.display().to_string(),
            reason: "no such folder".to_owned(),
            hint: "name a folder that holds data sets, or folders of them".to_owned(),
        }));
    }
    fs::create_dir_all(&settings.out).map_err(Error::io("create", &settings.out))?;
    let file = settings.out.join(RESULTS);
    let mut results = read(&file)?;
    // What is there was read: it is ours, and so is the report beside it.
    let (known, inputs) = (file.exists(), settings.inputs());
    let open = |path: &Path, kind| {
        Output::open(path, kind, &inputs, known)
            .map_err(|error| error.with_hint("name another folder with --out"))
    };
    let (output, page) = (open(&file, DOCUMENT)?, open(&settings.out.join(REPORT), PAGE)?);
    let command = settings.command(names);
    let named = |name: &Name| names.is_empty() || names.contains(name);
    for (name, experiment) in experiments::ALL.iter().filter(|(name, _)| named(name)) {
        progress.experiment(*name);
        let started = Instant::now();
        let runner = Runner::new(settings, *name, progress);
        let outcome = Outcome { name: name.to_string(), ..experiment(&runner)? };
        let (command, seconds) = (command.clone(), started.elapsed().as_secs_f64());
        put(&mut results, Outcome { command, seconds, ..outcome });
        files::write_json(&output, &results)?;
        files::write(&page, report::html(&results).as_bytes())?;
    }
    Ok(results)
}

/// The results of earlier runs, or none.
fn read(file: &Path) -> Result<Results, Error> {
    if !file.exists() {
        return Ok(Results { version: result::VERSION, experiments: Vec::new() });
    }
    let malformed = |place: &str, expected: &str, found: String| Error::File {
        path: file.to_owned(),
        place: place.to_owned(),
        expected: expected.to_owned(),
        found,
    };
    let text = fs::read(file).map_err(Error::io("read", file))?;
    let document: serde_json::Value =
        serde_json::from_slice(&text).map_err(|error| malformed("document", "JSON", error.to_string()))?;
    let version = &document["version"];
    if *version != result::VERSION {
        let found = format!("{version}\nhint: name another folder with --out");
        return Err(malformed("version", &result::VERSION.to_string(), found));
    }
    serde_json::from_value(document)
        .map_err(|error| malformed("document", "results of truezero paper", error.to_string()))
}

/// Puts an outcome in its place in the order of the paper, instead of an earlier one.
fn put(results: &mut Results, outcome: Outcome) {
    results.experiments.retain(|other| other.name != outcome.name);
    results.experiments.push(outcome);
    results.experiments.sort_by_key(|outcome| outcome.name.parse::<Name>().ok());
}

/// What [`RESULTS`] names.
const DOCUMENT: Kind<'static> = Kind { name: "a file of results of truezero paper", is: &|_| false };

impl Settings {
    /// What is read.
    fn inputs(&self) -> InputFiles {
        let folder = self.data.as_ref().map(|folder| folder.display().to_string());
        folder.map_or_else(InputFiles::default, |folder| InputFiles::default().data("the data", &folder))
    }

    /// The command that does this, as it is typed.
    pub fn command(&self, names: &[Name]) -> String {
        let mut words = vec!["truezero paper".to_owned()];
        words.extend(names.iter().map(ToString::to_string));
        if let Some(data) = &self.data {
            words.push(format!("--data {}", data.display()));
        }
        words.push(format!("--out {}", self.out.display()));
        if self.scale != Scale::Full {
            words.push("--quick".to_owned());
        }
        let Limits { epochs, seeds, networks } = self.limits;
        for (name, limit) in [("epochs", epochs), ("seeds", seeds), ("networks", networks)] {
            words.extend(limit.map(|limit| format!("--{name} {limit}")));
        }
        words.push(format!("--seed {}", self.seed));
        words.join(" ")
    }
}

#[cfg(test)]
mod testing;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Silent;

    #[test]
    fn outcomes_stand_in_the_order_of_the_paper_and_replace_earlier_ones() {
        let outcome = |name: Name, finding: &str| Outcome {
            name: name.to_string(),
            finding: finding.to_owned(),
            ..Outcome::default()
        };
        let mut results = Results { version: 1, experiments: Vec::new() };
        put(&mut results, outcome(Name::Figure4, "a"));
        put(&mut results, outcome(Name::Table1, "b"));
        put(&mut results, outcome(Name::Figure4, "c"));
        let found: Vec<_> =
            results.experiments.iter().map(|o| (o.name.as_str(), o.finding.as_str())).collect();
        assert_eq!(found, [("table1", "b"), ("figure4", "c")]);
    }

    #[test]
    fn results_of_another_version_are_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let settings = crate::testing::tiny(folder.path());
        for (text, complaint) in [
            ("{\"version\": 99}", "results.json: version: expected 1, found 99\nhint: name another"),
            ("{", "results.json: document: expected JSON"),
            ("{\"version\": 1}", "results.json: document: expected results of truezero paper"),
        ] {
            fs::write(folder.path().join(RESULTS), text).unwrap();
            let error = run(&[Name::Table1], &settings, &Silent).unwrap_err().to_string();
            assert!(error.contains(complaint), "{error}");
            assert_eq!(fs::read_to_string(folder.path().join(RESULTS)).unwrap(), text);
        }
    }

    #[test]
    fn the_command_can_be_typed_again() {
        let settings = Settings {
            data: Some("sets".into()),
            out: "paper".into(),
            scale: Scale::Quick,
            limits: Limits { seeds: Some(1), ..Limits::default() },
            threads: 2,
            seed: 3,
        };
        let command = settings.command(&[Name::Table1, Name::Figure3]);
        assert_eq!(
            command,
            "truezero paper table1 figure3 --data sets --out paper --quick --seeds 1 --seed 3"
        );
    }
}
