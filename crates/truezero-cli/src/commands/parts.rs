//! Choosing a part of a source, or joining all of them.

use truezero_data::{Raw, Source};

use crate::args::Part;
use crate::failure::Failure;

/// The part asked for; if none is, the test part, or everything where there is no such part.
pub fn choose(source: Source, asked: Option<Part>, data: &str) -> Result<Raw, Failure> {
    let Source { train, validation, test, .. } = source;
    let (chosen, name) = match asked {
        Some(Part::Train) => (Some(train), "train"),
        Some(Part::Validation) => (validation, "validation"),
        Some(Part::Test) => (test, "test"),
        None if test.is_some() => (test, "test"),
        None | Some(Part::All) => {
            let rest = validation.into_iter().chain(test);
            return Ok(rest.into_iter().try_fold(train, Raw::append).map_err(|error| error.of(data))?);
        }
    };
    chosen.ok_or_else(|| {
        let message = format!("{data}: expected a {name} part, found none");
        Failure::hinted(message, "--part all takes everything there is")
    })
}

#[cfg(test)]
mod tests {
    use truezero_data::{Features, RawTarget};
    use truezero_sparse::{ActiveBatch, Batch, DenseBatch};

    use super::*;

    fn raw(batch: Batch, labels: &[f64]) -> Raw {
        let target = Some(RawTarget::Numbers(labels.to_vec().into()));
        Raw { features: Features::Matrix(batch), target, image: None }
    }

    fn dense(rows: &[f32]) -> Batch {
        Batch::Dense(DenseBatch::from_rows(2, rows))
    }

    fn active(row: &[(u32, f32)]) -> Batch {
        let mut batch = ActiveBatch::new(2);
        batch.push(row.iter().copied());
        Batch::Active(batch)
    }

    #[test]
    fn parts_are_joined_whatever_their_form() {
        let both = |a: Batch, b: Batch| {
            let Features::Matrix(joined) = raw(a, &[1.0]).append(raw(b, &[2.0])).unwrap().features else {
                panic!("a matrix")
            };
            let joined = match joined {
                Batch::Active(batch) => batch.to_dense(),
                Batch::Dense(batch) => batch,
            };
            [joined.row(0), joined.row(1)].concat()
        };
        let (first, second) = (dense(&[1.0, 0.0]), dense(&[0.0, 2.0]));
        let (first_active, second_active) = (active(&[(0, 1.0)]), active(&[(1, 2.0)]));
        for a in [first, first_active] {
            for b in [&second, &second_active] {
                assert_eq!(both(a.clone(), b.clone()), [1.0, 0.0, 0.0, 2.0]);
            }
        }
    }

    #[test]
    fn the_test_part_goes_before_the_rest() {
        let source = || Source {
            test: Some(raw(dense(&[7.0, 8.0]), &[3.0])),
            ..Source::from(raw(dense(&[1.0, 2.0, 3.0, 4.0]), &[1.0, 2.0]))
        };
        let examples = |part| choose(source(), part, "x").map(|raw| raw.examples()).ok();
        assert_eq!(examples(None), Some(1));
        assert_eq!(examples(Some(Part::Train)), Some(2));
        assert_eq!(examples(Some(Part::All)), Some(3));
        let error = choose(source(), Some(Part::Validation), "x").unwrap_err().to_string();
        assert!(error.starts_with("x: expected a validation part, found none\nhint: "), "{error}");
    }
}
