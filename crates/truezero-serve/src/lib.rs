//! Floor 4 of truezero: networks served over HTTP, by the Open Inference Protocol.
//!
//! ```text
//! connection ─▶ gate ─▶ route ─▶ protocol ─▶ queue ─▶ compute ─▶ protocol ─▶ connection
//! (how many,    (hosts,          (tensors     (turns,   (one pass   (JSON, bytes)
//!  how slow)     bodies, memory)  to inputs)   together) for all)
//! ```
//!
//! ```no_run
//! use std::sync::Arc;
//! use truezero_serve::{Limits, ModelFile, Options, Server};
//!
//! let options = Options {
//!     addr: "127.0.0.1:8080".to_owned(),
//!     token: None,
//!     allow_hosts: Vec::new(),
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

mod app;
mod auth;
mod compute;
mod cost;
mod endless;
mod error;
mod event;
pub mod limits;
mod metrics;
mod openapi;
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
