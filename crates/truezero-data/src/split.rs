//! Holding out a part of the examples.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::strata::{Kept, Strata, quotas};
use crate::{DataError, RawTarget, Task};

/// Keeps these random numbers apart from those other parts of the program draw from the same seed.
const STREAM: u64 = 0x51b3_11e5_a9d2_70c4;

/// How many examples to hold out.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "Unchecked", into = "Unchecked")]
pub enum Portion {
    /// A fraction of them, above 0 and below 1.
    Fraction(f64),
    /// This many, at least 1.
    Count(usize),
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
enum Unchecked {
    Count(usize),
    Fraction(f64),
}

impl TryFrom<Unchecked> for Portion {
    type Error = DataError;

    fn try_from(unchecked: Unchecked) -> Result<Self, DataError> {
        match unchecked {
            Unchecked::Count(count) if count > 0 => Ok(Self::Count(count)),
            Unchecked::Fraction(fraction) if fraction > 0.0 && fraction < 1.0 => Ok(Self::Fraction(fraction)),
            Unchecked::Count(count) => Err(not_a_portion(&count.to_string())),
            Unchecked::Fraction(fraction) => Err(not_a_portion(&format!("{fraction:?}"))),
        }
    }
}

impl From<Portion> for Unchecked {
    fn from(portion: Portion) -> Self {
        match portion {
            Portion::Fraction(fraction) => Self::Fraction(fraction),
            Portion::Count(count) => Self::Count(count),
        }
    }
}

impl FromStr for Portion {
    type Err = DataError;

    /// From "0.1" or "10000".
    fn from_str(text: &str) -> Result<Self, DataError> {
        let count = text.parse().map(Unchecked::Count);
        let unchecked = count.or_else(|_| text.parse().map(Unchecked::Fraction));
        unchecked.ok().and_then(|unchecked| unchecked.try_into().ok()).ok_or_else(|| not_a_portion(text))
    }
}

impl fmt::Display for Portion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fraction(fraction) => write!(f, "{fraction}"),
            Self::Count(count) => write!(f, "{count}"),
        }
    }
}

impl Portion {
    /// How many of so many examples it asks for: of a fraction at least one, and never all.
    ///
    /// # Errors
    /// If a number is asked for that leaves no example.
    pub fn of(self, examples: usize) -> Result<usize, DataError> {
        match self {
            Self::Fraction(fraction) => {
                let share = (examples as f64 * fraction).round() as usize;
                Ok(share.max(1).min(examples.saturating_sub(1)))
            }
            Self::Count(count) if count >= examples => {
                let found = format!("{count} of {examples}");
                Err(DataError::unsuitable("held-out part", "fewer examples than there are", found))
            }
            Self::Count(count) => Ok(count),
        }
    }

    /// Demands that of a number that was asked for, not none could be held out.
    pub(crate) fn check(self, held: usize) -> Result<(), DataError> {
        match self {
            Self::Count(_) if held == 0 => {
                let expected = "a class of two examples or more, of which one can be held out";
                Err(DataError::unsuitable("target", expected, "classes of one example each"))
            }
            _ => Ok(()),
        }
    }
}

fn not_a_portion(found: &str) -> DataError {
    DataError::unsuitable("portion", "a fraction between 0 and 1 or a whole number above 0", found)
}

/// Splits some of the examples at random into those kept and those held out, both in rising order if `rows` are.
///
/// Where the targets are classes or labels (told by those of all examples, unless the task is given), each is held out in
/// its proportion, as near as whole numbers allow, and at least one of its examples is kept. So there may be fewer held
/// out than asked for; of a fraction, even none.
///
/// # Errors
/// If a number is asked for that leaves no example to keep, or of which not one can be held out.
///
/// # Panics
/// If there is no such row.
pub fn split(
    target: Option<&RawTarget>,
    task: Option<Task>,
    rows: &[usize],
    portion: Portion,
    seed: u64,
) -> Result<(Vec<usize>, Vec<usize>), DataError> {
    let wanted = portion.of(rows.len())?;
    let strata = Strata::of(target, task);
    let kind = |&row: &usize| target.map_or(0, |target| strata.kind(target, row));
    let kinds: Vec<usize> = rows.iter().map(kind).collect();
    let mut sizes = vec![0; strata.len()];
    kinds.iter().for_each(|&kind| sizes[kind] += 1);
    let mut left = quotas(&sizes, wanted);
    let mut held = vec![false; rows.len()];
    for at in shuffled(rows.len(), seed) {
        let left = &mut left[kinds[at]];
        if *left > 0 {
            *left -= 1;
            held[at] = true;
        }
    }
    let mut kept = Kept::new(strata.labels());
    if let Some(target) = target {
        for (at, (&row, &held)) in rows.iter().zip(&held).enumerate() {
            strata.each_label(target, row, |label| kept.see(label, at, held));
        }
    }
    kept.to_keep().into_iter().for_each(|at| held[at] = false);
    portion.check(held.iter().filter(|&&held| held).count())?;
    let (kept, held): (Vec<usize>, Vec<usize>) = (0..rows.len()).partition(|&at| !held[at]);
    let rows_at = |positions: Vec<usize>| positions.into_iter().map(|at| rows[at]).collect();
    Ok((rows_at(kept), rows_at(held)))
}

/// Positions of `count` of the examples, drawn at random, in rising order; memory grows with their number only (Floyd's
/// algorithm).
///
/// # Panics
/// If there are not so many.
pub fn sample(examples: usize, count: usize, seed: u64) -> Vec<usize> {
    assert!(count <= examples, "{count} of {examples} examples");
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed ^ STREAM);
    let mut chosen = BTreeSet::new();
    for last in examples - count..examples {
        let drawn = below(&mut random, last + 1);
        if !chosen.insert(drawn) {
            chosen.insert(last);
        }
    }
    chosen.into_iter().collect()
}

/// All numbers below `count` in random order (Fisher and Yates). Written out, as what `rand` draws may
/// change with its version.
fn shuffled(count: usize, seed: u64) -> Vec<usize> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed ^ STREAM);
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        order.swap(last, below(&mut random, last + 1));
    }
    order
}

/// Uniform in 0..n.
fn below(random: &mut Xoshiro256PlusPlus, n: usize) -> usize {
    ((u128::from(random.next_u64()) * n as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_as_large_as_asked_and_even() {
        let mut times = [0; 20];
        for seed in 0..2000 {
            let chosen = sample(20, 5, seed);
            assert!(chosen.len() == 5 && chosen.is_sorted_by(|a, b| a < b), "{chosen:?}");
            chosen.into_iter().for_each(|at| times[at] += 1);
        }
        assert!(times.iter().all(|&count: &i32| (count - 500).abs() < 100), "{times:?}");
        assert_eq!(sample(3, 3, 0), [0, 1, 2]);
        assert!(sample(3, 0, 0).is_empty());
    }

    fn labels(counts: &[(&str, usize)]) -> RawTarget {
        let labels = counts.iter().flat_map(|&(label, count)| std::iter::repeat_n(label.to_owned(), count));
        RawTarget::Labels(labels.collect())
    }

    /// Of all examples.
    fn draw(
        target: Option<&RawTarget>,
        examples: usize,
        portion: Portion,
        seed: u64,
    ) -> Result<(Vec<usize>, Vec<usize>), DataError> {
        split(target, None, &(0..examples).collect::<Vec<_>>(), portion, seed)
    }

    #[test]
    fn every_class_is_held_out_in_its_proportion() {
        let target = labels(&[("a", 600), ("b", 300), ("c", 99), ("d", 1)]);
        let (kept, held) = draw(Some(&target), 1000, Portion::Fraction(0.1), 7).unwrap();
        assert_eq!((kept.len(), held.len()), (900, 100));
        let of = |from: usize, to: usize| held.iter().filter(|&&at| (from..to).contains(&at)).count();
        assert_eq!([of(0, 600), of(600, 900), of(900, 999), of(999, 1000)], [60, 30, 10, 0]);
        assert!(kept.is_sorted_by(|a, b| a < b) && held.is_sorted_by(|a, b| a < b));
        assert!(kept.iter().all(|example| held.binary_search(example).is_err()));
    }

    #[test]
    fn the_seed_decides() {
        let drawn = |seed| draw(None, 50, Portion::Count(20), seed).unwrap();
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
        // Pinned: these numbers must never change, or old runs could not be repeated.
        assert_eq!(draw(None, 20, Portion::Count(5), 0).unwrap().1, [5, 9, 13, 16, 19]);
    }

    #[test]
    fn whole_numbers_that_are_few_are_classes() {
        let few = RawTarget::Numbers((0..100).map(|at| f64::from(at % 4)).collect::<Vec<_>>().into());
        let (_, held) = draw(Some(&few), 100, Portion::Count(8), 3).unwrap();
        assert_eq!(
            (0..4).map(|class| held.iter().filter(|&at| at % 4 == class).count()).collect::<Vec<_>>(),
            [2; 4]
        );
    }

    #[test]
    fn each_class_keeps_an_example() {
        let target = labels(&[("a", 2), ("b", 1), ("c", 3)]);
        let (kept, _) = draw(Some(&target), 6, Portion::Count(5), 0).unwrap();
        assert_eq!(kept.len(), 3, "one of each");
        let error = draw(Some(&labels(&[("a", 1), ("b", 1)])), 2, Portion::Count(1), 0).unwrap_err();
        assert!(error.to_string().starts_with("target: expected a class of two"), "{error}");
    }

    #[test]
    fn both_parts_need_an_example() {
        let error = draw(None, 10, Portion::Count(10), 0).unwrap_err().to_string();
        assert_eq!(error, "held-out part: expected fewer examples than there are, found 10 of 10");
        // A fraction of one example is none: a file of one row is no error.
        assert_eq!(draw(None, 1, Portion::Fraction(0.5), 0).unwrap(), (vec![0], vec![]));
        assert!(draw(None, 1, Portion::Count(1), 0).is_err());
        assert_eq!(draw(None, 2, Portion::Fraction(0.01), 0).unwrap().1.len(), 1);
    }

    #[test]
    fn portions_are_told_by_their_form() {
        assert_eq!("0.1".parse::<Portion>().unwrap(), Portion::Fraction(0.1));
        assert_eq!("10000".parse::<Portion>().unwrap(), Portion::Count(10_000));
        for wrong in ["0", "1.0", "-0.1", "nan", "inf", "", "a"] {
            let error = wrong.parse::<Portion>().unwrap_err().to_string();
            assert!(error.contains("a fraction between 0 and 1"), "{wrong}: {error}");
        }
        assert!("1e300".parse::<Portion>().unwrap_err().to_string().ends_with("found 1e300"));
        for text in ["0.1", "10000"] {
            let portion: Portion = serde_json::from_str(text).unwrap();
            assert_eq!(portion, text.parse().unwrap());
            assert_eq!(serde_json::to_string(&portion).unwrap(), text);
        }
        assert!(serde_json::from_str::<Portion>("1.5").is_err());
    }

    #[test]
    fn some_of_the_examples_are_split_by_the_task_of_all() {
        // Of the rows alone, the numbers would be too many for classes.
        let target = RawTarget::Numbers((0..900).map(|at| f64::from(at % 30)).collect::<Vec<_>>().into());
        let rows: Vec<usize> = (0..60).collect();
        let (kept, held) = split(Some(&target), None, &rows, Portion::Count(30), 1).unwrap();
        let classes = |rows: &[usize]| rows.iter().map(|row| row % 30).collect::<BTreeSet<_>>().len();
        assert_eq!((classes(&kept), classes(&held)), (30, 30));
        assert_eq!(split(Some(&target), Some(Task::Regress), &rows, Portion::Count(30), 1).unwrap(), {
            draw(None, 60, Portion::Count(30), 1).unwrap()
        });
    }

    #[test]
    fn labels_are_held_out_in_their_proportion_and_none_altogether() {
        // Label "a" of every example, "b" of every tenth, "c" of two, "d" of one of these.
        let set = |at: usize| {
            let labels = [("a", true), ("b", at % 10 == 3), ("c", at == 40 || at == 41), ("d", at == 41)];
            labels.iter().filter(|(_, has)| *has).map(|(label, _)| (*label).to_owned()).collect()
        };
        let sets = RawTarget::Sets((0..400).map(set).collect());
        let flags = RawTarget::Rows {
            width: 4,
            values: (0..400)
                .flat_map(|at| {
                    [true, at % 10 == 3, at == 40 || at == 41, at == 41].map(|has| f64::from(u8::from(has)))
                })
                .collect(),
            names: Vec::new(),
        };
        for seed in 0..50 {
            for target in [&sets, &flags] {
                let (kept, held) = draw(Some(target), 400, Portion::Fraction(0.2), seed).unwrap();
                assert_eq!(held.iter().filter(|&&at| at % 10 == 3).count(), 8);
                assert!(kept.contains(&41), "the only one with its label");
                assert_eq!((kept.len(), held.len()), (320, 80));
            }
        }
        // The rarest label of each example says nothing of the other one that both have.
        let both = |labels: &[&str]| labels.iter().map(|&label| label.to_owned()).collect::<Vec<_>>();
        let hidden = RawTarget::Sets(vec![
            both(&["a", "x"]),
            both(&["a"]),
            both(&["b", "x"]),
            both(&["b"]),
            both(&["x"]),
        ]);
        for seed in 0..50 {
            let (kept, _) = draw(Some(&hidden), 5, Portion::Count(3), seed).unwrap();
            assert!([0, 2, 4].iter().any(|at| kept.contains(at)), "{kept:?}");
        }
    }
}
