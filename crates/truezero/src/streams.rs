//! Random numbers: one stream for each (purpose, layer, epoch, mini-batch).
//!
//! A stream depends on nothing but these and the seed. So the number of threads, a resumed run, or
//! an option that draws more numbers elsewhere never change what a stream yields.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// What the numbers are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Weights = 1,
    Signs = 2,
    Shuffle = 3,
    Dropout = 4,
    Corruption = 5,
    Sample = 6,
    Decoder = 7,
}

/// A stream of random numbers.
pub(crate) struct Stream(Xoshiro256PlusPlus);

impl Stream {
    pub(crate) fn new(seed: u64, purpose: Purpose, layer: usize, epoch: usize, batch: usize) -> Self {
        let mut state = seed;
        for word in [purpose as u64, layer as u64, epoch as u64, batch as u64] {
            state = split_mix(state ^ split_mix(word));
        }
        Self(Xoshiro256PlusPlus::seed_from_u64(state))
    }

    /// Uniform in [0, 1), a multiple of 2⁻²⁴.
    pub(crate) fn uniform(&mut self) -> f32 {
        (self.0.next_u32() >> 8) as f32 * (1.0 / (1 << 24) as f32)
    }

    /// Standard normal (Box and Muller).
    pub(crate) fn normal(&mut self) -> f32 {
        let radius = (-2.0 * f64::from(1.0 - self.uniform()).ln()).sqrt();
        (radius * (std::f64::consts::TAU * f64::from(self.uniform())).cos()) as f32
    }

    /// Uniform in 0..n.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.0.next_u64()) * n as u128) >> 64) as usize
    }

    /// Of 0..n, those that are drawn with probability `p` each, in rising order; the cost is in proportion to their
    /// number.
    pub(crate) fn chosen(&mut self, n: usize, p: f32) -> Vec<usize> {
        if p >= 1.0 {
            return (0..n).collect();
        }
        let mut chosen = Vec::new();
        if p <= 0.0 {
            return chosen;
        }
        // The gap before the next one is geometric: P(gap ≥ k) = (1 − p)^k.
        let scale = f64::from(-p).ln_1p().recip();
        let mut next = 0.0;
        loop {
            next += (f64::from(1.0 - self.uniform()).ln() * scale).floor();
            if next >= n as f64 {
                return chosen;
            }
            chosen.push(next as usize);
            next += 1.0;
        }
    }

    /// Puts the items in random order (Fisher and Yates).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// The finaliser of the SplitMix64 generator: every input bit moves every output bit.
fn split_mix(word: u64) -> u64 {
    let mut z = word.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_in_every_coordinate_and_repeat() {
        let first =
            |seed, purpose, layer, epoch, batch| Stream::new(seed, purpose, layer, epoch, batch).0.next_u64();
        let base = first(0, Purpose::Dropout, 0, 0, 0);
        assert_eq!(base, first(0, Purpose::Dropout, 0, 0, 0));
        for other in [
            first(1, Purpose::Dropout, 0, 0, 0),
            first(0, Purpose::Shuffle, 0, 0, 0),
            first(0, Purpose::Dropout, 1, 0, 0),
            first(0, Purpose::Dropout, 0, 1, 0),
            first(0, Purpose::Dropout, 0, 0, 1),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let mut stream = Stream::new(7, Purpose::Weights, 0, 0, 0);
        let n = 20_000;
        let uniform: f32 = (0..n).map(|_| stream.uniform()).sum::<f32>() / n as f32;
        assert!((uniform - 0.5).abs() < 0.01, "{uniform}");
        let normals: Vec<f32> = (0..n).map(|_| stream.normal()).collect();
        let square = normals.iter().map(|x| x * x).sum::<f32>() / n as f32;
        assert!((square - 1.0).abs() < 0.05, "{square}");
    }

    #[test]
    fn each_is_chosen_with_its_probability() {
        let mut stream = Stream::new(0, Purpose::Sample, 0, 0, 0);
        for p in [0.01, 0.3, 0.9] {
            let mut counts = vec![0_u32; 10];
            for _ in 0..20_000 {
                let chosen = stream.chosen(10, p);
                assert!(chosen.is_sorted_by(|a, b| a < b));
                chosen.iter().for_each(|&at| counts[at] += 1);
            }
            for count in counts {
                let share = f64::from(count) / 20_000.0;
                assert!((share - f64::from(p)).abs() < 0.015, "{p}: {share}");
            }
        }
        assert_eq!(stream.chosen(3, 1.0), [0, 1, 2]);
        assert!(stream.chosen(3, 0.0).is_empty());
    }

    #[test]
    fn shuffling_permutes() {
        let mut items: Vec<usize> = (0..100).collect();
        Stream::new(3, Purpose::Shuffle, 0, 0, 0).shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }
}
