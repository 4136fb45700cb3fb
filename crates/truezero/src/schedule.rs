//! Learning-rate schedules: what the rate is multiplied by in epoch e = 0, 1, … of E.
//!
//! | written | factor |
//! |---|---|
//! | `constant` | 1 (the paper's) |
//! | `step:N,F` | F^⌊e/N⌋ |
//! | `exponential:F` | F^e |
//! | `cosine` | ½ (1 + cos(π e / E)) |
//! | `inverse-time:D` | 1 / (1 + D e) |

use std::fmt;
use std::str::FromStr;

/// A learning-rate schedule, written as in the table above.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Schedule {
    /// The same throughout.
    #[default]
    Constant,
    /// Multiplied by `factor` every `every` epochs.
    Step {
        /// Epochs between two falls.
        every: usize,
        /// In (0, 1].
        factor: f32,
    },
    /// Multiplied by `factor` each epoch.
    Exponential {
        /// In (0, 1].
        factor: f32,
    },
    /// Half a cosine, from 1 down towards 0 at the last epoch.
    Cosine,
    /// 1 / (1 + decay · epoch).
    InverseTime {
        /// Not negative.
        decay: f32,
    },
}

impl Schedule {
    /// The factor in epoch `epoch` (from 0) of `epochs`.
    pub fn factor(&self, epoch: usize, epochs: usize) -> f32 {
        match self {
            Self::Constant => 1.0,
            Self::Step { every, factor } => factor.powi((epoch / every) as i32),
            Self::Exponential { factor } => factor.powi(epoch as i32),
            Self::Cosine => {
                let progress = epoch as f64 / epochs.max(1) as f64;
                (0.5 * (1.0 + (std::f64::consts::PI * progress).cos())) as f32
            }
            Self::InverseTime { decay } => (1.0 + decay * epoch as f32).recip(),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant => f.write_str("constant"),
            Self::Step { every, factor } => write!(f, "step:{every},{factor}"),
            Self::Exponential { factor } => write!(f, "exponential:{factor}"),
            Self::Cosine => f.write_str("cosine"),
            Self::InverseTime { decay } => write!(f, "inverse-time:{decay}"),
        }
    }
}

impl FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        let fraction = |text: &str| {
            text.parse::<f32>()
                .ok()
                .filter(|factor| *factor > 0.0 && *factor <= 1.0)
                .ok_or_else(|| format!("expected a factor in (0, 1] for schedule {name:?}, found {text:?}"))
        };
        match name {
            "constant" if rest.is_empty() => Ok(Self::Constant),
            "cosine" if rest.is_empty() => Ok(Self::Cosine),
            "step" => {
                let (every, factor) = rest
                    .split_once(',')
                    .ok_or_else(|| format!("expected step:EPOCHS,FACTOR, found {text:?}"))?;
                let every = every.parse().ok().filter(|&every| every > 0).ok_or_else(|| {
                    format!("expected a number of epochs for schedule \"step\", found {every:?}")
                })?;
                Ok(Self::Step { every, factor: fraction(factor)? })
            }
            "exponential" => Ok(Self::Exponential { factor: fraction(rest)? }),
            "inverse-time" => match rest.parse::<f32>() {
                Ok(decay) if decay >= 0.0 && decay.is_finite() => Ok(Self::InverseTime { decay }),
                _ => Err(format!("expected inverse-time:DECAY, found {text:?}")),
            },
            _ => Err(format!(
                "expected a schedule (constant, step:EPOCHS,FACTOR, exponential:FACTOR, cosine, \
                 inverse-time:DECAY), found {text:?}"
            )),
        }
    }
}

impl TryFrom<String> for Schedule {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Schedule> for String {
    fn from(schedule: Schedule) -> Self {
        schedule.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_follow_the_table() {
        let factor = |text: &str, epoch| text.parse::<Schedule>().unwrap().factor(epoch, 10);
        assert_eq!(factor("constant", 7), 1.0);
        assert_eq!((factor("step:3,0.5", 2), factor("step:3,0.5", 6)), (1.0, 0.25));
        assert_eq!(factor("exponential:0.5", 3), 0.125);
        assert_eq!((factor("cosine", 0), factor("cosine", 5)), (1.0, 0.5));
        assert_eq!(factor("inverse-time:1", 3), 0.25);
    }

    #[test]
    fn text_round_trips_and_nonsense_is_refused() {
        for text in ["constant", "step:3,0.5", "exponential:0.9", "cosine", "inverse-time:0.01"] {
            assert_eq!(text.parse::<Schedule>().unwrap().to_string(), text);
        }
        for text in ["", "step", "step:0,0.5", "step:1,2", "exponential:0", "cosine:1", "inverse-time:-1"] {
            assert!(text.parse::<Schedule>().is_err(), "{text}");
        }
    }
}
