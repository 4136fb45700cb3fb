//! What the parts of a data set are called, in folders, files and archives alike.

/// A part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PartName {
    Train,
    Validation,
    Test,
}

impl PartName {
    pub(crate) const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    /// The part that a word means, in lower or upper case.
    pub(crate) fn of(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "train" | "training" => Some(Self::Train),
            "validation" | "val" | "valid" | "dev" => Some(Self::Validation),
            // MNIST has ten thousand of them.
            "test" | "testing" | "t10k" => Some(Self::Test),
            _ => None,
        }
    }

    /// The part that a file is of, if its name is or begins with such a word, as in `train.csv` and
    /// `test-00000-of-00002.parquet`.
    pub(crate) fn of_file(name: &str) -> Option<Self> {
        Self::of(name.split(['.', '-', '_']).next().unwrap_or_default())
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Train => "training part",
            Self::Validation => "validation part",
            Self::Test => "test part",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_several_names() {
        for word in ["val", "valid", "dev", "Validation"] {
            assert_eq!(PartName::of(word), Some(PartName::Validation));
        }
        assert_eq!(PartName::of("device"), None);
        assert_eq!(PartName::of_file("train.csv.gz"), Some(PartName::Train));
        assert_eq!(PartName::of_file("test-00000-of-00002.parquet"), Some(PartName::Test));
        assert_eq!(PartName::of_file("trainees.csv"), None);
    }
}
