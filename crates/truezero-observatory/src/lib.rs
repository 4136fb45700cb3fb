//! The observatory: a page on which one draws a digit and watches the units of a network fire, trains one
//! and watches it learn, and compares activation functions.
//!
//! ```text
//! page/ (HTML, CSS, JavaScript; embedded) ─▶ api ─┬▶ networks ─▶ observe, unit
//!                                                 ├▶ training ─▶ live ─▶ events ─▶ page
//!                                                 └▶ compare ──▶ networks
//! ```
//!
//! [`Observatory::router`] is all a server needs, behind a [`Gate`](truezero_http::Gate): the page at `/`, everything else below `/observatory` and
//! `/paper`. A training elsewhere in the process shows itself through [`Live`].

#![forbid(unsafe_code)]

mod api;
mod compare;
mod error;
mod events;
mod examples;
mod input;
mod live;
mod networks;
mod observe;
mod page;
mod report;
mod training;
mod unit;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::sync::Semaphore;
use truezero::Model;
use truezero_http::Limits;

pub use error::Busy;
pub use live::{Live, Session, Start};

use compare::Compared;
use networks::Networks;

/// Drawings looked at together; more wait for their turn.
const LOOKS_AT_ONCE: usize = 2;

/// What a page that is served alone may cost: it is for one person.
pub const LIMITS: Limits = Limits {
    body_bytes: 1 << 20,
    memory_bytes: 64 << 20,
    connections: 256,
    head: Duration::from_secs(10),
    timeout: Duration::from_secs(30),
};

/// Models under the names they are shown by.
pub type Models = Vec<(String, Arc<Model>)>;

/// What the page and its interface rest on; a clone is the same observatory.
#[derive(Clone)]
pub struct Observatory {
    shared: Arc<Shared>,
}

struct Shared {
    networks: Networks,
    live: Arc<Live>,
    report: Option<PathBuf>,
    /// Whether the training shown is another's, so that none can be started from the page.
    attached: bool,
    looks: Arc<Semaphore>,
}

impl Observatory {
    /// An observatory of the models that `models` gives whenever it is asked, perhaps none, beside those
    /// that it trains itself.
    pub fn new(models: impl Fn() -> Models + Send + Sync + 'static) -> Self {
        Self::build(Box::new(models), Arc::default(), false)
    }

    /// An observatory of a training that goes on in this process and shows itself through `live`.
    pub fn attached(live: Arc<Live>) -> Self {
        Self::build(Box::new(Vec::new), live, true)
    }

    fn build(models: Box<dyn Fn() -> Models + Send + Sync>, live: Arc<Live>, attached: bool) -> Self {
        let networks = Networks {
            given: models,
            compared: Arc::new(Compared::new(live.clone())),
            live: live.clone(),
            live_first: attached,
        };
        let looks = Arc::new(Semaphore::new(LOOKS_AT_ONCE));
        Self { shared: Arc::new(Shared { networks, live, report: None, attached, looks }) }
    }

    /// Links a report of `truezero paper`.
    ///
    /// # Panics
    /// If the observatory was cloned or routed before.
    #[must_use]
    pub fn with_report(mut self, report: Option<PathBuf>) -> Self {
        Arc::get_mut(&mut self.shared).expect("the only clone").report = report;
        self
    }

    /// Starts to train the four networks that are compared, unless that has been done. It takes some seconds
    /// on a thread of its own.
    pub fn prepare(&self) {
        self.shared.networks.compared.prepare();
    }

    /// The page and its interface.
    pub fn router(&self) -> Router {
        api::router(self.clone())
    }

    /// Ends the streams of events, which a server that waits for its connections would wait for, and asks a
    /// training to stop.
    pub fn close(&self) {
        self.shared.live.close();
    }
}
