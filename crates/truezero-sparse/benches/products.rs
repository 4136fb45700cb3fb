//! One benchmark for each product, at the shapes of a hidden layer of 1000 units.
//!
//! `cargo bench -p truezero-sparse -- forward`

use divan::Bencher;
use divan::counter::ItemsCount;
use truezero_sparse::{ActiveBatch, DenseBatch, Engine, Inputs, PackedWeights};

const INPUTS: usize = 1000;
const OUTPUTS: usize = 1000;

/// (mini-batch, density)
const CASES: [(usize, f64); 9] =
    [(1, 0.17), (1, 0.5), (1, 1.0), (10, 0.17), (10, 0.5), (10, 1.0), (128, 0.17), (128, 0.5), (128, 1.0)];

fn main() {
    divan::main();
}

struct Layer {
    x: ActiveBatch,
    dense: DenseBatch,
    weights: PackedWeights,
    bias: Vec<f32>,
    delta: DenseBatch,
    out: DenseBatch,
    engine: Engine,
}

impl Layer {
    fn new((examples, density): (usize, f64)) -> Self {
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

    /// Multiply-adds of one product that skips zeros.
    fn work(&self) -> ItemsCount {
        ItemsCount::new(self.x.active() * OUTPUTS)
    }
}

macro_rules! product {
    ($name:ident, $form:ident, $field:ident, |$layer:ident, $inputs:ident| $call:expr) => {
        #[divan::bench(args = CASES)]
        fn $name(bencher: Bencher<'_, '_>, case: (usize, f64)) {
            let mut layer = Layer::new(case);
            bencher.counter(layer.work()).bench_local(|| {
                let $layer = &mut layer;
                let $inputs = Inputs::$form(&$layer.$field);
                $call;
            });
        }
    };
}

product!(forward, Active, x, |l, x| l.engine.forward(x, &l.weights, &l.bias, &mut l.out));
product!(forward_dense, Dense, dense, |l, x| l.engine.forward(x, &l.weights, &l.bias, &mut l.out));
product!(backward, Active, x, |l, x| l.engine.backward(x, &l.weights, &l.delta, &mut l.out));
product!(backward_dense, Dense, dense, |l, x| l.engine.backward(x, &l.weights, &l.delta, &mut l.out));
product!(sgd, Active, x, |l, x| l.engine.sgd(x, &mut l.weights, &l.delta, 1e-6));
product!(sgd_dense, Dense, dense, |l, x| l.engine.sgd(x, &mut l.weights, &l.delta, 1e-6));
product!(backward_sgd, Active, x, |l, x| l.engine.backward_sgd(
    x,
    &mut l.weights,
    &l.delta,
    1e-6,
    &mut l.out
));
product!(backward_sgd_dense, Dense, dense, |l, x| l.engine.backward_sgd(
    x,
    &mut l.weights,
    &l.delta,
    1e-6,
    &mut l.out
));

#[divan::bench(args = CASES)]
fn extract(bencher: Bencher<'_, '_>, case: (usize, f64)) {
    let mut layer = Layer::new(case);
    bencher.counter(ItemsCount::new(case.0 * INPUTS)).bench_local(|| {
        layer.engine.extract(&layer.dense, &mut layer.x);
    });
}

#[divan::bench(args = CASES)]
fn rectify(bencher: Bencher<'_, '_>, case: (usize, f64)) {
    let mut layer = Layer::new(case);
    bencher.counter(ItemsCount::new(case.0 * INPUTS)).bench_local(|| {
        // Rectifying what is rectified already is the same work.
        layer.engine.rectify(&mut layer.dense, None, &mut layer.x);
    });
}
