//! What the machine can do at most: multiply-adds per second with weights from each level of memory.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use truezero_sparse::Isa;
use truezero_sparse::roofline::{Traffic, multiply_adds_per_second};

/// Where Linux tells the caches of a core.
const CACHES: &str = "/sys/devices/system/cpu/cpu0/cache";
/// Sizes of the caches where the system does not tell them: those of a common server.
const COMMON: [usize; 3] = [32 << 10, 1 << 20, 32 << 20];
/// Main memory is measured with so many times the largest cache.
const BEYOND: usize = 4;

/// What a number of threads can do together.
#[derive(Debug, Serialize)]
pub struct Machine {
    pub threads: usize,
    /// Multiply-adds per second with all operands in registers.
    pub arithmetic: f64,
    /// From the first-level cache to main memory.
    pub levels: Vec<Level>,
}

/// A level of memory.
#[derive(Debug, Serialize)]
pub struct Level {
    pub name: String,
    /// Bytes that all threads together can keep there; none for main memory.
    pub capacity: Option<usize>,
    /// Bytes that each thread went through in the measurement.
    pub working_set: usize,
    /// Multiply-adds per second when each reads a weight from here.
    pub read: f64,
    /// Multiply-adds per second when each reads a weight from here and writes it back.
    pub update: f64,
}

impl Machine {
    /// Measures it, `time` for each of the rates.
    pub fn measure(isa: Isa, threads: usize, time: Duration) -> Self {
        let rate = |traffic, bytes| multiply_adds_per_second(isa, traffic, bytes, threads, time);
        let level = |(name, capacity, working_set): (String, Option<usize>, usize)| Level {
            name,
            capacity,
            working_set,
            read: rate(Traffic::Read, working_set),
            update: rate(Traffic::Update, working_set),
        };
        let arithmetic = rate(Traffic::None, 0);
        Self { threads, arithmetic, levels: sets(&caches(), threads).into_iter().map(level).collect() }
    }

    /// The lowest level that holds so many bytes, divided among the threads.
    pub fn level(&self, bytes: usize) -> &Level {
        let holds = |level: &&Level| level.capacity.is_none_or(|capacity| bytes <= capacity);
        self.levels.iter().find(holds).expect("main memory holds everything")
    }
}

/// For each level its name, what all threads together can keep there, and the bytes that each thread
/// goes through to measure it: half of a cache of its own, for other things are there as well; a
/// quarter of the one it shares with others, at its part, but more than its own caches hold.
fn sets(caches: &[usize], threads: usize) -> Vec<(String, Option<usize>, usize)> {
    let last = caches.len() - 1;
    let mut sets: Vec<_> = caches
        .iter()
        .enumerate()
        .map(|(at, &size)| {
            let name = format!("L{}", at + 1);
            if at == last && at > 0 {
                (name, Some(size), (size / 4 / threads).max(2 * caches[at - 1]))
            } else {
                (name, Some(size * threads), size / 2)
            }
        })
        .collect();
    sets.push(("memory".to_owned(), None, BEYOND * caches[last] / threads));
    sets
}

/// Bytes of the data caches, smallest first.
fn caches() -> Vec<usize> {
    let entries = fs::read_dir(CACHES).into_iter().flatten().flatten();
    let mut sizes: Vec<usize> = entries.filter_map(|entry| data_cache(&entry.path())).collect();
    sizes.sort_unstable();
    if sizes.len() < 2 { COMMON.to_vec() } else { sizes }
}

/// The size of a cache, unless it holds instructions only.
fn data_cache(folder: &Path) -> Option<usize> {
    let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
    (read("type")?.trim() != "Instruction").then_some(())?;
    bytes(read("size")?.trim())
}

/// `32K` and the like.
fn bytes(text: &str) -> Option<usize> {
    let (number, unit) = match text.as_bytes().last()? {
        b'K' => (&text[..text.len() - 1], 1 << 10),
        b'M' => (&text[..text.len() - 1], 1 << 20),
        _ => (text, 1),
    };
    number.parse::<usize>().ok()?.checked_mul(unit).filter(|&bytes| bytes > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        assert_eq!(bytes("32K"), Some(32768));
        assert_eq!(bytes("8M"), Some(8 << 20));
        assert_eq!(bytes("512"), Some(512));
        assert_eq!(["", "K", "0K", "many"].map(bytes), [None; 4]);
        let caches = caches();
        assert!(caches.len() > 1 && caches.is_sorted(), "{caches:?}");
    }

    #[test]
    fn each_level_is_measured_beyond_the_one_below() {
        for threads in [1, 2, 64] {
            let sets = sets(&COMMON, threads);
            assert_eq!(
                sets.iter().map(|set| set.0.as_str()).collect::<Vec<_>>(),
                ["L1", "L2", "L3", "memory"]
            );
            assert_eq!(sets[1].1, Some(threads << 20));
            assert_eq!((sets[2].1, sets[3].1), (Some(32 << 20), None));
            for (below, set) in COMMON.iter().zip(&sets[1..3]) {
                assert!(set.2 > *below, "{threads} threads: {set:?}");
            }
            assert!(sets[3].2 * threads > COMMON[2]);
        }
    }

    #[test]
    fn weights_live_in_the_lowest_level_that_holds_them() {
        let level = |name: &str, capacity| Level {
            name: name.to_owned(),
            capacity,
            working_set: 0,
            read: 1.0,
            update: 1.0,
        };
        let levels = vec![level("L1", Some(100)), level("L2", Some(1000)), level("memory", None)];
        let machine = Machine { threads: 1, arithmetic: 1.0, levels };
        let names = [0, 100, 101, 1000, 1001].map(|bytes| machine.level(bytes).name.as_str());
        assert_eq!(names, ["L1", "L1", "L2", "L2", "memory"]);
    }
}
