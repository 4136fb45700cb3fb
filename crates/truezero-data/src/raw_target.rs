//! Targets as a source holds them, before any preprocessing.

use std::borrow::Cow;

use crate::DataError;
use crate::label::name_of;

/// Whole numbers up to this one are exact in 64-bit floating point.
const EXACT: u128 = 1 << f64::MANTISSA_DIGITS;

/// Targets as they come.
#[derive(Clone, Debug, PartialEq)]
pub enum RawTarget {
    /// One word per example: a class.
    Labels(Vec<String>),
    /// One number per example: a class or a quantity, which `--task` or the values tell.
    Numbers(Numbers),
    /// Several numbers per example, row after row: quantities, or 0/1 for several labels.
    Rows {
        /// Numbers per example.
        width: usize,
        /// Row after row.
        values: Vec<f64>,
        /// Names of the columns, where known.
        names: Vec<String>,
    },
    /// Any number of words per example: several labels.
    Sets(Vec<Vec<String>>),
}

/// One number per example. As it may be the name of a class, it is also known how each was written, where that is not
/// as its value is printed: `01`, `1E2`, `1.0`, whole numbers beyond 2^53.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers {
    values: Vec<f64>,
    /// All of them, if one is not written as its value is printed.
    written: Option<Words>,
}

/// Words one after the other, without an allocation for each.
#[derive(Clone, Debug, Default, PartialEq)]
struct Words {
    text: String,
    /// Where each one ends.
    ends: Vec<usize>,
}

impl Words {
    fn push(&mut self, word: &str) {
        self.text.push_str(word);
        self.ends.push(self.text.len());
    }

    fn get(&self, at: usize) -> &str {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.text[start..self.ends[at]]
    }
}

impl From<Vec<f64>> for Numbers {
    /// Numbers that are written as they are printed.
    fn from(values: Vec<f64>) -> Self {
        Self { values, written: None }
    }
}

impl FromIterator<f64> for Numbers {
    /// Numbers that are written as they are printed.
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        values.into_iter().collect::<Vec<_>>().into()
    }
}

impl Numbers {
    /// The numbers.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Appends a number, and how it is written. What is not the plain notation of the number is not kept.
    pub fn push(&mut self, value: f64, written: &str) {
        let printed = name_of(value);
        let written = if written.parse() == Ok(value) { written } else { &printed };
        if self.written.is_none() && printed != written {
            let mut words = Words::default();
            self.values.iter().for_each(|&value| words.push(&name_of(value)));
            self.written = Some(words);
        }
        self.values.push(value);
        if let Some(words) = &mut self.written {
            words.push(written);
        }
    }

    /// Appends a whole number, which 64-bit floating point may not hold.
    pub(crate) fn push_whole(&mut self, value: i128) {
        if self.written.is_none() && value.unsigned_abs() <= EXACT {
            self.values.push(value as f64);
        } else {
            self.push(value as f64, &value.to_string());
        }
    }

    /// Appends numbers.
    pub fn append(&mut self, others: &Self) {
        if self.written.is_none() && others.written.is_none() {
            self.values.extend_from_slice(&others.values);
        } else {
            (0..others.values.len()).for_each(|row| self.push(others.values[row], &others.label(row)));
        }
    }

    /// How the number of an example is written.
    ///
    /// # Panics
    /// If there is no such example.
    pub fn label(&self, row: usize) -> Cow<'_, str> {
        self.written(row).map_or_else(|| Cow::Owned(name_of(self.values[row])), Cow::Borrowed)
    }

    /// How the number of an example is written, if that is known apart from its value.
    pub(crate) fn written(&self, row: usize) -> Option<&str> {
        self.written.as_ref().map(|words| words.get(row))
    }

    fn select(&self, rows: &[usize]) -> Self {
        let mut chosen = Self::default();
        match &self.written {
            None => chosen.values.extend(rows.iter().map(|&row| self.values[row])),
            Some(words) => rows.iter().for_each(|&row| chosen.push(self.values[row], words.get(row))),
        }
        chosen
    }
}

impl RawTarget {
    /// These targets, then others of the same kind.
    ///
    /// # Errors
    /// If they are of another kind, or others in number for each example.
    pub fn append(self, other: Self) -> Result<Self, DataError> {
        fn joined<T>(mut a: Vec<T>, b: Vec<T>) -> Vec<T> {
            a.extend(b);
            a
        }
        match (self, other) {
            (Self::Labels(a), Self::Labels(b)) => Ok(Self::Labels(joined(a, b))),
            (Self::Numbers(mut a), Self::Numbers(b)) => {
                a.append(&b);
                Ok(Self::Numbers(a))
            }
            (Self::Sets(a), Self::Sets(b)) => Ok(Self::Sets(joined(a, b))),
            (Self::Rows { width, values: a, names }, Self::Rows { width: same, values: b, .. })
                if width == same =>
            {
                Ok(Self::Rows { width, values: joined(a, b), names })
            }
            _ => Err(DataError::unsuitable("targets of the parts of the data", "one kind", "several")),
        }
    }

    /// The targets of some examples, in the order given.
    ///
    /// # Panics
    /// If there is no such example.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        fn pick<T: Clone>(from: &[T], rows: &[usize]) -> Vec<T> {
            rows.iter().map(|&row| from[row].clone()).collect()
        }
        match self {
            Self::Labels(labels) => Self::Labels(pick(labels, rows)),
            Self::Numbers(numbers) => Self::Numbers(numbers.select(rows)),
            Self::Sets(sets) => Self::Sets(pick(sets, rows)),
            Self::Rows { width, values, names } => Self::Rows {
                width: *width,
                values: rows
                    .iter()
                    .flat_map(|row| &values[row * width..(row + 1) * width])
                    .copied()
                    .collect(),
                names: names.clone(),
            },
        }
    }

    /// Number of examples these are the targets of.
    pub fn examples(&self) -> usize {
        match self {
            Self::Labels(labels) => labels.len(),
            Self::Numbers(numbers) => numbers.values.len(),
            Self::Rows { width, values, .. } => values.len().checked_div(*width).unwrap_or(0),
            Self::Sets(sets) => sets.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_spelling_where_their_values_do_not_tell_it() {
        let mut plain = Numbers::default();
        plain.push(7.0, "7");
        plain.push(0.5, "0.5");
        assert_eq!(plain, Numbers::from(vec![7.0, 0.5]));
        plain.push(1.0, "01");
        assert_eq!((0..3).map(|row| plain.label(row)).collect::<Vec<_>>(), ["7", "0.5", "01"]);
        let RawTarget::Numbers(chosen) = RawTarget::Numbers(plain.clone()).select(&[2, 0]) else { panic!() };
        assert_eq!(
            (chosen.label(0), chosen.label(1), chosen.values()),
            ("01".into(), "7".into(), &[1.0, 7.0][..])
        );
        let mut joined = Numbers::from(vec![3.0]);
        joined.append(&plain);
        assert_eq!((0..4).map(|row| joined.label(row)).collect::<Vec<_>>(), ["3", "7", "0.5", "01"]);
        assert_eq!(RawTarget::Numbers(chosen.clone()).select(&[1]), RawTarget::Numbers(chosen.select(&[1])));
    }
}
