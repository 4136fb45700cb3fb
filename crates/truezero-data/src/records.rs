//! Records: examples as JSON, each an object with the columns of a table or an array of numbers.
//!
//! They come from clients, so they are counted before anything is kept of them, and what is kept is limited by that
//! number and the columns that are wanted.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::quote::quoted;
use crate::{Column, ColumnValues, Places, Table};

/// Memory that a cell of a record takes until it is an input, in bytes, beside its text.
pub const BYTES_OF_CELL: usize = 96;
/// Memory that a byte of a text takes until it is an input, in bytes.
pub const BYTES_OF_TEXT: usize = 2;

/// What is wrong with records.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// They have not the form of records.
    #[error("{0}")]
    Malformed(String),
    /// They are not what is wanted.
    #[error("{0}")]
    Unsuitable(String),
}

/// What stands in a column of a record.
#[derive(Clone, Debug, PartialEq)]
enum Cell {
    Missing,
    Number(f64),
    Flag(bool),
    Text(String),
}

/// The number of records in an array, without keeping any.
///
/// # Errors
/// If this is no array.
pub fn count(json: &str) -> Result<usize, Fault> {
    let mut count = 0;
    each(json, &mut |_| {
        count += 1;
        Ok(())
    })?;
    Ok(count)
}

/// The wanted columns of `rows` records. What a record does not have is missing in it, what is not wanted is passed over.
///
/// # Errors
/// A record that is no object, a cell that is neither number, text, true, false nor null, or records that have none of
/// the columns.
pub fn table(json: &str, rows: usize, columns: Vec<String>) -> Result<Table, Fault> {
    let positions: HashMap<&str, usize> = columns.iter().map(String::as_str).zip(0..).collect();
    let mut cells = vec![vec![Cell::Missing; rows]; columns.len()];
    let (mut row, mut given) = (0, false);
    each(json, &mut |record| {
        let place = || format!("record {}", row + 1);
        if !record.starts_with('{') {
            return Err(kind_of_record(&place(), "an object with the columns of the training data", record));
        }
        let mut keep = |name: &str, value: &str| {
            let Some(&column) = positions.get(name) else { return Ok(()) };
            given = true;
            cells[column][row] = cell(value).map_err(|found| {
                let expected = "a number, a text, true, false or null";
                Fault::Malformed(format!(
                    "{}, column {}: expected {expected}, found {found}",
                    place(),
                    quoted(name)
                ))
            })?;
            Ok(())
        };
        members(record, &mut keep)?;
        row += 1;
        Ok(())
    })?;
    if !given && rows > 0 {
        let (first, more) = (columns.first().map_or("", String::as_str), columns.len().saturating_sub(1));
        let expected = format!("columns of the training data, such as {}", quoted(first));
        let of_all = if more == 0 { String::new() } else { format!(" and {more} more") };
        return Err(Fault::Unsuitable(format!("records: expected {expected}{of_all}, found none of them")));
    }
    let columns = columns.into_iter().zip(cells).map(|(name, cells)| Column { name, values: values(cells) });
    Ok(Table { rows, columns: columns.collect(), places: Places::records(), ..Table::default() })
}

/// The numbers of `rows` records of `width` numbers each, row by row.
///
/// # Errors
/// A record that is no array of as many numbers.
pub fn matrix(json: &str, rows: usize, width: usize) -> Result<Vec<f64>, Fault> {
    let mut numbers = Vec::with_capacity(rows.saturating_mul(width));
    let mut row = 0;
    let expected = format!("an array of {width} numbers, as in training");
    each(json, &mut |record| {
        row += 1;
        let place = format!("record {row}");
        if !record.starts_with('[') {
            return Err(kind_of_record(&place, &expected, record));
        }
        let mut length = 0;
        each(record, &mut |value| {
            length += 1;
            if length > width {
                return Ok(());
            }
            let number = cell(value).ok().and_then(|cell| match cell {
                Cell::Number(number) => Some(number),
                _ => None,
            });
            let wrong = || Fault::Malformed(format!("{place}: expected numbers, found {}", kind(value)));
            numbers.push(number.ok_or_else(wrong)?);
            Ok(())
        })?;
        if length != width {
            return Err(Fault::Unsuitable(format!("{place}: expected {expected}, found {length} numbers")));
        }
        Ok(())
    })?;
    Ok(numbers)
}

/// A record of a wrong kind: one that is a record for other models, or none at all.
fn kind_of_record(place: &str, expected: &str, record: &str) -> Fault {
    let message = format!("{place}: expected {expected}, found {}", kind(record));
    if record.starts_with(['{', '[']) { Fault::Unsuitable(message) } else { Fault::Malformed(message) }
}

/// What a value of JSON is, by its first character.
#[must_use]
pub fn kind(json: &str) -> &'static str {
    match json.trim_start().as_bytes().first() {
        Some(b'"') => "a text",
        Some(b'[') => "an array",
        Some(b'{') => "an object",
        Some(b't') => "true",
        Some(b'f') => "false",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// A cell from its JSON, or what stands there instead.
fn cell(json: &str) -> Result<Cell, &'static str> {
    match json.as_bytes().first() {
        Some(b'"') => serde_json::from_str(json).map(Cell::Text).map_err(|_| "a text that is no Unicode"),
        Some(b'n') => Ok(Cell::Missing),
        Some(b't') => Ok(Cell::Flag(true)),
        Some(b'f') => Ok(Cell::Flag(false)),
        Some(b'[' | b'{') => Err(kind(json)),
        _ => serde_json::from_str(json).map(Cell::Number).map_err(|_| "a number beyond 64 bits"),
    }
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

/// Calls `each` with the JSON of every element of an array.
fn each(json: &str, each: &mut dyn FnMut(&str) -> Result<(), Fault>) -> Result<(), Fault> {
    if !json.trim_start().starts_with('[') {
        return Err(Fault::Malformed(format!("records: expected an array, found {}", kind(json))));
    }
    let mut walk = Walk { call: &mut |_, value| each(value), fault: None };
    let read = serde_json::Deserializer::from_str(json).deserialize_seq(&mut walk);
    walk.end(read)
}

/// Calls `each` with the name and the JSON of every member of an object.
fn members(json: &str, each: &mut dyn FnMut(&str, &str) -> Result<(), Fault>) -> Result<(), Fault> {
    let mut walk = Walk { call: each, fault: None };
    let read = serde_json::Deserializer::from_str(json).deserialize_map(&mut walk);
    walk.end(read)
}

/// Passes over the parts of an array or object, keeping none.
struct Walk<'f> {
    call: &'f mut dyn FnMut(&str, &str) -> Result<(), Fault>,
    fault: Option<Fault>,
}

impl Walk<'_> {
    fn see<E: Error>(&mut self, name: &str, value: &RawValue) -> Result<(), E> {
        (self.call)(name, value.get()).map_err(|fault| {
            self.fault = Some(fault);
            E::custom("")
        })
    }

    fn end(self, read: serde_json::Result<()>) -> Result<(), Fault> {
        match (self.fault, read) {
            (Some(fault), _) => Err(fault),
            (None, Err(_)) => {
                Err(Fault::Malformed("records: expected JSON, found something else".to_owned()))
            }
            (None, Ok(())) => Ok(()),
        }
    }
}

impl<'de> Visitor<'de> for &mut Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(value) = elements.next_element::<&RawValue>()? {
            self.see("", value)?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(Name(name)) = entries.next_key()? {
            self.see(&name, entries.next_value::<&RawValue>()?)?;
        }
        Ok(())
    }
}

/// The name of a member, which is copied only where it must be.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn records_become_columns() {
        let json = r#"[{"a": 1, "b": "x", "other": [7]}, {"b": null}, {"a": 2.5, "b": true}, {"c": "", "\u0062": "y"}]"#;
        assert_eq!(count(json), Ok(4));
        let table = table(json, 4, names(&["a", "b", "c", "d"])).unwrap();
        assert_eq!(table.rows, 4);
        let all: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(all, ["a", "b", "c", "d"], "what no record has is missing in all");
        let ColumnValues::Numbers(numbers) = &table.columns[0].values else { panic!("expected numbers") };
        assert!(numbers[0] == 1.0 && numbers[1].is_nan() && numbers[2] == 2.5 && numbers[3].is_nan());
        let ColumnValues::Categories(words) = &table.columns[1].values else { panic!("expected words") };
        assert_eq!(*words, [Some("x"), None, Some("true"), Some("y")].map(|word| word.map(str::to_owned)));
        let ColumnValues::Categories(words) = &table.columns[2].values else { panic!("expected words") };
        assert_eq!(*words, [None, None, None, None]);
    }

    #[test]
    fn arrays_become_a_matrix() {
        assert_eq!(matrix("[[1, 2.5], [-3e2, 0]]", 2, 2), Ok(vec![1.0, 2.5, -300.0, 0.0]));
    }

    #[test]
    fn what_is_no_record_is_told_with_its_place() {
        let of_table = |json: &str| table(json, 1, names(&["a", "b"])).unwrap_err();
        for (json, fault) in [
            (
                "[{\"x\": 1}]",
                "records: expected columns of the training data, such as \"a\" and 1 more, found none of them",
            ),
            ("[[1]]", "record 1: expected an object with the columns of the training data, found an array"),
        ] {
            assert_eq!(of_table(json), Fault::Unsuitable(fault.to_owned()));
        }
        for (json, fault) in [
            (
                "[{\"a\": {}}]",
                "record 1, column \"a\": expected a number, a text, true, false or null, found an object",
            ),
            (
                "[{\"a\": 1e999}]",
                "record 1, column \"a\": expected a number, a text, true, false or null, found a number beyond 64 bits",
            ),
            ("[7]", "record 1: expected an object with the columns of the training data, found a number"),
            ("{}", "records: expected an array, found an object"),
        ] {
            assert_eq!(of_table(json), Fault::Malformed(fault.to_owned()));
        }
        for (json, fault) in [
            ("[[1, 2, 3]]", "record 1: expected an array of 2 numbers, as in training, found 3 numbers"),
            ("[{}]", "record 1: expected an array of 2 numbers, as in training, found an object"),
        ] {
            assert_eq!(matrix(json, 1, 2), Err(Fault::Unsuitable(fault.to_owned())));
        }
        assert_eq!(
            matrix("[[1, \"2\"]]", 1, 2),
            Err(Fault::Malformed("record 1: expected numbers, found a text".to_owned()))
        );
    }
}
