//! `out[s,j] = bias[j] + Σ_i x[s,i] W[i,j]` over the active inputs i, for one panel of outputs j.
//!
//! The accumulators stay in registers while the pieces of an example's active inputs stream past. A panel
//! too large for the second-level cache is passed in blocks of inputs.

use std::ops::Range;

use crate::ActiveBatch;
use crate::by_block::InOrder;
use crate::lanes::{Kernel, Lanes, Line, lines_at, lines_at_mut, with_lines};
use crate::threads::Disjoint;

/// How many active inputs ahead weights are prefetched.
const AHEAD: usize = 16;

/// Lines of the part of a panel that all examples pass before the next part is begun: half of a
/// second-level cache of 1 MB.
const BLOCK_LINES: usize = 8 << 10;

/// Examples below which too few share a weight for that to gain anything.
const SHARED: usize = 4;

/// Pre-activations of some examples, in the outputs of one panel: of a batch of active values here, of a
/// dense one in `dense_forward`.
pub(crate) struct Forward<'a, X> {
    pub(crate) x: &'a X,
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

/// How many inputs make a block if each has weights of so many lines; `None` if blocks gain nothing: there is but one, or
/// too few examples share weights, or on average less than one value of an example is in a block.
pub(crate) fn inputs_of_block(x: &ActiveBatch, lines: usize) -> Option<usize> {
    let (examples, inputs) = (x.examples(), x.width());
    let blocks = inputs.div_ceil(BLOCK_LINES / lines);
    let gain = blocks > 1 && examples >= SHARED && x.active() / examples >= blocks;
    gain.then(|| inputs.div_ceil(blocks))
}

impl Kernel for Forward<'_, InOrder<'_>> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let (all, starts) = (self.x.examples, self.x.starts);
        for (first, block) in (0..starts.len() - 1).step_by(all).enumerate() {
            for example in self.examples.clone() {
                let active = starts[block + example]..starts[block + example + 1];
                self.example(lanes, example, active, first == 0);
            }
        }
    }
}

impl Forward<'_, InOrder<'_>> {
    /// Adds some of an example's active inputs, given by their places, to its biases if these are the `first` ones,
    /// else to what there is.
    #[inline(always)]
    fn example<L: Lanes>(&self, lanes: L, example: usize, active: Range<usize>, first: bool) {
        if active.is_empty() && !first {
            return;
        }
        let lines = self.bias.len();
        let start = example * self.stride + self.outputs.start / crate::LANES;
        // SAFETY: no other task computes this panel of this example.
        let out = unsafe { self.out.slice_mut(start..start + lines) };
        let mut line = 0;
        while line < lines {
            let count = L::ACCUMULATORS.min(lines - line);
            with_lines!(count, N => {
                let out = lines_at_mut::<N>(out, line);
                let start = if first { *lines_at::<N>(self.bias, line) } else { *out };
                self.block::<L, N>(lanes, active.clone(), line, &start, out);
            });
            line += count;
        }
        out.as_flattened_mut()[self.outputs.len()..].fill(0.0);
    }

    #[inline(always)]
    fn block<L: Lanes, const N: usize>(
        &self,
        lanes: L,
        active: Range<usize>,
        first: usize,
        start: &[Line; N],
        out: &mut [Line; N],
    ) {
        let lines = self.bias.len();
        // Beyond the end of these inputs, the next example's pieces are prefetched.
        let coming = &self.x.indices[active.start..];
        let (indices, values) = (&self.x.indices[active.clone()], &self.x.values[active]);
        let mut sums = [lanes.splat(0.0); N];
        for n in 0..N {
            sums[n] = lanes.load(&start[n]);
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
        for n in 0..N {
            lanes.store(sums[n], &mut out[n]);
        }
    }
}
