//! Where the rows of a table stand in files, as errors tell it.

use std::path::{Path, PathBuf};

use crate::DataError;

/// Where each row of a table comes from: a line of a text, a row of another file, a record of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// What the rows came from one after the other; rows that come from nowhere are counted from 1.
    parts: Vec<Part>,
}

/// Rows that come from one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    /// The place of its first row in the table.
    first: usize,
    file: Option<PathBuf>,
    within: Within,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Within {
    /// Rows of a file, of which so many come before.
    Rows { before: usize },
    /// Records of a request.
    Records,
    /// Lines of a text.
    Lines(Lines),
}

/// On which line each row of a text begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lines {
    rows: usize,
    /// Rows that do not begin on the line after that on which the row before them does, and their lines. The first is one.
    jumps: Vec<(usize, u64)>,
}

impl Lines {
    /// The next row begins on this line.
    pub(crate) fn push(&mut self, line: u64) {
        let follows = self.jumps.last().is_some_and(|&(row, at)| at + (self.rows - row) as u64 == line);
        if !follows {
            self.jumps.push((self.rows, line));
        }
        self.rows += 1;
    }

    fn line(&self, row: usize) -> u64 {
        let after = self.jumps.partition_point(|&(jump, _)| jump <= row);
        after.checked_sub(1).map_or(0, |at| self.jumps[at].1 + (row - self.jumps[at].0) as u64)
    }
}

impl Places {
    /// Records of a request.
    pub(crate) fn records() -> Self {
        Self { parts: vec![Part { first: 0, file: None, within: Within::Records }] }
    }

    /// Rows of a file, of which so many come before.
    pub(crate) fn rows(file: &Path, before: usize) -> Self {
        let within = Within::Rows { before };
        Self { parts: vec![Part { first: 0, file: Some(file.to_owned()), within }] }
    }

    /// Lines of a text.
    pub(crate) fn lines(file: &Path, lines: Lines) -> Self {
        Self { parts: vec![Part { first: 0, file: Some(file.to_owned()), within: Within::Lines(lines) }] }
    }

    /// Adds those of rows that follow, `rows` being there already.
    pub(crate) fn append(&mut self, rows: usize, others: Self) {
        let moved = others.parts.into_iter().map(|part| Part { first: part.first + rows, ..part });
        self.parts.extend(moved);
    }

    fn part(&self, row: usize) -> Option<&Part> {
        self.parts.iter().rev().find(|part| part.first <= row)
    }

    /// The place of a row, without the file: "line 7", "row 6", "record 6".
    pub(crate) fn name(&self, row: usize) -> String {
        let Some(part) = self.part(row) else { return format!("row {}", row + 1) };
        let at = row - part.first;
        match &part.within {
            Within::Rows { before } => format!("row {}", before + at + 1),
            Within::Records => format!("record {}", at + 1),
            Within::Lines(lines) => format!("line {}", lines.line(at)),
        }
    }

    /// An error about a row; `place` makes the place of it from its [name](Self::name).
    pub(crate) fn error(
        &self,
        row: usize,
        place: impl FnOnce(&str) -> String,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> DataError {
        let place = place(&self.name(row));
        match self.part(row).and_then(|part| part.file.as_deref()) {
            Some(file) => DataError::malformed(file, place, expected, found),
            None => DataError::unsuitable(place, expected, found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_told_by_the_lines_on_which_they_begin() {
        let mut lines = Lines::default();
        // A header, a cell of three lines, an empty line.
        [2, 3, 6, 7, 9, 10].iter().for_each(|&line| lines.push(line));
        assert_eq!(lines.jumps.len(), 3);
        let mut places = Places::lines(Path::new("a.csv"), lines);
        places.append(6, Places::rows(Path::new("b.parquet"), 100));
        let names: Vec<String> = (0..8).map(|row| places.name(row)).collect();
        let expected = ["line 2", "line 3", "line 6", "line 7", "line 9", "line 10", "row 101", "row 102"];
        assert_eq!(names, expected);
        let error =
            |row: usize| places.error(row, |name| format!("{name}, column \"x\""), "1", "2").to_string();
        assert_eq!(error(2), "a.csv: line 6, column \"x\": expected 1, found 2");
        assert_eq!(error(7), "b.parquet: row 102, column \"x\": expected 1, found 2");
        assert_eq!(
            Places::records().error(1, str::to_owned, "1", "2").to_string(),
            "record 2: expected 1, found 2"
        );
        assert_eq!(Places::default().name(2), "row 3");
    }
}
