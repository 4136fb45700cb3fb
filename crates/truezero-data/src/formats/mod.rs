//! Readers of file formats, each from a path or from bytes to [`Raw`](crate::Raw).

pub(crate) mod column_types;
mod csr;
pub(crate) mod csv_dialect;
mod csv_record;
pub(crate) mod csv_scan;
mod dates;
mod durations;
mod element;
pub(crate) mod encoding;
pub(crate) mod evidence;
mod growing;
mod header;
mod matrix;
pub(crate) mod npy_header;
pub(crate) mod npz_sparse;
pub(crate) mod parquet_footer;
pub(crate) mod record_batches;
pub(crate) mod table;
mod thrift;
pub(crate) mod typed;

pub mod arrow;
mod arrow_integers;
pub mod cifar;
pub mod csv;
pub mod idx;
pub mod images;
pub mod norb;
pub mod npy;
pub mod npz;
mod odd_numbers;
pub mod parquet;
pub mod save_npz;
pub mod save_parquet;
pub mod svmlight;
mod svmlight_bytes;
mod svmlight_numbering;

pub use encoding::Encoding;
pub use matrix::DENSE_FROM;
pub(crate) use matrix::MatrixBuilder;
pub use record_batches::panic_is_caught;
pub use table::TableOptions;

use crate::read::Input;
use crate::{DataError, ImageShape, Numbers, RawTarget};
use element::{Element, Kind};
use truezero_sparse::memory;

/// The shape of an image stored as height × width or height × width × channels.
fn channels_last(dimensions: &[usize]) -> Option<ImageShape> {
    match *dimensions {
        [height, width] => Some(ImageShape { height, width, channels: 1 }),
        [height, width, channels @ (1 | 3)] => Some(ImageShape { height, width, channels }),
        _ => None,
    }
}

/// Reads the targets of `rows` examples, `width` numbers each.
fn numbers(input: &mut Input, element: Element, rows: usize, width: usize) -> Result<RawTarget, DataError> {
    if width == 0 {
        return Err(input.malformed("header", "1 number for each target or more", "0"));
    }
    let count = matrix::addressable(input, &[rows, width, element.size()])?;
    let bytes = input.whole(count as u64, "targets")?;
    let budget = input.budget();
    budget.take((rows * width * size_of::<f64>()) as u64, || "targets".to_owned())?;
    if width == 1 && matches!(element.kind, Kind::I64 | Kind::U64) {
        let mut whole = Numbers::default();
        element.each_whole(&bytes, |value| whole.push_whole(value));
        return Ok(RawTarget::Numbers(whole));
    }
    let mut values = memory::room(rows * width);
    element.each(&bytes, |value| values.push(value));
    budget.give(bytes.len() as u64);
    target(input, width, values)
}

/// Targets of `width` numbers each, checked to be finite.
fn target(input: &Input, width: usize, values: Vec<f64>) -> Result<RawTarget, DataError> {
    if let Some(at) = values.iter().position(|value| !value.is_finite()) {
        let place = format!("target {}", at / width + 1);
        return Err(input.malformed(place, "a finite number", values[at].to_string()));
    }
    Ok(match width {
        1 => RawTarget::Numbers(values.into()),
        _ => RawTarget::Rows { width, values, names: Vec::new() },
    })
}
