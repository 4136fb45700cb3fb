//! The one way in which files are written: a call says what it reads ([`InputFiles`]), and gets an [`Output`] for what it
//! writes, which is never one of them.
//!
//! ```text
//! InputFiles (what is read) ─┐
//! path, Kind ────────────────┴─▶ Output::open ─▶ checked, locked ─▶ write ─▶ there as a whole, or as it was
//! ```

mod companion;
mod folder;
mod identity;
mod input_files;
mod kind;
mod lock;
mod output;
mod place;
mod temporary;

pub use companion::{check_companion, remove_companion};
pub use folder::{claim, remove};
pub use input_files::InputFiles;
pub use kind::{Kind, PAGE};
pub use output::Output;

/// What the names of all files begin with that are there only while something is written.
const PREFIX: &str = ".truezero-";
