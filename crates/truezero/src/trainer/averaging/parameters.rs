//! What mini-batches change in a training, as numbers whose mean can be taken.

use super::super::{MAX_HALVINGS, Paused};
use crate::error::Error;

/// Weights, biases and what the optimiser and the steering of λ remember. Two networks of the same shape, trained by
/// the same rule, have as many of each.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    /// Layer by layer, lowest first: weights (packed, as the engine has them), biases, first and second moments of
    /// both where the rule has them.
    pub values: Vec<f32>,
    /// Steps of the optimiser, and how often the learning rate was halved; then, if there is a target sparsity, λ and
    /// the smoothed sparsity (NaN before the first mini-batch).
    pub scalars: Vec<f64>,
}

impl Paused {
    /// What mini-batches have led to so far.
    pub fn parameters(&mut self) -> Parameters {
        self.updater.catch_up_all(&mut self.engine, &mut self.network);
        let mut values = Vec::new();
        self.each_part(|part| values.extend_from_slice(part));
        let mut scalars = vec![self.updater.steps as f64, f64::from(self.halvings)];
        scalars.extend(self.steering.iter().flat_map(crate::steer::Steering::state));
        Parameters { values, scalars }
    }

    /// Puts others in their place.
    ///
    /// # Errors
    /// If they are not those of a network of this shape; then nothing has changed.
    pub fn set_parameters(&mut self, Parameters { values, scalars }: &Parameters) -> Result<(), Error> {
        let mut expected = 0;
        self.each_part(|part| expected += part.len());
        if values.len() != expected {
            return Err(Error::option("values", &format!("{expected} parameters"), values.len()));
        }
        let steering = match (scalars.as_slice(), &mut self.steering) {
            ([_, _], None) => None,
            (&[_, _, l1, smoothed], Some(steering)) => Some((steering, l1, smoothed)),
            _ => {
                let of_steering = if self.steering.is_some() { 2 } else { 0 };
                let expected = format!("{} of them", 2 + of_steering);
                return Err(Error::option("scalars", &expected, scalars.len()));
            }
        };
        if let Some((steering, l1, smoothed)) = steering {
            steering.set_state(l1, smoothed);
        }
        let mut rest = values.as_slice();
        self.each_part(|part| {
            let (these, others) = rest.split_at(part.len());
            part.copy_from_slice(these);
            rest = others;
        });
        // Steps are counted; of a mean, the nearest number is.
        let steps = scalars[0].round() as u64;
        self.updater.steps = steps;
        self.halvings = (scalars[1].round() as u32).min(MAX_HALVINGS);
        self.updater.memory.iter_mut().for_each(|memory| memory.seen.fill(steps));
        Ok(())
    }

    fn each_part(&mut self, mut see: impl FnMut(&mut [f32])) {
        for (layer, memory) in self.network.layers.iter_mut().zip(&mut self.updater.memory) {
            see(layer.weights.packed_mut());
            see(&mut layer.bias);
            see(memory.first.packed_mut());
            see(memory.second.packed_mut());
            see(&mut memory.bias_first);
            see(&mut memory.bias_second);
        }
    }
}

/// The mean of arrays of the same length, each with its weight; those of weight 0 do not count. Summed in the order
/// given, in double precision. None if no weight is above 0.
///
/// # Panics
/// If the lengths differ.
pub fn mean(parts: &[(f64, &[f32])]) -> Option<Vec<f32>> {
    let counting: Vec<_> = parts.iter().filter(|(weight, _)| *weight > 0.0).collect();
    let total: f64 = counting.iter().map(|(weight, _)| weight).sum();
    let (_, first) = counting.first()?;
    let mut sums = vec![0.0; first.len()];
    for (weight, part) in &counting {
        assert_eq!(part.len(), sums.len(), "arrays of the same length");
        let share = weight / total;
        sums.iter_mut().zip(*part).for_each(|(sum, &value): (&mut f64, _)| *sum += share * f64::from(value));
    }
    Some(sums.into_iter().map(|sum| sum as f32).collect())
}
