//! What each verb does: one file per verb.

pub mod bench;
mod by_parts;
pub mod completions;
pub mod encode;
pub mod evaluate;
pub mod export;
pub mod fetch;
mod hold_out;
pub mod import;
pub mod inspect;
pub mod man;
pub mod observe;
pub mod paper;
mod parts;
pub mod predict;
pub mod pretrain;
pub mod serve;
mod site;
pub mod sweep;
pub mod train;
mod using;

/// How a verb that an interrupt can break off came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All was done.
    Complete,
    /// What there was is saved, and that was told.
    BrokenOff,
}
