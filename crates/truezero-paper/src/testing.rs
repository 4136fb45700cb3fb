//! What the tests share.

use std::path::Path;

use crate::{Name, Progress, Scale, Settings};

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
    Settings { data: None, out: out.to_owned(), scale: Scale::Tiny, threads: 2, seed: 0 }
}
