//! What a sweep found, for people and for programs.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value};
use truezero_data::Notice;
use truezero_data::files::{InputFiles, PAGE};

use super::page;
use super::store::{State, Store, Trial, rank};
use crate::args::SweepReportArgs;
use crate::failure::Failure;
use crate::table::{percent, wide};
use crate::{files, json, output};

/// Rows of a table before the rest is only counted.
const SHOWN: usize = 20;

pub fn run(args: &SweepReportArgs) -> Result<(), Failure> {
    let inputs = InputFiles::default().file("the results", &args.results);
    let output = args.html.as_ref().map(|path| files::open(path, PAGE, &inputs, args.force)).transpose()?;
    let store = Store::read(&args.results)?;
    if let Some(output) = &output {
        let page = page::html(&Found::of(&store)?);
        files::write(output, |file| file.write_all(page.as_bytes()))?;
        output::note(&format!("page in {}", output.path().display()));
    }
    show(&store, args.json, None)
}

/// Prints the results; `model` is the best one, if that is known.
pub fn show(store: &Store, as_json: bool, model: Option<&Path>) -> Result<(), Failure> {
    let found = Found::of(store)?;
    if as_json {
        return json::document(&found);
    }
    let mut text = found.text();
    if let (Some(model), Some(best)) = (model, found.trials.first()) {
        text += &format!("\nbest model, of trial {}, in {}\n", best.number, model.display());
    }
    output::print(&text)
}

/// All trials, the best first.
#[derive(Serialize)]
pub struct Found {
    /// What the errors are: `error` (a fraction) or `RMSE`.
    pub error: String,
    pub trials: Vec<Trial>,
}

impl Found {
    pub fn of(store: &Store) -> Result<Self, Failure> {
        let mut trials = store.trials()?;
        rank(&mut trials);
        Ok(Self { error: store.error_name()?.unwrap_or_else(|| "error".to_owned()), trials })
    }

    /// The names of the options that vary.
    pub fn options(&self) -> Vec<&str> {
        let names: BTreeSet<&str> =
            self.trials.iter().flat_map(|trial| trial.options.keys().map(String::as_str)).collect();
        names.into_iter().collect()
    }

    fn text(&self) -> String {
        let options = self.options();
        let errors = [format!("validation {}", self.error), format!("test {}", self.error)];
        let fixed = ["trial", "state"].map(str::to_owned).into_iter().chain(errors);
        let fixed = fixed.chain(["sparsity", "epochs", "seconds"].map(str::to_owned));
        let header: Vec<String> = fixed.chain(options.iter().map(|&name| name.to_owned())).collect();
        let error = |error: Option<f64>| match error {
            None => "–".to_owned(),
            Some(error) if self.error == "RMSE" => format!("{error:.4}"),
            Some(error) => percent(error),
        };
        let rows = self.trials.iter().take(SHOWN).map(|trial| {
            let mut row = vec![
                trial.number.to_string(),
                state(trial.state).to_owned(),
                error(trial.validation_error),
                error(trial.test_error),
                trial.mean_sparsity.map_or("–".to_owned(), percent),
                trial.epochs.to_string(),
                format!("{:.1}", trial.seconds),
            ];
            row.extend(options.iter().map(|&name| trial.options.get(name).map_or(String::new(), shown)));
            row
        });
        let mut text = wide(&header, rows);
        if self.trials.len() > SHOWN {
            text += &format!("and {} more; --json and --html have them all\n", self.trials.len() - SHOWN);
        }
        for trial in &self.trials {
            let lines = trial.message.iter().flat_map(|message| message.lines());
            for line in lines.filter(|line| !line.starts_with("hint: ")) {
                text += &format!("trial {}: {line}\n", trial.number);
            }
        }
        for (Notice { place, message, .. }, trials) in self.warnings() {
            let more = match trials.len() {
                1 => String::new(),
                count => format!(" and {} more", count - 1),
            };
            text += &format!("trial {}{more}: {place}: {message}\n", trials[0]);
        }
        text
    }

    /// Each warning once, with the trials that have it.
    fn warnings(&self) -> Vec<(&Notice, Vec<usize>)> {
        let mut warnings: Vec<(&Notice, Vec<usize>)> = Vec::new();
        for trial in &self.trials {
            for notice in &trial.warnings {
                match warnings.iter_mut().find(|(known, _)| *known == notice) {
                    Some((_, trials)) => trials.push(trial.number),
                    None => warnings.push((notice, vec![trial.number])),
                }
            }
        }
        warnings
    }
}

fn state(state: State) -> &'static str {
    match state {
        State::Waiting => "waiting",
        State::Stopped => "given up",
        State::Done => "done",
        State::Failed => "failed",
    }
}

/// A value as it would be typed.
pub fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(shown).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// A trial in a line.
pub fn line(trial: &Trial) -> String {
    let options = settings(&trial.options);
    if let (State::Failed, Some(message)) = (trial.state, &trial.message) {
        return format!(
            "trial {} failed: {} ({options})",
            trial.number,
            message.lines().next().unwrap_or_default()
        );
    }
    let error = trial.validation_error.map_or("no epoch yet".to_owned(), |error| {
        format!("validation error {error:.4} in epoch {}", trial.best_epoch.unwrap_or(0))
    });
    let sparsity = trial.mean_sparsity.map_or(String::new(), |zeros| format!(", {} zeros", percent(zeros)));
    format!("trial {}, {} epochs: {error}{sparsity} ({options})", trial.number, trial.epochs)
}

fn settings(options: &Map<String, Value>) -> String {
    options.iter().map(|(name, value)| format!("{name} {}", shown(value))).collect::<Vec<_>>().join(", ")
}
