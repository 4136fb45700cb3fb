//! What can go wrong in building, training, saving and loading networks.

use std::path::PathBuf;

use truezero_data::DataError;
use truezero_sparse::memory::OutOfMemory;

/// An operation of this library that failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An option has a value that cannot be.
    #[error("option {option}: expected {expected}, found {found}")]
    Option {
        /// Its name.
        option: &'static str,
        /// What it may be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// The data does not suit the network or the training.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The cost grew beyond any that learning has, or cost or weights became infinite or NaN.
    #[error(
        "training diverged in epoch {epoch}{}: the mean cost of an example became {cost}\n\
         hint: lower the learning rate, or limit the gradient with clip-norm",
        if *batch > 0 { format!(", mini-batch {batch}") } else { String::new() }
    )]
    Diverged {
        /// Counted from 1.
        epoch: usize,
        /// Counted from 1; 0 if it was found at the end of the epoch.
        batch: usize,
        /// The cost.
        cost: f64,
    },
    /// The reconstruction cost became infinite or NaN.
    #[error(
        "pre-training of hidden layer {layer} diverged in epoch {epoch}, mini-batch {batch}: expected a finite \
         cost, found {cost}\nhint: lower --pretrain-learning-rate"
    )]
    PretrainingDiverged {
        /// Counted from 1, the lowest.
        layer: usize,
        /// Counted from 1.
        epoch: usize,
        /// Counted from 1; 0 if it was found at the end of the epoch.
        batch: usize,
        /// The cost.
        cost: f64,
    },
    /// A plan takes more memory than there is.
    #[error(
        "memory for {purpose}: expected at most {available}, found {needed}\n\
         hint: fewer or narrower hidden layers, smaller mini-batches, or fewer columns"
    )]
    Memory {
        /// What it is for.
        purpose: &'static str,
        /// How much there is, with what is held already.
        available: String,
        /// How much it takes, and what for.
        needed: String,
    },
    /// Memory ran out on the way.
    #[error(transparent)]
    OutOfMemory(#[from] OutOfMemory),
    /// A model or checkpoint file is not what it should be.
    #[error("{}: {place}: expected {expected}, found {found}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Tensor or field within it.
        place: String,
        /// What belongs there.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// An ONNX model is none that this library reads, or none that can be written.
    #[error("ONNX model: {place}: expected {expected}, found {found}")]
    Onnx {
        /// Node (with its operator), tensor, input or output.
        place: String,
        /// What belongs there.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// The operating system refused.
    #[error("cannot {operation} {}", path.display())]
    Io {
        /// What was tried, as a verb.
        operation: &'static str,
        /// On which file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
}

impl Error {
    pub(crate) fn option(option: &'static str, expected: &str, found: impl ToString) -> Self {
        Self::Option { option, expected: expected.to_owned(), found: found.to_string() }
    }
}
