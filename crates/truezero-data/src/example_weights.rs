//! How much each example counts, where a column of a table tells.

use crate::{ColumnValues, DataError, Features, Raw};

/// Takes the column of example weights out of a table.
///
/// # Errors
/// If there is no such column, or not all of it are numbers of at least 0.
pub fn take_weights(raw: &mut Raw, name: &str) -> Result<Vec<f32>, DataError> {
    let place = || format!("weight column {name:?}");
    let Features::Table(table) = &mut raw.features else {
        return Err(DataError::unsuitable(place(), "a table", "a matrix"));
    };
    let Some(at) = table.columns.iter().position(|column| column.name == name) else {
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        return Err(DataError::unsuitable(place(), format!("one of {}", names.join(", ")), "no such column"));
    };
    let ColumnValues::Numbers(weights) = table.columns.remove(at).values else {
        return Err(DataError::unsuitable(place(), "numbers", "words"));
    };
    // NaN, which stands for a missing value, is not at least 0.
    if let Some(row) = weights.iter().position(|weight| !(*weight >= 0.0 && weight.is_finite())) {
        let place = format!("{}, example {}", place(), row + 1);
        return Err(DataError::unsuitable(place, "a number of at least 0", weights[row].to_string()));
    }
    Ok(weights.into_iter().map(|weight| weight as f32).collect())
}
