//! `truezero predict`: labels or quantities for raw data.

use std::io::{self, Write};

use serde::Serialize;
use truezero::{Model, Prediction, Predictions};
use truezero_data::files::{InputFiles, Kind};
use truezero_data::formats::save_parquet::Written;
use truezero_data::{Notice, Raw, Task};
use truezero_sparse::{DenseBatch, Engine};

use super::Ended;
use super::by_parts::{self, Writing};
use super::using::{self, TargetOf};
use crate::args::{PredictArgs, threads};
use crate::failure::Failure;
use crate::output::{self, Warnings};
use crate::{files, json};

/// What tables of predictions begin with, if there is a label in them.
const LABELLED: [&[u8]; 2] = [b"label,probability_", b"labels,probability_"];
/// The first column, where each example is a file of its own.
const FILE: &[u8] = b"file,";

#[derive(Serialize)]
struct Document<'a> {
    task: Task,
    names: &'a [String],
    examples: usize,
    /// Of each example, where each is a file of its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    predictions: Option<Vec<Prediction<'a>>>,
    warnings: Vec<Notice>,
}

pub fn run(args: &PredictArgs) -> Result<Ended, Failure> {
    let warnings = Warnings::default();
    let model = Model::load(&args.on.model)?;
    if args.stream {
        return by_parts(args, &model, &warnings);
    }
    let mut header = Vec::new();
    write_csv(&model.predictions(DenseBatch::default()), &[], &mut header).expect("a line in memory");
    let table = Kind {
        name: "a table of predictions",
        is: &|beginning| {
            // Predictions for images begin with the names of their files.
            let beginning = beginning.strip_prefix(FILE).unwrap_or(beginning);
            beginning.starts_with(&header) || LABELLED.iter().any(|label| beginning.starts_with(label))
        },
    };
    let inputs = InputFiles::default().file("the model", &args.on.model).data("the data", &args.on.data);
    let opened = args.out.as_ref().map(|out| files::open(out, table, &inputs, args.force)).transpose()?;
    let reading = &args.on.reading;
    let (raw, names) =
        using::read_named(&model, &args.on.data, reading, TargetOf::default(), warnings.notices())?;
    let names: Vec<String> = names.iter().map(|path| path.display().to_string()).collect();
    let mut engine = Engine::new(threads(args.on.reading.threads));
    let predictions = predict(&model, &mut engine, raw, &args.on.data, &warnings)?;
    if let Some(output) = &opened {
        files::write(output, |file| write_csv(&predictions, &names, file))?;
    }
    match (&args.out, args.json) {
        (out, true) => json::document(&document(
            &predictions,
            names,
            out.as_ref().map(|out| out.display().to_string()),
            &warnings,
        )),
        (None, false) => output::stream(|out| write_csv(&predictions, &names, out)),
        (Some(out), false) => {
            output::print(&format!("{} predictions in {}\n", predictions.values.examples(), out.display()))
        }
    }?;
    Ok(Ended::Complete)
}

fn predict(
    model: &Model,
    engine: &mut Engine,
    raw: Raw,
    data: &str,
    warnings: &Warnings,
) -> Result<Predictions, Failure> {
    let inputs = model.preprocessing.inputs(raw.features, warnings.notices());
    let inputs = inputs.map_err(|error| error.of(data))?;
    let values = model.preprocessing.quantities(&model.network.predict(engine, &inputs));
    Ok(model.predictions(values))
}

fn by_parts(args: &PredictArgs, model: &Model, warnings: &Warnings) -> Result<Ended, Failure> {
    let Some(out) = &args.out else { unreachable!("--stream requires --out") };
    let spec = using::reading_spec(model, &args.on.data, &args.on.reading, warnings.notices());
    let mut engine = Engine::new(threads(args.on.reading.threads));
    let what = "predict".to_owned();
    let writing = Writing { out, force: args.force, quiet: args.json };
    let done = by_parts::write(what, &args.on.model, &spec, writing, |raw, save| {
        save(columns(&predict(model, &mut engine, raw, &args.on.data, warnings)?))
    })?;
    let Some(done) = done else { return Ok(Ended::BrokenOff) };
    if args.json {
        json::document(&done)?;
    } else {
        let by_parts::Done { examples, parts, out, .. } = &done;
        output::print(&format!("{examples} predictions in {parts} files in {out}\n"))?;
    }
    Ok(Ended::Complete)
}

/// The columns of the CSV.
fn columns(predictions: &Predictions) -> Vec<(String, Written<'static>)> {
    let examples = predictions.values.examples();
    let mut columns = Vec::new();
    let labels: Option<Vec<String>> = (0..examples).map(|example| predictions.of(example).label()).collect();
    let header = header(predictions);
    let mut names = header.into_iter();
    if predictions.task != Task::Regress
        && let (Some(labels), Some(name)) = (labels, names.next())
    {
        columns.push((name, Written::Words(labels)));
    }
    for (output, name) in names.enumerate() {
        let numbers = (0..examples).map(|example| predictions.values.row(example)[output]).collect();
        columns.push((name, Written::Numbers(numbers)));
    }
    columns
}

fn header(Predictions { task, names, .. }: &Predictions) -> Vec<String> {
    let probabilities = names.iter().map(|name| format!("probability_{name}"));
    match task {
        Task::Classify => std::iter::once("label".to_owned()).chain(probabilities).collect(),
        Task::Multilabel => std::iter::once("labels".to_owned()).chain(probabilities).collect(),
        Task::Regress => names.clone(),
    }
}

/// With the predictions themselves, unless they are in a file.
fn document<'a>(
    predictions: &'a Predictions,
    files: Vec<String>,
    out: Option<String>,
    warnings: &Warnings,
) -> Document<'a> {
    let Predictions { task, names, values } = predictions;
    let examples = values.examples();
    let each = out.is_none().then(|| (0..examples).map(|example| predictions.of(example)).collect());
    Document { task: *task, names, examples, files, out, predictions: each, warnings: warnings.all() }
}

/// With the file of each example before its predictions, where each is a file of its own.
fn write_csv(predictions: &Predictions, files: &[String], out: &mut dyn Write) -> io::Result<()> {
    csv(predictions, files, out).map_err(|error| match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    })
}

fn csv(predictions: &Predictions, files: &[String], out: &mut dyn Write) -> csv::Result<()> {
    let values = &predictions.values;
    let mut csv = csv::Writer::from_writer(out);
    let file = (!files.is_empty()).then(|| "file".to_owned());
    csv.write_record(file.into_iter().chain(header(predictions)))?;
    for example in 0..values.examples() {
        let row = values.row(example).iter().map(ToString::to_string);
        let file = files.get(example).cloned();
        csv.write_record(file.into_iter().chain(predictions.of(example).label()).chain(row))?;
    }
    Ok(csv.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(task: Task, names: &[&str], values: &[f32], files: &[&str]) -> String {
        let files: Vec<String> = files.iter().map(ToString::to_string).collect();
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let values = DenseBatch::from_rows(names.len(), values);
        let mut text = Vec::new();
        write_csv(&Predictions { task, names, values }, &files, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn each_task_has_its_columns() {
        let text = csv(Task::Classify, &["a", "b, c"], &[0.25, 0.75], &[]);
        assert_eq!(text, "label,probability_a,\"probability_b, c\"\n\"b, c\",0.25,0.75\n");
        let text = csv(Task::Multilabel, &["x", "y"], &[0.75, 0.625, 0.5, 0.0], &[]);
        assert_eq!(text, "labels,probability_x,probability_y\nx;y,0.75,0.625\n,0.5,0\n");
        assert_eq!(csv(Task::Regress, &["stars"], &[4.5, -1.0], &[]), "stars\n4.5\n-1\n");
        let text = csv(Task::Classify, &["a", "b"], &[0.25, 0.75, 1.0, 0.0], &["p/0.png", "p/1.png"]);
        assert_eq!(text, "file,label,probability_a,probability_b\np/0.png,b,0.25,0.75\np/1.png,a,1,0\n");
    }
}
