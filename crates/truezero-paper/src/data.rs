//! The data of the experiments: parts to learn from, to choose by and to judge by.

mod domains;
mod images;
mod reviews;

use truezero_data::{Dataset, ImageShape, Preprocessing, Targets};
use truezero_sparse::{ActiveBatch, Batch, DenseBatch};

pub use domains::{DOMAINS, Domain, domains};
pub use images::{Found, ImageSet, images};
pub use reviews::{Reviews, reviews};

/// Data in its three parts.
#[derive(Clone, Debug)]
pub struct Split {
    /// In file names: `digits5k`.
    pub name: String,
    /// For people, with the sizes; a substitute is called so.
    pub label: String,
    /// Training and validation examples.
    pub data: Dataset,
    /// Positions of the training examples in `data`; where they have classes, the first n are a sample of
    /// all in which each class has its share.
    pub train: Vec<usize>,
    /// Positions of the validation examples in `data`.
    pub validation: Vec<usize>,
    /// Examples to judge by.
    pub test: Dataset,
    /// Where the inputs are an image.
    pub image: Option<ImageShape>,
    /// Names of the classes or quantities.
    pub labels: Vec<String>,
    /// What made the inputs of the raw data; needed to keep networks.
    pub preprocessing: Option<Preprocessing>,
    /// Where the classes are ratings, the number that each stands for; else empty.
    pub ratings: Vec<f64>,
}

impl Split {
    /// Sizes for people: `4,000 training, 500 validation and 500 test examples of 784 inputs`.
    pub fn sizes(&self) -> String {
        format!(
            "{} training, {} validation and {} test examples of {} inputs",
            thousands(self.train.len()),
            thousands(self.validation.len()),
            thousands(self.test.examples()),
            thousands(self.data.inputs.width()),
        )
    }
}

/// A count with a comma between thousands.
pub(crate) fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The examples of two data sets, one after the other.
///
/// # Panics
/// If they differ in the width of the inputs or in the kind of targets.
pub fn concatenate(first: Dataset, second: &Dataset) -> Dataset {
    let inputs = match (first.inputs, &second.inputs) {
        (Batch::Active(mut first), Batch::Active(second)) => {
            first.extend_from(second, &(0..second.examples()).collect::<Vec<_>>());
            Batch::Active(first)
        }
        (Batch::Active(mut first), Batch::Dense(second)) => {
            for example in 0..second.examples() {
                first.push(second.row(example).iter().enumerate().map(|(at, &value)| (at as u32, value)));
            }
            Batch::Active(first)
        }
        (Batch::Dense(first), second) => Batch::Dense(below(&first, second)),
    };
    let targets = match (first.targets, &second.targets) {
        (Targets::Classes { mut labels, classes }, Targets::Classes { labels: more, .. }) => {
            labels.extend(more);
            Targets::Classes { labels, classes }
        }
        (Targets::Quantities(first), Targets::Quantities(second)) => {
            Targets::Quantities(below(&first, &Batch::Dense(second.clone())))
        }
        (Targets::Labels(first), Targets::Labels(second)) => {
            Targets::Labels(below(&first, &Batch::Dense(second.clone())))
        }
        _ => panic!("targets of different kinds"),
    };
    Dataset { inputs, targets, weights: None }
}

/// Rows, and below them others.
fn below(first: &DenseBatch, second: &Batch) -> DenseBatch {
    assert_eq!(first.width(), second.width(), "rows of one width");
    let mut all = DenseBatch::zeros(first.examples() + second.examples(), first.width());
    for example in 0..first.examples() {
        all.row_mut(example).copy_from_slice(first.row(example));
    }
    for example in 0..second.examples() {
        let row = all.row_mut(first.examples() + example);
        match second {
            Batch::Dense(second) => row.copy_from_slice(second.row(example)),
            Batch::Active(second) => spread(second, example, row),
        }
    }
    all
}

fn spread(batch: &ActiveBatch, example: usize, row: &mut [f32]) {
    let (indices, values) = batch.example(example);
    for (&at, &value) in indices.iter().zip(values) {
        row[at as usize] = value;
    }
}

/// Orders examples so that, as far as whole numbers allow, every beginning of the list has each class in its
/// proportion; within a class the order stays. Without classes nothing changes.
pub fn interleave(rows: &mut [usize], targets: &Targets) {
    let Targets::Classes { labels, classes } = targets else { return };
    let mut sizes = vec![0_u64; *classes];
    let mut ranks = vec![0; labels.len()];
    for &row in rows.iter() {
        let size = &mut sizes[labels[row] as usize];
        ranks[row] = *size;
        *size += 1;
    }
    // The k-th of n stands at (2k + 1) / 2n of the whole; compared as whole numbers over one denominator.
    rows.sort_by(|&a, &b| {
        let place = |row: usize, other: usize| (2 * ranks[row] + 1) * sizes[labels[other] as usize];
        place(a, b).cmp(&place(b, a)).then(labels[a].cmp(&labels[b]))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(labels: &[u32]) -> Targets {
        Targets::Classes { labels: labels.to_vec(), classes: 3 }
    }

    #[test]
    fn every_beginning_has_each_class_in_its_proportion() {
        let targets = classes(&[0, 0, 0, 0, 1, 1, 2, 2]);
        let mut rows: Vec<usize> = (0..8).collect();
        interleave(&mut rows, &targets);
        assert_eq!(rows, [0, 4, 6, 1, 2, 5, 7, 3]);
    }

    #[test]
    fn the_second_set_follows_the_first_in_either_form() {
        let dense = |rows: &[f32]| Batch::Dense(DenseBatch::from_rows(2, rows));
        let mut active = ActiveBatch::new(2);
        active.push([(1, 5.0)]);
        let set = |inputs: Batch, labels: &[u32]| Dataset { inputs, targets: classes(labels), weights: None };
        let first = set(dense(&[1.0, 2.0]), &[1]);
        let second = set(Batch::Active(active), &[2]);
        assert_eq!(concatenate(first.clone(), &second), set(dense(&[1.0, 2.0, 0.0, 5.0]), &[1, 2]));
        let both = concatenate(second, &first);
        let Batch::Active(inputs) = &both.inputs else { panic!("expected the form of the first") };
        assert_eq!((inputs.offsets(), inputs.indices()), (&[0, 1, 3][..], &[1, 0, 1][..]));
        assert_eq!(both.targets, classes(&[2, 1]));
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([7, 500, 4_000, 1_234_567].map(thousands), ["7", "500", "4,000", "1,234,567"]);
    }
}
