//! `out[s,j] = bias[j] + Σ_i x[s,i] W[i,j]` over the active inputs i, for one panel of outputs j.
//!
//! The accumulators stay in registers while the pieces of an example's active inputs stream past. A panel
//! is passed in blocks of inputs where several examples share it. Weights that come from memory are asked
//! for early: piece by piece where a batch uses few of them, else the whole next block in order, which is
//! what memory is fastest at.

use std::ops::Range;

use crate::by_block::InOrder;
use crate::lanes::{Kernel, Lanes, Line, lines_at, lines_at_mut, with_lines};
use crate::threads::Disjoint;
use crate::weights::Shape;
use crate::{ActiveBatch, LANES};

/// How many active inputs ahead weights are prefetched, and how many if they come from memory.
const AHEAD: usize = 16;
const AHEAD_FROM_MEMORY: usize = 32;

/// Lines of the part of a panel that all examples pass before the next part is begun. It is small, so that the next
/// part fits the second-level cache beside it.
const BLOCK_LINES: usize = 3 << 9;

/// Values that an example has in a block on average, at least; with fewer, taking up its sums again costs more than
/// blocks gain.
const BLOCK_VALUES: usize = 8;

/// Examples below which too few share a weight for that to gain anything.
const SHARED: usize = 4;

/// Pre-activations of some examples, in the outputs of one panel: of a batch of active values here, of a
/// dense one in `dense_forward`.
pub(crate) struct Forward<'a, X> {
    pub(crate) x: &'a X,
    pub(crate) examples: Range<usize>,
    /// The panel's weights, `bias.len()` lines for each input.
    pub(crate) panel: &'a [Line],
    /// Whether they are brought from memory.
    pub(crate) from_memory: bool,
    /// The panel's biases.
    pub(crate) bias: &'a [Line],
    /// Values of a row behind the last output are set to zero.
    pub(crate) outputs: Range<usize>,
    /// Pre-activations, all examples and outputs.
    pub(crate) out: Disjoint<'a, Line>,
    /// Lines of a row of them.
    pub(crate) stride: usize,
}

/// How many inputs make a block; `None` if blocks gain nothing.
pub(crate) fn inputs_of_block(x: &ActiveBatch, weights: Shape) -> Option<usize> {
    let (examples, inputs) = (x.examples(), x.width());
    if weights.outputs() == 0 || examples < SHARED {
        return None;
    }
    let lines = inputs * weights.panel_width(0) / LANES;
    let blocks = lines.div_ceil(BLOCK_LINES).min(x.active() / examples / BLOCK_VALUES);
    (blocks > 1).then(|| inputs.div_ceil(blocks))
}

/// What is asked for from memory while a block of weights is used.
struct Next<'a> {
    /// Whether it is the pieces of active inputs far ahead.
    pieces: bool,
    /// Else the next block, in so far as it was not yet asked for.
    lines: &'a [Line],
    /// How many lines of it to ask for at each active input.
    at_once: usize,
}

impl Next<'_> {
    #[inline(always)]
    fn prefetch<L: Lanes>(&mut self, lanes: L) {
        let (now, later) = self.lines.split_at(self.at_once.min(self.lines.len()));
        for line in now {
            lanes.prefetch_far(line);
        }
        self.lines = later;
    }
}

impl Kernel for Forward<'_, InOrder<'_>> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let &InOrder { examples: all, inputs, indices, starts, .. } = self.x;
        let (lines, all_inputs) = (self.bias.len(), self.panel.len() / self.bias.len());
        // Where a row of the weights is used once on average, all are best brought in order, used or not.
        let swept = self.from_memory && inputs * lines <= BLOCK_LINES && indices.len() >= all_inputs;
        let mut blocks = if swept { self.panel.chunks(inputs * lines) } else { [].chunks(1) };
        for line in blocks.next().unwrap_or_default() {
            lanes.prefetch_far(line);
        }
        for (first, block) in (0..starts.len() - 1).step_by(all).enumerate() {
            let coming = blocks.next().unwrap_or_default();
            let active = starts[block + self.examples.end] - starts[block + self.examples.start];
            let at_once = coming.len().div_ceil(active.max(1));
            let mut next = Next { pieces: self.from_memory && !swept, lines: coming, at_once };
            for example in self.examples.clone() {
                let active = starts[block + example]..starts[block + example + 1];
                self.example(lanes, example, active, first == 0, &mut next);
            }
        }
    }
}

impl Forward<'_, InOrder<'_>> {
    /// Adds some of an example's active inputs, given by their places, to its biases if these are the `first` ones,
    /// else to what there is.
    #[inline(always)]
    fn example<L: Lanes>(
        &self,
        lanes: L,
        example: usize,
        active: Range<usize>,
        first: bool,
        next: &mut Next<'_>,
    ) {
        if active.is_empty() && !first {
            return;
        }
        let lines = self.bias.len();
        let start = example * self.stride + self.outputs.start / LANES;
        // SAFETY: no other task computes this panel of this example.
        let out = unsafe { self.out.slice_mut(start..start + lines) };
        let mut line = 0;
        while line < lines {
            let count = L::ACCUMULATORS.min(lines - line);
            with_lines!(count, N => {
                let out = lines_at_mut::<N>(out, line);
                let start = if first { *lines_at::<N>(self.bias, line) } else { *out };
                self.block::<L, N>(lanes, active.clone(), line, &start, out, next);
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
        next: &mut Next<'_>,
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
            next.prefetch(lanes);
            if next.pieces
                && let Some(&ahead) = coming.get(at + AHEAD_FROM_MEMORY)
            {
                let piece = self.panel.as_ptr().wrapping_add(ahead as usize * lines + first);
                for n in 0..N {
                    lanes.prefetch_far(piece.wrapping_add(n));
                }
            }
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
