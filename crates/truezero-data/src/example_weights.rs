//! How much each example counts, where a column of a table tells.

use crate::formats::table::{hint_for, listed};
use crate::{ColumnValues, DataError, Features, Raw};

/// Takes the column of example weights out of a table.
///
/// # Errors
/// If there is no such column, or not all of it are numbers of at least 0 that fit 32 bits.
pub fn take_weights(raw: &mut Raw, name: &str) -> Result<Vec<f32>, DataError> {
    let place = || format!("weight column {name:?}");
    let Features::Table(table) = &mut raw.features else {
        return Err(DataError::unsuitable(place(), "a table", "a matrix"));
    };
    let Some(at) = table.columns.iter().position(|column| column.name == name) else {
        let names: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
        let found = format!("no column of that name{}", hint_for(name, &names));
        return Err(DataError::unsuitable(place(), format!("one of the columns {}", listed(&names)), found));
    };
    let ColumnValues::Numbers(weights) = table.columns.remove(at).values else {
        return Err(DataError::unsuitable(place(), "numbers", "words"));
    };
    // NaN, which stands for a missing value, is not at least 0.
    if let Some(row) = weights.iter().position(|weight| !(*weight >= 0.0 && (*weight as f32).is_finite())) {
        let expected = format!("a number from 0 to {:e}", f32::MAX);
        let place = |row: &str| format!("{row}, {}", place());
        let found =
            if weights[row].is_nan() { "a missing value".to_owned() } else { weights[row].to_string() };
        return Err(table.places.error(row, place, expected, found));
    }
    Ok(weights.into_iter().map(|weight| weight as f32).collect())
}

/// Multiplies the weight of an example by that of its class.
///
/// # Errors
/// If the product does not fit 32 bits.
pub(crate) fn times_class(weight: &mut f32, class_weight: f32) -> Result<(), DataError> {
    let product = *weight * class_weight;
    if !product.is_finite() {
        let found = format!("{weight:e} times {class_weight:e}");
        return Err(DataError::unsuitable(
            "weight of an example times that of its class",
            "a finite number",
            found,
        ));
    }
    *weight = product;
    Ok(())
}

/// The weights of examples times those of their classes.
///
/// # Errors
/// If a product does not fit 32 bits.
pub fn combine_weights(
    weights: &mut [f32],
    class_weights: impl Iterator<Item = f32>,
) -> Result<(), DataError> {
    weights
        .iter_mut()
        .zip(class_weights)
        .try_for_each(|(weight, class_weight)| times_class(weight, class_weight))
}

/// Demands that some example to train on counts.
///
/// # Errors
/// If all weights are 0.
pub fn check_weights(mut weights: impl Iterator<Item = f32>) -> Result<(), DataError> {
    if weights.any(|weight| weight > 0.0) {
        return Ok(());
    }
    let expected = "one above 0 at least";
    Err(DataError::unsuitable(
        "weights of the examples to train on",
        expected,
        "only zeros (as 32-bit numbers)",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Column, Table};

    fn take(weights: &[f64]) -> Result<Vec<f32>, String> {
        let column = Column { name: "w".to_owned(), values: ColumnValues::Numbers(weights.to_vec()) };
        let features =
            Features::Table(Table { rows: weights.len(), columns: vec![column], ..Table::default() });
        take_weights(&mut Raw { features, target: None, image: None }, "w").map_err(|error| error.to_string())
    }

    #[test]
    fn weights_fit_32_bits_and_are_not_all_zero() {
        assert_eq!(take(&[0.0, 0.5]).unwrap(), [0.0, 0.5]);
        for wrong in [1e39, -1.0, f64::NAN, f64::INFINITY] {
            let error = take(&[1.0, wrong]).unwrap_err();
            assert!(error.starts_with("row 2, weight column \"w\": expected a number from 0 to"), "{error}");
        }
        assert!(check_weights([0.0, 1e-30].into_iter()).is_ok());
        // Too small for 32 bits.
        let error = check_weights(take(&[1e-60, 0.0]).unwrap().into_iter()).unwrap_err().to_string();
        assert!(error.contains("only zeros"), "{error}");
        let mut weights = [1.0, 3e38];
        assert!(combine_weights(&mut weights, [2.0, 1.0].into_iter()).is_ok());
        assert_eq!(weights, [2.0, 3e38]);
        let error = combine_weights(&mut weights, [1.0, 2.0].into_iter()).unwrap_err().to_string();
        assert!(error.contains("3e38 times 2e0"), "{error}");
    }
}
