//! Reviews with stars: the sets found in a folder, or the embedded film snippets.

use std::path::{Path, PathBuf};

use truezero_data::text::TextOptions;
use truezero_data::{
    DataError, Features, Input, Notices, Portion, PreprocessOptions, Preprocessing, Raw, RawTarget, Scaling,
    Source, SourceSpec, Task, film_snippets, open, split,
};
use truezero_sparse::Batch;

use super::images::entries;
use super::{Split, interleave};

/// Of the reviews this share is to judge by, where the set has no test part, and of the others to choose by.
const SHARE: f64 = 0.1;
/// Of the seed that holds reviews out; the same for all runs, so that they can be compared.
const SPLIT_SEED: u64 = 0;
/// Names of columns of stars, and of text.
const STARS: [&str; 3] = ["stars", "rating", "score"];
const TEXT: [&str; 4] = ["review", "text", "snippet", "comment"];
/// More different numbers of stars make no classes.
const MOST_STARS: usize = 10;
/// Bytes of a table in which its header is looked for.
const HEADER: usize = 4096;
/// How the name of the file of restaurant reviews begins.
const WE8THERE: &str = "we8there";

/// A set of reviews that can be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reviews {
    /// The sentences from film reviews that come with truezero.
    Snippets,
    /// Restaurant reviews, as counts of terms.
    We8there(PathBuf),
    /// A table with a column of stars and one of text.
    Table {
        /// The file.
        path: PathBuf,
        /// The column of stars.
        stars: String,
        /// The column of text.
        text: String,
    },
}

/// The sets of reviews in a folder and the folders in it; the embedded snippets before them.
///
/// # Errors
/// If the folder or a table in it cannot be read.
pub fn reviews(folder: Option<&Path>) -> Result<Vec<Reviews>, DataError> {
    let mut found = vec![Reviews::Snippets];
    if let Some(folder) = folder {
        for path in entries(folder)? {
            let files = if path.is_dir() { entries(&path)? } else { vec![path] };
            for file in files.iter().filter(|file| file.is_file()) {
                found.extend(look(file)?);
            }
        }
    }
    Ok(found)
}

/// The set that a file holds, if it holds one.
fn look(path: &Path) -> Result<Option<Reviews>, DataError> {
    let name = file_name(path);
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let Some((stem, extension)) = name.rsplit_once('.') else { return Ok(None) };
    match extension {
        "svmlight" if stem.starts_with(WE8THERE) => Ok(Some(Reviews::We8there(path.to_owned()))),
        "csv" | "tsv" => {
            let start = Input::open(path)?.peek(HEADER)?;
            let header = start.split(|&byte| byte == b'\n').next().unwrap_or_default();
            let header = String::from_utf8_lossy(header).into_owned();
            let names: Vec<&str> =
                header.split([',', ';', '\t']).map(|name| name.trim_matches(['"', '\r'])).collect();
            let column = |wanted: &[&str]| {
                names.iter().find(|name| wanted.contains(name)).map(|&name| name.to_owned())
            };
            let (Some(stars), Some(text)) = (column(&STARS), column(&TEXT)) else { return Ok(None) };
            Ok(Some(Reviews::Table { path: path.to_owned(), stars, text }))
        }
        _ => Ok(None),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

impl Reviews {
    /// In file names and for programs: `film-snippets`, or the file's name up to its first dot.
    pub fn name(&self) -> String {
        match self {
            Self::Snippets => "film-snippets".to_owned(),
            Self::We8there(path) | Self::Table { path, .. } => {
                file_name(path).split('.').next().unwrap_or_default().to_owned()
            }
        }
    }

    /// What it is, for people.
    fn describe(&self) -> String {
        match self {
            Self::Snippets => {
                "film-snippets, sentences from film reviews that come with truezero, their stars \
                the mean rating of many people"
                    .to_owned()
            }
            Self::We8there(_) => "we8there, restaurant reviews as stemmed pairs of words".to_owned(),
            Self::Table { path, text, .. } => format!("{}, column {text:?}", file_name(path)),
        }
    }

    /// Reads the set as binary bags of at most `vocabulary` terms, the most frequent ones of the training part
    /// (a set that comes as counts keeps its own terms). Unless the set has a test part, a tenth of the reviews
    /// is for testing; a tenth of the others is to choose by, each number of stars in its proportion.
    ///
    /// # Errors
    /// If the data cannot be read, or its targets are not a few different numbers.
    pub fn load(&self, vocabulary: usize) -> Result<Split, DataError> {
        let (raw, test) = self.read()?;
        let stars = self.stars(&raw)?.to_vec();
        let all: Vec<usize> = (0..raw.examples()).collect();
        let (rows, held) = if test.is_some() { (all, Vec::new()) } else { hold_out(&all, &stars)? };
        let (mut train, validation) = hold_out(&rows, &stars)?;
        let options = PreprocessOptions {
            scaling: Scaling::None,
            task: Some(Task::Classify),
            text: TextOptions { vocabulary, ..TextOptions::default() },
            ..PreprocessOptions::default()
        };
        let preprocessing = Preprocessing::fit(&raw, &train, &options)?;
        let data = preprocessing.dataset(raw, &Notices::default())?;
        let test = test.map_or_else(
            || Ok(data.select(&held)),
            |test| preprocessing.dataset(test, &Notices::default()),
        )?;
        interleave(&mut train, &data.targets);
        let labels = preprocessing.labels().to_vec();
        let ratings = labels.iter().flat_map(|label| label.parse()).collect(); // all are numbers
        let mut split = Split {
            name: self.name(),
            label: String::new(),
            data,
            train,
            validation,
            test,
            image: None,
            labels,
            preprocessing: Some(preprocessing),
            ratings,
        };
        split.label = format!(
            "{} (a substitute for OpenTable, which is not public): {}",
            self.describe(),
            split.sizes()
        );
        Ok(split)
    }

    /// The reviews, and those to judge by where the set has such.
    fn read(&self) -> Result<(Raw, Option<Raw>), DataError> {
        match self {
            Self::Snippets => {
                let Source { train, test, .. } = film_snippets();
                Ok((train, test))
            }
            Self::We8there(path) => {
                let mut raw = open(&SourceSpec::new(path.display().to_string()))?.train;
                if let Features::Matrix(Batch::Active(counts)) = &mut raw.features {
                    counts.retain(|_, _, count| {
                        *count = 1.0;
                        true
                    });
                }
                Ok((raw, None))
            }
            Self::Table { path, stars, text } => {
                let spec = SourceSpec {
                    target: Some(stars.clone()),
                    text: vec![text.clone()],
                    ..SourceSpec::new(path.display().to_string())
                };
                let mut raw = open(&spec)?.train;
                if let Features::Table(table) = &mut raw.features {
                    table.columns.retain(|column| column.name == *text);
                }
                Ok((raw, None))
            }
        }
    }

    /// The stars of all reviews.
    fn stars<'a>(&self, raw: &'a Raw) -> Result<&'a [f64], DataError> {
        let wrong = |found: String| {
            let expected = format!("2 to {MOST_STARS} different numbers of stars");
            Err(DataError::unsuitable(format!("targets of {}", self.name()), expected, found))
        };
        let Some(RawTarget::Numbers(stars)) = &raw.target else { return wrong("words".to_owned()) };
        let mut different = stars.values().to_vec();
        different.sort_by(f64::total_cmp);
        different.dedup();
        if !(2..=MOST_STARS).contains(&different.len()) {
            return wrong(different.len().to_string());
        }
        Ok(stars.values())
    }
}

/// Some of the reviews, and a tenth of them held out, each number of stars in its proportion.
fn hold_out(rows: &[usize], stars: &[f64]) -> Result<(Vec<usize>, Vec<usize>), DataError> {
    let targets = RawTarget::Numbers(rows.iter().map(|&row| stars[row]).collect());
    let all: Vec<usize> = (0..rows.len()).collect();
    let (kept, held) =
        split(Some(&targets), Some(Task::Classify), &all, Portion::Fraction(SHARE), SPLIT_SEED)?;
    let at = |positions: Vec<usize>| positions.into_iter().map(|at| rows[at]).collect();
    Ok((at(kept), at(held)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use truezero_data::Targets;

    use super::*;

    fn rows(row: impl Fn(usize) -> String) -> String {
        (0..40).map(row).collect::<Vec<_>>().concat()
    }

    #[test]
    fn the_snippets_are_there_without_a_folder() {
        let found = reviews(None).unwrap();
        assert_eq!(found, [Reviews::Snippets]);
        let split = found[0].load(500).unwrap();
        assert_eq!((split.train.len(), split.validation.len(), split.test.examples()), (8590, 955, 1060));
        assert_eq!(split.ratings, [1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(split.data.inputs.width(), 500);
        let Batch::Active(bags) = &split.data.inputs else { panic!("expected active values") };
        assert!(bags.values().iter().all(|&value| value == 1.0));
        assert!(split.label.contains("a substitute for OpenTable"), "{}", split.label);
    }

    #[test]
    fn tables_and_counts_are_found_in_a_folder_and_in_its_folders() {
        let place = tempfile::tempdir().unwrap();
        let inner = place.path().join("inner");
        fs::create_dir(&inner).unwrap();
        let table = rows(|at| format!("{},\"word{at}, again\"\n", 7 + at % 2 * 3));
        fs::write(inner.join("films.csv"), format!("stars,review\n{table}")).unwrap();
        fs::write(inner.join("other.csv"), "age,height\n1,2\n").unwrap();
        let counts = rows(|at| format!("{} {}:3\n", 1 + at % 2, 1 + at));
        fs::write(place.path().join("we8there_overall.svmlight"), counts).unwrap();
        let found = reviews(Some(place.path())).unwrap();
        let names: Vec<String> = found.iter().map(Reviews::name).collect();
        assert_eq!(names, ["film-snippets", "films", "we8there_overall"]);

        let films = found[1].load(5).unwrap();
        assert_eq!((films.train.len(), films.validation.len(), films.test.examples()), (32, 4, 4));
        assert_eq!((films.ratings.as_slice(), films.data.inputs.width()), (&[7.0, 10.0][..], 5));
        let Targets::Classes { labels, .. } = &films.test.targets else { panic!("expected classes") };
        assert_eq!(labels.iter().sum::<u32>(), 2, "each number of stars in its proportion");
        let Batch::Active(bags) = found[2].load(5).unwrap().test.inputs else {
            panic!("expected active values")
        };
        assert_eq!(bags.values(), [1.0; 4]);
    }

    #[test]
    fn too_many_different_stars_are_refused() {
        let place = tempfile::tempdir().unwrap();
        let table = rows(|at| format!("{at}.5,word\n"));
        fs::write(place.path().join("films.csv"), format!("score,text\n{table}")).unwrap();
        let error = reviews(Some(place.path())).unwrap()[1].load(5).unwrap_err().to_string();
        assert_eq!(error, "targets of films: expected 2 to 10 different numbers of stars, found 40");
    }
}
