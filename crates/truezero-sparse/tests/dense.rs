//! Multiplying everything gives the very bits that skipping zeros gives, on every instruction set this
//! machine has and on any number of threads.

use truezero_sparse::{ActiveBatch, DenseBatch, Engine, Inputs, Isa, Line, LineRule, PackedWeights, naive};

/// Values between -1 and 1 that look random.
fn values(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|k| ((k * 7919 + seed * 104_729) % 1009) as f32 / 504.0 - 1.0).collect()
}

/// Puts the gradient in the place of the weights.
struct Take;

impl LineRule<1> for Take {
    fn apply(&self, gradient: Line, _: [Line; 1]) -> [Line; 1] {
        [gradient]
    }
}

fn assert_same(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len());
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found.to_bits(), expected.to_bits(), "{what} at {at}: expected {expected}, found {found}");
    }
}

#[test]
fn dense_products_are_those_of_the_specification() {
    let shapes = [
        (0, 3, 4),
        (1, 1, 1),
        (1, 300, 17),
        (2, 30, 200),
        (3, 17, 10),
        (5, 33, 129),
        (7, 9, 140),
        (10, 0, 5),
        (10, 784, 300),
        (13, 131, 64),
        (300, 140, 129),
        (3, 4000, 530), // from memory
    ];
    for (examples, inputs, outputs) in shapes {
        let mut plain = values(examples * inputs, 1);
        plain.iter_mut().step_by(3).for_each(|value| *value = 0.0);
        let mut x = DenseBatch::zeros(examples, inputs);
        (0..examples).for_each(|s| x.row_mut(s).copy_from_slice(&plain[s * inputs..][..inputs]));
        let weights = PackedWeights::from_plain(inputs, outputs, &values(inputs * outputs, 2));
        let bias = values(outputs, 3);
        let delta = DenseBatch::from_rows(outputs, &values(examples * outputs, 4));
        let mut active = ActiveBatch::new(0);
        naive::extract(&x, &mut active);
        let (mut out, mut errors, mut after) =
            (DenseBatch::default(), DenseBatch::default(), weights.clone());
        naive::forward(&active, &weights, &bias, &mut out);
        naive::sgd(&active, &mut after, &delta, 0.01);
        // Dense products give errors to inputs that are zero, too.
        let mut ones = ActiveBatch::new(inputs);
        (0..examples).for_each(|_| ones.push((0..inputs as u32).map(|i| (i, 1.0))));
        naive::backward(&ones, &weights, &delta, &mut errors);
        let isas = Isa::available();
        for mut engine in isas.into_iter().flat_map(|isa| (1..=3).map(move |n| Engine::with_isa(n, isa))) {
            let what = |name: &str| {
                format!(
                    "{name} of {examples} × {inputs} × {outputs}, {} on {}",
                    engine.isa(),
                    engine.threads()
                )
            };
            let names = ["forward", "backward", "sgd", "backward_sgd", "gradient"].map(what);
            let dense = Inputs::Dense(&x);
            // Where a product writes, there may be something else before.
            let mut found = DenseBatch::from_rows(2, &[7.0; 2000]);
            engine.forward(dense, &weights, &bias, &mut found);
            assert_same(found.padded(), out.padded(), &names[0]);
            engine.backward(dense, &weights, &delta, &mut found);
            assert_same(found.padded(), errors.padded(), &names[1]);
            let mut found_after = weights.clone();
            engine.sgd(dense, &mut found_after, &delta, 0.01);
            assert_same(found_after.packed(), after.packed(), &names[2]);
            let mut found_after = weights.clone();
            engine.backward_sgd(dense, &mut found_after, &delta, 0.01, &mut found);
            assert_same(found.padded(), errors.padded(), &names[3]);
            assert_same(found_after.packed(), after.packed(), &names[3]);
            let mut gradient = PackedWeights::zeros(inputs, outputs);
            engine.update(dense, &delta, [&mut gradient], &Take);
            for input in 0..inputs {
                let expected = naive::row_gradient(&active, input, &delta);
                let row: Vec<f32> = (0..outputs).map(|output| gradient.get(input, output)).collect();
                assert_same(&row, &expected, &names[4]);
            }
        }
    }
}

/// The two exceptions to "multiplying the zeros changes no bit".
#[test]
fn a_negative_zero_loses_its_sign_and_an_infinite_weight_makes_nan_where_zeros_are_multiplied() {
    let zeros = DenseBatch::zeros(1, 3);
    let mut none = ActiveBatch::new(3);
    none.push([]);
    for mut engine in Isa::available().into_iter().map(|isa| Engine::with_isa(1, isa)) {
        let mut forward = |x: Inputs<'_>, weight: f32, bias: f32| {
            let mut out = DenseBatch::default();
            engine.forward(x, &PackedWeights::from_plain(3, 1, &[weight; 3]), &[bias], &mut out);
            out.row(0)[0]
        };
        assert_eq!(forward(Inputs::Active(&none), 1.0, -0.0).to_bits(), (-0.0_f32).to_bits());
        assert_eq!(forward(Inputs::Dense(&zeros), 1.0, -0.0).to_bits(), 0.0_f32.to_bits());
        assert_eq!(forward(Inputs::Active(&none), f32::INFINITY, 2.0), 2.0);
        assert!(forward(Inputs::Dense(&zeros), f32::INFINITY, 2.0).is_nan());
    }
}
