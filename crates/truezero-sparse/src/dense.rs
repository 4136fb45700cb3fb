//! The products of batches in which most values are active: everything is multiplied, by crate `gemm`.
//!
//! The products are cut into tiles by their shape alone, and each is computed by one thread, so that
//! the number of threads does not show in the bits.

use std::ops::Range;

use crate::threads::Disjoint;
use crate::{DenseBatch, PackedWeights, padded};

/// Examples of a tile.
const TILE_EXAMPLES: usize = 256;

/// Inputs of a tile.
const TILE_INPUTS: usize = 128;

/// Number of tiles of examples.
pub(crate) fn example_tiles(examples: usize) -> usize {
    examples.div_ceil(TILE_EXAMPLES)
}

/// The examples of a tile.
fn example_tile(at: usize, examples: usize) -> Range<usize> {
    at * TILE_EXAMPLES..examples.min((at + 1) * TILE_EXAMPLES)
}

/// Number of tiles of inputs.
pub(crate) fn input_tiles(inputs: usize) -> usize {
    inputs.div_ceil(TILE_INPUTS)
}

/// The inputs of a tile.
pub(crate) fn input_tile(at: usize, inputs: usize) -> Range<usize> {
    at * TILE_INPUTS..inputs.min((at + 1) * TILE_INPUTS)
}

/// A matrix somewhere in an array: element (r, c) is `data[r · by_row + c · by_column]`.
#[derive(Clone, Copy)]
struct Matrix<'a> {
    data: &'a [f32],
    by_row: usize,
    by_column: usize,
}

impl<'a> Matrix<'a> {
    /// Rows that lie `stride` apart.
    fn rows(data: &'a [f32], stride: usize) -> Self {
        Self { data, by_row: stride, by_column: 1 }
    }

    fn transposed(self) -> Self {
        Self { by_row: self.by_column, by_column: self.by_row, ..self }
    }

    /// How long `data` must be to hold so many rows and columns.
    fn needs(self, rows: usize, columns: usize) -> usize {
        if rows == 0 || columns == 0 {
            0
        } else {
            (rows - 1) * self.by_row + (columns - 1) * self.by_column + 1
        }
    }
}

/// Where a product is added to: a matrix whose rows lie `stride` apart from `start` on in an array that
/// several threads write.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) array: Disjoint<'a, f32>,
    pub(crate) start: usize,
    pub(crate) stride: usize,
}

/// `c += scale · a b`, where a is m × k, b is k × n, and c is m × n.
///
/// # Safety
/// While this runs, nobody else uses these elements of c.
///
/// # Panics
/// If the arrays are too small for the shapes.
unsafe fn add_product([m, k, n]: [usize; 3], scale: f32, a: Matrix<'_>, b: Matrix<'_>, c: Target<'_>) {
    if m == 0 || k == 0 || n == 0 {
        return;
    }
    assert!(a.needs(m, k) <= a.data.len(), "expected a left factor of {m} × {k}");
    assert!(b.needs(k, n) <= b.data.len(), "expected a right factor of {k} × {n}");
    let end = c.start + (m - 1) * c.stride + n;
    assert!(n <= c.stride && end <= c.array.len(), "expected room for a product of {m} × {n}");
    // SAFETY: by the assertions every element that these shapes and strides reach lies in its array,
    // and the elements of c are distinct; the caller sees to it that they are used here alone. No array
    // of f32 is longer than isize, so neither is a stride in it; the stride of a dimension of length 1
    // is not used.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            c.array.address(c.start),
            1,
            c.stride.cast_signed(),
            true,
            a.data.as_ptr(),
            a.by_column.cast_signed(),
            a.by_row.cast_signed(),
            b.data.as_ptr(),
            b.by_column.cast_signed(),
            b.by_row.cast_signed(),
            1.0,
            scale,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// `out[s,j] += Σ_i x[s,i] W[i,j]` for one tile of examples, in the outputs of one panel.
///
/// # Safety
/// No other thread uses this part of `out` at the same time.
pub(crate) unsafe fn forward(
    x: &DenseBatch,
    tile: usize,
    w: &PackedWeights,
    panel: usize,
    out: Disjoint<'_, f32>,
) {
    let examples = example_tile(tile, x.examples());
    let (columns, stride) = (w.columns(panel), padded(w.outputs()));
    let sizes = [examples.len(), w.inputs(), columns.len()];
    let a = Matrix::rows(&x.padded()[examples.start * x.stride()..], x.stride());
    let b = Matrix::rows(w.panel(panel), w.panel_width(panel));
    let out = Target { array: out, start: examples.start * stride + columns.start, stride };
    // SAFETY: the caller's promise.
    unsafe { add_product(sizes, 1.0, a, b, out) }
}

/// `errors[s,i] += Σ_j δ[s,j] W[i,j]` for one tile of examples and one of inputs.
///
/// # Safety
/// No other thread uses this part of `errors` at the same time.
pub(crate) unsafe fn backward(
    delta: &DenseBatch,
    tile_of_examples: usize,
    w: &PackedWeights,
    tile_of_inputs: usize,
    errors: Disjoint<'_, f32>,
) {
    let examples = example_tile(tile_of_examples, delta.examples());
    let inputs = input_tile(tile_of_inputs, w.inputs());
    let stride = padded(w.inputs());
    let errors = Target { array: errors, start: examples.start * stride + inputs.start, stride };
    for panel in 0..w.panels() {
        let (columns, width) = (w.columns(panel), w.panel_width(panel));
        let sizes = [examples.len(), columns.len(), inputs.len()];
        let delta_part = &delta.padded()[examples.start * delta.stride() + columns.start..];
        let a = Matrix::rows(delta_part, delta.stride());
        let b = Matrix::rows(&w.panel(panel)[inputs.start * width..], width).transposed();
        // SAFETY: the caller's promise.
        unsafe { add_product(sizes, 1.0, a, b, errors) }
    }
}

/// `gradient[i,j] += scale · Σ_s x[s,i] δ[s,j]` for some inputs i and outputs j.
///
/// # Safety
/// No other thread uses the target at the same time.
pub(crate) unsafe fn add_gradient(
    x: &DenseBatch,
    inputs: Range<usize>,
    delta: &DenseBatch,
    outputs: Range<usize>,
    scale: f32,
    gradient: Target<'_>,
) {
    if x.examples() == 0 {
        return;
    }
    let sizes = [inputs.len(), x.examples(), outputs.len()];
    let a = Matrix::rows(&x.padded()[inputs.start..], x.stride()).transposed();
    let b = Matrix::rows(&delta.padded()[outputs.start..], delta.stride());
    // SAFETY: the caller's promise.
    unsafe { add_product(sizes, scale, a, b, gradient) }
}
