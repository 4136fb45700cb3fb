//! What is seen of a training while it runs: a bar on a terminal, lines elsewhere.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use truezero::{BatchReport, EpochRecord};
use truezero_data::visible;

use crate::measure::Measure;
use crate::output::note;
use crate::table::percent;

/// Time between two changes of the bar's text.
pub const REFRESH: Duration = Duration::from_millis(100);

/// Shows a training and measures its pace.
pub struct Progress {
    shown: Shown,
    epochs: usize,
    measure: Measure,
    /// The validation error of the latest epoch, to be read.
    validation: String,
    started: Instant,
    refreshed: Instant,
    /// Examples seen before this call to the trainer, in an epoch that was interrupted.
    examples_before: Option<usize>,
    epoch_pace: Pace,
    pace: Pace,
}

/// Where progress is shown.
pub enum Shown {
    Bar(ProgressBar),
    Lines,
    Nothing,
}

impl Shown {
    pub fn new(quiet: bool) -> Self {
        if quiet {
            Self::Nothing
        } else if stderr().is_terminal() {
            let bar = ProgressBar::new(0);
            let style = ProgressStyle::with_template("{prefix} {bar:24} {msg}").expect("a valid template");
            bar.set_style(style);
            Self::Bar(bar)
        } else {
            Self::Lines
        }
    }

    /// Moves the bar, if there is one.
    pub fn update(&self, done: usize, of: usize, prefix: String, message: impl FnOnce() -> String) {
        if let Self::Bar(bar) = self {
            bar.set_length(of as u64);
            bar.set_position(done as u64);
            bar.set_prefix(visible(&prefix).into_owned());
            bar.set_message(visible(&message()).into_owned());
        }
    }

    /// A line above the bar.
    pub fn line(&self, line: &str) {
        match self {
            Self::Bar(bar) => bar.suspend(|| note(line)),
            Self::Lines => note(line),
            Self::Nothing => {}
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// Examples and the time they took.
#[derive(Clone, Copy, Default)]
struct Pace {
    examples: usize,
    time: Duration,
}

impl Pace {
    fn per_second(self) -> f64 {
        self.examples as f64 / self.time.as_secs_f64().max(1e-9)
    }
}

impl Progress {
    pub fn new(quiet: bool, epochs: usize, measure: Measure) -> Self {
        let now = Instant::now();
        Self {
            shown: Shown::new(quiet),
            epochs,
            measure,
            validation: String::new(),
            started: now,
            refreshed: now,
            examples_before: None,
            epoch_pace: Pace::default(),
            pace: Pace::default(),
        }
    }

    /// Before each call to the trainer; validation and saving in between do not count as training.
    pub fn start_epoch(&mut self) {
        self.started = Instant::now();
        self.examples_before = None;
        self.epoch_pace = Pace::default();
    }

    /// After each mini-batch.
    pub fn batch(&mut self, report: &BatchReport, batch_size: usize) {
        let before = *self.examples_before.get_or_insert(report.examples.saturating_sub(batch_size));
        self.epoch_pace = Pace { examples: report.examples - before, time: self.started.elapsed() };
        if report.batch == 1 || self.refreshed.elapsed() >= REFRESH {
            self.refreshed = Instant::now();
            let prefix = format!("epoch {}/{}", report.epoch, self.epochs);
            self.shown.update(report.batch, report.batches, prefix, || {
                format!(
                    "cost {:.4}{} · sparsity {} · {:.0} examples/s",
                    report.cost,
                    self.validation,
                    percent(report.sparsity),
                    self.epoch_pace.per_second()
                )
            });
        }
    }

    /// After each call to the trainer that completed an epoch.
    pub fn epoch(&mut self, record: &EpochRecord) {
        let mut line = format!("epoch {}/{}: cost {:.4}", record.epoch, self.epochs, record.cost);
        if let Some(error) = record.validation_error {
            let validation = format!("validation {} {}", self.measure.name(), self.measure.text(error));
            line += &format!(", {validation}");
            self.validation = format!(" · {validation}");
        }
        if !record.layers.is_empty() {
            line += &format!(", sparsity {}", percent(record.mean_sparsity));
        }
        line += &format!(", {:.0} examples/s", self.epoch_pace.per_second());
        self.add_pace();
        self.shown.line(&line);
    }

    /// Counts what was trained since [`start_epoch`](Self::start_epoch).
    pub fn add_pace(&mut self) {
        self.pace.examples += self.epoch_pace.examples;
        self.pace.time += self.epoch_pace.time;
        self.epoch_pace = Pace::default();
    }

    /// Does something that prints lines, above the bar if there is one.
    pub fn aside(&self, print: impl FnOnce()) {
        match &self.shown {
            Shown::Bar(bar) => bar.suspend(print),
            Shown::Lines | Shown::Nothing => print(),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.shown.finish();
    }

    /// Training examples per second of training, 0 if there were none.
    pub fn examples_per_second(&self) -> f64 {
        if self.pace.examples == 0 { 0.0 } else { self.pace.per_second() }
    }
}
