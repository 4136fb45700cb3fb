//! From an ONNX file to a model.
//!
//! ```text
//! bytes ─▶ messages ─▶ nodes ──────▶ steps, each upon the one below ─▶ layers ─▶ Model
//!          fields.rs   functions.rs  reader.rs, operators.rs           assemble.rs
//!          counts      order.rs      fold/ computes constants          takes constants
//!          first                     remembers what is outside         into weights
//! ```

mod activations;
mod affine;
mod assemble;
mod choice;
mod constant;
mod data;
mod ending;
mod external;
mod fields;
mod flow;
mod fold;
mod functions;
mod gates;
mod integer;
mod labels;
mod linear;
mod open;
mod operators;
mod order;
mod outputs;
mod reader;
mod refusal;
mod shapes;
mod tensor;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use prost::Message;
use prost::bytes::Bytes;
use serde::Deserialize;
use truezero_data::preprocess::TargetPlan;
use truezero_data::{InputPreprocessing, Notice, Notices, Preprocessing, Task, what_is};

use self::assemble::{Assembled, Assembler};
use self::constant::Names;
use self::data::Data;
use self::outputs::Told;
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

/// Bytes by which a file that is none is told.
const LOOK: usize = 1 << 16;

/// What a person knows of a graph that it does not tell itself.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// What the outputs are for: a classifier that gives its outputs as they are before a softmax looks like one
    /// that predicts quantities. `None` for what the last nodes tell.
    pub task: Option<Task>,
    /// Names of the classes or labels, in the order of the outputs; of two classes told by one output, first the
    /// one whose probability is 1 − p.
    pub classes: Option<Vec<String>>,
    /// Collects what of a graph a model does not do.
    pub notices: Notices,
}

/// A model, and what a file tells beside it.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The model.
    pub model: Model,
    /// Whether the file says that names of classes are text, even where they look like numbers.
    pub text_classes: bool,
    /// Names of the inputs; empty if the file has none.
    pub feature_names: Vec<String>,
    /// The files beside it that hold tensors, whether the model needs them or not.
    pub files: Vec<PathBuf>,
}

/// What of our document in the metadata is used.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Document {
    task: Option<Task>,
    names: Option<Vec<String>>,
    text_classes: bool,
    feature_names: Vec<String>,
}

/// Reads a model from an ONNX file, and the data of its tensors from files in the same folder, where it is
/// kept there.
///
/// # Errors
/// As [`import`], naming the file; the system's.
pub fn load(path: &Path, options: &ImportOptions) -> Result<Imported, Error> {
    let failed = |source| Error::Io { operation: "read", path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    // One byte more shows that a file is too long; a pipe does not tell its length.
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    let folder =
        path.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    let start = bytes[..bytes.len().min(LOOK)].to_vec();
    import(bytes, folder, options).map_err(|error| match error {
        Error::Onnx { place, expected, .. }
            if expected == fields::EXPECTED && what_is(path, &start).is_some() =>
        {
            let found = what_is(path, &start).unwrap_or_default();
            Error::File { path: path.to_owned(), place, expected, found }
        }
        Error::Onnx { place, expected, found } => {
            Error::File { path: path.to_owned(), place, expected, found }
        }
        other => other,
    })
}

/// A model from the bytes of an ONNX file; `folder` is where data outside of it may be, and only there.
///
/// Read are multi-layer perceptrons: products with constant weights, the activations of this library,
/// scaling and normalisation by constants, and at the end probabilities or quantities. What is computed from constants
/// is computed once. A graph whose outputs are neither a softmax nor logistic, and which tells no class from them, is
/// taken to predict quantities, unless the options have a task. One logistic output is for two classes.
///
/// The model takes a matrix of numbers. Classes are named as in the options, the metadata or by the nodes that tell
/// labels, else `0`, `1`, … A model tells the most probable class; a graph that tells another one, or does something
/// else that a model cannot, is noticed.
///
/// # Errors
/// What is no ONNX model, or outside of this: the node, its operator, and why. Another number of classes than of
/// outputs.
pub fn import(bytes: Vec<u8>, folder: Option<&Path>, options: &ImportOptions) -> Result<Imported, Error> {
    if bytes.len() > MAX_BYTES {
        return Err(Refusal::new("file", format!("at most {MAX_BYTES} bytes"), "more").into());
    }
    fields::check(&bytes)?;
    let size = bytes.len();
    let model = ModelProto::decode(Bytes::from(bytes))
        .map_err(|error| Refusal::new("file", "an ONNX model", error.to_string()))?;
    let opset = model.opset_import.iter().find(|opset| matches!(opset.domain.as_str(), "" | "ai.onnx"));
    let opset = opset.map_or(1, |opset| opset.version);
    let Some(mut graph) = model.graph else {
        return Err(Refusal::new("file", "an ONNX model", "one without a graph").into());
    };
    if opset < OLDEST_OPSET {
        let expected = format!("operators of version {OLDEST_OPSET} or later");
        return Err(Refusal::new("file", expected, format!("version {opset}")).into());
    }
    let metadata = model.metadata_props.iter().find(|entry| entry.key == DOCUMENT);
    let documented = metadata.map(|entry| serde_json::from_str::<Document>(&entry.value)).transpose();
    let documented = documented.map_err(|error| {
        Refusal::new(format!("metadata {DOCUMENT:?}"), "the names of the outputs", error.to_string())
    })?;
    let beside = external::files(&graph, &model.functions, folder);
    graph.node = functions::called(graph.node, &model.functions, size)?;
    let data = Data::new(size, folder);
    let reader = Reader::read(&graph, opset, &data)?;
    let prediction = outputs::find(&graph, &reader)?;
    let steps: Vec<_> = reader.path(prediction.step).into_iter().map(|step| &reader.steps[step]).collect();
    let documented = documented.unwrap_or_default();
    let task = options.task.or(documented.task);
    let assembled = Assembler::new(&data).assemble(&steps, prediction.told, task)?;
    for notice in prediction.left_out.iter().chain(&assembled.left_out) {
        options.notices.tell(notice.clone());
    }
    if assembled.cost == Cost::LogisticCrossEntropy && prediction.told == Some(Told::One) {
        let message = "left out: the class that the graph tells, as each output is a label by itself";
        options.notices.tell(
            Notice::new("outputs", message).hint("the most probable of the labels is the graph's class"),
        );
    }
    let names = prediction.names.or(reader.names);
    Ok(Imported { files: beside, ..finish(assembled, options, documented, names)? })
}

/// A model with what is around its network; `told` are names that nodes of the graph tell.
fn finish(
    assembled: Assembled,
    options: &ImportOptions,
    documented: Document,
    told: Option<Names>,
) -> Result<Imported, Error> {
    let Assembled { layers, cost, inputs, outputs, .. } = assembled;
    let network = Network { layers, cost };
    let count = network.outputs();
    let regresses = cost.task() == Task::Regress;
    let wrong = |place: String, found: usize| {
        Error::from(Refusal::new(place, format!("{count} names"), found.to_string()))
    };
    if let Some(classes) = &options.classes {
        if regresses {
            let found = "outputs that are quantities\nhint: pass the task classify or multilabel";
            return Err(Refusal::new("classes", "outputs that are probabilities", found).into());
        }
        if classes.len() != count {
            return Err(wrong("classes".to_owned(), classes.len()));
        }
    }
    let own = documented.names.filter(|names| !(names.is_empty() && regresses));
    if let Some(names) = own.as_ref().filter(|names| names.len() != count) {
        return Err(wrong(format!("metadata {DOCUMENT:?}"), names.len()));
    }
    if let Some(told) = told.as_ref().filter(|told| told.values.len() != count && !regresses) {
        let message = format!("left out: names of {} classes for {count} outputs", told.values.len());
        options.notices.tell(Notice::new("classes", message));
    }
    let told = told.filter(|told| told.values.len() == count);
    let text_classes = options.classes.is_none()
        && if own.is_some() { documented.text_classes } else { told.as_ref().is_some_and(|told| told.text) };
    let told = told.map(|told| told.values);
    let numbered = || (0..count).map(|output| output.to_string()).collect();
    let names = options.classes.clone().or_else(|| own.clone()).or(told).unwrap_or_else(numbered);
    let targets = match cost {
        Cost::SoftmaxCrossEntropy => TargetPlan::Classes { names },
        Cost::LogisticCrossEntropy => TargetPlan::Labels { names },
        Cost::SquaredError | Cost::Poisson => {
            let (scales, means) = (0..count).map(|output| outputs.at(output)).unzip();
            TargetPlan::Quantities { names: own.unwrap_or_default(), means, scales }
        }
    };
    let inputs = InputPreprocessing::matrix(network.inputs(), &inputs)?;
    let preprocessing = Preprocessing::new(inputs, targets)?;
    let feature_names = if documented.feature_names.len() == network.inputs() {
        documented.feature_names
    } else {
        Vec::new()
    };
    let model = Model { network, preprocessing, configuration: serde_json::Value::Null, summary: None };
    Ok(Imported { model, text_classes, feature_names, files: Vec::new() })
}
