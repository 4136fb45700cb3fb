//! Time in blocks: a block is as many mini-batches as fill its share of the time, and the figure is the
//! median of the blocks, which a disturbance in one of them does not move.

use std::time::Duration;

use serde::Serialize;

/// Blocks of a measurement.
const BLOCKS: u32 = 7;
/// The warm-up, as a part of the time of all blocks.
const WARM_UP: u32 = 4;

/// Collects the times of mini-batches.
pub struct Blocks {
    warm_up: Duration,
    block: Duration,
    batches: u64,
    time: Duration,
    /// Mini-batches per second, one for each block.
    rates: Vec<f64>,
}

impl Blocks {
    /// Blocks that take `time` together, after a warm-up.
    pub fn new(time: Duration) -> Self {
        let (warm_up, block) = (time / WARM_UP, time / BLOCKS);
        Self { warm_up, block, batches: 0, time: Duration::ZERO, rates: Vec::new() }
    }

    /// Takes note of a mini-batch and the time it took.
    pub fn add(&mut self, time: Duration) {
        if !self.warm_up.is_zero() {
            self.warm_up = self.warm_up.saturating_sub(time);
            return;
        }
        self.batches += 1;
        self.time += time;
        if !self.is_done() && self.time >= self.block && !self.time.is_zero() {
            self.rates.push(self.batches as f64 / self.time.as_secs_f64());
            (self.batches, self.time) = (0, Duration::ZERO);
        }
    }

    /// Whether there are enough blocks.
    pub fn is_done(&self) -> bool {
        self.rates.len() >= BLOCKS as usize
    }

    /// The figures, for mini-batches of `batch_size`.
    pub fn figures(&self, batch_size: usize, threads: usize) -> Figures {
        let examples: Vec<f64> = self.rates.iter().map(|rate| rate * batch_size as f64).collect();
        let (lowest, highest) =
            examples.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), &x| (low.min(x), high.max(x)));
        Figures {
            examples_per_second: median(&examples),
            batch_size,
            threads,
            microseconds_per_batch: 1e6 / median(&self.rates),
            blocks: examples.len(),
            lowest,
            highest,
        }
    }
}

/// How fast something is.
#[derive(Serialize)]
pub struct Figures {
    /// Median over the blocks.
    pub examples_per_second: f64,
    pub batch_size: usize,
    pub threads: usize,
    /// Median over the blocks.
    pub microseconds_per_batch: f64,
    pub blocks: usize,
    /// Examples per second of the slowest block.
    pub lowest: f64,
    /// Examples per second of the fastest block.
    pub highest: f64,
}

/// The value in the middle, or the mean of the two there; NaN if there is none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    match (sorted.len(), sorted.len() / 2) {
        (0, _) => f64::NAN,
        (len, middle) if len % 2 == 1 => sorted[middle],
        (_, middle) => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(&[5.0]), 5.0);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn one_slow_block_is_seen_but_does_not_count() {
        // Blocks of a second, a warm-up of 1.75 seconds.
        let mut blocks = Blocks::new(Duration::from_secs(7));
        for _ in 0..2 {
            blocks.add(Duration::from_secs(1)); // warm-up
        }
        blocks.add(Duration::from_secs(5));
        for _ in 0..6 * 4 - 1 {
            blocks.add(Duration::from_millis(250));
            assert!(!blocks.is_done());
        }
        blocks.add(Duration::from_millis(250));
        assert!(blocks.is_done());
        blocks.add(Duration::from_secs(100));
        let figures = blocks.figures(10, 3);
        assert_eq!((figures.batch_size, figures.threads, figures.blocks), (10, 3, 7));
        assert_eq!((figures.examples_per_second, figures.microseconds_per_batch), (40.0, 250_000.0));
        assert_eq!((figures.lowest, figures.highest), (2.0, 40.0));
    }
}
