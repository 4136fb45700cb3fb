//! Corruptions: what is done to an input before the auto-encoder sees it.
//!
//! | name | x̃ |
//! |---|---|
//! | `none` | x |
//! | `masking:p` | 0 with probability p |
//! | `salt-and-pepper:d/s` | 0 with probability d where x is active; the largest input there is with probability s where it is not |
//! | `gaussian:σ` | x + σ · normal, for every input: a sparse batch becomes dense |

use std::fmt;
use std::str::FromStr;

use truezero_sparse::{ActiveBatch, Batch, DenseBatch};

use crate::streams::Stream;

/// A corruption, written as in the table above; `salt-and-pepper:p` means `salt-and-pepper:p/p`.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Corruption {
    /// The input as it is: a plain auto-encoder.
    None,
    /// Inputs are set to zero.
    Masking {
        /// With this probability, in [0, 1).
        probability: f32,
    },
    /// Active inputs are set to zero, others to the largest value there is.
    SaltAndPepper {
        /// Probability of an active input's being dropped, in [0, 1).
        drop: f32,
        /// Probability of an inactive input's being set, in [0, 1).
        set: f32,
    },
    /// Normal noise is added to every input.
    Gaussian {
        /// Its standard deviation σ ≥ 0.
        deviation: f32,
    },
}

impl Corruption {
    /// What is wrong with its constants, if anything.
    pub(crate) fn flaw(&self) -> Option<&'static str> {
        let probability = |p: f32| (0.0..1.0).contains(&p);
        match *self {
            Self::None => None,
            Self::Masking { probability: p } => {
                (!probability(p)).then_some("a probability in [0, 1) for masking")
            }
            Self::SaltAndPepper { drop, set } => (!(probability(drop) && probability(set)))
                .then_some("probabilities in [0, 1) for salt-and-pepper"),
            Self::Gaussian { deviation } => (!(deviation >= 0.0 && deviation.is_finite()))
                .then_some("a deviation of at least 0 for gaussian"),
        }
    }

    /// Corrupts a batch; `peak` is the largest input there is.
    pub(super) fn apply(&self, x: &mut Batch, peak: f32, mut stream: Stream) {
        match (*self, &mut *x) {
            (Self::None, _) => {}
            (Self::Masking { probability }, Batch::Active(batch)) => {
                batch.retain(|_, _, _| stream.uniform() >= probability);
            }
            (Self::Masking { probability }, Batch::Dense(batch)) => for_each(batch, |value| {
                if stream.uniform() < probability {
                    *value = 0.0;
                }
            }),
            (Self::SaltAndPepper { drop, set }, Batch::Active(batch)) => {
                *batch = salt_and_pepper(batch, drop, set, peak, &mut stream);
            }
            (Self::SaltAndPepper { drop, set }, Batch::Dense(batch)) => for_each(batch, |value| {
                let (rate, other) = if *value == 0.0 { (set, peak) } else { (drop, 0.0) };
                if stream.uniform() < rate {
                    *value = other;
                }
            }),
            (Self::Gaussian { deviation }, Batch::Dense(batch)) => {
                for_each(batch, |value| *value += deviation * stream.normal());
            }
            (Self::Gaussian { .. }, Batch::Active(batch)) => {
                let dense = batch.to_dense();
                *x = Batch::Dense(dense);
                self.apply(x, peak, stream);
            }
        }
    }
}

fn for_each(batch: &mut DenseBatch, mut change: impl FnMut(&mut f32)) {
    for example in 0..batch.examples() {
        batch.row_mut(example).iter_mut().for_each(&mut change);
    }
}

/// The inactive inputs that are set are found by drawing the gaps between them, so the cost is in
/// proportion to what is active before and after, not to the width.
fn salt_and_pepper(x: &ActiveBatch, drop: f32, set: f32, peak: f32, stream: &mut Stream) -> ActiveBatch {
    let mut noisy = ActiveBatch::new(x.width());
    for example in 0..x.examples() {
        let (indices, values) = x.example(example);
        let mut row = Vec::new();
        let mut active = indices.iter().zip(values).peekable();
        let keep = |stream: &mut Stream, row: &mut Vec<(u32, f32)>, (&index, &value): (&u32, &f32)| {
            if stream.uniform() >= drop {
                row.push((index, value));
            }
        };
        for peppered in stream.chosen(x.width(), set) {
            while let Some(entry) = active.next_if(|(index, _)| (**index as usize) < peppered) {
                keep(stream, &mut row, entry);
            }
            // An active input has a die of its own.
            if active.peek().is_none_or(|(index, _)| **index as usize != peppered) {
                row.push((peppered as u32, peak));
            }
        }
        for entry in active {
            keep(stream, &mut row, entry);
        }
        noisy.push(row);
    }
    noisy
}

impl fmt::Display for Corruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Masking { probability } => write!(f, "masking:{probability}"),
            Self::SaltAndPepper { drop, set } => write!(f, "salt-and-pepper:{drop}/{set}"),
            Self::Gaussian { deviation } => write!(f, "gaussian:{deviation}"),
        }
    }
}

impl FromStr for Corruption {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let forms = || {
            format!(
                "expected none, masking:P, salt-and-pepper:DROP/SET or gaussian:DEVIATION, found {text:?}"
            )
        };
        let number = |text: &str| text.parse::<f32>().map_err(|_| forms());
        let corruption = match text.split_once(':') {
            None if text == "none" => Self::None,
            Some(("masking", p)) => Self::Masking { probability: number(p)? },
            Some(("salt-and-pepper", both)) => {
                let (drop, set) = both.split_once('/').unwrap_or((both, both));
                Self::SaltAndPepper { drop: number(drop)?, set: number(set)? }
            }
            Some(("gaussian", deviation)) => Self::Gaussian { deviation: number(deviation)? },
            _ => return Err(forms()),
        };
        match corruption.flaw() {
            None => Ok(corruption),
            Some(expected) => Err(format!("expected {expected}, found {text:?}")),
        }
    }
}

impl TryFrom<String> for Corruption {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Corruption> for String {
    fn from(corruption: Corruption) -> Self {
        corruption.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::Purpose;

    const WIDTH: usize = 200;
    const EXAMPLES: usize = 100;

    /// Half of the inputs are 0.5.
    fn sparse() -> Batch {
        let mut batch = ActiveBatch::new(WIDTH);
        for _ in 0..EXAMPLES {
            batch.push((0..WIDTH as u32).step_by(2).map(|index| (index, 0.5)));
        }
        Batch::Active(batch)
    }

    fn dense() -> Batch {
        let row = [0.5, 0.0].repeat(WIDTH / 2);
        Batch::Dense(DenseBatch::from_rows(WIDTH, &row.repeat(EXAMPLES)))
    }

    fn values(batch: &Batch) -> Vec<f32> {
        let mut values = vec![0.0; EXAMPLES * WIDTH];
        for example in 0..EXAMPLES {
            let row = &mut values[example * WIDTH..(example + 1) * WIDTH];
            match batch {
                Batch::Active(batch) => {
                    let (indices, active) = batch.example(example);
                    indices.iter().zip(active).for_each(|(&index, &value)| row[index as usize] = value);
                }
                Batch::Dense(batch) => row.copy_from_slice(batch.row(example)),
            }
        }
        values
    }

    fn corrupted(name: &str, mut batch: Batch) -> Vec<f32> {
        let corruption: Corruption = name.parse().unwrap();
        corruption.apply(&mut batch, 2.0, Stream::new(0, Purpose::Corruption, 0, 0, 0));
        values(&batch)
    }

    fn share(values: &[f32], odd: usize, wanted: f32) -> f64 {
        let chosen: Vec<&f32> = values.iter().skip(odd).step_by(2).collect();
        chosen.iter().filter(|value| ***value == wanted).count() as f64 / chosen.len() as f64
    }

    #[test]
    fn shares_are_the_probabilities() {
        for batch in [sparse, dense] {
            assert_eq!(corrupted("none", batch()), values(&dense()));
            let masked = corrupted("masking:0.25", batch());
            assert!((share(&masked, 0, 0.0) - 0.25).abs() < 0.02);
            assert_eq!(share(&masked, 1, 0.0), 1.0);
            let salted = corrupted("salt-and-pepper:0.8/0.05", batch());
            assert!((share(&salted, 0, 0.0) - 0.8).abs() < 0.02);
            assert!((share(&salted, 0, 0.5) - 0.2).abs() < 0.02);
            assert!((share(&salted, 1, 2.0) - 0.05).abs() < 0.01, "{}", share(&salted, 1, 2.0));
            let noisy = corrupted("gaussian:0.1", batch());
            let clean = values(&dense());
            let square = noisy.iter().zip(&clean).map(|(a, b)| (a - b).powi(2)).sum::<f32>();
            assert!(((square / noisy.len() as f32).sqrt() - 0.1).abs() < 0.003);
        }
    }

    #[test]
    fn text_round_trips_and_what_cannot_be_is_refused() {
        for text in ["none", "masking:0.25", "salt-and-pepper:0.8/0.005", "gaussian:0.1"] {
            assert_eq!(text.parse::<Corruption>().unwrap().to_string(), text);
        }
        for bad in
            ["", "masking", "masking:1", "masking:x", "salt-and-pepper:0.1/NaN", "gaussian:-1", "none:1"]
        {
            assert!(bad.parse::<Corruption>().is_err(), "{bad:?}");
        }
    }
}
