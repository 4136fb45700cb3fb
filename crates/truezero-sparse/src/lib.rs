//! Floor 1 of truezero: batches of active values, packed weights, and the products that skip zeros
//! exactly: multiplying them would change no bit of a result, unless a sum is −0.0 or a weight infinite
//! ([`naive`] says why).
//!
//! ```
//! use truezero_sparse::{ActiveBatch, DenseBatch, Engine, Inputs, PackedWeights};
//!
//! let weights = PackedWeights::from_plain(3, 2, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
//! let mut inputs = ActiveBatch::new(3);
//! inputs.push([(0, 1.0), (2, 0.5)]); // input 1 is zero: its weights are never read
//! let mut out = DenseBatch::default();
//! Engine::new(1).forward(Inputs::Active(&inputs), &weights, &[0.0, 10.0], &mut out);
//! assert_eq!(out.row(0), [3.5, 15.0]);
//! ```

// Kernels are compiled for an instruction set by being inlined into the function that enables it.
#![allow(clippy::inline_always)]

#[allow(unsafe_code)]
mod aligned;
mod available;
mod batch;
mod by_block;
mod by_unit;
pub mod choose;
#[allow(unsafe_code)]
mod engine;
#[allow(unsafe_code)]
mod helpers;
mod isa;
#[allow(unsafe_code)]
mod kernels;
#[allow(unsafe_code)]
mod lanes;
pub mod memory;
pub mod naive;
mod pointwise;
pub mod roofline;
mod rule;
#[allow(unsafe_code)]
mod threads;
mod weights;

pub use aligned::{AlignedVec, LANES, padded};
pub use available::available_threads;
pub use batch::{ActiveBatch, Batch, BatchError, DenseBatch, Inputs};
pub use engine::Engine;
pub use isa::Isa;
pub use lanes::Line;
pub use pointwise::Pointwise;
pub use rule::LineRule;
pub use weights::{PANEL, PackedWeights};
