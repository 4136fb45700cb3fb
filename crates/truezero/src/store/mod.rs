//! Files: models and checkpoints, both safetensors with one JSON document in their metadata.

pub(crate) mod description;
pub(crate) mod tensors;

