//! What the handlers of all requests share.

use std::sync::Arc;

use axum::http::StatusCode;
use tokio::sync::watch;
use truezero_http::{Intake, Problem};
use truezero_sparse::Batch;

use crate::compute::Computed;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::queue::Queue;
use crate::registry::Registry;
use crate::servable::Servable;

/// Bodies up to this size are parsed where they are read; parsing a larger one would keep other clients waiting.
const QUICK_BYTES: usize = 64 << 10;

/// The models, the queue before them, and what is counted.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) registry: Registry,
    pub(crate) queue: Queue,
    pub(crate) metrics: Metrics,
    pub(crate) limits: Limits,
    /// Whether clients must show a token.
    pub(crate) token: bool,
    stopping: watch::Sender<bool>,
}

pub(crate) type Shared = Arc<App>;

impl App {
    pub(crate) fn new(registry: Registry, queue: Queue, limits: Limits, token: bool) -> Self {
        Self { registry, queue, metrics: Metrics::new(), limits, token, stopping: watch::Sender::new(false) }
    }

    /// Waits for the answer of a model.
    pub(crate) async fn compute(
        &self,
        model: &Arc<Servable>,
        inputs: Batch,
        codes: Vec<usize>,
        intake: &Intake,
    ) -> Result<Computed, Problem> {
        let computed = self.queue.compute(Arc::clone(model), inputs, codes, intake.clone()).await?;
        self.metrics.computed(model, &computed);
        Ok(computed)
    }

    /// Finishes what was begun.
    pub(crate) fn stop(&self) {
        self.queue.hurry();
        self.stopping.send_replace(true);
    }

    /// Ready when the server stops.
    pub(crate) async fn stopped(&self) {
        // The sender is ours, so it does not go before.
        let _ = self.stopping.subscribe().wait_for(|&stopping| stopping).await;
    }

    /// Whether further requests are welcome.
    pub(crate) fn ready(&self) -> StatusCode {
        if *self.stopping.borrow() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
    }
}

/// Work on so many bytes, where it keeps nobody waiting.
pub(crate) async fn off_the_road<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    if bytes <= QUICK_BYTES {
        return work();
    }
    tokio::task::spawn_blocking(work).await.map_err(|_| Problem::internal())?
}
