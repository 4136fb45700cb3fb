//! A loaded model, and what goes into it and comes out of it.

use std::path::Path;
use std::sync::Arc;

use truezero::{Layer, Model, Saved};
use truezero_data::preprocess::InputScales;
use truezero_data::{Features, InputPreprocessing, Notices, Task, WideBatch};
use truezero_http::Problem;
use truezero_sparse::Batch;

use crate::error::Error;
use crate::limits::Limits;

/// The tensor of plain numbers that a model takes.
pub(crate) const INPUT: &str = "input";
/// The pair of tensors that it takes instead.
pub(crate) const INDICES: &str = "indices";
pub(crate) const VALUES: &str = "values";

/// A model or an encoder under its name, ready to compute.
#[derive(Debug)]
pub(crate) struct Servable {
    pub(crate) name: String,
    /// Told by its content.
    pub(crate) version: String,
    saved: Saved,
    /// From numbers of a tensor to inputs.
    rules: InputPreprocessing,
    outputs: Vec<OutputSpec>,
    label_bytes: usize,
}

/// A tensor that a model gives.
#[derive(Clone, Debug)]
pub(crate) struct OutputSpec {
    pub(crate) name: String,
    pub(crate) output: Output,
    /// Values of each example, if they are more than one by their nature.
    pub(crate) width: Option<usize>,
    /// Whether it is given unless others are asked for.
    pub(crate) by_default: bool,
}

/// What a tensor that a model gives holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// Of each class or label, or quantities in the units of the data.
    Predictions,
    /// The most probable class, or all probable labels.
    Label,
    /// The activations of a hidden layer, 0 is the lowest.
    Codes(usize),
    /// The fraction of zeros in each hidden layer.
    Sparsity,
}

impl Output {
    pub(crate) fn datatype(self) -> &'static str {
        if self == Self::Label { "BYTES" } else { "FP32" }
    }
}

impl Servable {
    pub(crate) fn load(name: &str, path: &Path, version: String, limits: &Limits) -> Result<Self, Error> {
        let saved = Saved::load(path)?;
        let preprocessing = saved.preprocessing();
        let width = preprocessing.width();
        if width > limits.width {
            return Err(Error::Width { name: name.to_owned(), expected: limits.width, found: width });
        }
        // As in an exported ONNX graph: scaling is part of the model where it is all that is done.
        let rules = match preprocessing.of_numbers() {
            Some(rules) => rules,
            None => {
                InputPreprocessing::matrix(width, &InputScales::default()).map_err(truezero::Error::from)?
            }
        };
        let outputs = outputs(&saved);
        let label_bytes = label_bytes(&saved);
        Ok(Self { name: name.to_owned(), version, saved, rules, outputs, label_bytes })
    }

    /// All layers, lowest first.
    pub(crate) fn layers(&self) -> &[Layer] {
        match &self.saved {
            Saved::Model(model) => &model.network.layers,
            Saved::Encoder(encoder) => &encoder.layers,
        }
    }

    pub(crate) fn hidden(&self) -> &[Layer] {
        self.saved.hidden()
    }

    /// None if there are only pre-trained layers.
    pub(crate) fn model(&self) -> Option<&Arc<Model>> {
        match &self.saved {
            Saved::Model(model) => Some(model),
            Saved::Encoder(_) => None,
        }
    }

    /// Number of inputs.
    pub(crate) fn width(&self) -> usize {
        self.rules.width()
    }

    /// Rules from raw data to inputs.
    pub(crate) fn preprocessing(&self) -> &InputPreprocessing {
        self.saved.preprocessing()
    }

    /// Inputs from the numbers of a tensor.
    pub(crate) fn inputs(&self, numbers: WideBatch) -> Result<Batch, Problem> {
        Ok(self.rules.inputs(Features::Wide(numbers), &Notices::default())?)
    }

    /// Whether numbers of 32 bits would lose what the scaling needs.
    pub(crate) fn wants_double(&self) -> bool {
        self.rules.scales().is_some_and(|scales| scales.need_double())
    }

    /// Whether inputs are plain arrays even if all but a few numbers are zero.
    pub(crate) fn spreads(&self) -> bool {
        self.rules.spreads()
    }

    pub(crate) fn label_bytes(&self) -> usize {
        self.label_bytes
    }

    pub(crate) fn outputs(&self) -> &[OutputSpec] {
        &self.outputs
    }
}

/// Longest label or labels of an example in an answer, in bytes of JSON: as a text, and written.
fn label_bytes(saved: &Saved) -> usize {
    let Saved::Model(model) = saved else { return 0 };
    // As JSON has it, where a quotation mark takes two bytes and some characters six.
    let written = |name: &String| serde_json::to_string(name).map_or(0, |json| 2 * json.len());
    let names = model.preprocessing.labels().iter().map(written);
    match model.preprocessing.task() {
        Task::Classify => names.max().unwrap_or(0),
        // Each takes a place in a list, too.
        Task::Multilabel => names.map(|name| name + size_of::<&str>()).sum(),
        Task::Regress => 0,
    }
}

fn outputs(saved: &Saved) -> Vec<OutputSpec> {
    let spec = |name: &str, output, width, by_default| OutputSpec {
        name: name.to_owned(),
        output,
        width,
        by_default,
    };
    let mut outputs = Vec::new();
    if let Saved::Model(model) = saved {
        let (name, label) = match model.preprocessing.task() {
            Task::Classify => ("probabilities", Some("label")),
            Task::Multilabel => ("probabilities", Some("labels")),
            Task::Regress => ("quantities", None),
        };
        outputs.push(spec(name, Output::Predictions, Some(model.network.outputs()), true));
        outputs.extend(label.map(|label| spec(label, Output::Label, None, true)));
    }
    let (hidden, encodes) = (saved.hidden(), outputs.is_empty());
    for (layer, units) in hidden.iter().map(Layer::units).enumerate() {
        let by_default = encodes && layer + 1 == hidden.len();
        outputs.push(spec(&format!("codes_{}", layer + 1), Output::Codes(layer), Some(units), by_default));
    }
    if !hidden.is_empty() {
        outputs.push(spec("sparsity", Output::Sparsity, Some(hidden.len()), false));
    }
    outputs
}
