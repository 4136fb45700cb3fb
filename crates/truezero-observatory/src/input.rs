//! What a page sends for a network to look at, as inputs of that network.

use serde::Deserialize;
use serde_json::{Map, Value};
use truezero::Model;
use truezero_data::{Column, ColumnValues, Features, Notices, Table, WideBatch};
use truezero_sparse::Batch;

use crate::error::Refusal;

/// Rows and columns of a drawing.
pub(crate) const IMAGE: usize = 28;

/// One example, before the preparation that the model has learned.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Input {
    /// Numbers without names; of an image the pixels, from 0 to 255.
    Values(Vec<f64>),
    /// A row of a table.
    Record(Map<String, Value>),
}

impl Input {
    /// The inputs of the network. What should be known of them is told.
    pub(crate) fn prepare(self, model: &Model, notices: &Notices) -> Result<Batch, Refusal> {
        let features = match self {
            Self::Values(values) if values.len() != model.preprocessing.width() => {
                let expected = model.preprocessing.width();
                let message = format!("inputs: expected {expected} numbers, found {}", values.len());
                return Err(Refusal::unsuitable(message));
            }
            Self::Values(values) => Features::Wide(WideBatch::from_rows(values.len(), values)),
            Self::Record(record) => Features::Table(table(record, &model.preprocessing.text_columns())?),
        };
        model.preprocessing.inputs(features, notices).map_err(Refusal::unsuitable)
    }
}

/// A table of one row; a null is a missing value.
fn table(record: Map<String, Value>, text: &[String]) -> Result<Table, Refusal> {
    let column = |(name, value): (String, Value)| {
        let values = match value {
            Value::String(words) if text.contains(&name) => ColumnValues::Text(vec![words]),
            Value::Null if text.contains(&name) => ColumnValues::Text(vec![String::new()]),
            Value::String(word) => ColumnValues::Categories(vec![Some(word)]),
            Value::Number(number) => ColumnValues::Numbers(vec![number.as_f64().unwrap_or(f64::NAN)]),
            Value::Null => ColumnValues::Numbers(vec![f64::NAN]),
            other => {
                let message = format!("column {name:?}: expected a number or a text, found {other}");
                return Err(Refusal::unsuitable(message));
            }
        };
        Ok(Column { name, values })
    };
    Ok(Table { rows: 1, columns: record.into_iter().map(column).collect::<Result<_, _>>()? })
}
