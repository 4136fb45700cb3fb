//! Data for a model: read as its training data was.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use truezero::{Model, Saved};
use truezero_data::{InputPreprocessing, Notices, Raw, SourceSpec, Task, open};

use super::parts;
use crate::args::{Delimiter, Reading, TextTableArgs};
use crate::failure::Failure;

/// Where a model's configuration keeps how the columns of svmlight files are counted.
pub const NUMBERING: &str = "numbering";

/// What tells how the training data was read.
pub struct Trained<'a> {
    configuration: &'a Value,
    preprocessing: &'a InputPreprocessing,
    /// Of a model.
    task: Option<Task>,
}

impl<'a> From<&'a Model> for Trained<'a> {
    fn from(model: &'a Model) -> Self {
        Self {
            configuration: &model.configuration,
            preprocessing: model.preprocessing.for_inputs(),
            task: Some(model.preprocessing.task()),
        }
    }
}

impl<'a> From<&'a Saved> for Trained<'a> {
    fn from(saved: &'a Saved) -> Self {
        match saved {
            Saved::Model(model) => (&**model).into(),
            Saved::Encoder(_) => Self {
                configuration: saved.configuration(),
                preprocessing: saved.preprocessing(),
                task: None,
            },
        }
    }
}

/// Where targets are, if they are wanted at all.
#[derive(Default)]
pub struct TargetOf {
    pub column: Option<String>,
    pub labels: Option<PathBuf>,
}

/// How data is to be read for a model or an encoder: as its training data was, unless it is said otherwise.
pub fn spec<'a>(
    trained: impl Into<Trained<'a>>,
    data: &str,
    table: &TextTableArgs,
    notices: &Notices,
) -> SourceSpec {
    let Trained { configuration, preprocessing, task } = trained.into();
    let configured = |key: &str| configuration.get(key);
    let written = |key: &str| configured(key)?.as_str();
    let mut spec = SourceSpec {
        data: data.to_owned(),
        task,
        text: preprocessing.text_columns(),
        delimiter: written("delimiter").and_then(|text| text.parse().ok()).map(|Delimiter(byte)| byte),
        encoding: written("encoding").and_then(|text| text.parse().ok()),
        numbering: configured(NUMBERING).and_then(|value| Deserialize::deserialize(value).ok()),
        expected: Some(Arc::new(preprocessing.expected())),
        notices: notices.clone(),
        ..SourceSpec::default()
    };
    table.apply(&mut spec);
    spec
}

/// As [`spec`], with the options of a verb that reads data; the limit of memory among them holds from now on.
pub fn reading_spec<'a>(
    trained: impl Into<Trained<'a>>,
    data: &str,
    reading: &Reading,
    notices: &Notices,
) -> SourceSpec {
    reading.memory.apply();
    spec(trained, data, &reading.table, notices)
}

/// Reads data in the way that the training data was read.
pub fn read<'a>(
    trained: impl Into<Trained<'a>>,
    data: &str,
    reading: &Reading,
    target: TargetOf,
    notices: &Notices,
) -> Result<Raw, Failure> {
    read_named(trained, data, reading, target, notices).map(|(raw, _)| raw)
}

/// As [`read`], and the file of each example where each has one of its own, as images have; else no files.
pub fn read_named<'a>(
    trained: impl Into<Trained<'a>>,
    data: &str,
    reading: &Reading,
    target: TargetOf,
    notices: &Notices,
) -> Result<(Raw, Vec<PathBuf>), Failure> {
    let spec = reading_spec(trained, data, reading, notices);
    let spec = SourceSpec { target: target.column, labels: target.labels, ..spec };
    let mut source = open(&spec)?;
    // They are known of the training part only, which is what is chosen where there is no other.
    let parted = source.validation.is_some() || source.test.is_some();
    let files = if parted { Vec::new() } else { std::mem::take(&mut source.files) };
    Ok((parts::choose(source, reading.part, data)?, files))
}
