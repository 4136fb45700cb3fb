//! What is timed: passes forward, and steps of training.

use std::hint::black_box;
use std::time::{Duration, Instant};

use truezero::{Control, Examples, Network, Pass, Plan, Trainer, TrainingOptions};
use truezero_data::Dataset;
use truezero_sparse::{Batch, DenseBatch, Engine};

use super::blocks::{Blocks, Figures};
use crate::failure::Failure;

/// A mini-batch whose time can be told lies between two others: the clock is read after each, and the
/// last one of an epoch also computes what the epoch's record needs.
pub const LEAST_BATCHES: usize = 3;

/// Mini-batches of consecutive examples, all of the same size; what is left over is left out.
pub fn mini_batches(inputs: &Batch, batch_size: usize) -> Vec<Batch> {
    let rows: Vec<usize> = (0..inputs.examples()).collect();
    let batch = |rows: &[usize]| {
        let mut batch = Batch::Dense(DenseBatch::default());
        batch.copy_from(inputs, rows);
        batch
    };
    rows.chunks_exact(batch_size).map(batch).collect()
}

/// Passes mini-batches through a network, again and again.
pub fn inference(network: &Network, engine: &mut Engine, batches: &[Batch], time: Duration) -> Figures {
    let (mut blocks, mut pass) = (Blocks::new(time), Pass::default());
    let mut before = Instant::now();
    for batch in batches.iter().cycle() {
        network.forward(engine, batch.view(), &mut pass);
        black_box(&pass);
        let now = Instant::now();
        blocks.add(now - before);
        before = now;
        if blocks.is_done() {
            break;
        }
    }
    blocks.figures(batches[0].examples(), engine.threads())
}

/// The plan by which a network is trained on.
pub fn plan(network: &Network, batch_size: usize, l1: f32, learning_rate: f32) -> Result<Plan, Failure> {
    let options = TrainingOptions {
        hidden: network.hidden().iter().map(truezero::Layer::units).collect(),
        l1,
        learning_rate: Some(learning_rate),
        batch_size,
        epochs: usize::MAX,
        patience: 0,
        ..TrainingOptions::default()
    };
    Ok(options.check()?)
}

/// Trains a network on, epoch after epoch. There must be [`LEAST_BATCHES`] in an epoch.
pub fn training(
    plan: Plan,
    network: Network,
    data: &Dataset,
    threads: usize,
    time: Duration,
) -> Result<Figures, Failure> {
    let batch_size = plan.options().batch_size;
    let rows: Vec<usize> = (0..data.examples()).collect();
    // Validating on one example keeps what is not timed short.
    let (train, validation) = (Examples { data, rows: &rows }, Examples { data, rows: &rows[..1] });
    let mut trainer = Trainer::from_network(plan, network, train, Some(validation), threads)?;
    let mut blocks = Blocks::new(time);
    while !blocks.is_done() {
        let mut before = None;
        trainer.epoch(&mut |report| {
            let now = Instant::now();
            if let Some(before) = before.replace(now)
                && report.batch < report.batches
            {
                blocks.add(now - before);
            }
            if blocks.is_done() { Control::Stop } else { Control::Continue }
        })?;
    }
    Ok(blocks.figures(batch_size, threads))
}
