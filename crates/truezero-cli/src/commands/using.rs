//! Data for a model: read as its training data was.

use std::path::PathBuf;

use serde::Deserialize;
use truezero::Model;
use truezero_data::{Raw, SourceSpec, open};

use super::parts;
use crate::args::Reading;
use crate::failure::Failure;

/// Where a model's configuration keeps how the columns of svmlight files are counted.
pub const NUMBERING: &str = "numbering";

/// Where targets are, if they are wanted at all.
#[derive(Default)]
pub struct TargetOf {
    pub column: Option<String>,
    pub labels: Option<PathBuf>,
}

/// Reads data in the way that a model's training data was read.
pub fn read(model: &Model, data: &str, reading: &Reading, target: TargetOf) -> Result<Raw, Failure> {
    let configured = |key: &str| model.configuration.get(key);
    let spec = SourceSpec {
        data: data.to_owned(),
        target: target.column,
        text: model.preprocessing.text_columns(),
        labels: target.labels,
        header: reading.header.asked().or_else(|| configured("header")?.as_bool()),
        numbering: configured(NUMBERING).and_then(|value| Deserialize::deserialize(value).ok()),
    };
    parts::choose(open(&spec)?, reading.part, data)
}

/// The column that a model was trained to predict, where there was one.
pub fn trained_target(model: &Model) -> Option<String> {
    model.configuration.get("target")?.as_str().map(str::to_owned)
}

/// Names for all outputs, made up where the data had none.
pub fn output_names(model: &Model) -> Vec<String> {
    let named = model.preprocessing.labels();
    match model.preprocessing.outputs() {
        outputs if named.len() == outputs => named.to_vec(),
        1 => vec![trained_target(model).unwrap_or_else(|| "quantity".to_owned())],
        outputs => (1..=outputs).map(|output| format!("quantity {output}")).collect(),
    }
}
