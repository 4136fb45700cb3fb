//! Floor 3 of truezero: what its servers rest on.
//!
//! ```text
//! connection ─▶ gate ─────────────────────▶ route ─────▶ gate ─────▶ connection
//! (how many,    (host and origin, deadline, (Posted,    (memory of
//!  how slow)     body: size and memory)      Document)    the answer)
//! ```
//!
//! [`serve`] puts the [`Gate`] before every route itself, so no route can be without it.

#![forbid(unsafe_code)]

mod body;
mod connection;
mod gate;
mod held;
mod hosts;
mod intake;
pub mod json;
mod limits;
mod memory;
mod problem;

pub use connection::serve;
pub use gate::{Answered, Gate};
pub use hosts::Hosts;
pub use intake::{Intake, Posted};
pub use limits::{CONNECTION_BYTES, Limits, SMALL_ANSWER_BYTES};
pub use problem::{ErrorBody, Problem};
