//! `truezero evaluate`: how well a model does.

use std::time::Instant;

use serde::Serialize;
use truezero::observe::mean_sparsity;
use truezero::{Evaluator, Examples, Model, argmax};
use truezero_data::stream::{Prepared, Stream};
use truezero_data::{Dataset, Notice, Notices, SourceSpec, Targets, Task};
use truezero_sparse::{DenseBatch, Engine};

use super::using::{self, TargetOf};
use crate::args::{EvaluateArgs, threads};
use crate::failure::Failure;
use crate::json;
use crate::measure::{Assessment, Assessor, Measure, NamedError};
use crate::output::{self, Warnings};
use crate::progress::Shown;
use crate::table::{self, table};

/// A confusion matrix of more classes would not fit a screen; JSON has it whole.
const MAX_SHOWN: usize = 20;

#[derive(Serialize)]
struct Document<'a> {
    task: Task,
    #[serde(flatten)]
    error: NamedError<'a>,
    cost: f64,
    examples: usize,
    sparsity: Vec<f64>,
    mean_sparsity: f64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    outputs: Vec<OutputReport>,
    /// One row per true class: how many of its examples were taken for each class.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    confusion: Vec<Vec<usize>>,
    warnings: Vec<Notice>,
}

/// A class, a label or a quantity.
#[derive(Serialize)]
struct OutputReport {
    name: String,
    /// Examples of the class, or that have the label.
    #[serde(skip_serializing_if = "Option::is_none")]
    examples: Option<usize>,
    /// Examples of the class that were taken for another, or whose label is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    wrong: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rmse: Option<f64>,
}

/// Most examples of a stream that are in memory together, three times.
const WINDOW: usize = 4 * Evaluator::BATCH;

pub fn run(args: &EvaluateArgs) -> Result<(), Failure> {
    let warnings = Warnings::default();
    let model = Model::load(&args.on.model)?;
    let mut engine = Engine::new(threads(args.on.reading.threads));
    let mut seen = Seen::default();
    if args.stream {
        by_windows(args, &model, warnings.notices(), |data| seen.see(&model, &mut engine, data))?;
    } else {
        let target = target(args, &model);
        let raw = using::read(&model, &args.on.data, &args.on.reading, target, warnings.notices())?;
        let prepared = model.preprocessing.dataset(raw, warnings.notices());
        seen.see(&model, &mut engine, &prepared.map_err(|error| error.of(&args.on.data))?);
    }
    let assessment = seen.assessor.finish(&model.preprocessing);
    let outputs = seen.counts.outputs(&model, &assessment);
    let confusion = seen.counts.confusion;
    if args.json {
        let layers = &assessment.evaluation.layers;
        return json::document(&Document {
            task: assessment.task,
            error: NamedError { prefix: "", assessment: Some(&assessment), task: assessment.task },
            cost: assessment.evaluation.cost,
            examples: assessment.examples,
            sparsity: layers.iter().map(|layer| layer.sparsity).collect(),
            mean_sparsity: mean_sparsity(layers),
            outputs,
            confusion,
            warnings: warnings.all(),
        });
    }
    let measure = Measure::of(&model.preprocessing);
    let tables = [
        table::layers(&assessment.evaluation.layers),
        outputs_table(&outputs, assessment.task),
        confusion_table(&outputs, &confusion),
    ];
    let mut text = String::new();
    for table in tables.iter().filter(|table| !table.is_empty()) {
        text += &format!("{table}\n");
    }
    text += &format!("{} {}", measure.name(), measure.exact(assessment.error));
    text += &format!(", cost {:.4}, {} examples\n", assessment.evaluation.cost, assessment.examples);
    output::print(&text)
}

fn target(args: &EvaluateArgs, model: &Model) -> TargetOf {
    TargetOf { column: args.target.clone().or_else(|| model.trained_target()), labels: args.labels.clone() }
}

/// Shows the examples of a stream to `see`, some at a time.
fn by_windows(
    args: &EvaluateArgs,
    model: &Model,
    notices: &Notices,
    mut see: impl FnMut(&Dataset),
) -> Result<(), Failure> {
    let target = target(args, model);
    let spec = using::reading_spec(model, &args.on.data, &args.on.reading, notices);
    let stream = Stream::open(&SourceSpec { target: target.column, labels: target.labels, ..spec })?;
    let prepared = Prepared::new(stream, model.preprocessing.clone(), Vec::new(), notices.clone());
    let (shown, began) = (Shown::new(args.json), Instant::now());
    let (mut seen, all) = (0, prepared.examples());
    for window in prepared.windows(WINDOW) {
        let window = window?;
        see(&window);
        seen += window.examples();
        let pace = || format!("{:.0} examples/s", seen as f64 / began.elapsed().as_secs_f64());
        shown.update(seen, all, "examples".into(), || format!("{seen} of {all}, {}", pace()));
    }
    shown.finish();
    Ok(())
}

/// What is known of the examples so far.
#[derive(Default)]
struct Seen {
    assessor: Assessor,
    counts: Counts,
}

impl Seen {
    fn see(&mut self, model: &Model, engine: &mut Engine, data: &Dataset) {
        let rows: Vec<usize> = (0..data.examples()).collect();
        self.assessor.see(&model.network, &model.preprocessing, engine, Examples { data, rows: &rows });
        self.counts.add(&data.targets, &model.network.predict(engine, &data.inputs));
    }
}

/// Examples by what they are and what they were taken for.
#[derive(Default)]
struct Counts {
    /// For each true class, how many of its examples were taken for each class; empty for another task.
    confusion: Vec<Vec<usize>>,
    /// For each label, how many examples have it, and for how many it is wrong; empty for another task.
    labels: Vec<(usize, usize)>,
}

impl Counts {
    fn add(&mut self, targets: &Targets, predictions: &DenseBatch) {
        match targets {
            Targets::Classes { labels, classes } => {
                self.confusion.resize_with(*classes, || vec![0; *classes]);
                for (example, &label) in labels.iter().enumerate() {
                    self.confusion[label as usize][argmax(predictions.row(example))] += 1;
                }
            }
            Targets::Labels(labels) => {
                self.labels.resize(labels.width(), (0, 0));
                for example in 0..labels.examples() {
                    let pairs = labels.row(example).iter().zip(predictions.row(example));
                    for ((count, wrong), (&label, &prediction)) in self.labels.iter_mut().zip(pairs) {
                        *count += usize::from(label > 0.5);
                        *wrong += usize::from((label > 0.5) != (prediction > 0.5));
                    }
                }
            }
            Targets::Quantities(_) => {}
        }
    }

    fn outputs(&self, model: &Model, assessment: &Assessment) -> Vec<OutputReport> {
        let report = |(at, name): (usize, String)| {
            let (examples, wrong, rmse) = match assessment.task {
                Task::Classify => {
                    let taken = &self.confusion[at];
                    let examples: usize = taken.iter().sum();
                    (Some(examples), Some(examples - taken[at]), None)
                }
                Task::Multilabel => {
                    let (examples, wrong) = self.labels[at];
                    (Some(examples), Some(wrong), None)
                }
                Task::Regress => (None, None, Some(*assessment.each.get(at).unwrap_or(&assessment.error))),
            };
            OutputReport { name, examples, wrong, rmse }
        };
        model.output_names().into_iter().enumerate().map(report).collect()
    }
}

fn outputs_table(outputs: &[OutputReport], task: Task) -> String {
    if task == Task::Regress && outputs.len() == 1 {
        return String::new(); // the error of all is the error of the one
    }
    if task == Task::Regress {
        let rmse = |output: &OutputReport| format!("{:.4}", output.rmse.unwrap_or_default());
        return table(["quantity", "RMSE"], outputs.iter().map(|output| [output.name.clone(), rmse(output)]));
    }
    let rows = outputs.iter().map(|output| {
        let (examples, wrong) = (output.examples.unwrap_or(0), output.wrong.unwrap_or(0));
        [output.name.clone(), examples.to_string(), wrong.to_string()]
    });
    let kind = if task == Task::Multilabel { "label" } else { "class" };
    table([kind, "examples", "wrong"], rows)
}

fn confusion_table(outputs: &[OutputReport], confusion: &[Vec<usize>]) -> String {
    if confusion.is_empty() || confusion.len() > MAX_SHOWN {
        return String::new();
    }
    let names = outputs.iter().map(|output| output.name.clone());
    let header: Vec<String> = std::iter::once("true ╲ taken for".to_owned()).chain(names.clone()).collect();
    let rows = names.zip(confusion).map(|(name, counts)| {
        let count = |&count: &usize| if count == 0 { "·".to_owned() } else { count.to_string() };
        std::iter::once(name).chain(counts.iter().map(count)).collect()
    });
    table::wide(&header, rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confusion_counts_true_classes_in_rows() {
        let mut counts = Counts::default();
        for (label, row) in [(0, [0.9, 0.1]), (1, [0.8, 0.2]), (1, [0.3, 0.7])] {
            let targets = Targets::Classes { labels: vec![label], classes: 2 };
            counts.add(&targets, &DenseBatch::from_rows(2, &row));
        }
        assert_eq!(counts.confusion, [[1, 0], [1, 1]]);
    }
}
