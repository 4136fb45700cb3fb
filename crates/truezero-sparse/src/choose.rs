//! Skip zeros or multiply everything: decided per product from the size of the mini-batch and its
//! measured density alone. Both give the same bits (but for [two exceptions](crate::naive)), so the choice is one of
//! speed only.
//!
//! The thresholds are where the times cross in `cargo bench --bench scaling`, at a layer of 1000 × 1000 on
//! one thread of an AMD EPYC (Zen 4) with AVX-512. Going forward, a dense product loads a weight once for
//! several examples and a sparse one for each, so that zeros must be many once examples share weights.
//! Going backward, both load it once, and a sparse product wins nearly to the end; in large batches a dense one
//! shares the errors above among inputs.

/// The products of a training step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    /// Pre-activations from inputs.
    Forward,
    /// Errors and update from the errors above.
    Backward,
}

/// (Examples, density): a batch of at least so many examples is multiplied densely above this density.
/// The last entry that a batch is large enough for decides.
type Thresholds = &'static [(usize, f64)];

const FORWARD: Thresholds = &[(3, 0.6), (8, 0.42)];
const BACKWARD: Thresholds = &[(1, 0.97), (16, 0.88), (64, 0.8)];

/// Whether a product of a batch of `examples` at this `density` is faster as a dense one.
pub fn prefer_dense(product: Product, examples: usize, density: f64) -> bool {
    density > densest(product, examples)
}

/// The highest density at which zeros of a batch of `examples` are skipped.
pub fn densest(product: Product, examples: usize) -> f64 {
    let thresholds = match product {
        Product::Forward => FORWARD,
        Product::Backward => BACKWARD,
    };
    thresholds.iter().rfind(|(least, _)| examples >= *least).map_or(1.0, |(_, highest)| *highest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_multiplied_only_where_they_are_few_and_the_batch_is_large() {
        for product in [Product::Forward, Product::Backward] {
            assert!(!prefer_dense(product, 0, 0.0));
            for examples in [1, 10, 100, 1000] {
                assert!(!prefer_dense(product, examples, 0.2), "the paper's networks are sparse");
            }
            assert!(prefer_dense(product, 100, 1.0));
        }
        assert!(!prefer_dense(Product::Forward, 1, 1.0), "one example shares no weight");
        assert!(prefer_dense(Product::Forward, 10, 0.5) && !prefer_dense(Product::Backward, 10, 0.5));
    }
}
