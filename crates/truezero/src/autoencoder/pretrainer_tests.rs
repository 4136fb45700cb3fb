//! Stacks of auto-encoders: that they learn, stop, repeat, and leave a network that computes what they did.

use truezero_data::{Notices, PreprocessOptions, Preprocessing, digits5k};
use truezero_sparse::DenseBatch;

use super::*;
use crate::autoencoder::Corruption;

fn digits(examples: usize) -> Batch {
    let raw = digits5k().train;
    let rows: Vec<usize> = (0..examples).collect();
    let preprocessing = Preprocessing::fit(&raw, &rows, &PreprocessOptions::default()).unwrap();
    let all = preprocessing.inputs(raw.features, &Notices::default()).unwrap();
    let mut some = Batch::Dense(DenseBatch::default());
    some.copy_from(&all, &rows);
    some
}

fn layers(inputs: usize, units: &[usize], activation: Activation, signs: bool) -> Vec<Layer> {
    let mut below = inputs;
    let layer = |(index, &units): (usize, &usize)| {
        let layer = Layer::random(below, units, activation, signs, Initialisation::Glorot, 0, index);
        below = units;
        layer
    };
    units.iter().enumerate().map(layer).collect()
}

fn trained(
    options: PretrainingOptions,
    layers: Vec<Layer>,
    inputs: &Batch,
    validation: &[usize],
    threads: usize,
) -> (Vec<Layer>, PretrainingSummary) {
    let activations: Vec<Activation> = layers.iter().map(|layer| layer.activation).collect();
    let rows: Vec<usize> = (0..inputs.examples()).filter(|row| !validation.contains(row)).collect();
    let plan = options.check(&activations).unwrap();
    let mut pretrainer = Pretrainer::new(plan, layers, inputs, &rows, validation, threads).unwrap();
    while let PretrainingProgress::Epoch(_) = pretrainer.epoch(&mut |_| Control::Continue).unwrap() {}
    pretrainer.finish()
}

#[test]
fn every_strategy_learns_to_reconstruct_digits() {
    let inputs = digits(300);
    let validation: Vec<usize> = (250..300).collect();
    for (activation, reconstruction, rate) in [
        ("rectifier", "softplus", 0.01),
        ("rectifier", "cross-entropy", 0.05),
        ("rectifier", "linear", 0.01),
        ("softplus", "softplus", 0.01),
        ("tanh", "cross-entropy", 0.05),
    ] {
        let options = PretrainingOptions {
            reconstruction: vec![reconstruction.parse().unwrap()],
            learning_rate: vec![rate],
            epochs: vec![4],
            patience: 0,
            ..Default::default()
        };
        let start = layers(784, &[60, 40], activation.parse().unwrap(), activation == "rectifier");
        let (layers, summary) = trained(options, start, &inputs, &validation, 1);
        assert!(summary.completed && summary.history.len() == 8 && layers.len() == 2);
        for layer in 1..=2 {
            let costs: Vec<f64> = summary
                .history
                .iter()
                .filter(|record| record.layer == layer)
                .map(|record| record.validation_cost.unwrap())
                .collect();
            let name = format!("{activation}, {reconstruction}, layer {layer}: {costs:?}");
            assert!(costs[3] < 0.99 * costs[0], "{name}");
        }
        let sparsity = summary.history[3].code.sparsity;
        assert_eq!(sparsity > 0.2, activation == "rectifier", "{activation}: {sparsity}");
    }
}

#[test]
fn threads_change_nothing_and_sampling_serves_sparse_inputs_only() {
    let inputs = digits(60);
    let options = PretrainingOptions {
        corruption: vec![
            Corruption::SaltAndPepper { drop: 0.5, set: 0.01 },
            Corruption::Gaussian { deviation: 0.1 },
        ],
        reconstruction: vec![Reconstruction::CrossEntropy, Reconstruction::Softplus],
        sample_zeros: Some(1.0),
        tied: false,
        epochs: vec![2],
        ..Default::default()
    };
    for activation in [Activation::Rectifier, Activation::Logistic] {
        let run = |threads| {
            trained(options.clone(), layers(784, &[200, 50], activation, false), &inputs, &[0, 1, 2], threads)
        };
        let one = run(1);
        assert_eq!(one, run(2));
        assert!(one.1.history.iter().all(|record| record.cost.is_finite()));
    }
}

#[test]
fn patience_ends_a_layer_and_the_best_weights_are_kept() {
    let inputs = digits(40);
    // Far too fast a rate for a linear decoder to get better for long, but not for it to diverge at once.
    let options = PretrainingOptions {
        reconstruction: vec![Reconstruction::Softplus],
        learning_rate: vec![0.02],
        epochs: vec![60],
        patience: 2,
        ..Default::default()
    };
    let validation: Vec<usize> = (20..40).collect();
    let (layers, summary) =
        trained(options, layers(784, &[30], Activation::Rectifier, false), &inputs, &validation, 1);
    let best = summary.best_epochs[0];
    let costs: Vec<f64> = summary.history.iter().map(|record| record.validation_cost.unwrap()).collect();
    let least = costs.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(costs[best - 1], least, "{costs:?}");
    assert!(summary.history.len() < 60, "{costs:?}");
    assert_eq!(summary.history.len(), best + 2);
    assert_eq!(layers.len(), 1);
}

#[test]
fn the_scale_of_codes_is_folded_into_the_weights() {
    // Inputs up to 4, scaled to 1 for the cross-entropy.
    let mut inputs = digits(50);
    multiply(&mut inputs, 4.0);
    let options = PretrainingOptions {
        reconstruction: vec![Reconstruction::CrossEntropy],
        epochs: vec![1],
        ..Default::default()
    };
    let start = layers(784, &[20, 10], Activation::Rectifier, false);
    let (first, _) = trained(options.clone(), start.clone(), &inputs, &[], 1);
    let (unscaled, _) = trained(options, start, &digits(50), &[], 1);
    // The same training, but for the scale of what enters: weights are a quarter, biases the same.
    let [a, b] = [&first[0], &unscaled[0]].map(|layer| layer.weights.to_plain());
    assert!(a.iter().zip(&b).all(|(a, b)| (4.0 * a - b).abs() < 1e-5));
    assert!(first[0].bias.iter().zip(&unscaled[0].bias).all(|(a, b)| (a - b).abs() < 1e-5));
    let [a, b] = [&first[1], &unscaled[1]].map(|layer| layer.weights.to_plain());
    assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-4));
}

#[test]
fn a_layer_that_is_left_as_it_is_gives_the_codes_that_it_will_give_in_the_network() {
    let mut inputs = digits(50);
    multiply(&mut inputs, 4.0);
    let start = layers(784, &[20, 10], Activation::Rectifier, false);
    let options = |epochs: &[usize]| PretrainingOptions {
        reconstruction: vec![Reconstruction::CrossEntropy],
        epochs: epochs.to_vec(),
        ..Default::default()
    };
    let (both, _) = trained(options(&[0, 1]), start.clone(), &inputs, &[], 1);
    assert_eq!(both[0], start[0]);
    // The upper layer alone, on the codes of the lower one.
    let codes = encode(&mut Engine::new(1), &start[0], &inputs);
    let (upper, _) = trained(options(&[1]), vec![start[1].clone()], &codes, &[], 1);
    let share = |layer: &Layer| layer.weights.to_plain().iter().map(|w| f64::from(w.abs())).sum::<f64>();
    // Noise is drawn by the place of a layer, so the two differ, but not by the fourfold scale.
    let ratio = share(&both[1]) / share(&upper[0]);
    assert!((ratio - 1.0).abs() < 0.05, "{ratio}");
}

#[test]
fn an_interrupted_epoch_goes_on_where_it_stopped() {
    let inputs = digits(50);
    let plan = PretrainingOptions { epochs: vec![2], ..Default::default() };
    let rows: Vec<usize> = (0..50).collect();
    let start = layers(784, &[20], Activation::Rectifier, false);
    let (whole, _) = trained(plan.clone(), start.clone(), &inputs, &[], 1);
    let plan = plan.check(&[Activation::Rectifier]).unwrap();
    let mut pretrainer = Pretrainer::new(plan, start, &inputs, &rows, &[], 1).unwrap();
    let mut interruptions = 0;
    loop {
        match pretrainer.epoch(&mut |_| Control::Stop).unwrap() {
            PretrainingProgress::Interrupted => interruptions += 1,
            PretrainingProgress::Epoch(_) => {}
            PretrainingProgress::Done => break,
        }
    }
    assert_eq!(interruptions, 8, "after all mini-batches but the last, twice");
    assert_eq!(pretrainer.finish().0, whole);
}

#[test]
fn what_does_not_fit_is_refused() {
    let inputs = Batch::Dense(DenseBatch::from_rows(2, &[-1.0, 2.0, 0.5, 0.0]));
    let options = |reconstruction| PretrainingOptions {
        reconstruction: vec![reconstruction],
        epochs: vec![1],
        ..Default::default()
    };
    let new = |reconstruction, width: usize, rows| {
        let plan = options(reconstruction).check(&[Activation::Rectifier])?;
        let mut pretrainer =
            Pretrainer::new(plan, layers(width, &[3], Activation::Rectifier, false), &inputs, rows, &[], 1)?;
        pretrainer.epoch(&mut |_| Control::Continue).map(|_| ())
    };
    let refused = |reconstruction, width, rows| new(reconstruction, width, rows).unwrap_err().to_string();
    assert!(refused(Reconstruction::Linear, 3, &[0][..]).contains("expected 3 inputs, found 2"));
    assert!(refused(Reconstruction::Linear, 2, &[]).contains("at least one example"));
    assert!(refused(Reconstruction::CrossEntropy, 2, &[0]).contains("found -1"));
    assert!(new(Reconstruction::Softplus, 2, &[0, 1]).is_ok());
}

#[test]
fn decoders_lead_back_to_the_inputs() {
    let inputs = digits(300);
    let rows: Vec<usize> = (0..300).collect();
    for (reconstruction, tied, rate, units) in
        [("cross-entropy", true, 0.05, &[120, 60][..]), ("linear", false, 0.01, &[120])]
    {
        let layers = layers(784, units, Activation::Rectifier, false);
        let options = PretrainingOptions {
            reconstruction: vec![reconstruction.parse().unwrap()],
            tied,
            learning_rate: vec![rate],
            epochs: vec![8],
            ..Default::default()
        };
        let plan = options.check(&vec![Activation::Rectifier; units.len()]).unwrap();
        let mut pretrainer = Pretrainer::new(plan, layers, &inputs, &rows, &[], 1).unwrap();
        while let PretrainingProgress::Epoch(_) = pretrainer.epoch(&mut |_| Control::Continue).unwrap() {}
        let (layers, decoders, _) = pretrainer.finish_with_decoders();
        let mut engine = Engine::new(1);
        let mut codes = inputs.clone();
        for layer in &layers {
            codes = encode(&mut engine, layer, &codes);
        }
        let Batch::Active(codes) = codes else { panic!("rectifiers give zeros") };
        let mut back = codes.to_dense();
        for decoder in decoders.iter().rev() {
            assert_eq!(decoder.units(), back.width());
            back = decoder.decode(&mut engine, &back);
        }
        let Batch::Active(inputs) = &inputs else { panic!("digits are sparse") };
        let inputs = inputs.to_dense();
        let mut means = Vec::new();
        inputs.column_sums(&mut means);
        means.iter_mut().for_each(|mean| *mean /= 300.0);
        let (mut off, mut spread) = (0.0, 0.0);
        for row in 0..300 {
            for ((x, y), mean) in inputs.row(row).iter().zip(back.row(row)).zip(&means) {
                off += f64::from(x - y).powi(2);
                spread += f64::from(x - mean).powi(2);
            }
        }
        assert!(off < 0.8 * spread, "{reconstruction}: {off} of {spread}");
    }
}

#[test]
fn a_layer_whose_first_evaluation_diverges_stays_as_it_was() {
    let inputs = digits(20);
    // So fast that the only step of the first epoch leads beyond all numbers.
    let options = PretrainingOptions {
        reconstruction: vec![Reconstruction::Linear],
        learning_rate: vec![1e30],
        epochs: vec![3, 3],
        batch_size: 20,
        ..Default::default()
    };
    let start = layers(784, &[12, 8], Activation::Rectifier, false);
    let plan = options.check(&[Activation::Rectifier; 2]).unwrap();
    let rows: Vec<usize> = (0..20).collect();
    for tries in 1..3 {
        let mut pretrainer = Pretrainer::new(plan.clone(), start.clone(), &inputs, &rows, &[], 1).unwrap();
        for _ in 0..tries {
            let error = pretrainer.epoch(&mut |_| Control::Continue).unwrap_err();
            assert!(
                matches!(error, Error::PretrainingDiverged { layer: 1, epoch: 1, batch: 0, .. }),
                "at the evaluation: {error}"
            );
        }
        let (found, decoders, summary) = pretrainer.finish_with_decoders();
        assert_eq!(found, start);
        assert!(decoders.is_empty() && summary.best_epochs.is_empty() && summary.history.is_empty());
    }
}
