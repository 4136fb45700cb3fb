//! Targets in a file of their own.

use std::path::Path;

use crate::formats::{idx, npy, npy_header};
use crate::read::Input;
use crate::{DataError, Numbers, RawTarget};

/// Reads targets: IDX, NPY, or text with one on each line (numbers if all of them are).
pub(crate) fn read(path: &Path) -> Result<RawTarget, DataError> {
    let mut input = Input::open(path)?;
    let start = input.peek(8)?;
    if idx::matches(&start) {
        idx::read_labels(input)
    } else if start.starts_with(npy_header::MAGIC) {
        npy::read_labels(input)
    } else {
        read_lines(input)
    }
}

fn read_lines(mut input: Input) -> Result<RawTarget, DataError> {
    let mut target = RawTarget::Numbers(Numbers::default());
    let mut line = Vec::new();
    while input.line(&mut line, target.examples() + 1)? {
        let label = std::str::from_utf8(&line).map(str::trim).unwrap_or_default();
        if label.is_empty() {
            let place = format!("line {}", target.examples() + 1);
            let found = line.escape_ascii().take(40).map(char::from).collect::<String>();
            return Err(input.malformed(place, "a label in UTF-8", format!("\"{found}\"")));
        }
        match &mut target {
            RawTarget::Numbers(numbers) => match label.parse() {
                Ok(number) if f64::is_finite(number) => numbers.push(number, label),
                _ => {
                    let before = (0..numbers.values().len()).map(|row| numbers.label(row).into_owned());
                    target = RawTarget::Labels(before.chain([label.to_owned()]).collect());
                }
            },
            RawTarget::Labels(labels) => labels.push(label.to_owned()),
            RawTarget::Rows { .. } | RawTarget::Sets(_) => {}
        }
    }
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbers_if_all_of_them_are() {
        let read = |text: &str| read_lines(Input::from_bytes("test", text.as_bytes()));
        assert_eq!(read("1\n -2.5\r\n").unwrap(), RawTarget::Numbers(vec![1.0, -2.5].into()));
        assert_eq!(read("01\ncat").unwrap(), RawTarget::Labels(vec!["01".into(), "cat".into()]));
        let error = read("1\n\n2\n").unwrap_err().to_string();
        assert_eq!(error, "test: line 2: expected a label in UTF-8, found \"\"");
    }
}
