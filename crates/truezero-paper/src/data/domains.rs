//! Reviews of products from several domains, favourable or not: Blitzer's Amazon reviews.

use std::path::{Path, PathBuf};

use truezero_data::formats::svmlight::{self, Numbering};
use truezero_data::{DataError, Dataset, Features, Input, Notices, RawTarget, Targets};
use truezero_sparse::{ActiveBatch, Batch};

use super::images::entries;

/// The domains, as their files are named: `books_train.svmlight.gz`, `books_test.svmlight.gz`.
pub const DOMAINS: [&str; 4] = ["books", "dvd", "electronics", "kitchen"];
/// More terms than any vocabulary has.
const MOST_TERMS: usize = 1 << 24;

/// Reviews of one domain as binary bags of terms, all domains with one vocabulary; class 1 is favourable.
#[derive(Clone, Debug)]
pub struct Domain {
    /// One of [`DOMAINS`].
    pub name: &'static str,
    /// Reviews to learn from.
    pub train: Dataset,
    /// Reviews to judge by.
    pub test: Dataset,
}

/// The domains in a folder, or in the first of the folders in it that has two or more of them; none if there
/// is no such folder.
///
/// # Errors
/// If a file cannot be read, or its targets are not two numbers, one above 0 and one not.
pub fn domains(folder: &Path) -> Result<Vec<Domain>, DataError> {
    let inner = entries(folder)?.into_iter().filter(|path| path.is_dir());
    for folder in std::iter::once(folder.to_owned()).chain(inner) {
        let files: Vec<_> = DOMAINS.iter().filter_map(|&name| Some((name, files(&folder, name)?))).collect();
        if files.len() >= 2 {
            return read(&files);
        }
    }
    Ok(Vec::new())
}

/// The two files of a domain, if both are there.
fn files(folder: &Path, domain: &str) -> Option<[PathBuf; 2]> {
    let file = |part: &str| {
        let names = [".svmlight", ".svmlight.gz"].map(|end| folder.join(format!("{domain}_{part}{end}")));
        names.into_iter().find(|path| path.is_file())
    };
    Some([file("train")?, file("test")?])
}

fn read(files: &[(&'static str, [PathBuf; 2])]) -> Result<Vec<Domain>, DataError> {
    let mut parts = Vec::new();
    for (_, paths) in files {
        for path in paths {
            parts.push(read_part(path)?);
        }
    }
    let width = parts.iter().map(|part| part.width).max().unwrap_or(0);
    let mut parts = parts.into_iter().map(|part| part.dataset(width));
    let domains = files.iter().map(|(name, _)| {
        let (train, test) = parts.next().zip(parts.next()).expect("two files for each domain");
        Domain { name, train, test }
    });
    Ok(domains.collect())
}

/// A file as it was read.
struct Part {
    terms: ActiveBatch,
    /// One more than the greatest index in it.
    width: usize,
    labels: Vec<u32>,
}

fn read_part(path: &Path) -> Result<Part, DataError> {
    // Which index is the first does not matter, as long as it is the same in all files.
    let numbering = Numbering { first: 0, width: MOST_TERMS };
    let (raw, _) = svmlight::read(Input::open(path)?, Some(numbering), None, &Notices::default())?;
    let wrong = |found: &str| DataError::malformed(path, "targets", "1 and -1", found);
    let Some(RawTarget::Numbers(targets)) = raw.target else { return Err(wrong("sets of labels")) };
    // Only which terms there are matters.
    let terms = match raw.features {
        Features::Matrix(batch) => batch.into_active(),
        Features::Wide(batch) => batch.narrow().into_active(),
        Features::Table(_) => return Err(wrong("a table")),
    };
    let Batch::Active(terms) = terms else { return Err(wrong("a dense matrix")) };
    if let Some(target) = targets.values().iter().find(|target| target.abs() != 1.0) {
        return Err(wrong(&target.to_string()));
    }
    let labels: Vec<u32> = targets.values().iter().map(|&target| u32::from(target > 0.0)).collect();
    if labels.iter().min() == labels.iter().max() {
        return Err(wrong("not both"));
    }
    let width = terms.indices().iter().max().map_or(0, |&greatest| greatest as usize + 1);
    Ok(Part { terms, width, labels })
}

impl Part {
    /// Binary bags of so many terms.
    fn dataset(self, width: usize) -> Dataset {
        let mut bags = ActiveBatch::new(width);
        for example in 0..self.terms.examples() {
            bags.push(self.terms.example(example).0.iter().map(|&term| (term, 1.0)));
        }
        let targets = Targets::Classes { labels: self.labels, classes: 2 };
        Dataset { inputs: Batch::Active(bags), targets, weights: None }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn domains_share_a_vocabulary() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("amazon");
        fs::create_dir(&folder).unwrap();
        assert!(domains(place.path()).unwrap().is_empty());
        for (name, text) in [
            ("books_train", "1 0:2 3:1\n-1 1:1\n"),
            ("books_test", "-1 2:1\n1 1:7\n"),
            ("dvd_train", "1 1:1\n-1 6:1\n"),
            ("dvd_test", "1 1:1\n-1 2:1\n-1 0:3\n"),
            ("kitchen_train", "1 1:1\n"),
        ] {
            fs::write(folder.join(format!("{name}.svmlight")), text).unwrap();
        }
        let found = domains(place.path()).unwrap();
        assert_eq!(found.iter().map(|domain| domain.name).collect::<Vec<_>>(), ["books", "dvd"]);
        let Batch::Active(bags) = &found[0].train.inputs else { panic!("expected active values") };
        assert_eq!((bags.width(), bags.example(0)), (7, (&[0, 3][..], &[1.0, 1.0][..])));
        assert_eq!(found[1].test.targets, Targets::Classes { labels: vec![1, 0, 0], classes: 2 });
    }

    #[test]
    fn other_targets_are_refused() {
        let place = tempfile::tempdir().unwrap();
        for (text, complaint) in [
            ("1 0:1\n3 0:1\n", "books_train.svmlight: targets: expected 1 and -1, found 3"),
            ("1 0:1\n1 1:1\n", "books_train.svmlight: targets: expected 1 and -1, found not both"),
        ] {
            for name in ["books_train", "books_test", "dvd_train", "dvd_test"] {
                fs::write(place.path().join(format!("{name}.svmlight")), text).unwrap();
            }
            let error = domains(place.path()).unwrap_err().to_string();
            assert!(error.ends_with(complaint), "{error}");
        }
    }
}
