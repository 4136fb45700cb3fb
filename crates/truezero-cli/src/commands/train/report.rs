//! What a training came to, for people and for programs.

use std::path::Path;

use serde::Serialize;
use truezero::autoencoder::PretrainingSummary;
use truezero::observe::mean_sparsity;
use truezero::{EpochRecord, Stopped, Summary};
use truezero_data::{Notice, Task};

use crate::measure::{Assessment, Measure, NamedError};
use crate::table;

/// Everything there is to tell.
pub struct Report<'a> {
    pub task: Task,
    pub measure: Measure,
    pub path: &'a Path,
    pub seed: u64,
    pub summary: &'a Summary,
    /// What happened before, if there was a pre-training in this run.
    pub pretraining: Option<&'a PretrainingSummary>,
    /// λ at the end.
    pub l1: f32,
    pub test: Option<Assessment>,
    /// Of the best epoch, where only the network's own figure would not be in the data's units.
    pub validation: Option<Assessment>,
    pub examples: [usize; 3],
    pub examples_per_second: f64,
    pub seconds: f64,
    pub warnings: Vec<Notice>,
}

#[derive(Serialize)]
struct Document<'a> {
    task: Task,
    #[serde(flatten)]
    test: NamedError<'a>,
    /// Fraction wrong or RMSE, as the test error.
    validation_error: Option<f64>,
    /// On the test examples, if there are none on the validation examples.
    sparsity: Vec<f64>,
    mean_sparsity: f64,
    epochs: usize,
    best_epoch: Option<usize>,
    stopped: Stopped,
    l1: f32,
    seed: u64,
    examples_per_second: f64,
    seconds: f64,
    model: String,
    examples: Counts,
    history: Vec<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pretraining: Option<&'a PretrainingSummary>,
    warnings: &'a [Notice],
}

#[derive(Serialize)]
struct Counts {
    train: usize,
    validation: usize,
    test: usize,
}

#[derive(Serialize)]
struct Row {
    epoch: usize,
    cost: f64,
    validation_error: Option<f64>,
    validation_cost: Option<f64>,
    sparsity: f64,
    l1: f32,
    learning_rate: f32,
}

impl Report<'_> {
    fn best(&self) -> Option<&EpochRecord> {
        self.summary.best()
    }

    /// In the units of the data.
    fn validation_error(&self) -> Option<f64> {
        let known = || self.best()?.validation_error.map(|error| self.measure.convert(error));
        self.validation.as_ref().map(|assessment| assessment.error).or_else(known)
    }

    /// What the hidden layers did on the test examples, else on those of the best epoch.
    fn layers(&self) -> &[truezero::observe::LayerObservation] {
        let test = self.test.as_ref().map(|test| &test.evaluation.layers);
        test.or_else(|| Some(&self.best()?.layers)).map_or(&[], Vec::as_slice)
    }

    pub fn json(&self) -> impl Serialize {
        let [train, validation, test] = self.examples;
        Document {
            task: self.task,
            test: NamedError { prefix: "test_", assessment: self.test.as_ref(), task: self.task },
            validation_error: self.validation_error(),
            sparsity: self.layers().iter().map(|layer| layer.sparsity).collect(),
            mean_sparsity: mean_sparsity(self.layers()),
            epochs: self.summary.history.len(),
            best_epoch: self.summary.best_epoch,
            stopped: self.summary.stopped,
            l1: self.l1,
            seed: self.seed,
            examples_per_second: self.examples_per_second,
            seconds: self.seconds,
            model: self.path.display().to_string(),
            examples: Counts { train, validation, test },
            history: self.summary.history.iter().map(|record| self.row(record)).collect(),
            pretraining: self.pretraining,
            warnings: &self.warnings,
        }
    }

    fn row(&self, record: &EpochRecord) -> Row {
        Row {
            epoch: record.epoch,
            cost: record.cost,
            validation_error: record.validation_error.map(|error| self.measure.convert(error)),
            validation_cost: record.validation_cost,
            sparsity: record.mean_sparsity,
            l1: record.l1,
            learning_rate: record.learning_rate,
        }
    }

    pub fn text(&self) -> String {
        let mut text = table::layers(self.layers());
        if !text.is_empty() {
            text += "\n";
        }
        if let Some(test) = &self.test {
            text += &format!("test {} {}", self.measure.name(), self.measure.exact(test.error));
            if test.task == Task::Classify {
                let wrong = (test.error * test.examples as f64).round();
                text += &format!(" ({wrong} of {})", test.examples);
            }
            text += "\n";
        }
        let epochs = self.summary.history.len();
        text += &format!("model {}", self.path.display());
        if let Some(best) = self.summary.best_epoch {
            text += &format!(", from epoch {best} of {epochs}");
            if let Some(error) = self.validation_error() {
                text += &format!(", validation {} {}", self.measure.name(), self.measure.exact(error));
            }
        }
        text += &format!("\n{:.1} s, {:.0} examples/s\n", self.seconds, self.examples_per_second);
        text
    }

    /// That the training was interrupted, and what of it is there; `checkpoint` is the file to go on from.
    pub fn remark(&self, checkpoint: Option<&Path>) -> String {
        let saved =
            format!("interrupted after {} epochs; saved {}", self.summary.history.len(), self.path.display());
        match checkpoint {
            Some(checkpoint) => format!(
                "{saved} and {}\nhint: the same command with --resume goes on from there",
                checkpoint.display()
            ),
            None => saved,
        }
    }
}
