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
use crate::{CellRules, Column, ColumnValues, Decimal, Places, Table};

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
enum Cell<'a> {
    Missing,
    /// A number, and how it is written: that tells numbers apart that are the same in 64 bits.
    Number(f64, &'a str),
    Flag(bool),
    Text(String),
}

/// The number of records in an array, without keeping any.
///
/// # Errors
/// If this is no array.
pub fn count(json: &str) -> Result<usize, Fault> {
    let mut count = 0;
    each(ALL, json, &mut |_| {
        count += 1;
        Ok(())
    })?;
    Ok(count)
}

/// The wanted columns of `rows` records, for a model that reads cells by `cells`. What a record does not have is missing in
/// it, what is not wanted is passed over.
///
/// # Errors
/// A record that is no object, that has none of the columns or one of them twice, or a cell that is neither number, text,
/// true, false nor null.
pub fn table(json: &str, rows: usize, columns: Vec<String>, cells: &CellRules) -> Result<Table, Fault> {
    let positions: HashMap<&str, usize> = columns.iter().map(String::as_str).zip(0..).collect();
    let mut words = vec![vec![None; rows]; columns.len()];
    // For each column the number of the latest record that has it.
    let mut latest = vec![0; columns.len()];
    let mut row = 0;
    each(ALL, json, &mut |record| {
        row += 1;
        let place = || format!("record {row}");
        if !record.starts_with('{') {
            return Err(kind_of_record(&place(), "an object with the columns of the training data", record));
        }
        let mut given = false;
        let mut keep = |name: &str, value: &str| {
            let Some(&column) = positions.get(name) else { return Ok(()) };
            let wrong = |expected: &str, found: &str| {
                let place = format!("{}, column {}", place(), quoted(name));
                Fault::Malformed(format!("{place}: expected {expected}, found {found}"))
            };
            given = true;
            if std::mem::replace(&mut latest[column], row) == row {
                return Err(wrong("it once", "it twice"));
            }
            let cell = cell(value).map_err(|found| wrong("a number, a text, true, false or null", found))?;
            words[column][row - 1] = word(cell, cells);
            Ok(())
        };
        members(record, &mut keep)?;
        if given { Ok(()) } else { Err(without_columns(&place(), &columns)) }
    })?;
    let columns = columns.into_iter().zip(words);
    let columns = columns.map(|(name, words)| Column { name, values: ColumnValues::Categories(words) });
    Ok(Table { rows, columns: columns.collect(), places: Places::records(), ..Table::default() })
}

/// A record that has nothing that a model could predict from.
fn without_columns(place: &str, columns: &[String]) -> Fault {
    let (first, more) = (columns.first().map_or("", String::as_str), columns.len().saturating_sub(1));
    let expected = format!("columns of the training data, such as {}", quoted(first));
    let of_all = if more == 0 { String::new() } else { format!(" and {more} more") };
    Fault::Unsuitable(format!("{place}: expected {expected}{of_all}, found none of them"))
}

/// The numbers of `rows` records of `width` numbers each, row by row.
///
/// # Errors
/// A record that is no array of as many numbers.
pub fn matrix(json: &str, rows: usize, width: usize) -> Result<Vec<f64>, Fault> {
    let mut all = Vec::with_capacity(rows.saturating_mul(width));
    let mut row = 0;
    each(ALL, json, &mut |record| {
        row += 1;
        numbers(&format!("record {row}"), record, width, &mut all)
    })?;
    Ok(all)
}

/// Appends the numbers of one array.
///
/// # Errors
/// If `place` is no array of `width` numbers.
pub fn numbers(place: &str, json: &str, width: usize, all: &mut Vec<f64>) -> Result<(), Fault> {
    let expected = format!("an array of {width} numbers, as in training");
    if !json.trim_start().starts_with('[') {
        return Err(kind_of_record(place, &expected, json));
    }
    let mut length = 0;
    each(place, json, &mut |value| {
        length += 1;
        if length > width {
            return Ok(());
        }
        let wrong = |found| Err(Fault::Malformed(format!("{place}: expected numbers, found {found}")));
        match cell(value) {
            Ok(Cell::Number(number, _)) => all.push(number),
            Ok(_) => return wrong(kind(value)),
            Err(found) => return wrong(found),
        }
        Ok(())
    })?;
    if length == width {
        Ok(())
    } else {
        Err(Fault::Unsuitable(format!("{place}: expected {expected}, found {length} numbers")))
    }
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
fn cell(json: &str) -> Result<Cell<'_>, &'static str> {
    match json.as_bytes().first() {
        Some(b'"') => serde_json::from_str(json).map(Cell::Text).map_err(|_| "a text that is no Unicode"),
        Some(b'n') => Ok(Cell::Missing),
        Some(b't') => Ok(Cell::Flag(true)),
        Some(b'f') => Ok(Cell::Flag(false)),
        Some(b'[' | b'{') => Err(kind(json)),
        _ => match serde_json::from_str(json) {
            Ok(number) => Ok(Cell::Number(number, json)),
            Err(_) => Err("a number beyond 64 bits"),
        },
    }
}

/// A cell as it would be written in a table that is read by the same rules.
fn word(cell: Cell<'_>, cells: &CellRules) -> Option<String> {
    match cell {
        Cell::Number(_, written) if cells.decimal == Decimal::Comma => Some(written.replace('.', ",")),
        Cell::Number(_, written) => Some(written.to_owned()),
        Cell::Flag(flag) => Some(flag.to_string()),
        Cell::Text(text) => Some(text).filter(|text| !text.is_empty()),
        Cell::Missing => None,
    }
}

/// What all records together are called.
const ALL: &str = "records";

/// Calls `each` with the JSON of every element of the array at `place`.
fn each(place: &str, json: &str, each: &mut dyn FnMut(&str) -> Result<(), Fault>) -> Result<(), Fault> {
    if !json.trim_start().starts_with('[') {
        return Err(Fault::Malformed(format!("{place}: expected an array, found {}", kind(json))));
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
        let table = table(json, 4, names(&["a", "b", "c", "d"]), &CellRules::default()).unwrap();
        assert_eq!(table.rows, 4);
        let all: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(all, ["a", "b", "c", "d"], "what no record has is missing in all");
        let words = |column: usize| match &table.columns[column].values {
            ColumnValues::Categories(words) => words.iter().map(Option::as_deref).collect::<Vec<_>>(),
            other => panic!("expected words, found {other:?}"),
        };
        assert_eq!(words(0), [Some("1"), None, Some("2.5"), None]);
        assert_eq!(words(1), [Some("x"), None, Some("true"), Some("y")]);
        assert_eq!(words(2), [None, None, None, None]);
    }

    #[test]
    fn numbers_keep_their_spelling() {
        let json = "[{\"a\": 9007199254740993}, {\"a\": 1984.0}, {\"a\": -1.5E3}]";
        for (decimal, expected) in [
            (Decimal::Unsaid, ["9007199254740993", "1984.0", "-1.5E3"]),
            (Decimal::Comma, ["9007199254740993", "1984,0", "-1,5E3"]),
        ] {
            let cells = CellRules { decimal, ..CellRules::default() };
            let table = table(json, 3, names(&["a"]), &cells).unwrap();
            let ColumnValues::Categories(words) = &table.columns[0].values else { panic!("expected words") };
            assert_eq!(*words, expected.map(|word| Some(word.to_owned())));
        }
    }

    #[test]
    fn each_record_has_a_column_and_each_column_once() {
        let refused = |json: &str| table(json, 2, names(&["a", "b"]), &CellRules::default()).unwrap_err();
        for without in ["{}", "{\"x\": 1}"] {
            let fault = "record 2: expected columns of the training data, such as \"a\" and 1 more, found none of them";
            assert_eq!(
                refused(&format!("[{{\"b\": null}}, {without}]")),
                Fault::Unsuitable(fault.to_owned()),
                "{without}"
            );
        }
        for twice in ["\"a\": 1, \"a\": 1", "\"a\": null, \"b\": 1, \"\\u0061\": 1"] {
            let fault = "record 2, column \"a\": expected it once, found it twice";
            assert_eq!(
                refused(&format!("[{{\"a\": 1, \"x\": 1, \"x\": 1}}, {{{twice}}}]")),
                Fault::Malformed(fault.to_owned()),
                "{twice}"
            );
        }
    }

    #[test]
    fn arrays_become_a_matrix() {
        assert_eq!(matrix("[[1, 2.5], [-3e2, 0]]", 2, 2), Ok(vec![1.0, 2.5, -300.0, 0.0]));
    }

    #[test]
    fn what_is_no_record_is_told_with_its_place() {
        let of_table = |json: &str| table(json, 1, names(&["a", "b"]), &CellRules::default()).unwrap_err();
        for (json, fault) in [
            (
                "[{\"x\": 1}]",
                "record 1: expected columns of the training data, such as \"a\" and 1 more, found none of them",
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
        assert_eq!(
            matrix("[[1e400]]", 1, 2),
            Err(Fault::Malformed("record 1: expected numbers, found a number beyond 64 bits".to_owned()))
        );
    }
}
