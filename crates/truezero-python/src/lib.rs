//! The native part of the Python package: arrays in, arrays out, trainers that let go of the interpreter
//! while they work. What users see is written in Python (`python/truezero`), on top of this.
//!
//! | file | holds |
//! |---|---|
//! | `arrays.rs` | NumPy arrays, scipy's sparse matrices and tables ↔ our batches |
//! | `model.rs` | a trained network or encoder |
//! | `parameters.rs` | parameters of the estimators as options of the library |
//! | `examples.rs` | inputs, targets and weights to learn from |
//! | `trainer.rs` | training, epoch by epoch |
//! | `gradient.rs` | cost and gradient of all examples, for optimisers of Python |
//! | `averaging.rs` | one network trained on many machines |
//! | `binary.rs` | two classes as one output |
//! | `pretrain.rs` | pre-training, and the way back from codes |
//! | `signals.rs` | Ctrl-C while native code runs |
//! | `data.rs`, `paper.rs`, `command.rs` | embedded data, the paper's experiments, the command |
//! | `sweep.rs` | a sweep's results, and one of its trainings |
//! | `failure.rs` | our errors as Python's |

#![forbid(unsafe_code)]
#![allow(
    unreachable_pub,
    clippy::missing_errors_doc,
    clippy::too_many_arguments,
    reason = "the interface is Python's, documented in _truezero.pyi"
)]

mod arrays;
mod averaging;
mod binary;
mod command;
mod data;
mod examples;
mod failure;
mod files;
mod gradient;
mod model;
mod paper;
mod parameters;
mod pretrain;
mod signals;
mod sweep;
mod trainer;

/// The module `truezero._truezero`.
#[pyo3::pymodule]
mod _truezero {
    #[pymodule_export]
    use crate::averaging::{Lead, Worker, mean};
    #[pymodule_export]
    use crate::command::command;
    #[pymodule_export]
    use crate::data::{digits5k, film_snippets, hold_out};
    #[pymodule_export]
    use crate::failure::{DataWarning, require_memory, shown};
    #[pymodule_export]
    use crate::files::{claim_folder, remove_folder};
    #[pymodule_export]
    use crate::gradient::Objective;
    #[pymodule_export]
    use crate::model::Model;
    #[pymodule_export]
    use crate::paper::paper;
    #[pymodule_export]
    use crate::parameters::{activation_names, available_threads};
    #[pymodule_export]
    use crate::pretrain::{Decoder, decode, pretrain};
    #[pymodule_export]
    use crate::sweep::{Sweep, sweep_train};
    #[pymodule_export]
    use crate::trainer::Trainer;
}
