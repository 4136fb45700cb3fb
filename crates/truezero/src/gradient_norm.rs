//! The norm of a weight gradient without the gradient.
//!
//! G = Xᵀ Δ for the inputs X and errors Δ of a mini-batch, so
//! ‖G‖² = Σ_s Σ_t (x_s · x_t)(δ_s · δ_t): two small matrices, B × B, instead of one of the size of
//! the weights.

use truezero_sparse::{DenseBatch, Inputs};

/// ‖Xᵀ Δ‖² plus, for the biases, ‖Σ_s δ_s‖².
pub(crate) fn squared_norm(x: Inputs<'_>, delta: &DenseBatch) -> f64 {
    let mut total = 0.0;
    for s in 0..delta.examples() {
        for t in 0..=s {
            let errors = dot(delta.row(s), delta.row(t));
            if errors != 0.0 {
                // The bias is one more weight, from an input that is always 1.
                let inputs = 1.0
                    + match x {
                        Inputs::Dense(x) => dot(x.row(s), x.row(t)),
                        Inputs::Active(x) => sparse_dot(x.example(s), x.example(t)),
                    };
                total += if s == t { 1.0 } else { 2.0 } * errors * inputs;
            }
        }
    }
    total.max(0.0)
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

fn sparse_dot((a_units, a): (&[u32], &[f32]), (b_units, b): (&[u32], &[f32])) -> f64 {
    let (mut at, mut bt, mut sum) = (0, 0, 0.0);
    while at < a.len() && bt < b.len() {
        match a_units[at].cmp(&b_units[bt]) {
            std::cmp::Ordering::Less => at += 1,
            std::cmp::Ordering::Greater => bt += 1,
            std::cmp::Ordering::Equal => {
                sum += f64::from(a[at]) * f64::from(b[bt]);
                at += 1;
                bt += 1;
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use truezero_sparse::ActiveBatch;

    #[test]
    fn norm_is_that_of_the_gradient() {
        let inputs = [[1.0, 0.0, 2.0], [0.0, 3.0, -1.0]];
        let errors = [[0.5, -1.0], [2.0, 0.0]];
        let mut expected = 0.0;
        for j in 0..2 {
            for i in 0..3 {
                expected += (0..2).map(|s| inputs[s][i] * errors[s][j]).sum::<f64>().powi(2);
            }
            expected += (errors[0][j] + errors[1][j]).powi(2);
        }
        let delta = DenseBatch::from_rows(2, &errors.concat().iter().map(|&e| e as f32).collect::<Vec<_>>());
        let plain: Vec<f32> = inputs.concat().iter().map(|&x| x as f32).collect();
        let dense = DenseBatch::from_rows(3, &plain);
        let mut active = ActiveBatch::new(3);
        active.push([(0, 1.0), (2, 2.0)]);
        active.push([(1, 3.0), (2, -1.0)]);
        assert!((squared_norm(Inputs::Dense(&dense), &delta) - expected).abs() < 1e-9);
        assert!((squared_norm(Inputs::Active(&active), &delta) - expected).abs() < 1e-9);
    }
}
