//! What is done between two products, value by value: activations, lists of active values, slopes.

use super::{Engine, SMOOTH_COST};
use crate::kernels::{Activate, Extract, RectifiedErrors, Rectify, SlopeErrors};
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
    /// `error = slope · (error + penalty · sgn h)`.
    ///
    /// # Panics
    /// If the shapes differ.
    pub fn slope_errors(
        &mut self,
        values: &DenseBatch,
        slopes: &DenseBatch,
        penalty: f32,
        errors: &mut DenseBatch,
    ) {
        assert!(errors.has_shape_of(values) && errors.has_shape_of(slopes), "expected the same shapes");
        let isa = self.isa;
        self.for_errors(errors, |example, errors| {
            let [values, slopes] = [values, slopes].map(|batch| as_lines(batch.padded_row(example)));
            isa.run(SlopeErrors { values, slopes, penalty, errors });
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
        penalty: f32,
        errors: &mut DenseBatch,
    ) {
        assert!(errors.has_shape_of(values), "expected the same shapes");
        self.row_of_signs(signs, values.width());
        let row = std::mem::take(&mut self.row);
        let signs = signs.map(|_| as_lines(&row));
        let isa = self.isa;
        self.for_errors(errors, |example, errors| {
            let values = as_lines(values.padded_row(example));
            isa.run(RectifiedErrors { values, signs, scale, penalty, errors });
        });
        self.row = row;
    }

    /// Calls `f(example, errors)` for each row of `errors`, on several threads.
    fn for_errors(&mut self, errors: &mut DenseBatch, f: impl Fn(usize, &mut [Line]) + Sync) {
        let (examples, stride) = (errors.examples(), errors.stride() / LANES);
        let work = examples * errors.width();
        let lines = Disjoint::new(as_lines_mut(errors.padded_mut()));
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
        active.reset(dense.width());
        self.found.make_room(dense.stride() / LANES);
        for example in 0..dense.examples() {
            let row = as_lines(dense.padded_row(example));
            let count = self.isa.run(Extract { row, found: &mut self.found });
            active.append(self.found.first(count));
        }
    }
}
