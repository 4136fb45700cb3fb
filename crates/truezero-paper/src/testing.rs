//! What the tests share.

use std::path::Path;

use crate::result::Outcome;
use crate::{Limits, Name, Progress, Scale, Settings};

/// Sees nothing and never stops.
pub(crate) struct Silent;

impl Progress for Silent {
    fn experiment(&self, _: Name) {}

    fn network(&self, _: Name, _: usize, _: usize, _: &str) {}

    fn stop(&self) -> bool {
        false
    }
}

/// The settings of a test that writes into a folder.
pub(crate) fn tiny(out: &Path) -> Settings {
    Settings {
        data: None,
        out: out.to_owned(),
        scale: Scale::Tiny,
        limits: Limits::default(),
        threads: 2,
        seed: 0,
    }
}

/// What an experiment comes to, twice: a second run trains nothing and comes to the same.
pub(crate) fn outcome(name: Name, settings: &Settings) -> Outcome {
    let run = |progress: &dyn Progress| {
        let mut results = crate::run(&[name], settings, progress).unwrap();
        let report = std::fs::read_to_string(settings.out.join(crate::REPORT)).unwrap();
        assert!(report.contains(&results.experiments[0].title));
        results.experiments.remove(0)
    };
    let first = run(&Silent);
    let again = run(&NothingToDo);
    assert_eq!(Outcome { seconds: 0.0, ..again }, Outcome { seconds: 0.0, ..first.clone() });
    first
}

/// Does not allow anything to be trained.
struct NothingToDo;

impl Progress for NothingToDo {
    fn experiment(&self, _: Name) {}

    fn network(&self, _: Name, _: usize, _: usize, line: &str) {
        panic!("trained again: {line}");
    }

    fn stop(&self) -> bool {
        true
    }
}
