//! The data that comes with truezero.

use pyo3::prelude::*;
use truezero_data::{ColumnValues, Features, Portion, Raw, RawTarget, Source, Task, split};

use crate::arrays::{self, Csr};
use crate::failure::wrong;

/// The digits: pixels from 0 to 255 as the parts of a CSR matrix, and what they are; training, validation and
/// test part one after the other.
#[pyfunction]
pub fn digits5k(py: Python<'_>) -> PyResult<(Csr<'_>, Vec<i64>)> {
    let mut pixels: Option<truezero_sparse::Batch> = None;
    let mut labels = Vec::new();
    for part in parts(truezero_data::digits5k()) {
        let (Features::Matrix(batch), Some(RawTarget::Numbers(numbers))) = (part.features, part.target)
        else {
            return Err(wrong("the embedded digits are damaged"));
        };
        match &mut pixels {
            None => pixels = Some(batch),
            Some(pixels) => pixels.append(&batch),
        }
        labels.extend(numbers.values().iter().map(|&number| number as i64));
    }
    match pixels {
        Some(truezero_sparse::Batch::Active(pixels)) => Ok((arrays::csr(py, &pixels)?, labels)),
        _ => Err(wrong("the embedded digits are damaged")),
    }
}

/// The film snippets and their stars; training and test part one after the other.
#[pyfunction]
pub fn film_snippets() -> PyResult<(Vec<String>, Vec<i64>)> {
    let (mut texts, mut stars) = (Vec::new(), Vec::new());
    for part in parts(truezero_data::film_snippets()) {
        let (Features::Table(table), Some(RawTarget::Numbers(numbers))) = (part.features, part.target) else {
            return Err(wrong("the embedded snippets are damaged"));
        };
        for column in table.columns {
            if let ColumnValues::Text(column) = column.values {
                texts.extend(column);
            }
        }
        stars.extend(numbers.values().iter().map(|&number| number as i64));
    }
    Ok((texts, stars))
}

/// Positions of the examples that are kept and of those that are held out: so many of them, each class or label in its
/// proportion, and never the last example of one. `width` numbers of each example tell: 1 for a class, more for labels as 0 or
/// 1; of quantities there are none.
#[pyfunction]
pub fn hold_out(
    examples: usize,
    width: usize,
    targets: Vec<f64>,
    count: usize,
    seed: u64,
) -> PyResult<(Vec<usize>, Vec<usize>)> {
    let (target, task) = match width {
        0 => (None, Task::Regress),
        1 => (Some(RawTarget::Numbers(targets.into())), Task::Classify),
        _ => (Some(RawTarget::Rows { width, values: targets, names: Vec::new() }), Task::Multilabel),
    };
    if target.as_ref().is_some_and(|target| target.examples() != examples) {
        return Err(wrong("targets: expected one for each example"));
    }
    let rows: Vec<usize> = (0..examples).collect();
    split(target.as_ref(), Some(task), &rows, Portion::Count(count), seed)
        .map_err(|error| wrong(error.to_string()))
}

fn parts(source: Source) -> impl Iterator<Item = Raw> {
    [Some(source.train), source.validation, source.test].into_iter().flatten()
}
