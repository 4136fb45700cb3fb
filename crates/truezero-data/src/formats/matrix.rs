//! Rows of numbers, as they come off a file, to a batch in the form that suits its density.

use truezero_sparse::{ActiveBatch, Batch, DenseBatch};

use super::element::Element;
use crate::DataError;
use crate::read::Input;

/// From this fraction of non-zeros on, a matrix is kept as a plain array.
pub const DENSE_FROM: f64 = 0.35;

/// Collects the rows of a matrix of known size. Rows are kept as active values until there are so
/// many of those that the matrix is dense whatever follows; only then is the plain array made, so
/// that its size is in proportion to what was really read.
pub(crate) struct MatrixBuilder {
    rows: usize,
    width: usize,
    filled: usize,
    batch: Batch,
}

impl MatrixBuilder {
    /// For `rows` rows of `width` numbers, as the header of `input` announces them.
    pub(crate) fn new(input: &Input, rows: usize, width: usize) -> Result<Self, DataError> {
        if width == 0 || u32::try_from(width).is_err() {
            let expected = format!("a width between 1 and {}", u32::MAX);
            return Err(input.malformed("header", expected, width.to_string()));
        }
        Ok(Self { rows, width, filled: 0, batch: Batch::Active(ActiveBatch::new(width)) })
    }

    /// Appends a row.
    pub(crate) fn push(&mut self, row: &[f32]) {
        let at = self.filled;
        self.filled += 1;
        match &mut self.batch {
            Batch::Dense(batch) => batch.row_mut(at).copy_from_slice(row),
            Batch::Active(batch) => {
                batch.push((0..).zip(row.iter().copied()));
                if batch.active() as f64 >= DENSE_FROM * (self.rows as f64 * self.width as f64) {
                    self.batch = Batch::Dense(spread(batch, self.rows));
                }
            }
        }
    }

    /// The matrix.
    pub(crate) fn finish(self) -> Batch {
        debug_assert_eq!(self.filled, self.rows, "rows announced and pushed");
        self.batch
    }
}

/// `batch` as the first of `rows` rows of a plain array.
pub(crate) fn spread(batch: &ActiveBatch, rows: usize) -> DenseBatch {
    let mut dense = DenseBatch::zeros(rows, batch.width());
    for example in 0..batch.examples() {
        let row = dense.row_mut(example);
        let (indices, values) = batch.example(example);
        for (&index, &value) in indices.iter().zip(values) {
            row[index as usize] = value;
        }
    }
    dense
}

/// Reads `rows` rows of `width` numbers that stand one after the other.
pub(crate) fn read_rows(
    input: &mut Input,
    element: Element,
    rows: usize,
    width: usize,
) -> Result<Batch, DataError> {
    let mut matrix = MatrixBuilder::new(input, rows, width)?;
    let (mut bytes, mut row) = (Vec::new(), Vec::new());
    for at in 0..rows {
        input.fill(&mut bytes, width as u64 * element.size() as u64, &format!("row {}", at + 1))?;
        row.clear();
        element.each(&bytes, |value| row.push(value as f32));
        check_finite(input, at, &row)?;
        matrix.push(&row);
    }
    Ok(matrix.finish())
}

/// Demands that a row holds neither NaN nor infinity, nor a number too large for 32 bits.
pub(crate) fn check_finite(input: &Input, row: usize, values: &[f32]) -> Result<(), DataError> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(column) => {
            let place = format!("row {}, column {}", row + 1, column + 1);
            Err(input.malformed(place, "a finite 32-bit number", values[column].to_string()))
        }
    }
}

/// The product of dimensions, if it can be addressed in memory.
pub(crate) fn product(input: &Input, dimensions: &[usize]) -> Result<usize, DataError> {
    let product = dimensions.iter().try_fold(1usize, |product, &next| product.checked_mul(next));
    product.filter(|&product| isize::try_from(product).is_ok()).ok_or_else(|| {
        input.malformed("header", "dimensions that fit into memory", format!("{dimensions:?}"))
    })
}

#[cfg(test)]
mod tests {
    use super::super::element::Kind;
    use super::*;

    const U8: Element = Element { kind: Kind::U8, big_endian: false };

    #[test]
    fn the_form_follows_the_density() {
        let sparse = read_rows(&mut Input::from_bytes("test", &[0, 0, 7, 0, 0, 0]), U8, 2, 3).unwrap();
        let mut expected = ActiveBatch::new(3);
        expected.push([(2, 7.0)]);
        expected.push([]);
        assert_eq!(sparse, Batch::Active(expected));
        // Dense only once the second row is seen.
        let dense = read_rows(&mut Input::from_bytes("test", &[0, 0, 7, 1, 2, 3]), U8, 2, 3).unwrap();
        assert_eq!(dense, Batch::Dense(DenseBatch::from_rows(3, &[0.0, 0.0, 7.0, 1.0, 2.0, 3.0])));
    }

    #[test]
    fn a_lying_size_costs_no_memory() {
        let mut input = Input::from_bytes("test", &[1; 100]);
        let error = read_rows(&mut input, U8, usize::MAX / 8, 3).unwrap_err();
        assert_eq!(error.to_string(), "test: row 34: expected 3 bytes, found 1 byte");
        let mut input = Input::from_bytes("test", &[1; 100]);
        assert!(read_rows(&mut input, U8, 1, u32::MAX as usize).is_err());
        assert!(read_rows(&mut input, U8, 1, u32::MAX as usize + 1).is_err());
        assert!(read_rows(&mut input, U8, 1 << 40, 0).is_err());
        assert!(product(&input, &[usize::MAX, 2]).is_err());
    }
}
