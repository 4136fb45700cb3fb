//! What the norm of a gradient is found from: the squares of its rows, or the inner products of the examples.
//!
//! `‖Xᵀ Δ‖² = Σ_i Σ_j (Σ_s x[s,i] δ[s,j])² = Σ_s Σ_t (x_s · x_t) (δ_s · δ_t)`

use std::ops::Range;

use super::backward::{Delta, PANEL_LINES, block};
use crate::by_unit::ByUnit;
use crate::lanes::{Kernel, Lanes, Line, as_lines, with_lines};
use crate::threads::Disjoint;
use crate::weights::Shape;
use crate::{DenseBatch, LANES};

/// Examples of a tile of inner products, at most.
pub(crate) const GRAM_TILE: usize = 4;

/// The inner products of the rows of a batch, `out[s · examples + t]` for t <= s, of the rows s of one task. Some
/// more, for t > s, may be written.
pub(crate) struct Gram<'a> {
    pub(crate) batch: &'a DenseBatch,
    /// At most [`GRAM_TILE`] of them.
    pub(crate) rows: Range<usize>,
    pub(crate) out: Disjoint<'a, f32>,
}

impl Kernel for Gram<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        if L::TILE >= GRAM_TILE * GRAM_TILE {
            self.tiles::<L, GRAM_TILE>(lanes);
        } else {
            self.tiles::<L, 2>(lanes);
        }
    }
}

impl Gram<'_> {
    #[inline(always)]
    fn tiles<L: Lanes, const SIDE: usize>(&self, lanes: L) {
        let examples = self.batch.examples();
        let (all, stride) = (as_lines(self.batch.padded()), self.batch.stride() / LANES);
        // Tiles that reach beyond the last row compute that one again.
        let row = |at: usize| &all[at.min(examples - 1) * stride..][..stride];
        for first in self.rows.clone().step_by(SIDE) {
            let left: [&[Line]; SIDE] = std::array::from_fn(|n| row(first + n));
            for other in (0..first + SIDE).step_by(SIDE) {
                let right: [&[Line]; SIDE] = std::array::from_fn(|n| row(other + n));
                let mut sums = [[lanes.splat(0.0); SIDE]; SIDE];
                for line in 0..stride {
                    let mut values = [lanes.splat(0.0); SIDE];
                    for n in 0..SIDE {
                        values[n] = lanes.load(&right[n][line]);
                    }
                    for s in 0..SIDE {
                        let value = lanes.load(&left[s][line]);
                        for t in 0..SIDE {
                            sums[s][t] = lanes.fma(value, values[t], sums[s][t]);
                        }
                    }
                }
                for s in 0..SIDE.min(self.rows.end - first) {
                    for t in 0..SIDE.min(examples - other.min(examples)) {
                        let place = (first + s) * examples + other + t;
                        // SAFETY: a row is written by its task alone.
                        let place = unsafe { self.out.slice_mut(place..place + 1) };
                        place[0] = lanes.sum(sums[s][t]);
                    }
                }
            }
        }
    }
}

/// For each unit of a task, the sum of the squares of its row of the gradient.
pub(crate) struct RowSquares<'a> {
    pub(crate) x: &'a ByUnit,
    pub(crate) task: Range<usize>,
    pub(crate) shape: Shape,
    pub(crate) delta: &'a DenseBatch,
    /// One for each unit of the batch.
    pub(crate) out: Disjoint<'a, f64>,
}

impl Kernel for RowSquares<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let Self { x, task, shape, out, .. } = self;
        let delta = Delta::new(self.delta);
        for at in task {
            let mut squares = [0.0; LANES];
            for panel in 0..shape.panels() {
                let lines = shape.panel_width(panel) / LANES;
                let mut first = 0;
                while first < lines {
                    let count = L::ACCUMULATORS.min(lines - first);
                    with_lines!(count, N => {
                        let start = panel * PANEL_LINES + first;
                        let (none, zero) = ([[0.0; LANES]; N], [lanes.splat(0.0); N]);
                        let sums = block::<L, N, false, true>(
                            lanes, &none, zero, zero, x.activities(at), delta, start, &mut [],
                        );
                        for n in 0..N {
                            let mut line = [0.0; LANES];
                            lanes.store(sums[n], &mut line);
                            add_squares(&mut squares, line);
                        }
                    });
                    first += count;
                }
            }
            // SAFETY: each unit belongs to one task.
            let place = unsafe { out.slice_mut(at..at + 1) };
            place[0] = squares.iter().sum();
        }
    }
}

/// The sum of the squares of a piece of the gradient.
pub(crate) struct Squares<'a>(pub(crate) &'a [Line]);

impl Kernel for Squares<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<L: Lanes>(self, _: L) -> f64 {
        let mut squares = [0.0; LANES];
        for &line in self.0 {
            add_squares(&mut squares, line);
        }
        squares.iter().sum()
    }
}

#[inline(always)]
fn add_squares(squares: &mut [f64; LANES], line: Line) {
    for lane in 0..LANES {
        let value = f64::from(line[lane]);
        squares[lane] += value * value;
    }
}
