//! Entry points for whatever bytes may come, one for each format: called by the fuzz targets and by the
//! tests of hostile inputs. Each must answer with an error or without one, and never panic or hang.
//!
//! Memory is at most a constant times the bytes, and what the result takes. The result is refused from a limit on that an
//! option raises, [`MAX_MEMORY`](crate::MAX_MEMORY): whatever is announced, expanded or repeated is counted before it is
//! made.

use crate::formats::{TableOptions, arrow, cifar, csv, idx, images, norb, npy, npz, parquet, svmlight};
use crate::source::labels;
use crate::{DataError, Input, Notices, SourceSpec};

/// Parses bytes that errors are to call `name`.
pub type Parse = fn(&str, &[u8]) -> Result<(), DataError>;

/// The entry point of each format.
pub const FORMATS: &[(&str, Parse)] = &[
    ("arrow", parse_arrow),
    ("cifar", parse_cifar),
    ("csv", parse_csv),
    ("idx", parse_idx),
    ("image", parse_image),
    ("labels", parse_labels),
    ("norb", parse_norb),
    ("npy", parse_npy),
    ("npz", parse_npz),
    ("parquet", parse_parquet),
    ("svmlight", parse_svmlight),
];

/// An Arrow IPC file or stream.
pub fn parse_arrow(name: &str, bytes: &[u8]) -> Result<(), DataError> {
    arrow::parse(Input::from_bytes(name, bytes), &table_options()).map(|_| ())
}

/// A text table.
pub fn parse_csv(name: &str, bytes: &[u8]) -> Result<(), DataError> {
    csv::parse(Input::from_bytes(name, bytes), &table_options()).map(|_| ())
}

/// A Parquet file.
pub fn parse_parquet(name: &str, bytes: &[u8]) -> Result<(), DataError> {
    parquet::parse(Input::from_bytes(name, bytes), &table_options()).map(|_| ())
}

/// Tables are read with the column `y` as their target.
fn table_options() -> TableOptions {
    TableOptions { target: Some("y".to_owned()), ..TableOptions::default() }
}

/// Records of CIFAR-10.
pub fn parse_cifar(name: &str, bytes: &[u8]) -> Result<(), DataError> {
    cifar::read([Ok(Input::from_bytes(name, bytes))]).map(|_| ())
}

/// IDX, as examples, then as labels if it is of one dimension.
pub fn parse_idx(name: &str, bytes: &[u8]) -> Result<(), DataError> {
    if bytes.get(3) == Some(&1) {
        idx::read_labels(Input::from_bytes(name, bytes)).map(|_| ())
    } else {
        idx::read_examples(Input::from_bytes(name, bytes)).map(|_| ())
    }
}

/// A PNG or JPEG image.
pub fn parse_image(name: &str, bytes: &[u8]) -> Result<(), DataError> {
    images::read_bytes(name, bytes, None, &Notices::default()).map(|_| ())
}

/// Targets of three examples in a file of their own.
pub fn parse_labels(name: &str, bytes: &[u8]) -> Result<(), DataError> {
    labels::parse(Input::from_bytes(name, bytes), 3, &SourceSpec::default()).map(|_| ())
}

/// The binary matrices of small NORB, as classes if of one dimension, else as images.
pub fn parse_norb(name: &str, bytes: &[u8]) -> Result<(), DataError> {
    /// One pair of 3 × 3 pixels, and its class.
    const IMAGES: &[u8] = b"\x55\x4c\x3d\x1e\x04\0\0\0\x01\0\0\0\x01\0\0\0\x03\0\0\0\x03\0\0\0abcdefghi";
    const CLASSES: &[u8] = b"\x55\x4c\x3d\x1e\x01\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0\x04";
    let input = Input::from_bytes(name, bytes);
    if bytes.get(4) == Some(&1) {
        norb::read(Input::from_bytes("images", IMAGES), input).map(|_| ())
    } else {
        norb::read(input, Input::from_bytes("classes", CLASSES)).map(|_| ())
    }
}

/// NPY, as labels if it cannot be examples.
pub fn parse_npy(name: &str, bytes: &[u8]) -> Result<(), DataError> {
    npy::read_examples(Input::from_bytes(name, bytes), None)
        .map(|_| ())
        .or_else(|error| npy::read_labels(Input::from_bytes(name, bytes)).map(|_| ()).map_err(|_| error))
}

/// NPZ, dense or sparse.
pub fn parse_npz(name: &str, bytes: &[u8]) -> Result<(), DataError> {
    npz::read_bytes(name, bytes, None, &Notices::default()).map(|_| ())
}

/// svmlight text.
pub fn parse_svmlight(name: &str, bytes: &[u8]) -> Result<(), DataError> {
    svmlight::read(Input::from_bytes(name, bytes), None, None, &Notices::default()).map(|_| ())
}
