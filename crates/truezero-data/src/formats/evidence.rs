//! What a column of a table holds, told by all its cells: numbers, a category, or nothing that can be learned from.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use super::dates::is_date;
use super::odd_numbers::is_odd_number;
use super::table::TableOptions;
use crate::cell::{Cell, CellRules, Decimal, FALSE, TRUE};
use crate::quote::{quoted, short};
use crate::{ColumnKind, DataError, Notice, Task};

/// A column in which so large a share of the cells is of one kind is meant to be of this kind.
const MOST: f64 = 0.9;
/// Fewer different values are levels of a category, whatever they look like.
const FEW: usize = 20;
/// Different words are counted up to here.
const MAX_COUNTED: usize = 1 << 13;
/// Cells of a column after which it is judged though more may come.
const ENOUGH: usize = 10_000;
/// Most bytes of a cell that are kept to be shown.
const SHOWN: usize = 100;
/// An error names so many columns.
const NAMED: usize = 20;

/// What becomes of a column.
#[derive(Debug)]
pub(crate) enum Verdict {
    Read(ColumnKind),
    /// Nobody wants it.
    Skipped,
    /// As a category, though it looks like something else: in a cell of this file.
    Doubtful(Notice, PathBuf),
    LeftOut(Notice),
    Unusable(Flaw),
}

/// A cell that stands for many.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    /// Its line or row.
    pub(crate) place: String,
    /// What it holds.
    pub(crate) text: String,
}

impl Found {
    pub(crate) fn new(path: &Path, place: String, text: &str) -> Self {
        Self { path: path.to_owned(), place, text: short(text, SHOWN) }
    }
}

/// What is wrong with a column.
#[derive(Clone, Debug)]
pub(crate) struct Flaw {
    path: PathBuf,
    /// The cell, with line or row and column.
    place: String,
    expected: String,
    found: String,
    hint: String,
}

/// What a column was seen to hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    /// Cells that are not missing.
    cells: usize,
    numbers: usize,
    /// Numbers that are 0 or 1.
    bits: usize,
    /// Cells that are `true` or `false`.
    flags: usize,
    /// Cells that would be numbers if a decimal point, or a decimal comma, were asked for.
    by_point: usize,
    by_comma: usize,
    /// Cells that are numbers in a notation that is not read.
    odd_numbers: usize,
    dates: usize,
    /// Gaps of a column of numbers, which among words are words.
    gaps: usize,
    /// The first cell that is no number, nor `true` or `false`.
    odd: Option<Found>,
    /// The first cell that is `true` or `false`.
    flag: Option<Found>,
    /// The first infinite number.
    infinite: Option<Found>,
    /// The first cell that is no UTF-8.
    garbled: Option<Found>,
    /// Different values, by their hash.
    different: HashSet<u64>,
    /// Cells among which these were counted.
    counted: usize,
}

impl Evidence {
    /// Takes a cell into account; `found` makes a sample of it.
    pub(crate) fn add(&mut self, rules: &CellRules, text: &str, found: impl Fn(&str) -> Found) {
        match rules.cell(text) {
            Cell::Missing => return,
            Cell::Gap(gap) => {
                self.gaps += 1;
                self.count(gap, MAX_COUNTED);
                return;
            }
            Cell::Number(number, written) => {
                self.numbers += 1;
                self.bits += usize::from(number == 0.0 || number == 1.0);
                if number.is_infinite() && self.infinite.is_none() {
                    self.infinite = Some(found(written));
                }
                // Whether they are few is all that matters of numbers.
                self.count(written, FEW + 1);
            }
            Cell::Word(word) if word == TRUE || word == FALSE => {
                self.flags += 1;
                self.flag.get_or_insert_with(|| found(&word));
                self.count(&word, MAX_COUNTED);
            }
            Cell::Word(word) => {
                let (point, comma) =
                    (rules.number_by(Decimal::Point, &word), rules.number_by(Decimal::Comma, &word));
                self.by_point += usize::from(point);
                self.by_comma += usize::from(comma);
                self.odd_numbers += usize::from(!point && !comma && is_odd_number(&word));
                self.dates += usize::from(is_date(&word));
                self.odd.get_or_insert_with(|| found(&word));
                self.count(&word, MAX_COUNTED);
            }
        }
        self.cells += 1;
    }

    /// Takes a cell into account that is no text.
    pub(crate) fn add_garbled(&mut self, found: impl FnOnce() -> Found) {
        self.garbled.get_or_insert_with(found);
    }

    /// Takes into account what was seen of the same column elsewhere.
    pub(crate) fn merge(&mut self, other: Self) {
        self.cells += other.cells;
        self.numbers += other.numbers;
        self.bits += other.bits;
        self.flags += other.flags;
        self.by_point += other.by_point;
        self.by_comma += other.by_comma;
        self.odd_numbers += other.odd_numbers;
        self.dates += other.dates;
        self.gaps += other.gaps;
        self.odd = self.odd.take().or(other.odd);
        self.flag = self.flag.take().or(other.flag);
        self.infinite = self.infinite.take().or(other.infinite);
        self.garbled = self.garbled.take().or(other.garbled);
        self.different.extend(other.different);
        self.counted += other.counted;
    }

    fn count(&mut self, value: &str, most: usize) {
        if self.different.len() >= most {
            return;
        }
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        self.different.insert(hasher.finish());
        self.counted += 1;
    }

    /// Whether no cell holds anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.cells == 0 && self.gaps == 0 && self.garbled.is_none()
    }

    /// Whether there are words, or nothing but gaps.
    fn has_words(&self) -> bool {
        self.odd.is_some() || self.flags > 0 || (self.gaps > 0 && self.numbers == 0)
    }

    /// Whether all is a number, be it that 1 and 0 are written as `true` and `false` in some rows.
    fn is_all_numbers(&self) -> bool {
        !self.has_words() || (self.odd.is_none() && self.bits > 0 && self.bits + self.flags == self.cells)
    }

    /// Whether a word above this column would be its name.
    pub(crate) fn is_of_numbers(&self) -> bool {
        self.numbers > 0 && self.most(self.numbers)
    }

    fn most(&self, of: usize) -> bool {
        of as f64 >= MOST * self.cells as f64
    }

    fn more_than_half(&self, of: usize) -> bool {
        2 * of > self.cells
    }

    fn has_few_values(&self) -> bool {
        self.different.len() <= FEW
    }

    /// Whether nearly every cell is one of its own.
    fn is_distinct(&self) -> bool {
        self.different.len() as f64 >= MOST * self.counted as f64
    }

    /// What a column to be predicted holds: words are classes if that is the task, or if nothing says that they are meant
    /// to be something else.
    pub(crate) fn target(&self, name: &str, task: Option<Task>) -> Verdict {
        if let Some(flaw) = self.unreadable(name) {
            return Verdict::Unusable(flaw);
        }
        if self.is_all_numbers() {
            return Verdict::Read(ColumnKind::Number);
        }
        let classes = Verdict::Read(ColumnKind::Category);
        let Some(odd) = self.odd.as_ref().or(self.flag.as_ref()).filter(|_| task != Some(Task::Classify))
        else {
            return classes;
        };
        let way_out = "--task classify takes every word for a class";
        let flaw = self.flaw(name, way_out);
        if let Some(task) = task {
            // Of booleans it is told elsewhere whether they suit the task.
            let number = || {
                let expected = format!("a number, for the task {}", task.name());
                Flaw::new(odd, name, expected, quoted(&odd.text), na_hint(&odd.text))
            };
            let is_word = self.odd.is_some();
            return if is_word {
                Verdict::Unusable(flaw.map_or_else(number, |(flaw, _)| flaw))
            } else {
                classes
            };
        }
        match flaw {
            Some((flaw, Doubt::Stray))
                if self.has_few_values() && !(self.most(self.numbers) && self.is_distinct()) =>
            {
                self.doubtful(flaw, "classes")
            }
            Some((flaw, _)) => Verdict::Unusable(flaw),
            None if self.has_few_values() => classes,
            None if self.more_than_half(self.dates) || self.is_distinct() => {
                let expected = "numbers, or classes that occur again and again".to_owned();
                let what =
                    if self.more_than_half(self.dates) { "a date or time" } else { "a word of its own" };
                let found = format!("{what} in nearly every row, such as {}", quoted(&odd.text));
                Verdict::Unusable(Flaw::new(odd, name, expected, found, way_out.to_owned()))
            }
            None => classes,
        }
    }

    /// What becomes of the column of this name.
    pub(crate) fn verdict(&self, name: &str, options: &TableOptions) -> Verdict {
        if options.text.iter().any(|text| text == name) {
            let flaw = self.garbled.as_ref().map(|found| garbled(found, name));
            return flaw.map_or(Verdict::Read(ColumnKind::Text), Verdict::Unusable);
        }
        if let Some(flaw) = self.unreadable(name) {
            return Verdict::Unusable(flaw);
        }
        if self.is_all_numbers() {
            return Verdict::Read(ColumnKind::Number);
        }
        let ignore = format!("--ignore {} leaves the column out", shell_word(name));
        if let Some((flaw, doubt)) = self.flaw(name, &ignore) {
            // What has a unit may be a name, such as that of a seat.
            let asked = doubt == Doubt::Odd && options.wants(name);
            let grave = match doubt {
                Doubt::Notation | Doubt::Odd => true,
                Doubt::Stray => self.most(self.numbers),
            };
            return if grave && !asked && !self.has_few_values() {
                Verdict::Unusable(flaw)
            } else {
                self.doubtful(flaw, "a category")
            };
        }
        if options.wants(name) {
            return Verdict::Read(ColumnKind::Category);
        }
        let place = format!("column {name:?}");
        if self.more_than_half(self.dates) {
            let message = "left out, as it holds dates or times, which are not read";
            let hint = "put what matters of them (month, weekday, days since …) into columns of numbers";
            return Verdict::LeftOut(Notice::new(place, message).hint(hint));
        }
        if !self.has_few_values() && self.is_distinct() {
            let example = self.odd.as_ref().map_or("", |odd| &odd.text);
            let message = format!(
                "left out, as nearly every row has a word of its own, such as {example:?}, which teaches nothing"
            );
            let hint = format!(
                "if it is running text, pass --text {0}; --columns takes it as a category",
                shell_word(name)
            );
            return Verdict::LeftOut(Notice::new(place, message).hint(hint));
        }
        Verdict::Read(ColumnKind::Category)
    }

    /// As words, which is told.
    fn doubtful(&self, flaw: Flaw, taken: &str) -> Verdict {
        let message = format!(
            "{taken}, though most of it looks like numbers: {} of {} cells are, but not {}",
            self.numbers, self.cells, flaw.found
        );
        Verdict::Doubtful(Notice::new(flaw.place, message).hint(flaw.hint), flaw.path)
    }

    /// The cell that cannot be read at all.
    fn unreadable(&self, name: &str) -> Option<Flaw> {
        if let Some(found) = &self.garbled {
            return Some(garbled(found, name));
        }
        let found = self.infinite.as_ref().filter(|_| !self.has_words())?;
        let hint = na_hint(&found.text);
        Some(Flaw::new(found, name, "a finite number".to_owned(), found.text.clone(), hint))
    }

    /// The cell for which this is no column of numbers, if more than half of the others are numbers, or nearly all with
    /// those in another notation. `way_out` says what else can be done about the column.
    fn flaw(&self, name: &str, way_out: &str) -> Option<(Flaw, Doubt)> {
        let odd = self.odd.as_ref().or(self.flag.as_ref())?;
        let found = quoted(&odd.text);
        let other = self.by_comma.max(self.by_point);
        if other > 0 && self.most(self.numbers + other) {
            let hint = if self.by_comma > self.by_point {
                "--decimal , reads numbers with a decimal comma"
            } else {
                "--decimal . reads numbers with commas between thousands, --decimal , those with a decimal comma"
            };
            let expected = "a number with a decimal point".to_owned();
            return Some((
                Flaw::new(odd, name, expected, found, format!("{hint}; {way_out}")),
                Doubt::Notation,
            ));
        }
        if self.odd_numbers > 0 && self.most(self.numbers + other + self.odd_numbers) {
            let expected =
                "a number without marks between thousands, a unit, a bound or parentheses".to_owned();
            let hint = format!("write it as a plain number, such as 12.5, 1234 or -3; {way_out}");
            return Some((Flaw::new(odd, name, expected, found, hint), Doubt::Odd));
        }
        if !self.more_than_half(self.numbers + other + self.odd_numbers) {
            return None;
        }
        let expected = format!("a number, as in {} of {} cells of the column", self.numbers, self.cells);
        let hint = format!("{}; {way_out}", na_hint(&odd.text));
        Some((Flaw::new(odd, name, expected, found, hint), Doubt::Stray))
    }

    /// Whether so much was seen that it may be judged before all is.
    pub(crate) fn is_enough(&self) -> bool {
        self.cells >= ENOUGH
    }
}

/// Why a column may be meant to be numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doubt {
    /// It is, with another decimal mark.
    Notation,
    /// It is, in notations that are not read.
    Odd,
    /// Most of it is.
    Stray,
}

fn na_hint(text: &str) -> String {
    format!("--na-values {} takes it for a missing value", shell_word(text))
}

/// What can be done about text that is not UTF-8.
pub(crate) const ENCODING_HINT: &str = "--encoding says what else the text is in, as in --encoding latin-1";

fn garbled(found: &Found, name: &str) -> Flaw {
    Flaw::new(found, name, "UTF-8".to_owned(), found.text.clone(), ENCODING_HINT.to_owned())
}

impl Flaw {
    fn new(cell: &Found, name: &str, expected: String, found: String, hint: String) -> Self {
        let place = format!("{}, column {name:?}", cell.place);
        Self { path: cell.path.clone(), place, expected, found, hint }
    }

    /// Of the only column there is.
    pub(crate) fn alone(self) -> DataError {
        let Self { path, place, expected, found, hint } = self;
        DataError::malformed(&path, place, expected, format!("{found}\nhint: {hint}"))
    }

    /// All flaws of a table in one error.
    pub(crate) fn error(flaws: &[Self]) -> Option<DataError> {
        let first = flaws.first()?;
        let named = flaws.iter().take(NAMED);
        let mut found = vec![first.found.clone()];
        found.extend(named.clone().skip(1).map(|flaw| {
            let Self { path, place, expected, found, .. } = flaw;
            let file = if *path == first.path { String::new() } else { format!("{}: ", path.display()) };
            format!("{file}{place}: expected {expected}, found {found}")
        }));
        if flaws.len() > NAMED {
            found.push(format!("and {} columns more", flaws.len() - NAMED));
        }
        let mut hints: Vec<&str> = Vec::new();
        for flaw in named {
            if !hints.contains(&flaw.hint.as_str()) {
                hints.push(&flaw.hint);
            }
        }
        let found = format!("{}\nhint: {}", found.join("; "), hints.join("; "));
        Some(DataError::malformed(&first.path, first.place.clone(), first.expected.clone(), found))
    }
}

/// As it is to be typed.
fn shell_word(word: &str) -> String {
    if word.contains(char::is_control) {
        return "…".to_owned();
    }
    if word.chars().all(|c| c.is_alphanumeric() || "-_./".contains(c)) && !word.starts_with('-') {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}
