//! From a dense row to the list of its non-zeros, and the rectifier with it in one pass.

use crate::LANES;
use crate::lanes::{Kernel, Lanes, Line};

/// Room for what one row may hold: a slot for each value, padding included.
#[derive(Debug, Default)]
pub(crate) struct Found {
    indices: Vec<u32>,
    values: Vec<f32>,
}

impl Found {
    /// Makes room for rows of `lines` lines.
    pub(crate) fn make_room(&mut self, lines: usize) {
        self.indices.resize(lines * LANES, 0);
        self.values.resize(lines * LANES, 0.0);
    }

    /// The first `count` indices and values.
    pub(crate) fn first(&self, count: usize) -> (&[u32], &[f32]) {
        (&self.indices[..count], &self.values[..count])
    }

    /// Adds the non-zeros of line number `at` behind the `count` there are; says how many there are
    /// then.
    #[inline(always)]
    fn add<L: Lanes>(&mut self, lanes: L, v: L::V, at: usize, count: usize) -> usize {
        // After `at` lines at most 16 · at slots are taken, so there is room for a whole line.
        let indices = self.indices[count..].first_chunk_mut().expect("room for a line");
        let values = self.values[count..].first_chunk_mut().expect("room for a line");
        count + lanes.compress(v, (at * LANES) as u32, indices, values)
    }
}

/// Lists the non-zeros of a row; returns how many they are.
pub(crate) struct Extract<'a> {
    pub(crate) row: &'a [Line],
    pub(crate) found: &'a mut Found,
}

impl Kernel for Extract<'_> {
    type Output = usize;

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) -> usize {
        let mut count = 0;
        for (at, line) in self.row.iter().enumerate() {
            count = self.found.add(lanes, lanes.load(line), at, count);
        }
        count
    }
}

/// `sign · max(0, x)` in place, and the list of the non-zeros; returns how many they are.
pub(crate) struct Rectify<'a> {
    pub(crate) row: &'a mut [Line],
    /// One for each value of the row, padding included; or none, for 1 everywhere.
    pub(crate) signs: Option<&'a [Line]>,
    pub(crate) found: &'a mut Found,
}

impl Kernel for Rectify<'_> {
    type Output = usize;

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) -> usize {
        let mut count = 0;
        let mut sign = lanes.splat(1.0);
        for (at, line) in self.row.iter_mut().enumerate() {
            if let Some(signs) = self.signs {
                sign = lanes.load(&signs[at]);
            }
            let v = lanes.rectify(lanes.load(line), sign);
            lanes.store(v, line);
            count = self.found.add(lanes, v, at, count);
        }
        count
    }
}
