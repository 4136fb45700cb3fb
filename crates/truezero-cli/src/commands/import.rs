//! `truezero import`: a model from an ONNX file.

use serde::Serialize;
use truezero::{Layer, onnx};
use truezero_data::Task;
use truezero_data::files::InputFiles;

use crate::args::ImportArgs;
use crate::failure::Failure;
use crate::{files, json, output};

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
}

pub fn run(args: &ImportArgs) -> Result<(), Failure> {
    let inputs = InputFiles::default().file("the ONNX file", &args.file);
    let output = files::open_model(&args.out, &inputs, args.force)?;
    let model = onnx::load(&args.file)?;
    model.save_to(&output)?;
    let hidden = model.network.hidden();
    let document = Document {
        out: args.out.display().to_string(),
        task: model.preprocessing.task(),
        inputs: model.network.inputs(),
        outputs: model.output_names(),
        hidden: hidden.iter().map(Layer::units).collect(),
        activation: hidden.iter().map(|layer| layer.activation.to_string()).collect(),
        parameters: model.network.parameters(),
    };
    if args.json {
        return json::document(&document);
    }
    let sizes = std::iter::once(document.inputs).chain(document.hidden.iter().copied());
    let sizes = sizes.chain([document.outputs.len()]).map(|size| size.to_string());
    output::print(&format!(
        "{}: {}, {} parameters\n",
        document.out,
        sizes.collect::<Vec<_>>().join("-"),
        document.parameters,
    ))
}
