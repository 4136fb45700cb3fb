//! What a client gets: JSON, and after it the tensors that were wanted as bytes.

use std::borrow::Cow;
use std::mem;

use serde::ser::{SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};
use truezero_http::Problem;
use truezero_sparse::DenseBatch;
use utoipa::ToSchema;

use super::question::Wanted;
use crate::compute::Computed;
use crate::cost;
use crate::servable::{Output, Servable};

/// An answer before it is sent.
#[derive(Debug)]
pub(crate) struct Answer {
    /// JSON, and perhaps tensors.
    pub(crate) bytes: Vec<u8>,
    /// Bytes of JSON, if tensors follow.
    pub(crate) json: Option<usize>,
}

#[derive(Serialize)]
struct Document<'a> {
    model_name: &'a str,
    model_version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    outputs: Vec<Tensor<'a>>,
}

#[derive(Serialize)]
struct Tensor<'a> {
    name: &'a str,
    shape: Vec<usize>,
    datatype: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Parameters>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Values<'a>>,
}

#[derive(Serialize, Deserialize)]
struct Parameters {
    binary_data_size: usize,
}

/// The values of a tensor.
enum Values<'a> {
    Numbers(Cow<'a, DenseBatch>),
    Texts(Vec<String>),
}

impl Answer {
    /// Puts what is wanted of a computation into bytes.
    pub(crate) fn write(
        model: &Servable,
        id: Option<&str>,
        wanted: &[Wanted],
        mut computed: Computed,
    ) -> Result<Self, Problem> {
        let examples = computed.active.first().map_or(computed.predictions.examples(), Vec::len);
        let mut codes = mem::take(&mut computed.codes).into_iter();
        let labels = if wanted.iter().any(|wanted| wanted.output == Output::Label) {
            labels(model, &mut computed.predictions)
        } else {
            Vec::new()
        };
        let mut labels = Some(labels);
        let mut values = Vec::with_capacity(wanted.len());
        for Wanted { name, output, .. } in wanted {
            let tensor = match output {
                Output::Predictions => Values::Numbers(Cow::Borrowed(&computed.predictions)),
                Output::Label => Values::Texts(labels.take().unwrap_or_default()),
                Output::Codes(_) => Values::Numbers(Cow::Owned(codes.next().unwrap_or_default())),
                Output::Sparsity => Values::Numbers(Cow::Owned(sparsity(model, &computed.active))),
            };
            if let Values::Numbers(numbers) = &tensor {
                finite(name, numbers)?;
            }
            values.push(tensor);
        }
        let outputs = wanted.iter().zip(&values).map(|(wanted, values)| Tensor {
            name: &wanted.name,
            shape: values.shape(examples),
            datatype: wanted.output.datatype(),
            parameters: wanted.binary.then(|| Parameters { binary_data_size: values.size() }),
            data: (!wanted.binary).then_some(values),
        });
        let document = Document {
            model_name: &model.name,
            model_version: &model.version,
            id,
            outputs: outputs.collect(),
        };
        // It is never copied to grow: room that is not used is no memory.
        let numbers: usize = values.iter().map(Values::numbers).sum();
        let mut bytes = Vec::with_capacity(cost::of_text(model, examples, numbers));
        serde_json::to_writer(&mut bytes, &document).map_err(|_| Problem::internal())?;
        let json = wanted.iter().any(|wanted| wanted.binary).then_some(bytes.len());
        for (_, values) in wanted.iter().zip(&values).filter(|(wanted, _)| wanted.binary) {
            values.write_bytes(&mut bytes);
        }
        Ok(Self { bytes, json })
    }
}

/// Demands finite numbers: finite inputs may come to sums that are not, which JSON cannot say.
pub(crate) fn finite(name: &str, numbers: &DenseBatch) -> Result<(), Problem> {
    for example in 0..numbers.examples() {
        if let Some(value) = numbers.row(example).iter().find(|value| !value.is_finite()) {
            let place = format!("output {name:?}, example {}", example + 1);
            return Err(Problem::unsuitable(place, "inputs whose outputs are finite numbers", value));
        }
    }
    Ok(())
}

/// The label of each example, or all its labels as one text.
fn labels(model: &Servable, values: &mut DenseBatch) -> Vec<String> {
    let Some(model) = model.model() else { return Vec::new() };
    let predictions = model.predictions(mem::take(values));
    let label = |example| predictions.of(example).label().unwrap_or_default();
    let labels = (0..predictions.values.examples()).map(label).collect();
    *values = predictions.values;
    labels
}

/// Examples × hidden layers.
fn sparsity(model: &Servable, active: &[Vec<u32>]) -> DenseBatch {
    let examples = active.first().map_or(0, Vec::len);
    let mut sparsity = DenseBatch::zeros(examples, active.len());
    for (at, (layer, active)) in model.hidden().iter().zip(active).enumerate() {
        for (example, &active) in active.iter().enumerate() {
            sparsity.row_mut(example)[at] = (1.0 - f64::from(active) / layer.units() as f64) as f32;
        }
    }
    sparsity
}

impl Values<'_> {
    fn shape(&self, examples: usize) -> Vec<usize> {
        match self {
            Self::Numbers(numbers) => vec![examples, numbers.width()],
            Self::Texts(_) => vec![examples],
        }
    }

    fn numbers(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.examples() * numbers.width(),
            Self::Texts(_) => 0,
        }
    }

    /// Bytes of it after the JSON.
    fn size(&self) -> usize {
        match self {
            Self::Numbers(_) => size_of::<f32>() * self.numbers(),
            Self::Texts(texts) => texts.iter().map(|text| size_of::<u32>() + text.len()).sum(),
        }
    }

    /// Numbers with the least significant byte first, texts each after its length.
    fn write_bytes(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Numbers(numbers) => {
                for example in 0..numbers.examples() {
                    numbers.row(example).iter().for_each(|value| bytes.extend(value.to_le_bytes()));
                }
            }
            Self::Texts(texts) => {
                for text in texts {
                    bytes.extend((text.len() as u32).to_le_bytes());
                    bytes.extend(text.as_bytes());
                }
            }
        }
    }
}

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Texts(texts) => texts.serialize(serializer),
            Self::Numbers(numbers) => {
                let mut all = serializer.serialize_seq(Some(self.numbers()))?;
                for example in 0..numbers.examples() {
                    numbers.row(example).iter().try_for_each(|value| all.serialize_element(value))?;
                }
                all.end()
            }
        }
    }
}

/// A tensor of an answer, as documented.
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what `answer` writes")]
pub(crate) struct OutputTensor {
    name: String,
    shape: Vec<u64>,
    #[schema(pattern = "^(FP32|BYTES)$")]
    datatype: String,
    parameters: Option<OutputParameters>,
    /// Flat, row by row.
    #[schema(value_type = Option<Vec<NumberOrText>>)]
    data: Option<Vec<f32>>,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what `answer` writes")]
pub(crate) struct OutputParameters {
    /// Bytes of this tensor after the JSON.
    #[schema(value_type = u32)]
    binary_data_size: usize,
}

/// FP32 or BYTES.
#[derive(ToSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "documents what `answer` writes")]
pub(crate) enum NumberOrText {
    Number(f64),
    Text(String),
}

/// An answer, as documented.
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what `answer` writes")]
pub(crate) struct InferResponse {
    model_name: String,
    model_version: String,
    id: Option<String>,
    outputs: Vec<OutputTensor>,
}
