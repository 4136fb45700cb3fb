//! What a file is, told by its beginning.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Bytes at the beginning of a file that tell what it is.
const BEGINNING: u64 = 4096;

/// What an output is. A file that is there already is replaced if it is of the same kind, or empty: a result replaces
/// an earlier result, and nothing else.
#[derive(Clone, Copy)]
pub struct Kind<'a> {
    /// As in "expected …": `"a truezero model"`.
    pub name: &'a str,
    /// Whether a file that begins so is of this kind.
    pub is: &'a (dyn Fn(&[u8]) -> bool + Sync),
}

/// A page of ours says in its head what made it.
pub const PAGE: Kind<'static> = Kind {
    name: "a page that truezero wrote",
    is: &|beginning| beginning.windows(GENERATOR.len()).any(|at| at == GENERATOR.as_bytes()),
};

/// What makes it a page of ours.
const GENERATOR: &str = "<meta name=\"generator\" content=\"truezero\">";

impl Kind<'_> {
    /// Whether the file may be replaced by one of this kind.
    pub(super) fn may_replace(&self, path: &Path) -> io::Result<bool> {
        let mut beginning = Vec::new();
        File::open(path)?.take(BEGINNING).read_to_end(&mut beginning)?;
        Ok(beginning.is_empty() || (self.is)(&beginning))
    }
}
