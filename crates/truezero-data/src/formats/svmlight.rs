//! svmlight and LIBSVM text: on each line a target (or several labels joined by commas), perhaps
//! `qid:…`, then `index:value` pairs, perhaps `# a comment`.
//!
//! Read line by line; a matrix takes 8 bytes for each non-zero, 12 where 32 bits do not hold its numbers, and
//! nothing else.

use std::path::Path;

use truezero_sparse::padded;

use super::DENSE_FROM;
use super::svmlight_bytes::{OF_SET, bytes_of};
pub use super::svmlight_numbering::Numbering;
use crate::budget::Budget;
use crate::read::Input;
use crate::wide::Values;
use crate::{DataError, Expected, Features, Notice, Notices, Numbers, Raw, RawTarget};

/// Reads examples and targets. Without a known `numbering`, the first column is 1 if no index is 0, as
/// scikit-learn guesses, and the largest index is the last column, unless a model `expected` more; with one, indices
/// beyond its width are left out, as liblinear does: the model has never seen them.
///
/// # Errors
/// If a line is not as above, an index stands twice in it or does not fit 32 bits, or a number is not
/// finite; the line is named.
pub fn read(
    input: Input,
    numbering: Option<Numbering>,
    expected: Option<&Expected>,
    notices: &Notices,
) -> Result<(Raw, Numbering), DataError> {
    let mut lines = Lines::new(input);
    let budget = lines.input.budget().clone();
    let block = lines.block(usize::MAX, false, &budget)?;
    let labels = block.labels();
    labels.tell(lines.input.path(), notices);
    let numbering = numbering.unwrap_or_else(|| Numbering::guess(block.range(), expected));
    numbering.tell_of_others(lines.input.path(), block.range(), notices);
    let mut raw = block.raw(&lines.input, numbering)?;
    let dense = is_dense(raw.features.active(), raw.examples(), numbering);
    if dense {
        let of_number =
            if matches!(raw.features, Features::Wide(_)) { size_of::<f64>() } else { size_of::<f32>() };
        let bytes = (raw.examples() as u64).saturating_mul((padded(numbering.width) * of_number) as u64);
        budget.take(bytes, || "numbers".to_owned())?;
    }
    raw.features = raw.features.in_form(dense);
    if labels.labelled == 0 {
        raw.target = None;
    }
    Ok((raw, numbering))
}

/// Whether a text looks like examples in this format.
pub(crate) fn looks_like(bytes: &[u8]) -> bool {
    let mut lines = Lines::new(Input::from_bytes("text", bytes));
    // A line that is none, as of a CSV file, is an error.
    let budget = lines.input.budget().clone();
    lines.block(LOOK, false, &budget).is_ok_and(|block| block.active() > 0)
}

/// Whether so many values are not zero that all are kept, as those of other formats are.
pub(crate) fn is_dense(active: usize, examples: usize, numbering: Numbering) -> bool {
    let all = examples as f64 * numbering.width as f64;
    all > 0.0 && active as f64 >= DENSE_FROM * all
}

/// Values looked at to tell the format.
const LOOK: usize = 1000;

/// What examples have as labels.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Labels {
    /// Examples with one label or more, with more than one, and with none.
    pub(crate) labelled: usize,
    several: usize,
    none: usize,
    /// The first line without a label.
    first_without: usize,
}

impl Labels {
    /// Those of more examples, too.
    pub(crate) fn add(&mut self, more: Self) {
        if self.none == 0 {
            self.first_without = more.first_without;
        }
        self.labelled += more.labelled;
        self.several += more.several;
        self.none += more.none;
    }

    fn count(&mut self, labels: usize, line: usize) {
        let of_one = match labels {
            0 => Self { none: 1, first_without: line, ..Self::default() },
            1 => Self { labelled: 1, ..Self::default() },
            _ => Self { labelled: 1, several: 1, ..Self::default() },
        };
        self.add(of_one);
    }

    /// An example without a label makes sets of all labels, which may not be what was meant.
    pub(crate) fn tell(&self, path: &Path, notices: &Notices) {
        if self.none > 0 && self.labelled > 0 && self.several == 0 {
            let message = format!(
                "{} of {} examples without a label, so that any number of labels is learned for each",
                self.none,
                self.none + self.labelled
            );
            let place = format!("{}: line {}", path.display(), self.first_without);
            notices.tell(Notice::new(place, message).hint("a line begins with its label: `1 3:0.5`"));
        }
    }
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
    labels: Labels,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(input: Input<'a>) -> Self {
        Self { input, line: Vec::new(), number: 0 }
    }

    /// The next examples, up to `values` active values or a row more; empty at the end. `sets` says that examples
    /// have sets of labels, even if these do not look so. What a line becomes is counted before it is made.
    pub(crate) fn block(&mut self, values: usize, sets: bool, budget: &Budget) -> Result<Block, DataError> {
        let targets = if sets { Targets::Sets(Vec::new()) } else { Targets::Numbers(Numbers::default()) };
        let rows = Rows { offsets: vec![0], ..Rows::default() };
        let mut block = Block { rows, targets, labels: Labels::default() };
        while block.rows.indices.len() + block.rows.offsets.len() <= values
            && self.input.line(&mut self.line, self.number + 1)?
        {
            self.number += 1;
            if self.number == 1
                && let Some(columns) = header(&self.line)
            {
                (block.rows.smallest, block.rows.largest) = (Some(0), columns.checked_sub(1));
                continue;
            }
            let (place, had_sets) = (|| format!("line {}", self.number), block.has_sets());
            budget.take(bytes_of(&self.line, had_sets), place)?;
            let labels = parse_line(&self.line, &mut block.rows, &mut block.targets).map_err(|wrong| {
                let found = format!("{:?}", wrong.found);
                self.input.malformed(format!("line {}", self.number), wrong.expected, found)
            })?;
            if block.has_sets() && !had_sets {
                // All labels before are numbers no longer.
                budget.take(block.examples() as u64 * OF_SET, place)?;
            }
            if let Some(labels) = labels {
                block.labels.count(labels, self.number);
            }
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

    pub(crate) fn labels(&self) -> Labels {
        self.labels
    }

    /// Least and greatest index.
    pub(crate) fn range(&self) -> Option<(u32, u32)> {
        self.rows.smallest.zip(self.rows.largest)
    }

    /// Whether examples have sets of labels.
    pub(crate) fn has_sets(&self) -> bool {
        matches!(self.targets, Targets::Sets(_))
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

/// Entries as they stand in the file.
#[derive(Default)]
struct Rows {
    offsets: Vec<usize>,
    indices: Vec<u32>,
    values: Values,
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
    Numbers(Numbers),
    Sets(Vec<Vec<String>>),
}

impl Targets {
    /// How many labels there are.
    fn push(&mut self, text: &str) -> Result<usize, Wrong> {
        if let Self::Numbers(numbers) = self {
            if !text.is_empty() && !text.contains(',') {
                numbers.push(parse_number(text)?, text);
                return Ok(1);
            }
            let sets = (0..numbers.values().len()).map(|row| vec![numbers.label(row).into_owned()]);
            *self = Self::Sets(sets.collect());
        }
        if let Self::Sets(sets) = self {
            let labels = text.split(',').map(str::trim).filter(|label| !label.is_empty());
            let set = labels.map(|label| parse_number(label).map(|_| label.to_owned()));
            sets.push(set.collect::<Result<_, _>>()?);
        }
        Ok(text.split(',').filter(|label| !label.trim().is_empty()).count())
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

/// The number of columns, if a line is the first one of a file of the Extreme Classification Repository: how many
/// examples, columns and labels follow. Its indices count from 0.
fn header(line: &[u8]) -> Option<u32> {
    let mut numbers = std::str::from_utf8(line).ok()?.split_ascii_whitespace().map(str::parse::<u32>);
    match (numbers.next(), numbers.next(), numbers.next(), numbers.next()) {
        (Some(Ok(_)), Some(Ok(columns)), Some(Ok(_)), None) => Some(columns),
        _ => None,
    }
}

/// Appends an example; how many labels it has, if the line holds one.
fn parse_line(line: &[u8], rows: &mut Rows, targets: &mut Targets) -> Result<Option<usize>, Wrong> {
    let data = line.split(|&byte| byte == b'#').next().unwrap_or_default();
    let Ok(text) = std::str::from_utf8(data) else {
        return wrong("ASCII text", &String::from_utf8_lossy(data));
    };
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    // A line that starts with its first pair has no label at all; after a comma, more labels follow.
    let mut end = 0;
    for word in text.split_inclusive(|character: char| character.is_ascii_whitespace()) {
        let more = end == 0 || text[..end].trim_end().ends_with(',') || word.starts_with(',');
        if !more || word.contains(':') {
            break;
        }
        end += word.len();
    }
    let (target, pairs) = text.split_at(end);
    let labels = targets.push(target.trim())?;
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
        None => Ok(Some(labels)),
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
        read(Input::from_bytes("test", text.as_bytes()), numbering, None, &Notices::default())
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
        assert_eq!(raw.target, Some(RawTarget::Numbers(vec![1.0, -1.0].into())));
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

    #[test]
    fn labels_may_stand_apart_or_be_missing() {
        let notices = Notices::default();
        let target = |text: &str| {
            read(Input::from_bytes("test", text.as_bytes()), None, None, &notices).unwrap().0.target
        };
        assert_eq!(target("  1 1:1\n\t-1 2:1 \r\n"), Some(RawTarget::Numbers(vec![1.0, -1.0].into())));
        assert_eq!(target("1:1\n 2:1\n"), None, "examples without labels have no targets");
        let sets = |sets: &[&[&str]]| {
            let owned = |set: &&[&str]| set.iter().map(ToString::to_string).collect();
            Some(RawTarget::Sets(sets.iter().map(owned).collect()))
        };
        assert_eq!(target("0, 2 1:1\n1 ,2 1:1\n1:1\n"), sets(&[&["0", "2"], &["1", "2"], &[]]));
        assert!(notices.all().is_empty(), "{:?}", notices.all());
        assert_eq!(target("1 1:1\n2:1\n"), sets(&[&["1"], &[]]));
        assert_eq!(notices.all()[0].place, "test: line 2");
    }

    #[test]
    fn a_header_tells_the_columns() {
        let (raw, numbering) = parse("2 5 3\n0,1 1:1\n2 3:1\n", None).unwrap();
        assert_eq!((raw.examples(), numbering), (2, Numbering { first: 0, width: 5 }));
    }

    #[test]
    fn what_is_not_this_format_does_not_look_like_it() {
        for text in ["1 1:1\n-1 3:0.5 # c\n", "1,2 7:1\n", "2 5 3\n0 1:1\n", "1:1\n"] {
            assert!(looks_like(text.as_bytes()), "{text:?}");
        }
        for text in ["1,2\n3,4\n", "1\n2\n", "12:30,5\n12:31,6\n", "time: 5\n", ""] {
            assert!(!looks_like(text.as_bytes()), "{text:?}");
        }
    }

    #[test]
    fn a_model_may_know_more_columns_than_a_few_examples_have() {
        let read = |text: &str, width| {
            let expected = Expected::Matrix { width, image: None };
            let input = Input::from_bytes("test", text.as_bytes());
            read(input, None, Some(&expected), &Notices::default()).unwrap().1
        };
        assert_eq!(read("1 1:0.5 3:2\n", 5), Numbering { first: 1, width: 5 });
        assert_eq!(read("1 0:0.5 3:2\n", 5), Numbering { first: 0, width: 5 });
        // Too many are found where they are prepared.
        assert_eq!(read("1 1:0.5 9:2\n", 5), Numbering { first: 1, width: 9 });
    }
}
