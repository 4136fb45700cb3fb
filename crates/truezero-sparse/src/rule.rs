//! How weights follow their gradients, as something that kernels can be made of.

use crate::lanes::Line;

/// A rule by which weights, and what is remembered of each, follow their gradients, sixteen at a time. `N` counts
/// the weight and the numbers that are remembered of it.
///
/// The kernels are compiled for an instruction set together with the rule, so [`apply`](Self::apply) is to be
/// `#[inline(always)]`, and so is all it calls. Loops over the sixteen lanes without branches become vector code. Sums,
/// products, quotients and square roots are rounded alike everywhere, so the bits do not depend on the instruction
/// set.
pub trait LineRule<const N: usize>: Sync {
    /// Weights and memory after a step, from what they were before it.
    fn apply(&self, gradient: Line, state: [Line; N]) -> [Line; N];
}
