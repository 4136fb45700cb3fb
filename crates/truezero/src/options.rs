//! What a training can be told, and the check that makes a [`Plan`] of it.

use crate::activation::Activation;
use crate::error::Error;
use crate::layer::Initialisation;
use crate::optimizer::{Optimizer, Rule};
use crate::schedule::Schedule;

/// Widest hidden layer.
pub const MAX_UNITS: usize = 1 << 24;
/// Most hidden layers.
pub const MAX_LAYERS: usize = 1000;

/// Options of a training, unchecked. The defaults are the paper's where it gives them, and train the
/// embedded digits in less than a minute.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct TrainingOptions {
    /// Units of each hidden layer, lowest first; empty for a linear model.
    pub hidden: Vec<usize>,
    /// One activation for all hidden layers, or one for each.
    pub activation: Vec<Activation>,
    /// Negate the outputs of half of the hidden units (paper, section 3.2).
    pub sign_trick: bool,
    /// How the weights start.
    pub initialisation: Initialisation,
    /// λ of the L1 penalty λ Σ |h| on the hidden activations of an example, averaged over the
    /// mini-batch (paper, section 3.2); where it starts if there is a target sparsity.
    pub l1: f32,
    /// Mean fraction of zeros in the hidden layers that λ is to be steered to.
    pub target_sparsity: Option<f32>,
    /// Probability with which a hidden unit is dropped, one for all hidden layers or one for each.
    pub dropout: Vec<f32>,
    /// Probability with which an input is dropped.
    pub input_dropout: f32,
    /// The optimiser and its constants.
    pub optimizer: Optimizer,
    /// η at the start; without one, the [rule's](Rule::learning_rate). A checked plan has it.
    pub learning_rate: Option<f32>,
    /// How η changes from epoch to epoch.
    pub schedule: Schedule,
    /// Longest gradient (Euclidean norm over all parameters); a longer one is scaled down to it.
    pub clip_norm: Option<f32>,
    /// Examples in a mini-batch.
    pub batch_size: usize,
    /// Whether the examples of each epoch come in random order. Only said where they do not.
    #[serde(skip_serializing_if = "Clone::clone")]
    pub shuffle: bool,
    /// Most passes over the training examples.
    pub epochs: usize,
    /// Epochs without a better one, or one nearer to a target sparsity, after which training stops; 0 for never.
    pub patience: usize,
    /// Of all random numbers.
    pub seed: u64,
}

impl Default for TrainingOptions {
    fn default() -> Self {
        Self {
            hidden: vec![1000, 1000, 1000],
            activation: vec![Activation::Rectifier],
            sign_trick: false,
            initialisation: Initialisation::Glorot,
            l1: 1e-4,
            target_sparsity: None,
            dropout: vec![0.0],
            input_dropout: 0.0,
            optimizer: Optimizer::default(),
            learning_rate: None,
            schedule: Schedule::Constant,
            clip_norm: None,
            batch_size: 10,
            shuffle: true,
            epochs: 50,
            patience: 10,
            seed: 0,
        }
    }
}

impl TrainingOptions {
    /// η at the start: the one that is given, or the rule's.
    pub fn rate(&self) -> f32 {
        self.learning_rate.unwrap_or(self.optimizer.rule.learning_rate())
    }

    /// Checks every option; a plan has a learning rate, and one activation and one dropout rate per hidden layer.
    ///
    /// # Errors
    /// The first option that cannot be, with what was expected.
    pub fn check(self) -> Result<Plan, Error> {
        let mut options = self;
        let layers = options.hidden.len();
        if layers > MAX_LAYERS {
            return Err(Error::option("hidden", &format!("at most {MAX_LAYERS} layers"), layers));
        }
        if let Some(units) = options.hidden.iter().find(|units| !(1..=MAX_UNITS).contains(*units)) {
            return Err(Error::option("hidden", &format!("1 to {MAX_UNITS} units in each layer"), units));
        }
        spread("activation", &mut options.activation, layers)?;
        spread("dropout", &mut options.dropout, layers)?;
        for &rate in options.dropout.iter().chain([&options.input_dropout]) {
            check("dropout", rate, (0.0..1.0).contains(&rate), "a probability in [0, 1)")?;
        }
        check("l1", options.l1, options.l1 >= 0.0, "a number of at least 0")?;
        if let Some(target) = options.target_sparsity {
            check("target-sparsity", target, target > 0.0 && target < 1.0, "a fraction in (0, 1)")?;
            if !options.activation.iter().any(Activation::gives_zeros) {
                let expected = "an activation that gives zeros (rectifier, lif) with target-sparsity";
                let found = options.activation.first().map_or("no hidden layer".into(), ToString::to_string);
                return Err(Error::option("activation", expected, found));
            }
        }
        let rate = options.rate();
        check("learning-rate", rate, rate > 0.0, "a number above 0")?;
        options.learning_rate = Some(rate);
        if let Some(norm) = options.clip_norm {
            check("clip-norm", norm, norm > 0.0, "a number above 0")?;
        }
        let Optimizer { rule, momentum, beta1, beta2, epsilon, weight_decay } = options.optimizer;
        let fraction = |x: f32| (0.0..1.0).contains(&x);
        check("weight-decay", weight_decay, weight_decay >= 0.0, "a number of at least 0")?;
        check("momentum", momentum, fraction(momentum), "a number in [0, 1)")?;
        check("beta1", beta1, fraction(beta1), "a number in [0, 1)")?;
        check("beta2", beta2, fraction(beta2), "a number in [0, 1)")?;
        check("epsilon", epsilon, epsilon > 0.0 || rule != Rule::Adam, "a number above 0")?;
        if options.batch_size == 0 {
            return Err(Error::option("batch-size", "at least 1", 0));
        }
        if options.epochs == 0 {
            return Err(Error::option("epochs", "at least 1", 0));
        }
        Ok(Plan(options))
    }
}

pub(crate) fn check(option: &'static str, value: f32, holds: bool, expected: &str) -> Result<(), Error> {
    if holds && value.is_finite() { Ok(()) } else { Err(Error::option(option, expected, value)) }
}

/// Makes one value for all layers one value for each.
pub(crate) fn spread<T: Copy>(option: &'static str, values: &mut Vec<T>, layers: usize) -> Result<(), Error> {
    if values.len() == 1 {
        *values = vec![values[0]; layers];
    }
    if values.len() == layers {
        return Ok(());
    }
    Err(Error::option(option, &format!("one value, or one for each of {layers} hidden layers"), values.len()))
}

/// Options that have passed the [check](TrainingOptions::check).
#[derive(Clone, Debug, PartialEq)]
pub struct Plan(TrainingOptions);

impl Plan {
    /// The options, with a learning rate, and with one activation and one dropout rate per hidden layer.
    pub fn options(&self) -> &TrainingOptions {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_is_spread_over_the_layers() {
        let plan = TrainingOptions::default().check().unwrap();
        assert_eq!(plan.options().activation, [Activation::Rectifier; 3]);
        assert_eq!(plan.options().dropout, [0.0; 3]);
    }

    #[test]
    fn the_learning_rate_is_the_one_given_or_the_rules() {
        let rate = |rule, given| {
            let mut options = TrainingOptions { learning_rate: given, ..TrainingOptions::default() };
            options.optimizer.rule = rule;
            options.check().unwrap().options().learning_rate
        };
        let rates = [Rule::Sgd, Rule::Momentum, Rule::Nesterov, Rule::Adam].map(|rule| rate(rule, None));
        assert_eq!(rates, [0.1, 0.01, 0.01, 0.001].map(Some));
        assert_eq!(rate(Rule::Adam, Some(0.1)), Some(0.1));
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        let refused = |change: fn(&mut TrainingOptions)| {
            let mut options = TrainingOptions::default();
            change(&mut options);
            options.check().unwrap_err().to_string()
        };
        assert_eq!(
            refused(|o| o.dropout = vec![0.5, 0.5]),
            "option dropout: expected one value, or one for each of 3 hidden layers, found 2"
        );
        assert!(refused(|o| o.hidden = vec![0]).starts_with("option hidden: expected 1 to"));
        assert!(refused(|o| o.learning_rate = Some(f32::NAN)).starts_with("option learning-rate"));
        assert!(refused(|o| o.dropout = vec![1.0]).starts_with("option dropout"));
        assert!(refused(|o| o.batch_size = 0).starts_with("option batch-size"));
        assert!(refused(|o| o.epochs = 0).starts_with("option epochs"));
        assert!(refused(|o| o.optimizer.beta2 = 1.0).starts_with("option beta2"));
        assert!(refused(|o| o.l1 = f32::INFINITY).starts_with("option l1"));
        assert!(
            refused(|o| {
                o.target_sparsity = Some(0.8);
                o.activation = vec![Activation::Tanh];
            })
            .starts_with("option activation: expected an activation that gives zeros")
        );
    }
}
