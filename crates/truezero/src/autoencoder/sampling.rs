//! Reconstruction sampling (Dauphin, Glorot & Bengio 2011): which inputs of a sparse example are
//! reconstructed, and how much each counts.
//!
//! Every input that is active before or after corruption is, and counts once. Of the others each is with
//! probability q, and then counts 1/q, so that cost and gradient are right on average. q is chosen such that, on
//! average, there are `ratio` zeros for each non-zero (at least one).

use truezero_sparse::ActiveBatch;

use crate::streams::Stream;

/// The inputs to reconstruct: `chosen` has what each counts as its values, `targets` the clean inputs in the same
/// order.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) chosen: ActiveBatch,
    pub(super) clean: Vec<f32>,
}

impl Default for Sample {
    fn default() -> Self {
        Self { chosen: ActiveBatch::new(0), clean: Vec::new() }
    }
}

impl Sample {
    /// Draws a sample for each example of the clean batch `x`, of which `noisy` is the corrupted one.
    pub(super) fn draw(&mut self, x: &ActiveBatch, noisy: &ActiveBatch, ratio: f32, stream: &mut Stream) {
        self.chosen.reset(x.width());
        self.clean.clear();
        let mut row = Vec::new();
        for example in 0..x.examples() {
            row.clear();
            merge(x.example(example), noisy.example(example), &mut row);
            let (active, width) = (row.len(), x.width());
            let zeros = width - active;
            let wanted = ratio * active.max(1) as f32;
            if zeros > 0 && wanted > 0.0 {
                let q = (wanted / zeros as f32).min(1.0);
                // The k-th zero lies behind the active inputs below it.
                let mut below = 0;
                for k in stream.chosen(zeros, q) {
                    while below < active && row[below].0 as usize <= k + below {
                        below += 1;
                    }
                    row.push(((k + below) as u32, q.recip(), 0.0));
                }
                row.sort_unstable_by_key(|(index, ..)| *index);
            }
            self.chosen.push(row.iter().map(|(index, counts, _)| (*index, *counts)));
            self.clean.extend(row.iter().map(|(.., clean)| clean));
        }
    }
}

/// The inputs active in either, in rising order: (index, 1, clean value).
fn merge((a, values): (&[u32], &[f32]), (b, _): (&[u32], &[f32]), row: &mut Vec<(u32, f32, f32)>) {
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        let (left, right) = (a.get(i).copied().unwrap_or(u32::MAX), b.get(j).copied().unwrap_or(u32::MAX));
        let clean = if left <= right { values[i] } else { 0.0 };
        row.push((left.min(right), 1.0, clean));
        i += usize::from(left <= right);
        j += usize::from(right <= left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::Purpose;

    fn batches() -> (ActiveBatch, ActiveBatch) {
        let (mut clean, mut noisy) = (ActiveBatch::new(40), ActiveBatch::new(40));
        clean.push([(0, 0.5), (7, 1.5), (39, 2.5)]);
        noisy.push([(7, 1.5), (8, 3.0)]);
        clean.push([]);
        noisy.push([]);
        (clean, noisy)
    }

    #[test]
    fn non_zeros_are_always_there_and_zeros_are_unbiased() {
        let (clean, noisy) = batches();
        let (mut sample, mut stream) = (Sample::default(), Stream::new(1, Purpose::Sample, 0, 0, 0));
        let mut counted = [vec![0.0; 40], vec![0.0; 40]];
        let draws = 20_000;
        let mut sizes = 0;
        for _ in 0..draws {
            sample.draw(&clean, &noisy, 1.0, &mut stream);
            let mut at = 0;
            for (example, counted) in counted.iter_mut().enumerate() {
                let (indices, counts) = sample.chosen.example(example);
                assert!(indices.is_sorted_by(|a, b| a < b));
                for (&index, &count) in indices.iter().zip(counts) {
                    counted[index as usize] += f64::from(count);
                    let expected = match (example, index) {
                        (0, 0) => 0.5,
                        (0, 7) => 1.5,
                        (0, 39) => 2.5,
                        _ => 0.0,
                    };
                    assert_eq!(sample.clean[at], expected);
                    at += 1;
                }
                if example == 0 {
                    assert!([0, 7, 8, 39].iter().all(|index| indices.contains(index)));
                    sizes += indices.len();
                }
            }
        }
        for (example, counted) in counted.iter().enumerate() {
            for (index, sum) in counted.iter().enumerate() {
                let mean = sum / f64::from(draws);
                assert!((mean - 1.0).abs() < 0.15, "input {index} of example {example} counts {mean}");
            }
        }
        // 4 active ones and, on average, as many others.
        assert!((f64::from(sizes as u32) / f64::from(draws) - 8.0).abs() < 0.1);
    }

    #[test]
    fn a_large_ratio_takes_every_input_once() {
        let (clean, noisy) = batches();
        let mut sample = Sample::default();
        sample.draw(&clean, &noisy, 100.0, &mut Stream::new(0, Purpose::Sample, 0, 0, 0));
        assert_eq!(sample.chosen.example(0), (&(0..40).collect::<Vec<u32>>()[..], &[1.0; 40][..]));
        assert_eq!(sample.chosen.example(1).0.len(), 40);
    }
}
