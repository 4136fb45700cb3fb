//! `truezero export`: a model as an ONNX file.

use std::sync::Arc;

use serde::Serialize;
use truezero::onnx::{ExportOptions, GraphInputs, ONNX, OPSET};
use truezero::{Model, Saved};
use truezero_data::Task;
use truezero_data::files::InputFiles;

use crate::args::ExportArgs;
use crate::failure::Failure;
use crate::{files, json, output};

#[derive(Serialize)]
struct Document {
    onnx: String,
    task: Task,
    /// What the graph takes: `raw` numbers, or those that our preprocessing `prepared`.
    takes: GraphInputs,
    inputs: usize,
    /// Of each of these numbers: 64 where 32 would lose what the scaling needs.
    input_bits: u32,
    outputs: Vec<String>,
    /// Version of the operators.
    opset: i64,
    /// Size of the file.
    bytes: usize,
}

pub fn run(args: &ExportArgs) -> Result<(), Failure> {
    let inputs = InputFiles::default().file("the model", &args.model);
    let output = files::open(&args.onnx, ONNX, &inputs, args.force)?;
    let model = match Saved::load(&args.model)? {
        Saved::Model(model) => Arc::unwrap_or_clone(model),
        Saved::Encoder(_) => {
            let message = format!("{} has no outputs to export", args.model.display());
            return Err(Failure::hinted(message, "`truezero train --from` gives it some"));
        }
    };
    let bytes = model.to_onnx(&ExportOptions::default())?;
    files::write(&output, |file| file.write_all(&bytes))?;
    let document = describe(&model, args, bytes.len());
    if args.json {
        return json::document(&document);
    }
    let takes = match document.takes {
        GraphInputs::Raw => "numbers as they are in the data",
        GraphInputs::Prepared => "inputs that truezero prepared, named in its metadata",
    };
    output::print(&format!(
        "{}: {} inputs of {} bits, {} outputs, operators of version {OPSET}, {} bytes\ntakes {takes}\n",
        document.onnx,
        document.inputs,
        document.input_bits,
        document.outputs.len(),
        document.bytes,
    ))
}

fn describe(model: &Model, args: &ExportArgs, bytes: usize) -> Document {
    Document {
        onnx: args.onnx.display().to_string(),
        task: model.preprocessing.task(),
        takes: model.onnx_inputs(),
        inputs: model.network.inputs(),
        input_bits: if model.onnx_input_is_wide() { 64 } else { 32 },
        outputs: model.output_names(),
        opset: OPSET,
        bytes,
    }
}
