//! Lanes in plain Rust: for any processor. Without hardware fused multiply-add slow, but right.

use super::{Kernel, Lanes, Line};
use crate::{LANES, naive};

/// The token of plain Rust, which every processor runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scalar;

impl Lanes for Scalar {
    type V = Line;

    const ACCUMULATORS: usize = 1;
    const TILE: usize = 6;
    const TILE_EXAMPLES: usize = 6;
    const TILE_INPUTS: usize = 2;

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run(self)
    }

    #[inline(always)]
    fn splat(self, value: f32) -> Line {
        [value; LANES]
    }

    #[inline(always)]
    fn load(self, line: &Line) -> Line {
        *line
    }

    #[inline(always)]
    fn store(self, v: Line, line: &mut Line) {
        *line = v;
    }

    #[inline(always)]
    fn fma(self, a: Line, b: Line, mut c: Line) -> Line {
        for lane in 0..LANES {
            c[lane] = a[lane].mul_add(b[lane], c[lane]);
        }
        c
    }

    #[inline(always)]
    fn sum(self, v: Line) -> f32 {
        naive::sum_lanes(v)
    }

    #[inline(always)]
    fn rectify(self, mut v: Line, sign: Line) -> Line {
        for lane in 0..LANES {
            v[lane] = if v[lane] <= 0.0 { 0.0 } else { v[lane] * sign[lane] };
        }
        v
    }

    #[inline(always)]
    fn compress(self, v: Line, first: u32, indices: &mut [u32; LANES], values: &mut Line) -> usize {
        let mut count = 0;
        for lane in 0..LANES {
            // Written in any case, kept only if it counts: no branch to mispredict.
            indices[count] = first + lane as u32;
            values[count] = v[lane];
            count += usize::from(v[lane] != 0.0);
        }
        count
    }

    #[inline(always)]
    fn prefetch(self, _: *const Line) {}

    #[inline(always)]
    fn prefetch_far(self, _: *const Line) {}
}
