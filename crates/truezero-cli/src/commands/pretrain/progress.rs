//! What is seen of a pre-training while it runs.

use std::time::{Duration, Instant};

use truezero::autoencoder::{PretrainingBatch, PretrainingRecord};

use crate::progress::{REFRESH, Shown};
use crate::table::percent;

/// Shows a pre-training and measures its pace.
pub struct Progress {
    shown: Shown,
    layers: usize,
    epochs: Vec<usize>,
    started: Instant,
    refreshed: Instant,
    examples: usize,
    seconds: Duration,
}

impl Progress {
    /// For layers with at most so many epochs.
    pub fn new(quiet: bool, epochs: Vec<usize>) -> Self {
        let now = Instant::now();
        Self {
            shown: Shown::new(quiet),
            layers: epochs.len(),
            epochs,
            started: now,
            refreshed: now,
            examples: 0,
            seconds: Duration::ZERO,
        }
    }

    /// Before each call to the pre-trainer.
    pub fn start_epoch(&mut self) {
        self.started = Instant::now();
    }

    fn prefix(&self, layer: usize, epoch: usize) -> String {
        format!("layer {layer}/{}, epoch {epoch}/{}", self.layers, self.epochs[layer - 1])
    }

    /// After each mini-batch.
    pub fn batch(&mut self, report: &PretrainingBatch) {
        self.examples = report.examples;
        self.seconds = self.started.elapsed();
        if report.batch == 1 || self.refreshed.elapsed() >= REFRESH {
            self.refreshed = Instant::now();
            let prefix = self.prefix(report.layer, report.epoch);
            self.shown.update(report.batch, report.batches, prefix, || {
                let (cost, sparsity) = (report.cost, percent(report.sparsity));
                let pace = self.examples as f64 / self.seconds.as_secs_f64().max(1e-9);
                format!("reconstruction cost {cost:.4} · sparsity {sparsity} · {pace:.0} examples/s")
            });
        }
    }

    /// After each call that completed an epoch.
    pub fn epoch(&mut self, record: &PretrainingRecord) {
        let mut line = self.prefix(record.layer, record.epoch);
        line += &format!(": reconstruction cost {:.4}", record.cost);
        if let Some(cost) = record.validation_cost {
            line += &format!(", validation {cost:.4}");
        }
        let pace = self.examples as f64 / self.seconds.as_secs_f64().max(1e-9);
        line += &format!(", sparsity {}, {pace:.0} examples/s", percent(record.code.sparsity));
        self.shown.line(&line);
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.shown.finish();
    }
}
