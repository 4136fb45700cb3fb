//! Fits the rules of a table's columns.

use super::counted::Counted;
use super::{Pass, tell_of_outliers};
use crate::formats::table::listed;
use crate::preprocess::PreprocessOptions;
use crate::preprocess::column::ColumnPlan;
use crate::preprocess::levels::MAX_LEVELS;
use crate::preprocess::scaling::{GREATEST, LIMIT, Scaling, Summing, rounded};
use crate::preprocess::table::TablePlan;
use crate::text::Counter;
use crate::{CellRules, Column, ColumnValues, DataError, Notice, Places, Table};

/// What is collected of a table.
#[derive(Debug)]
pub(super) struct TableFitter {
    columns: Vec<ColumnFitter>,
    /// How cells are understood.
    cells: CellRules,
    /// Whether numbers are to have mean 0 and deviation 1.
    standardizes: bool,
}

/// What is collected of a column.
#[derive(Debug)]
struct ColumnFitter {
    name: String,
    collected: Collected,
}

#[derive(Debug)]
enum Collected {
    Numbers { sum: Summing, missing: bool },
    Words { levels: Counted, missing: bool },
    Texts(Counter),
}

impl TableFitter {
    pub(super) fn new(table: &Table, options: &PreprocessOptions) -> Result<Self, DataError> {
        let columns = table.columns.iter().map(|column| {
            let collected = match &column.values {
                ColumnValues::Numbers(_) => Collected::Numbers { sum: Summing::default(), missing: false },
                ColumnValues::Categories(_) => {
                    Collected::Words { levels: Counted::default(), missing: false }
                }
                ColumnValues::Text(_) => {
                    let counter = Counter::new(&options.text);
                    Collected::Texts(counter.map_err(|error| of_column(error, &column.name))?)
                }
            };
            Ok(ColumnFitter { name: column.name.clone(), collected })
        });
        let standardizes = matches!(options.scaling, Scaling::Auto | Scaling::Standardize);
        let columns = columns.collect::<Result<_, DataError>>()?;
        Ok(Self { columns, cells: table.cells.clone(), standardizes })
    }

    pub(super) fn wants_more(&self, after: Pass) -> bool {
        self.columns.iter().any(|column| match (&column.collected, after) {
            (Collected::Numbers { .. }, Pass::First) => true,
            (Collected::Numbers { sum, .. }, Pass::Second) => self.standardizes && sum.is_wide(),
            _ => false,
        })
    }

    /// A pass begins.
    pub(super) fn turn(&mut self, pass: Pass) {
        for column in &mut self.columns {
            match (&mut column.collected, pass) {
                (Collected::Numbers { sum, .. }, Pass::Second) => sum.turn(sum.count()),
                (Collected::Numbers { sum, .. }, Pass::Third) if self.standardizes => sum.turn_again(),
                _ => {}
            }
        }
    }

    pub(super) fn see(&mut self, table: &Table, rows: &[usize], pass: Pass) -> Result<(), DataError> {
        let names = |columns: &[Column]| columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
        if !self.columns.iter().map(|column| &column.name).eq(table.columns.iter().map(|column| &column.name))
        {
            let known: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
            let expected = format!("the columns {}, as before", known.join(", "));
            return Err(DataError::unsuitable("inputs", expected, names(&table.columns).join(", ")));
        }
        let greatest = if self.standardizes { GREATEST } else { f64::MAX };
        self.columns
            .iter_mut()
            .zip(&table.columns)
            .try_for_each(|(fitter, column)| fitter.see(column, rows, pass, greatest, &table.places))
    }

    pub(super) fn finish(self, options: &PreprocessOptions) -> Result<TablePlan, DataError> {
        let outliers = self.columns.iter().filter_map(|column| match &column.collected {
            Collected::Numbers { sum, .. } => Some((format!("{:?}", column.name), sum.outliers()?)),
            _ => None,
        });
        tell_of_outliers(&options.notices, &outliers.collect::<Vec<_>>());
        let empty = self.columns.iter().filter(|column| column.is_empty());
        let empty: Vec<String> = empty.map(|column| column.name.clone()).collect();
        if !empty.is_empty() {
            let message = format!(
                "no training example has a value, so that nothing is learned from them: {}",
                listed(&empty)
            );
            options.notices.tell(Notice::new("columns", message).hint("--ignore leaves them out"));
        }
        let mut columns = Vec::with_capacity(self.columns.len());
        for column in self.columns {
            let name = column.name.clone();
            columns.push((name, column.finish(options)?));
        }
        let plan = TablePlan::fitted(columns, self.cells);
        match plan.flaw() {
            None => Ok(plan),
            Some(flaw) => Err(DataError::unsuitable("inputs", "a table to learn from", flaw)),
        }
    }
}

impl ColumnFitter {
    /// Whether there are examples, and the value of each is missing.
    fn is_empty(&self) -> bool {
        match &self.collected {
            Collected::Numbers { sum, missing } => *missing && sum.count() == 0,
            Collected::Words { levels, missing } => *missing && levels.is_empty(),
            Collected::Texts(_) => false,
        }
    }

    /// These rows of a column whose numbers are not to be greater than `greatest`.
    fn see(
        &mut self,
        column: &Column,
        rows: &[usize],
        pass: Pass,
        greatest: f64,
        places: &Places,
    ) -> Result<(), DataError> {
        let place = || format!("column {:?}", self.name);
        match (&mut self.collected, &column.values) {
            (Collected::Numbers { sum, missing }, ColumnValues::Numbers(numbers)) => {
                for (row, number) in rows.iter().map(|&row| (row, numbers[row])) {
                    if number.is_nan() {
                        *missing = true;
                    } else if number.abs() > greatest {
                        let expected = format!("a number up to {greatest:e}");
                        let place = |row: &str| format!("{row}, column {:?}", self.name);
                        return Err(places.error(row, place, expected, format!("{number:e}")));
                    } else {
                        sum.add(number);
                    }
                }
            }
            (Collected::Words { .. }, ColumnValues::Categories(_))
            | (Collected::Texts(_), ColumnValues::Text(_))
                if pass != Pass::First => {}
            (Collected::Words { levels, missing }, ColumnValues::Categories(words)) => {
                for word in rows.iter().map(|&row| &words[row]) {
                    match word {
                        None => *missing = true,
                        Some(word) => levels.add(word),
                    }
                }
            }
            (Collected::Texts(counter), ColumnValues::Text(texts)) => {
                rows.iter().for_each(|&row| counter.count(&texts[row]));
            }
            (Collected::Numbers { .. }, _) => {
                return Err(DataError::unsuitable(place(), "numbers, as before", "words"));
            }
            (Collected::Words { .. } | Collected::Texts(_), _) => {
                return Err(DataError::unsuitable(place(), "words of the same kind as before", "others"));
            }
        }
        Ok(())
    }

    fn finish(self, options: &PreprocessOptions) -> Result<ColumnPlan, DataError> {
        let place = || format!("column {:?}", self.name);
        match self.collected {
            Collected::Numbers { sum, missing } => {
                let summary = sum.summary();
                let (shift, divisor) = rounded(match options.scaling {
                    Scaling::None => (0.0, 1.0),
                    Scaling::UnitRange => summary.unit_range(),
                    Scaling::Auto | Scaling::Standardize => summary.standardize(),
                });
                // What is missing becomes 0 where that is the mean, in spite of the rounding.
                let impute = match options.scaling {
                    Scaling::Auto | Scaling::Standardize => shift,
                    Scaling::None | Scaling::UnitRange => summary.mean,
                };
                let limit = (options.scaling != Scaling::None).then_some(LIMIT);
                let plan = ColumnPlan::Number { impute, shift, divisor, limit, missing };
                match plan.flaw() {
                    None => Ok(plan),
                    Some(flaw) => {
                        Err(DataError::unsuitable(place(), "finite numbers that can be scaled", flaw))
                    }
                }
            }
            Collected::Words { levels, missing } => {
                let (levels, left_out) = levels.most_frequent(MAX_LEVELS);
                if left_out > 0 {
                    let message = format!(
                        "more than {MAX_LEVELS} different words; the most frequent ones are levels, and {left_out} cells \
                         with others say nothing"
                    );
                    let hint = format!(
                        "if it is running text, pass --text {0}; --ignore {0} leaves it out",
                        self.name
                    );
                    options.notices.tell(Notice::new(place(), message).hint(hint));
                }
                Ok(ColumnPlan::Category { levels, missing })
            }
            Collected::Texts(counter) => {
                counter.vocabulary().map(ColumnPlan::Text).map_err(|error| of_column(error, &self.name))
            }
        }
    }
}

/// An error of texts, told of their column.
fn of_column(error: DataError, name: &str) -> DataError {
    match error {
        DataError::Unsuitable { place, expected, found } if place == "text" => {
            DataError::unsuitable(format!("column {name:?}"), expected, found)
        }
        other => other,
    }
}
