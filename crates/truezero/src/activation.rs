//! Activation functions: what a hidden unit makes of its pre-activation x.
//!
//! | name | f(x) | f'(x) |
//! |---|---|---|
//! | `rectifier` | max(0, x) | 1 if x > 0, else 0 |
//! | `softplus:α` | (1/α) ln(1 + e^(αx)) | 1 / (1 + e^(−αx)) |
//! | `tanh` | tanh x | 1 − tanh² x |
//! | `logistic` | 1 / (1 + e^(−x)) | f (1 − f) |
//! | `lif` | see [`LeakyIntegrateAndFire`] | |
//! | `identity` | x | 1 |
//! | `leaky:α` | x if x > 0, else αx | 1 if x > 0, else α |
//! | `elu:α` | x if x > 0, else α (e^x − 1) | 1 if x > 0, else α e^x |
//! | `silu` | x / (1 + e^(−x)) | s + x s (1 − s) with s = 1 / (1 + e^(−x)) |
//! | `gelu` | x Φ(x), Φ the normal distribution function | Φ(x) + x φ(x), φ its density |
//! | `gelu:tanh` | ½ x (1 + tanh u), u = √(2/π) (x + 0.044715 x³) | ½ (1 + tanh u) + ½ x (1 − tanh² u) u' |
//! | `mish` | x t, t = tanh ln(1 + e^x) | t + x (1 − t²) / (1 + e^(−x)) |
//! | `hardswish` | x min(max(0, x + 3), 6) / 6 | 0 up to −3, (2x + 3) / 6, 1 from 3 on |
//! | `relu6` | min(max(0, x), 6) | 1 if 0 < x < 6, else 0 |
//! | `softsign` | x / (1 + \|x\|) | 1 / (1 + \|x\|)² |
//!
//! Glorot, Bordes & Bengio (2011), sections 2 and 3.1.

use std::fmt;
use std::str::FromStr;

use truezero_sparse::Pointwise;

/// An activation function, written as in the table above; `softplus` and `elu` alone mean α = 1, `leaky` alone means
/// α = 0.01, `relu` means `rectifier`, and `swish`, `silu`.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Activation {
    /// max(0, x): exactly zero for half of all inputs and more.
    #[default]
    Rectifier,
    /// (1/α) ln(1 + e^(αx)), a smooth rectifier; α → ∞ gives the rectifier.
    Softplus {
        /// How closely it follows the rectifier.
        alpha: f32,
    },
    /// Hyperbolic tangent.
    Tanh,
    /// 1 / (1 + e^(−x)).
    Logistic,
    /// The firing rate of a leaky integrate-and-fire neuron.
    LeakyIntegrateAndFire(LeakyIntegrateAndFire),
    /// x itself; no hidden layer gains by it, linear models do.
    Identity,
    /// x if x > 0, else αx.
    LeakyRectifier {
        /// The slope below 0.
        alpha: f32,
    },
    /// The exponential linear unit: x if x > 0, else α (e^x − 1).
    Elu {
        /// α > 0; −α is the limit below.
        alpha: f32,
    },
    /// The sigmoid linear unit x / (1 + e^(−x)).
    Silu,
    /// The Gaussian error linear unit x Φ(x).
    Gelu,
    /// The Gaussian error linear unit by its approximation with tanh.
    GeluTanh,
    /// x tanh(ln(1 + e^x)).
    Mish,
    /// x min(max(0, x + 3), 6) / 6: exactly zero up to −3.
    HardSwish,
    /// min(max(0, x), 6), a rectifier with an upper end.
    Relu6,
    /// x / (1 + |x|).
    Softsign,
}

/// The slope of `leaky` below 0 where none is given.
const LEAKY_ALPHA: f32 = 0.01;

/// Firing rate of a leaky integrate-and-fire neuron under the input current I:
///
/// f(I) = [ τ ln((E + R I − V_r) / (E + R I − V_th)) + t_ref ]⁻¹ if E + R I > V_th, else 0;
/// with u = E + R I, f'(I) = f² τ R (V_th − V_r) / ((u − V_th)(u − V_r)). Figure 1 of the paper.
///
/// The paper's constants are unknown. The defaults are dimensionless and rest the neuron at its
/// threshold (E = V_th), so that, as a rectifier, it fires for I > 0; rates lie in [0, 1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeakyIntegrateAndFire {
    /// Membrane time constant τ > 0.
    pub tau: f32,
    /// Membrane resistance R > 0.
    pub resistance: f32,
    /// Resting potential E.
    pub resting: f32,
    /// Reset potential V_r, below the threshold.
    pub reset: f32,
    /// Threshold potential V_th.
    pub threshold: f32,
    /// Refractory period t_ref > 0; the rate never exceeds 1 / t_ref.
    pub refractory: f32,
}

impl Default for LeakyIntegrateAndFire {
    fn default() -> Self {
        Self { tau: 1.0, resistance: 1.0, resting: 1.0, reset: 0.0, threshold: 1.0, refractory: 1.0 }
    }
}

impl LeakyIntegrateAndFire {
    /// Rate and its derivative.
    fn value_and_slope(&self, current: f32) -> (f32, f32) {
        let [tau, r, e, v_r, v_th, t_ref] =
            [self.tau, self.resistance, self.resting, self.reset, self.threshold, self.refractory]
                .map(f64::from);
        let u = e + r * f64::from(current);
        if u <= v_th {
            return (0.0, 0.0);
        }
        let rate = (tau * ((u - v_r) / (u - v_th)).ln() + t_ref).recip();
        let slope = rate * rate * tau * r * (v_th - v_r) / ((u - v_th) * (u - v_r));
        (rate as f32, slope as f32)
    }

    const NAMES: [&str; 6] = ["tau", "r", "e", "reset", "threshold", "refractory"];

    fn field(&mut self, name: &str) -> Option<&mut f32> {
        Some(match name {
            "tau" => &mut self.tau,
            "r" => &mut self.resistance,
            "e" => &mut self.resting,
            "reset" => &mut self.reset,
            "threshold" => &mut self.threshold,
            "refractory" => &mut self.refractory,
            _ => return None,
        })
    }
}

impl Activation {
    /// f(x) and f'(x).
    pub fn value_and_slope(&self, x: f32) -> (f32, f32) {
        match self {
            // NaN passes through, so that divergence is noticed.
            Self::Rectifier => {
                if x <= 0.0 {
                    (0.0, 0.0)
                } else {
                    (x, 1.0)
                }
            }
            Self::LeakyIntegrateAndFire(constants) => constants.value_and_slope(x),
            _ => self.pointwise().map_or((x, 1.0), |function| function.value_and_slope(x)),
        }
    }

    /// The function, if it is one of those that an engine computes for many values at once.
    pub(crate) fn pointwise(&self) -> Option<Pointwise> {
        Some(match *self {
            Self::Softplus { alpha } => Pointwise::Softplus { alpha },
            Self::Tanh => Pointwise::Tanh,
            Self::Logistic => Pointwise::Logistic,
            Self::LeakyRectifier { alpha } => Pointwise::Leaky { alpha },
            Self::Elu { alpha } => Pointwise::Elu { alpha },
            Self::Silu => Pointwise::Silu,
            Self::Gelu => Pointwise::Gelu,
            Self::GeluTanh => Pointwise::GeluTanh,
            Self::Mish => Pointwise::Mish,
            Self::HardSwish => Pointwise::HardSwish,
            Self::Relu6 => Pointwise::Relu6,
            Self::Softsign => Pointwise::Softsign,
            Self::Rectifier | Self::LeakyIntegrateAndFire(_) | Self::Identity => return None,
        })
    }

    /// Whether f is exactly zero on a whole range of inputs, so that zeros are worth skipping.
    pub fn gives_zeros(&self) -> bool {
        matches!(self, Self::Rectifier | Self::LeakyIntegrateAndFire(_) | Self::HardSwish | Self::Relu6)
    }
}

/// 1 / (1 + e^(−x)), without overflow.
pub(crate) fn logistic(x: f32) -> f32 {
    Pointwise::Logistic.value_and_slope(x).0
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rectifier => f.write_str("rectifier"),
            Self::Softplus { alpha: 1.0 } => f.write_str("softplus"),
            Self::Softplus { alpha } => write!(f, "softplus:{alpha}"),
            Self::Tanh => f.write_str("tanh"),
            Self::Logistic => f.write_str("logistic"),
            Self::Identity => f.write_str("identity"),
            Self::LeakyRectifier { alpha: LEAKY_ALPHA } => f.write_str("leaky"),
            Self::LeakyRectifier { alpha } => write!(f, "leaky:{alpha}"),
            Self::Elu { alpha: 1.0 } => f.write_str("elu"),
            Self::Elu { alpha } => write!(f, "elu:{alpha}"),
            Self::Silu => f.write_str("silu"),
            Self::Gelu => f.write_str("gelu"),
            Self::GeluTanh => f.write_str("gelu:tanh"),
            Self::Mish => f.write_str("mish"),
            Self::HardSwish => f.write_str("hardswish"),
            Self::Relu6 => f.write_str("relu6"),
            Self::Softsign => f.write_str("softsign"),
            Self::LeakyIntegrateAndFire(constants) => {
                f.write_str("lif")?;
                let (mut own, mut default) = (*constants, LeakyIntegrateAndFire::default());
                let mut separator = ':';
                for name in LeakyIntegrateAndFire::NAMES {
                    if let (Some(own), Some(default)) = (own.field(name), default.field(name))
                        && own != default
                    {
                        write!(f, "{separator}{name}={own}")?;
                        separator = ',';
                    }
                }
                Ok(())
            }
        }
    }
}

impl FromStr for Activation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, constants) = text.split_once(':').map_or((text, None), |(name, rest)| (name, Some(rest)));
        let number = |text: &str| {
            text.parse::<f32>()
                .ok()
                .filter(|number| number.is_finite())
                .ok_or_else(|| format!("expected a number in activation {name:?}, found {text:?}"))
        };
        match (name, constants) {
            ("rectifier" | "relu", None) => Ok(Self::Rectifier),
            ("tanh", None) => Ok(Self::Tanh),
            ("logistic" | "sigmoid", None) => Ok(Self::Logistic),
            ("identity" | "linear", None) => Ok(Self::Identity),
            ("silu" | "swish", None) => Ok(Self::Silu),
            ("gelu", None) => Ok(Self::Gelu),
            ("gelu", Some("tanh")) => Ok(Self::GeluTanh),
            ("mish", None) => Ok(Self::Mish),
            ("hardswish", None) => Ok(Self::HardSwish),
            ("relu6", None) => Ok(Self::Relu6),
            ("softsign", None) => Ok(Self::Softsign),
            ("leaky", alpha) => {
                Ok(Self::LeakyRectifier { alpha: alpha.map(number).transpose()?.unwrap_or(LEAKY_ALPHA) })
            }
            ("softplus" | "elu", alpha) => match alpha.map(number).transpose()?.unwrap_or(1.0) {
                alpha if alpha <= 0.0 => Err(format!("expected a positive alpha for {name}, found {alpha}")),
                alpha if name == "elu" => Ok(Self::Elu { alpha }),
                alpha => Ok(Self::Softplus { alpha }),
            },
            ("lif", constants) => {
                let mut lif = LeakyIntegrateAndFire::default();
                for constant in constants.into_iter().flat_map(|list| list.split(',')) {
                    let (key, value) = constant
                        .split_once('=')
                        .ok_or_else(|| format!("expected name=value for lif, found {constant:?}"))?;
                    *lif.field(key).ok_or_else(|| {
                        format!(
                            "expected one of {} for lif, found {key:?}",
                            LeakyIntegrateAndFire::NAMES.join(", ")
                        )
                    })? = number(value)?;
                }
                if !(lif.tau > 0.0
                    && lif.resistance > 0.0
                    && lif.refractory > 0.0
                    && lif.reset < lif.threshold)
                {
                    return Err(format!(
                        "expected tau, r and refractory above 0 and reset below threshold for lif, found {text:?}"
                    ));
                }
                Ok(Self::LeakyIntegrateAndFire(lif))
            }
            _ => Err(format!(
                "expected an activation (rectifier, softplus[:alpha], tanh, logistic, leaky[:alpha], elu[:alpha], \
                 gelu[:tanh], silu, mish, hardswish, relu6, softsign, lif[:name=value,…], identity), found {text:?}"
            )),
        }
    }
}

impl TryFrom<String> for Activation {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Activation> for String {
    fn from(activation: Activation) -> Self {
        activation.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [&str; 20] = [
        "rectifier",
        "softplus",
        "softplus:3",
        "softplus:0.5",
        "tanh",
        "logistic",
        "lif",
        "lif:tau=0.5,r=2,e=-0.25,reset=-1,threshold=0.5,refractory=0.25",
        "identity",
        "leaky",
        "leaky:0.2",
        "elu",
        "elu:0.5",
        "silu",
        "gelu",
        "gelu:tanh",
        "mish",
        "hardswish",
        "relu6",
        "softsign",
    ];

    #[test]
    fn slopes_agree_with_finite_differences() {
        for name in ALL {
            let activation: Activation = name.parse().unwrap();
            for step in -60..=60 {
                let x = step as f32 * 0.1 + 0.03;
                let h = 5e-3;
                let value = |x: f32| f64::from(activation.value_and_slope(x).0);
                // Kinks have no derivative to compare with: the rectifier's at 0, lif's threshold,
                // right of which its slope is unbounded.
                let kink = value(x - h) == 0.0 && value(x + h) != 0.0;
                if kink || name.starts_with("lif") && value(x) < 0.45 {
                    continue;
                }
                let difference = (value(x + h) - value(x - h)) / f64::from((x + h) - (x - h));
                let slope = f64::from(activation.value_and_slope(x).1);
                let off = (difference - slope).abs();
                assert!(off < 2e-3 * slope.abs().max(1.0), "{name} at {x}: {difference} against {slope}");
            }
        }
    }

    #[test]
    fn lif_slope_agrees_with_finite_differences_near_threshold() {
        let lif = LeakyIntegrateAndFire::default();
        for x in [0.05_f32, 0.1, 0.3, 1.0] {
            let h = x / 256.0;
            let difference = (f64::from(lif.value_and_slope(x + h).0)
                - f64::from(lif.value_and_slope(x - h).0))
                / f64::from(2.0 * h);
            let slope = f64::from(lif.value_and_slope(x).1);
            assert!((difference / slope - 1.0).abs() < 1e-3, "at {x}: {difference} against {slope}");
        }
    }

    #[test]
    fn known_values() {
        let value = |name: &str, x: f32| name.parse::<Activation>().unwrap().value_and_slope(x).0;
        assert_eq!(value("rectifier", -3.0), 0.0);
        assert_eq!(value("rectifier", 2.5), 2.5);
        assert!(value("rectifier", f32::NAN).is_nan());
        assert!((value("softplus", 0.0) - std::f32::consts::LN_2).abs() < 1e-7);
        assert_eq!(value("softplus", 200.0), 200.0);
        assert_eq!(value("softplus:6", -200.0), 0.0);
        assert_eq!(value("logistic", 0.0), 0.5);
        assert_eq!(value("lif", 0.0), 0.0);
        assert!((value("lif", 1.0) - 1.0 / (std::f32::consts::LN_2 + 1.0)).abs() < 1e-6);
        assert!((value("lif", 1e9) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn text_round_trips() {
        for name in ALL {
            assert_eq!(name.parse::<Activation>().unwrap().to_string(), name);
        }
        for bad in [
            "",
            "softplus:0",
            "softplus:x",
            "lif:tau=0",
            "lif:reset=2",
            "lif:x=1",
            "lif:tau",
            "relu:1",
            "elu:-1",
            "gelu:x",
        ] {
            assert!(bad.parse::<Activation>().is_err(), "{bad:?}");
        }
    }
}
