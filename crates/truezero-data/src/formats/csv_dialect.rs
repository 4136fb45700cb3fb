//! How the cells of a text table are separated.

use std::path::Path;

use super::csv_record::{Record, Records};
use crate::budget::Budget;

/// Delimiters told by content, the likeliest first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Records looked at to tell the delimiter.
const SAMPLE: usize = 20;

/// The delimiter: a tab where the file's name ends in `.tsv`, else the one that splits the first records
/// into equally many cells, or at least the first of them into most.
pub(crate) fn delimiter(path: &Path, bytes: &[u8]) -> u8 {
    let is = |path: &Path, kind: &str| path.extension().is_some_and(|found| found.eq_ignore_ascii_case(kind));
    let unpacked = if is(path, "gz") { path.with_extension("") } else { path.to_owned() };
    if is(&unpacked, "tsv") {
        return b'\t';
    }
    // The first of equals wins: `max_by_key` would take the last.
    let mut best = (DELIMITERS[0], (false, 0, false));
    for delimiter in DELIMITERS {
        let score = score(delimiter, bytes);
        if score > best.1 {
            best = (delimiter, score);
        }
    }
    best.0
}

/// Whether a text looks like a table: some delimiter splits the first records, two or more, into equally many cells.
pub(crate) fn looks_like(path: &Path, bytes: &[u8]) -> bool {
    let (even_cells, ..) = score(delimiter(path, bytes), bytes);
    even_cells && bytes.trim_ascii_end().contains(&b'\n')
}

/// Whether it splits the first records into equally many cells; how many there are in the first; and, as
/// there may be one column only, whether at least it leaves them whole.
fn score(delimiter: u8, bytes: &[u8]) -> (bool, usize, bool) {
    let budget = Budget::new(Path::new(""), bytes.len() as u64);
    let mut records = Records::new(delimiter, bytes, true);
    let mut record = Record::default();
    let mut lengths = Vec::with_capacity(SAMPLE);
    while lengths.len() < SAMPLE {
        match records.read(&mut record, &budget) {
            Ok(true) => lengths.push(record.len()),
            Ok(false) => break,
            Err(_) => {
                // More cells than there may be, which is an error where they are read.
                lengths.push(usize::MAX);
                break;
            }
        }
    }
    let first = lengths.first().copied().unwrap_or(0);
    let even = lengths.iter().all(|&length| length == first);
    (even && first > 1, first, even)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_is_told_by_even_rows() {
        let told = |name: &str, text: &str| delimiter(Path::new(name), text.as_bytes()) as char;
        assert_eq!(told("a.csv", "a,b\n1,2\n"), ',');
        assert_eq!(told("a.csv", "a;b\n1,5;2\n"), ';');
        assert_eq!(told("a.csv", "a\tb\n1\t2\n"), '\t');
        assert_eq!(told("a.csv", "\"a;b\",c\n\"1;2;3\",4\n"), ',');
        assert_eq!(told("a.csv", "just\none\n"), ',');
        assert_eq!(told("a.csv", "review\nGood, I think\nBad\n"), ';', "one column, not two uneven ones");
        assert_eq!(told("a.csv", "a,b\n1,2\n1,2,3\n"), ',', "rows of unequal length, not one column");
        assert_eq!(told("a.tsv.gz", "a,b\n1,2\n"), '\t');
    }
}
