//! What a pre-training can be told, and the check that makes a [`PretrainingPlan`] of it.

use super::corruption::Corruption;
use super::reconstruction::Reconstruction;
use crate::activation::Activation;
use crate::error::Error;
use crate::options::{check, spread};

/// Options of a pre-training, unchecked. Lists have one value for all hidden layers, or one for each. The defaults are
/// the paper's for images, where it gives them.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct PretrainingOptions {
    /// What is done to the inputs of each layer before it sees them.
    pub corruption: Vec<Corruption>,
    /// Decoder and cost. Empty: a softplus decoder with squared error, which did best for rectifiers on images; where
    /// a layer's own units are tanh or logistic, a logistic decoder with cross-entropy.
    pub reconstruction: Vec<Reconstruction>,
    /// Whether the decoder has the encoder's weights (transposed), or its own.
    pub tied: bool,
    /// λ of the penalty λ Σ |h| on the codes of an example, averaged over the mini-batch.
    pub l1: Vec<f32>,
    /// η of plain gradient descent, constant.
    pub learning_rate: Vec<f32>,
    /// Most passes over the examples; 0 leaves a layer as it is.
    pub epochs: Vec<usize>,
    /// Epochs without a better reconstruction of the validation examples after which a layer is done; 0 for never.
    pub patience: usize,
    /// Examples in a mini-batch.
    pub batch_size: usize,
    /// Zeros reconstructed for each non-zero, where the inputs of a layer are sparse; all if `None`.
    pub sample_zeros: Option<f32>,
    /// Of all random numbers.
    pub seed: u64,
}

impl Default for PretrainingOptions {
    fn default() -> Self {
        Self {
            corruption: vec![Corruption::Masking { probability: 0.25 }],
            reconstruction: Vec::new(),
            tied: true,
            l1: vec![1e-4],
            learning_rate: vec![0.01],
            epochs: vec![10],
            patience: 3,
            batch_size: 10,
            sample_zeros: None,
            seed: 0,
        }
    }
}

impl PretrainingOptions {
    /// Checks every option; a plan has one value for each of the hidden layers, whose activations are given.
    ///
    /// # Errors
    /// The first option that cannot be, with what was expected.
    pub fn check(self, activations: &[Activation]) -> Result<PretrainingPlan, Error> {
        let mut options = self;
        let layers = activations.len();
        if layers == 0 {
            return Err(Error::option("hidden", "at least one hidden layer to pre-train", 0));
        }
        if options.reconstruction.is_empty() {
            let strategy = |activation: &Activation| match activation {
                Activation::Tanh | Activation::Logistic => Reconstruction::CrossEntropy,
                _ => Reconstruction::Softplus,
            };
            options.reconstruction = activations.iter().map(strategy).collect();
        }
        spread("corruption", &mut options.corruption, layers)?;
        spread("reconstruction", &mut options.reconstruction, layers)?;
        spread("pretrain-l1", &mut options.l1, layers)?;
        spread("pretrain-learning-rate", &mut options.learning_rate, layers)?;
        spread("pretrain-epochs", &mut options.epochs, layers)?;
        for corruption in &options.corruption {
            if let Some(expected) = corruption.flaw() {
                return Err(Error::option("corruption", expected, corruption));
            }
        }
        for &l1 in &options.l1 {
            check("pretrain-l1", l1, l1 >= 0.0, "a number of at least 0")?;
        }
        for &rate in &options.learning_rate {
            check("pretrain-learning-rate", rate, rate > 0.0, "a number above 0")?;
        }
        if let Some(ratio) = options.sample_zeros {
            check("sample-zeros", ratio, ratio >= 0.0, "a number of at least 0")?;
        }
        if options.batch_size == 0 {
            return Err(Error::option("batch-size", "at least 1", 0));
        }
        Ok(PretrainingPlan(options))
    }
}

/// Options that have passed the [check](PretrainingOptions::check).
#[derive(Clone, Debug, PartialEq)]
pub struct PretrainingPlan(PretrainingOptions);

impl PretrainingPlan {
    /// The options, with one value in each list per hidden layer.
    pub fn options(&self) -> &PretrainingOptions {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strategy_follows_the_activation() {
        let plan = PretrainingOptions::default().check(&[Activation::Rectifier, Activation::Tanh]).unwrap();
        assert_eq!(plan.options().reconstruction, [Reconstruction::Softplus, Reconstruction::CrossEntropy]);
        assert_eq!(plan.options().epochs, [10, 10]);
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        let refused = |change: fn(&mut PretrainingOptions)| {
            let mut options = PretrainingOptions::default();
            change(&mut options);
            options.check(&[Activation::Rectifier; 3]).unwrap_err().to_string()
        };
        assert!(refused(|o| o.epochs = vec![1, 2]).starts_with("option pretrain-epochs: expected one value"));
        assert!(refused(|o| o.learning_rate = vec![0.0]).starts_with("option pretrain-learning-rate"));
        assert!(refused(|o| o.l1 = vec![f32::NAN]).starts_with("option pretrain-l1"));
        assert!(refused(|o| o.sample_zeros = Some(-1.0)).starts_with("option sample-zeros"));
        assert!(
            refused(|o| o.corruption = vec![Corruption::Masking { probability: 1.0 }])
                .starts_with("option corruption: expected a probability in [0, 1) for masking")
        );
        assert!(PretrainingOptions::default().check(&[]).is_err());
    }
}
