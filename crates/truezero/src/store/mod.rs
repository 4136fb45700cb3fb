//! Files: models, encoders and checkpoints, all safetensors with one JSON document in their metadata.
//!
//! The document stands in the metadata under one key, since several keys would be written in any
//! order and the same model must give the same bytes.
//!
//! A file may be as large as memory, so none is ever in memory as a whole: weights are packed and
//! unpacked a block of rows at a time. Mapping a file would not spare the copy, since weights are
//! packed otherwise than they are stored, and a mapped file that shrinks kills the process.

pub(crate) mod description;
mod encoder;
mod found;
mod kind;
mod model;
pub(crate) mod read;
pub(crate) mod write;

pub use encoder::{Encoder, Saved};
pub use kind::{CHECKPOINT, MODEL, origin};
pub use model::Model;

/// The key of the document in the metadata.
const DOCUMENT: &str = "truezero";

/// Values that are converted at a time: a block stays in the second-level cache.
const BLOCK: usize = 1 << 16;
