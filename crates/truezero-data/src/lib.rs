//! Floor 2 of truezero: from a source of examples to a [`Dataset`].
//!
//! ```text
//! DATA (path or name) ─▶ source::open ─▶ Raw ─▶ Preprocessing::fit (training part only)
//!                                         │          │ stored in the model
//!                                         └─────▶ apply ─▶ Dataset
//! ```
//!
//! ```
//! let source = truezero_data::open(&truezero_data::SourceSpec::new("digits5k"))?;
//! assert_eq!(source.train.examples(), 4000);
//! # Ok::<(), truezero_data::DataError>(())
//! ```

#![forbid(unsafe_code)]

mod budget;
pub mod cell;
pub mod checksum;
mod class_weights;
mod dataset;
mod digits;
mod error;
mod example_weights;
mod expected;
pub mod fetch;
pub mod files;
pub mod formats;
#[doc(hidden)]
pub mod fuzzing;
mod image_shape;
mod label;
mod notice;
mod places;
pub mod preprocess;
mod quote;
mod raw;
mod raw_target;
mod read;
pub mod records;
mod snippets;
mod source;
mod split;
mod strata;
pub mod stream;
pub mod text;
mod wide;

pub use budget::{MAX_MEMORY, set_max_memory};
pub use cell::{CellRules, Decimal};
pub use class_weights::ClassWeights;
pub use dataset::{Dataset, Targets, Task};
pub use digits::digits5k;
pub use error::DataError;
pub use example_weights::{check_weights, combine_weights, take_weights};
pub use expected::{ColumnKind, Expected};
pub use image_shape::ImageShape;
pub use notice::{MAX_NOTICES, Notice, Notices};
pub use places::Places;
pub use preprocess::{InputPreprocessing, PreprocessOptions, Preprocessing, Scaling, infer_task};
pub use quote::{quoted, short, visible};
pub use raw::{Column, ColumnValues, Features, Raw, Table};
pub use raw_target::{Numbers, RawTarget};
pub use read::{Input, MAX_LINE};
pub use snippets::film_snippets;
pub use source::{EMBEDDED, Format, MAX_PIPED, STDIN, Source, SourceSpec, open, what_is};
pub use split::{Portion, sample, split};
pub use wide::WideBatch;
