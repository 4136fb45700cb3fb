//! What the paper printed. The full text was not at hand: figures that were found in sources that cite its
//! tables are certain, those recalled only are not, and are shown with a question mark.

use crate::data::ImageSet;

/// A figure of the paper, and whether it is uncertain.
pub type Figure = (f64, bool);

const fn sure(figure: f64) -> Figure {
    (figure, false)
}

const fn unsure(figure: f64) -> Figure {
    (figure, true)
}

/// The data set of the paper that one stands for.
fn column(set: ImageSet) -> usize {
    match set {
        ImageSet::Digits | ImageSet::Mnist => 0,
        ImageSet::Cifar10 => 1,
        ImageSet::Emnist => 2,
        ImageSet::Norb => 3,
    }
}

/// The name in the paper of the data set that one stands for.
pub fn data_set(set: ImageSet) -> &'static str {
    ["MNIST", "CIFAR10", "NISTP", "NORB"][column(set)]
}

/// Table 1: test error in percent.
pub fn table1(set: ImageSet, activation: &str, pretrained: bool) -> Option<Figure> {
    let row = match (activation, pretrained) {
        ("rectifier", false) => [sure(1.43), sure(50.86), sure(32.64), sure(16.40)],
        ("tanh", false) => [sure(1.57), sure(52.62), sure(36.46), sure(19.29)],
        ("softplus", false) => [sure(1.77), sure(53.20), sure(35.48), sure(17.68)],
        ("rectifier", true) => [sure(1.20), unsure(49.96), unsure(32.86), sure(16.46)],
        ("tanh", true) => [unsure(1.16), unsure(50.79), unsure(35.89), sure(17.66)],
        ("softplus", true) => [unsure(1.17), unsure(49.52), unsure(33.27), unsure(19.19)],
        _ => return None,
    };
    Some(row[column(set)])
}

/// Mean sparsity in percent of the hidden layers of the rectifier networks without pre-training.
pub fn sparsity(set: ImageSet) -> Figure {
    [sure(83.4), sure(72.0), sure(68.0), sure(73.8)][column(set)]
}

/// Figure 3: percent of zeros up to which the error on MNIST stays about flat.
pub const FLAT_UP_TO: Figure = sure(85.0);

/// From softplus to rectifier on NORB: α and the test error in percent. The last is the rectifier.
pub const INTERPOLATION: [(f64, Figure); 6] = [
    (1.0, sure(17.68)),
    (1.3, unsure(17.53)),
    (2.0, unsure(16.9)),
    (3.0, sure(16.66)),
    (6.0, sure(16.54)),
    (f64::INFINITY, sure(16.40)),
];

/// A model of the stars of restaurant reviews (OpenTable).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sentiment {
    /// What it is.
    pub model: &'static str,
    /// Root mean squared error in stars.
    pub rmse: Figure,
    /// Percent of zeros in the hidden layers (without any, in the inputs).
    pub sparsity: Figure,
}

/// OpenTable, not public: pre-trained on 300,000 unlabelled reviews, trained on 10,000.
pub const OPENTABLE: [Sentiment; 4] = [
    Sentiment { model: "no hidden layer", rmse: sure(0.885), sparsity: sure(99.4) },
    Sentiment { model: "rectifier, 1 layer", rmse: sure(0.807), sparsity: unsure(28.9) },
    Sentiment { model: "rectifier, 3 layers", rmse: sure(0.746), sparsity: sure(53.9) },
    Sentiment { model: "tanh, 3 layers", rmse: sure(0.774), sparsity: sure(0.0) },
];

/// Percent of the neurons of cortex that are active at once, at least and at most.
pub const CORTEX_ACTIVE: [Figure; 2] = [sure(1.0), sure(4.0)];
