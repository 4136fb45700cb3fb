//! Rows of numbers, as they come off a file, to a batch in the form that suits its density.

use truezero_sparse::{ActiveBatch, Batch, DenseBatch, memory};

use super::element::Element;
use crate::read::Input;
use crate::wide::is_single;
use crate::{DataError, Features, WideBatch};

/// From this fraction of non-zeros on, a matrix is kept as a plain array.
pub const DENSE_FROM: f64 = 0.35;

/// Collects the rows of a matrix of known size. Rows are kept as active values until there are so
/// many of those that the matrix is dense whatever follows; only then is the plain array made, so
/// that its size is in proportion to what was really read. Numbers take 32 bits until one comes that
/// needs more.
pub(crate) struct MatrixBuilder {
    rows: usize,
    width: usize,
    filled: usize,
    numbers: Numbers,
    /// A row in 32 bits.
    single: Vec<f32>,
}

enum Numbers {
    Single(Batch),
    Wide(WideBatch),
}

impl MatrixBuilder {
    /// For `rows` rows of `width` numbers, as the header of `input` announces them.
    pub(crate) fn new(input: &Input, rows: usize, width: usize) -> Result<Self, DataError> {
        if width == 0 || u32::try_from(width).is_err() {
            let expected = format!("a width between 1 and {}", u32::MAX);
            return Err(input.malformed("header", expected, width.to_string()));
        }
        let numbers = Numbers::Single(Batch::Active(ActiveBatch::new(width)));
        Ok(Self { rows, width, filled: 0, numbers, single: Vec::new() })
    }

    /// Appends a row.
    pub(crate) fn push(&mut self, row: &[f32]) {
        match &mut self.numbers {
            Numbers::Single(Batch::Dense(batch)) => batch.row_mut(self.filled).copy_from_slice(row),
            Numbers::Single(Batch::Active(batch)) => batch.push((0..).zip(row.iter().copied())),
            Numbers::Wide(batch) => batch.push((0..).zip(row.iter().copied().map(f64::from))),
        }
        self.pushed();
    }

    /// Appends a row of 64-bit numbers.
    pub(crate) fn push_wide(&mut self, row: &[f64]) {
        if row.iter().copied().all(is_single) {
            let mut single = std::mem::take(&mut self.single);
            single.clear();
            single.extend(row.iter().map(|&number| number as f32));
            self.push(&single);
            self.single = single;
            return;
        }
        if let Numbers::Single(batch) = &mut self.numbers {
            let batch = std::mem::replace(batch, Batch::Active(ActiveBatch::new(self.width)));
            self.numbers = Numbers::Wide(self.widened(batch));
        }
        if let Numbers::Wide(batch) = &mut self.numbers {
            batch.push((0..).zip(row.iter().copied()));
        }
        self.pushed();
    }

    /// After each row: the form follows the density.
    fn pushed(&mut self) {
        self.filled += 1;
        let dense_from = DENSE_FROM * (self.rows as f64 * self.width as f64);
        match &mut self.numbers {
            Numbers::Single(Batch::Active(batch)) if batch.active() as f64 >= dense_from => {
                self.numbers = Numbers::Single(Batch::Dense(spread(batch, self.rows)));
            }
            Numbers::Wide(batch) if !batch.is_dense() && batch.active() as f64 >= dense_from => {
                batch.spread(self.rows);
            }
            Numbers::Single(_) | Numbers::Wide(_) => {}
        }
    }

    /// The rows so far in 64 bits. The plain array has room for all rows, those that are still to come too.
    fn widened(&self, batch: Batch) -> WideBatch {
        match batch {
            Batch::Active(_) => batch.into(),
            Batch::Dense(batch) => {
                let mut values = memory::room(self.rows.saturating_mul(self.width));
                let rows = (0..self.filled).flat_map(|at| batch.row(at));
                values.extend(rows.copied().map(f64::from));
                WideBatch::from_rows(self.width, values)
            }
        }
    }

    /// The matrix.
    pub(crate) fn finish(self) -> Features {
        debug_assert_eq!(self.filled, self.rows, "rows announced and pushed");
        match self.numbers {
            Numbers::Single(batch) => Features::Matrix(batch),
            Numbers::Wide(batch) => Features::Wide(batch),
        }
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
) -> Result<Features, DataError> {
    let mut matrix = MatrixBuilder::new(input, rows, width)?;
    let (mut bytes, mut row) = (Vec::new(), Vec::new());
    for at in 0..rows {
        input.fill(&mut bytes, width as u64 * element.size() as u64, &format!("row {}", at + 1))?;
        row.clear();
        element.each(&bytes, |value| row.push(value));
        check_finite(input, at, &row)?;
        matrix.push_wide(&row);
    }
    Ok(matrix.finish())
}

/// Demands that a row holds neither NaN nor infinity.
pub(crate) fn check_finite<T: Copy + Into<f64>>(
    input: &Input,
    row: usize,
    values: &[T],
) -> Result<(), DataError> {
    match values.iter().position(|&value| !value.into().is_finite()) {
        None => Ok(()),
        Some(column) => {
            let place = format!("row {}, column {}", row + 1, column + 1);
            Err(input.malformed(place, "a finite number", values[column].into().to_string()))
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

    fn single(features: Features) -> Batch {
        let Features::Matrix(batch) = features else { panic!("numbers of 32 bits") };
        batch
    }

    #[test]
    fn numbers_that_32_bits_do_not_hold_are_kept_in_64() {
        const SECOND: f64 = 1_700_000_001.0;
        // Sparse, and dense, when the first of them comes.
        for first in [[0.0, 0.0, 0.0, 5.0], [1.0, 2.0, 3.0, 0.0]] {
            let mut matrix = MatrixBuilder::new(&Input::from_bytes("test", &[]), 3, 4).unwrap();
            let rows = [first, [SECOND, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 0.0]];
            rows.iter().for_each(|row| matrix.push_wide(row));
            let Features::Wide(batch) = matrix.finish() else { panic!("numbers of 64 bits") };
            assert_eq!(batch, WideBatch::from_rows(4, rows.concat()));
        }
        let mut matrix = MatrixBuilder::new(&Input::from_bytes("test", &[]), 1, 4).unwrap();
        matrix.push_wide(&[0.0, 0.0, SECOND, 0.0]);
        let Features::Wide(batch) = matrix.finish() else { panic!("numbers of 64 bits") };
        assert_eq!(batch, WideBatch::from_parts(4, vec![0, 1], vec![2], vec![SECOND]).unwrap());
    }

    #[test]
    fn the_form_follows_the_density() {
        let sparse = read_rows(&mut Input::from_bytes("test", &[0, 0, 7, 0, 0, 0]), U8, 2, 3).unwrap();
        let mut expected = ActiveBatch::new(3);
        expected.push([(2, 7.0)]);
        expected.push([]);
        assert_eq!(single(sparse), Batch::Active(expected));
        // Dense only once the second row is seen.
        let dense = read_rows(&mut Input::from_bytes("test", &[0, 0, 7, 1, 2, 3]), U8, 2, 3).unwrap();
        assert_eq!(single(dense), Batch::Dense(DenseBatch::from_rows(3, &[0.0, 0.0, 7.0, 1.0, 2.0, 3.0])));
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
