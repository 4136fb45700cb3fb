//! Errors of all inputs, active or not, and the step of gradient descent for them:
//! `errors[s,i] = Σ_j W[i,j] δ[s,j]` and `W[i,j] += Σ_s factor[s,i] δ[s,j]`.
//!
//! The order of summation is that of the sparse products. The weights of some inputs are taken through
//! both products while they are in the second-level cache, so that each weight moves once.

use std::ops::Range;

use super::backward::{Delta, PANEL_LINES};
use crate::lanes::{Kernel, Lanes, Line, lines_at, lines_at_mut, with_constant};
use crate::threads::Disjoint;
use crate::weights::Shape;
use crate::{DenseBatch, LANES};

/// Examples that all inputs pass before the next ones: their errors above stay in the second-level cache.
const BLOCK_EXAMPLES: usize = 128;

/// Examples of a tile of errors. (With 5 or 6 times 4 inputs, the compiler does not keep all sums in registers.)
const TILE_EXAMPLES: usize = 4;

/// Errors of some inputs.
pub(crate) struct DenseErrors<'a, W> {
    pub(crate) inputs: Range<usize>,
    pub(crate) shape: Shape,
    /// Gives a part of the packed weights.
    pub(crate) weights: W,
    pub(crate) delta: &'a DenseBatch,
    /// Examples × inputs.
    pub(crate) errors: Disjoint<'a, f32>,
    /// Values of a row of them.
    pub(crate) stride: usize,
}

impl<'a, W: Fn(Range<usize>) -> &'a [Line]> Kernel for DenseErrors<'_, W> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let examples = self.delta.examples();
        let tile = TILE_EXAMPLES.min(L::TILE / L::TILE_INPUTS);
        for block in (0..examples).step_by(BLOCK_EXAMPLES) {
            let end = examples.min(block + BLOCK_EXAMPLES);
            for first in self.inputs.clone().step_by(L::TILE_INPUTS) {
                let count = L::TILE_INPUTS.min(self.inputs.end - first);
                for example in (block..end).step_by(tile) {
                    with_constant!(tile.min(end - example), ROWS of 1 2 3 4 => {
                        with_constant!(count, INPUTS of 1 2 3 4 => {
                            if ROWS * INPUTS <= L::TILE {
                                self.tile::<L, ROWS, INPUTS>(lanes, example, first);
                            }
                        });
                    });
                }
            }
        }
    }
}

impl<'a, W: Fn(Range<usize>) -> &'a [Line]> DenseErrors<'_, W> {
    /// Errors of `INPUTS` inputs from `first` on in `ROWS` examples from `example` on.
    #[inline(always)]
    fn tile<L: Lanes, const ROWS: usize, const INPUTS: usize>(&self, lanes: L, example: usize, first: usize) {
        let delta = Delta::new(self.delta);
        let mut sums = [[lanes.splat(0.0); INPUTS]; ROWS];
        for panel in 0..self.shape.panels() {
            let lines = self.shape.panel_width(panel) / LANES;
            let start = self.shape.piece_lines(panel, first).start;
            let pieces = (self.weights)(start..start + INPUTS * lines);
            if example == 0 && self.shape.exceeds_caches() {
                // The pieces of the inputs that come next, if they do.
                let next = pieces.as_ptr().wrapping_add(pieces.len());
                for line in 0..pieces.len() {
                    lanes.prefetch_far(next.wrapping_add(line));
                }
            }
            let mut rows = [&[][..]; ROWS];
            for row in 0..ROWS {
                let start = (example + row) * delta.stride + panel * PANEL_LINES;
                rows[row] = &delta.lines[start..start + lines];
            }
            for line in 0..lines {
                let mut errors = [lanes.splat(0.0); ROWS];
                for row in 0..ROWS {
                    errors[row] = lanes.load(&rows[row][line]);
                }
                for input in 0..INPUTS {
                    let weights = lanes.load(&pieces[input * lines + line]);
                    for row in 0..ROWS {
                        sums[row][input] = lanes.fma(weights, errors[row], sums[row][input]);
                    }
                }
            }
        }
        for row in 0..ROWS {
            let start = (example + row) * self.stride + first;
            // SAFETY: no other task computes the errors of these inputs.
            let errors = unsafe { self.errors.slice_mut(start..start + INPUTS) };
            for input in 0..INPUTS {
                errors[input] = lanes.sum(sums[row][input]);
            }
        }
    }
}

/// The step of some inputs in the outputs of one panel.
pub(crate) struct DenseStep<'a> {
    /// For each example, a factor for each of the inputs.
    pub(crate) factors: &'a [f32],
    pub(crate) delta: &'a DenseBatch,
    pub(crate) panel: usize,
    /// Outputs of the panel; values behind them are set to zero.
    pub(crate) outputs: usize,
    /// For each input, the piece that is added to.
    pub(crate) target: &'a mut [Line],
    /// Lines of a piece.
    pub(crate) lines: usize,
}

impl Kernel for DenseStep<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, lanes: L) {
        let inputs = self.target.len() / self.lines;
        let mut first = 0;
        while first < self.lines {
            let count = match (self.lines - first).min(L::TILE / L::TILE_INPUTS) {
                4.. => 4,
                2.. => 2,
                _ => 1,
            };
            with_constant!(count, LINES of 1 2 4 => {
                for input in (0..inputs).step_by(L::TILE_INPUTS) {
                    with_constant!(L::TILE_INPUTS.min(inputs - input), INPUTS of 1 2 3 4 => {
                        if INPUTS * LINES <= L::TILE {
                            self.tile::<L, INPUTS, LINES>(lanes, input, first);
                        }
                    });
                }
            });
            first += count;
        }
        for piece in self.target.chunks_exact_mut(self.lines) {
            piece.as_flattened_mut()[self.outputs..].fill(0.0);
        }
    }
}

impl DenseStep<'_> {
    /// `LINES` lines, from line `first` on, of the pieces of `INPUTS` inputs, the first of them being the `at`th.
    #[inline(always)]
    fn tile<L: Lanes, const INPUTS: usize, const LINES: usize>(&mut self, lanes: L, at: usize, first: usize) {
        let inputs = self.target.len() / self.lines;
        let delta = Delta::new(self.delta);
        let mut sums = [[lanes.splat(0.0); LINES]; INPUTS];
        for input in 0..INPUTS {
            let piece = lines_at::<LINES>(self.target, (at + input) * self.lines + first);
            for n in 0..LINES {
                sums[input][n] = lanes.load(&piece[n]);
            }
        }
        let mut start = self.panel * PANEL_LINES + first;
        for factors in self.factors.chunks_exact(inputs) {
            let factors: &[f32; INPUTS] = factors[at..].first_chunk().expect("a factor for each input");
            let row = lines_at::<LINES>(delta.lines, start);
            start += delta.stride;
            let mut errors = [lanes.splat(0.0); LINES];
            for n in 0..LINES {
                errors[n] = lanes.load(&row[n]);
            }
            for input in 0..INPUTS {
                let factor = lanes.splat(factors[input]);
                for n in 0..LINES {
                    sums[input][n] = lanes.fma(factor, errors[n], sums[input][n]);
                }
            }
        }
        for input in 0..INPUTS {
            let piece = lines_at_mut::<LINES>(self.target, (at + input) * self.lines + first);
            for n in 0..LINES {
                lanes.store(sums[input][n], &mut piece[n]);
            }
        }
    }
}
