//! From an ONNX file to a model.
//!
//! ```text
//! bytes ─▶ messages ─▶ steps, each upon the one below ─▶ layers ─▶ Model
//!          fields.rs   reader.rs, operators.rs           assemble.rs
//!          counts      remembers what is outside         folds constants in
//!          first
//! ```

mod affine;
mod assemble;
mod choice;
mod constant;
mod data;
mod fields;

mod flow;
mod operators;
mod outputs;
mod reader;
mod refusal;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use prost::Message;
use prost::bytes::Bytes;
use serde::Deserialize;
use truezero_data::preprocess::TargetPlan;
use truezero_data::{InputPreprocessing, Preprocessing};

use self::assemble::{Assembled, Assembler};
use self::data::Data;
use self::reader::Reader;
use self::refusal::Refusal;
use super::proto::ModelProto;
use super::{DOCUMENT, MAX_BYTES};
use crate::cost::Cost;
use crate::error::Error;
use crate::network::Network;
use crate::store::Model;

/// The oldest version of the operators that is read: since it, constants are broadcast as in NumPy.
const OLDEST_OPSET: i64 = 7;

/// What of our document in the metadata is used.
#[derive(Deserialize)]
struct Document {
    names: Vec<String>,
}

/// Reads a model from an ONNX file, and the data of its tensors from files in the same folder, where it is
/// kept there.
///
/// # Errors
/// As [`import`], naming the file; the system's.
pub fn load(path: &Path) -> Result<Model, Error> {
    let failed = |source| Error::Io { operation: "read", path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    // One byte more shows that a file is too long; a pipe does not tell its length.
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    let folder =
        path.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    import(bytes, folder).map_err(|error| match error {
        Error::Onnx { place, expected, found } => {
            Error::File { path: path.to_owned(), place, expected, found }
        }
        other => other,
    })
}

/// A model from the bytes of an ONNX file; `folder` is where data outside of it may be, and only there.
///
/// Read are multi-layer perceptrons: products with constant weights, the activations of this library,
/// scaling and normalisation by constants, and at the end probabilities or quantities. What tells the
/// label from the probabilities is cut off. A graph whose outputs are neither a softmax nor logistic, and
/// whose greatest output it does not look for, is taken to predict quantities.
///
/// The model takes a matrix of numbers. Classes are named as in the metadata or by the nodes that tell
/// labels, else `0`, `1`, …
///
/// # Errors
/// What is no ONNX model, or outside of this: the node, its operator, and why.
pub fn import(bytes: Vec<u8>, folder: Option<&Path>) -> Result<Model, Error> {
    if bytes.len() > MAX_BYTES {
        return Err(Refusal::new("file", format!("at most {MAX_BYTES} bytes"), "more").into());
    }
    fields::check(&bytes)?;
    let size = bytes.len();
    let model = ModelProto::decode(Bytes::from(bytes))
        .map_err(|error| Refusal::new("file", "an ONNX model", error.to_string()))?;
    let opset = model.opset_import.iter().find(|opset| matches!(opset.domain.as_str(), "" | "ai.onnx"));
    let opset = opset.map_or(1, |opset| opset.version);
    let Some(graph) = &model.graph else {
        return Err(Refusal::new("file", "an ONNX model", "one without a graph").into());
    };
    if opset < OLDEST_OPSET {
        let expected = format!("operators of version {OLDEST_OPSET} or later");
        return Err(Refusal::new("file", expected, format!("version {opset}")).into());
    }
    let data = Data::new(size, folder);
    let reader = Reader::read(graph, opset, &data)?;
    let prediction = outputs::find(graph, &reader)?;
    let steps: Vec<_> = reader.path(prediction.step).into_iter().map(|step| &reader.steps[step]).collect();
    let assembled = Assembler::new(&data).assemble(&steps, prediction.labelled)?;
    let metadata = model.metadata_props.iter().find(|entry| entry.key == DOCUMENT);
    let documented = metadata.map(|entry| serde_json::from_str::<Document>(&entry.value)).transpose();
    let documented = documented.map_err(|error| {
        Refusal::new(format!("metadata {DOCUMENT:?}"), "the names of the outputs", error.to_string())
    })?;
    finish(assembled, documented.map(|document| document.names), reader.names)
}

/// A model with what is around its network.
fn finish(
    assembled: Assembled,
    documented: Option<Vec<String>>,
    told: Option<Vec<String>>,
) -> Result<Model, Error> {
    let Assembled { layers, cost, inputs, outputs } = assembled;
    let network = Network { layers, cost };
    let count = network.outputs();
    if let Some(names) = &documented
        && names.len() != count
        && !(names.is_empty() && cost == Cost::SquaredError)
    {
        let place = format!("metadata {DOCUMENT:?}");
        return Err(Refusal::new(place, format!("{count} names"), names.len().to_string()).into());
    }
    let names = || {
        let told = documented.clone().or(told.filter(|names| names.len() == count));
        told.unwrap_or_else(|| (0..count).map(|output| output.to_string()).collect())
    };
    let targets = match cost {
        Cost::SoftmaxCrossEntropy => TargetPlan::Classes { names: names() },
        Cost::LogisticCrossEntropy => TargetPlan::Labels { names: names() },
        Cost::SquaredError => {
            let (scales, means) = (0..count).map(|output| outputs.at(output)).unzip();
            TargetPlan::Quantities { names: documented.unwrap_or_default(), means, scales }
        }
    };
    let inputs = InputPreprocessing::matrix(network.inputs(), &inputs)?;
    let preprocessing = Preprocessing::new(inputs, targets)?;
    Ok(Model { network, preprocessing, configuration: serde_json::Value::Null, summary: None })
}
