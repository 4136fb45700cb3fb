//! Targets in a file of their own.

use std::path::Path;

use crate::budget::of_text;
use crate::formats::{idx, npy, npy_header};
use crate::read::Input;
use crate::{DataError, Notice, Notices, Numbers, RawTarget};

use super::foreign;

/// Bytes looked at to tell what a file is.
const START: usize = 1 << 10;

/// Reads the targets of so many examples: IDX, NPY, or text with one on each line (numbers if all of them are). Where there
/// is a line more than examples, and the first one alone is no number, that is a header.
pub(crate) fn read(path: &Path, examples: usize, notices: &Notices) -> Result<RawTarget, DataError> {
    parse(Input::open(path)?, examples, notices)
}

/// As [`read`], from an open file or bytes in memory.
pub(crate) fn parse(mut input: Input, examples: usize, notices: &Notices) -> Result<RawTarget, DataError> {
    let start = input.peek(START)?;
    if idx::matches(&start) {
        idx::read_labels(input)
    } else if start.starts_with(npy_header::MAGIC) {
        npy::read_labels(input)
    } else {
        foreign::refuse(input.path(), &start, "IDX, .npy or text with one label on each line")?;
        read_lines(input, examples, notices)
    }
}

fn read_lines(mut input: Input, examples: usize, notices: &Notices) -> Result<RawTarget, DataError> {
    let mut labels: Vec<String> = Vec::new();
    let (mut line, mut number, mut blank) = (Vec::new(), 0, None);
    while input.line(&mut line, number + 1)? {
        number += 1;
        let place = |number: usize| format!("line {number}");
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
            labels.push(label.to_owned());
        }
    }
    let parse = |label: &String| label.parse().ok().filter(|number: &f64| number.is_finite());
    let numbers_follow = || labels[1..].iter().all(|label| parse(label).is_some());
    if labels.len() == examples + 1 && parse(&labels[0]).is_none() && numbers_follow() {
        let header = labels.remove(0);
        let message =
            format!("{header:?} is taken for a header, as {examples} numbers follow for as many examples");
        notices.tell(Notice::new(format!("{}: line 1", input.path().display()), message));
    }
    let mut numbers = Numbers::default();
    for label in &labels {
        let Some(number) = parse(label) else { return Ok(RawTarget::Labels(labels)) };
        numbers.push(number, label);
    }
    Ok(RawTarget::Numbers(numbers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbers_if_all_of_them_are() {
        let read =
            |text: &str| read_lines(Input::from_bytes("test", text.as_bytes()), 2, &Notices::default());
        assert_eq!(read("1\n -2.5\r\n").unwrap(), RawTarget::Numbers(vec![1.0, -2.5].into()));
        assert_eq!(read("01\ncat").unwrap(), RawTarget::Labels(vec!["01".into(), "cat".into()]));
        let headed = read("label\n1\n2\n\n").unwrap();
        assert_eq!(headed, RawTarget::Numbers(vec![1.0, 2.0].into()), "a header, a blank end");
        assert_eq!(read("b\n1").unwrap(), RawTarget::Labels(vec!["b".into(), "1".into()]), "no header");
        let error = read("1\n\n2\n").unwrap_err().to_string();
        assert_eq!(error, "test: line 2: expected a label, found an empty line");
    }
}
