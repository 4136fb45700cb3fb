//! Training through the public API: it learns, it stops, it keeps its promises.

mod common;

use common::{all_rows, classes, densely, quantities, small, train};
use truezero::{
    Activation, Control, Error, Examples, Initialisation, Progress, Remark, Rule, Schedule, Stopped, Trainer,
    TrainingOptions,
};
use truezero_data::{Dataset, Targets};
use truezero_sparse::Engine;

fn error(options: TrainingOptions, data: &Dataset, test: &Dataset) -> f64 {
    let network = train(options, data, None, 1).network;
    network.evaluate(&mut Engine::new(1), Examples { data: test, rows: &all_rows(test) }).error
}

#[test]
fn every_optimizer_activation_and_initialisation_learns() {
    let (data, test) = (classes(300, 60, 1), classes(200, 60, 2));
    let learns = |name: &str, options: TrainingOptions| {
        let error = error(options, &data, &test);
        assert!(error < 0.15, "{name}: test error {error}");
    };
    for (rule, rate) in
        [(Rule::Sgd, 0.1), (Rule::Momentum, 0.02), (Rule::Nesterov, 0.02), (Rule::Adam, 0.005)]
    {
        let mut options = small();
        options.optimizer.rule = rule;
        (options.learning_rate, options.epochs) = (Some(rate), 10);
        learns(&format!("{rule:?}"), options);
    }
    for activation in ["softplus", "tanh", "logistic", "lif"] {
        let activation: Activation = activation.parse().unwrap();
        let rate = if activation == Activation::Logistic { 1.0 } else { 0.1 };
        learns(
            &activation.to_string(),
            TrainingOptions {
                activation: vec![activation],
                learning_rate: Some(rate),
                epochs: 12,
                ..small()
            },
        );
    }
    learns("he", TrainingOptions { initialisation: Initialisation::He, ..small() });
    learns("sign trick", TrainingOptions { sign_trick: true, ..small() });
    learns("linear", TrainingOptions { hidden: vec![], activation: vec![], dropout: vec![], ..small() });
    learns("dropout", TrainingOptions { dropout: vec![0.3], input_dropout: 0.1, epochs: 12, ..small() });
    learns("clip", TrainingOptions { clip_norm: Some(0.5), epochs: 8, ..small() });
    learns("cosine", TrainingOptions { schedule: Schedule::Cosine, ..small() });
}

/// A dense array touches every row at every step; a sparse one leaves rows alone and makes up for it
/// later. Both must come to the same.
#[test]
fn rows_left_alone_end_where_a_dense_pass_would_take_them() {
    let data = classes(120, 60, 3);
    let dense = densely(&data);
    for rule in [Rule::Sgd, Rule::Momentum, Rule::Nesterov, Rule::Adam] {
        for weight_decay in [0.0, 1e-2] {
            let mut options = small();
            options.batch_size = 2; // so that most rows are left alone at most steps
            options.schedule = Schedule::Exponential { factor: 0.8 };
            options.learning_rate = Some(if rule == Rule::Adam { 0.002 } else { 0.01 });
            options.optimizer.rule = rule;
            options.optimizer.weight_decay = weight_decay;
            options.activation = vec![Activation::Tanh]; // no kinks to magnify rounding
            let (a, b) = (train(options.clone(), &data, None, 1), train(options, &dense, None, 1));
            for (a, b) in a.network.layers.iter().zip(&b.network.layers) {
                for (a, b) in a.weights.to_plain().iter().zip(b.weights.to_plain()) {
                    assert!(
                        (a - b).abs() < 2e-4 * b.abs().max(0.1),
                        "{rule:?} {weight_decay}: {a} against {b}"
                    );
                }
            }
        }
    }
}

#[test]
fn early_stopping_keeps_the_best_weights() {
    let (data, held_out) = (classes(60, 60, 4), classes(100, 60, 5));
    let options = TrainingOptions { epochs: 200, patience: 5, ..small() };
    let outcome = train(options, &data, Some(&held_out), 1);
    let summary = &outcome.summary;
    assert_eq!(summary.stopped, Stopped::Patience);
    assert_eq!(summary.history.len(), summary.best_epoch.unwrap() + 5);
    let least =
        summary.history.iter().map(|record| record.validation_error.unwrap()).fold(f64::MAX, f64::min);
    assert_eq!(summary.best().unwrap().validation_error, Some(least));
    let rows = all_rows(&held_out);
    let evaluation = outcome.network.evaluate(&mut Engine::new(1), Examples { data: &held_out, rows: &rows });
    assert_eq!(evaluation.error, least);
}

#[test]
fn divergence_is_reported_and_the_last_good_weights_kept() {
    let data = classes(64, 30, 6);
    let rows = all_rows(&data);
    let examples = Examples { data: &data, rows: &rows };
    let options = TrainingOptions { learning_rate: Some(1e30), ..small() };
    let mut trainer = Trainer::new(options.check().unwrap(), examples, None, 1).unwrap();
    let mut rates = Vec::new();
    let error = loop {
        match trainer.epoch(&mut |_| Control::Continue) {
            Ok(Progress::RolledBack(rolled_back)) => rates.push(rolled_back.learning_rate),
            Ok(other) => panic!("expected divergence, found {other:?}"),
            Err(error) => break error,
        }
    };
    assert_eq!(rates, [1e30, 5e29, 2.5e29, 1.25e29, 6.25e28]);
    assert!(matches!(error, Error::Diverged { epoch: 1, .. }), "{error}");
    assert!(error.to_string().contains("hint: lower the learning rate"));
    assert_eq!(trainer.epoch(&mut |_| Control::Continue).unwrap(), Progress::Done);
    assert_eq!(trainer.finish().unwrap().summary.stopped, Stopped::Diverged);

    // After a good epoch, its weights are what is left: here a rate that explodes from the second.
    let good = TrainingOptions { epochs: 1, ..small() };
    let plan = TrainingOptions { epochs: 9, ..good.clone() }.check().unwrap();
    let mut trainer = Trainer::new(plan, examples, None, 1).unwrap();
    trainer.epoch(&mut |_| Control::Continue).unwrap();
    let expected = train(good, &data, None, 1).network;
    trainer.epoch(&mut |report| if report.batch == 3 { Control::Stop } else { Control::Continue }).unwrap();
    assert_eq!(trainer.finish().unwrap().network, expected);
}

#[test]
fn weights_of_examples_count_as_repetitions() {
    let data = classes(40, 30, 7);
    let rows = all_rows(&data);
    // Ten examples three times and ten once, or once with such weights (of mean 1) and the others with weight 0.
    let repetitions = |row: usize| if row < 10 { 3 } else { 1 };
    let repeated: Vec<usize> = (0..20).flat_map(|row| std::iter::repeat_n(row, repetitions(row))).collect();
    let repeated = data.select(&repeated);
    let mut weighted = data.clone();
    let weight = |row: usize| if row < 20 { 0.5 * repetitions(row) as f32 } else { 0.0 };
    weighted.weights = Some(rows.iter().map(|&row| weight(row)).collect());
    let options = TrainingOptions { batch_size: 40, epochs: 5, l1: 1e-2, ..small() };
    let (a, b) = (train(options.clone(), &repeated, None, 1), train(options, &weighted, None, 1));
    for (a, b) in a.network.layers.iter().zip(&b.network.layers) {
        for (a, b) in a.weights.to_plain().iter().zip(b.weights.to_plain()) {
            assert!((a - b).abs() < 1e-5, "{a} against {b}");
        }
    }
}

#[test]
fn a_clipped_gradient_has_the_norm_asked_for() {
    let data = classes(32, 30, 8);
    let rows = all_rows(&data);
    let options = TrainingOptions {
        clip_norm: Some(0.125),
        learning_rate: Some(1.0),
        batch_size: 32,
        epochs: 1,
        l1: 0.0,
        ..small()
    };
    let examples = Examples { data: &data, rows: &rows };
    let mut trainer = Trainer::new(options.check().unwrap(), examples, None, 1).unwrap();
    let before = trainer.network().clone();
    let Progress::Epoch(record) = trainer.epoch(&mut |_| Control::Continue).unwrap() else { panic!() };
    let full = record.gradient_norms.iter().map(|norm| norm * norm).sum::<f64>().sqrt();
    assert!(full > 0.125, "the gradient must need clipping, found {full}");
    let mut moved = 0.0;
    for (a, b) in before.layers.iter().zip(&trainer.network().layers) {
        let weights = a.weights.packed().iter().zip(b.weights.packed());
        moved +=
            weights.chain(a.bias.iter().zip(&b.bias)).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
    }
    assert!((moved.sqrt() - 0.125).abs() < 1e-5, "{}", moved.sqrt());
}

#[test]
fn gradient_norms_are_those_of_a_mini_batch_of_all_examples() {
    let data = classes(32, 30, 12);
    let rows = all_rows(&data);
    for activation in ["rectifier", "tanh", "lif"] {
        let activation = vec![activation.parse().unwrap()];
        let options = TrainingOptions { activation, batch_size: 32, epochs: 1, l1: 0.0, ..small() };
        let examples = Examples { data: &data, rows: &rows };
        let mut trainer = Trainer::new(options.check().unwrap(), examples, None, 1).unwrap();
        let found = trainer.network().gradient_norms(&mut truezero_sparse::Engine::new(1), examples);
        let Progress::Epoch(record) = trainer.epoch(&mut |_| Control::Continue).unwrap() else { panic!() };
        assert_eq!(found.len(), 3);
        for (found, expected) in found.iter().zip(&record.gradient_norms) {
            // The trainer takes the examples in another order.
            assert!((found / expected - 1.0).abs() < 1e-4, "{found} against {expected}");
        }
    }
}

#[test]
fn sparsity_is_steered_to_its_target() {
    let (data, held_out) = (classes(1500, 90, 9), classes(300, 90, 10));
    for target in [0.8, 0.9] {
        let options = TrainingOptions {
            hidden: vec![100, 100],
            target_sparsity: Some(target),
            epochs: 30,
            batch_size: 10,
            ..small()
        };
        let outcome = train(options, &data, Some(&held_out), 1);
        let best = outcome.summary.best().unwrap();
        let off = best.mean_sparsity - f64::from(target);
        assert!(off.abs() <= 0.02, "target {target}: {}", best.mean_sparsity);
        let penalties: Vec<f32> = outcome.summary.history.iter().map(|record| record.l1).collect();
        assert!(penalties.windows(2).any(|pair| pair[0] != pair[1]), "{penalties:?}");
    }
}

#[test]
fn data_of_another_kind_is_refused() {
    let data = classes(20, 30, 11);
    let rows = all_rows(&data);
    let narrow = classes(20, 29, 11);
    let plan = || small().check().unwrap();
    let examples = |data| Examples { data, rows: &rows };
    let refused = Trainer::new(plan(), examples(&data), Some(examples(&narrow)), 1).unwrap_err();
    assert!(
        refused.to_string().starts_with("validation data: expected 30 inputs and 3 outputs"),
        "{refused}"
    );
    let none = Trainer::new(plan(), Examples { data: &data, rows: &[] }, None, 1).unwrap_err();
    assert_eq!(none.to_string(), "training data: expected at least one example, found none");
    let Targets::Classes { classes, .. } = &data.targets else { panic!() };
    assert_eq!(*classes, 3);
}

#[test]
fn the_penalty_can_be_moved_while_training() {
    let data = classes(300, 60, 7);
    let rows = all_rows(&data);
    let options = TrainingOptions { l1: 0.0, epochs: 60, ..small() };
    let examples = Examples { data: &data, rows: &rows };
    let mut trainer = Trainer::new(options.check().unwrap(), examples, None, 1).unwrap();
    let sparsity = |trainer: &mut Trainer, epochs: usize| loop {
        if let Progress::Epoch(record) = trainer.epoch(&mut |_| Control::Continue).unwrap()
            && record.epoch >= epochs
        {
            break record.mean_sparsity;
        }
    };
    let free = sparsity(&mut trainer, 3);

    // Within an epoch, which then goes on where it stopped.
    let stopped =
        trainer.epoch(&mut |report| if report.batch == 5 { Control::Stop } else { Control::Continue });
    assert_eq!(stopped.unwrap(), Progress::Interrupted);
    trainer.set_l1(0.02).unwrap();
    let mut next = None;
    trainer
        .epoch(&mut |report| {
            next.get_or_insert((report.epoch, report.batch, report.l1));
            Control::Continue
        })
        .unwrap();
    assert_eq!(next, Some((4, 6, 0.02)));
    let pressed = sparsity(&mut trainer, 12);
    assert!(pressed > free + 0.1, "{pressed} after {free}");

    let target = pressed as f32 + 0.05;
    trainer.set_target_sparsity(target).unwrap();
    let steered = sparsity(&mut trainer, 60);
    assert!((steered - f64::from(target)).abs() < 0.02, "{steered}, steered to {target}");
    assert!(trainer.set_l1(-1.0).is_err() && trainer.set_target_sparsity(1.0).is_err());
    assert!(trainer.l1() >= 0.0);
    // The best weights are of an epoch with the target.
    assert!(trainer.finish().unwrap().summary.best_epoch.unwrap() > 12);
}

#[test]
fn a_network_without_zeros_has_no_target_sparsity() {
    let data = classes(20, 12, 8);
    let rows = all_rows(&data);
    let options = TrainingOptions { activation: vec![Activation::Tanh], ..small() };
    let mut trainer =
        Trainer::new(options.check().unwrap(), Examples { data: &data, rows: &rows }, None, 1).unwrap();
    assert!(trainer.set_target_sparsity(0.8).unwrap_err().to_string().contains("gives zeros"));
    trainer.set_l1(0.1).unwrap();
    assert_eq!(trainer.l1(), 0.1);
}

#[test]
fn a_training_without_a_result_says_so() {
    let (data, held_out) = (classes(200, 30, 13), classes(100, 30, 14));
    // A penalty that silences every unit.
    let options = TrainingOptions { l1: 10.0, ..small() };
    let remarks = |options: &TrainingOptions| {
        train(options.clone(), &data, Some(&held_out), 1).summary.remarks(options)
    };
    let told = remarks(&options);
    assert!(
        told.iter().any(|remark| matches!(remark, Remark::DeadUnits { dead, units, .. } if dead == units)),
        "{told:?}"
    );
    assert!(told.iter().any(|remark| matches!(remark, Remark::OneClass { .. })), "{told:?}");
    assert_eq!(remarks(&small()), []);
}

#[test]
fn classes_that_are_never_predicted_are_named() {
    let (mut data, held_out) = (classes(200, 30, 13), classes(100, 30, 14));
    let Targets::Classes { labels, .. } = &mut data.targets else { panic!("classes") };
    labels.iter_mut().filter(|label| **label == 2).for_each(|label| *label = 0);
    let remarks = train(small(), &data, Some(&held_out), 1).summary.remarks(&small());
    let never: Vec<_> =
        remarks.iter().filter(|remark| matches!(remark, Remark::NeverPredicted { .. })).collect();
    assert_eq!(never, [&Remark::NeverPredicted { classes: vec![2] }]);
    let names = ["ant", "bee", "cat"].map(str::to_owned);
    let notice = never[0].notice(&names, &|error| error.to_string());
    assert_eq!(notice.message, "no validation example is taken for \"cat\", though there are such examples");
}

#[test]
fn an_epoch_that_diverges_begins_again_at_half_the_rate() {
    let data = quantities(300, 15);
    let (held_out, rows): (Vec<usize>, Vec<usize>) =
        all_rows(&data).into_iter().partition(|row| row % 4 == 1);
    // A linear network, whose units cannot fall silent, diverges for good.
    let activation = vec![Activation::Identity];
    let options = TrainingOptions { activation, epochs: 12, learning_rate: Some(2.0), ..small() };
    let plan = options.clone().check().unwrap();
    let examples = |rows| Examples { data: &data, rows };
    let mut trainer = Trainer::new(plan, examples(&rows), Some(examples(&held_out)), 1).unwrap();
    let mut halvings = 0;
    loop {
        match trainer.epoch(&mut |_| Control::Continue).unwrap() {
            Progress::RolledBack(_) => halvings += 1,
            Progress::Epoch(record) => assert_eq!(record.learning_rate, 2.0 * 0.5_f32.powi(halvings)),
            _ => break,
        }
    }
    let summary = trainer.finish().unwrap().summary;
    assert!(halvings > 0 && summary.halvings == halvings as u32, "{halvings}");
    let (cost, base_cost) = (summary.best().unwrap().validation_cost.unwrap(), summary.base_cost.unwrap());
    assert!(cost < 0.5 * base_cost, "{cost} against {base_cost}");
    let told = summary.remarks(&options);
    assert_eq!(
        told,
        [Remark::Halved { times: halvings as u32, from: 2.0, to: 2.0 * 0.5_f32.powi(halvings) }]
    );
}
