//! What the targets of all examples tell: what is to be learned, and which labels there are.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::cell;
use crate::label::{bits, key, name_of, sort};
use crate::{DataError, RawTarget, Task};

/// Whole numbers with more different values than this are quantities, unless the task is given.
pub const MAX_INFERRED_CLASSES: usize = 50;
/// Two values are two classes, in however few examples.
const BINARY: usize = 2;
/// Numbers that count classes (0, 1, 2 … or 1, 2, 3 …) are classes if each occurs at least so often on average.
const EXAMPLES_OF_COUNTED: usize = 5;

/// What targets pose, where it is not said.
///
/// Words are classes, and sets of words labels. Several numbers for each example are labels if all are 0 or 1. Single
/// numbers are classes if they are whole, and their different values few among the examples: of classes, each is seen
/// again and again, while forty prices of forty houses are none, whole as they may be. Few are 2, or at most the square
/// root of the number of examples; of values that count from 0 or 1 without a gap, at most a fifth of it; and never more
/// than [`MAX_INFERRED_CLASSES`]. Other numbers are quantities.
pub fn infer_task(target: &RawTarget) -> Task {
    let mut survey = Survey::new(None);
    // Of one target after another there is no other kind.
    let _ = survey.see(target, 0..target.examples());
    survey.task().unwrap_or(Task::Regress)
}

/// A survey of targets that may come in pieces.
#[derive(Debug)]
pub(crate) struct Survey {
    asked: Option<Task>,
    examples: usize,
    found: Option<Found>,
}

#[derive(Debug)]
pub(crate) enum Found {
    Labels(Labels),
    Sets(Labels),
    Numbers {
        /// The different ones, while classes may be meant.
        labels: Labels,
        whole: bool,
    },
    Rows {
        names: Vec<String>,
        /// Whether all are 0 or 1.
        flags: bool,
        /// How often each is not 0.
        counts: Vec<usize>,
    },
}

impl Survey {
    /// Of targets whose task may be given.
    pub(crate) fn new(asked: Option<Task>) -> Self {
        Self { asked, examples: 0, found: None }
    }

    /// Looks at some of the next targets.
    pub(crate) fn see(
        &mut self,
        target: &RawTarget,
        rows: impl IntoIterator<Item = usize>,
    ) -> Result<(), DataError> {
        let asked = self.asked;
        let found = self.found.get_or_insert_with(|| Found::new(target));
        let examples = &mut self.examples;
        let rows = rows.into_iter().inspect(|_| *examples += 1);
        match (found, target) {
            (Found::Labels(labels), RawTarget::Labels(words)) => {
                rows.for_each(|row| labels.add(&words[row], cell::word(&words[row])));
            }
            (Found::Sets(labels), RawTarget::Sets(sets)) => {
                rows.flat_map(|row| &sets[row]).for_each(|label| labels.add(label, key(label)));
            }
            (Found::Numbers { labels, whole }, RawTarget::Numbers(numbers)) => {
                for row in rows {
                    let value = numbers.values()[row];
                    *whole &= value.fract() == 0.0;
                    // Only classes that were asked for may be many.
                    let classes = match asked {
                        None => *whole && labels.names.len() <= MAX_INFERRED_CLASSES,
                        Some(task) => task == Task::Classify,
                    };
                    match numbers.written(row).filter(|_| classes) {
                        Some(written) => labels.add(written, key(written)),
                        None if classes => labels.add_number(value),
                        None => {}
                    }
                }
            }
            (Found::Rows { names, flags, counts }, RawTarget::Rows { width, values, names: these })
                if counts.len() == *width && names == these =>
            {
                for row in rows {
                    for (count, &value) in counts.iter_mut().zip(&values[row * width..][..*width]) {
                        *flags &= value == 0.0 || value == 1.0;
                        *count += usize::from(value != 0.0);
                    }
                }
            }
            _ => {
                let expected = "targets of the same kind as before";
                return Err(DataError::unsuitable("target", expected, kind(target)));
            }
        }
        Ok(())
    }

    /// What the targets pose; none where there are none.
    pub(crate) fn task(&self) -> Option<Task> {
        let found = self.found.as_ref()?;
        Some(self.asked.unwrap_or(match found {
            Found::Labels(_) => Task::Classify,
            Found::Numbers { labels, whole } => {
                if *whole && labels.are_few_among(self.examples) {
                    Task::Classify
                } else {
                    Task::Regress
                }
            }
            Found::Sets(_) | Found::Rows { flags: true, .. } => Task::Multilabel,
            Found::Rows { flags: false, .. } => Task::Regress,
        }))
    }

    pub(crate) fn found(self) -> Option<Found> {
        self.found
    }
}

impl Found {
    fn new(target: &RawTarget) -> Self {
        match target {
            RawTarget::Labels(_) => Self::Labels(Labels::default()),
            RawTarget::Sets(_) => Self::Sets(Labels::default()),
            RawTarget::Numbers(_) => Self::Numbers { labels: Labels::default(), whole: true },
            RawTarget::Rows { width, names, .. } => {
                Self::Rows { names: names.clone(), flags: true, counts: vec![0; *width] }
            }
        }
    }

    /// Calls `visit` with the position of each label of an example.
    pub(crate) fn each_label(&self, target: &RawTarget, row: usize, mut visit: impl FnMut(usize)) {
        match (self, target) {
            (Self::Labels(labels), RawTarget::Labels(words)) => {
                labels.find(&cell::word(&words[row])).into_iter().for_each(visit);
            }
            (Self::Sets(labels), RawTarget::Sets(sets)) => {
                sets[row].iter().filter_map(|label| labels.find(&key(label))).for_each(visit);
            }
            (Self::Numbers { labels, .. }, RawTarget::Numbers(numbers)) => {
                let found = match numbers.written(row) {
                    Some(written) => labels.find(&key(written)),
                    None => labels.find_number(numbers.values()[row]),
                };
                found.into_iter().for_each(visit);
            }
            (Self::Rows { counts, .. }, RawTarget::Rows { values, .. }) => {
                let row = &values[row * counts.len()..][..counts.len()];
                row.iter()
                    .enumerate()
                    .filter(|(_, value)| **value != 0.0)
                    .for_each(|(label, _)| visit(label));
            }
            _ => {}
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Labels(_) => WORDS,
            Self::Numbers { .. } => NUMBERS,
            Self::Rows { .. } => ROWS,
            Self::Sets(_) => SETS,
        }
    }
}

const WORDS: &str = "words";
const NUMBERS: &str = "numbers";
const ROWS: &str = "several numbers for each example";
const SETS: &str = "sets of labels";

pub(crate) fn kind(target: &RawTarget) -> &'static str {
    match target {
        RawTarget::Labels(_) => WORDS,
        RawTarget::Numbers(_) => NUMBERS,
        RawTarget::Rows { .. } => ROWS,
        RawTarget::Sets(_) => SETS,
    }
}

/// The different labels, and how often each occurs. Those with the same key are one, which goes by its shortest
/// spelling, the first in the alphabet of several: whatever the order of the examples, it has the same name.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    names: Vec<String>,
    counts: Vec<usize>,
    by_key: HashMap<String, usize>,
    by_value: HashMap<u64, usize>,
    /// The first label that was found in two spellings, the one that was not kept first.
    respelled: Option<(String, String)>,
}

impl Labels {
    fn add(&mut self, name: &str, key: Cow<str>) {
        let at = match self.by_key.get(&*key) {
            Some(&at) => at,
            None => self.insert(name.to_owned(), key.into_owned()),
        };
        self.counts[at] += 1;
        let known = &mut self.names[at];
        if known != name {
            let other = if (name.len(), name) < (known.len(), known.as_str()) {
                std::mem::replace(known, name.to_owned())
            } else {
                name.to_owned()
            };
            self.respelled.get_or_insert_with(|| (other, known.clone()));
        }
    }

    fn add_number(&mut self, value: f64) {
        if let Some(&at) = self.by_value.get(&bits(value)) {
            self.counts[at] += 1;
            return;
        }
        let name = name_of(value);
        self.add(&name, key(&name));
        self.by_value.insert(bits(value), self.by_key[&*key(&name)]);
    }

    fn insert(&mut self, name: String, key: String) -> usize {
        self.names.push(name);
        self.counts.push(0);
        self.by_key.insert(key, self.names.len() - 1);
        self.names.len() - 1
    }

    /// Whether whole numbers with these values are so few that they are classes.
    fn are_few_among(&self, examples: usize) -> bool {
        let few = examples.isqrt().max(BINARY);
        let few = if self.count_up() { few.max(examples / EXAMPLES_OF_COUNTED) } else { few };
        self.names.len() <= few.min(MAX_INFERRED_CLASSES)
    }

    /// Whether these are 0, 1, 2 … or 1, 2, 3 … without a gap.
    fn count_up(&self) -> bool {
        let count = self.names.len();
        let from =
            |first: usize| (first..first + count).all(|value| self.find(&key(&value.to_string())).is_some());
        from(0) || from(1)
    }

    fn find(&self, key: &str) -> Option<usize> {
        self.by_key.get(key).copied()
    }

    fn find_number(&self, value: f64) -> Option<usize> {
        self.by_value.get(&bits(value)).copied().or_else(|| self.find(&key(&name_of(value))))
    }

    /// The labels, in the order in which they were found.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// How often each label occurs.
    pub(crate) fn counts(&self) -> &[usize] {
        &self.counts
    }

    /// The labels in order: numbers by value, other names by letter.
    pub(crate) fn into_names(self) -> Vec<String> {
        let mut names = self.names;
        sort(&mut names);
        names
    }

    /// Two spellings of one label, if there are any: one of the others, and the one by which it goes.
    pub(crate) fn respelled(&self) -> Option<(&str, &str)> {
        self.respelled.as_ref().map(|(other, kept)| (other.as_str(), kept.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Numbers;

    fn whole(values: impl IntoIterator<Item = usize>) -> RawTarget {
        RawTarget::Numbers(values.into_iter().map(|value| value as f64).collect::<Vec<_>>().into())
    }

    #[test]
    fn whole_numbers_are_classes_if_there_are_few_of_them_among_the_examples() {
        let task = |examples: usize, different: usize| {
            infer_task(&whole((0..examples).map(|at| at % different * 10)))
        };
        for (examples, different) in
            [(2, 2), (5, 2), (12, 3), (40, 5), (150, 3), (398, 13), (5000, 10), (5000, 50)]
        {
            assert_eq!(task(examples, different), Task::Classify, "{different} among {examples}");
        }
        let counted = |examples: usize, different: usize, first: usize| {
            infer_task(&whole((0..examples).map(|at| first + at % different)))
        };
        for first in [0, 1] {
            assert_eq!(counted(50, 10, first), Task::Classify);
            assert_eq!(counted(40, 10, first), Task::Regress);
            assert_eq!(counted(1000, 51, first), Task::Regress);
        }
        assert_eq!(counted(50, 10, 1970), Task::Regress, "years");
        for (examples, different) in
            [(3, 3), (40, 40), (45, 40), (200, 50), (272, 51), (392, 93), (32, 6), (1_000_000, 51)]
        {
            assert_eq!(task(examples, different), Task::Regress, "{different} among {examples}");
        }
        assert_eq!(infer_task(&RawTarget::Numbers(vec![1.0, 2.0, 1.5, 2.0].into())), Task::Regress);
    }

    #[test]
    fn what_pieces_tell_is_what_the_whole_tells() {
        let target = whole((0..100).map(|at| at % 30));
        let mut survey = Survey::new(None);
        (0..10).for_each(|part| survey.see(&target, part * 10..part * 10 + 10).unwrap());
        assert_eq!((survey.task(), infer_task(&target)), (Some(Task::Regress), Task::Regress));
        let sets = RawTarget::Sets(vec![Vec::new()]);
        assert!(survey.see(&sets, [0]).is_err());
    }

    #[test]
    fn one_label_in_several_spellings_goes_by_the_shortest() {
        let found = |words: &[&str]| {
            let mut numbers = Numbers::default();
            words.iter().for_each(|word| numbers.push(word.parse().unwrap(), word));
            let mut survey = Survey::new(Some(Task::Classify));
            survey.see(&RawTarget::Numbers(numbers), 0..words.len()).unwrap();
            let Some(Found::Numbers { labels, .. }) = survey.found() else { panic!() };
            (labels.respelled().is_some(), labels.counts().to_vec(), labels.into_names())
        };
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(found(&["1.0", "02", "1"]), (true, vec![2, 1], names(&["1", "02"])));
        assert_eq!(found(&["1", "02", "1.0"]), (true, vec![2, 1], names(&["1", "02"])));
        assert_eq!(found(&["2", "1E2", "100"]), (true, vec![1, 2], names(&["2", "100"])));
        let long = ["9007199254740993", "9007199254740992"];
        assert_eq!(found(&long), (false, vec![1, 1], names(&["9007199254740992", "9007199254740993"])));
    }
}
