//! Floor 2 of truezero: from a source of examples to a [`Dataset`].
//!
//! ```text
//! DATA (path or name) ─▶ source::open ─▶ Raw ─▶ Preprocessing::fit (training part only)
//!                                         │          │ stored in the model
//!                                         └─────▶ apply ─▶ Dataset
//! ```

mod dataset;
mod error;
mod raw;

pub use dataset::{Dataset, Targets, Task};
pub use error::DataError;
pub use raw::{Column, ColumnValues, Features, ImageShape, Raw, RawTarget, Table};
