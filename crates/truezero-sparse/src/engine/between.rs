//! What is done between two products, value by value: activations, lists of active values, slopes.

use super::{Engine, SMOOTH_COST};
use crate::kernels::{Activate, Extract, LogisticErrors, RectifiedErrors, Rectify, SlopeErrors};
use crate::lanes::{Line, as_lines, as_lines_mut};
use crate::threads::Disjoint;
use crate::{ActiveBatch, DenseBatch, LANES, Pointwise};

impl Engine {
    /// Rectifier: `pre` becomes `sign · max(0, pre)` in place, `active` the list of its non-zeros. NaN
    /// counts as active, so that it reaches the cost and is noticed.
    ///
    /// # Panics
    /// If there are signs, but not one for each unit.
    pub fn rectify(&mut self, pre: &mut DenseBatch, signs: Option<&[f32]>, active: &mut ActiveBatch) {
        self.row_of_signs(signs, pre.width());
        let signs = signs.map(|_| as_lines(&self.row));
        active.reset(pre.width());
        self.found.make_room(pre.stride() / LANES);
        for example in 0..pre.examples() {
            let row = as_lines_mut(pre.padded_row_mut(example));
            let count = self.isa.run(Rectify { row, signs, found: &mut self.found });
            active.append(self.found.first(count));
        }
    }

    /// A smooth activation: `pre` becomes `h = sign · f(pre)` in place, and `slopes`, if wanted,
    /// `∂h/∂pre`.
    ///
    /// # Panics
    /// If there are signs, but not one for each unit.
    pub fn activate(
        &mut self,
        function: Pointwise,
        signs: Option<&[f32]>,
        pre: &mut DenseBatch,
        slopes: Option<&mut DenseBatch>,
    ) {
        let (width, stride) = (pre.width(), pre.stride() / LANES);
        self.row_of_signs(signs, width);
        let signs = signs.map(|_| as_lines(&self.row));
        let (isa, examples) = (self.isa, pre.examples());
        let slopes = slopes.map(|slopes| {
            slopes.reshape(examples, width);
            Disjoint::new(as_lines_mut(slopes.padded_mut()))
        });
        let values = Disjoint::new(as_lines_mut(pre.padded_mut()));
        let work = examples * width * SMOOTH_COST;
        self.threads.run(work, examples, &mut self.scratch, |_, example| {
            let row = example * stride..(example + 1) * stride;
            // SAFETY: each example belongs to one task.
            let values = unsafe { values.slice_mut(row.clone()) };
            // SAFETY: as above.
            let mut slopes = slopes.map(|slopes| unsafe { slopes.slice_mut(row) });
            isa.run(Activate { function, values, slopes: slopes.as_deref_mut(), signs });
            for padded in [Some(values), slopes].into_iter().flatten() {
                padded.as_flattened_mut()[width..].fill(0.0);
            }
        });
    }

    /// Errors of activations become errors of pre-activations, in place:
    /// `error = slope · (error + penalty · sgn h)`, with a penalty for each example.
    ///
    /// # Panics
    /// If the shapes differ.
    pub fn slope_errors(
        &mut self,
        values: &DenseBatch,
        slopes: &DenseBatch,
        penalty: impl Fn(usize) -> f32 + Sync,
        errors: &mut DenseBatch,
    ) {
        assert!(errors.has_shape_of(values) && errors.has_shape_of(slopes), "expected the same shapes");
        let isa = self.isa;
        self.for_rows_of(errors, 1, |example, errors| {
            let [values, slopes] = [values, slopes].map(|batch| as_lines(batch.padded_row(example)));
            isa.run(SlopeErrors { values, slopes, penalty: penalty(example), errors });
        });
    }

    /// The same for [rectified](Self::rectify) units, whose slope is `scale · sign` where they are active:
    /// zero elsewhere, whatever the errors were.
    ///
    /// # Panics
    /// If the shapes differ, or there are signs, but not one for each unit.
    pub fn rectified_errors(
        &mut self,
        values: &DenseBatch,
        signs: Option<&[f32]>,
        scale: f32,
        penalty: impl Fn(usize) -> f32 + Sync,
        errors: &mut DenseBatch,
    ) {
        assert!(errors.has_shape_of(values), "expected the same shapes");
        self.row_of_signs(signs, values.width());
        let row = std::mem::take(&mut self.row);
        let signs = signs.map(|_| as_lines(&row));
        let isa = self.isa;
        self.for_rows_of(errors, 1, |example, errors| {
            let values = as_lines(values.padded_row(example));
            isa.run(RectifiedErrors { values, signs, scale, penalty: penalty(example), errors });
        });
        self.row = row;
    }

    /// Several labels: pre-activations become errors, in place: `output = scale · (1 / (1 + e^(−output)) − target)`, with
    /// a scale for each example. `rows` are the rows of `targets` that go with the examples; `costs` become the examples'
    /// logistic costs, summed over the labels.
    ///
    /// # Panics
    /// If the widths differ, or there is not one row for each example.
    pub fn logistic_errors(
        &mut self,
        outputs: &mut DenseBatch,
        targets: &DenseBatch,
        rows: &[usize],
        scale: impl Fn(usize) -> f32 + Sync,
        costs: &mut Vec<f64>,
    ) {
        let width = outputs.width();
        assert_eq!(targets.width(), width, "expected a target for each output");
        assert_eq!(rows.len(), outputs.examples(), "expected a row for each example");
        costs.clear();
        costs.resize(rows.len(), 0.0);
        let costs = Disjoint::new(costs);
        let isa = self.isa;
        self.for_rows_of(outputs, SMOOTH_COST, |example, outputs| {
            let targets = as_lines(targets.padded_row(rows[example]));
            // SAFETY: each example belongs to one task.
            let cost = unsafe { costs.slice_mut(example..example + 1) };
            cost[0] = isa.run(LogisticErrors { outputs, targets, width, scale: scale(example) });
        });
    }

    /// Calls `f(example, row)` for each row of a batch, on several threads; a value costs so many multiply-adds.
    fn for_rows_of(&mut self, batch: &mut DenseBatch, cost: usize, f: impl Fn(usize, &mut [Line]) + Sync) {
        let (examples, stride) = (batch.examples(), batch.stride() / LANES);
        let work = examples * batch.width() * cost;
        let lines = Disjoint::new(as_lines_mut(batch.padded_mut()));
        self.threads.run(work, examples, &mut self.scratch, |_, example| {
            // SAFETY: each example belongs to one task.
            f(example, unsafe { lines.slice_mut(example * stride..(example + 1) * stride) });
        });
    }

    /// Makes `row` the signs, padded, if there are any.
    fn row_of_signs(&mut self, signs: Option<&[f32]>, width: usize) {
        if let Some(signs) = signs {
            assert_eq!(signs.len(), width, "expected a sign for each unit");
            self.row.resize(signs.len());
            self.row[..signs.len()].copy_from_slice(signs);
        }
    }

    /// `active` becomes the list of the non-zeros of `dense`.
    pub fn extract(&mut self, dense: &DenseBatch, active: &mut ActiveBatch) {
        let rows = 0..dense.examples();
        self.extract_rows(dense, rows, usize::MAX, active);
    }

    /// `active` becomes the list of the non-zeros of chosen examples of `dense`, if these are no more than `most`; gives
    /// up, and says so by false, as soon as they are.
    pub fn extract_rows(
        &mut self,
        dense: &DenseBatch,
        rows: impl IntoIterator<Item = usize>,
        most: usize,
        active: &mut ActiveBatch,
    ) -> bool {
        active.reset(dense.width());
        self.found.make_room(dense.stride() / LANES);
        for example in rows {
            let row = as_lines(dense.padded_row(example));
            let count = self.isa.run(Extract { row, found: &mut self.found });
            active.append(self.found.first(count));
            if active.active() > most {
                return false;
            }
        }
        true
    }
}
