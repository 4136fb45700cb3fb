//! Observables: what the hidden layers of a network do on given data.

use truezero_sparse::DenseBatch;

use crate::layer::Activations;
use crate::network::Pass;

/// Bins of [`LayerObservation::active_histogram`]: each holds examples with 5 % more active units.
pub const HISTOGRAM_BINS: usize = 20;

/// What a hidden layer did on some examples.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerObservation {
    /// Number of units.
    pub units: usize,
    /// Whether they give exact zeros; smooth units do not. Only said where they do not.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub gives_zeros: bool,
    /// Fraction of activations that are exactly zero.
    pub sparsity: f64,
    /// Mean of all activations, zeros included.
    pub mean_activation: f64,
    /// Units that are zero for every example seen.
    pub dead_units: usize,
    /// Units that are non-zero for every example seen.
    pub always_on_units: usize,
    /// Fewest, median and most active units of an example.
    pub active_units: [usize; 3],
    /// Number of examples by their share of active units: [0, 5 %), [5 %, 10 %) … [95 %, 100 %].
    pub active_histogram: Vec<u64>,
}

fn yes() -> bool {
    true
}

/// The mean of the sparsities of those layers that give zeros; 0 if there are none.
pub fn mean_sparsity(layers: &[LayerObservation]) -> f64 {
    let of = layers.iter().filter(|layer| layer.gives_zeros).map(|layer| layer.sparsity);
    mean(of).unwrap_or(0.0)
}

/// The mean of some numbers; none of none.
pub(crate) fn mean(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = numbers.fold((0.0, 0), |(sum, count), number| (sum + number, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

/// Collects observations over any number of batches.
#[derive(Clone, Debug, Default)]
pub struct Observer {
    layers: Vec<LayerCounts>,
}

#[derive(Clone, Debug, Default)]
struct LayerCounts {
    /// For each unit, the examples in which it was active.
    fired: Vec<u64>,
    /// For each number of active units, the examples that had it.
    active: Vec<u64>,
    sum: f64,
    gives_zeros: bool,
}

impl Observer {
    /// Takes note of the hidden layers of a pass.
    pub fn see(&mut self, pass: &Pass) {
        self.see_layers(pass.hidden());
    }

    /// Takes note of layers, the same number each time.
    pub(crate) fn see_layers(&mut self, layers: &[Activations]) {
        self.layers.resize_with(layers.len(), LayerCounts::default);
        for (counts, layer) in self.layers.iter_mut().zip(layers) {
            counts.gives_zeros = layer.active().is_some();
            match layer.active() {
                Some(active) => {
                    counts.start(active.width());
                    for example in 0..active.examples() {
                        let (units, values) = active.example(example);
                        for &unit in units {
                            counts.fired[unit as usize] += 1;
                        }
                        counts.active[units.len()] += 1;
                        counts.sum += sum(values);
                    }
                }
                None => counts.see_dense(layer.dense()),
            }
        }
    }

    /// What was observed; one entry per hidden layer.
    pub fn report(&self) -> Vec<LayerObservation> {
        self.layers.iter().map(LayerCounts::report).collect()
    }
}

fn sum(values: &[f32]) -> f64 {
    values.iter().map(|&value| f64::from(value)).sum()
}

impl LayerCounts {
    fn start(&mut self, units: usize) {
        self.fired.resize(units, 0);
        self.active.resize(units + 1, 0);
    }

    fn see_dense(&mut self, batch: &DenseBatch) {
        self.start(batch.width());
        for example in 0..batch.examples() {
            let mut active = 0;
            for (fired, &value) in self.fired.iter_mut().zip(batch.row(example)) {
                *fired += u64::from(value != 0.0);
                active += usize::from(value != 0.0);
            }
            self.active[active] += 1;
            self.sum += sum(batch.row(example));
        }
    }

    fn report(&self) -> LayerObservation {
        let units = self.fired.len();
        let examples: u64 = self.active.iter().sum();
        let cells = (examples * units as u64).max(1) as f64;
        let mut histogram = vec![0; HISTOGRAM_BINS];
        for (active, &count) in self.active.iter().enumerate() {
            histogram[(active * HISTOGRAM_BINS / units.max(1)).min(HISTOGRAM_BINS - 1)] += count;
        }
        let quantile = |rank: u64| {
            let mut below = 0;
            self.active
                .iter()
                .position(|&count| {
                    below += count;
                    below > rank
                })
                .unwrap_or(0)
        };
        LayerObservation {
            units,
            gives_zeros: self.gives_zeros,
            sparsity: 1.0 - self.fired.iter().sum::<u64>() as f64 / cells,
            mean_activation: self.sum / cells,
            dead_units: self.fired.iter().filter(|&&fired| fired == 0).count(),
            always_on_units: self.fired.iter().filter(|&&fired| fired == examples && examples > 0).count(),
            active_units: [0, examples / 2, examples.saturating_sub(1)].map(quantile),
            active_histogram: histogram,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_the_batch() {
        let mut counts = LayerCounts::default();
        counts.see_dense(&DenseBatch::from_rows(4, &[0.0, 1.0, 2.0, 0.0, 0.0, 3.0, 0.0, 0.0]));
        let report = counts.report();
        assert_eq!(report.sparsity, 0.625);
        assert_eq!(report.mean_activation, 0.75);
        assert_eq!((report.dead_units, report.always_on_units), (2, 1));
        assert_eq!(report.active_units, [1, 2, 2]);
        assert_eq!((report.active_histogram[5], report.active_histogram[10]), (1, 1));
        assert_eq!(report.active_histogram.iter().sum::<u64>(), 2);
    }
}
