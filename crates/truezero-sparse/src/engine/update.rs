//! Steps of the weights: plain descent, and any other rule, each on its own or in one pass with the errors below.

use std::ops::Range;

use super::{Engine, PanelTasks, ROWS_PER_TASK, check_shapes, input_tasks, inputs_of, scaled_inputs};
use crate::kernels::{DenseErrors, DenseStep, Descend, Finish, Follow, FollowPieces, FollowRows, Update};
use crate::lanes::{Line, as_lines_mut};
use crate::threads::Disjoint;
use crate::weights::Shape;
use crate::{ActiveBatch, DenseBatch, Inputs, LANES, LineRule, PackedWeights, padded};

/// What a rule costs for a weight, in multiply-adds.
const RULE_COST: usize = 4;

impl Engine {
    /// A step of plain gradient descent: `W[i,j] −= rate · Σ_s x[s,i] δ[s,j]`, in place.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn sgd(&mut self, x: Inputs<'_>, w: &mut PackedWeights, delta: &DenseBatch, rate: f32) {
        check_shapes(x, w.shape(), delta);
        match x {
            Inputs::Active(x) => {
                self.by_unit.list(x, -rate);
                self.sparse_update::<_, 1, false>(x, delta, [w], &Descend, None);
            }
            Inputs::Dense(x) => self.dense_sgd::<false>(x, w, delta, rate, None),
        }
    }

    /// [`backward`](Self::backward) and then [`sgd`](Self::sgd), in one pass over the weights.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn backward_sgd(
        &mut self,
        x: Inputs<'_>,
        w: &mut PackedWeights,
        delta: &DenseBatch,
        rate: f32,
        errors: &mut DenseBatch,
    ) {
        check_shapes(x, w.shape(), delta);
        errors.reset(x.examples(), w.inputs());
        match x {
            Inputs::Active(x) => {
                self.by_unit.list(x, -rate);
                self.sparse_update::<_, 1, true>(x, delta, [w], &Descend, Some(errors));
            }
            Inputs::Dense(x) => self.dense_sgd::<true>(x, w, delta, rate, Some(errors)),
        }
    }

    /// A step by another rule of the rows that the batch touches (all rows if it is dense). Their gradient is
    /// `Σ_s x[s,i] δ[s,j]`; the weights are the first of the `matrices`. Gives the rows, in rising order; none stands for
    /// all.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn update<const M: usize>(
        &mut self,
        x: Inputs<'_>,
        delta: &DenseBatch,
        matrices: [&mut PackedWeights; M],
        rule: &impl LineRule<M>,
    ) -> Option<&[u32]> {
        check_shapes(x, common_shape(&matrices), delta);
        match x {
            Inputs::Active(x) => {
                self.by_unit.list(x, 1.0);
                self.sparse_update::<_, M, false>(x, delta, matrices, &Follow(rule), None);
                Some(self.by_unit.units())
            }
            Inputs::Dense(x) => {
                self.dense_update::<_, M, false>(x, delta, matrices, rule, None);
                None
            }
        }
    }

    /// [`backward`](Self::backward) and then [`update`](Self::update), in one pass over the weights.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn backward_update<const M: usize>(
        &mut self,
        x: Inputs<'_>,
        delta: &DenseBatch,
        matrices: [&mut PackedWeights; M],
        rule: &impl LineRule<M>,
        errors: &mut DenseBatch,
    ) -> Option<&[u32]> {
        let shape = common_shape(&matrices);
        check_shapes(x, shape, delta);
        errors.reset(x.examples(), shape.inputs());
        match x {
            Inputs::Active(x) => {
                self.by_unit.list(x, 1.0);
                self.sparse_update::<_, M, true>(x, delta, matrices, &Follow(rule), Some(errors));
                Some(self.by_unit.units())
            }
            Inputs::Dense(x) => {
                self.dense_update::<_, M, true>(x, delta, matrices, rule, Some(errors));
                None
            }
        }
    }

    /// Applies to each of the given rows (rising, no repeats) a rule of its own, with a gradient of zero.
    ///
    /// # Panics
    /// If the rows do not rise, there is no such row, or the matrices differ in shape.
    pub fn for_rows<const M: usize, R: LineRule<M>>(
        &mut self,
        rows: &[u32],
        matrices: [&mut PackedWeights; M],
        rule: impl Fn(usize) -> R + Sync,
    ) {
        let shape = common_shape(&matrices);
        assert!(rows.is_sorted_by(|a, b| a < b), "expected rising rows");
        let matrices = matrices.map(|matrix| Disjoint::new(as_lines_mut(matrix.packed_mut())));
        let work = RULE_COST * rows.len() * shape.outputs();
        let (isa, rule) = (self.isa, &rule);
        self.threads.run(work, rows.len().div_ceil(ROWS_PER_TASK), &mut self.scratch, |_, task| {
            let end = rows.len().min((task + 1) * ROWS_PER_TASK);
            let rows = &rows[task * ROWS_PER_TASK..end];
            isa.run(FollowRows { rule, shape, rows, matrices });
        });
    }

    /// The input units active in any example, in rising order; all of them if the batch is dense.
    pub fn touched_rows(&mut self, x: Inputs<'_>, rows: &mut Vec<u32>) {
        rows.clear();
        match x {
            Inputs::Active(x) => self.by_unit.touched(x, rows),
            Inputs::Dense(x) => rows.extend(0..x.width() as u32),
        }
    }

    /// The step of the inputs that were listed last, and with `DOT` the errors before it.
    fn sparse_update<F: Finish<M>, const M: usize, const DOT: bool>(
        &mut self,
        x: &ActiveBatch,
        delta: &DenseBatch,
        matrices: [&mut PackedWeights; M],
        finish: &F,
        errors: Option<&mut DenseBatch>,
    ) {
        let shape = common_shape(&matrices);
        let (isa, by_unit) = (self.isa, &self.by_unit);
        let stride = padded(shape.inputs());
        let errors = Disjoint::new(errors.map_or(&mut [], DenseBatch::padded_mut));
        let matrices = matrices.map(|matrix| Disjoint::new(as_lines_mut(matrix.packed_mut())));
        let work = 2 * x.active() * shape.outputs();
        // Errors are sums over all panels. Without them a task keeps to one panel: its weights are passed in order,
        // and the panel's share of δ stays in the cache.
        let by_panel = PanelTasks::new(shape.panels(), by_unit.units().len(), self.threads.count());
        let tasks = if DOT { by_unit.tasks().len() } else { by_panel.count() };
        self.threads.run(work, tasks, &mut self.scratch, |scratch, task| {
            let (task, panels) = if DOT {
                (by_unit.tasks()[task].clone(), 0..shape.panels())
            } else {
                let (panel, units) = by_panel.task(task);
                (units, panel..panel + 1)
            };
            isa.run(Update::<_, M, DOT> {
                x: by_unit,
                task,
                panels,
                shape,
                matrices,
                finish,
                delta,
                partial: &mut scratch.partial,
                errors,
                stride,
            });
        });
    }

    /// The step of all inputs, and with `DOT` the errors before it.
    fn dense_sgd<const DOT: bool>(
        &mut self,
        x: &DenseBatch,
        w: &mut PackedWeights,
        delta: &DenseBatch,
        rate: f32,
        errors: Option<&mut DenseBatch>,
    ) {
        let (isa, shape) = (self.isa, w.shape());
        let stride = padded(shape.inputs());
        let errors = Disjoint::new(errors.map_or(&mut [], DenseBatch::padded_mut));
        let packed = Disjoint::new(as_lines_mut(w.packed_mut()));
        let work = 2 * x.examples() * shape.inputs() * shape.outputs();
        self.threads.run(work, input_tasks(shape), &mut self.scratch, |scratch, task| {
            let inputs = inputs_of(shape, task);
            if DOT {
                // SAFETY: each task has its own inputs, and their pieces of the weights; no other slice
                // of them lives at the same time.
                let weights = |part| unsafe { &*packed.slice_mut(part) };
                let inputs = inputs.clone();
                isa.run(DenseErrors { inputs, shape, weights, delta, errors, stride });
            }
            let factors = scaled_inputs(x, &inputs, -rate, &mut scratch.factors);
            for panel in 0..shape.panels() {
                let lines = shape.panel_width(panel) / LANES;
                // SAFETY: as above.
                let target = unsafe { packed.slice_mut(lines_of(shape, panel, &inputs)) };
                let outputs = shape.columns(panel).len();
                isa.run(DenseStep { factors, delta, panel, outputs, target, lines });
            }
        });
    }

    /// The same by another rule.
    fn dense_update<R: LineRule<M>, const M: usize, const DOT: bool>(
        &mut self,
        x: &DenseBatch,
        delta: &DenseBatch,
        matrices: [&mut PackedWeights; M],
        rule: &R,
        errors: Option<&mut DenseBatch>,
    ) {
        let (isa, shape) = (self.isa, common_shape(&matrices));
        let stride = padded(shape.inputs());
        let errors = Disjoint::new(errors.map_or(&mut [], DenseBatch::padded_mut));
        let matrices = matrices.map(|matrix| Disjoint::new(as_lines_mut(matrix.packed_mut())));
        let work = (2 * x.examples() + RULE_COST) * shape.inputs() * shape.outputs();
        self.threads.run(work, input_tasks(shape), &mut self.scratch, |scratch, task| {
            let inputs = inputs_of(shape, task);
            if DOT {
                // SAFETY: each task has its own inputs, and their pieces of the weights; no other slice
                // of them lives at the same time.
                let weights = |part| unsafe { &*matrices[0].slice_mut(part) };
                let inputs = inputs.clone();
                isa.run(DenseErrors { inputs, shape, weights, delta, errors, stride });
            }
            let factors = scaled_inputs(x, &inputs, 1.0, &mut scratch.factors);
            for panel in 0..shape.panels() {
                let lines = shape.panel_width(panel) / LANES;
                scratch.gradient.resize(inputs.len() * lines * LANES);
                let gradient: &mut [Line] = &mut as_lines_mut(&mut scratch.gradient)[..inputs.len() * lines];
                gradient.as_flattened_mut().fill(0.0);
                let outputs = shape.columns(panel).len();
                isa.run(DenseStep { factors, delta, panel, outputs, target: gradient, lines });
                let inputs = inputs.clone();
                isa.run(FollowPieces { rule, shape, panel, inputs, gradient, matrices });
            }
        });
    }
}

/// Where the pieces of some inputs in a panel lie, in lines.
fn lines_of(shape: Shape, panel: usize, inputs: &Range<usize>) -> Range<usize> {
    let lines = shape.panel_width(panel) / LANES;
    let start = shape.piece_lines(panel, inputs.start).start;
    start..start + inputs.len() * lines
}

/// The shape of all matrices.
///
/// # Panics
/// If they differ.
fn common_shape<const M: usize>(matrices: &[&mut PackedWeights; M]) -> Shape {
    let shape = matrices.first().expect("at least one matrix").shape();
    assert!(matrices.iter().all(|matrix| matrix.shape() == shape), "expected matrices of one shape");
    shape
}
