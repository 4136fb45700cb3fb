//! What is counted, and how Prometheus is told.

use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::{EncodeLabelSet, prometheus_text, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use truezero_http::Answered;

use crate::compute::Computed;
use crate::queue::Queue;
use crate::servable::Servable;

/// A form in which they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    OpenMetrics,
    /// That of Prometheus before.
    Text,
}

impl Form {
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Text => prometheus_text::CONTENT_TYPE,
        }
    }

    /// The one that a client likes better; OpenMetrics if it does not mind.
    pub(crate) fn wanted(accept: &str) -> Self {
        let weight = |form: &str| {
            let mut weights = accept.split(',').filter_map(|range| {
                let (kind, parameters) = range.split_once(';').unwrap_or((range, ""));
                let parameter =
                    |parameter: &str| parameter.trim().strip_prefix("q=")?.trim().parse::<f64>().ok();
                let weight = parameters.split(';').find_map(parameter).unwrap_or(1.0);
                kind.trim().eq_ignore_ascii_case(form).then_some(weight)
            });
            let first = weights.next()?;
            Some(weights.fold(first, f64::max))
        };
        match (weight("application/openmetrics-text"), weight("text/plain")) {
            (None, Some(text)) if text > 0.0 => Self::Text,
            (Some(openmetrics), Some(text)) if text > openmetrics => Self::Text,
            _ => Self::OpenMetrics,
        }
    }
}

/// Upper ends of the bins of the histogram of latencies, in seconds.
const LATENCIES: [f64; 14] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Everything that is counted.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    latency: Family<Route, Histogram, fn() -> Histogram>,
    examples: Family<Model, Counter>,
    units: Family<Layer, Counter>,
    active: Family<Layer, Counter>,
    sparsity: Family<Layer, Gauge<f64, AtomicU64>>,
    queue: Gauge,
    batches: Counter,
    reloads: Family<Reload, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Model {
    model: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Layer {
    model: String,
    /// Counted from 1, the lowest.
    layer: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reload {
    model: String,
    result: &'static str,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("truezero");
        let (requests, examples, reloads) = (Family::default(), Family::default(), Family::default());
        let (units, active, sparsity) = (Family::default(), Family::default(), Family::default());
        let (queue, batches) = (Gauge::default(), Counter::default());
        let latency: Family<Route, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(LATENCIES));
        registry.register("http_requests", "Requests answered, by route and status", requests.clone());
        registry.register(
            "http_request_duration_seconds",
            "From the head of a request to the first byte of its answer",
            latency.clone(),
        );
        registry.register("examples", "Examples computed", examples.clone());
        registry.register("layer_units", "Activations computed, by hidden layer", units.clone());
        registry.register(
            "layer_active_units",
            "Activations computed that were not zero, by hidden layer",
            active.clone(),
        );
        registry.register(
            "layer_sparsity",
            "Fraction of zeros in each hidden layer in the last request",
            sparsity.clone(),
        );
        registry.register("queue_requests", "Requests waiting to be computed", queue.clone());
        registry.register("batches", "Passes of requests computed together", batches.clone());
        registry.register("reloads", "Attempts to replace a model, by result", reloads.clone());
        Self { registry, requests, latency, examples, units, active, sparsity, queue, batches, reloads }
    }

    pub(crate) fn answered(&self, answered: Answered<'_>) {
        let Answered { route, status, took } = answered;
        // Paths that are not known are counted together, lest clients fill the memory with them.
        let route = route.unwrap_or("other");
        self.requests.get_or_create(&Request { route: route.to_owned(), status }).inc();
        self.latency.get_or_create(&Route { route: route.to_owned() }).observe(took.as_secs_f64());
    }

    pub(crate) fn computed(&self, model: &Servable, computed: &Computed) {
        let examples = computed.active.first().map_or(computed.predictions.examples(), Vec::len);
        self.examples.get_or_create(&Model { model: model.name.clone() }).inc_by(examples as u64);
        for ((number, layer), active) in (1..).zip(model.hidden()).zip(&computed.active) {
            let label = Layer { model: model.name.clone(), layer: number };
            let units = (examples * layer.units()) as u64;
            let active: u64 = active.iter().map(|&active| u64::from(active)).sum();
            self.units.get_or_create(&label).inc_by(units);
            self.active.get_or_create(&label).inc_by(active);
            self.sparsity.get_or_create(&label).set(1.0 - active as f64 / units.max(1) as f64);
        }
    }

    pub(crate) fn reloaded(&self, model: &str, result: &'static str) {
        self.reloads.get_or_create(&Reload { model: model.to_owned(), result }).inc();
    }

    /// Everything as text.
    pub(crate) fn text(&self, queue: &Queue, form: Form) -> String {
        self.queue.set(queue.len() as i64);
        self.batches.inner().store(queue.batches(), Ordering::Relaxed);
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = match form {
            Form::OpenMetrics => text::encode(&mut text, &self.registry),
            Form::Text => prometheus_text::encode(&mut text, &self.registry),
        };
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_the_one_that_is_liked_better() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,\
                          text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for accept in
            ["", "*/*", "application/openmetrics-text", prometheus, "text/plain;q=0", "application/json"]
        {
            assert_eq!(Form::wanted(accept), Form::OpenMetrics, "{accept}");
        }
        for accept in [
            "text/plain",
            "text/plain;version=0.0.4;q=0.5, */*;q=0.1",
            "Text/Plain, application/openmetrics-text;q=0.9",
        ] {
            assert_eq!(Form::wanted(accept), Form::Text, "{accept}");
        }
    }
}
