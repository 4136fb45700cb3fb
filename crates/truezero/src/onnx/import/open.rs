//! A layer that is not complete: what stands beside its product may still change its weights and biases.

use super::affine::{Affine, Mismatch};

/// Weights and biases that may still change.
pub(super) struct Open {
    pub(super) inputs: usize,
    pub(super) units: usize,
    /// Inputs × units.
    pub(super) weights: Vec<f32>,
    pub(super) bias: Vec<f32>,
}

impl Open {
    /// Adds factor · by to the biases.
    pub(super) fn add(&mut self, by: &[f64], factor: f64) -> Result<(), Mismatch> {
        if by.len() != 1 && by.len() != self.units {
            return Err(Mismatch);
        }
        for (unit, bias) in self.bias.iter_mut().enumerate() {
            let by = if by.len() == 1 { by[0] } else { by[unit] };
            *bias = (f64::from(*bias) + factor * by) as f32;
        }
        Ok(())
    }

    /// Of (x · scale + shift) W + b.
    pub(super) fn fold_below(&mut self, below: &Affine) {
        let mut bias: Vec<f64> = self.bias.iter().map(|&bias| bias.into()).collect();
        for (input, row) in self.weights.chunks_exact_mut(self.units).enumerate() {
            let (scale, shift) = below.at(input);
            for (weight, bias) in row.iter_mut().zip(&mut bias) {
                *bias += shift * f64::from(*weight);
                *weight = (f64::from(*weight) * scale) as f32;
            }
        }
        self.bias = bias.into_iter().map(|bias| bias as f32).collect();
    }

    /// Of (x W + b) · scale + shift.
    pub(super) fn fold_above(&mut self, above: &Affine) {
        for row in self.weights.chunks_exact_mut(self.units) {
            for (unit, weight) in row.iter_mut().enumerate() {
                *weight = (f64::from(*weight) * above.at(unit).0) as f32;
            }
        }
        for (unit, bias) in self.bias.iter_mut().enumerate() {
            let (scale, shift) = above.at(unit);
            *bias = (f64::from(*bias) * scale + shift) as f32;
        }
    }

    /// A class of pre-activation 0 before one: the softmax of (0, z) is (1 − p, p) with p the logistic of z.
    pub(super) fn add_class_without_weights(&mut self) {
        self.weights = self.weights.iter().flat_map(|&weight| [0.0, weight]).collect();
        self.bias = self.bias.iter().flat_map(|&bias| [0.0, bias]).collect();
        self.units *= 2;
    }

    /// Of inputs that are chosen from `width` others: a weight of one that is not chosen is 0.
    pub(super) fn spread_inputs(&mut self, width: usize, places: &[usize]) {
        let mut weights = vec![0.0; width * self.units];
        for (row, &place) in self.weights.chunks_exact(self.units).zip(places) {
            for (weight, own) in weights[place * self.units..].iter_mut().zip(row) {
                *weight += own;
            }
        }
        (self.inputs, self.weights) = (width, weights);
    }

    /// Keeps the units at these places.
    pub(super) fn choose_units(&mut self, places: &[usize]) {
        let chosen = |row: &[f32]| -> Vec<f32> { places.iter().map(|&place| row[place]).collect() };
        self.weights = self.weights.chunks_exact(self.units).flat_map(chosen).collect();
        self.bias = chosen(&self.bias);
        self.units = places.len();
    }
}
