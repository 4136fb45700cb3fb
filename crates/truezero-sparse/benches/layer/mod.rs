//! What the benchmarks multiply: a hidden layer of 1000 units with 1000 inputs.

use truezero_sparse::{ActiveBatch, DenseBatch, Engine, PackedWeights};

const INPUTS: usize = 1000;
const OUTPUTS: usize = 1000;

/// Weights, a mini-batch in both forms, errors, and an engine on one thread.
pub(crate) struct Layer {
    pub(crate) x: ActiveBatch,
    pub(crate) dense: DenseBatch,
    pub(crate) weights: PackedWeights,
    pub(crate) bias: Vec<f32>,
    pub(crate) delta: DenseBatch,
    pub(crate) out: DenseBatch,
    pub(crate) engine: Engine,
}

impl Layer {
    /// A layer and a mini-batch of `examples`, of whose inputs the fraction `density` is active.
    pub(crate) fn new((examples, density): (usize, f64)) -> Self {
        let mut state = 1_u64;
        let mut uniform = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1 << 24) as f32
        };
        let mut dense = DenseBatch::zeros(examples, INPUTS);
        for example in 0..examples {
            for value in dense.row_mut(example) {
                if f64::from(uniform()) < density {
                    *value = uniform();
                }
            }
        }
        let mut values = |count: usize| (0..count).map(|_| (uniform() - 0.5) * 0.1).collect::<Vec<_>>();
        let mut engine = Engine::new(1);
        let mut x = ActiveBatch::new(INPUTS);
        engine.extract(&dense, &mut x);
        Self {
            x,
            dense,
            weights: PackedWeights::from_plain(INPUTS, OUTPUTS, &values(INPUTS * OUTPUTS)),
            bias: values(OUTPUTS),
            delta: DenseBatch::from_rows(OUTPUTS, &values(examples * OUTPUTS)),
            out: DenseBatch::default(),
            engine,
        }
    }
}
