//! The products a network is made of, safe to call, each in its sparse and its dense branch.
//!
//! An engine owns its threads and its scratch memory; nothing is allocated per mini-batch once it
//! has seen the largest one.

use crate::{ActiveBatch, DenseBatch, Inputs, PackedWeights, naive};

/// Computes the products on a fixed number of threads.
#[derive(Debug)]
pub struct Engine {
    threads: usize,
}

impl Engine {
    /// An engine on `threads` threads (at least one).
    pub fn new(threads: usize) -> Self {
        Self { threads: threads.max(1) }
    }

    /// Number of threads.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Pre-activations, examples × outputs: `out[s,j] = bias[j] + Σ_i x[s,i] W[i,j]`.
    ///
    /// # Panics
    /// If `x` is not as wide as `w` has inputs, or `bias` not as long as it has outputs.
    pub fn forward(&mut self, x: Inputs<'_>, w: &PackedWeights, bias: &[f32], out: &mut DenseBatch) {
        naive::forward(&active(x), w, bias, out);
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
        naive::backward(&active(x), w, delta, errors);
    }

    /// A step of plain gradient descent: `W[i,j] −= rate · Σ_s x[s,i] δ[s,j]`, in place.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn sgd(&mut self, x: Inputs<'_>, w: &mut PackedWeights, delta: &DenseBatch, rate: f32) {
        naive::sgd(&active(x), w, delta, rate);
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
        self.backward(x, w, delta, errors);
        self.sgd(x, w, delta, rate);
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
        let mut touched = Vec::new();
        self.touched_rows(x, &mut touched);
        let x = active(x);
        let mut matrices = matrices;
        for i in touched {
            let mut gradient = naive::row_gradient(&x, i as usize, delta);
            gradient.resize(delta.stride(), 0.0);
            let mut start = 0;
            for panel in 0..matrices[0].panels() {
                let pieces = matrices.each_mut().map(|matrix| matrix.piece_mut(panel, i as usize));
                let width = pieces[0].len();
                rule(i as usize, &gradient[start..start + width], pieces);
                start += width;
            }
        }
    }

    /// Calls `rule(input, pieces)` for every piece of the given weight rows (rising, no repeats).
    /// Pieces come in any order and from several threads.
    ///
    /// # Panics
    /// If there is no such row or the matrices differ in shape.
    pub fn for_rows<const N: usize>(
        &mut self,
        rows: &[u32],
        matrices: [&mut PackedWeights; N],
        rule: impl Fn(usize, [&mut [f32]; N]) + Sync,
    ) {
        let mut matrices = matrices;
        for &i in rows {
            for panel in 0..matrices[0].panels() {
                rule(i as usize, matrices.each_mut().map(|matrix| matrix.piece_mut(panel, i as usize)));
            }
        }
    }

    /// The input units active in any example, in rising order; all of them if the batch is dense.
    pub fn touched_rows(&mut self, x: Inputs<'_>, rows: &mut Vec<u32>) {
        rows.clear();
        match x {
            Inputs::Active(x) => {
                rows.extend_from_slice(x.indices());
                rows.sort_unstable();
                rows.dedup();
            }
            Inputs::Dense(x) => rows.extend(0..x.width() as u32),
        }
    }

    /// Rectifier: `pre` becomes `sign · max(0, pre)` in place, `active` the list of its non-zeros.
    ///
    /// # Panics
    /// If there are signs, but not one for each unit.
    pub fn rectify(&mut self, pre: &mut DenseBatch, signs: Option<&[f32]>, active: &mut ActiveBatch) {
        naive::rectify(pre, signs, active);
    }

    /// `active` becomes the list of the non-zeros of `dense`.
    pub fn extract(&mut self, dense: &DenseBatch, active: &mut ActiveBatch) {
        naive::extract(dense, active);
    }
}

fn active(x: Inputs<'_>) -> ActiveBatch {
    match x {
        Inputs::Active(x) => x.clone(),
        Inputs::Dense(x) => {
            let mut active = ActiveBatch::new(x.width());
            naive::extract(x, &mut active);
            active
        }
    }
}
