//! How the cells of a text table are separated.

use std::path::Path;

use super::csv_record::{Record, Records};
use super::table::TableOptions;
use crate::DataError;
use crate::budget::Budget;
use crate::quote::quoted;

/// Delimiters told by content, the likeliest first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Records looked at to tell the delimiter.
const SAMPLE: usize = 20;
/// Bytes in which they are looked for.
const SAMPLE_BYTES: usize = 1 << 25;
/// Bytes that are kept of a cell.
const SHOWN: usize = 1 << 10;
/// What a first line that names the delimiter begins with.
const SEPARATOR: &[u8] = b"sep=";
/// No more records are taken for what stands above a table.
const MAX_ABOVE: usize = 10;

/// What a text begins with says, and what its first rows look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) delimiter: u8,
    /// Length of the first line, if it is none of the table but names the delimiter, in bytes.
    pub(crate) skip: usize,
}

impl Dialect {
    /// The delimiter is what is asked for; else what the first line says, as Excel understands it (`sep=;`); else told by
    /// the first rows.
    ///
    /// # Errors
    /// If there is something above the table.
    pub(crate) fn of(path: &Path, bytes: &[u8], options: &TableOptions) -> Result<Self, DataError> {
        let (said, skip) = separator_line(bytes);
        let bytes = &bytes[skip..];
        let delimiter = if let Some(delimiter) = options.delimiter.or(said) {
            delimiter
        } else if let Some(above) = above(path, bytes) {
            return Err(above);
        } else {
            delimiter(path, bytes)
        };
        Ok(Self { delimiter, skip })
    }
}

/// The delimiter that a first line names, and the length of that line.
fn separator_line(bytes: &[u8]) -> (Option<u8>, usize) {
    let end = bytes.iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |end| end + 1);
    let line = bytes[..end].trim_ascii_end();
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    let said = line.split_at_checked(SEPARATOR.len());
    match said.filter(|(name, _)| name.eq_ignore_ascii_case(SEPARATOR)) {
        Some((_, &[delimiter])) if delimiter.is_ascii() => (Some(delimiter), end),
        // The tab was trimmed.
        Some((_, b"" | b"\\t")) => (Some(b'\t'), end),
        _ => (None, 0),
    }
}

/// Lines of comments, or a title, above a table: rows that follow have equally many cells, those above them one each. As a
/// first row of one cell can also be the name of the only column, which holds commas, a title is told by three cells.
fn above(path: &Path, bytes: &[u8]) -> Option<DataError> {
    if DELIMITERS.iter().any(|&delimiter| matches!(score(delimiter, bytes), (true, ..))) {
        return None;
    }
    let comments = bytes.starts_with(b"#");
    let table = |delimiter: u8| {
        let records = sample(delimiter, bytes);
        let cells = records.last().map_or(0, |record| record.cells);
        let below = records.iter().rev().take_while(|record| record.cells == cells).count();
        let above = records.len() - below;
        let is_table =
            cells >= if comments { 2 } else { 3 } && below >= 2 && (1..=MAX_ABOVE).contains(&above);
        let alone = |record: &Sampled| comments && record.first.starts_with(b"#") || record.cells == 1;
        (is_table && records[..above].iter().all(alone))
            .then(|| (records[above].line, cells, records[0].first.clone()))
    };
    let (line, cells, first) = DELIMITERS.into_iter().find_map(table)?;
    let what = if comments { "a comment" } else { "a title" };
    let text = String::from_utf8_lossy(&first);
    let found = format!(
        "{what}: {}\nhint: the table begins on line {line}: delete the lines above it, as in tail -n +{line} {} > table.csv",
        quoted(&text),
        path.display()
    );
    Some(DataError::malformed(path, "line 1", format!("the first of the rows of {cells} cells"), found))
}

/// A record as far as it tells how a text is separated.
struct Sampled {
    /// The line on which it begins.
    line: u64,
    /// How many there are; one with more than a table may have ends the sample.
    cells: usize,
    /// The beginning of the first of them.
    first: Vec<u8>,
}

/// The first records.
fn sample(delimiter: u8, bytes: &[u8]) -> Vec<Sampled> {
    let budget = Budget::new(Path::new(""), bytes.len() as u64);
    let whole = bytes.len() <= SAMPLE_BYTES;
    let mut records = Records::new(delimiter, &bytes[..bytes.len().min(SAMPLE_BYTES)], whole);
    let mut sampled = Vec::with_capacity(SAMPLE);
    let mut record = Record::default();
    while sampled.len() < SAMPLE {
        let read = records.read(&mut record, &budget);
        if read.as_ref().is_ok_and(|found| !found) {
            break;
        }
        let line = record.start().line_in(bytes);
        let first = record.cells().next().unwrap_or_default();
        let first = first[..first.len().min(SHOWN)].to_vec();
        sampled.push(Sampled { line, cells: if read.is_ok() { record.len() } else { usize::MAX }, first });
        if read.is_err() {
            break;
        }
    }
    sampled
}

/// The delimiter: a tab where the file's name ends in `.tsv`, else the one that splits the first records
/// into equally many cells, or at least the first of them into most.
fn delimiter(path: &Path, bytes: &[u8]) -> u8 {
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

/// Whether a text looks like a table: some delimiter splits the first records, two or more, into equally many cells. There
/// may be something above them.
pub(crate) fn looks_like(path: &Path, bytes: &[u8]) -> bool {
    match Dialect::of(path, bytes, &TableOptions::default()) {
        Err(_) => true,
        Ok(Dialect { delimiter, skip }) => {
            let (even_cells, ..) = score(delimiter, &bytes[skip..]);
            even_cells && bytes[skip..].trim_ascii_end().contains(&b'\n')
        }
    }
}

/// Whether it splits the first records into equally many cells; how many there are in the first; and, as
/// there may be one column only, whether at least it leaves them whole.
fn score(delimiter: u8, bytes: &[u8]) -> (bool, usize, bool) {
    let records = sample(delimiter, bytes);
    let first = records.first().map_or(0, |record| record.cells);
    let even = records.iter().all(|record| record.cells == first);
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

    #[test]
    fn a_first_line_can_name_the_delimiter() {
        let told = |text: &str| {
            let Dialect { delimiter, skip } =
                Dialect::of(Path::new("a.csv"), text.as_bytes(), &TableOptions::default()).unwrap();
            (delimiter as char, text[skip..].to_owned())
        };
        let expected = |delimiter: char, table: &str| (delimiter, table.to_owned());
        assert_eq!(told("sep=;\na;b\n1,5;2\n"), expected(';', "a;b\n1,5;2\n"));
        assert_eq!(told("\"SEP=|\"\r\na|b\r\n"), expected('|', "a|b\r\n"));
        assert_eq!(told("sep=\t\na\tb\n"), expected('\t', "a\tb\n"));
        assert_eq!(told("sep=,"), expected(',', ""));
        assert_eq!(told("sep=ab,c\n1,2\n"), expected(',', "sep=ab,c\n1,2\n"));
    }

    #[test]
    fn what_stands_above_a_table_is_told() {
        let error = |text: &str| {
            let told = Dialect::of(Path::new("a.csv"), text.as_bytes(), &TableOptions::default());
            told.err().map(|error| error.to_string())
        };
        for (text, what, line, cells) in [
            ("# by me\n# x, y, z, u, v\nx,y\n1,2\n3,4\n", "a comment: \"# by me\"", 3, 2),
            ("Sales, all\n\nx;y;z\n1;2;3\n4;5;6\n", "a title: \"Sales, all\"", 3, 3),
        ] {
            let expected = format!(
                "a.csv: line 1: expected the first of the rows of {cells} cells, found {what}\nhint: the table begins on line \
                 {line}: delete the lines above it, as in tail -n +{line} a.csv > table.csv"
            );
            assert_eq!(error(text), Some(expected));
        }
        for table in
            ["#x,y\n1,2\n3,4\n", "name\nDoe, John\nRoe, Jane\n", "a,b\n1,2\n1,2,3\n", "a\n1\n", "", "#"]
        {
            assert_eq!(error(table), None, "{table}");
        }
    }
}
