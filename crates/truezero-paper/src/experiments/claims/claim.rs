//! A claim of the paper, as it was found to be.

use std::fmt;

use crate::result::{Cell, Plot};

/// A claim measured.
pub(super) struct Claim {
    /// For programs: `robustness`.
    pub(super) name: &'static str,
    /// What is claimed, in a sentence.
    pub(super) statement: &'static str,
    /// What the figures are, with units.
    pub(super) measure: String,
    /// One for each network, in the order of [`ACTIVATIONS`](super::bench::ACTIVATIONS).
    pub(super) figures: [String; 4],
    /// Shown small, and what it is of.
    pub(super) curve: (&'static str, Vec<f64>),
    /// Follows from the figures.
    pub(super) verdict: Verdict,
    /// Where a picture tells more.
    pub(super) plots: Vec<Plot>,
    /// What one must know to trust the figures.
    pub(super) note: Option<String>,
    /// For programs.
    pub(super) values: serde_json::Value,
}

/// Whether a claim was found to hold, and the sentence that says by which figures.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    /// In every respect.
    Holds(String),
    /// In some.
    InPart(String),
    /// In none.
    DoesNotHold(String),
}

impl Verdict {
    /// By how many of the two things that a claim says hold.
    pub(super) fn of(first: bool, second: bool, sentence: String) -> Self {
        match (first, second) {
            (true, true) => Self::Holds(sentence),
            (false, false) => Self::DoesNotHold(sentence),
            _ => Self::InPart(sentence),
        }
    }

    /// Without the sentence.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Holds(_) => "holds",
            Self::InPart(_) => "holds in part",
            Self::DoesNotHold(_) => "does not hold",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Holds(sentence) | Self::InPart(sentence) | Self::DoesNotHold(sentence)) = self;
        write!(f, "{}: {sentence}", self.word())
    }
}

impl Claim {
    /// The names of the columns of [`row`](Self::row).
    pub(super) const COLUMNS: [&'static str; 8] =
        ["claim", "measured", "rectifier", "softplus", "tanh", "logistic", "small plot", "verdict"];

    /// The claim as a row of the table of claims.
    pub(super) fn row(&self) -> Vec<Cell> {
        let mut row = vec![Cell::text(self.statement), Cell::text(&self.measure)];
        row.extend(self.figures.iter().map(Cell::text));
        row.push(Cell { sparkline: self.curve.1.clone(), ..Cell::text(self.curve.0) });
        row.push(Cell::text(self.verdict.to_string()));
        row
    }
}

/// In percent, with a decimal.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}

/// The probability that a test gave, for people: `p = 0.15`, `p < 0.001`.
pub(super) fn chance(p: f64) -> String {
    if p < 0.001 { "p < 0.001".to_owned() } else { format!("p = {p:.3}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_told_in_words() {
        let told = |first, second| Verdict::of(first, second, "0.3 against 0.1".to_owned()).to_string();
        assert_eq!(told(true, true), "holds: 0.3 against 0.1");
        assert_eq!(told(true, false), "holds in part: 0.3 against 0.1");
        assert_eq!(told(false, false), "does not hold: 0.3 against 0.1");
    }
}
