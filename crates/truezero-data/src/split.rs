//! Holding out a part of the examples.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::preprocess::MAX_INFERRED_CLASSES;
use crate::{DataError, RawTarget};

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
            Unchecked::Fraction(fraction) => Err(not_a_portion(&fraction.to_string())),
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
        unchecked.map_err(|_| not_a_portion(text))?.try_into()
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

fn not_a_portion(found: &str) -> DataError {
    DataError::unsuitable("portion", "a fraction between 0 and 1 or a whole number above 0", found)
}

/// Splits the examples at random into those kept and those held out, both in rising order.
///
/// Where the targets are classes, each class is held out in its proportion, as near as whole numbers
/// allow, and at least one example of each is kept.
///
/// # Errors
/// If not at least one example can be kept, or held out.
pub fn split(
    targets: Option<&RawTarget>,
    examples: usize,
    portion: Portion,
    seed: u64,
) -> Result<(Vec<usize>, Vec<usize>), DataError> {
    let wanted = match portion {
        Portion::Fraction(fraction) => ((examples as f64 * fraction).round() as usize).max(1),
        Portion::Count(count) => count,
    };
    if wanted >= examples {
        let found = format!("{wanted} of {examples}");
        return Err(DataError::unsuitable("held-out part", "fewer examples than there are", found));
    }
    let classes = targets.and_then(classes).unwrap_or_else(|| vec![0; examples]);
    let mut left = quotas(&classes, wanted);
    if left.iter().all(|&quota| quota == 0) {
        let expected = "a class of two examples or more, of which one can be held out";
        return Err(DataError::unsuitable("target", expected, format!("{examples} classes of one")));
    }
    let mut held = vec![false; examples];
    for example in shuffled(examples, seed) {
        let left = &mut left[classes[example]];
        if *left > 0 {
            *left -= 1;
            held[example] = true;
        }
    }
    Ok((0..examples).partition(|&example| !held[example]))
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

/// The class of each example, numbered by name or value, where the targets are classes.
fn classes(targets: &RawTarget) -> Option<Vec<usize>> {
    fn numbered<K: Ord>(keys: impl Iterator<Item = K> + Clone) -> (Vec<usize>, usize) {
        let mut numbers: BTreeMap<K, usize> = keys.clone().map(|key| (key, 0)).collect();
        numbers.values_mut().zip(0..).for_each(|(number, next)| *number = next);
        (keys.map(|key| numbers[&key]).collect(), numbers.len())
    }
    match targets {
        RawTarget::Labels(labels) => Some(numbered(labels.iter()).0),
        RawTarget::Numbers(values) => {
            let whole = values.iter().all(|value| value.fract() == 0.0 && value.abs() < 2f64.powi(53));
            let (classes, count) = whole.then(|| numbered(values.iter().map(|&value| value as i64)))?;
            (count <= MAX_INFERRED_CLASSES).then_some(classes)
        }
        RawTarget::Rows { .. } | RawTarget::Sets(_) => None,
    }
}

/// How many of each class to hold out: its share of `wanted`, rounded by largest remainder, but never all
/// of it.
fn quotas(classes: &[usize], wanted: usize) -> Vec<usize> {
    let mut sizes = vec![0usize; classes.iter().max().map_or(0, |&last| last + 1)];
    for &class in classes {
        sizes[class] += 1;
    }
    let share = |size: usize| size as u128 * wanted as u128;
    let all = classes.len() as u128;
    let mut quotas: Vec<usize> =
        sizes.iter().map(|&size| ((share(size) / all) as usize).min(size - 1)).collect();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|&class| std::cmp::Reverse(share(sizes[class]) % all));
    let mut missing = wanted - quotas.iter().sum::<usize>();
    while missing > 0 {
        let before = missing;
        for &class in &order {
            if missing > 0 && quotas[class] + 1 < sizes[class] {
                quotas[class] += 1;
                missing -= 1;
            }
        }
        if missing == before {
            break; // every class is down to one example
        }
    }
    quotas
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

    #[test]
    fn every_class_is_held_out_in_its_proportion() {
        let target = labels(&[("a", 600), ("b", 300), ("c", 99), ("d", 1)]);
        let (kept, held) = split(Some(&target), 1000, Portion::Fraction(0.1), 7).unwrap();
        assert_eq!((kept.len(), held.len()), (900, 100));
        let of = |from: usize, to: usize| held.iter().filter(|&&at| (from..to).contains(&at)).count();
        assert_eq!([of(0, 600), of(600, 900), of(900, 999), of(999, 1000)], [60, 30, 10, 0]);
        assert!(kept.is_sorted_by(|a, b| a < b) && held.is_sorted_by(|a, b| a < b));
        assert!(kept.iter().all(|example| held.binary_search(example).is_err()));
    }

    #[test]
    fn the_seed_decides() {
        let draw = |seed| split(None, 50, Portion::Count(20), seed).unwrap();
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        // Pinned: these numbers must never change, or old runs could not be repeated.
        assert_eq!(split(None, 20, Portion::Count(5), 0).unwrap().1, [5, 9, 13, 16, 19]);
    }

    #[test]
    fn whole_numbers_are_classes_and_others_are_not() {
        let few = RawTarget::Numbers((0..100).map(|at| f64::from(at % 4)).collect());
        let (_, held) = split(Some(&few), 100, Portion::Count(8), 3).unwrap();
        assert_eq!(
            (0..4).map(|class| held.iter().filter(|&at| at % 4 == class).count()).collect::<Vec<_>>(),
            [2; 4]
        );
        assert_eq!(classes(&RawTarget::Numbers(vec![0.5, 1.0])), None);
        assert_eq!(classes(&RawTarget::Numbers((0..100).map(f64::from).collect())), None);
        assert_eq!(classes(&RawTarget::Numbers(vec![f64::NAN])), None);
        assert_eq!(classes(&RawTarget::Numbers(vec![-1.0, 0.0, -0.0])), Some(vec![0, 1, 1]));
    }

    #[test]
    fn each_class_keeps_an_example() {
        let target = labels(&[("a", 2), ("b", 1), ("c", 3)]);
        let (kept, _) = split(Some(&target), 6, Portion::Count(5), 0).unwrap();
        assert_eq!(kept.len(), 3, "one of each");
        let error = split(Some(&labels(&[("a", 1), ("b", 1)])), 2, Portion::Count(1), 0).unwrap_err();
        assert!(error.to_string().starts_with("target: expected a class of two"), "{error}");
    }

    #[test]
    fn both_parts_need_an_example() {
        let error = split(None, 10, Portion::Count(10), 0).unwrap_err().to_string();
        assert_eq!(error, "held-out part: expected fewer examples than there are, found 10 of 10");
        assert!(split(None, 1, Portion::Fraction(0.5), 0).is_err());
        assert!(split(None, 0, Portion::Fraction(0.5), 0).is_err());
        assert_eq!(split(None, 2, Portion::Fraction(0.01), 0).unwrap().1.len(), 1);
    }

    #[test]
    fn portions_are_told_by_their_form() {
        assert_eq!("0.1".parse::<Portion>().unwrap(), Portion::Fraction(0.1));
        assert_eq!("10000".parse::<Portion>().unwrap(), Portion::Count(10_000));
        for wrong in ["0", "1.0", "-0.1", "nan", "inf", "", "a"] {
            let error = wrong.parse::<Portion>().unwrap_err().to_string();
            assert!(error.contains("a fraction between 0 and 1"), "{wrong}: {error}");
        }
        for text in ["0.1", "10000"] {
            let portion: Portion = serde_json::from_str(text).unwrap();
            assert_eq!(portion, text.parse().unwrap());
            assert_eq!(serde_json::to_string(&portion).unwrap(), text);
        }
        assert!(serde_json::from_str::<Portion>("1.5").is_err());
    }
}
