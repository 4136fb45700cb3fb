//! `truezero import`: a model from an ONNX file.

use std::fmt::Write;
use std::path::PathBuf;

use serde::Serialize;
use truezero::onnx::{self, ImportOptions, Imported};
use truezero::{Layer, Model};
use truezero_data::files::InputFiles;
use truezero_data::{Notice, Task};

use crate::args::{ImportArgs, List};
use crate::failure::Failure;
use crate::output::{self, Warnings};
use crate::{files, json};

/// So many classes are printed.
const SHOWN_CLASSES: usize = 10;

#[derive(Serialize)]
struct Document {
    out: String,
    task: Task,
    inputs: usize,
    outputs: Vec<String>,
    /// Units of each hidden layer, lowest first.
    hidden: Vec<usize>,
    activation: Vec<String>,
    parameters: usize,
    /// What of the graph is not in the model.
    warnings: Vec<Notice>,
}

pub fn run(args: &ImportArgs) -> Result<(), Failure> {
    let inputs = InputFiles::default().file("the ONNX file", &args.file);
    let output = files::open(&args.out, truezero::MODEL, &inputs, args.force)?;
    let warnings = Warnings::default();
    let options = ImportOptions {
        task: args.task,
        classes: args.classes.clone().map(|List(names)| names),
        notices: warnings.notices().clone(),
    };
    let Imported { model, files, .. } = onnx::load(&args.file, &options)?;
    // It is known only now where the graph keeps its weights.
    let weights = |inputs: InputFiles, file: &PathBuf| inputs.file("weights of the ONNX file", file);
    files.iter().fold(InputFiles::default(), weights).protect_file(output.target())?;
    files::tell_replaced(&output);
    model.save_to(&output)?;
    let document = describe(&model, args, warnings.all());
    if args.json {
        return json::document(&document);
    }
    output::print(&sentences(&document))
}

fn describe(model: &Model, args: &ImportArgs, warnings: Vec<Notice>) -> Document {
    let hidden = model.network.hidden();
    Document {
        out: args.out.display().to_string(),
        task: model.preprocessing.task(),
        inputs: model.network.inputs(),
        outputs: model.output_names(),
        hidden: hidden.iter().map(Layer::units).collect(),
        activation: hidden.iter().map(|layer| layer.activation.to_string()).collect(),
        parameters: model.network.parameters(),
        warnings,
    }
}

fn sentences(document: &Document) -> String {
    let Document { out, task, inputs, outputs, hidden, activation, parameters, warnings } = document;
    let sizes = std::iter::once(inputs).chain(hidden).copied().chain([outputs.len()]);
    let sizes: Vec<String> = sizes.map(|size| size.to_string()).collect();
    let mut text = format!("{out}: {}, {parameters} parameters\n", sizes.join("-"));
    let (task, what) = match task {
        Task::Classify => ("classify", "classes"),
        Task::Multilabel => ("multilabel", "labels"),
        Task::Regress => ("regress", "quantities"),
    };
    // Names come from the file.
    let names = outputs.iter().take(SHOWN_CLASSES).map(|name| name.escape_debug().to_string());
    let more = if outputs.len() > SHOWN_CLASSES { ", …" } else { "" };
    let names = names.collect::<Vec<_>>().join(", ");
    let layers = hidden.iter().zip(activation).map(|(units, activation)| format!("{units} {activation}"));
    let layers = layers.chain([format!("{} outputs", outputs.len())]).collect::<Vec<_>>().join(", ");
    _ = writeln!(text, "task        {task}");
    _ = writeln!(text, "{what:<11} {}: {names}{more}", outputs.len());
    _ = writeln!(text, "layers      {layers}");
    match &warnings[..] {
        [] => text.push_str("left out    nothing\n"),
        parts => parts.iter().for_each(|part| _ = writeln!(text, "left out    {}", part.place)),
    }
    text
}
