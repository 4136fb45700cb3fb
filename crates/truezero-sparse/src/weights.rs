//! The weights between two layers, packed for the sparse products.
//!
//! Input-major (the outgoing weights of one input unit are contiguous), cut into panels of
//! [`PANEL`] outputs: panel by panel, and within a panel row by row. A panel of 1000 inputs is
//! 512 KB and stays in the second-level cache while a mini-batch passes over it; rows of a whole
//! layer, 4 KB apart, would defeat the prefetcher and the TLB.
//!
//! ```text
//! plain  W[i][j]            packed  panel 0: W[0][0..128] W[1][0..128] … W[n][0..128]
//!                                   panel 1: W[0][128..256] …
//! ```

use std::ops::Range;

use crate::aligned::{AlignedVec, LANES, padded};
use crate::memory;

/// Outputs in a panel: one unit's piece is 512 contiguous bytes.
pub const PANEL: usize = 128;

/// Weights that a third-level cache may be expected to keep: 8 MB of them.
const CACHED: usize = 2 << 20;

/// A matrix of inputs × outputs in column panels; outputs are padded with zero weights to a
/// multiple of 16.
#[derive(Clone, Debug, PartialEq)]
pub struct PackedWeights {
    shape: Shape,
    data: AlignedVec,
}

/// Where packed weights lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Shape {
    inputs: usize,
    outputs: usize,
}

impl Shape {
    /// Of so many inputs and outputs.
    pub(crate) fn new(inputs: usize, outputs: usize) -> Self {
        Self { inputs, outputs }
    }

    /// Number of input units.
    pub(crate) fn inputs(self) -> usize {
        self.inputs
    }

    /// Number of output units.
    pub(crate) fn outputs(self) -> usize {
        self.outputs
    }

    /// Whether the weights are too many to stay in a cache from one product to the next.
    pub(crate) fn exceeds_caches(self) -> bool {
        self.inputs * padded(self.outputs) > CACHED
    }

    /// Whether so many matrices of this shape, passed together, are: what is remembered of weights is read once a step
    /// only, and pushes out what other products would find.
    pub(crate) fn exceed_caches(self, matrices: usize) -> bool {
        matrices * matrices * self.inputs * padded(self.outputs) > CACHED
    }

    /// Number of panels.
    pub(crate) fn panels(self) -> usize {
        self.outputs.div_ceil(PANEL)
    }

    /// The outputs that a panel holds.
    pub(crate) fn columns(self, panel: usize) -> Range<usize> {
        panel * PANEL..self.outputs.min((panel + 1) * PANEL)
    }

    /// Length of each piece of a panel.
    pub(crate) fn panel_width(self, panel: usize) -> usize {
        PANEL.min(padded(self.outputs) - panel * PANEL)
    }

    /// Where the values of a panel lie.
    pub(crate) fn panel(self, panel: usize) -> Range<usize> {
        let start = panel * PANEL * self.inputs;
        start..start + self.inputs * self.panel_width(panel)
    }

    /// Where the weights from one input to the outputs of a panel lie, with padding. No two pieces
    /// overlap.
    ///
    /// # Panics
    /// If there is no such input.
    #[inline(always)]
    pub(crate) fn piece(self, panel: usize, input: usize) -> Range<usize> {
        assert!(input < self.inputs, "expected an input below {}, found {input}", self.inputs);
        let width = self.panel_width(panel);
        let start = panel * PANEL * self.inputs + input * width;
        start..start + width
    }

    /// As [`piece`](Self::piece), counted in lines of 16 values.
    #[inline(always)]
    pub(crate) fn piece_lines(self, panel: usize, input: usize) -> Range<usize> {
        let piece = self.piece(panel, input);
        piece.start / LANES..piece.end / LANES
    }
}

impl PackedWeights {
    /// All weights zero.
    ///
    /// If there is not enough memory, this unwinds as far as [`memory::catch`].
    pub fn zeros(inputs: usize, outputs: usize) -> Self {
        let values = outputs.checked_next_multiple_of(LANES).and_then(|row| row.checked_mul(inputs));
        // More than there are addresses for is refused there.
        Self { shape: Shape { inputs, outputs }, data: AlignedVec::zeros(values.unwrap_or(usize::MAX)) }
    }

    /// Packs plain weights, `inputs` rows of `outputs` values.
    ///
    /// # Panics
    /// If `plain` has another length.
    pub fn from_plain(inputs: usize, outputs: usize, plain: &[f32]) -> Self {
        assert_eq!(plain.len(), inputs * outputs, "expected {inputs} rows of {outputs} weights");
        let mut weights = Self::zeros(inputs, outputs);
        for panel in 0..weights.panels() {
            let columns = weights.columns(panel);
            for input in 0..inputs {
                let piece = weights.piece_mut(panel, input);
                piece[..columns.len()].copy_from_slice(&plain[input * outputs..][columns.clone()]);
            }
        }
        weights
    }

    /// The weights as `inputs` plain rows of `outputs` values.
    pub fn to_plain(&self) -> Vec<f32> {
        let values = self.inputs() * self.outputs();
        let mut plain = memory::room(values);
        plain.resize(values, 0.0);
        for panel in 0..self.panels() {
            let columns = self.columns(panel);
            for input in 0..self.inputs() {
                plain[input * self.outputs()..][columns.clone()]
                    .copy_from_slice(&self.piece(panel, input)[..columns.len()]);
            }
        }
        plain
    }

    /// Number of input units (rows).
    pub fn inputs(&self) -> usize {
        self.shape.inputs
    }

    /// Number of output units (columns).
    pub fn outputs(&self) -> usize {
        self.shape.outputs
    }

    /// Number of panels.
    pub fn panels(&self) -> usize {
        self.shape.panels()
    }

    /// The outputs that a panel holds.
    pub fn columns(&self, panel: usize) -> Range<usize> {
        self.shape.columns(panel)
    }

    /// Length of each piece of a panel: 128, or less in the last, always a multiple of 16.
    pub fn panel_width(&self, panel: usize) -> usize {
        self.shape.panel_width(panel)
    }

    /// A panel: `inputs` pieces of [`panel_width`](Self::panel_width) weights.
    pub fn panel(&self, panel: usize) -> &[f32] {
        &self.data[self.shape.panel(panel)]
    }

    /// A panel, to write. The padding stays zero.
    pub fn panel_mut(&mut self, panel: usize) -> &mut [f32] {
        let range = self.shape.panel(panel);
        &mut self.data[range]
    }

    /// The weights from one input to the outputs of a panel, with padding.
    pub fn piece(&self, panel: usize, input: usize) -> &[f32] {
        let width = self.panel_width(panel);
        &self.panel(panel)[input * width..][..width]
    }

    /// The weights from one input to the outputs of a panel, to write. The padding stays zero.
    pub fn piece_mut(&mut self, panel: usize, input: usize) -> &mut [f32] {
        let width = self.panel_width(panel);
        &mut self.panel_mut(panel)[input * width..][..width]
    }

    /// One weight.
    pub fn get(&self, input: usize, output: usize) -> f32 {
        self.piece(output / PANEL, input)[output % PANEL]
    }

    /// All weights with their padding, in packed order.
    pub fn packed(&self) -> &[f32] {
        &self.data[..self.inputs() * padded(self.outputs())]
    }

    /// All weights with their padding, in packed order. The padding stays zero.
    pub fn packed_mut(&mut self) -> &mut [f32] {
        let len = self.inputs() * padded(self.outputs());
        &mut self.data[..len]
    }

    /// Where each weight lies.
    pub(crate) fn shape(&self) -> Shape {
        self.shape
    }
}

/// A block of rows at a time, so that packing or unpacking a matrix needs no second one.
impl PackedWeights {
    /// Packs plain rows of `outputs` values as rows `first`, `first + 1` …
    ///
    /// # Panics
    /// If `plain` is no whole number of rows, or there are no such rows.
    pub fn set_rows(&mut self, first: usize, plain: &[f32]) {
        let outputs = self.outputs();
        let rows = plain.len() / outputs.max(1);
        assert_eq!(plain.len(), rows * outputs, "expected whole rows of {outputs} weights");
        for panel in 0..self.panels() {
            let columns = self.columns(panel);
            for row in 0..rows {
                self.piece_mut(panel, first + row)[..columns.len()]
                    .copy_from_slice(&plain[row * outputs..][columns.clone()]);
            }
        }
    }

    /// Makes `plain` the rows of that `range`, each `outputs` plain values.
    ///
    /// # Panics
    /// If there are no such rows.
    pub fn copy_rows(&self, range: Range<usize>, plain: &mut Vec<f32>) {
        let outputs = self.outputs();
        plain.resize(range.len() * outputs, 0.0);
        for panel in 0..self.panels() {
            let columns = self.columns(panel);
            for (row, input) in range.clone().enumerate() {
                plain[row * outputs..][columns.clone()]
                    .copy_from_slice(&self.piece(panel, input)[..columns.len()]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_and_unpacking_give_the_weights_back() {
        for (inputs, outputs) in [(3, 5), (2, 128), (4, 300), (0, 7), (3, 0)] {
            let plain: Vec<f32> = (0..inputs * outputs).map(|k| k as f32 + 1.0).collect();
            let weights = PackedWeights::from_plain(inputs, outputs, &plain);
            assert_eq!(weights.to_plain(), plain);
            if inputs > 1 && outputs > 1 {
                assert_eq!(weights.get(1, outputs - 1), (2 * outputs) as f32);
            }
        }
    }
}

#[cfg(test)]
mod row_tests {
    use super::*;

    #[test]
    fn blocks_of_rows_are_packed_and_unpacked_as_the_whole_is() {
        for (inputs, outputs) in [(7, 5), (5, 300), (3, 0), (0, 7)] {
            let plain: Vec<f32> = (0..inputs * outputs).map(|k| k as f32 + 1.0).collect();
            let whole = PackedWeights::from_plain(inputs, outputs, &plain);
            for rows in 1..4 {
                let mut weights = PackedWeights::zeros(inputs, outputs);
                let mut block = vec![f32::NAN; 1000];
                for first in (0..inputs).step_by(rows) {
                    let range = first..inputs.min(first + rows);
                    let expected = &plain[range.start * outputs..range.end * outputs];
                    weights.set_rows(first, expected);
                    whole.copy_rows(range, &mut block);
                    assert_eq!(block, expected);
                }
                assert_eq!(weights, whole, "{rows} of {inputs} rows at a time");
            }
        }
    }
}
