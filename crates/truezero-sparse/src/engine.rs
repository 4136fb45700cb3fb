//! The products a network is made of, safe to call, each in its sparse and its dense branch.
//!
//! An engine owns its threads and its scratch memory, which grows to what the largest mini-batch needs
//! and is then reused.
//!
//! Results are those of [`naive`](crate::naive), bit for bit, on any number of threads, on any instruction
//! set, and in either branch: multiplying the zeros adds nothing, with the [two exceptions](crate::naive) of sums that
//! are −0.0 and of weights that are infinite.

mod between;
mod norm;
mod update;

use std::ops::Range;

use crate::by_block::{ByBlock, InOrder};
use crate::by_unit::ByUnit;
use crate::isa::Isa;
use crate::kernels::{Backward, DenseErrors, Forward, Found, inputs_of_block};
use crate::lanes::{Line, as_lines, as_lines_mut};
use crate::threads::{Disjoint, Threads};
use crate::weights::Shape;
use crate::{AlignedVec, DenseBatch, Inputs, LANES, PackedWeights};

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
    norm: norm::NormBuffers,
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
            norm: norm::NormBuffers::default(),
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
