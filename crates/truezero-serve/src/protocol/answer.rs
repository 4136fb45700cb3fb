//! What a client gets: JSON, and after it the tensors that were wanted as bytes.

use serde::ser::{SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};
use truezero_sparse::DenseBatch;
use utoipa::ToSchema;

use super::question::Wanted;
use crate::compute::Computed;
use crate::problem::Problem;
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
    data: Option<&'a Values>,
}

#[derive(Serialize, Deserialize)]
struct Parameters {
    binary_data_size: usize,
}

/// The values of a tensor.
enum Values {
    Numbers(DenseBatch),
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
        let mut codes = std::mem::take(&mut computed.codes).into_iter();
        let mut values = Vec::with_capacity(wanted.len());
        for Wanted { name, output, .. } in wanted {
            let tensor = match output {
                Output::Predictions => Values::Numbers(computed.predictions.clone()),
                Output::Label => Values::Texts(labels(model, &computed.predictions)),
                Output::Codes(_) => Values::Numbers(codes.next().unwrap_or_default()),
                Output::Sparsity => Values::Numbers(sparsity(model, &computed.active)),
            };
            if let Values::Numbers(numbers) = &tensor {
                finite(name, numbers)?;
            }
            values.push(tensor);
        }
        let binary: Vec<Option<Vec<u8>>> = values
            .iter()
            .zip(wanted)
            .map(|(values, wanted)| wanted.binary.then(|| values.to_bytes()))
            .collect();
        let mut outputs = Vec::with_capacity(wanted.len());
        for ((wanted, values), bytes) in wanted.iter().zip(&values).zip(&binary) {
            outputs.push(Tensor {
                name: &wanted.name,
                shape: values.shape(examples),
                datatype: wanted.output.datatype(),
                parameters: bytes.as_ref().map(|bytes| Parameters { binary_data_size: bytes.len() }),
                data: bytes.is_none().then_some(values),
            });
        }
        let document = Document { model_name: &model.name, model_version: &model.version, id, outputs };
        let mut bytes = serde_json::to_vec(&document).map_err(|_| Problem::internal())?;
        let json = wanted.iter().any(|wanted| wanted.binary).then_some(bytes.len());
        binary.into_iter().flatten().for_each(|tensor| bytes.extend(tensor));
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
fn labels(model: &Servable, predictions: &DenseBatch) -> Vec<String> {
    let Some(model) = model.model() else { return Vec::new() };
    let predictions = model.predictions(predictions.clone());
    let label = |example| predictions.of(example).label().unwrap_or_default();
    (0..predictions.values.examples()).map(label).collect()
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

impl Values {
    fn shape(&self, examples: usize) -> Vec<usize> {
        match self {
            Self::Numbers(numbers) => vec![examples, numbers.width()],
            Self::Texts(_) => vec![examples],
        }
    }

    /// Numbers with the least significant byte first, texts each after its length.
    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Numbers(numbers) => {
                let mut bytes = Vec::with_capacity(4 * numbers.examples() * numbers.width());
                for example in 0..numbers.examples() {
                    numbers.row(example).iter().for_each(|value| bytes.extend(value.to_le_bytes()));
                }
                bytes
            }
            Self::Texts(texts) => {
                let mut bytes = Vec::new();
                for text in texts {
                    bytes.extend((text.len() as u32).to_le_bytes());
                    bytes.extend(text.as_bytes());
                }
                bytes
            }
        }
    }
}

impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Texts(texts) => texts.serialize(serializer),
            Self::Numbers(numbers) => {
                let mut all = serializer.serialize_seq(Some(numbers.examples() * numbers.width()))?;
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
