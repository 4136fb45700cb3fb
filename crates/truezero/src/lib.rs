//! Deep sparse rectifier networks: train, save, load, evaluate and use them, never multiplying by a
//! zero.
//!
//! Glorot, Bordes & Bengio, "Deep Sparse Rectifier Neural Networks", AISTATS 2011.

#![forbid(unsafe_code)]

pub mod activation;
pub mod autoencoder;
mod base_rate;
pub mod cost;
mod error;
mod evaluate;
mod footprint;
mod gradient;
pub mod layer;
mod network;
pub mod observe;
pub mod onnx;
pub mod optimizer;
pub mod options;
#[cfg(test)]
mod oracle;
mod path;
pub mod predictions;
pub mod schedule;
mod steer;
mod store;
mod streams;
pub mod trainer;

pub use activation::Activation;
pub use autoencoder::{Corruption, Pretrainer, PretrainingOptions, PretrainingPlan, Reconstruction};
pub use cost::Cost;
pub use error::Error;
pub use evaluate::{ClassCount, Counts, Evaluation, Evaluator, Examples, argmax};
pub use footprint::Footprint;
pub use gradient::Gradient;
pub use layer::{Initialisation, Layer};
pub use network::{Architecture, Network, Pass};
pub use optimizer::{Optimizer, Rule};
pub use options::{Plan, TrainingOptions};
pub use path::{ActivePath, PathEdge};
pub use predictions::{Prediction, Predictions};
pub use schedule::Schedule;
pub use store::{CHECKPOINT, Encoder, MODEL, Model, Saved, origin};
pub use trainer::{
    BatchReport, Control, EpochRecord, OnBatch, Outcome, Paused, Progress, Remark, RolledBack, Stopped,
    Summary, Trainer,
};

/// The README's example is a test.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
