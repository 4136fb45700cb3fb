//! Raw records: what a model was trained on, as JSON. Preprocessing is replayed.
//!
//! A record of a model trained on a table is an object with its columns; one that is null or left out is
//! missing, others are ignored. A record of a model trained on a matrix is an array of its numbers.

mod record;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use truezero::{Prediction, Predictions};
use truezero_data::{Column, ColumnValues, Features, Notice, Notices, Table, Task, WideBatch};
use truezero_sparse::Batch;
use utoipa::ToSchema;

use crate::limits::Limits;
use crate::problem::Problem;
use crate::servable::Servable;
pub(crate) use record::{Cell, Record};

/// Records to be predicted.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PredictRequest {
    /// May be left out if there is only one model.
    pub(crate) model: Option<String>,
    /// Objects with columns, or arrays of numbers, as the model was trained on.
    #[schema(min_items = 1)]
    pub(crate) records: Vec<Record>,
}

/// What the model makes of the records, in the form of `truezero predict --json`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PredictResponse<'a> {
    model_name: &'a str,
    model_version: &'a str,
    #[schema(value_type = String)]
    task: Task,
    /// Of the outputs.
    names: &'a [String],
    /// For each record `label` and `probabilities`, `labels` and `probabilities`, or `quantities`.
    #[schema(value_type = Vec<Object>)]
    predictions: Vec<Prediction<'a>>,
    /// What should be known of the records, each with `place`, `message` and perhaps `hint`.
    #[schema(value_type = Vec<Object>)]
    warnings: Vec<Notice>,
}

impl<'a> PredictResponse<'a> {
    pub(crate) fn new(model: &'a Servable, predictions: &'a Predictions, warnings: Vec<Notice>) -> Self {
        Self {
            model_name: &model.name,
            model_version: &model.version,
            task: predictions.task,
            names: &predictions.names,
            predictions: (0..predictions.values.examples()).map(|at| predictions.of(at)).collect(),
            warnings,
        }
    }
}

/// The inputs that records stand for. What should be known of them is told.
pub(crate) fn inputs(
    records: Vec<Record>,
    model: &Servable,
    limits: &Limits,
    notices: &Notices,
) -> Result<Batch, Problem> {
    if records.is_empty() {
        return Err(Problem::unsuitable("records", "at least one", "none"));
    }
    if records.len() > limits.examples {
        return Err(Problem::too_large("records", limits.examples));
    }
    let columns = model.preprocessing().columns();
    let columns_each = columns.as_ref().map_or(model.width(), Vec::len);
    if records.len().saturating_mul(columns_each) > limits.numbers {
        return Err(Problem::too_large("records × columns", limits.numbers));
    }
    let features = match columns {
        Some(columns) => Features::Table(table(records, columns)?),
        None => Features::Wide(matrix(records, model.width())?),
    };
    let inputs = model.preprocessing().inputs(features, notices)?;
    Ok(crate::protocol::inputs::without_zeros(inputs))
}

fn place(record: usize) -> String {
    format!("record {}", record + 1)
}

fn matrix(records: Vec<Record>, width: usize) -> Result<WideBatch, Problem> {
    let mut values = Vec::with_capacity(records.len() * width);
    for (at, record) in records.into_iter().enumerate() {
        let expected = || format!("an array of {width} numbers, as in training");
        let Record::Numbers(numbers) = record else {
            return Err(Problem::unsuitable(place(at), expected(), "an object"));
        };
        if numbers.len() != width {
            return Err(Problem::unsuitable(place(at), expected(), format!("{} numbers", numbers.len())));
        }
        values.extend(numbers);
    }
    Ok(WideBatch::from_rows(width, values))
}

fn table(records: Vec<Record>, columns: Vec<String>) -> Result<Table, Problem> {
    let rows = records.len();
    let position: HashMap<&str, usize> = columns.iter().map(String::as_str).zip(0..).collect();
    let mut cells: Vec<Vec<Cell>> = vec![Vec::new(); columns.len()];
    for (at, record) in records.into_iter().enumerate() {
        let Record::Columns(record) = record else {
            let expected = "an object with the columns of the training data";
            return Err(Problem::unsuitable(place(at), expected, "an array"));
        };
        for (name, cell) in record {
            if let Some(&column) = position.get(name.as_str()) {
                cells[column].resize(at, Cell::Missing);
                cells[column].push(cell);
            }
        }
    }
    // A column that no record has is missing as a whole, which preprocessing complains of.
    let there = columns.into_iter().zip(cells).filter(|(_, cells)| !cells.is_empty());
    let columns = there.map(|(name, mut cells)| {
        cells.resize(rows, Cell::Missing);
        Column { name, values: values(cells) }
    });
    Ok(Table { rows, columns: columns.collect() })
}

/// Numbers if there is nothing else; otherwise words, which serve as categories and as text.
fn values(cells: Vec<Cell>) -> ColumnValues {
    if cells.iter().all(|cell| matches!(cell, Cell::Number(_) | Cell::Missing)) {
        let number = |cell| if let Cell::Number(number) = cell { number } else { f64::NAN };
        return ColumnValues::Numbers(cells.into_iter().map(number).collect());
    }
    let word = |cell| match cell {
        Cell::Number(number) => Some(number.to_string()),
        Cell::Flag(flag) => Some(flag.to_string()),
        Cell::Text(text) => Some(text).filter(|text| !text.is_empty()),
        Cell::Missing => None,
    };
    ColumnValues::Categories(cells.into_iter().map(word).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_become_columns() {
        let records = r#"[{"a": 1, "b": "x", "other": 7}, {"b": null}, {"a": 2.5, "b": true}, {"c": ""}]"#;
        let records: Vec<Record> = serde_json::from_str(records).unwrap();
        let table = table(records, ["a", "b", "c", "d"].map(str::to_owned).to_vec()).unwrap();
        assert_eq!(table.rows, 4);
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        let ColumnValues::Numbers(numbers) = &table.columns[0].values else { panic!("expected numbers") };
        assert!(numbers[0] == 1.0 && numbers[1].is_nan() && numbers[2] == 2.5 && numbers[3].is_nan());
        let ColumnValues::Categories(words) = &table.columns[1].values else { panic!("expected words") };
        assert_eq!(*words, [Some("x".to_owned()), None, Some("true".to_owned()), None]);
        let ColumnValues::Categories(words) = &table.columns[2].values else { panic!("expected words") };
        assert_eq!(*words, [None, None, None, None]);
    }
}
