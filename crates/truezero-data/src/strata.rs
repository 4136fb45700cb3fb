//! Which examples are alike, so that each kind of them is held out in its proportion.
//!
//! Each example is of the kind of its rarest label: of classes, that is its class. Dealing out the examples of the
//! rarest label first is the rule of iterative stratification (Sechidis, Tsoumakas and Vlahavas, "On the Stratification
//! of Multi-Label Data", 2011), here without its iterations: an example is dealt with once, for all of its labels, so
//! that a stream needs to know of them only how often each occurs.

use crate::label::sort;
use crate::preprocess::{Found, Survey};
use crate::{RawTarget, Task};

/// The kinds of examples that the targets of all of them tell.
#[derive(Debug)]
pub(crate) struct Strata {
    found: Option<Found>,
    /// How many examples have each label.
    counts: Vec<usize>,
    /// The place of each label in order, that the first examples do not decide about ties.
    ranks: Vec<usize>,
}

impl Strata {
    /// Of targets that were surveyed.
    pub(crate) fn new(survey: Survey) -> Self {
        let task = survey.task();
        let found = survey.found().filter(|_| matches!(task, Some(Task::Classify | Task::Multilabel)));
        let (counts, ranks) = match &found {
            None => (Vec::new(), Vec::new()),
            Some(Found::Labels(labels) | Found::Sets(labels) | Found::Numbers { labels, .. }) => {
                (labels.counts().to_vec(), ranks(labels.names()))
            }
            Some(Found::Rows { counts, .. }) => (counts.clone(), (0..counts.len()).collect()),
        };
        Self { found, counts, ranks }
    }

    /// Of all targets, where there are any.
    pub(crate) fn of(target: Option<&RawTarget>, task: Option<Task>) -> Self {
        let mut survey = Survey::new(task);
        if let Some(target) = target {
            // Of one target after another there is no other kind.
            let _ = survey.see(target, 0..target.examples());
        }
        Self::new(survey)
    }

    /// Number of labels.
    pub(crate) fn labels(&self) -> usize {
        self.counts.len()
    }

    /// Number of kinds: one for each label, and one of the examples that have none.
    pub(crate) fn len(&self) -> usize {
        self.counts.len() + 1
    }

    /// Calls `visit` with each label of an example.
    pub(crate) fn each_label(&self, target: &RawTarget, row: usize, visit: impl FnMut(usize)) {
        if let Some(found) = &self.found {
            found.each_label(target, row, visit);
        }
    }

    /// The kind of an example. Kinds are numbered in the order of the labels.
    pub(crate) fn kind(&self, target: &RawTarget, row: usize) -> usize {
        let mut rarest: Option<(usize, usize)> = None;
        self.each_label(target, row, |label| {
            let this = (self.counts[label], self.ranks[label]);
            rarest = Some(rarest.map_or(this, |rarest| rarest.min(this)));
        });
        rarest.map_or(self.counts.len(), |(_, rank)| rank)
    }
}

/// The place of each name in order.
fn ranks(names: &[String]) -> Vec<usize> {
    let mut sorted = names.to_vec();
    sort(&mut sorted);
    let places: std::collections::HashMap<&String, usize> = sorted.iter().zip(0..).collect();
    names.iter().map(|name| places[name]).collect()
}

/// How many examples of each kind to hold out, where there are so many of each: its share of `wanted`, rounded by
/// largest remainder, but never all of it.
pub(crate) fn quotas(sizes: &[usize], wanted: usize) -> Vec<usize> {
    let share = |size: usize| size as u128 * wanted as u128;
    let all = sizes.iter().sum::<usize>().max(1) as u128;
    let mut quotas: Vec<usize> =
        sizes.iter().map(|&size| ((share(size) / all) as usize).min(size.saturating_sub(1))).collect();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|&kind| std::cmp::Reverse(share(sizes[kind]) % all));
    let mut missing = wanted.saturating_sub(quotas.iter().sum::<usize>());
    while missing > 0 {
        let before = missing;
        for &kind in &order {
            if missing > 0 && quotas[kind] + 1 < sizes[kind] {
                quotas[kind] += 1;
                missing -= 1;
            }
        }
        if missing == before {
            break; // every kind is down to one example
        }
    }
    quotas
}

/// Watches that no label is held out altogether.
#[derive(Debug)]
pub(crate) struct Kept {
    all: Vec<usize>,
    held: Vec<usize>,
    /// For each label, the first example with it that was held out.
    first: Vec<Option<usize>>,
}

impl Kept {
    pub(crate) fn new(labels: usize) -> Self {
        Self { all: vec![0; labels], held: vec![0; labels], first: vec![None; labels] }
    }

    /// An example with a label is kept, or held out.
    pub(crate) fn see(&mut self, label: usize, example: usize, held: bool) {
        self.all[label] += 1;
        if held {
            self.held[label] += 1;
            self.first[label].get_or_insert(example);
        }
    }

    /// Examples that are to be kept after all, for the labels that no other example has that is kept.
    pub(crate) fn to_keep(&self) -> Vec<usize> {
        let lost = (0..self.all.len()).filter(|&label| self.held[label] == self.all[label]);
        let mut examples: Vec<usize> = lost.filter_map(|label| self.first[label]).collect();
        examples.sort_unstable();
        examples.dedup();
        examples
    }
}
