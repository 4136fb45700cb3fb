//! A batch of active values seen from its units: in which examples is each of them active?

use std::ops::Range;

use crate::ActiveBatch;

/// A unit's activity in one example.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Activity {
    /// The example.
    pub(crate) example: u32,
    /// The unit's value there, times the scale the list was made with.
    pub(crate) factor: f32,
}

/// (Unit, example) pairs that one task works through, at least: their partial sums, a cache line each, fit the
/// first-level cache beside what else is needed there. And at most, of large batches: the errors above, which each
/// task passes once, are then moved less often.
const FEW_PAIRS: usize = 128;
const MANY_PAIRS: usize = 1024;

/// How many tasks a batch is cut into before they become larger than at least.
const TASKS: usize = 16;

/// The units active in any example of a batch, in rising order, each with its examples, in rising
/// order. Memory is reused from batch to batch.
#[derive(Debug, Default)]
pub(crate) struct ByUnit {
    units: Vec<u32>,
    /// Where the activities of each unit start, and where the last one's end.
    starts: Vec<u32>,
    activities: Vec<Activity>,
    /// Ranges of `units`, one for each task.
    tasks: Vec<Range<usize>>,
    /// For each unit of the batch's width: how often it is active, then where its next activity goes;
    /// zero between calls.
    cursors: Vec<u32>,
    /// A bit for each unit that is active; zero between calls.
    seen: Vec<u64>,
}

impl ByUnit {
    /// Lists the units of a batch, values multiplied by `scale`.
    pub(crate) fn list(&mut self, x: &ActiveBatch, scale: f32) {
        assert!(u32::try_from(x.active()).is_ok(), "a batch of more than {} active values", u32::MAX);
        self.cursors.resize(self.cursors.len().max(x.width()), 0);
        self.seen.resize(self.seen.len().max(self.cursors.len().div_ceil(64)), 0);
        for &unit in x.indices() {
            self.cursors[unit as usize] += 1;
            self.seen[unit as usize / 64] |= 1 << (unit % 64);
        }
        self.units.clear();
        self.starts.clear();
        self.starts.push(0);
        let mut end = 0;
        for (at, word) in self.seen[..x.width().div_ceil(64)].iter_mut().enumerate() {
            while *word != 0 {
                let unit = at * 64 + word.trailing_zeros() as usize;
                *word &= *word - 1;
                let start = end;
                end += std::mem::replace(&mut self.cursors[unit], start);
                self.units.push(unit as u32);
                self.starts.push(end);
            }
        }
        self.activities.resize(x.active(), Activity::default());
        for example in 0..x.examples() {
            let (indices, values) = x.example(example);
            for (&unit, &value) in indices.iter().zip(values) {
                let cursor = &mut self.cursors[unit as usize];
                self.activities[*cursor as usize] =
                    Activity { example: example as u32, factor: scale * value };
                *cursor += 1;
            }
        }
        for &unit in &self.units {
            self.cursors[unit as usize] = 0;
        }
        self.cut_into_tasks();
    }

    /// Makes `rows` the units of a batch, without their examples.
    pub(crate) fn touched(&mut self, x: &ActiveBatch, rows: &mut Vec<u32>) {
        self.seen.resize(self.seen.len().max(x.width().div_ceil(64)), 0);
        for &unit in x.indices() {
            self.seen[unit as usize / 64] |= 1 << (unit % 64);
        }
        rows.clear();
        for (at, word) in self.seen[..x.width().div_ceil(64)].iter_mut().enumerate() {
            while *word != 0 {
                rows.push((at * 64) as u32 + word.trailing_zeros());
                *word &= *word - 1;
            }
        }
    }

    /// How many pairs of examples share a unit, counted for each unit; an example makes a pair with itself.
    pub(crate) fn pairs_of_examples(&self) -> usize {
        let of = |ends: &[u32]| (ends[1] - ends[0]) as usize;
        self.starts.windows(2).map(of).map(|count| count * (count + 1) / 2).sum()
    }

    /// The inner products of the `examples` of the batch, `out[s · examples + t]` for t <= s, summed over units in rising
    /// order.
    pub(crate) fn gram(&self, examples: usize, out: &mut Vec<f32>) {
        out.clear();
        out.resize(examples * examples, 0.0);
        for at in 0..self.units.len() {
            let activities = self.activities(at);
            for (end, s) in activities.iter().enumerate() {
                let row = &mut out[s.example as usize * examples..][..examples];
                for t in &activities[..=end] {
                    let product = &mut row[t.example as usize];
                    *product += s.factor * t.factor;
                }
            }
        }
    }

    fn cut_into_tasks(&mut self) {
        self.tasks.clear();
        let enough = (self.activities.len() / TASKS).clamp(FEW_PAIRS, MANY_PAIRS);
        let mut first = 0;
        for next in 1..=self.units.len() {
            if self.pairs(&(first..next)) >= enough || next == self.units.len() {
                self.tasks.push(first..next);
                first = next;
            }
        }
    }

    /// The units, rising.
    pub(crate) fn units(&self) -> &[u32] {
        &self.units
    }

    /// Where the `at`th unit is active, by rising examples.
    #[inline(always)]
    pub(crate) fn activities(&self, at: usize) -> &[Activity] {
        &self.activities[self.starts[at] as usize..self.starts[at + 1] as usize]
    }

    /// Number of pairs of a range of the units.
    pub(crate) fn pairs(&self, range: &Range<usize>) -> usize {
        (self.starts[range.end] - self.starts[range.start]) as usize
    }

    /// Ranges of the units with about equal work.
    pub(crate) fn tasks(&self) -> &[Range<usize>] {
        &self.tasks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_their_examples_rise() {
        let mut x = ActiveBatch::new(200);
        x.push([(3, 1.0), (130, 2.0)]);
        x.push([]);
        x.push([(0, 3.0), (130, 4.0), (199, 5.0)]);
        let mut by_unit = ByUnit::default();
        for _ in 0..2 {
            by_unit.list(&x, -2.0);
            assert_eq!(by_unit.units(), [0, 3, 130, 199]);
            let [first, second] = by_unit.activities(2) else { panic!("two examples") };
            assert_eq!((first.example, first.factor, second.example, second.factor), (0, -4.0, 2, -8.0));
            assert_eq!(by_unit.tasks().first(), Some(&(0..4)));
        }
        by_unit.list(&ActiveBatch::new(7), 1.0);
        assert!(by_unit.units().is_empty() && by_unit.tasks().is_empty());
    }
}
