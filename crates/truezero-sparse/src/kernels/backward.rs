//! Errors of active inputs and a step of their weights, in one pass over those that are touched:
//! `errors[s,i] = Σ_j W[i,j] δ[s,j]`, and `W[i,j] += Σ_s (−rate · x[s,i]) δ[s,j]` or what another rule makes of the
//! gradient `Σ_s x[s,i] δ[s,j]`.
//!
//! A task takes some units and passes over the panels. The piece of a unit's weights in a panel is
//! loaded, used for every example in which the unit is active, and stored. The dot products are carried
//! from panel to panel as 16 partial sums each, so that the width of a panel does not show.

use std::ops::Range;

use crate::by_unit::{Activity, ByUnit};
use crate::lanes::{Kernel, Lanes, Line, as_lines, lines_at, lines_at_mut, with_lines};
use crate::threads::Disjoint;
use crate::weights::Shape;
use crate::{DenseBatch, LANES, LineRule, PANEL, PackedWeights};

/// Lines of a piece of full width.
pub(super) const PANEL_LINES: usize = PANEL / LANES;

/// How many touched pieces ahead weights are prefetched: where errors are summed too, and where they are not and each
/// piece takes less time; and how many if they come from memory.
const AHEAD: usize = 3;
const AHEAD_WITHOUT_ERRORS: usize = 8;
const AHEAD_FROM_MEMORY: usize = 32;

/// The errors δ of the outputs, as lines.
#[derive(Clone, Copy)]
pub(super) struct Delta<'a> {
    pub(super) lines: &'a [Line],
    /// Lines of an example.
    pub(super) stride: usize,
}

impl<'a> Delta<'a> {
    pub(super) fn new(delta: &'a DenseBatch) -> Self {
        Self { lines: as_lines(delta.padded()), stride: delta.stride() / LANES }
    }
}

/// What is done with a block of N lines of one unit's weights: with `DOT`, the products with the errors
/// of the examples are added to `partial`, 16 sums for each example; with `UPDATE`, factors times errors are
/// added to `sums`. The products are those of the weights before the step, which are also given as `old`, in registers.
#[inline(always)]
#[allow(clippy::too_many_arguments)] // for the sake of the registers
pub(super) fn block<L: Lanes, const N: usize, const DOT: bool, const UPDATE: bool>(
    lanes: L,
    weights: &[Line; N],
    old: [L::V; N],
    mut sums: [L::V; N],
    activities: &[Activity],
    delta: Delta<'_>,
    first: usize,
    partial: &mut [Line],
) -> [L::V; N] {
    for (at, activity) in activities.iter().enumerate() {
        let errors = lines_at::<N>(delta.lines, activity.example as usize * delta.stride + first);
        let factor = lanes.splat(activity.factor);
        let mut dot = factor;
        if DOT {
            dot = lanes.load(&partial[at]);
        }
        for n in 0..N {
            let error = lanes.load(&errors[n]);
            if DOT {
                // Where both do not fit the registers, the old weights are loaded again.
                let weight = if L::ACCUMULATORS < 8 { lanes.load(&weights[n]) } else { old[n] };
                dot = lanes.fma(weight, error, dot);
            }
            if UPDATE {
                sums[n] = lanes.fma(factor, error, sums[n]);
            }
        }
        if DOT {
            lanes.store(dot, &mut partial[at]);
        }
    }
    sums
}

/// N lines in registers.
#[inline(always)]
fn load_all<L: Lanes, const N: usize>(lanes: L, lines: &[Line; N]) -> [L::V; N] {
    let mut all = [lanes.splat(0.0); N];
    for n in 0..N {
        all[n] = lanes.load(&lines[n]);
    }
    all
}

/// Where the pieces of a task's units lie in a panel, and in the next one, each from some line on.
struct Pieces<'a> {
    units: &'a [u32],
    from_memory: bool,
    /// The piece of unit 0, and lines from one unit to the next.
    here: (*const Line, usize),
    next: (*const Line, usize),
}

impl<'a> Pieces<'a> {
    #[inline(always)]
    fn new(
        units: &'a [u32],
        shape: Shape,
        from_memory: bool,
        panel: usize,
        first: usize,
        weights: *const Line,
    ) -> Self {
        let panel_at = |panel| {
            let start = shape.panel(panel).start / LANES + first;
            (weights.wrapping_add(start), shape.panel_width(panel) / LANES)
        };
        let here = panel_at(panel);
        let next = if panel + 1 < shape.panels() { panel_at(panel + 1) } else { here };
        Self { units, from_memory, here, next }
    }

    /// The piece of the `at`th unit; after the last one come those of the next panel.
    #[inline(always)]
    fn piece(&self, at: usize) -> *const Line {
        let past = at >= self.units.len();
        let (at, (start, lines)) = if past { (at - self.units.len(), self.next) } else { (at, self.here) };
        let unit = self.units.get(at).map_or(0, |&unit| unit as usize);
        start.wrapping_add(unit * lines)
    }

    /// Starts to bring pieces of N lines that come after the `at`th nearer.
    #[inline(always)]
    fn prefetch<L: Lanes, const N: usize, const DOT: bool>(&self, lanes: L, at: usize) {
        if self.from_memory {
            let far = self.piece(at + AHEAD_FROM_MEMORY);
            for n in 0..N {
                lanes.prefetch_far(far.wrapping_add(n));
            }
        }
        let near = self.piece(at + if DOT { AHEAD } else { AHEAD_WITHOUT_ERRORS });
        for n in 0..N {
            lanes.prefetch(near.wrapping_add(n));
        }
    }
}

/// Writes the sums of the partial sums of a task's units to their places in `errors`, rows of `stride`.
#[inline(always)]
fn write_errors<L: Lanes>(
    lanes: L,
    x: &ByUnit,
    task: Range<usize>,
    partial: &[Line],
    errors: Disjoint<'_, f32>,
    stride: usize,
) {
    let mut partial = partial.iter();
    for at in task {
        let unit = x.units()[at] as usize;
        for (activity, partial) in x.activities(at).iter().zip(partial.by_ref()) {
            let place = activity.example as usize * stride + unit;
            // SAFETY: the errors of a unit are written by no other task, and here one after the other.
            let place = unsafe { errors.slice_mut(place..place + 1) };
            place[0] = lanes.sum(lanes.load(partial));
        }
    }
}

/// The errors of the units of one task.
pub(crate) struct Backward<'a> {
    pub(crate) x: &'a ByUnit,
    pub(crate) task: Range<usize>,
    pub(crate) weights: &'a PackedWeights,
    pub(crate) delta: &'a DenseBatch,
    /// 16 sums for each pair of the task; overwritten.
    pub(crate) partial: &'a mut Vec<Line>,
    /// Examples × inputs.
    pub(crate) errors: Disjoint<'a, f32>,
    /// Values of a row of them.
    pub(crate) stride: usize,
}

impl Kernel for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let Self { x, task, weights, partial, .. } = self;
        let delta = Delta::new(self.delta);
        partial.clear();
        partial.resize(x.pairs(&task), [0.0; LANES]);
        let (shape, packed) = (weights.shape(), as_lines(weights.packed()));
        let from_memory = shape.exceeds_caches();
        let units = &x.units()[task.clone()];
        for panel in 0..shape.panels() {
            let lines = shape.panel_width(panel) / LANES;
            let mut first = 0;
            while first < lines {
                let count = L::ACCUMULATORS.min(lines - first);
                with_lines!(count, N => {
                    let pieces = Pieces::new(units, shape, from_memory, panel, first, packed.as_ptr());
                    let mut partial = &mut partial[..];
                    for (at, &unit) in units.iter().enumerate() {
                        pieces.prefetch::<L, N, true>(lanes, at);
                        let activities = x.activities(task.start + at);
                        let sums = partial.split_off_mut(..activities.len()).expect("a sum for each pair");
                        let start = shape.piece_lines(panel, unit as usize).start + first;
                        let piece = lines_at::<N>(packed, start);
                        let first = panel * PANEL_LINES + first;
                        let old = load_all(lanes, piece);
                        block::<L, N, true, false>(lanes, piece, old, old, activities, delta, first, sums);
                    }
                });
                first += count;
            }
        }
        write_errors(lanes, x, task, partial, self.errors, self.stride);
    }
}

/// What becomes of the sums of factors times errors, in `M` matrices of which the weights are the first.
pub(crate) trait Finish<const M: usize>: Sync {
    /// Whether the sums start from the weights; else from zero.
    const FROM_WEIGHTS: bool;

    /// Changes N lines from line `start` on by their sums.
    ///
    /// # Safety
    /// As long as this runs, nothing else may use these lines.
    unsafe fn finish<L: Lanes, const N: usize>(
        &self,
        lanes: L,
        sums: [L::V; N],
        matrices: [Disjoint<'_, Line>; M],
        start: usize,
    );
}

/// Plain descent: the factors are the inputs times −rate, and the sums the weights after the step.
pub(crate) struct Descend;

impl Finish<1> for Descend {
    const FROM_WEIGHTS: bool = true;

    #[inline(always)]
    unsafe fn finish<L: Lanes, const N: usize>(
        &self,
        lanes: L,
        sums: [L::V; N],
        [weights]: [Disjoint<'_, Line>; 1],
        start: usize,
    ) {
        // SAFETY: the caller sees to it.
        let weights = lines_at_mut::<N>(unsafe { weights.slice_mut(start..start + N) }, 0);
        for n in 0..N {
            lanes.store(sums[n], &mut weights[n]);
        }
    }
}

/// Another rule: the factors are the inputs, and the sums the gradient.
pub(crate) struct Follow<'a, R>(pub(crate) &'a R);

impl<R: LineRule<M>, const M: usize> Finish<M> for Follow<'_, R> {
    const FROM_WEIGHTS: bool = false;

    #[inline(always)]
    unsafe fn finish<L: Lanes, const N: usize>(
        &self,
        lanes: L,
        sums: [L::V; N],
        matrices: [Disjoint<'_, Line>; M],
        start: usize,
    ) {
        for n in 0..N {
            let mut gradient = [0.0; LANES];
            lanes.store(sums[n], &mut gradient);
            // SAFETY: the caller sees to it.
            unsafe { follow_line(self.0, gradient, matrices, start + n) };
        }
    }
}

/// Applies a rule to a line of the matrices.
///
/// # Safety
/// As long as this runs, nothing else may use the line.
#[inline(always)]
pub(super) unsafe fn follow_line<R: LineRule<M>, const M: usize>(
    rule: &R,
    gradient: Line,
    matrices: [Disjoint<'_, Line>; M],
    line: usize,
) {
    // Loops, for calls of `map` on arrays are not always inlined into what is compiled for the instruction set.
    let mut state = [[0.0; LANES]; M];
    for m in 0..M {
        // SAFETY: the caller sees to it.
        state[m] = unsafe { matrices[m].slice_mut(line..line + 1) }[0];
    }
    state = rule.apply(gradient, state);
    for m in 0..M {
        // SAFETY: as above.
        let place = unsafe { matrices[m].slice_mut(line..line + 1) };
        place[0] = state[m];
    }
}

/// The step of the units of one task in some panels, and with `DOT` (in all panels) their errors before it.
pub(crate) struct Update<'a, F, const M: usize, const DOT: bool> {
    pub(crate) x: &'a ByUnit,
    pub(crate) task: Range<usize>,
    pub(crate) panels: Range<usize>,
    pub(crate) shape: Shape,
    /// In packed order; the weights are the first.
    pub(crate) matrices: [Disjoint<'a, Line>; M],
    pub(crate) finish: &'a F,
    pub(crate) delta: &'a DenseBatch,
    /// With `DOT`, 16 sums for each pair of the task; overwritten.
    pub(crate) partial: &'a mut Vec<Line>,
    /// With `DOT`, examples × inputs.
    pub(crate) errors: Disjoint<'a, f32>,
    /// Values of a row of them.
    pub(crate) stride: usize,
}

impl<F: Finish<M>, const M: usize, const DOT: bool> Kernel for Update<'_, F, M, DOT> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let Self { x, task, panels, shape, matrices, finish, partial, .. } = self;
        let delta = Delta::new(self.delta);
        partial.clear();
        if DOT {
            partial.resize(x.pairs(&task), [0.0; LANES]);
        }
        let units = &x.units()[task.clone()];
        let from_memory = shape.exceed_caches(M);
        for panel in panels {
            let lines = shape.panel_width(panel) / LANES;
            // Values of the last line behind the last output.
            let padding = lines * LANES - shape.columns(panel).len();
            let mut first = 0;
            while first < lines {
                let count = L::ACCUMULATORS.min(lines - first);
                with_lines!(count, N => {
                    let ahead = matrices.map(|matrix| {
                        Pieces::new(units, shape, from_memory, panel, first, matrix.address(0))
                    });
                    let mut partial = &mut partial[..];
                    for (at, &unit) in units.iter().enumerate() {
                        for m in 0..M {
                            ahead[m].prefetch::<L, N, DOT>(lanes, at);
                        }
                        let activities = x.activities(task.start + at);
                        let pairs = if DOT { activities.len() } else { 0 };
                        let dots = partial.split_off_mut(..pairs).expect("a sum for each pair");
                        let start = shape.piece_lines(panel, unit as usize).start + first;
                        let at_line = panel * PANEL_LINES + first;
                        // SAFETY: a piece of a unit's weights, and of what is remembered of them, belongs to one
                        // task, which is here and takes its pieces one after the other.
                        unsafe {
                            let weights = lines_at::<N>(matrices[0].slice_mut(start..start + N), 0);
                            let old = load_all(lanes, weights);
                            let sums = if F::FROM_WEIGHTS { old } else { [lanes.splat(0.0); N] };
                            let sums = block::<L, N, DOT, true>(
                                lanes, weights, old, sums, activities, delta, at_line, dots,
                            );
                            finish.finish(lanes, sums, matrices, start);
                            if padding > 0 && first + N == lines {
                                let last = start + N - 1;
                                for m in 0..M {
                                    matrices[m].slice_mut(last..last + 1)[0][LANES - padding..].fill(0.0);
                                }
                            }
                        }
                    }
                });
                first += count;
            }
        }
        if DOT {
            write_errors(lanes, x, task, partial, self.errors, self.stride);
        }
    }
}
