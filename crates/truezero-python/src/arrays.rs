//! What Python holds as arrays, and what we hold as batches.
//!
//! | Python | here |
//! |---|---|
//! | array of two dimensions, 32 or 64 bits, any order | `DenseBatch`: one copy, rows padded to cache lines |
//! | sparse matrix in CSR form | `ActiveBatch`: one copy of indices and values, never spread out |
//! | list of (name, column) | `Table`: numbers, or words with `None` where missing |

use numpy::ndarray::ArrayView2;
use numpy::{Element, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyList;
use truezero_data::{Column, ColumnValues, Features, Table, WideBatch};
use truezero_sparse::{ActiveBatch, Batch, DenseBatch, memory};

use crate::failure::{within_memory, wrong};

/// The parts of a CSR matrix: offsets, indices, values, and the shape.
pub type Csr<'py> =
    (Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<i32>>, Bound<'py, PyArray1<f32>>, (usize, usize));

/// Features: a matrix or a table.
pub fn features(x: &Bound<'_, PyAny>) -> PyResult<Features> {
    match x.cast::<PyList>() {
        Ok(columns) => Ok(Features::Table(table(columns)?)),
        Err(_) => matrix_of(x),
    }
}

/// A matrix in the width of its numbers: a model's rules scale them before they are rounded to 32 bits.
fn matrix_of(x: &Bound<'_, PyAny>) -> PyResult<Features> {
    if let Ok(rows) = x.cast::<PyArray2<f64>>() {
        let rows = rows.readonly();
        let rows = rows.as_array();
        if rows.ncols() > 0 {
            let mut values = within_memory(|| memory::room(rows.len()))?;
            values.extend(rows.iter().copied());
            return Ok(Features::Wide(WideBatch::from_rows(rows.ncols(), values)));
        }
    } else if x.hasattr("indptr")?
        && let Ok(values) = x.getattr("data")?.cast::<PyArray1<f64>>()
    {
        let (width, offsets, indices) = structure(x)?;
        let values = copied(values.readonly().as_array().iter().copied())?;
        let rows = WideBatch::from_parts(width, offsets, indices, values);
        return rows.map(Features::Wide).map_err(|error| wrong(error.to_string()));
    }
    Ok(Features::Matrix(batch(x)?))
}

/// A matrix of which all numbers are rounded to 32 bits.
pub fn batch(x: &Bound<'_, PyAny>) -> PyResult<Batch> {
    if let Ok(rows) = x.cast::<PyArray2<f32>>() {
        return dense(rows.readonly().as_array()).map(Batch::Dense);
    }
    if let Ok(rows) = x.cast::<PyArray2<f64>>() {
        return dense(rows.readonly().as_array()).map(Batch::Dense);
    }
    if x.hasattr("indptr")? {
        return active(x).map(Batch::Active);
    }
    Err(PyTypeError::new_err("expected an array of two dimensions, 32 or 64 bits, or a CSR matrix"))
}

/// A number that is stored as 32 bits.
pub trait Number: Copy {
    fn single(self) -> f32;
}

impl Number for f32 {
    fn single(self) -> f32 {
        self
    }
}

impl Number for f64 {
    fn single(self) -> f32 {
        self as f32
    }
}

fn finite(values: &[f32]) -> PyResult<()> {
    // All are looked at first, without a branch for each.
    if values.iter().fold(true, |finite, value| finite & value.is_finite()) {
        return Ok(());
    }
    Err(wrong("Input contains NaN, infinity or a value too large for dtype('float32')."))
}

/// Rows, whatever their order in memory.
pub fn dense<T: Number>(rows: ArrayView2<'_, T>) -> PyResult<DenseBatch> {
    let mut batch = within_memory(|| DenseBatch::zeros(rows.nrows(), rows.ncols()))?;
    for (example, from) in rows.outer_iter().enumerate() {
        let to = batch.row_mut(example);
        to.iter_mut().zip(from).for_each(|(to, from)| *to = from.single());
        finite(to)?;
    }
    Ok(batch)
}

fn active(x: &Bound<'_, PyAny>) -> PyResult<ActiveBatch> {
    let (width, offsets, indices) = structure(x)?;
    let values = singles(&x.getattr("data")?)?;
    finite(&values)?;
    ActiveBatch::from_parts(width, offsets, indices, values).map_err(|error| wrong(error.to_string()))
}

/// Columns, row offsets and indices of a CSR matrix.
fn structure(x: &Bound<'_, PyAny>) -> PyResult<(usize, Vec<usize>, Vec<u32>)> {
    let (examples, width): (usize, usize) = x.getattr("shape")?.extract()?;
    let offsets: Vec<usize> = integers(&x.getattr("indptr")?)?;
    let indices = integers(&x.getattr("indices")?)?;
    if offsets.len() != examples + 1 {
        return Err(wrong(format!("expected {} row offsets, found {}", examples + 1, offsets.len())));
    }
    Ok((width, offsets, indices))
}

/// Values in memory of ours, if there is enough.
fn copied<T>(values: impl ExactSizeIterator<Item = T>) -> PyResult<Vec<T>> {
    let mut copy = within_memory(|| memory::room(values.len()))?;
    copy.extend(values);
    Ok(copy)
}

/// Whole numbers of a type, from an array of 32 or 64 bits.
fn integers<T: TryFrom<i64>>(array: &Bound<'_, PyAny>) -> PyResult<Vec<T>> {
    fn convert<S: Element + Copy + Into<i64>, T: TryFrom<i64>>(
        array: &Bound<'_, PyArray1<S>>,
    ) -> PyResult<Vec<T>> {
        let read = array.readonly();
        let one = |&number: &S| T::try_from(number.into());
        let mut all = within_memory(|| memory::room(read.len()))?;
        for number in read.as_array().iter().map(one) {
            let number = number
                .map_err(|_| wrong("a CSR matrix holds offsets or indices that are negative or too large"))?;
            all.push(number);
        }
        Ok(all)
    }
    match (array.cast::<PyArray1<i32>>(), array.cast::<PyArray1<i64>>()) {
        (Ok(array), _) => convert(array),
        (_, Ok(array)) => convert(array),
        _ => Err(PyTypeError::new_err("expected offsets and indices of 32 or 64 bits")),
    }
}

fn singles(array: &Bound<'_, PyAny>) -> PyResult<Vec<f32>> {
    match (array.cast::<PyArray1<f32>>(), array.cast::<PyArray1<f64>>()) {
        (Ok(array), _) => copied(array.readonly().as_array().iter().copied()),
        (_, Ok(array)) => copied(array.readonly().as_array().iter().map(|&value| value as f32)),
        _ => Err(PyTypeError::new_err("expected values of 32 or 64 bits")),
    }
}

fn table(columns: &Bound<'_, PyList>) -> PyResult<Table> {
    let mut table = Table::default();
    for entry in columns {
        let (name, values): (String, Bound<'_, PyAny>) = entry.extract()?;
        let values = match values.cast::<PyArray1<f64>>() {
            Ok(numbers) => ColumnValues::Numbers(copied(numbers.readonly().as_array().iter().copied())?),
            Err(_) => ColumnValues::Categories(values.extract()?),
        };
        let rows = match &values {
            ColumnValues::Numbers(numbers) => numbers.len(),
            ColumnValues::Categories(words) => words.len(),
            ColumnValues::Text(texts) => texts.len(),
        };
        if !table.columns.is_empty() && rows != table.rows {
            return Err(wrong(format!("column {name:?}: expected {} rows, found {rows}", table.rows)));
        }
        table.rows = rows;
        table.columns.push(Column { name, values });
    }
    Ok(table)
}

/// A batch as an array of two dimensions.
pub fn array<'py>(py: Python<'py>, batch: &DenseBatch) -> PyResult<Bound<'py, PyArray2<f32>>> {
    let mut plain = within_memory(|| memory::room(batch.examples().saturating_mul(batch.width())))?;
    (0..batch.examples()).for_each(|example| plain.extend_from_slice(batch.row(example)));
    matrix(py, plain, batch.examples(), batch.width())
}

/// Plain rows as an array of two dimensions.
pub fn matrix(
    py: Python<'_>,
    plain: Vec<f32>,
    rows: usize,
    columns: usize,
) -> PyResult<Bound<'_, PyArray2<f32>>> {
    PyArray1::from_vec(py, plain).reshape([rows, columns])
}

/// Active values as the parts of a CSR matrix.
pub fn csr<'py>(py: Python<'py>, batch: &ActiveBatch) -> PyResult<Csr<'py>> {
    let offsets = copied(batch.offsets().iter().map(|&offset| offset as i64))?;
    let indices = copied(batch.indices().iter().map(|&index| index as i32))?;
    let values = copied(batch.values().iter().copied())?;
    Ok((
        PyArray1::from_vec(py, offsets),
        PyArray1::from_vec(py, indices),
        PyArray1::from_vec(py, values),
        (batch.examples(), batch.width()),
    ))
}

/// A matrix given as an array, as plain rows.
pub fn plain(rows: &PyReadonlyArray2<'_, f32>) -> PyResult<Vec<f32>> {
    let mut values = within_memory(|| memory::room(rows.len()))?;
    values.extend(rows.as_array().iter().copied());
    finite(&values)?;
    debug_assert_eq!(values.len(), rows.len());
    Ok(values)
}
