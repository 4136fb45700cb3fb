//! `truezero predict`: labels or quantities for raw data.

use std::io::{self, Write};

use serde::Serialize;
use truezero::{Model, argmax};
use truezero_data::Task;
use truezero_sparse::{DenseBatch, Engine};

use super::using::{self, TargetOf};
use crate::args::{PredictArgs, threads};
use crate::failure::Failure;
use crate::{files, json, output};

/// Several labels of an example are separated by this.
const SEPARATOR: &str = ";";

/// What a network makes of some examples.
struct Predictions {
    task: Task,
    /// Of the outputs.
    names: Vec<String>,
    /// Examples × outputs: probabilities, or quantities in the units of the data.
    values: DenseBatch,
}

#[derive(Serialize)]
struct Document<'a> {
    task: Task,
    names: &'a [String],
    examples: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    predictions: Option<Vec<Prediction<'a>>>,
}

/// The prediction for an example.
#[derive(Serialize)]
#[serde(untagged)]
enum Prediction<'a> {
    Class { label: &'a str, probabilities: &'a [f32] },
    Labels { labels: Vec<&'a str>, probabilities: &'a [f32] },
    Quantities { quantities: &'a [f32] },
}

pub fn run(args: &PredictArgs) -> Result<(), Failure> {
    let model = Model::load(&args.on.model)?;
    if let Some(out) = &args.out {
        files::check(out)?;
    }
    let raw = using::read(&model, &args.on.data, &args.on.reading, TargetOf::default())?;
    let inputs = model.preprocessing.inputs(raw.features)?;
    let mut engine = Engine::new(threads(args.on.reading.threads));
    let values = model.preprocessing.quantities(&model.network.predict(&mut engine, &inputs));
    let predictions =
        Predictions { task: model.preprocessing.task(), names: using::output_names(&model), values };
    if let Some(out) = &args.out {
        files::write(out, |file| predictions.write_csv(file))?;
    }
    match (&args.out, args.json) {
        (out, true) => {
            json::document(&predictions.document(out.as_ref().map(|out| out.display().to_string())))
        }
        (None, false) => output::stream(|out| predictions.write_csv(out)),
        (Some(out), false) => {
            output::print(&format!("{} predictions in {}\n", predictions.values.examples(), out.display()))
        }
    }
}

impl Predictions {
    fn of(&self, example: usize) -> Prediction<'_> {
        let values = self.values.row(example);
        match self.task {
            Task::Classify => Prediction::Class { label: &self.names[argmax(values)], probabilities: values },
            Task::Multilabel => {
                let has = self.names.iter().zip(values).filter(|(_, probability)| **probability > 0.5);
                Prediction::Labels {
                    labels: has.map(|(name, _)| name.as_str()).collect(),
                    probabilities: values,
                }
            }
            Task::Regress => Prediction::Quantities { quantities: values },
        }
    }

    /// With the predictions themselves, unless they are in a file.
    fn document(&self, out: Option<String>) -> Document<'_> {
        let examples = self.values.examples();
        let predictions = out.is_none().then(|| (0..examples).map(|example| self.of(example)).collect());
        Document { task: self.task, names: &self.names, examples, out, predictions }
    }

    fn write_csv(&self, out: &mut dyn Write) -> io::Result<()> {
        self.csv(out).map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(error) => error,
            other => io::Error::other(format!("{other:?}")),
        })
    }

    fn csv(&self, out: &mut dyn Write) -> csv::Result<()> {
        let mut csv = csv::Writer::from_writer(out);
        let probabilities = self.names.iter().map(|name| format!("probability_{name}"));
        let header: Vec<String> = match self.task {
            Task::Classify => std::iter::once("label".to_owned()).chain(probabilities).collect(),
            Task::Multilabel => std::iter::once("labels".to_owned()).chain(probabilities).collect(),
            Task::Regress => self.names.clone(),
        };
        csv.write_record(header)?;
        for example in 0..self.values.examples() {
            let values = self.values.row(example).iter().map(ToString::to_string);
            let label = match self.of(example) {
                Prediction::Class { label, .. } => Some(label.to_owned()),
                Prediction::Labels { labels, .. } => Some(labels.join(SEPARATOR)),
                Prediction::Quantities { .. } => None,
            };
            csv.write_record(label.into_iter().chain(values))?;
        }
        Ok(csv.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(task: Task, names: &[&str], values: &[f32]) -> String {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let values = DenseBatch::from_rows(names.len(), values);
        let mut text = Vec::new();
        Predictions { task, names, values }.write_csv(&mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn each_task_has_its_columns() {
        let text = csv(Task::Classify, &["a", "b, c"], &[0.25, 0.75]);
        assert_eq!(text, "label,probability_a,\"probability_b, c\"\n\"b, c\",0.25,0.75\n");
        let text = csv(Task::Multilabel, &["x", "y"], &[0.75, 0.625, 0.5, 0.0]);
        assert_eq!(text, "labels,probability_x,probability_y\nx;y,0.75,0.625\n,0.5,0\n");
        assert_eq!(csv(Task::Regress, &["stars"], &[4.5, -1.0]), "stars\n4.5\n-1\n");
    }
}
