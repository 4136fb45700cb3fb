//! Targets in a file of their own.

use std::borrow::Cow;
use std::path::Path;

use crate::budget::of_text;
use crate::cell::Cell;
use crate::formats::evidence::{Evidence, Found, Verdict};
use crate::formats::{idx, npy, npy_header};
use crate::quote::quoted;
use crate::read::Input;
use crate::{ColumnKind, DataError, Notice, Numbers, RawTarget, SourceSpec};

use super::foreign;

/// Bytes looked at to tell what a file is.
const START: usize = 1 << 10;

/// Reads the targets of so many examples: IDX, NPY, or text with one on each line, understood as the cells of a target column
/// are. Where there is a line more than examples, and the first one alone is no number, that is a header.
pub(crate) fn read(path: &Path, examples: usize, spec: &SourceSpec) -> Result<RawTarget, DataError> {
    parse(Input::open(path)?, examples, spec)
}

/// As [`read`], from an open file or bytes in memory.
pub(crate) fn parse(mut input: Input, examples: usize, spec: &SourceSpec) -> Result<RawTarget, DataError> {
    let start = input.peek(START)?;
    if idx::matches(&start) {
        idx::read_labels(input)
    } else if start.starts_with(npy_header::MAGIC) {
        npy::read_labels(input)
    } else {
        foreign::refuse(input.path(), &start, "IDX, .npy or text with one label on each line")?;
        read_lines(input, examples, spec)
    }
}

fn read_lines(mut input: Input, examples: usize, spec: &SourceSpec) -> Result<RawTarget, DataError> {
    let mut labels: Vec<String> = Vec::new();
    let (mut line, mut number, mut blank) = (Vec::new(), 0, None);
    while input.line(&mut line, number + 1)? {
        number += 1;
        let Ok(label) = std::str::from_utf8(&line).map(str::trim) else {
            let found = line.escape_ascii().take(40).map(char::from).collect::<String>();
            return Err(input.malformed(place(number), "a label in UTF-8", format!("\"{found}\"")));
        };
        if label.is_empty() {
            blank = blank.or(Some(number));
        } else if let Some(blank) = blank {
            // Only at the end a blank line is no example without a label.
            return Err(input.malformed(place(blank), "a label", "an empty line"));
        } else {
            // As a text, and perhaps as a number.
            let bytes = of_text(label.len()) + size_of::<f64>() as u64;
            input.budget().take(bytes, || place(number))?;
            labels.push(unquoted(label).trim().to_owned());
        }
    }
    let is_number = |label: &String| matches!(spec.cells.cell(label), Cell::Number(..));
    let numbers_follow = || labels[1..].iter().all(is_number);
    let mut first_line = 1;
    if labels.len() == examples + 1 && !is_number(&labels[0]) && numbers_follow() {
        let header = labels.remove(0);
        first_line = 2;
        let message =
            format!("{header:?} is taken for a header, as {examples} numbers follow for as many examples");
        spec.notices.tell(Notice::new(format!("{}: line 1", input.path().display()), message));
    }
    let place = |row: usize| place(first_line + row);
    let mut seen = Evidence::default();
    for (row, label) in labels.iter().enumerate() {
        seen.add(&spec.cells, label, |text| Found::new(input.path(), place(row), text));
    }
    let kind = match seen.target("label", spec.task) {
        Verdict::Read(kind) => kind,
        Verdict::Doubtful(notice, _) => {
            spec.notices.tell(notice);
            ColumnKind::Category
        }
        Verdict::Unusable(flaw) => return Err(flaw.alone()),
        Verdict::Skipped | Verdict::LeftOut(_) => unreachable!("verdicts on features"),
    };
    let missing =
        |row: usize| input.malformed(place(row), "a label", format!("a missing value, {:?}", labels[row]));
    if kind != ColumnKind::Number {
        return match labels.iter().position(|label| spec.cells.cell(label) == Cell::Missing) {
            Some(row) => Err(missing(row)),
            None => Ok(RawTarget::Labels(labels)),
        };
    }
    let mut numbers = Numbers::default();
    for (row, label) in labels.iter().enumerate() {
        match spec.cells.number(label) {
            Ok(number) if number.is_nan() => return Err(missing(row)),
            Ok(number) => numbers.push(number, label),
            Err(expected) => return Err(input.malformed(place(row), expected, quoted(label))),
        }
    }
    Ok(RawTarget::Numbers(numbers))
}

fn place(line: usize) -> String {
    format!("line {line}")
}

/// Without the quotation marks that a cell of a text table may have around it.
fn unquoted(label: &str) -> Cow<'_, str> {
    match label.strip_prefix('"').and_then(|label| label.strip_suffix('"')) {
        Some(inner) => Cow::Owned(inner.replace("\"\"", "\"")),
        None => Cow::Borrowed(label),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbers_if_all_of_them_are() {
        let read =
            |text: &str| read_lines(Input::from_bytes("test", text.as_bytes()), 2, &SourceSpec::default());
        assert_eq!(read("1\n -2.5\r\n").unwrap(), RawTarget::Numbers(vec![1.0, -2.5].into()));
        assert_eq!(read("01\ncat").unwrap(), RawTarget::Labels(vec!["01".into(), "cat".into()]));
        let headed = read("label\n1\n2\n\n").unwrap();
        assert_eq!(headed, RawTarget::Numbers(vec![1.0, 2.0].into()), "a header, a blank end");
        assert_eq!(read("b\n1").unwrap(), RawTarget::Labels(vec!["b".into(), "1".into()]), "no header");
        let quoted = read("\"a \"\"b\"\"\"\n\"7\"\n").unwrap();
        assert_eq!(quoted, RawTarget::Labels(vec!["a \"b\"".into(), "7".into()]), "as cells");
        let error = read("a\nNA\n").unwrap_err().to_string();
        assert_eq!(error, "test: line 2: expected a label, found a missing value, \"NA\"");
        let error = read("\"3,14\"\n\"2,5\"\n").unwrap_err().to_string();
        assert!(error.starts_with("test: line 1, column \"label\": expected a number with"), "{error}");
        let error = read("1\n\n2\n").unwrap_err().to_string();
        assert_eq!(error, "test: line 2: expected a label, found an empty line");
    }
}
