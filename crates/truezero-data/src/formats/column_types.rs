//! Which columns of a Parquet or Arrow file a table is made of, and which are left out: those of types that are neither
//! numbers nor words, and the index that pandas writes beside the columns.

use std::collections::HashMap;
use std::path::Path;

use arrow_schema::{DataType, Schema};

use super::table::{MAX_COLUMNS, TableOptions, is_index_level, listed};
use crate::{DataError, Expected, Notice};

/// The key under which pandas describes a table, as JSON.
pub(crate) const PANDAS: &str = "pandas";

/// What the values of a column become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Numbers,
    Words,
    /// Lists of numbers.
    Lists,
}

impl Kind {
    /// What values of a type become, if that is anything.
    pub(crate) fn of(data_type: &DataType) -> Option<Self> {
        use DataType::{Boolean, Decimal32, Decimal64, Decimal128, Decimal256, Dictionary, Null};
        Some(match data_type {
            Null | Decimal32(..) | Decimal64(..) | Decimal128(..) | Decimal256(..) => Self::Numbers,
            number if number.is_integer() || number.is_floating() => Self::Numbers,
            Boolean => Self::Words,
            word if word.is_string() => Self::Words,
            Dictionary(_, values) => match Self::of(values)? {
                Self::Lists => return None,
                kind => kind,
            },
            DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
                match item.data_type() {
                    Null => return None,
                    item if Self::of(item)? == Self::Numbers => Self::Lists,
                    _ => return None,
                }
            }
            _ => return None,
        })
    }
}

/// What a type that nothing is made of is called.
fn described(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Date32 | DataType::Date64 => "dates",
        DataType::Timestamp(..) => "timestamps",
        DataType::Time32(_) | DataType::Time64(_) => "times",
        DataType::Duration(_) | DataType::Interval(_) => "durations",
        DataType::Struct(_) => "structures",
        DataType::Map(..) => "maps",
        kind if kind.is_binary() => "bytes",
        DataType::List(_)
        | DataType::LargeList(_)
        | DataType::FixedSizeList(..)
        | DataType::ListView(_)
        | DataType::LargeListView(_) => "lists of something else than numbers",
        _ => "values of another type",
    }
}

/// The places of the columns that a table is made of. Others that could be learned from are told, those that nobody wants
/// passed over.
///
/// # Errors
/// If there are too many columns, or one that is asked for is of a type that nothing is made of.
pub(crate) fn choose(
    path: &Path,
    schema: &Schema,
    pandas: Option<&str>,
    options: &TableOptions,
) -> Result<Vec<usize>, DataError> {
    let fields = schema.fields();
    if fields.len() > MAX_COLUMNS {
        let expected = format!("at most {MAX_COLUMNS} columns");
        return Err(DataError::malformed(path, "schema", expected, fields.len().to_string()));
    }
    let names: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
    let targets = options.targets(&names);
    let index: HashMap<String, Index> = pandas.map(index).unwrap_or_default();
    let mut chosen = Vec::new();
    let (mut unusable, mut indices) = (Vec::new(), Vec::new());
    for (at, field) in fields.iter().enumerate() {
        let name = field.name();
        if !options.may_use(name) {
            continue;
        }
        let expected = matches!(options.expected.as_deref(), Some(Expected::Table { .. }));
        let named = options.text.contains(name) || options.wants(name);
        let asked = targets.contains(&name.as_str()) || named || expected;
        match (Kind::of(field.data_type()), index.get(name)) {
            (Some(_), None) => chosen.push(at),
            (Some(_), Some(_)) if asked => chosen.push(at),
            (None, _) if asked => {
                let expected = "numbers, booleans, strings or lists of numbers";
                let found = described(field.data_type());
                return Err(DataError::malformed(path, format!("column {name:?}"), expected, found));
            }
            (_, Some(Index::Named)) => indices.push(name.clone()),
            (_, Some(Index::Unnamed)) => {}
            (None, None) => unusable.push(format!("{name} ({})", described(field.data_type()))),
        }
    }
    if !unusable.is_empty() {
        let message = format!("left out, as nothing is made of their types: {}", listed(&unusable));
        let hint = "write them as numbers or strings to learn from them";
        options.notices.tell(Notice::new("columns", message).hint(hint));
    }
    if !indices.is_empty() {
        let message = format!("left out, as it is the index of a pandas table: {}", listed(&indices));
        options.notices.tell(Notice::new("index", message).hint("reset_index() makes it a column"));
    }
    Ok(chosen)
}

/// An index of a pandas table among the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Index {
    Named,
    /// pandas made a name up.
    Unnamed,
}

/// The columns that are an index, by pandas' description of the table.
fn index(pandas: &str) -> HashMap<String, Index> {
    #[derive(serde::Deserialize)]
    struct Description {
        /// Names; where the index is a range and no column, an object.
        #[serde(default)]
        index_columns: Vec<serde_json::Value>,
    }
    let description: Option<Description> = serde_json::from_str(pandas).ok();
    let names = description.into_iter().flat_map(|description| description.index_columns);
    names
        .filter_map(|name| {
            let name = name.as_str()?.to_owned();
            let kind = if is_index_level(&name) { Index::Unnamed } else { Index::Named };
            Some((name, kind))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_schema::{Field, TimeUnit};

    use super::*;

    fn schema(columns: &[(&str, DataType)]) -> Schema {
        Schema::new(
            columns.iter().map(|(name, kind)| Field::new(*name, kind.clone(), true)).collect::<Vec<_>>(),
        )
    }

    #[test]
    fn columns_of_other_types_are_left_out_and_named_at_once() {
        let item = |kind: DataType| Arc::new(Field::new("item", kind, true));
        let schema = schema(&[
            ("day", DataType::Date32),
            ("price", DataType::Decimal128(10, 2)),
            ("when", DataType::Timestamp(TimeUnit::Second, None)),
            ("half", DataType::Float16),
            ("id", DataType::FixedSizeBinary(16)),
            ("words", DataType::List(item(DataType::Utf8))),
            ("nothings", DataType::List(item(DataType::Null))),
            ("pixels", DataType::FixedSizeList(item(DataType::UInt8), 4)),
            ("flag", DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Boolean))),
            ("pair", DataType::Struct(vec![Field::new("a", DataType::Int8, true)].into())),
        ]);
        let options = TableOptions::default();
        assert_eq!(choose(Path::new("t"), &schema, None, &options).unwrap(), [1, 3, 7, 8]);
        let told = options.notices.all();
        assert_eq!(
            told[0].message,
            "left out, as nothing is made of their types: day (dates), when (timestamps), id (bytes), words (lists \
             of something else than numbers), nothings (lists of something else than numbers), pair (structures)"
        );
        assert_eq!(told.len(), 1);
        let options = TableOptions { target: Some("when".to_owned()), ..TableOptions::default() };
        let error = choose(Path::new("t"), &schema, None, &options).unwrap_err().to_string();
        assert_eq!(
            error,
            "t: column \"when\": expected numbers, booleans, strings or lists of numbers, found timestamps"
        );
    }

    #[test]
    fn the_index_of_pandas_is_no_column_unless_it_is_asked_for() {
        let names = ["x", "customer", "__index_level_1__"];
        let schema = schema(&names.map(|name| (name, DataType::Int64)));
        let described = r#"{"index_columns": ["customer", "__index_level_1__"], "columns": []}"#;
        let options = TableOptions::default();
        assert_eq!(choose(Path::new("t"), &schema, Some(described), &options).unwrap(), [0]);
        let told: Vec<String> = options.notices.all().iter().map(|notice| notice.message.clone()).collect();
        assert_eq!(told, ["left out, as it is the index of a pandas table: customer"]);
        let options = TableOptions { target: Some("customer".to_owned()), ..TableOptions::default() };
        assert_eq!(choose(Path::new("t"), &schema, Some(described), &options).unwrap(), [0, 1]);
        let range = r#"{"index_columns": [{"kind": "range", "name": null, "start": 0}]}"#;
        for pandas in [None, Some(range), Some("{}"), Some("no JSON")] {
            let options = TableOptions::default();
            assert_eq!(choose(Path::new("t"), &schema, pandas, &options).unwrap(), [0, 1, 2], "{pandas:?}");
        }
    }
}
