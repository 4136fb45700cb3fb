//! Every kernel, on every instruction set this machine has and on 1 to 3 threads, gives the very bits
//! of its naive twin; and so does multiplying the zeros.

#![allow(clippy::inline_always, reason = "rules become part of the kernels")]

use proptest::prelude::*;
use truezero_sparse::{
    ActiveBatch, DenseBatch, Engine, Inputs, Isa, LANES, Line, LineRule, PANEL, PackedWeights, Pointwise,
    naive,
};

/// A layer and a mini-batch for it.
#[derive(Clone, Debug)]
struct Case {
    x: ActiveBatch,
    weights: PackedWeights,
    bias: Vec<f32>,
    delta: DenseBatch,
    rate: f32,
}

/// Widths about the borders of lines and panels, those of the paper's networks, and others.
fn width() -> impl Strategy<Value = usize> {
    prop_oneof![
        Just(1),
        Just(10),
        Just(15),
        Just(16),
        Just(17),
        Just(PANEL - 1),
        Just(PANEL),
        Just(PANEL + 1),
        Just(2 * PANEL + 40),
        1..200_usize
    ]
}

fn case() -> impl Strategy<Value = Case> {
    let densities = prop_oneof![Just(0.0), Just(0.17), Just(1.0), 0.0..1.0];
    (0..12_usize, width(), width(), densities, any::<u64>()).prop_map(
        |(examples, inputs, outputs, density, seed)| random_case(examples, inputs, outputs, density, seed),
    )
}

fn random_case(examples: usize, inputs: usize, outputs: usize, density: f64, seed: u64) -> Case {
    let mut state = seed | 1;
    let mut uniform = move || {
        // Xorshift: plenty for test data.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 24) as f32
    };
    let mut x = ActiveBatch::new(inputs);
    for example in 0..examples {
        // One example in four is all zero.
        let density = if example % 4 == 3 { 0.0 } else { density as f32 };
        let mut active = Vec::new();
        for i in 0..inputs as u32 {
            if uniform() < density {
                active.push((i, uniform() * 4.0 - 2.0));
            }
        }
        x.push(active);
    }
    let mut values = |count: usize| (0..count).map(|_| uniform() * 2.0 - 1.0).collect::<Vec<_>>();
    Case {
        x,
        weights: PackedWeights::from_plain(inputs, outputs, &values(inputs * outputs)),
        bias: values(outputs),
        delta: DenseBatch::from_rows(outputs, &values(examples * outputs)),
        rate: 0.1,
    }
}

/// All engines to be compared.
fn engines() -> Vec<Engine> {
    let mut engines = Vec::new();
    for isa in Isa::available() {
        engines.extend((1..=3).map(|threads| Engine::with_isa(threads, isa)));
    }
    engines
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Compares two dense batches bit for bit, padding included.
fn assert_same(found: &DenseBatch, expected: &DenseBatch, what: &str, engine: &Engine) {
    assert_eq!((found.examples(), found.width()), (expected.examples(), expected.width()));
    for example in 0..expected.examples() {
        let place = format!("{what}, example {example}, {} on {} threads", engine.isa(), engine.threads());
        assert_eq!(bits(found.row(example)), bits(expected.row(example)), "{place}");
    }
    assert_eq!(bits(found.padded()), bits(expected.padded()), "{what}: padding");
}

/// Holds all products over active values to their specification.
fn check_products(case: &Case) {
    let Case { x, weights, bias, delta, rate } = case;
    let mut out = DenseBatch::default();
    naive::forward(x, weights, bias, &mut out);
    let mut errors = DenseBatch::default();
    naive::backward(x, weights, delta, &mut errors);
    let mut after = weights.clone();
    naive::sgd(x, &mut after, delta, *rate);
    for mut engine in engines() {
        let inputs = Inputs::Active(x);
        let mut found = DenseBatch::zeros(3, 5);
        engine.forward(inputs, weights, bias, &mut found);
        assert_same(&found, &out, "forward", &engine);
        engine.backward(inputs, weights, delta, &mut found);
        assert_same(&found, &errors, "backward", &engine);
        let mut found_weights = weights.clone();
        engine.sgd(inputs, &mut found_weights, delta, *rate);
        assert_eq!(bits(found_weights.packed()), bits(after.packed()), "sgd on {}", engine.isa());
        let mut found_weights = weights.clone();
        engine.backward_sgd(inputs, &mut found_weights, delta, *rate, &mut found);
        assert_same(&found, &errors, "backward_sgd", &engine);
        assert_eq!(bits(found_weights.packed()), bits(after.packed()), "backward_sgd on {}", engine.isa());
        check_rows(&mut engine, case);
    }
}

/// A rule with all that rules are made of: the weight, what is remembered of it, a quotient, a root and a comparison.
struct Quotient {
    factor: f32,
}

impl LineRule<3> for Quotient {
    #[inline(always)]
    fn apply(&self, gradient: Line, [mut w, mut m, mut v]: [Line; 3]) -> [Line; 3] {
        for lane in 0..LANES {
            let g = gradient[lane] + 0.01 * w[lane];
            m[lane] = if m[lane].abs() < 0.1 { 0.0 } else { self.factor * m[lane] } + g;
            v[lane] += g * g;
            w[lane] -= self.factor * m[lane] / (v[lane].sqrt() + 1e-3);
        }
        [w, m, v]
    }
}

/// Counts visits, in a matrix beside the weights, which get their gradient.
struct Visit;

impl LineRule<2> for Visit {
    #[inline(always)]
    fn apply(&self, gradient: Line, [_, mut visits]: [Line; 2]) -> [Line; 2] {
        for lane in 0..LANES {
            visits[lane] += 1.0;
        }
        [gradient, visits]
    }
}

/// Holds steps by a rule, alone and with the errors, to their specification; sees each row visited once, and holds its
/// gradient to the specification.
fn check_rows(engine: &mut Engine, Case { x, weights, delta, .. }: &Case) {
    let (inputs, outputs) = (weights.inputs(), weights.outputs());
    let start = || {
        let memory: Vec<f32> = weights.to_plain().iter().map(|w| w.abs()).collect();
        [
            weights.clone(),
            PackedWeights::zeros(inputs, outputs),
            PackedWeights::from_plain(inputs, outputs, &memory),
        ]
    };
    let (rule, mut expected, mut errors) = (Quotient { factor: 0.3 }, start(), DenseBatch::default());
    naive::update(x, delta, expected.each_mut(), &rule);
    naive::backward(x, weights, delta, &mut errors);
    let (active, dense) = (Inputs::Active(x), x.to_dense());
    let touched = |rows: Option<&[u32]>| rows.map(<[u32]>::to_vec);
    let mut rows = Vec::new();
    engine.touched_rows(active, &mut rows);
    let assert_matrices = |found: &[PackedWeights; 3], what: &str, engine: &Engine| {
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(bits(found.packed()), bits(expected.packed()), "{what} on {}", engine.isa());
        }
    };
    let mut found = start();
    assert_eq!(touched(engine.update(active, delta, found.each_mut(), &rule)), Some(rows.clone()));
    assert_matrices(&found, "update", engine);
    let (mut found, mut found_errors) = (start(), DenseBatch::default());
    let rows_found =
        touched(engine.backward_update(active, delta, found.each_mut(), &rule, &mut found_errors));
    assert_eq!(rows_found, Some(rows.clone()));
    assert_matrices(&found, "backward_update", engine);
    assert_same(&found_errors, &errors, "backward_update", engine);

    // All inputs: those that are zero throughout have a gradient of zero.
    let mut expected = start();
    for i in 0..inputs {
        let mut gradient = naive::row_gradient(x, i, delta);
        gradient.resize(outputs.next_multiple_of(LANES), 0.0);
        naive::follow(&gradient, i, &mut expected.each_mut(), &rule);
    }
    for with_errors in [false, true] {
        let mut found = start();
        let touched = if with_errors {
            engine.backward_update(Inputs::Dense(&dense), delta, found.each_mut(), &rule, &mut found_errors)
        } else {
            engine.update(Inputs::Dense(&dense), delta, found.each_mut(), &rule)
        };
        assert_eq!(touched, None);
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(bits(found.packed()), bits(expected.packed()), "of all inputs, on {}", engine.isa());
        }
    }

    let (mut gradient, mut visits) = (weights.clone(), PackedWeights::zeros(inputs, outputs));
    engine.update(active, delta, [&mut gradient, &mut visits], &Visit);
    for i in 0..inputs {
        let touched = x.indices().contains(&(i as u32));
        assert_eq!(rows.binary_search(&(i as u32)).is_ok(), touched);
        for (j, expected) in naive::row_gradient(x, i, delta).iter().enumerate() {
            if touched {
                assert_eq!(gradient.get(i, j).to_bits(), expected.to_bits(), "gradient of weight {i}, {j}");
            }
            assert_eq!(visits.get(i, j), f32::from(u8::from(touched)), "visits to weight {i}, {j}");
        }
    }
    engine.for_rows(&rows, [&mut gradient, &mut visits], |_| Visit);
    for i in 0..inputs {
        let expected = if rows.contains(&(i as u32)) { 2.0 } else { 0.0 };
        assert!((0..outputs).all(|j| visits.get(i, j) == expected), "visits to row {i}");
    }
}

/// Holds the norm of the gradient to its specification, and its bits to those of another engine.
fn check_norm(Case { x, delta, .. }: &Case) {
    let (expected, dense) = (naive::squared_norm(x, delta), x.to_dense());
    let norms = |mut engine: Engine| {
        for x in [Inputs::Active(x), Inputs::Dense(&dense)] {
            let bound = engine.norm_bound(x, delta);
            assert!(expected.sqrt() <= bound * (1.0 + 1e-6), "{expected} beyond {bound} squared");
        }
        [Inputs::Active(x), Inputs::Dense(&dense)].map(|x| engine.squared_norm(x, delta))
    };
    let first = norms(Engine::new(1));
    for found in first {
        assert!((found - expected).abs() <= 1e-4 * expected, "{found} against {expected}");
    }
    for engine in engines() {
        assert_eq!(norms(engine), first);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn products_are_those_of_the_specification(case in case()) {
        check_products(&case);
    }

    #[test]
    fn norm_is_that_of_the_specification(case in case()) {
        check_norm(&case);
    }

    #[test]
    fn multiplying_the_zeros_changes_no_bit(case in case()) {
        let Case { x, weights, bias, .. } = &case;
        let mut plain = DenseBatch::zeros(x.examples(), x.width());
        for example in 0..x.examples() {
            let (indices, values) = x.example(example);
            for (&i, &value) in indices.iter().zip(values) {
                plain.row_mut(example)[i as usize] = value;
            }
        }
        let mut out = DenseBatch::default();
        Engine::new(1).forward(Inputs::Active(x), weights, bias, &mut out);
        for example in 0..x.examples() {
            for j in 0..weights.outputs() {
                let row = plain.row(example).iter().enumerate();
                let sum = row.fold(bias[j], |sum, (i, &x)| x.mul_add(weights.get(i, j), sum));
                prop_assert_eq!(out.row(example)[j].to_bits(), sum.to_bits());
            }
        }
    }

    #[test]
    fn what_is_done_value_by_value_is_that_of_the_specification(case in case()) {
        let pre = case.delta;
        let signs: Vec<f32> = (0..pre.width()).map(|j| if j % 3 == 0 { -1.0 } else { 1.0 }).collect();
        let functions = [
            Pointwise::Tanh,
            Pointwise::Logistic,
            Pointwise::Softplus { alpha: 2.0 },
            Pointwise::Leaky { alpha: 0.1 },
            Pointwise::Elu { alpha: 1.5 },
            Pointwise::Silu,
            Pointwise::Gelu,
            Pointwise::GeluTanh,
            Pointwise::Mish,
            Pointwise::HardSwish,
            Pointwise::Relu6,
            Pointwise::Softsign,
        ];
        let penalty = |example: usize| 0.01 * (example % 3) as f32;
        for mut engine in engines() {
            for signs in [None, Some(&signs[..])] {
                for function in functions {
                    let (mut expected, mut expected_slopes) = (pre.clone(), DenseBatch::default());
                    naive::activate(function, signs, &mut expected, &mut expected_slopes);
                    let (mut found, mut slopes) = (pre.clone(), DenseBatch::zeros(3, 5));
                    engine.activate(function, signs, &mut found, Some(&mut slopes));
                    assert_same(&found, &expected, "activate", &engine);
                    assert_same(&slopes, &expected_slopes, "slopes", &engine);
                    let (mut expected, mut found_errors) = (pre.clone(), pre.clone());
                    naive::slope_errors(&found, &slopes, penalty, &mut expected);
                    engine.slope_errors(&found, &slopes, penalty, &mut found_errors);
                    assert_same(&found_errors, &expected, "slope_errors", &engine);
                }
                let (mut h, mut active) = (pre.clone(), ActiveBatch::new(0));
                naive::rectify(&mut h, signs, &mut active);
                let (mut expected, mut found) = (pre.clone(), pre.clone());
                naive::rectified_errors(&h, signs, 2.0, penalty, &mut expected);
                engine.rectified_errors(&h, signs, 2.0, penalty, &mut found);
                assert_same(&found, &expected, "rectified_errors", &engine);
            }
        }
    }

    #[test]
    fn errors_of_labels_are_those_of_the_specification(case in case()) {
        let (outputs, width) = (case.delta, case.weights.outputs());
        let labels: Vec<f32> = (0..5 * width).map(|k| f32::from(u8::from(k % 3 == 0))).collect();
        let targets = DenseBatch::from_rows(width, &labels);
        let rows: Vec<usize> = (0..outputs.examples()).map(|example| example * 3 % 5).collect();
        let scale = |example: usize| 0.1 * example as f32;
        let mut expected = outputs.clone();
        let expected_costs = naive::logistic_errors(&mut expected, &targets, &rows, scale);
        for mut engine in engines() {
            let (mut found, mut costs) = (outputs.clone(), vec![1.0; 3]);
            engine.logistic_errors(&mut found, &targets, &rows, scale, &mut costs);
            assert_same(&found, &expected, "logistic_errors", &engine);
            prop_assert_eq!(&costs, &expected_costs);
        }
        // In 64 bits, by the formula.
        for (example, cost) in expected_costs.iter().enumerate() {
            let of = |(&o, &y): (&f32, &f32)| {
                let (o, y) = (f64::from(o), f64::from(y));
                o.max(0.0) - o * y + (-o.abs()).exp().ln_1p()
            };
            let exact: f64 = outputs.row(example).iter().zip(targets.row(rows[example])).map(of).sum();
            prop_assert!((cost - exact).abs() <= 1e-6 * exact, "{} against {}", cost, exact);
        }
    }

    #[test]
    fn rectifier_and_lists_of_non_zeros_are_those_of_the_specification(case in case()) {
        let mut pre = case.delta;
        // Zeros of both signs, and what a diverging network brings.
        for example in 0..pre.examples() {
            for (j, value) in pre.row_mut(example).iter_mut().enumerate() {
                match (example + j) % 11 {
                    3 => *value = 0.0,
                    5 => *value = -0.0,
                    7 => *value = f32::NAN,
                    8 => *value = f32::NEG_INFINITY,
                    _ => {}
                }
            }
        }
        let signs: Vec<f32> = (0..pre.width()).map(|j| if j % 3 == 0 { -1.0 } else { 1.0 }).collect();
        for isa in Isa::available() {
            let mut engine = Engine::with_isa(1, isa);
            for signs in [None, Some(&signs[..])] {
                let (mut expected, mut expected_active) = (pre.clone(), ActiveBatch::new(0));
                naive::rectify(&mut expected, signs, &mut expected_active);
                let (mut found, mut active) = (pre.clone(), ActiveBatch::new(0));
                engine.rectify(&mut found, signs, &mut active);
                assert_same(&found, &expected, "rectify", &engine);
                assert_same_lists(&active, &expected_active);
            }
            let (mut active, mut expected) = (ActiveBatch::new(0), ActiveBatch::new(0));
            naive::extract(&pre, &mut expected);
            engine.extract(&pre, &mut active);
            assert_same_lists(&active, &expected);
            let all = 0..pre.examples();
            prop_assert!(engine.extract_rows(&pre, all.clone(), expected.active(), &mut active));
            assert_same_lists(&active, &expected);
            if let Some(fewer) = expected.active().checked_sub(1) {
                prop_assert!(!engine.extract_rows(&pre, all, fewer, &mut active));
            }
        }
    }
}

/// Compares two batches of active values bit for bit.
fn assert_same_lists(found: &ActiveBatch, expected: &ActiveBatch) {
    assert_eq!(found.width(), expected.width());
    assert_eq!(found.offsets(), expected.offsets());
    assert_eq!(found.indices(), expected.indices());
    assert_eq!(bits(found.values()), bits(expected.values()));
}

/// Large enough to be shared among threads.
#[test]
fn large_products_are_those_of_the_specification() {
    check_products(&random_case(40, 784, 300, 0.2, 1));
    check_products(&random_case(200, 300, 10, 0.9, 2));
    // A panel that is passed in blocks of inputs.
    check_products(&random_case(5, 3000, 200, 0.05, 3));
    // Weights that come from memory: many of them used, in blocks, and few. Their last panel is narrow.
    check_products(&random_case(6, 4000, 530, 0.4, 4));
    check_products(&random_case(6, 4000, 530, 0.02, 5));
}

/// By inner products of plain arrays and by unit, and by rows.
#[test]
fn norms_of_large_gradients_are_those_of_the_specification() {
    check_norm(&random_case(60, 784, 300, 0.2, 1));
    check_norm(&random_case(30, 5000, 100, 0.01, 2));
    check_norm(&random_case(300, 100, 50, 0.5, 3));
}

/// Inner products would leave nothing but rounding.
#[test]
fn norm_of_gradients_that_cancel_is_right() {
    let (mut x, mut errors) = (ActiveBatch::new(200), Vec::new());
    for example in 0..2_u8 {
        x.push((0..200).map(|i| (i, 1.0)));
        let sign = 1.0 - 2.0 * f32::from(example);
        errors.extend((0..40_u8).map(|j| sign * (1.0 + f32::from(example) * 1e-5 * f32::from(j % 3))));
    }
    let delta = DenseBatch::from_rows(40, &errors);
    let expected = naive::squared_norm(&x, &delta);
    assert!(expected > 0.0);
    for mut engine in engines() {
        assert!((engine.squared_norm(Inputs::Active(&x), &delta) - expected).abs() < 1e-6 * expected);
    }
}

#[test]
#[should_panic(expected = "expected as many values in an example as inputs")]
fn a_batch_of_another_width_is_refused() {
    let weights = PackedWeights::zeros(3, 2);
    Engine::new(1).forward(
        Inputs::Active(&ActiveBatch::new(4)),
        &weights,
        &[0.0; 2],
        &mut DenseBatch::default(),
    );
}

#[test]
#[should_panic(expected = "expected an error for each output")]
fn errors_of_another_width_are_refused() {
    let mut weights = PackedWeights::zeros(3, 2);
    Engine::new(1).sgd(Inputs::Active(&ActiveBatch::new(3)), &mut weights, &DenseBatch::zeros(0, 3), 0.1);
}

#[test]
#[should_panic(expected = "expected rising rows")]
fn rows_given_twice_are_refused() {
    let (mut a, mut b) = (PackedWeights::zeros(3, 2), PackedWeights::zeros(3, 2));
    Engine::new(1).for_rows(&[0, 0], [&mut a, &mut b], |_| Visit);
}

#[test]
#[should_panic(expected = "expected an input below 3, found 3")]
fn rows_that_do_not_exist_are_refused() {
    let (mut a, mut b) = (PackedWeights::zeros(3, 2), PackedWeights::zeros(3, 2));
    Engine::new(1).for_rows(&[0, 3], [&mut a, &mut b], |_| Visit);
}

/// Nothing that diverges in the padding may come back into a sum.
#[test]
fn padding_stays_zero_when_values_diverge() {
    let mut x = ActiveBatch::new(2);
    x.push([(0, f32::INFINITY), (1, f32::NAN)]);
    for mut engine in engines() {
        let mut weights = PackedWeights::from_plain(2, 17, &[0.5; 34]);
        let (mut out, delta) = (DenseBatch::default(), DenseBatch::from_rows(17, &[1.0; 17]));
        engine.forward(Inputs::Active(&x), &weights, &[0.0; 17], &mut out);
        assert!(out.row(0).iter().all(|value| value.is_nan()));
        assert!(out.padded()[17..].iter().all(|&value| value == 0.0));
        engine.sgd(Inputs::Active(&x), &mut weights, &delta, 0.1);
        for input in 0..2 {
            assert!(weights.piece(0, input)[..17].iter().all(|weight| !weight.is_finite()));
            assert!(weights.piece(0, input)[17..].iter().all(|&weight| weight == 0.0));
        }
    }
}
