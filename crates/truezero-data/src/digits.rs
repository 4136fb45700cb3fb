//! `digits5k`: 5,000 handwritten digits that are part of this crate (`embedded/digits5k/README.md`
//! tells their origin and licence).

use truezero_sparse::Batch;

use crate::formats::idx;
use crate::read::Input;
use crate::{Features, Raw, RawTarget, Source};

const IMAGES: &[u8] = include_bytes!("../embedded/digits5k/images.idx.gz");
const LABELS: &[u8] = include_bytes!("../embedded/digits5k/labels.idx.gz");

/// Examples of the training part; the validation part follows, then the test part.
const TRAIN: usize = 4000;
const VALIDATION: usize = 500;

/// 5,000 MNIST digits, 28 × 28 grey, values 0 to 255: 4,000 for training, 500 for validation, 500 for
/// testing, each part with equally many of the ten classes.
///
/// # Panics
/// Never: the bytes are part of the program, and a test reads them.
pub fn digits5k() -> Source {
    let images = idx::read_examples(Input::from_bytes("digits5k images", IMAGES)).expect("valid images");
    let labels = idx::read_labels(Input::from_bytes("digits5k labels", LABELS)).expect("valid labels");
    let (Features::Matrix(pixels), RawTarget::Numbers(labels)) = (images.features, labels) else {
        unreachable!("IDX holds a matrix and numbers")
    };
    let part = |examples: std::ops::Range<usize>| {
        let chosen: Vec<usize> = examples.clone().collect();
        let mut batch = Batch::Dense(truezero_sparse::DenseBatch::default());
        batch.copy_from(&pixels, &chosen);
        Raw {
            features: Features::Matrix(batch),
            target: Some(RawTarget::Numbers(labels.values()[examples].to_vec().into())),
            image: images.image,
        }
    };
    Source {
        validation: Some(part(TRAIN..TRAIN + VALIDATION)),
        test: Some(part(TRAIN + VALIDATION..labels.values().len())),
        ..Source::from(part(0..TRAIN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ImageShape;

    #[test]
    fn parts_are_stratified_and_sparse() {
        let source = digits5k();
        let parts = [(source.train, 4000), (source.validation.unwrap(), 500), (source.test.unwrap(), 500)];
        for (part, examples) in parts {
            assert_eq!(part.examples(), examples);
            assert_eq!(part.image, Some(ImageShape { height: 28, width: 28, channels: 1 }));
            let in_turn = (0..examples).map(|example| (example % 10) as f64).collect();
            assert_eq!(part.target, Some(RawTarget::Numbers(in_turn)));
            let Features::Matrix(Batch::Active(pixels)) = part.features else {
                panic!("expected active values")
            };
            assert!((0.18..0.21).contains(&pixels.density()), "{}", pixels.density());
            assert_eq!(pixels.values().iter().copied().fold(0.0, f32::max), 255.0);
        }
    }
}
