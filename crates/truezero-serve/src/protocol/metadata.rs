//! What the server says of itself and of its models.

use serde::Serialize;
use utoipa::ToSchema;

use crate::servable::{INDICES, INPUT, OutputSpec, Servable, VALUES};

/// What the protocol calls the software.
pub(crate) const PLATFORM: &str = "truezero";

/// The server.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServerMetadata {
    name: &'static str,
    version: &'static str,
    extensions: Vec<&'static str>,
}

impl ServerMetadata {
    pub(crate) fn ours() -> Self {
        Self { name: PLATFORM, version: env!("CARGO_PKG_VERSION"), extensions: vec!["binary_tensor_data"] }
    }
}

/// A model: what goes in and what comes out.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelMetadata {
    name: String,
    /// The one that is served: the first digits of the checksum of its file.
    versions: Vec<String>,
    platform: &'static str,
    /// All that a request needs.
    inputs: Vec<TensorMetadata>,
    /// What it may have instead: where values are not zero, and the values.
    sparse_inputs: Vec<TensorMetadata>,
    /// All there are; predictions and labels come unless others are asked for.
    outputs: Vec<TensorMetadata>,
}

/// A tensor.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TensorMetadata {
    name: String,
    datatype: &'static str,
    /// −1 where any number will do.
    shape: Vec<i64>,
}

impl TensorMetadata {
    fn new(name: &str, datatype: &'static str, shape: &[i64]) -> Self {
        Self { name: name.to_owned(), datatype, shape: shape.to_owned() }
    }
}

impl ModelMetadata {
    pub(crate) fn of(model: &Servable) -> Self {
        let output = |OutputSpec { name, output, width, .. }: &OutputSpec| {
            let shape: Vec<i64> = std::iter::once(-1).chain(width.map(|width| width as i64)).collect();
            TensorMetadata::new(name, output.datatype(), &shape)
        };
        let numbers = if model.wants_double() { "FP64" } else { "FP32" };
        Self {
            name: model.name.clone(),
            versions: vec![model.version.clone()],
            platform: PLATFORM,
            inputs: vec![TensorMetadata::new(INPUT, numbers, &[-1, model.width() as i64])],
            sparse_inputs: vec![
                TensorMetadata::new(INDICES, "INT64", &[-1, -1]),
                TensorMetadata::new(VALUES, numbers, &[-1, -1]),
            ],
            outputs: model.outputs().iter().map(output).collect(),
        }
    }
}

/// A model in the list of all.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelIndex {
    name: String,
    version: String,
    state: &'static str,
}

impl ModelIndex {
    pub(crate) fn of(model: &Servable) -> Self {
        Self { name: model.name.clone(), version: model.version.clone(), state: "READY" }
    }
}
