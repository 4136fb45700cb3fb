//! How much the examples of each class count.

use std::str::FromStr;

use crate::label::Finder;
use crate::{DataError, Targets};

/// Weights of classes.
#[derive(Clone, Debug, PartialEq)]
pub enum ClassWeights {
    /// n / (k × count) for each of k classes: every class counts alike, however many of the n examples
    /// are of it.
    Balanced,
    /// The weights of some classes by name; the others weigh 1.
    Explicit(Vec<(String, f32)>),
}

impl FromStr for ClassWeights {
    type Err = DataError;

    /// From "balanced" or "label=weight,label=weight".
    fn from_str(text: &str) -> Result<Self, DataError> {
        if text == "balanced" {
            return Ok(Self::Balanced);
        }
        let pair = |pair: &str| {
            let (label, weight) = pair.rsplit_once('=')?;
            let weight =
                weight.trim().parse().ok().filter(|weight: &f32| weight.is_finite() && *weight >= 0.0)?;
            Some((label.trim().to_owned(), weight))
        };
        let wrong = |found: &str| {
            let expected = "\"balanced\" or label=weight pairs separated by commas, no weight below 0";
            DataError::unsuitable("class weights", expected, format!("{found:?}"))
        };
        let mut pairs: Vec<(String, f32)> = Vec::new();
        for part in text.split(',') {
            let (label, weight) = pair(part).ok_or_else(|| wrong(part))?;
            if pairs.iter().any(|(known, _)| *known == label) {
                return Err(wrong(&format!("{label}=… twice")));
            }
            pairs.push((label, weight));
        }
        Ok(Self::Explicit(pairs))
    }
}

impl ClassWeights {
    /// The weight of each example; `names` are those of the classes.
    ///
    /// # Errors
    /// If the targets are not classes, or a class is named that does not exist.
    pub fn of_examples(&self, targets: &Targets, names: &[String]) -> Result<Vec<f32>, DataError> {
        let Targets::Classes { labels, classes } = targets else { return Err(not_classes()) };
        let mut counts = vec![0; *classes];
        count(labels, &mut counts);
        let weights = self.of_classes(&counts, names)?;
        Ok(labels.iter().map(|&label| weights[label as usize]).collect())
    }

    /// The weight of each class; there are so many examples of each.
    ///
    /// # Errors
    /// If a class is named that does not exist, or all weights are 0.
    pub fn of_classes(&self, counts: &[usize], names: &[String]) -> Result<Vec<f32>, DataError> {
        let mut weights = vec![1.0f32; counts.len()];
        match self {
            Self::Balanced => {
                let (all, classes) = (counts.iter().sum::<usize>() as f64, counts.len() as f64);
                for (weight, &count) in weights.iter_mut().zip(counts) {
                    *weight = (all / (classes * count.max(1) as f64)) as f32;
                }
            }
            Self::Explicit(pairs) => {
                let finder = Finder::new(names);
                for (label, weight) in pairs {
                    let Some(class) = finder.find(label).map(|class| class as usize) else {
                        let expected = format!("one of the classes {}", names.join(", "));
                        return Err(DataError::unsuitable("class weights", expected, format!("{label:?}")));
                    };
                    weights[class] = *weight;
                }
            }
        }
        if weights.iter().all(|&weight| weight == 0.0) {
            return Err(DataError::unsuitable("class weights", "one above 0 at least", "only zeros"));
        }
        Ok(weights)
    }
}

/// Adds the examples of each class to `counts`.
pub(crate) fn count(labels: &[u32], counts: &mut [usize]) {
    labels.iter().for_each(|&label| counts[label as usize] += 1);
}

pub(crate) fn not_classes() -> DataError {
    DataError::unsuitable("class weights", "targets that are classes", "others")
}

#[cfg(test)]
mod tests {
    use super::*;
    use truezero_sparse::DenseBatch;

    #[test]
    fn balanced_classes_count_alike() {
        let targets = Targets::Classes { labels: vec![0, 0, 0, 1], classes: 2 };
        let weights = ClassWeights::Balanced.of_examples(&targets, &[]).unwrap();
        assert_eq!(weights, [2.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0, 2.0]);
    }

    #[test]
    fn classes_are_weighted_by_name() {
        let targets = Targets::Classes { labels: vec![1, 0, 2], classes: 3 };
        let names = ["a", "b=c", "d"].map(str::to_owned);
        let weights: ClassWeights = "b=c=2.5, d=0".parse().unwrap();
        assert_eq!(weights.of_examples(&targets, &names).unwrap(), [2.5, 1.0, 0.0]);
        let error = "x=1".parse::<ClassWeights>().unwrap().of_examples(&targets, &names).unwrap_err();
        assert_eq!(error.to_string(), "class weights: expected one of the classes a, b=c, d, found \"x\"");
        let zeros: ClassWeights = "a=0,b=c=0,d=0".parse().unwrap();
        let error = zeros.of_examples(&targets, &names).unwrap_err().to_string();
        assert_eq!(error, "class weights: expected one above 0 at least, found only zeros");
        let (numbers, weight) = (["01", "2"].map(str::to_owned), "1=5".parse::<ClassWeights>().unwrap());
        assert_eq!(weight.of_classes(&[3, 3], &numbers).unwrap(), [5.0, 1.0], "1 is 01");
        let quantities = Targets::Quantities(DenseBatch::zeros(3, 1));
        assert!(weights.of_examples(&quantities, &names).is_err());
    }

    #[test]
    fn what_is_not_a_weight_is_named() {
        for wrong in ["", "a", "a=", "a=-1", "a=nan", "a=inf", "a=1,,b=2", "a=1,a=2"] {
            let error = wrong.parse::<ClassWeights>().unwrap_err().to_string();
            assert!(error.starts_with("class weights: expected"), "{wrong}: {error}");
        }
    }
}
