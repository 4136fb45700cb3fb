//! Multiplying everything gives what skipping zeros gives, up to rounding, and the same bits on any
//! number of threads.

use truezero_sparse::{ActiveBatch, DenseBatch, Engine, Inputs, PackedWeights, naive};

/// Values between -1 and 1 that look random.
fn values(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|k| ((k * 7919 + seed * 104_729) % 1009) as f32 / 504.0 - 1.0).collect()
}

fn assert_close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() < 1e-4, "at {at}: expected {expected}, found {found}");
    }
}

#[test]
fn dense_products_are_those_of_the_specification_up_to_rounding() {
    let shapes =
        [(0, 3, 4), (1, 1, 1), (1, 300, 17), (3, 17, 10), (10, 0, 5), (10, 784, 300), (300, 140, 129)];
    for (examples, inputs, outputs) in shapes {
        let x = DenseBatch::from_rows(inputs.max(1), &values(examples * inputs.max(1), 1));
        let x = if inputs == 0 { DenseBatch::zeros(examples, 0) } else { x };
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
        let mut first: Option<[Vec<f32>; 4]> = None;
        for threads in 1..=3 {
            let mut engine = Engine::new(threads);
            let (mut found_out, mut found_errors) = (DenseBatch::default(), DenseBatch::default());
            engine.forward(Inputs::Dense(&x), &weights, &bias, &mut found_out);
            assert_close(found_out.padded(), out.padded());
            let mut found_after = weights.clone();
            engine.backward_sgd(Inputs::Dense(&x), &mut found_after, &delta, 0.01, &mut found_errors);
            assert_close(found_errors.padded(), errors.padded());
            assert_close(found_after.packed(), after.packed());
            let mut by_rule = weights.clone();
            engine.for_touched_rows(Inputs::Dense(&x), &delta, [&mut by_rule], |_, gradient, [w]| {
                w.iter_mut().zip(gradient).for_each(|(w, g)| *w -= 0.01 * g);
            });
            assert_close(by_rule.packed(), after.packed());
            let found = [found_out.padded(), found_errors.padded(), found_after.packed(), by_rule.packed()];
            let found = found.map(<[f32]>::to_vec);
            assert_eq!(first.get_or_insert_with(|| found.clone()), &found, "{threads} threads");
        }
    }
}
