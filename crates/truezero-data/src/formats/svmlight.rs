//! svmlight and LIBSVM text: on each line a target (or several labels joined by commas), perhaps
//! `qid:…`, then `index:value` pairs, perhaps `# a comment`.
//!
//! Read line by line; a matrix takes 8 bytes for each non-zero, 12 where 32 bits do not hold its numbers, and
//! nothing else.

use super::DENSE_FROM;
use crate::read::Input;
use crate::wide::Numbers;
use crate::{DataError, Features, Raw, RawTarget};

/// How an svmlight file counts its columns, which the file itself does not say. Found in the training
/// file and given again for later files, so that a column keeps its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Numbering {
    /// The index of the first column: 0 or 1.
    pub first: u32,
    /// Number of columns.
    pub width: usize,
}

/// Reads examples and targets. Without a known `numbering`, the first column is 1 if no index is 0, as
/// scikit-learn guesses, and the largest index is the last column; with one, indices beyond its width
/// are left out, as liblinear does: the model has never seen them.
///
/// # Errors
/// If a line is not as above, an index stands twice in it or does not fit 32 bits, or a number is not
/// finite; the line is named.
pub fn read(input: Input, numbering: Option<Numbering>) -> Result<(Raw, Numbering), DataError> {
    let mut lines = Lines::new(input);
    let block = lines.block(usize::MAX, false)?;
    let numbering = numbering.unwrap_or_else(|| block.guess());
    let mut raw = block.raw(&lines.input, numbering)?;
    let dense = is_dense(raw.features.active(), raw.examples(), numbering);
    raw.features = raw.features.in_form(dense);
    Ok((raw, numbering))
}

/// Whether so many values are not zero that all are kept, as those of other formats are.
pub(crate) fn is_dense(active: usize, examples: usize, numbering: Numbering) -> bool {
    let all = examples as f64 * numbering.width as f64;
    all > 0.0 && active as f64 >= DENSE_FROM * all
}

/// A file read block by block.
pub(crate) struct Lines<'a> {
    input: Input<'a>,
    line: Vec<u8>,
    /// Lines read so far.
    number: usize,
}

/// Some examples.
pub(crate) struct Block {
    rows: Rows,
    targets: Targets,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(input: Input<'a>) -> Self {
        Self { input, line: Vec::new(), number: 0 }
    }

    /// The next examples, up to `values` active values or a row more; empty at the end. `sets` says that examples
    /// have sets of labels, even if these do not look so.
    pub(crate) fn block(&mut self, values: usize, sets: bool) -> Result<Block, DataError> {
        let targets = if sets { Targets::Sets(Vec::new()) } else { Targets::Numbers(Vec::new()) };
        let mut block = Block { rows: Rows { offsets: vec![0], ..Rows::default() }, targets };
        while block.rows.indices.len() + block.rows.offsets.len() <= values
            && self.input.line(&mut self.line, self.number + 1)?
        {
            self.number += 1;
            parse_line(&self.line, &mut block.rows, &mut block.targets).map_err(|wrong| {
                let found = format!("{:?}", wrong.found);
                self.input.malformed(format!("line {}", self.number), wrong.expected, found)
            })?;
        }
        Ok(block)
    }

    /// A block as examples.
    pub(crate) fn raw(&self, block: Block, numbering: Numbering) -> Result<Raw, DataError> {
        block.raw(&self.input, numbering)
    }
}

impl Block {
    pub(crate) fn examples(&self) -> usize {
        self.rows.offsets.len() - 1
    }

    /// Values that are given.
    pub(crate) fn active(&self) -> usize {
        self.rows.indices.len()
    }

    /// Least and greatest index.
    pub(crate) fn range(&self) -> Option<(u32, u32)> {
        self.rows.smallest.zip(self.rows.largest)
    }

    /// Whether examples have sets of labels.
    pub(crate) fn has_sets(&self) -> bool {
        matches!(self.targets, Targets::Sets(_))
    }

    fn guess(&self) -> Numbering {
        Numbering::guess(self.range())
    }

    fn raw(self, input: &Input, numbering: Numbering) -> Result<Raw, DataError> {
        if self.rows.smallest.is_some_and(|index| index < numbering.first) {
            return Err(input.malformed("columns", "indices from 1 on, as in training", "index 0"));
        }
        let features = self.rows.number(numbering);
        let features = features.map_err(|error| input.malformed("columns", "a matrix", error))?;
        Ok(Raw { features, target: Some(self.targets.into()), image: None })
    }
}

impl Numbering {
    /// Of a file with these least and greatest indices: the first column is 1 if no index is 0, as scikit-learn guesses.
    pub(crate) fn guess(range: Option<(u32, u32)>) -> Self {
        let first = u32::from(range.is_some_and(|(smallest, _)| smallest > 0));
        Self { first, width: range.map_or(0, |(_, largest)| (largest - first) as usize + 1) }
    }
}

/// Entries as they stand in the file.
#[derive(Default)]
struct Rows {
    offsets: Vec<usize>,
    indices: Vec<u32>,
    values: Numbers,
    smallest: Option<u32>,
    largest: Option<u32>,
}

impl Rows {
    /// A row ends: its indices are put in order. The index that stands twice, if one does.
    fn end(&mut self) -> Option<u32> {
        let start = self.offsets[self.offsets.len() - 1];
        let row = &mut self.indices[start..];
        if !row.is_sorted_by(|a, b| a < b) {
            let pairs = row.iter().enumerate().map(|(at, &index)| (index, self.values.get(start + at)));
            let mut pairs: Vec<_> = pairs.collect();
            pairs.sort_by_key(|&(index, _)| index);
            self.values.truncate(start);
            for (to, (index, value)) in row.iter_mut().zip(pairs) {
                *to = index;
                self.values.push(value);
            }
        }
        let twice = row.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
        self.smallest = self.smallest.into_iter().chain(row.first().copied()).min();
        self.largest = self.largest.max(row.last().copied());
        self.offsets.push(self.indices.len());
        twice
    }

    fn number(mut self, Numbering { first, width }: Numbering) -> Result<Features, String> {
        if first > 0 {
            self.indices.iter_mut().for_each(|index| *index -= first);
        }
        if self.largest.is_some_and(|largest| (largest - first) as usize >= width) {
            let (mut kept, mut start) = (0, 0);
            for offset in &mut self.offsets[1..] {
                for at in start..*offset {
                    if (self.indices[at] as usize) < width {
                        self.indices[kept] = self.indices[at];
                        self.values.copy(at, kept);
                        kept += 1;
                    }
                }
                start = *offset;
                *offset = kept;
            }
            self.indices.truncate(kept);
            self.values.truncate(kept);
        }
        self.values.rows(width, self.offsets, self.indices).map_err(|error| error.to_string())
    }
}

/// One number for each example, until a line shows that the examples have sets of labels.
enum Targets {
    Numbers(Vec<f64>),
    Sets(Vec<Vec<String>>),
}

impl Targets {
    fn push(&mut self, text: &str) -> Result<(), Wrong> {
        if let Self::Numbers(numbers) = self {
            if !text.is_empty() && !text.contains(',') {
                numbers.push(parse_number(text)?);
                return Ok(());
            }
            *self = Self::Sets(numbers.iter().map(|number| vec![number.to_string()]).collect());
        }
        if let Self::Sets(sets) = self {
            let labels = text.split(',').filter(|label| !label.is_empty());
            sets.push(labels.map(|label| Ok(parse_number(label)?.to_string())).collect::<Result<_, _>>()?);
        }
        Ok(())
    }
}

impl From<Targets> for RawTarget {
    fn from(targets: Targets) -> Self {
        match targets {
            Targets::Numbers(numbers) => Self::Numbers(numbers),
            Targets::Sets(sets) => Self::Sets(sets),
        }
    }
}

/// What is wrong with a line.
struct Wrong {
    expected: String,
    found: String,
}

fn wrong<T>(expected: &str, found: &str) -> Result<T, Wrong> {
    Err(Wrong { expected: expected.to_owned(), found: found.chars().take(40).collect() })
}

fn parse_line(line: &[u8], rows: &mut Rows, targets: &mut Targets) -> Result<(), Wrong> {
    let data = line.split(|&byte| byte == b'#').next().unwrap_or_default();
    let Ok(text) = std::str::from_utf8(data) else {
        return wrong("ASCII text", &String::from_utf8_lossy(data));
    };
    if text.trim().is_empty() {
        return Ok(());
    }
    // A line that starts with a blank, or with its first pair, has no label at all.
    let end = text.find(|character: char| character.is_ascii_whitespace()).unwrap_or(text.len());
    let (target, pairs) = if text[..end].contains(':') { ("", text) } else { text.split_at(end) };
    targets.push(target)?;
    for pair in pairs.split_ascii_whitespace() {
        let Some((index, value)) = pair.split_once(':') else { return wrong("index:value", pair) };
        if index == "qid" {
            continue;
        }
        // The last index is kept free, so that the width fits 32 bits too.
        match index.parse() {
            Ok(index) if index < u32::MAX => rows.indices.push(index),
            _ => return wrong(&format!("an index of at most {}", u32::MAX - 1), index),
        }
        match value.parse::<f64>() {
            Ok(value) if value.is_finite() => rows.values.push(value),
            _ => return wrong("a finite number", value),
        }
    }
    match rows.end() {
        None => Ok(()),
        Some(index) => wrong("each index once", &format!("index {index} twice")),
    }
}

fn parse_number(text: &str) -> Result<f64, Wrong> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => wrong("a finite number as target", text),
    }
}

#[cfg(test)]
mod tests {
    use truezero_sparse::Batch;

    use super::super::csr::entries;
    use super::*;

    fn parse(text: &str, numbering: Option<Numbering>) -> Result<(Raw, Numbering), DataError> {
        read(Input::from_bytes("test", text.as_bytes()), numbering)
    }

    fn rows(raw: Raw) -> Vec<Vec<(u32, f32)>> {
        let Features::Matrix(Batch::Active(batch)) = raw.features.in_form(false) else {
            panic!("expected numbers of 32 bits")
        };
        entries(&batch)
    }

    #[test]
    fn columns_count_from_one_unless_a_zero_is_seen() {
        let (raw, numbering) = parse("# made by hand\n1 1:0.5 3:-2 # a\n\n-1 qid:7 2:1e1\r\n", None).unwrap();
        assert_eq!(numbering, Numbering { first: 1, width: 3 });
        assert_eq!(raw.target, Some(RawTarget::Numbers(vec![1.0, -1.0])));
        assert_eq!(rows(raw), [vec![(0, 0.5), (2, -2.0)], vec![(1, 10.0)]]);
        let (raw, numbering) = parse("1 1:0.5 3:-2\n-1 0:0\n", None).unwrap();
        assert_eq!(numbering, Numbering { first: 0, width: 4 });
        assert_eq!(rows(raw), [vec![(1, 0.5), (3, -2.0)], vec![]]);
    }

    #[test]
    fn a_known_numbering_leaves_out_what_it_does_not_know() {
        let known = Numbering { first: 1, width: 2 };
        let (raw, numbering) = parse("1 1:1 3:3\n1 2:2 4:4\n", Some(known)).unwrap();
        assert_eq!((numbering, rows(raw)), (known, vec![vec![(0, 1.0)], vec![(1, 2.0)]]));
        let (raw, _) = parse("1 2:1\n", Some(Numbering { first: 0, width: 9 })).unwrap();
        assert_eq!(rows(raw), [vec![(2, 1.0)]]);
        let error = parse("1 0:1\n", Some(known)).err().unwrap().to_string();
        assert_eq!(error, "test: columns: expected indices from 1 on, as in training, found index 0");
    }

    #[test]
    fn indices_in_any_order_are_sorted() {
        assert_eq!(rows(parse("1 3:3 1:1 2:2\n", None).unwrap().0), [vec![(0, 1.0), (1, 2.0), (2, 3.0)]]);
    }

    #[test]
    fn several_labels_make_sets() {
        let (raw, _) = parse("3 1:1\n1,2 1:1\n 1:1\n", None).unwrap();
        let sets = [vec!["3"], vec!["1", "2"], vec![]];
        let sets = sets.map(|set| set.into_iter().map(str::to_owned).collect::<Vec<_>>()).to_vec();
        assert_eq!(raw.target, Some(RawTarget::Sets(sets)));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, message) in [
            ("1 1:1\n1 1:1 1:2\n", "test: line 2: expected each index once, found \"index 1 twice\""),
            (
                "1 4294967295:1\n",
                "test: line 1: expected an index of at most 4294967294, found \"4294967295\"",
            ),
            ("1 -1:1\n", "test: line 1: expected an index of at most 4294967294, found \"-1\""),
            ("1 1:inf\n", "test: line 1: expected a finite number, found \"inf\""),
            ("1 1:1e309\n", "test: line 1: expected a finite number, found \"1e309\""),
            ("nan 1:1\n", "test: line 1: expected a finite number as target, found \"nan\""),
            ("cat 1:1\n", "test: line 1: expected a finite number as target, found \"cat\""),
            ("1 1\n", "test: line 1: expected index:value, found \"1\""),
            ("1 a:1\n", "test: line 1: expected an index of at most 4294967294, found \"a\""),
        ] {
            assert_eq!(parse(text, None).err().unwrap().to_string(), message);
        }
    }
}
