//! `out[s,j] = bias[j] + Σ_i x[s,i] W[i,j]` over all inputs i, active or not, for one panel of outputs j.
//!
//! The order of summation is that of the sparse product, so that multiplying the zeros changes no bit of finite
//! sums other than −0.0. A
//! tile of examples × lines of outputs stays in registers while the inputs pass: each weight is loaded
//! once for all examples of the tile, which is what a dense product has ahead of a sparse one.

use super::forward::Forward;
use crate::DenseBatch;
use crate::lanes::{Kernel, Lanes, lines_at, with_constant};

/// How many inputs ahead weights are prefetched, and how many if they come from memory.
const AHEAD: usize = 12;
const AHEAD_FROM_MEMORY: usize = 64;

impl Kernel for Forward<'_, DenseBatch> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let count = self.examples.len();
        let tiles = count.div_ceil(L::TILE_EXAMPLES);
        for tile in 0..tiles {
            let (start, end) = (tile * count / tiles, (tile + 1) * count / tiles);
            with_constant!(end - start, ROWS of 1 2 3 4 5 6 7 8 9 10 11 12 => {
                if ROWS <= L::TILE_EXAMPLES {
                    self.rows::<L, ROWS>(lanes, self.examples.start + start);
                }
            });
        }
        for example in self.examples.clone() {
            let start = example * self.stride + self.outputs.start / crate::LANES;
            // SAFETY: no other task computes this panel of this example.
            let out = unsafe { self.out.slice_mut(start..start + self.bias.len()) };
            out.as_flattened_mut()[self.outputs.len()..].fill(0.0);
        }
    }
}

impl Forward<'_, DenseBatch> {
    /// All outputs of the panel for `ROWS` examples from `example` on.
    #[inline(always)]
    fn rows<L: Lanes, const ROWS: usize>(&self, lanes: L, example: usize) {
        let mut first = 0;
        while first < self.bias.len() {
            let left = self.bias.len() - first;
            first += if left >= 8 && ROWS * 8 <= L::TILE {
                self.tile::<L, ROWS, 8>(lanes, example, first)
            } else if left >= 4 && ROWS * 4 <= L::TILE {
                self.tile::<L, ROWS, 4>(lanes, example, first)
            } else if left >= 2 && ROWS * 2 <= L::TILE {
                self.tile::<L, ROWS, 2>(lanes, example, first)
            } else {
                self.tile::<L, ROWS, 1>(lanes, example, first)
            };
        }
    }

    /// `LINES` lines of outputs for `ROWS` examples; returns `LINES`.
    #[inline(always)]
    fn tile<L: Lanes, const ROWS: usize, const LINES: usize>(
        &self,
        lanes: L,
        example: usize,
        first: usize,
    ) -> usize {
        let lines = self.bias.len();
        let inputs = self.x.width();
        let bias = lines_at::<LINES>(self.bias, first);
        let mut sums = [[lanes.splat(0.0); LINES]; ROWS];
        let mut rows = [&[][..]; ROWS];
        for row in 0..ROWS {
            rows[row] = &self.x.row(example + row)[..inputs];
            for n in 0..LINES {
                sums[row][n] = lanes.load(&bias[n]);
            }
        }
        for i in 0..inputs {
            let coming = |inputs| self.panel.as_ptr().wrapping_add((i + inputs) * lines + first);
            let (ahead, far_ahead) = (coming(AHEAD), coming(AHEAD_FROM_MEMORY));
            let piece = lines_at::<LINES>(self.panel, i * lines + first);
            let mut weights = [lanes.splat(0.0); LINES];
            for n in 0..LINES {
                lanes.prefetch(ahead.wrapping_add(n));
                if self.from_memory {
                    lanes.prefetch_far(far_ahead.wrapping_add(n));
                }
                weights[n] = lanes.load(&piece[n]);
            }
            for row in 0..ROWS {
                let value = lanes.splat(rows[row][i]);
                for n in 0..LINES {
                    sums[row][n] = lanes.fma(value, weights[n], sums[row][n]);
                }
            }
        }
        for row in 0..ROWS {
            let start = (example + row) * self.stride + self.outputs.start / crate::LANES + first;
            // SAFETY: no other task computes this panel of this example.
            let out = unsafe { self.out.slice_mut(start..start + LINES) };
            for n in 0..LINES {
                lanes.store(sums[row][n], &mut out[n]);
            }
        }
        LINES
    }
}
