//! What a machine can do at most: multiply-adds per second with operands in registers, and with a
//! weight read, or read and written, for each of them.
//!
//! A product of sparse values reads a weight and multiplies it; it can be no faster than these loops,
//! which do nothing else, have no index to follow, and walk through memory as the prefetcher likes it.

use std::hint::black_box;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use crate::aligned::{AlignedVec, LANES};
use crate::isa::Isa;
use crate::lanes::{Kernel, Lanes, Line, as_lines_mut, lines_at, lines_at_mut, with_lines};

/// What each multiply-add does with its weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// It stays in a register.
    None,
    /// It is read, as in a product forward.
    Read,
    /// It is read and written, as in an update.
    Update,
}

/// Vectors multiplied between two looks at the clock, at least: some ten microseconds.
const VECTORS: usize = 1 << 16;

/// Fused multiply-adds per second of all `threads` together (at least one), each going again and again
/// through `bytes` of weights of its own: the median over the `time` given. Without traffic, `bytes` are
/// not used.
pub fn multiply_adds_per_second(
    isa: Isa,
    traffic: Traffic,
    bytes: usize,
    threads: usize,
    time: Duration,
) -> f64 {
    let threads = threads.max(1);
    let start = Barrier::new(threads);
    let measure = || {
        // Written here, so that memory is there and belongs to this thread.
        let mut weights =
            AlignedVec::zeros(if traffic == Traffic::None { LANES } else { bytes.max(LANES) / 4 });
        weights.fill(1.0);
        let passes = VECTORS.div_ceil(weights.len() / LANES);
        let multiply_adds = (passes * weights.len()) as f64;
        let mut pass = || {
            let weights = as_lines_mut(&mut weights);
            isa.run(Stream { weights, traffic, passes: black_box(passes), one: black_box(1.0) })
        };
        black_box(pass());
        start.wait();
        let mut rates = Vec::new();
        let (begin, mut before) = (Instant::now(), Instant::now());
        while rates.is_empty() || before - begin < time {
            black_box(pass());
            let now = Instant::now();
            rates.push(multiply_adds / (now - before).as_secs_f64().max(1e-9));
            before = now;
        }
        rates.sort_unstable_by(f64::total_cmp);
        rates[rates.len() / 2]
    };
    let mut rates = vec![0.0; threads];
    std::thread::scope(|scope| {
        let (mine, others) = rates.split_at_mut(1);
        for rate in others {
            scope.spawn(|| *rate = measure());
        }
        mine[0] = measure();
    });
    rates.iter().sum()
}

/// Goes over weights so many times; what it returns depends on all products.
struct Stream<'a> {
    weights: &'a mut [Line],
    traffic: Traffic,
    passes: usize,
    /// 1, unknown to the compiler.
    one: f32,
}

impl Kernel for Stream<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) -> f32 {
        with_lines!(L::ACCUMULATORS, N => self.blocks::<L, N>(lanes))
    }
}

impl Stream<'_> {
    /// In blocks of N lines, each line with an accumulator of its own: enough that none has to wait for
    /// the one before.
    #[inline(always)]
    fn blocks<L: Lanes, const N: usize>(self, lanes: L) -> f32 {
        let Self { weights, traffic, passes, one } = self;
        let factor = lanes.splat(one);
        let zero = lanes.splat(one - 1.0);
        let mut sums = [zero; N];
        let lines = weights.len();
        match traffic {
            Traffic::None => {
                for _ in 0..(passes * lines).div_ceil(N) {
                    for n in 0..N {
                        sums[n] = lanes.fma(sums[n], factor, zero);
                    }
                }
            }
            Traffic::Read => {
                for _ in 0..passes {
                    let mut at = 0;
                    while at + N <= lines {
                        let block = lines_at::<N>(weights, at);
                        for n in 0..N {
                            sums[n] = lanes.fma(factor, lanes.load(&block[n]), sums[n]);
                        }
                        at += N;
                    }
                    for line in &weights[at..] {
                        sums[0] = lanes.fma(factor, lanes.load(line), sums[0]);
                    }
                }
            }
            Traffic::Update => {
                for _ in 0..passes {
                    let mut at = 0;
                    while at + N <= lines {
                        let block = lines_at_mut::<N>(weights, at);
                        for n in 0..N {
                            lanes.store(lanes.fma(factor, zero, lanes.load(&block[n])), &mut block[n]);
                        }
                        at += N;
                    }
                    for line in &mut weights[at..] {
                        lanes.store(lanes.fma(factor, zero, lanes.load(line)), line);
                    }
                }
                sums[0] = lanes.load(&weights[0]);
            }
        }
        sums.iter().map(|&sum| lanes.sum(sum)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_weight_is_multiplied_in_every_pass() {
        for isa in Isa::available() {
            // 21 lines: some are left over behind the last block.
            let mut weights = AlignedVec::zeros(21 * LANES);
            weights.iter_mut().zip(1..).for_each(|(w, k)| *w = k as f32);
            let expected: f32 = weights.iter().sum();
            let before = weights.clone();
            let mut run = |traffic| {
                let weights = as_lines_mut(&mut weights);
                isa.run(Stream { weights, traffic, passes: 3, one: 1.0 })
            };
            assert_eq!(run(Traffic::Read), 3.0 * expected, "{isa}");
            assert_eq!(run(Traffic::None), 0.0, "{isa}");
            assert_eq!(run(Traffic::Update), (1..=16).sum::<i32>() as f32, "{isa}");
            assert_eq!(weights, before, "{isa}: an update by nothing");
        }
    }

    #[test]
    fn a_rate_is_found_on_any_number_of_threads() {
        for threads in [0, 1, 3] {
            for traffic in [Traffic::None, Traffic::Read, Traffic::Update] {
                let rate = multiply_adds_per_second(Isa::detect(), traffic, 4096, threads, Duration::ZERO);
                assert!(rate.is_finite() && rate > 0.0, "{traffic:?} on {threads}: {rate}");
            }
        }
    }
}
