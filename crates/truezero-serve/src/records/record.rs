//! A record as it stands in JSON.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use utoipa::openapi::schema::{Array, Object, ObjectBuilder, OneOfBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The features of one example.
#[derive(Debug, PartialEq)]
pub(crate) enum Record {
    /// By name of the column.
    Columns(BTreeMap<String, Cell>),
    /// By position.
    Numbers(Vec<f64>),
}

/// What stands in a column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Missing,
    Number(f64),
    Flag(bool),
    Text(String),
}

impl PartialSchema for Record {
    fn schema() -> RefOr<Schema> {
        let types = [Type::Number, Type::Boolean, Type::String, Type::Null];
        let cell = ObjectBuilder::new().schema_type(SchemaType::from_iter(types));
        OneOfBuilder::new()
            .item(ObjectBuilder::new().additional_properties(Some(cell)))
            .item(Array::new(Object::with_type(Type::Number)))
            .into()
    }
}

impl ToSchema for Record {}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RecordVisitor)
    }
}

/// Reads either form as it comes: to try one after the other would take a copy.
struct RecordVisitor;

impl<'de> Visitor<'de> for RecordVisitor {
    type Value = Record;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with columns or an array of numbers")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Record, A::Error> {
        let mut columns = BTreeMap::new();
        while let Some((name, cell)) = entries.next_entry()? {
            columns.insert(name, cell);
        }
        Ok(Record::Columns(columns))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Record, A::Error> {
        let mut numbers = Vec::new();
        while let Some(number) = elements.next_element()? {
            numbers.push(number);
        }
        Ok(Record::Numbers(numbers))
    }
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CellVisitor)
    }
}

struct CellVisitor;

impl Visitor<'_> for CellVisitor {
    type Value = Cell;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, a text, true, false or null in a column")
    }

    fn visit_unit<E: Error>(self) -> Result<Cell, E> {
        Ok(Cell::Missing)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Cell, E> {
        Ok(Cell::Flag(flag))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Cell, E> {
        Ok(Cell::Number(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Cell, E> {
        Ok(Cell::Number(number as f64))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Cell, E> {
        Ok(Cell::Number(number as f64))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Cell, E> {
        Ok(Cell::Text(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_told_apart() {
        let read = |text: &str| serde_json::from_str::<Record>(text);
        assert_eq!(read("[1, 2.5, -3]").unwrap(), Record::Numbers(vec![1.0, 2.5, -3.0]));
        let Record::Columns(columns) = read(r#"{"a": 1, "b": null, "c": "x", "d": true}"#).unwrap() else {
            panic!("an object has columns");
        };
        let cells: Vec<Cell> = columns.into_values().collect();
        assert_eq!(cells, [Cell::Number(1.0), Cell::Missing, Cell::Text("x".to_owned()), Cell::Flag(true)]);
        for wrong in ["7", "null", "[null]", "[[1]]", r#"{"a": []}"#, r#"{"a": {}}"#] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
