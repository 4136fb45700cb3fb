//! Rules applied to rows of weights whose gradients are known: those of a dense product, or none.

use std::ops::Range;

use super::backward::follow_line;
use crate::lanes::{Kernel, Lanes, Line};
use crate::threads::Disjoint;
use crate::weights::Shape;
use crate::{LANES, LineRule};

/// How many rows ahead weights are prefetched; rows that are behind lie far apart, and none is in a near cache.
const AHEAD: usize = 6;

/// The step of some inputs that follow each other, in one panel.
pub(crate) struct FollowPieces<'a, R, const M: usize> {
    pub(crate) rule: &'a R,
    pub(crate) shape: Shape,
    pub(crate) panel: usize,
    pub(crate) inputs: Range<usize>,
    /// Of these inputs, piece after piece.
    pub(crate) gradient: &'a [Line],
    /// In packed order; the weights are the first.
    pub(crate) matrices: [Disjoint<'a, Line>; M],
}

impl<R: LineRule<M>, const M: usize> Kernel for FollowPieces<'_, R, M> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, _: L) {
        let Self { rule, shape, panel, inputs, matrices, .. } = self;
        let lines = shape.panel_width(panel) / LANES;
        for (input, gradient) in inputs.zip(self.gradient.chunks_exact(lines)) {
            apply(rule, shape, panel, input, matrices, |line| gradient[line]);
        }
    }
}

/// What a rule that may differ from row to row makes of some rows without a gradient.
pub(crate) struct FollowRows<'a, G, const M: usize> {
    /// The rule of a row.
    pub(crate) rule: &'a G,
    pub(crate) shape: Shape,
    pub(crate) rows: &'a [u32],
    pub(crate) matrices: [Disjoint<'a, Line>; M],
}

impl<G: Fn(usize) -> R, R: LineRule<M>, const M: usize> Kernel for FollowRows<'_, G, M> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let Self { rule, shape, rows, matrices } = self;
        for panel in 0..shape.panels() {
            for (at, &row) in rows.iter().enumerate() {
                if let Some(&next) = rows.get(at + AHEAD) {
                    for line in shape.piece_lines(panel, next as usize) {
                        for m in 0..M {
                            lanes.prefetch(matrices[m].address(line));
                        }
                    }
                }
                apply(&rule(row as usize), shape, panel, row as usize, matrices, |_| [0.0; LANES]);
            }
        }
    }
}

/// Applies a rule to the piece of one input.
#[inline(always)]
fn apply<R: LineRule<M>, const M: usize>(
    rule: &R,
    shape: Shape,
    panel: usize,
    input: usize,
    matrices: [Disjoint<'_, Line>; M],
    gradient: impl Fn(usize) -> Line,
) {
    let part = shape.piece_lines(panel, input);
    let padding = part.len() * LANES - shape.columns(panel).len();
    for line in part.clone() {
        // SAFETY: each input belongs to one task, which takes its pieces one by one.
        unsafe { follow_line(rule, gradient(line - part.start), matrices, line) };
    }
    if padding > 0 {
        for m in 0..M {
            // SAFETY: as above.
            let last = unsafe { matrices[m].slice_mut(part.end - 1..part.end) };
            last[0][LANES - padding..].fill(0.0);
        }
    }
}
