//! Rows of numbers, as they come off a file, to a batch in the form that suits its density.

use std::sync::Arc;

use truezero_sparse::{ActiveBatch, Batch, DenseBatch, memory, padded};

use super::element::Element;
use crate::budget::Budget;
use crate::read::Input;
use crate::wide::is_single;
use crate::{DataError, Features, WideBatch};

/// From this fraction of non-zeros on, a matrix is kept as a plain array.
pub const DENSE_FROM: f64 = 0.35;

/// Bytes of an active value and its index, in 32 and in 64 bits, and of the offset of a row.
const OF_SINGLE: u64 = 4 + 4;
const OF_WIDE: u64 = 8 + 4;
const OF_ROW: u64 = 8;

/// Collects the rows of a matrix of known size. Rows are kept as active values until there are so
/// many of those that the matrix is dense whatever follows; only then is the plain array made, so
/// that its size is in proportion to what was really read. Numbers take 32 bits until one comes that
/// needs more. What is kept is counted before it is.
pub(crate) struct MatrixBuilder {
    rows: usize,
    width: usize,
    filled: usize,
    numbers: Numbers,
    /// A row in 32 bits.
    single: Vec<f32>,
    budget: Arc<Budget>,
    /// What was taken of the budget.
    taken: u64,
}

enum Numbers {
    Single(Batch),
    Wide(WideBatch),
}

impl MatrixBuilder {
    /// For `rows` rows of `width` numbers, as the header of a file announces them.
    pub(crate) fn new(budget: &Arc<Budget>, rows: usize, width: usize) -> Result<Self, DataError> {
        if width == 0 || u32::try_from(width).is_err() {
            let expected = format!("a width between 1 and {}", u32::MAX);
            return Err(DataError::malformed(budget.path(), "header", expected, width.to_string()));
        }
        let numbers = Numbers::Single(Batch::Active(ActiveBatch::new(width)));
        Ok(Self { rows, width, filled: 0, numbers, single: Vec::new(), budget: budget.clone(), taken: 0 })
    }

    /// Appends a row.
    pub(crate) fn push(&mut self, row: &[f32]) -> Result<(), DataError> {
        self.count(row.iter().filter(|&&value| value != 0.0).count())?;
        match &mut self.numbers {
            Numbers::Single(Batch::Dense(batch)) => batch.row_mut(self.filled).copy_from_slice(row),
            Numbers::Single(Batch::Active(batch)) => batch.push((0..).zip(row.iter().copied())),
            Numbers::Wide(batch) => batch.push((0..).zip(row.iter().copied().map(f64::from))),
        }
        self.pushed()
    }

    /// Appends a row of 64-bit numbers.
    pub(crate) fn push_wide(&mut self, row: &[f64]) -> Result<(), DataError> {
        if row.iter().copied().all(is_single) {
            let mut single = std::mem::take(&mut self.single);
            single.clear();
            single.extend(row.iter().map(|&number| number as f32));
            let pushed = self.push(&single);
            self.single = single;
            return pushed;
        }
        if let Numbers::Single(batch) = &mut self.numbers {
            let bytes = match batch {
                Batch::Active(batch) => batch.active() as u64 * OF_WIDE + batch.examples() as u64 * OF_ROW,
                Batch::Dense(_) => product(&[self.rows, self.width, size_of::<f64>()]),
            };
            let batch = std::mem::replace(batch, Batch::Active(ActiveBatch::new(self.width)));
            self.becomes(bytes, |this| this.numbers = Numbers::Wide(this.widened(batch)))?;
        }
        self.count(row.iter().filter(|&&value| value != 0.0).count())?;
        if let Numbers::Wide(batch) = &mut self.numbers {
            batch.push((0..).zip(row.iter().copied()));
        }
        self.pushed()
    }

    /// Counts a row with so many active values; of a plain array all rows are counted already.
    fn count(&mut self, active: usize) -> Result<(), DataError> {
        let bytes = match &self.numbers {
            Numbers::Single(Batch::Active(_)) => active as u64 * OF_SINGLE + OF_ROW,
            Numbers::Wide(batch) if !batch.is_dense() => active as u64 * OF_WIDE + OF_ROW,
            Numbers::Single(Batch::Dense(_)) | Numbers::Wide(_) => return Ok(()),
        };
        self.taken += bytes;
        self.budget.take(bytes, || row_name(self.filled))
    }

    /// Takes another form, of so many bytes: for a moment both are there.
    fn becomes(&mut self, bytes: u64, change: impl FnOnce(&mut Self)) -> Result<(), DataError> {
        self.budget.take(bytes, || row_name(self.filled))?;
        change(self);
        self.budget.give(std::mem::replace(&mut self.taken, bytes));
        Ok(())
    }

    /// After each row: the form follows the density.
    fn pushed(&mut self) -> Result<(), DataError> {
        self.filled += 1;
        let dense_from = DENSE_FROM * (self.rows as f64 * self.width as f64);
        match &self.numbers {
            Numbers::Single(Batch::Active(batch)) if batch.active() as f64 >= dense_from => {
                let bytes = product(&[self.rows, padded(self.width), size_of::<f32>()]);
                self.becomes(bytes, |this| {
                    if let Numbers::Single(Batch::Active(batch)) = &this.numbers {
                        this.numbers = Numbers::Single(Batch::Dense(spread(batch, this.rows)));
                    }
                })
            }
            Numbers::Wide(batch) if !batch.is_dense() && batch.active() as f64 >= dense_from => {
                let bytes = product(&[self.rows, self.width, size_of::<f64>()]);
                self.becomes(bytes, |this| {
                    if let Numbers::Wide(batch) = &mut this.numbers {
                        batch.spread(this.rows);
                    }
                })
            }
            Numbers::Single(_) | Numbers::Wide(_) => Ok(()),
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

/// Reads `rows` rows of `width` numbers that stand one after the other, and counts them.
pub(crate) fn read_rows(
    input: &mut Input,
    budget: &Arc<Budget>,
    element: Element,
    rows: usize,
    width: usize,
) -> Result<Features, DataError> {
    let mut matrix = MatrixBuilder::new(budget, rows, width)?;
    let (mut bytes, mut row) = (Vec::new(), Vec::new());
    for at in 0..rows {
        input.fill(&mut bytes, width as u64 * element.size() as u64, &row_name(at))?;
        row.clear();
        budget.reserve(&mut row, width, "row")?;
        element.each(&bytes, |value| row.push(value));
        check_finite(input, at, &row)?;
        matrix.push_wide(&row)?;
    }
    Ok(matrix.finish())
}

fn row_name(at: usize) -> String {
    format!("row {}", at + 1)
}

fn product(factors: &[usize]) -> u64 {
    factors.iter().fold(1, |product, &factor| product.saturating_mul(factor as u64))
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
pub(crate) fn addressable(input: &Input, dimensions: &[usize]) -> Result<usize, DataError> {
    let product = dimensions.iter().try_fold(1usize, |product, &next| product.checked_mul(next));
    product.filter(|&product| isize::try_from(product).is_ok()).ok_or_else(|| {
        input.malformed("header", "dimensions that fit into memory", format!("{dimensions:?}"))
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::element::Kind;
    use super::*;

    const U8: Element = Element { kind: Kind::U8, big_endian: false };

    fn budget() -> Arc<Budget> {
        up_to(1 << 20)
    }

    fn up_to(bytes: u64) -> Arc<Budget> {
        Arc::new(Budget::up_to(Path::new("test"), bytes))
    }

    fn single(features: Features) -> Batch {
        let Features::Matrix(batch) = features else { panic!("numbers of 32 bits") };
        batch
    }

    #[test]
    fn numbers_that_32_bits_do_not_hold_are_kept_in_64() {
        const SECOND: f64 = 1_700_000_001.0;
        // Sparse, and dense, when the first of them comes.
        for first in [[0.0, 0.0, 0.0, 5.0], [1.0, 2.0, 3.0, 0.0]] {
            let mut matrix = MatrixBuilder::new(&budget(), 3, 4).unwrap();
            let rows = [first, [SECOND, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 0.0]];
            rows.iter().for_each(|row| matrix.push_wide(row).unwrap());
            let Features::Wide(batch) = matrix.finish() else { panic!("numbers of 64 bits") };
            assert_eq!(batch, WideBatch::from_rows(4, rows.concat()));
        }
        let mut matrix = MatrixBuilder::new(&budget(), 1, 4).unwrap();
        matrix.push_wide(&[0.0, 0.0, SECOND, 0.0]).unwrap();
        let Features::Wide(batch) = matrix.finish() else { panic!("numbers of 64 bits") };
        assert_eq!(batch, WideBatch::from_parts(4, vec![0, 1], vec![2], vec![SECOND]).unwrap());
    }

    #[test]
    fn the_form_follows_the_density() {
        let sparse =
            read_rows(&mut Input::from_bytes("test", &[0, 0, 7, 0, 0, 0]), &budget(), U8, 2, 3).unwrap();
        let mut expected = ActiveBatch::new(3);
        expected.push([(2, 7.0)]);
        expected.push([]);
        assert_eq!(single(sparse), Batch::Active(expected));
        // Dense only once the second row is seen.
        let dense =
            read_rows(&mut Input::from_bytes("test", &[0, 0, 7, 1, 2, 3]), &budget(), U8, 2, 3).unwrap();
        assert_eq!(single(dense), Batch::Dense(DenseBatch::from_rows(3, &[0.0, 0.0, 7.0, 1.0, 2.0, 3.0])));
    }

    #[test]
    fn what_is_kept_is_counted() {
        // Active values, then a plain array of 2 rows of 16: of what is there one after the other the largest may be.
        let budget = up_to(1 << 10);
        let mut matrix = MatrixBuilder::new(&budget, 2, 10).unwrap();
        matrix.push(&[1.0, 2.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]).unwrap();
        assert_eq!(matrix.taken, 3 * 8 + 8);
        matrix.push_wide(&[1.0; 10]).unwrap();
        assert_eq!(matrix.taken, 2 * 16 * 4);
        budget.fits((1 << 10) - 2 * 16 * 4, "").unwrap();
        // 64 bits for each.
        let mut matrix = MatrixBuilder::new(&budget, 2, 10).unwrap();
        matrix.push_wide(&[0.1; 10]).unwrap();
        assert_eq!(matrix.taken, 2 * 10 * 8);
        // Too much for what is left of 1 KiB.
        let mut matrix = MatrixBuilder::new(&budget, 16, 16).unwrap();
        let pushed = (0..16).try_for_each(|_| matrix.push(&[1.0; 16]));
        let error = pushed.unwrap_err().to_string();
        assert!(
            error.starts_with("test: row 6: expected data that takes at most 1.0 KiB of memory"),
            "{error}"
        );
    }

    #[test]
    fn a_lying_size_costs_no_memory() {
        let mut input = Input::from_bytes("test", &[1; 100]);
        let error = read_rows(&mut input, &budget(), U8, usize::MAX / 8, 3).unwrap_err();
        assert_eq!(error.to_string(), "test: row 34: expected 3 bytes, found 1 byte");
        let mut input = Input::from_bytes("test", &[1; 100]);
        assert!(read_rows(&mut input, &budget(), U8, 1, u32::MAX as usize).is_err());
        assert!(read_rows(&mut input, &budget(), U8, 1, u32::MAX as usize + 1).is_err());
        assert!(read_rows(&mut input, &budget(), U8, 1 << 40, 0).is_err());
        assert!(addressable(&input, &[usize::MAX, 2]).is_err());
    }
}
