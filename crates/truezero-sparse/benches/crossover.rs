//! From which density on multiplying everything is faster than skipping zeros: where the thresholds in
//! `choose.rs` come from.
//!
//! `cargo bench -p truezero-sparse --bench crossover`: compare, for each mini-batch, the times at each
//! density with that of the dense product, which is the same at all of them.

use divan::Bencher;
use layer::Layer;
use truezero_sparse::Inputs;

mod layer;

const BATCHES: [usize; 6] = [1, 3, 10, 30, 100, 300];

fn main() {
    divan::main();
}

macro_rules! product {
    ($name:ident, |$layer:ident, $x:ident| $call:expr) => {
        mod $name {
            use super::*;

            #[divan::bench(args = BATCHES)]
            fn dense(bencher: Bencher<'_, '_>, examples: usize) {
                let mut layer = Layer::new((examples, 1.0));
                bencher.bench_local(|| {
                    let $layer = &mut layer;
                    let $x = Inputs::Dense(&$layer.dense);
                    $call;
                });
            }

            #[divan::bench(args = BATCHES, consts = [20, 30, 40, 50, 60, 80, 100])]
            fn percent<const DENSITY: usize>(bencher: Bencher<'_, '_>, examples: usize) {
                let mut layer = Layer::new((examples, DENSITY as f64 / 100.0));
                bencher.bench_local(|| {
                    let $layer = &mut layer;
                    let $x = Inputs::Active(&$layer.x);
                    $call;
                });
            }
        }
    };
}

product!(forward, |l, x| l.engine.forward(x, &l.weights, &l.bias, &mut l.out));
product!(backward, |l, x| l.engine.backward_sgd(x, &mut l.weights, &l.delta, 1e-6, &mut l.out));
