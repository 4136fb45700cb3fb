//! The names of the experiments.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// An experiment, named as it is typed: `figure1`. The order is that of the paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// Activation functions of neurons and of networks.
    Figure1,
    /// Rectifier and softplus; sparse propagation.
    Figure2,
    /// Rectifier, tanh and softplus, with and without pre-training.
    Table1,
    /// Error against sparsity.
    Figure3,
    /// From softplus to rectifier.
    Interpolation,
    /// Error against the share of labels.
    Figure4,
    /// Stars from the text of a review.
    Sentiment,
    /// From one domain of reviews to another (the companion paper).
    Domains,
    /// The advantages that the paper names.
    Claims,
}

impl Name {
    /// All, in the order of the paper.
    pub const ALL: [Self; 9] = [
        Self::Figure1,
        Self::Figure2,
        Self::Table1,
        Self::Figure3,
        Self::Interpolation,
        Self::Figure4,
        Self::Sentiment,
        Self::Domains,
        Self::Claims,
    ];

    /// As it is typed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Figure1 => "figure1",
            Self::Figure2 => "figure2",
            Self::Table1 => "table1",
            Self::Figure3 => "figure3",
            Self::Interpolation => "interpolation",
            Self::Figure4 => "figure4",
            Self::Sentiment => "sentiment",
            Self::Domains => "domains",
            Self::Claims => "claims",
        }
    }

    /// What it is about, in a few words.
    pub fn about(self) -> &'static str {
        match self {
            Self::Figure1 => "activation functions of neurons and of networks",
            Self::Figure2 => "rectifier and softplus, sparse propagation",
            Self::Table1 => "rectifier, tanh and softplus, with and without pre-training",
            Self::Figure3 => "error against sparsity",
            Self::Interpolation => "from softplus to rectifier",
            Self::Figure4 => "error against the share of labels",
            Self::Sentiment => "stars from the text of a review",
            Self::Domains => "from one domain of reviews to another (companion paper)",
            Self::Claims => "the advantages that the paper names",
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Name {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|name| name.as_str() == text).ok_or_else(|| Error::Unknown {
            expected: Self::ALL.map(Self::as_str).join(", "),
            found: text.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for name in Name::ALL {
            assert_eq!(name.to_string().parse::<Name>().unwrap(), name);
        }
        assert!(Name::ALL.is_sorted());
        let error = "table2".parse::<Name>().unwrap_err().to_string();
        assert!(error.contains("expected one of figure1, figure2, table1"), "{error}");
    }
}
