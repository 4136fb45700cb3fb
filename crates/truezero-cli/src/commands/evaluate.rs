//! `truezero evaluate`: how well a model does.

use serde::Serialize;
use truezero::observe::mean_sparsity;
use truezero::{Examples, Model, argmax};
use truezero_data::{Dataset, Targets, Task};
use truezero_sparse::{DenseBatch, Engine};

use super::using::{self, TargetOf};
use crate::args::{EvaluateArgs, threads};
use crate::failure::Failure;
use crate::measure::{Assessment, Measure, NamedError};
use crate::table::{self, table};
use crate::{json, output};

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

pub fn run(args: &EvaluateArgs) -> Result<(), Failure> {
    let model = Model::load(&args.on.model)?;
    let column = args.target.clone().or_else(|| model.trained_target());
    let target = TargetOf { column, labels: args.labels.clone() };
    let raw = using::read(&model, &args.on.data, &args.on.reading, target)?;
    let data = model.preprocessing.dataset(raw)?;
    let mut engine = Engine::new(threads(args.on.reading.threads));
    let rows: Vec<usize> = (0..data.examples()).collect();
    let examples = Examples { data: &data, rows: &rows };
    let assessment = Assessment::new(&model.network, &model.preprocessing, &mut engine, examples);
    let predictions = model.network.predict(&mut engine, &data.inputs);
    let confusion = confusion(&data, &predictions);
    let outputs = outputs(&model, &data, &predictions, &confusion, &assessment);
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

/// For each true class, how many examples were taken for each class; empty for another task.
fn confusion(data: &Dataset, predictions: &DenseBatch) -> Vec<Vec<usize>> {
    let Targets::Classes { labels, classes } = &data.targets else { return Vec::new() };
    let mut counts = vec![vec![0; *classes]; *classes];
    for (example, &label) in labels.iter().enumerate() {
        counts[label as usize][argmax(predictions.row(example))] += 1;
    }
    counts
}

fn outputs(
    model: &Model,
    data: &Dataset,
    predictions: &DenseBatch,
    confusion: &[Vec<usize>],
    assessment: &Assessment,
) -> Vec<OutputReport> {
    let report = |(at, name): (usize, String)| {
        let (examples, wrong, rmse) = match &data.targets {
            Targets::Classes { .. } => {
                let examples: usize = confusion[at].iter().sum();
                (Some(examples), Some(examples - confusion[at][at]), None)
            }
            Targets::Labels(labels) => {
                let has = |row: usize| labels.row(row)[at] > 0.5;
                let wrong = |&row: &usize| has(row) != (predictions.row(row)[at] > 0.5);
                let rows = 0..labels.examples();
                (Some(rows.clone().filter(|&row| has(row)).count()), Some(rows.filter(wrong).count()), None)
            }
            Targets::Quantities(_) => {
                (None, None, Some(*assessment.each.get(at).unwrap_or(&assessment.error)))
            }
        };
        OutputReport { name, examples, wrong, rmse }
    };
    model.output_names().into_iter().enumerate().map(report).collect()
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
    use truezero_sparse::Batch;

    #[test]
    fn confusion_counts_true_classes_in_rows() {
        let targets = Targets::Classes { labels: vec![0, 1, 1], classes: 2 };
        let inputs = Batch::Dense(DenseBatch::zeros(3, 1));
        let data = Dataset { inputs, targets, weights: None };
        let predictions = DenseBatch::from_rows(2, &[0.9, 0.1, 0.8, 0.2, 0.3, 0.7]);
        assert_eq!(confusion(&data, &predictions), [[1, 0], [1, 1]]);
    }
}
