//! From what a person names (a file, a folder, a data set) to examples.

pub(crate) mod detect;
pub(crate) mod entries;
mod folder;
mod foreign;
mod idx_set;
pub(crate) mod labels;
pub(crate) mod members;
pub(crate) mod part;
mod piped;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::formats::svmlight::{self, Numbering};
use crate::formats::{Encoding, TableOptions, arrow, csv, idx, images, npy, npz, parquet};
use crate::read::Input;
use crate::snippets::{SNIPPET, film_snippets};
use crate::{
    CellRules, DataError, Expected, ImageShape, Notices, Raw, RawTarget, Task, digits5k, fetch, image_shape,
};
pub(crate) use detect::detect;
pub use detect::{Format, what_is};
pub(crate) use labels::read as read_labels;
pub(crate) use piped::is_piped;
pub use piped::{MAX_PIPED, STDIN};

/// The name of the embedded data set that is taken where none is named.
pub const EMBEDDED: &str = "digits5k";
/// The name of the embedded data set of text.
const FILM_SNIPPETS: &str = "film-snippets";

/// Where examples come from and how to read them.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SourceSpec {
    /// A path, a pattern of files of one format, `-` for standard input, or the name of a data set: `digits5k`, `film-snippets`, or one that [`fetch`] knows. Names
    /// go first; a file that is called so is `./digits5k`.
    pub data: String,
    /// What the file is; told by its content and its name if `None`.
    pub format: Option<Format>,
    /// The column of a table that is to be learned.
    pub target: Option<String>,
    /// What is to be learned of the target; told by the targets if `None`.
    pub task: Option<Task>,
    /// The columns of a table that are running text.
    pub text: Vec<String>,
    /// A file with the targets: IDX, NPY, or text with one on each line.
    pub labels: Option<PathBuf>,
    /// The columns of a table to learn from; all if there are none.
    pub columns: Vec<String>,
    /// The columns of a table not to learn from.
    pub ignore: Vec<String>,
    /// How the cells of a table are understood.
    pub cells: CellRules,
    /// Whether the first line of a CSV or TSV file names the columns; told by its content if `None`.
    pub header: Option<bool>,
    /// What separates the cells of a CSV file; told by its content if `None`.
    pub delimiter: Option<u8>,
    /// What a CSV or TSV file is in; UTF-8, or what its first bytes say, if `None`.
    pub encoding: Option<Encoding>,
    /// What a model expects that the data is used on.
    #[serde(skip)]
    pub expected: Option<Arc<Expected>>,
    /// How an svmlight file counts its columns: what [`Source::numbering`] said of the training data.
    pub numbering: Option<Numbering>,
    /// Collects what is told while the data is read.
    #[serde(skip)]
    pub notices: Notices,
}

impl SourceSpec {
    /// Reads `data`, everything else told by its content.
    pub fn new(data: impl Into<String>) -> Self {
        Self { data: data.into(), ..Self::default() }
    }

    /// The shape of images that the model expects, if it is one for images.
    pub(crate) fn image(&self) -> Option<ImageShape> {
        self.expected.as_ref().and_then(|expected| expected.image())
    }
}

/// The parts of a source.
#[derive(Clone, Debug)]
pub struct Source {
    /// Examples to learn from; all there are, where the source knows no parts.
    pub train: Raw,
    /// Examples to stop by, where the source sets some aside.
    pub validation: Option<Raw>,
    /// Examples to judge by, where the source sets some aside.
    pub test: Option<Raw>,
    /// How the columns of an svmlight file were counted; to be given with later files.
    pub numbering: Option<Numbering>,
    /// The file of each example of `train`, where each has one of its own, as images have; else empty.
    pub files: Vec<PathBuf>,
}

impl From<Raw> for Source {
    fn from(train: Raw) -> Self {
        Self { train, validation: None, test: None, numbering: None, files: Vec::new() }
    }
}

impl Source {
    /// The parts there are, with their names.
    fn parts(&self) -> impl Iterator<Item = (&'static str, &Raw)> {
        let train = Some(("training part", &self.train));
        let validation = self.validation.as_ref().map(|part| ("validation part", part));
        train.into_iter().chain(validation).chain(self.test.as_ref().map(|part| ("test part", part)))
    }
}

/// Reads a source. The format of a file is told by its first bytes, then by its extension.
///
/// # Errors
/// If the source does not exist or is not in a known format, violates its format, holds no examples, or
/// does not have as many targets as examples; or if the specification asks for what the source does not
/// have.
pub fn open(spec: &SourceSpec) -> Result<Source, DataError> {
    let mut source = like(read(spec)?, spec)?;
    if let Some(path) = &spec.labels {
        if source.train.target.is_some() {
            let place = format!("labels {}", path.display());
            let found = format!("targets in {} itself\nhint: leave out --labels", spec.data);
            return Err(DataError::unsuitable(place, "data without targets of its own", found));
        }
        source.train.target = Some(labels::read(path, source.train.examples(), spec)?);
    }
    for (name, part) in source.parts() {
        let place = |what: &str| format!("{what} of the {name} of {}", spec.data);
        let examples = part.examples();
        if examples == 0 {
            return Err(DataError::unsuitable(place("examples"), "at least one", "none"));
        }
        if let Some(targets) = part.target.as_ref().map(RawTarget::examples)
            && targets != examples
        {
            let expected = format!("{examples}, one for each example");
            return Err(DataError::unsuitable(place("targets"), expected, targets.to_string()));
        }
    }
    Ok(source)
}

/// Its images as those that are expected; those of the other parts else as those of the training part.
fn like(source: Source, spec: &SourceSpec) -> Result<Source, DataError> {
    let expected = spec.image().or(source.train.image);
    let part = |part: Option<Raw>, name: &str| {
        let name = format!("{}: {name} part", spec.data);
        part.map(|part| image_shape::like(part, expected, &name, &spec.notices)).transpose()
    };
    Ok(Source {
        validation: part(source.validation, "validation")?,
        test: part(source.test, "test")?,
        train: image_shape::like(source.train, expected, &spec.data, &spec.notices)?,
        ..source
    })
}

fn read(spec: &SourceSpec) -> Result<Source, DataError> {
    let path = Path::new(&spec.data);
    if spec.data == EMBEDDED {
        no_columns(spec, "a matrix")?;
        return Ok(digits5k());
    }
    if spec.data == FILM_SNIPPETS {
        // A model that was trained on them asks for its column of text by name.
        let text = spec.text.iter().filter(|&column| column != SNIPPET).cloned().collect();
        no_columns(&SourceSpec { text, ..spec.clone() }, "a column of text \"snippet\" and its stars")?;
        return Ok(film_snippets());
    }
    if let Some(folder) = fetch::folder(&spec.data) {
        no_columns(spec, "a matrix")?;
        return folder::read(&folder?, spec);
    }
    if is_piped(&spec.data) {
        return read_piped(spec);
    }
    if path.is_dir() {
        return folder::read(path, spec);
    }
    if !path.exists() {
        if let Some(source) = folder::read_prefix(path)? {
            no_columns(spec, "IDX files")?;
            return Ok(source);
        }
        if spec.data.contains(['*', '?', '[']) {
            return folder::gathered(spec);
        }
        return Err(DataError::Unavailable {
            name: spec.data.clone(),
            reason: "no such file or folder".to_owned(),
            hint: format!(
                "the names of data sets are {EMBEDDED}, {FILM_SNIPPETS}, {}",
                fetch::names().join(", ")
            ),
        });
    }
    let format = spec.format.map_or_else(|| detect(path), Ok)?;
    format_suits(spec, format, &path.display().to_string())?;
    read_file(path, format, &TableOptions::of(spec), spec.numbering)
}

/// Reads standard input or a pipe, which cannot be read twice, into memory.
fn read_piped(spec: &SourceSpec) -> Result<Source, DataError> {
    let (name, bytes) = piped::read(&spec.data)?;
    let input = || Input::from_bytes(&name, &bytes);
    let format = spec.format.map_or_else(|| detect::tell(&mut input()), Ok)?;
    format_suits(spec, format, &name)?;
    let (options, numbering) = (TableOptions::of(spec), spec.numbering);
    match format {
        Format::Npz => npz::read_bytes(&name, &bytes, spec.image(), &spec.notices),
        Format::Image => Ok(images::read_bytes(&name, &bytes, spec.image(), &spec.notices)?.into()),
        format => read_input(input(), format, &options, numbering),
    }
}

fn format_suits(spec: &SourceSpec, format: Format, name: &str) -> Result<(), DataError> {
    if format.is_table() { Ok(()) } else { no_columns(spec, &format!("{name}: {}", format.name())) }
}

/// Reads a file of a known format.
pub(crate) fn read_file(
    path: &Path,
    format: Format,
    options: &TableOptions,
    numbering: Option<Numbering>,
) -> Result<Source, DataError> {
    let image = options.expected.as_ref().and_then(|expected| expected.image());
    match format {
        Format::Npz => npz::read(path, image, &options.notices),
        // Its footer is looked up in the file.
        Format::Parquet => Ok(parquet::read(path, options)?.into()),
        Format::Image => {
            let files = vec![path.to_owned()];
            let raw = images::read_files(&files, image, &options.notices)?;
            Ok(Source { files, ..Source::from(raw) })
        }
        format => read_input(Input::open(path)?, format, options, numbering),
    }
}

/// Reads a format that is read from its beginning to its end.
fn read_input(
    input: Input,
    format: Format,
    options: &TableOptions,
    numbering: Option<Numbering>,
) -> Result<Source, DataError> {
    Ok(match format {
        Format::Idx => idx::read_examples(input)?.into(),
        Format::Npy => {
            let image = options.expected.as_ref().and_then(|expected| expected.image());
            npy::read_examples(input, image)?.into()
        }
        Format::Svmlight => {
            let (raw, numbering) =
                svmlight::read(input, numbering, options.expected.as_deref(), &options.notices)?;
            Source { numbering: Some(numbering), ..Source::from(raw) }
        }
        Format::Csv => csv::parse(input, options)?.into(),
        Format::Arrow => arrow::parse(input, options)?.into(),
        Format::Parquet => parquet::parse(input, options)?.into(),
        Format::Npz | Format::Image => unreachable!("read from a file or from memory as a whole"),
    })
}

/// Demands that no column is asked for by name.
fn no_columns(spec: &SourceSpec, found: &str) -> Result<(), DataError> {
    match spec.target.iter().chain(&spec.text).next() {
        None => Ok(()),
        Some(column) => {
            let expected = "a table (csv, tsv, parquet or arrow)";
            Err(DataError::unsuitable(format!("column {column:?}"), expected, found))
        }
    }
}
