//! `out[s,j] = bias[j] + Σ_i x[s,i] W[i,j]` over the active inputs i, for one panel of outputs j.
//!
//! The accumulators stay in registers while the pieces of an example's active inputs stream past.

use std::ops::Range;

use crate::ActiveBatch;
use crate::lanes::{Kernel, Lanes, Line, lines_at, lines_at_mut, with_lines};
use crate::threads::Disjoint;

/// How many active inputs ahead weights are prefetched.
const AHEAD: usize = 10;

/// Pre-activations of some examples, in the outputs of one panel.
pub(crate) struct Forward<'a> {
    pub(crate) x: &'a ActiveBatch,
    pub(crate) examples: Range<usize>,
    /// The panel's weights, `bias.len()` lines for each input.
    pub(crate) panel: &'a [Line],
    /// The panel's biases.
    pub(crate) bias: &'a [Line],
    /// Values of a row behind the last output are set to zero.
    pub(crate) outputs: Range<usize>,
    /// Pre-activations, all examples and outputs.
    pub(crate) out: Disjoint<'a, Line>,
    /// Lines of a row of them.
    pub(crate) stride: usize,
}

impl Kernel for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let lines = self.bias.len();
        for example in self.examples.clone() {
            let start = example * self.stride + self.outputs.start / crate::LANES;
            // SAFETY: no other task computes this panel of this example.
            let out = unsafe { self.out.slice_mut(start..start + lines) };
            let mut first = 0;
            while first < lines {
                let count = L::ACCUMULATORS.min(lines - first);
                with_lines!(count, N => self.block::<L, N>(lanes, example, first, out));
                first += count;
            }
            out.as_flattened_mut()[self.outputs.len()..].fill(0.0);
        }
    }
}

impl Forward<'_> {
    #[inline(always)]
    fn block<L: Lanes, const N: usize>(&self, lanes: L, example: usize, first: usize, out: &mut [Line]) {
        let lines = self.bias.len();
        let (indices, values) = self.x.example(example);
        // Beyond the end of this example, the next one's pieces are prefetched.
        let coming = &self.x.indices()[self.x.offsets()[example]..];
        let bias = lines_at::<N>(self.bias, first);
        let mut sums = [lanes.splat(0.0); N];
        for n in 0..N {
            sums[n] = lanes.load(&bias[n]);
        }
        for (at, (&i, &value)) in indices.iter().zip(values).enumerate() {
            if let Some(&ahead) = coming.get(at + AHEAD) {
                let piece = self.panel.as_ptr().wrapping_add(ahead as usize * lines + first);
                for n in 0..N {
                    lanes.prefetch(piece.wrapping_add(n));
                }
            }
            let piece = lines_at::<N>(self.panel, i as usize * lines + first);
            let value = lanes.splat(value);
            for n in 0..N {
                sums[n] = lanes.fma(value, lanes.load(&piece[n]), sums[n]);
            }
        }
        let out = lines_at_mut::<N>(out, first);
        for n in 0..N {
            lanes.store(sums[n], &mut out[n]);
        }
    }
}
