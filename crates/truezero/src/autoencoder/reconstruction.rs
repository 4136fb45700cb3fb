//! Reconstruction strategies (paper, section 3.3): decoder, cost, and what is reconstructed.
//!
//! | name | r(a) | cost of an example | ∂/∂a | x is |
//! |---|---|---|---|---|
//! | `softplus` | ln(1 + e^a) | Σ (x − r)² | 2 (r − x) / (1 + e^(−a)) | as it is |
//! | `cross-entropy` | 1 / (1 + e^(−a)) | −Σ x ln r + (1 − x) ln(1 − r) | r − x | scaled into [0, 1] |
//! | `linear` | a | Σ (x − r)² | 2 (r − x) | scaled |
//! | `rectifier` | max(0, a) | Σ (x − r)² | 2 (r − x) if a > 0, else 0 | scaled |
//!
//! These are the paper's strategies 1 to 4: the first did best on images, the second on text, and the last
//! blocks gradients. Scaled means divided by the largest input; the codes that enter the layer
//! are scaled with it, and the weights take the scale back afterwards (paper, section 3.2). Where units
//! below have [signs](crate::Layer::signs) their |x| is reconstructed; for codes of tanh units the
//! cross-entropy is that of (x + 1) / 2, unscaled.

use std::fmt;
use std::str::FromStr;

/// A strategy, written as in the table above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reconstruction {
    /// Softplus decoder, squared error.
    Softplus,
    /// Logistic decoder, cross-entropy.
    CrossEntropy,
    /// Linear decoder, squared error.
    Linear,
    /// Rectifier decoder, squared error.
    Rectifier,
}

/// What is reconstructed of an input x.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Target {
    /// x.
    Plain,
    /// |x|.
    Magnitude,
    /// (x + 1) / 2.
    Half,
}

impl Target {
    pub(super) fn of(self, x: f32) -> f32 {
        match self {
            Self::Plain => x,
            Self::Magnitude => x.abs(),
            Self::Half => 0.5 * (x + 1.0),
        }
    }
}

impl Reconstruction {
    const ALL: [(&'static str, Self); 4] = [
        ("softplus", Self::Softplus),
        ("cross-entropy", Self::CrossEntropy),
        ("linear", Self::Linear),
        ("rectifier", Self::Rectifier),
    ];

    /// The bias c that the decoder starts from, for an input of which `mean` is reconstructed. With
    /// cross-entropy r(c) is the mean: from 0 the codes of sparse inputs would first learn the means, all units
    /// together, and the weights would keep the traces. Squared errors start from 0: a softplus that starts
    /// where it is flat learns slowly.
    pub(super) fn first_bias(self, mean: f32) -> f32 {
        /// Means closer to 0 or 1 are as good as there.
        const LEAST: f32 = 1e-4;
        match self {
            Self::CrossEntropy => {
                let p = mean.clamp(LEAST, 1.0 - LEAST);
                (p / (1.0 - p)).ln()
            }
            Self::Softplus | Self::Linear | Self::Rectifier => 0.0,
        }
    }

    /// Whether inputs are divided by the largest of them.
    pub(super) fn scales(self) -> bool {
        self != Self::Softplus
    }

    /// Whether the decoder needs ln(1 + e^a) and its slope.
    pub(super) fn needs_softplus(self) -> bool {
        matches!(self, Self::Softplus | Self::CrossEntropy)
    }

    /// Cost of one reconstruction, and its derivative by the decoder's pre-activation `a`, of which `softplus` and
    /// `slope` are ln(1 + e^a) and its derivative, if [needed](Self::needs_softplus).
    #[inline]
    pub(super) fn cost_and_error(self, a: f32, softplus: f32, slope: f32, target: f32) -> (f32, f32) {
        let squared = |r: f32, slope: f32| {
            let off = r - target;
            (off * off, 2.0 * off * slope)
        };
        match self {
            Self::Softplus => squared(softplus, slope),
            // −x ln r − (1 − x) ln(1 − r) = ln(1 + e^a) − x a, and r is the slope of the softplus.
            Self::CrossEntropy => (softplus - target * a, slope - target),
            Self::Rectifier if a <= 0.0 => squared(0.0, 0.0),
            // NaN too, so that divergence is noticed.
            Self::Rectifier | Self::Linear => squared(a, 1.0),
        }
    }
}

impl fmt::Display for Reconstruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, _) = Self::ALL.iter().find(|(_, strategy)| strategy == self).expect("all are listed");
        f.write_str(name)
    }
}

impl FromStr for Reconstruction {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = Self::ALL.map(|(name, _)| name).join(", ");
        let found = Self::ALL.iter().find(|(name, _)| *name == text);
        found.map(|(_, strategy)| *strategy).ok_or_else(|| format!("expected one of {names}, found {text:?}"))
    }
}

#[cfg(test)]
mod tests {
    use truezero_sparse::Pointwise;

    use super::*;

    fn cost_and_error(strategy: Reconstruction, a: f32, target: f32) -> (f32, f32) {
        let (softplus, slope) = Pointwise::Softplus { alpha: 1.0 }.value_and_slope(a);
        strategy.cost_and_error(a, softplus, slope, target)
    }

    #[test]
    fn a_code_that_tells_nothing_is_reconstructed_as_the_mean() {
        for mean in [0.001, 0.3, 0.9] {
            let a = Reconstruction::CrossEntropy.first_bias(mean);
            let (_, error) = cost_and_error(Reconstruction::CrossEntropy, a, mean);
            assert!(error.abs() < 1e-6, "{mean}: {error}");
        }
        assert!([0.0, 1.0].iter().all(|&mean| Reconstruction::CrossEntropy.first_bias(mean).is_finite()));
    }

    #[test]
    fn errors_agree_with_finite_differences() {
        for (name, strategy) in Reconstruction::ALL {
            for step in -20..=20 {
                let (a, h) = (step as f32 * 0.35 + 0.1, 1e-2);
                for target in [0.0, 0.4, 1.0] {
                    let cost = |a: f32| f64::from(cost_and_error(strategy, a, target).0);
                    let difference = (cost(a + h) - cost(a - h)) / f64::from((a + h) - (a - h));
                    let error = f64::from(cost_and_error(strategy, a, target).1);
                    let off = (difference - error).abs();
                    assert!(off < 3e-3 * error.abs().max(1.0), "{name} at {a}: {difference} against {error}");
                }
            }
        }
    }

    #[test]
    fn known_values() {
        let cost = |name: &str, a, x| cost_and_error(name.parse().unwrap(), a, x).0;
        assert!((cost("softplus", 0.0, 1.0) - (1.0 - std::f32::consts::LN_2).powi(2)).abs() < 1e-6);
        assert!((cost("cross-entropy", 0.0, 0.3) - std::f32::consts::LN_2).abs() < 1e-6);
        assert_eq!(cost("linear", 3.0, 1.0), 4.0);
        assert_eq!(cost("rectifier", -3.0, 0.5), 0.25);
        assert!(cost("rectifier", f32::NAN, 0.5).is_nan());
        assert!(cost("cross-entropy", 300.0, 1.0).abs() < 1e-4);
        assert!("sigmoid".parse::<Reconstruction>().is_err());
    }
}
