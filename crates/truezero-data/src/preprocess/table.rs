//! Rules for a table of named columns.

use std::collections::HashMap;

use truezero_sparse::{ActiveBatch, Batch, DenseBatch};

use super::MAX_WIDTH;
use super::column::{ColumnPlan, Encoded};
use super::scaling::InputScales;
use crate::budget::Budget;
use crate::formats::table::missing_columns;
use crate::formats::{DENSE_FROM, MatrixBuilder};
use crate::{CellRules, Column, ColumnValues, DataError, Expected, Features, Notices, Table};

/// The rules of the columns, in the order of their inputs.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TablePlan {
    columns: Vec<Named>,
    /// How the cells of the training data were understood.
    #[serde(default, skip_serializing_if = "is_default")]
    cells: CellRules,
}

fn is_default(cells: &CellRules) -> bool {
    *cells == CellRules::default()
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
    inputs: ColumnPlan,
}

impl TablePlan {
    /// Rules as they were found, each with the name of its column.
    pub(super) fn fitted(columns: Vec<(String, ColumnPlan)>, cells: CellRules) -> Self {
        Self { columns: columns.into_iter().map(|(name, inputs)| Named { name, inputs }).collect(), cells }
    }

    /// What tables to come are to be read as.
    pub(super) fn expected(&self) -> Expected {
        let columns = self.columns.iter().map(|column| (column.name.clone(), column.inputs.kind()));
        Expected::Table { columns: columns.collect(), cells: self.cells.clone() }
    }

    pub(super) fn width(&self) -> usize {
        self.columns.iter().map(|column| column.inputs.width()).sum()
    }

    /// All that is done to the columns, if they are numbers of which none was missing in training.
    pub(super) fn scales(&self) -> Option<InputScales> {
        let scale = |column: &Named| match column.inputs {
            ColumnPlan::Number { shift, divisor, limit, missing: false, .. } => {
                (shift.is_finite() && divisor.is_normal()).then_some(((shift, divisor), limit))
            }
            _ => None,
        };
        let scales = self.columns.iter().map(scale).collect::<Option<Vec<_>>>()?;
        let limit = scales.first().and_then(|&(_, limit)| limit);
        // All were fitted with the same one, unless somebody changed a file.
        let alike = scales.iter().all(|&(_, other)| other == limit);
        let (shifts, divisors) = scales.into_iter().map(|(scale, _)| scale).unzip();
        alike.then_some(InputScales { shifts, divisors, limit })
    }

    pub(super) fn input_names(&self) -> Vec<String> {
        let mut names = Vec::with_capacity(self.width());
        for column in &self.columns {
            column.inputs.input_names(&column.name, &mut names);
        }
        names
    }

    pub(super) fn column_names(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name.clone()).collect()
    }

    pub(super) fn text_columns(&self) -> Vec<String> {
        let text = self.columns.iter().filter(|column| matches!(column.inputs, ColumnPlan::Text(_)));
        text.map(|column| column.name.clone()).collect()
    }

    /// Looks the columns up by name; others are ignored.
    pub(super) fn apply(&self, table: Table, notices: &Notices) -> Result<Batch, DataError> {
        let (rows, places) = (table.rows, table.places);
        let names: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
        let mut found: HashMap<String, Column> =
            table.columns.into_iter().map(|column| (column.name.trim().to_owned(), column)).collect();
        let mut taken = Vec::with_capacity(self.columns.len());
        let mut missing = Vec::new();
        for column in &self.columns {
            match found.remove(column.name.trim()) {
                Some(values) => taken.push(values),
                None => missing.push(column.name.as_str()),
            }
        }
        if !missing.is_empty() {
            let (place, expected, found) = missing_columns(&missing, &names);
            return Err(DataError::unsuitable(place, expected, found));
        }
        let mut encoded = Vec::with_capacity(self.columns.len());
        let mut offset = 0;
        for (column, values) in self.columns.iter().zip(taken) {
            encoded.push((offset, column.inputs.encode(values, &places, &self.cells, notices)?));
            offset += column.inputs.width() as u32;
        }
        Ok(assemble(rows, self.width(), &encoded))
    }

    /// What of this no fit could have made, if anything.
    pub(super) fn flaw(&self) -> Option<String> {
        let mut names = std::collections::HashSet::new();
        for column in &self.columns {
            if !names.insert(&column.name) {
                return Some(format!("two columns {:?}", column.name));
            }
            if let Some(flaw) = column.inputs.flaw() {
                return Some(format!("{flaw} in column {:?}", column.name));
            }
        }
        let width = self.width();
        let wrong = !(1..=MAX_WIDTH).contains(&width);
        wrong.then(|| format!("{width} inputs instead of 1 to {MAX_WIDTH}"))
    }
}

/// Puts the inputs of all columns side by side, in the form that suits their density.
fn assemble(rows: usize, width: usize, columns: &[(u32, Encoded)]) -> Batch {
    let active: usize = columns.iter().map(|(_, column)| column.active()).sum();
    if active as f64 >= DENSE_FROM * rows as f64 * width as f64 {
        let mut batch = DenseBatch::zeros(rows, width);
        for example in 0..rows {
            let row = batch.row_mut(example);
            for (offset, column) in columns {
                column.each(example, *offset, |(input, value)| row[input as usize] = value);
            }
        }
        return Batch::Dense(batch);
    }
    let mut batch = ActiveBatch::new(width);
    let mut row = Vec::new();
    for example in 0..rows {
        row.clear();
        for (offset, column) in columns {
            column.each(example, *offset, |input| row.push(input));
        }
        batch.push(row.iter().copied());
    }
    Batch::Active(batch)
}

/// A table of numbers as a matrix, for a model trained on a matrix: columns count by position.
pub(super) fn numbers_only(table: Table) -> Result<Features, DataError> {
    let width = table.columns.len();
    let mut columns = Vec::with_capacity(width);
    for column in table.columns {
        let wrong = |found: &str| {
            let place = format!("column {:?}", column.name);
            DataError::unsuitable(place, "numbers, as the model was trained on a matrix", found)
        };
        let ColumnValues::Numbers(numbers) = column.values else { return Err(wrong("words")) };
        if numbers.iter().any(|number| number.is_nan()) {
            return Err(wrong("a missing value"));
        }
        columns.push(numbers);
    }
    let mut matrix = MatrixBuilder::new(&Budget::unlimited("table"), table.rows, width)?;
    let mut row = Vec::with_capacity(width);
    for at in 0..table.rows {
        row.clear();
        row.extend(columns.iter().map(|numbers| numbers[at]));
        matrix.push_wide(&row)?;
    }
    Ok(matrix.finish())
}
