//! Files: models and checkpoints, both safetensors with one JSON document in their metadata.

pub(crate) mod description;
mod model;
pub(crate) mod tensors;

pub use model::Model;
