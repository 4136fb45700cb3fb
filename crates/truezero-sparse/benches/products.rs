//! One benchmark for each product, at the shapes of a hidden layer of 1000 units.
//!
//! `cargo bench -p truezero-sparse -- forward`

use divan::Bencher;
use divan::counter::ItemsCount;
use layer::Layer;
use truezero_sparse::{DenseBatch, Inputs, Pointwise};

mod layer;

/// (mini-batch, density)
const CASES: [(usize, f64); 9] =
    [(1, 0.17), (1, 0.5), (1, 1.0), (10, 0.17), (10, 0.5), (10, 1.0), (128, 0.17), (128, 0.5), (128, 1.0)];

fn main() {
    divan::main();
}

macro_rules! product {
    ($name:ident, $form:ident, $field:ident, |$layer:ident, $inputs:ident| $call:expr) => {
        #[divan::bench(args = CASES)]
        fn $name(bencher: Bencher<'_, '_>, case: (usize, f64)) {
            let mut layer = Layer::new(case);
            let multiply_adds = ItemsCount::new(layer.x.active() * layer.weights.outputs());
            bencher.counter(multiply_adds).bench_local(|| {
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
    bencher.counter(ItemsCount::new(case.0 * layer.dense.width())).bench_local(|| {
        layer.engine.extract(&layer.dense, &mut layer.x);
    });
}

#[divan::bench(args = CASES)]
fn rectify(bencher: Bencher<'_, '_>, case: (usize, f64)) {
    let mut layer = Layer::new(case);
    bencher.counter(ItemsCount::new(case.0 * layer.dense.width())).bench_local(|| {
        // Rectifying what is rectified already is the same work.
        layer.engine.rectify(&mut layer.dense, None, &mut layer.x);
    });
}

#[divan::bench(args = CASES)]
fn activate(bencher: Bencher<'_, '_>, case: (usize, f64)) {
    let mut layer = Layer::new(case);
    let mut slopes = DenseBatch::default();
    bencher.counter(ItemsCount::new(case.0 * layer.dense.width())).bench_local(|| {
        layer.engine.activate(Pointwise::Tanh, None, &mut layer.dense, Some(&mut slopes));
    });
}

#[divan::bench(args = CASES)]
fn slope_errors(bencher: Bencher<'_, '_>, case: (usize, f64)) {
    let mut layer = Layer::new(case);
    let slopes = layer.dense.clone();
    bencher.counter(ItemsCount::new(case.0 * layer.dense.width())).bench_local(|| {
        layer.engine.slope_errors(&layer.dense, &slopes, |_| 1e-5, &mut layer.delta);
    });
}

#[divan::bench(args = CASES)]
fn rectified_errors(bencher: Bencher<'_, '_>, case: (usize, f64)) {
    let mut layer = Layer::new(case);
    bencher.counter(ItemsCount::new(case.0 * layer.dense.width())).bench_local(|| {
        layer.engine.rectified_errors(&layer.dense, None, 1.0, |_| 1e-5, &mut layer.delta);
    });
}
