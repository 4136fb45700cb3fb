//! What the formats of tables share: options, names of columns, and telling targets from features.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::encoding::Encoding;
use super::evidence::{Evidence, Flaw, Verdict};
use crate::expected::made_up_name;
use crate::quote::{quoted, short};
use crate::{
    CellRules, Column, ColumnKind, ColumnValues, DataError, Expected, Features, Notice, Notices, Numbers,
    Places, Raw, RawTarget, SourceSpec, Table, Task,
};

/// No table may have more columns.
pub(crate) const MAX_COLUMNS: usize = 1 << 20;
/// An error lists this many columns, and says how many more there are.
const LISTED: usize = 20;
/// Most bytes of a name that are listed.
const SHOWN: usize = 100;
/// For a name that is not there so many are suggested …
const CLOSEST: usize = 3;
/// … whose likeness, from 0 to 1, is so great.
const CLOSE: f64 = 0.8;

/// How to read a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableOptions {
    /// The column to be learned, or several separated by commas.
    pub target: Option<String>,
    /// What is to be learned of the target; told by the targets if `None`.
    pub task: Option<Task>,
    /// Columns that are running text.
    pub text: Vec<String>,
    /// Columns to learn from; all if there are none.
    pub columns: Vec<String>,
    /// Columns not to learn from.
    pub ignore: Vec<String>,
    /// How cells are understood.
    pub cells: CellRules,
    /// Whether a text table has a header; told by its content if `None`.
    pub header: Option<bool>,
    /// What separates the cells of a text table; told by its content if `None`.
    pub delimiter: Option<u8>,
    /// What a text table is in; UTF-8, or what its first bytes say, if `None`.
    pub encoding: Option<Encoding>,
    /// What a model expects of the table it is used on: this alone is read, besides targets, and told by its kind.
    pub expected: Option<Arc<Expected>>,
    /// Collects what is told while the table is read.
    pub notices: Notices,
}

impl TableOptions {
    /// How a source's tables are to be read.
    pub(crate) fn of(spec: &SourceSpec) -> Self {
        let spec = spec.clone();
        Self {
            target: spec.target,
            task: spec.task,
            text: spec.text,
            columns: spec.columns,
            ignore: spec.ignore,
            cells: spec.cells,
            header: spec.header,
            delimiter: spec.delimiter,
            encoding: spec.encoding,
            expected: spec.expected,
            notices: spec.notices,
        }
    }

    /// The target columns: all of `target` if there is a column of that name, else its parts between
    /// commas.
    pub(crate) fn targets<'a>(&'a self, names: &[impl AsRef<str>]) -> Vec<&'a str> {
        let Some(target) = self.target.as_deref() else { return Vec::new() };
        if names.iter().any(|name| name.as_ref() == target) {
            return vec![target];
        }
        target.split(',').map(str::trim).collect()
    }

    /// Whether a column is asked for by name.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column == name)
    }

    /// How cells are understood: as in the training of the model that the table is for, if it is for one.
    pub(crate) fn cells_expected(&self) -> &CellRules {
        match self.expected.as_deref() {
            Some(Expected::Table { cells, .. }) => cells,
            _ => &self.cells,
        }
    }

    /// Whether a column, or one of those that a list of this name becomes, may be a target or learned from: others need
    /// not be of a type that can be read.
    pub(crate) fn may_use(&self, name: &str) -> bool {
        let of_list = |column: &str| column.strip_prefix(name).is_some_and(|rest| rest.starts_with('['));
        let same = |column: &str| column.trim() == name.trim() || of_list(column);
        if self.targets(&[name]).into_iter().any(same) {
            return true;
        }
        if let Some(Expected::Table { columns, .. }) = self.expected.as_deref() {
            return columns.iter().any(|(column, _)| same(column));
        }
        let ignored = self.ignore.iter().any(|column| column == name);
        !ignored && (self.columns.is_empty() || self.columns.iter().any(|column| same(column)))
    }

    /// Whether the model that the table is for was trained on other elements of the list of which this column is one.
    fn is_beyond_list(&self, name: &str) -> bool {
        let Some((list, _)) = name.strip_suffix(']').and_then(|name| name.rsplit_once('[')) else {
            return false;
        };
        let Some(Expected::Table { columns, .. }) = self.expected.as_deref() else { return false };
        columns.iter().any(|(column, _)| {
            column.strip_prefix(list).is_some_and(|rest| rest.starts_with('[') && rest.ends_with(']'))
        })
    }

    fn reads(&self, name: &str) -> bool {
        !self.ignore.iter().any(|column| column == name) && (self.columns.is_empty() || self.wants(name))
    }
}

/// What becomes of a column of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Skipped,
    Target(ColumnKind),
    Feature(ColumnKind),
}

/// What becomes of each column, told by its name and by what it was seen to hold. `unnamed` says which have no name where
/// others have; none if it is empty. Of several files, that of a cell is told.
pub(crate) fn roles(
    path: &Path,
    names: &[String],
    unnamed: &[bool],
    seen: &[Evidence],
    files: usize,
    options: &TableOptions,
) -> Result<Vec<Role>, DataError> {
    check_names(path, names, options)?;
    let targets = options.targets(names);
    let indices = indices(names, unnamed);
    let mut flaws = Vec::new();
    let (mut roles, mut beyond) = (Vec::with_capacity(names.len()), Vec::new());
    for (at, (name, seen)) in names.iter().zip(seen).enumerate() {
        let is_target = targets.contains(&name.as_str());
        let verdict = if is_target {
            seen.target(name, options.task)
        } else if let Some(expected @ Expected::Table { .. }) = options.expected.as_deref() {
            expected.kind(at, name).map_or(Verdict::Skipped, Verdict::Read)
        } else if !options.reads(name) {
            Verdict::Skipped
        } else if unnamed.get(at) == Some(&true) && seen.is_empty() && !options.wants(name) {
            // As a delimiter at the end of every line makes one.
            let message = "left out, as it has no name and no cell holds anything";
            Verdict::LeftOut(Notice::new(format!("column {}", at + 1), message))
        } else if indices[at] && !options.wants(name) {
            Verdict::LeftOut(index_notice(at, name, unnamed.get(at) == Some(&true)))
        } else if options.expected.is_some() {
            Verdict::Read(ColumnKind::Number)
        } else {
            seen.verdict(name, options)
        };
        if matches!(verdict, Verdict::Skipped) && options.is_beyond_list(name) {
            beyond.push(name.clone());
        }
        roles.push(match verdict {
            Verdict::Read(kind) if is_target => Role::Target(kind),
            Verdict::Read(kind) => Role::Feature(kind),
            Verdict::Skipped => Role::Skipped,
            Verdict::LeftOut(notice) => {
                options.notices.tell(notice);
                Role::Skipped
            }
            Verdict::Doubtful(notice, file) => {
                let place =
                    if files > 1 { format!("{}: {}", file.display(), notice.place) } else { notice.place };
                options.notices.tell(Notice { place, ..notice });
                let role = if is_target { Role::Target } else { Role::Feature };
                role(ColumnKind::Category)
            }
            Verdict::Unusable(flaw) => {
                flaws.push(flaw);
                Role::Skipped
            }
        });
    }
    if !beyond.is_empty() {
        let message =
            format!("left out, as the lists that the model was trained on end before: {}", listed(&beyond));
        options.notices.tell(Notice::new("columns", message));
    }
    match Flaw::error(&flaws) {
        None => Ok(roles),
        Some(error) => Err(error),
    }
}

/// Which columns are the index of a table from pandas: the first ones, as far as they have no name, or one that pandas made
/// up where it read such a table, and those that pandas names so in Parquet. If that were all columns, none is.
fn indices(names: &[String], unnamed: &[bool]) -> Vec<bool> {
    let first = names.iter().enumerate().take_while(|&(at, name)| {
        let made_up = name.strip_prefix("Unnamed: ").is_some_and(|rest| rest.starts_with(char::is_numeric));
        made_up || unnamed.get(at) == Some(&true)
    });
    let first = first.count();
    let indices: Vec<bool> =
        names.iter().enumerate().map(|(at, name)| at < first || is_index_level(name)).collect();
    if indices.iter().all(|&index| index) { vec![false; names.len()] } else { indices }
}

/// Whether pandas made the name up for an index without one.
pub(crate) fn is_index_level(name: &str) -> bool {
    name.starts_with("__index_level_") && name.ends_with("__")
}

fn index_notice(at: usize, name: &str, unnamed: bool) -> Notice {
    let place = match (unnamed, at) {
        (true, 0) => "first column".to_owned(),
        (true, at) => format!("column {}", at + 1),
        (false, _) => format!("column {name:?}"),
    };
    let why = if unnamed { "it has no name" } else { "pandas gives this name to a column without one" };
    let hint = format!("--columns with {name:?} among the columns takes it");
    Notice::new(place, format!("left out, as {why} and so is taken for an index")).hint(hint)
}

/// Demands that names are few enough and distinct, and that the columns asked for are among them.
fn check_names(path: &Path, names: &[String], options: &TableOptions) -> Result<(), DataError> {
    if names.len() > MAX_COLUMNS {
        let expected = format!("at most {MAX_COLUMNS} columns");
        return Err(DataError::malformed(path, "header", expected, names.len().to_string()));
    }
    if names.is_empty() {
        return Err(DataError::malformed(path, "header", "at least one column", "none"));
    }
    let mut seen = HashMap::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        let used = options.expected.as_ref().is_none_or(|expected| expected.kind(at, name).is_some());
        if let Some(first) = seen.insert(name.as_str(), at).filter(|_| used) {
            let found = format!("{name:?} twice, as columns {} and {}", first + 1, at + 1);
            return Err(DataError::malformed(path, "header", "distinct names of columns", found));
        }
    }
    if let Some(Expected::Table { columns, .. }) = options.expected.as_deref() {
        let there = |wanted: &str| {
            let kind = |(at, name): (usize, &String)| {
                options
                    .expected
                    .as_ref()
                    .is_some_and(|expected| expected.is_by_position() && made_up_name(at) == wanted)
                    || name.trim() == wanted.trim()
            };
            names.iter().enumerate().any(kind)
        };
        let missing: Vec<&str> =
            columns.iter().map(|(name, _)| name.as_str()).filter(|name| !there(name)).collect();
        if !missing.is_empty() {
            let (place, expected, found) = missing_columns(&missing, names);
            return Err(DataError::malformed(path, place, expected, found));
        }
    }
    let targets = options.targets(names).into_iter().map(|name| ("target", name));
    let texts = options.text.iter().map(|name| ("text column", name.as_str()));
    let columns = options.columns.iter().map(|name| ("column", name.as_str()));
    let ignored = options.ignore.iter().map(|name| ("ignored column", name.as_str()));
    for (kind, name) in targets.chain(texts).chain(columns).chain(ignored) {
        if !seen.contains_key(name) {
            let place = format!("{kind} {}", quoted(name));
            let expected = format!("one of the columns {}", listed(names));
            let found = format!("no column of that name{}", hint_for(name, names));
            return Err(DataError::malformed(path, place, expected, found));
        }
    }
    Ok(())
}

/// What may have been meant by the name of a column that is not there.
pub(crate) fn hint_for(name: &str, names: &[String]) -> String {
    let made_up = |(at, name): (usize, &String)| *name == made_up_name(at);
    if names.iter().enumerate().all(made_up) {
        return "\nhint: the first line is taken for data: --header=true takes it for the names".to_owned();
    }
    if names.len() > 1 && names.iter().enumerate().skip(1).all(made_up) {
        return "\nhint: the names are read from the first line, which seems to be a title: delete it"
            .to_owned();
    }
    let wanted = name.to_lowercase();
    let close = |name: &&String| strsim::jaro_winkler(&wanted, &name.to_lowercase());
    let mut closest: Vec<(f64, &String)> = names.iter().map(|name| (close(&name), name)).collect();
    closest.retain(|(close, _)| *close >= CLOSE);
    closest.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let quoted: Vec<String> = closest.iter().take(CLOSEST).map(|(_, name)| quoted(name)).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => format!("\nhint: the closest name is {one}"),
        several => format!("\nhint: the closest names are {}", several.join(", ")),
    }
}

/// That columns are missing on which a model was trained: where, what was expected and what was found.
pub(crate) fn missing_columns(missing: &[&str], names: &[String]) -> (&'static str, String, String) {
    let quoted: Vec<String> = missing.iter().take(LISTED).map(|name| quoted(name)).collect();
    let more = match missing.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let expected = format!("{}{more}, on which the model was trained", quoted.join(", "));
    ("columns", expected, format!("only {}", listed(names)))
}

/// The first names, separated by commas, and how many more there are.
pub(crate) fn listed(names: &[String]) -> String {
    let shown = names.iter().take(LISTED).map(|name| short(name, SHOWN)).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Tells the targets among the columns from the features. `written` is the target again, if it is one column of numbers of
/// which it is known how they are written.
pub(crate) fn finish(
    path: &Path,
    rows: usize,
    mut columns: Vec<Column>,
    written: Option<Numbers>,
    options: &TableOptions,
    places: Places,
) -> Result<Raw, DataError> {
    if rows == 0 {
        return Err(DataError::malformed(path, "table", "at least one example", "none"));
    }
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let mut targets: Vec<Column> = Vec::new();
    for name in options.targets(&names) {
        let at = columns.iter().position(|column| column.name == name).ok_or_else(|| {
            let expected = "distinct columns";
            DataError::malformed(path, format!("target {}", quoted(name)), expected, "the same column twice")
        })?;
        targets.push(columns.remove(at));
    }
    if columns.is_empty() {
        let found = match names.as_slice() {
            [] => "none".to_owned(),
            targets => format!("only the target {}", listed(targets)),
        };
        let hint = "hint: --columns, --ignore and the warnings tell which columns are left out";
        return Err(DataError::malformed(path, "columns", "one to learn from", format!("{found}\n{hint}")));
    }
    let targets_named = targets.iter().map(|column| column.name.clone()).collect();
    let missing = |row: usize, name: &str| {
        places.error(row, |row| format!("{row}, column {name:?}"), "a target", "a missing value")
    };
    let target = match targets.len() {
        0 => None,
        1 => targets.pop().map(|column| single(column, written, missing)).transpose()?,
        _ => Some(several(targets, rows, &places, missing)?),
    };
    Ok(Raw {
        features: Features::Table(Table {
            rows,
            columns,
            cells: options.cells.clone(),
            targets: targets_named,
            places,
        }),
        target,
        image: None,
    })
}

/// The target in one column.
fn single(
    column: Column,
    written: Option<Numbers>,
    missing: impl Fn(usize, &str) -> DataError,
) -> Result<RawTarget, DataError> {
    let name = column.name;
    Ok(match column.values {
        ColumnValues::Numbers(values) => match values.iter().position(|value| value.is_nan()) {
            None => RawTarget::Numbers(written.unwrap_or_else(|| values.into())),
            Some(row) => return Err(missing(row, &name)),
        },
        ColumnValues::Categories(words) => {
            let labels = words.into_iter().enumerate();
            let labels = labels.map(|(row, word)| word.ok_or_else(|| missing(row, &name)));
            RawTarget::Labels(labels.collect::<Result<_, _>>()?)
        }
        ColumnValues::Text(words) => match words.iter().position(String::is_empty) {
            None => RawTarget::Labels(words),
            Some(row) => return Err(missing(row, &name)),
        },
    })
}

/// The targets in several columns: numbers, or `true` and `false`.
fn several(
    targets: Vec<Column>,
    rows: usize,
    places: &Places,
    missing: impl Fn(usize, &str) -> DataError,
) -> Result<RawTarget, DataError> {
    let width = targets.len();
    let mut values = vec![0.0; rows * width];
    let mut names = Vec::with_capacity(width);
    for (at, column) in targets.into_iter().enumerate() {
        let name = column.name;
        let not_a_number = |row: usize, word: &str| {
            let place = |row: &str| format!("{row}, target {}", quoted(&name));
            places.error(row, place, "a number, as there are several targets", quoted(word))
        };
        let numbers = match column.values {
            ColumnValues::Numbers(numbers) => numbers,
            ColumnValues::Categories(words) => {
                let number = |(row, word): (usize, Option<String>)| match word.as_deref() {
                    None => Ok(f64::NAN),
                    Some(word) if word.eq_ignore_ascii_case("true") => Ok(1.0),
                    Some(word) if word.eq_ignore_ascii_case("false") => Ok(0.0),
                    Some(word) => Err(not_a_number(row, word)),
                };
                words.into_iter().enumerate().map(number).collect::<Result<_, _>>()?
            }
            ColumnValues::Text(words) => return Err(not_a_number(0, words.first().map_or("", |word| word))),
        };
        for (row, number) in numbers.into_iter().enumerate() {
            if number.is_nan() {
                return Err(missing(row, &name));
            }
            values[row * width + at] = number;
        }
        names.push(name);
    }
    Ok(RawTarget::Rows { width, values, names })
}
