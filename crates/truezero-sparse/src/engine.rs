//! The products a network is made of, safe to call, each in its sparse and its dense branch.
//!
//! An engine owns its threads and its scratch memory, which grows to what the largest mini-batch needs
//! and is then reused.
//!
//! Results are those of [`naive`](crate::naive), bit for bit, on any number of threads, on any instruction
//! set, and in either branch: multiplying the zeros adds nothing, with the [two exceptions](crate::naive) of sums that
//! are −0.0 and of weights that are infinite.

mod between;

use std::ops::Range;

use crate::by_block::{ByBlock, InOrder};
use crate::by_unit::ByUnit;
use crate::isa::Isa;
use crate::kernels::{Backward, DenseErrors, DenseStep, Forward, Found, Gradient, Sgd, inputs_of_block};
use crate::lanes::{Line, as_lines, as_lines_mut};
use crate::threads::{Disjoint, Threads};
use crate::weights::Shape;
use crate::{ActiveBatch, AlignedVec, DenseBatch, Inputs, LANES, PANEL, PackedWeights, padded};

/// Rows of one task of [`Engine::for_rows`] and of the dense products that go backward.
const ROWS_PER_TASK: usize = 32;

/// What a value of a smooth activation costs, in multiply-adds of a product.
const SMOOTH_COST: usize = 20;

/// Computes the products on a fixed number of threads. The number does not change their results.
#[derive(Debug)]
pub struct Engine {
    isa: Isa,
    threads: Threads,
    by_unit: ByUnit,
    by_block: ByBlock,
    found: Found,
    /// Biases or signs, padded.
    row: AlignedVec,
    scratch: Vec<Scratch>,
}

/// Memory of one thread.
#[derive(Debug, Default)]
struct Scratch {
    partial: Vec<Line>,
    gradient: AlignedVec,
    factors: Vec<f32>,
}

impl Engine {
    /// An engine on `threads` threads (at least one), on the fastest instruction set the machine has. The threads are
    /// started once there has been enough work for them.
    pub fn new(threads: usize) -> Self {
        Self::on(Threads::new(threads), Isa::detect())
    }

    /// An engine on `threads` threads (at least one), which are started at once, and a chosen instruction set: for
    /// tests and benchmarks.
    pub fn with_isa(threads: usize, isa: Isa) -> Self {
        Self::on(Threads::started(threads), isa)
    }

    fn on(threads: Threads, isa: Isa) -> Self {
        let mut scratch = Vec::new();
        scratch.resize_with(threads.count(), Scratch::default);
        Self {
            isa,
            threads,
            by_unit: ByUnit::default(),
            by_block: ByBlock::default(),
            found: Found::default(),
            row: AlignedVec::default(),
            scratch,
        }
    }

    /// Number of threads.
    pub fn threads(&self) -> usize {
        self.threads.count()
    }

    /// The instruction set the kernels run on.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Pre-activations, examples × outputs: `out[s,j] = bias[j] + Σ_i x[s,i] W[i,j]`.
    ///
    /// # Panics
    /// If `x` is not as wide as `w` has inputs, or `bias` not as long as it has outputs.
    pub fn forward(&mut self, x: Inputs<'_>, w: &PackedWeights, bias: &[f32], out: &mut DenseBatch) {
        check_inputs(x, w.shape());
        assert_eq!(bias.len(), w.outputs(), "expected a bias for each output");
        let (examples, panels) = (x.examples(), w.panels());
        out.reshape(examples, w.outputs());
        self.row.resize(bias.len());
        self.row[..bias.len()].copy_from_slice(bias);
        self.row[bias.len()..].fill(0.0);
        let (isa, bias) = (self.isa, &self.row);
        let stride = out.stride() / LANES;
        let out = Disjoint::new(as_lines_mut(out.padded_mut()));
        let tasks = PanelTasks::new(panels, examples, self.threads.count());
        let work = w.outputs() * active_values(x);
        let blocks = match x {
            Inputs::Active(x) => inputs_of_block(x, w.shape()).map(|inputs| (x, inputs)),
            Inputs::Dense(_) => None,
        };
        let from_memory = w.shape().exceeds_caches();
        let in_blocks = blocks.map(|(x, inputs)| self.by_block.order(x, inputs));
        self.threads.run(work, tasks.count(), &mut self.scratch, |_, task| {
            let (at, examples) = tasks.task(task);
            let (panel, outputs) = (as_lines(w.panel(at)), w.columns(at));
            let bias = as_lines(&bias[outputs.start..outputs.start + w.panel_width(at)]);
            match x {
                Inputs::Active(x) => {
                    let x = &in_blocks.unwrap_or(InOrder::of(x));
                    isa.run(Forward { x, examples, panel, from_memory, bias, outputs, out, stride });
                }
                Inputs::Dense(x) => {
                    isa.run(Forward { x, examples, panel, from_memory, bias, outputs, out, stride });
                }
            }
        });
    }

    /// Errors of the inputs, examples × inputs: `errors[s,i] = Σ_j W[i,j] δ[s,j]`; for inputs given
    /// as active values, of these alone, zero elsewhere.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn backward(
        &mut self,
        x: Inputs<'_>,
        w: &PackedWeights,
        delta: &DenseBatch,
        errors: &mut DenseBatch,
    ) {
        check_shapes(x, w.shape(), delta);
        errors.reset(x.examples(), w.inputs());
        let stride = errors.stride();
        let errors = Disjoint::new(errors.padded_mut());
        match x {
            Inputs::Active(x) => {
                self.by_unit.list(x, 1.0);
                let (isa, by_unit) = (self.isa, &self.by_unit);
                let work = x.active() * w.outputs();
                self.threads.run(work, by_unit.tasks().len(), &mut self.scratch, |scratch, task| {
                    isa.run(Backward {
                        x: by_unit,
                        task: by_unit.tasks()[task].clone(),
                        weights: w,
                        delta,
                        partial: &mut scratch.partial,
                        errors,
                        stride,
                    });
                });
            }
            Inputs::Dense(_) => {
                let (isa, shape) = (self.isa, w.shape());
                let weights = as_lines(w.packed());
                let work = x.examples() * shape.inputs() * shape.outputs();
                self.threads.run(work, input_tasks(shape), &mut self.scratch, |_, task| {
                    let inputs = inputs_of(shape, task);
                    let weights = |part: Range<usize>| &weights[part];
                    isa.run(DenseErrors { inputs, shape, weights, delta, errors, stride });
                });
            }
        }
    }

    /// A step of plain gradient descent: `W[i,j] −= rate · Σ_s x[s,i] δ[s,j]`, in place.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn sgd(&mut self, x: Inputs<'_>, w: &mut PackedWeights, delta: &DenseBatch, rate: f32) {
        let shape = w.shape();
        check_shapes(x, shape, delta);
        match x {
            Inputs::Active(x) => self.sparse_sgd::<false>(x, w, delta, rate, None),
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
            Inputs::Active(x) => self.sparse_sgd::<true>(x, w, delta, rate, Some(errors)),
            Inputs::Dense(x) => self.dense_sgd::<true>(x, w, delta, rate, Some(errors)),
        }
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
                let start = shape.piece_lines(panel, inputs.start).start;
                // SAFETY: as above.
                let target = unsafe { packed.slice_mut(start..start + inputs.len() * lines) };
                let outputs = shape.columns(panel).len();
                isa.run(DenseStep { factors, delta, panel, outputs, target, lines });
            }
        });
    }

    /// The step, and with `DOT` the errors before it.
    fn sparse_sgd<const DOT: bool>(
        &mut self,
        x: &ActiveBatch,
        w: &mut PackedWeights,
        delta: &DenseBatch,
        rate: f32,
        errors: Option<&mut DenseBatch>,
    ) {
        self.by_unit.list(x, -rate);
        let (isa, by_unit, shape) = (self.isa, &self.by_unit, w.shape());
        let stride = padded(shape.inputs());
        let errors = Disjoint::new(errors.map_or(&mut [], DenseBatch::padded_mut));
        let weights = Disjoint::new(as_lines_mut(w.packed_mut()));
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
            isa.run(Sgd::<DOT> {
                x: by_unit,
                task,
                panels,
                shape,
                weights,
                delta,
                partial: &mut scratch.partial,
                errors,
                stride,
            });
        });
    }

    /// Calls `rule(input, gradient, pieces)` for every piece of every weight row that
    /// the batch touches (all rows if it is dense): `gradient[j] = Σ_s x[s,i] δ[s,j]` and the
    /// matching pieces of `matrices` (the weights, an optimiser's state). Pieces come in any order
    /// and from several threads.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn for_touched_rows<const N: usize>(
        &mut self,
        x: Inputs<'_>,
        delta: &DenseBatch,
        matrices: [&mut PackedWeights; N],
        rule: impl Fn(usize, &[f32], [&mut [f32]; N]) + Sync,
    ) {
        let shape = common_shape(&matrices);
        check_shapes(x, shape, delta);
        let matrices = matrices.map(|matrix| Disjoint::new(matrix.packed_mut()));
        match x {
            Inputs::Active(x) => {
                self.by_unit.list(x, 1.0);
                let (isa, by_unit) = (self.isa, &self.by_unit);
                let work = x.active() * shape.outputs();
                self.threads.run(work, by_unit.tasks().len(), &mut self.scratch, |scratch, task| {
                    scratch.gradient.resize(PANEL);
                    for panel in 0..shape.panels() {
                        let gradient = &mut scratch.gradient[..shape.panel_width(panel)];
                        for at in by_unit.tasks()[task].clone() {
                            let activities = by_unit.activities(at);
                            isa.run(Gradient { activities, delta, panel, out: as_lines_mut(gradient) });
                            gradient[shape.columns(panel).len()..].fill(0.0);
                            let input = by_unit.units()[at] as usize;
                            // SAFETY: each unit belongs to one task, which takes its pieces one by one.
                            let pieces = matrices.map(|m| unsafe { m.slice_mut(shape.piece(panel, input)) });
                            rule(input, gradient, pieces);
                        }
                    }
                });
            }
            Inputs::Dense(x) => {
                let isa = self.isa;
                let work = x.examples() * shape.inputs() * shape.outputs();
                self.threads.run(work, input_tasks(shape), &mut self.scratch, |scratch, task| {
                    let inputs = inputs_of(shape, task);
                    let factors = scaled_inputs(x, &inputs, 1.0, &mut scratch.factors);
                    for panel in 0..shape.panels() {
                        let width = shape.panel_width(panel);
                        scratch.gradient.resize(inputs.len() * width);
                        let gradient = &mut scratch.gradient[..inputs.len() * width];
                        gradient.fill(0.0);
                        let (outputs, lines) = (shape.columns(panel).len(), width / LANES);
                        let target = as_lines_mut(gradient);
                        isa.run(DenseStep { factors, delta, panel, outputs, target, lines });
                        for (input, gradient) in inputs.clone().zip(gradient.chunks_exact(width)) {
                            // SAFETY: each task has its own inputs, taken piece by piece.
                            let pieces = matrices.map(|m| unsafe { m.slice_mut(shape.piece(panel, input)) });
                            rule(input, gradient, pieces);
                        }
                    }
                });
            }
        }
    }

    /// Calls `rule(input, pieces)` for every piece of the given weight rows (rising, no repeats).
    /// Pieces come in any order and from several threads.
    ///
    /// # Panics
    /// If the rows do not rise, there is no such row, or the matrices differ in shape.
    pub fn for_rows<const N: usize>(
        &mut self,
        rows: &[u32],
        matrices: [&mut PackedWeights; N],
        rule: impl Fn(usize, [&mut [f32]; N]) + Sync,
    ) {
        let shape = common_shape(&matrices);
        assert!(rows.is_sorted_by(|a, b| a < b), "expected rising rows");
        let matrices = matrices.map(|matrix| Disjoint::new(matrix.packed_mut()));
        let work = rows.len() * shape.outputs();
        let tasks = rows.len().div_ceil(ROWS_PER_TASK);
        self.threads.run(work, tasks, &mut self.scratch, |_, task| {
            let end = rows.len().min((task + 1) * ROWS_PER_TASK);
            for panel in 0..shape.panels() {
                for &input in &rows[task * ROWS_PER_TASK..end] {
                    let part = shape.piece(panel, input as usize);
                    // SAFETY: rows rise, so each comes once, in one task, which takes its pieces one by
                    // one.
                    let pieces = matrices.map(|m| unsafe { m.slice_mut(part.clone()) });
                    rule(input as usize, pieces);
                }
            }
        });
    }

    /// The input units active in any example, in rising order; all of them if the batch is dense.
    pub fn touched_rows(&mut self, x: Inputs<'_>, rows: &mut Vec<u32>) {
        rows.clear();
        match x {
            Inputs::Active(x) => {
                self.by_unit.list(x, 1.0);
                rows.extend_from_slice(self.by_unit.units());
            }
            Inputs::Dense(x) => rows.extend(0..x.width() as u32),
        }
    }
}

/// Work on some items (examples, units) in each panel, as tasks of one panel each. Panels come one after the other, so
/// that a thread keeps a panel's weights in its cache; where they are few, their items are parted.
#[derive(Clone, Copy)]
struct PanelTasks {
    panels: usize,
    items: usize,
    /// Tasks of a panel.
    parts: usize,
}

impl PanelTasks {
    fn new(panels: usize, items: usize, threads: usize) -> Self {
        Self { panels, items, parts: (2 * threads).div_ceil(panels.max(1)).min(items) }
    }

    fn count(self) -> usize {
        self.panels * self.parts
    }

    /// The panel of a task, and its items.
    fn task(self, task: usize) -> (usize, Range<usize>) {
        let (panel, part) = (task / self.parts, task % self.parts);
        (panel, part * self.items / self.parts..(part + 1) * self.items / self.parts)
    }
}

/// Number of tasks of a dense product that goes backward.
fn input_tasks(shape: Shape) -> usize {
    shape.inputs().div_ceil(ROWS_PER_TASK)
}

/// The inputs of one of them.
fn inputs_of(shape: Shape, task: usize) -> Range<usize> {
    task * ROWS_PER_TASK..shape.inputs().min((task + 1) * ROWS_PER_TASK)
}

/// For each example, the values of some inputs, scaled.
fn scaled_inputs<'a>(
    x: &DenseBatch,
    inputs: &Range<usize>,
    scale: f32,
    factors: &'a mut Vec<f32>,
) -> &'a [f32] {
    factors.clear();
    for example in 0..x.examples() {
        factors.extend(x.row(example)[inputs.clone()].iter().map(|value| scale * value));
    }
    factors
}

/// How many values of a batch are multiplied.
fn active_values(x: Inputs<'_>) -> usize {
    match x {
        Inputs::Active(x) => x.active(),
        Inputs::Dense(x) => x.examples() * x.width(),
    }
}

/// # Panics
/// If inputs and weights do not fit.
fn check_inputs(x: Inputs<'_>, weights: Shape) {
    assert_eq!(x.width(), weights.inputs(), "expected as many values in an example as inputs");
}

/// # Panics
/// If inputs, weights and errors do not fit.
fn check_shapes(x: Inputs<'_>, weights: Shape, delta: &DenseBatch) {
    check_inputs(x, weights);
    assert_eq!(delta.examples(), x.examples(), "expected errors for each example");
    assert_eq!(delta.width(), weights.outputs(), "expected an error for each output");
}

/// The shape of all matrices.
///
/// # Panics
/// If they differ.
fn common_shape<const N: usize>(matrices: &[&mut PackedWeights; N]) -> Shape {
    let shape = matrices.first().expect("at least one matrix").shape();
    assert!(matrices.iter().all(|matrix| matrix.shape() == shape), "expected matrices of one shape");
    shape
}
