//! Pre-training without labels: stacked denoising auto-encoders (paper, section 3.3; Vincent et al. 2008).
//!
//! ```text
//! x ─corrupt─▶ x̃ ─▶ h = f(x̃ W + b) ─▶ a = h Dᵀ + c ─▶ reconstruction r(a), held against x
//! ```
//!
//! Each hidden layer in turn learns to undo a corruption of its inputs x, the codes of the layer below. D is W (tied
//! weights) or a matrix of its own, inputs × units as W is. What is reconstructed may be all inputs, or, where they
//! are sparse, all non-zeros and a [sample] of the zeros. Afterwards the layers are [fine-tuned] as those
//! of a network.
//!
//! | file | holds |
//! |---|---|
//! | `corruption.rs` | x → x̃ |
//! | `reconstruction.rs` | the four strategies of the paper: r, its cost, what x is scaled to |
//! | `sampling.rs` | which inputs are reconstructed |
//! | `options.rs` | unchecked options → `check()` → plan |
//! | `step.rs` | one mini-batch of one layer |
//! | `pretrainer.rs` | layer after layer, epoch after epoch |
//! | `decoder.rs` | from codes back to inputs |
//!
//! ```
//! use truezero::{Activation, Control, Initialisation, Layer};
//! use truezero::autoencoder::{Pretrainer, PretrainingOptions, PretrainingProgress};
//! use truezero_sparse::{Batch, DenseBatch};
//!
//! let inputs = Batch::Dense(DenseBatch::from_rows(4, &[1., 1., 0., 0., 0., 0., 1., 1.]));
//! let layer = Layer::random(4, 8, Activation::Rectifier, false, Initialisation::Glorot, 0, 0);
//! let plan = PretrainingOptions { epochs: vec![3], ..Default::default() }.check(&[Activation::Rectifier])?;
//! let mut pretrainer = Pretrainer::new(plan, vec![layer], &inputs, &[0, 1], &[], 1)?;
//! while let PretrainingProgress::Epoch(record) = pretrainer.epoch(&mut |_| Control::Continue)? {
//!     assert!(record.cost.is_finite());
//! }
//! let (layers, _) = pretrainer.finish();
//! assert_eq!(layers[0].units(), 8);
//! # Ok::<(), truezero::Error>(())
//! ```
//!
//! [sample]: PretrainingOptions::sample_zeros
//! [fine-tuned]: crate::Trainer::from_network

mod corruption;
mod decoder;
mod options;
mod pretrainer;
mod reconstruction;
mod sampling;
mod step;

pub use corruption::Corruption;
pub use decoder::{Decoder, DecoderForm};
pub use options::{PretrainingOptions, PretrainingPlan};
pub use pretrainer::{
    Pretrainer, PretrainingBatch, PretrainingProgress, PretrainingRecord, PretrainingSummary, planned_layers,
};
pub use reconstruction::Reconstruction;
