//! Floor 1 of truezero: batches of active values, packed weights, and the products that skip zeros
//! exactly.

mod aligned;
mod batch;

pub use aligned::{AlignedVec, LANES, padded};
pub use batch::{ActiveBatch, Batch, BatchError, DenseBatch, Inputs};
