//! Models in the Open Neural Network Exchange format, out and in.
//!
//! [`Model::to_onnx`](crate::Model::to_onnx) writes a graph that takes `input` (batch × inputs, 32-bit floats;
//! 64-bit ones where 32 bits would lose what the scaling needs, as of Unix seconds) and gives, by task:
//!
//! | task | outputs |
//! |---|---|
//! | classify | `probabilities` (batch × classes), `label` (batch, the name of the class) |
//! | multilabel | `probabilities` (batch × labels) |
//! | regress | `quantities` (batch × quantities), in the units of the data |
//!
//! Scaling of numbers is part of the graph, so that it takes raw data. Categories, text and numbers that
//! were missing in training are not: then the graph takes the inputs that our preprocessing makes. The
//! entry `truezero` of the metadata, a JSON document, says which (`"inputs": "raw"` or `"prepared"`, then
//! with `input_names`), the `task`, the `names` of the outputs, and where they are known, `feature_names` of the
//! data's columns.
//!
//! [`import`] reads multi-layer perceptrons as PyTorch, Keras, scikit-learn and this library write them,
//! from files that need not be friendly: what it cannot express is refused by name, and no more is
//! allocated than a file is long enough to fill.

mod export;
mod import;
mod proto;

pub use import::{ImportOptions, Imported, import, load};

use serde::{Deserialize, Serialize};
use truezero_data::Task;
use truezero_data::files::Kind;

/// What [`Model::to_onnx`](crate::Model::to_onnx) gives the bytes of: the name of its producer comes second.
pub const ONNX: Kind<'static> = Kind {
    name: "an ONNX file that truezero wrote",
    is: &|beginning| beginning.get(2..).is_some_and(|rest| rest.starts_with(b"\x12\x08truezero")),
};

/// Version of the operators that models are written with (ONNX 1.17, 2024).
pub const OPSET: i64 = 22;

/// Version of the format that goes with it.
const IR_VERSION: i64 = 10;

/// Protocol buffers end here.
const MAX_BYTES: usize = i32::MAX as usize;

/// The key of our document in the metadata.
const DOCUMENT: &str = "truezero";

/// What the inputs of a graph are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GraphInputs {
    /// Numbers as they are in the data.
    Raw,
    /// What our preprocessing makes of the data.
    Prepared,
}

/// What the metadata of a graph tell beside what a model knows.
#[derive(Clone, Debug, Default)]
pub struct ExportOptions {
    /// Names of the data's columns, where it takes raw numbers; `None` for those that the model knows.
    pub feature_names: Option<Vec<String>>,
    /// Whether names of classes are text, even where they look like numbers.
    pub text_classes: bool,
}

/// What a graph says of itself in the metadata.
#[derive(Serialize)]
struct Document<'a> {
    task: Task,
    /// Of the outputs; empty where the data had none.
    names: &'a [String],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    text_classes: bool,
    inputs: GraphInputs,
    /// Of raw inputs.
    #[serde(skip_serializing_if = "Option::is_none")]
    feature_names: Option<Vec<String>>,
    /// Of prepared inputs.
    #[serde(skip_serializing_if = "Option::is_none")]
    input_names: Option<Vec<String>>,
}
