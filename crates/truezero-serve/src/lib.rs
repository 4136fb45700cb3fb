//! Floor 4 of truezero: networks served over HTTP, by the Open Inference Protocol.
//!
//! ```text
//! connection ─▶ route ─▶ admission ─▶ protocol ─▶ queue ─▶ compute ─▶ protocol ─▶ connection
//! (how many,             (memory,     (tensors     (turns,   (one pass   (JSON, bytes)
//!  how slow)              bodies)      to inputs)   together) for all)
//! ```
//!
//! ```no_run
//! use std::sync::Arc;
//! use truezero_serve::{Limits, ModelFile, Options, Server};
//!
//! let options = Options {
//!     addr: "127.0.0.1:8080".to_owned(),
//!     token: None,
//!     insecure: false,
//!     watch: false,
//!     threads: 2,
//!     limits: Limits::default(),
//! };
//! let models = [ModelFile::parse("digits=model.safetensors")];
//! Server::open(&models, options, Arc::new(|event| drop(event)))?.run()?;
//! # Ok::<(), truezero_serve::Error>(())
//! ```

#![forbid(unsafe_code)]

mod admission;
mod app;
mod auth;
mod compute;
mod connection;
mod endless;
mod error;
mod event;
pub mod limits;
mod metrics;
mod openapi;
mod problem;
mod protocol;
mod queue;
mod records;
mod registry;
mod reload;
mod routes;
mod servable;
mod server;
mod signals;
#[cfg(test)]
mod testing;

pub use auth::Token;
pub use error::Error;
pub use event::{Event, Log};
pub use limits::Limits;
pub use registry::ModelFile;
pub use server::{Options, Server};
