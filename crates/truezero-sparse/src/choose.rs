//! Skip zeros or multiply everything: decided per product from the measured density alone, so that
//! the choice, and with it the result, is the same on every run.

/// Density from which a batch is better multiplied densely.
const DENSE_FROM: f64 = 0.5;

/// The products of a training step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    /// Pre-activations from inputs.
    Forward,
    /// Errors and update from the errors above.
    Backward,
}

/// Whether a product of a batch of `examples` at this `density` is faster as a dense one.
pub fn prefer_dense(product: Product, examples: usize, density: f64) -> bool {
    let _ = product;
    examples > 1 && density > DENSE_FROM
}
