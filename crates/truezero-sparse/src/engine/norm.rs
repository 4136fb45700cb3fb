//! The norm of the gradient of a mini-batch, without the gradient.

use super::{Engine, input_tasks, inputs_of, scaled_inputs};
use crate::kernels::{DenseStep, GRAM_TILE, Gram, RowSquares, Squares};
use crate::lanes::as_lines_mut;
use crate::threads::Disjoint;
use crate::weights::Shape;
use crate::{ActiveBatch, DenseBatch, Inputs, LANES, padded};

/// The inner products of more examples are not kept.
const MOST_EXAMPLES: usize = 512;

/// What an inner product of two values costs that are found by their unit, in multiply-adds of lines.
const PAIR_COST: usize = 4;

/// Gradients of examples that cancel each other down to this part of what they could add up to are summed row by row:
/// in a sum of inner products, what is left would be rounding.
const CANCELLED: f64 = 1e-3;

/// Buffers of [`Engine::squared_norm`].
#[derive(Debug, Default)]
pub(super) struct NormBuffers {
    inputs: Vec<f32>,
    errors: Vec<f32>,
    squares: Vec<f64>,
    dense: DenseBatch,
}

/// How the inner products of inputs are found.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// Of plain arrays.
    Dense,
    /// From the pairs of examples in which a unit is active.
    ByUnit,
}

impl Engine {
    /// The squared norm of a gradient, `Σ_i Σ_j (Σ_s x[s,i] δ[s,j])²`: of a few examples from their inner products, of
    /// many row by row.
    ///
    /// # Panics
    /// If there are not as many errors as inputs.
    pub fn squared_norm(&mut self, x: Inputs<'_>, delta: &DenseBatch) -> f64 {
        assert_eq!(delta.examples(), x.examples(), "expected errors for each example");
        let squared = self.way(x, delta).and_then(|way| self.by_examples(x, delta, way));
        squared.unwrap_or_else(|| self.by_rows(x, delta))
    }

    /// What the norm (not its square) of the gradient of weights and biases together is at most,
    /// `Σ_s √(‖x_s‖² + 1) ‖δ_s‖`: cheap.
    ///
    /// # Panics
    /// If there are not as many errors as inputs.
    pub fn norm_bound(&mut self, x: Inputs<'_>, delta: &DenseBatch) -> f64 {
        assert_eq!(delta.examples(), x.examples(), "expected errors for each example");
        let isa = self.isa;
        let squares = |values: &[f32]| {
            let (lines, rest) = values.as_chunks();
            isa.run(Squares(lines)) + rest.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>()
        };
        let inputs = |example: usize| match x {
            Inputs::Active(x) => squares(x.example(example).1),
            Inputs::Dense(x) => squares(x.row(example)),
        };
        (0..x.examples()).map(|example| ((inputs(example) + 1.0) * squares(delta.row(example))).sqrt()).sum()
    }

    /// Whether inner products are cheaper than rows, and which. Inputs are listed where those by unit are.
    fn way(&mut self, x: Inputs<'_>, delta: &DenseBatch) -> Option<Way> {
        let (examples, lines) = (x.examples(), delta.stride() / LANES);
        let pairs = examples * (examples + 1) / 2;
        let dense = pairs * (padded(x.width()) / LANES);
        let (rows, inputs, way) = match x {
            Inputs::Dense(x) => (x.examples() * x.width() * lines, dense, Way::Dense),
            Inputs::Active(x) => {
                // There are no fewer than if every unit were active equally often.
                let least = x.active() * x.active() / (2 * x.width()).max(1);
                let mut way = (dense, Way::Dense);
                if PAIR_COST * least < dense {
                    self.by_unit.list(x, 1.0);
                    let by_unit = PAIR_COST * self.by_unit.pairs_of_examples();
                    if by_unit < dense {
                        way = (by_unit, Way::ByUnit);
                    }
                }
                (x.active() * lines, way.0, way.1)
            }
        };
        (examples <= MOST_EXAMPLES && pairs * lines + inputs < rows).then_some(way)
    }

    /// From inner products, if these can tell.
    fn by_examples(&mut self, x: Inputs<'_>, delta: &DenseBatch, way: Way) -> Option<f64> {
        let mut buffers = std::mem::take(&mut self.norm);
        let NormBuffers { inputs, errors, dense, .. } = &mut buffers;
        match x {
            Inputs::Dense(x) => self.gram(x, inputs),
            Inputs::Active(x) if way == Way::Dense => {
                write_dense(x, dense);
                self.gram(dense, inputs);
            }
            Inputs::Active(x) => self.by_unit.gram(x.examples(), inputs),
        }
        self.gram(delta, errors);
        let examples = x.examples();
        let (mut squared, mut largest) = (0.0, 0.0);
        for s in 0..examples {
            let [x, delta] = [&*inputs, &*errors].map(|products| &products[s * examples..][..=s]);
            let products = x.iter().zip(delta).map(|(&x, &delta)| f64::from(x) * f64::from(delta));
            let (own, others) = (f64::from(x[s]) * f64::from(delta[s]), products.take(s).sum::<f64>());
            squared += own + 2.0 * others;
            largest += own.sqrt();
        }
        self.norm = buffers;
        // NaN is left to the other way, too.
        (squared.is_finite() && squared >= CANCELLED * largest * largest).then_some(squared)
    }

    /// The inner products of the rows of a batch.
    fn gram(&mut self, batch: &DenseBatch, out: &mut Vec<f32>) {
        let (isa, examples) = (self.isa, batch.examples());
        out.resize(examples * examples, 0.0);
        let out = Disjoint::new(out);
        let work = examples * examples * batch.width() / 2;
        self.threads.run(work, examples.div_ceil(GRAM_TILE), &mut self.scratch, |_, task| {
            let rows = task * GRAM_TILE..examples.min((task + 1) * GRAM_TILE);
            isa.run(Gram { batch, rows, out });
        });
    }

    /// From rows of the gradient.
    fn by_rows(&mut self, x: Inputs<'_>, delta: &DenseBatch) -> f64 {
        let shape = Shape::new(x.width(), delta.width());
        let mut squares = std::mem::take(&mut self.norm.squares);
        squares.clear();
        let isa = self.isa;
        match x {
            Inputs::Active(x) => {
                self.by_unit.list(x, 1.0);
                let by_unit = &self.by_unit;
                squares.resize(by_unit.units().len(), 0.0);
                let out = Disjoint::new(&mut squares);
                let work = x.active() * shape.outputs();
                self.threads.run(work, by_unit.tasks().len(), &mut self.scratch, |_, task| {
                    let task = by_unit.tasks()[task].clone();
                    isa.run(RowSquares { x: by_unit, task, shape, delta, out });
                });
            }
            Inputs::Dense(x) => {
                squares.resize(input_tasks(shape), 0.0);
                let out = Disjoint::new(&mut squares);
                let work = x.examples() * shape.inputs() * shape.outputs();
                self.threads.run(work, input_tasks(shape), &mut self.scratch, |scratch, task| {
                    let inputs = inputs_of(shape, task);
                    let factors = scaled_inputs(x, &inputs, 1.0, &mut scratch.factors);
                    let mut sum = 0.0;
                    for panel in 0..shape.panels() {
                        let width = shape.panel_width(panel);
                        scratch.gradient.resize(inputs.len() * width);
                        let gradient = as_lines_mut(&mut scratch.gradient[..inputs.len() * width]);
                        gradient.as_flattened_mut().fill(0.0);
                        let (outputs, lines) = (shape.columns(panel).len(), width / LANES);
                        isa.run(DenseStep { factors, delta, panel, outputs, target: gradient, lines });
                        sum += isa.run(Squares(gradient));
                    }
                    // SAFETY: each task has a place of its own.
                    let place = unsafe { out.slice_mut(task..task + 1) };
                    place[0] = sum;
                });
            }
        }
        let sum = squares.iter().sum();
        self.norm.squares = squares;
        sum
    }
}

/// Makes `dense` the values of a batch, reusing the memory.
fn write_dense(x: &ActiveBatch, dense: &mut DenseBatch) {
    dense.reset(x.examples(), x.width());
    for example in 0..x.examples() {
        let (indices, values) = x.example(example);
        let row = dense.row_mut(example);
        for (&index, &value) in indices.iter().zip(values) {
            row[index as usize] = value;
        }
    }
}
