//! Interrupted and resumed, on one thread or two: always the same model.

mod common;

use std::fs;
use std::path::Path;

use common::{all_rows, classes, quantities, small, train};
use truezero::{Control, Examples, Network, Progress, Rule, Stopped, Trainer, TrainingOptions};

/// Trainings that between them use everything a checkpoint has to remember.
fn trainings() -> Vec<TrainingOptions> {
    let with = |change: fn(&mut TrainingOptions)| {
        let mut options = TrainingOptions { epochs: 3, ..small() };
        change(&mut options);
        options
    };
    vec![
        with(|_| {}),
        with(|o| (o.dropout, o.input_dropout, o.sign_trick) = (vec![0.2, 0.4], 0.1, true)),
        with(|o| (o.optimizer.rule, o.optimizer.weight_decay) = (Rule::Sgd, 1e-3)),
        with(|o| (o.optimizer.rule, o.learning_rate) = (Rule::Momentum, Some(0.01))),
        with(|o| {
            (o.optimizer.rule, o.learning_rate, o.optimizer.weight_decay) = (Rule::Adam, Some(1e-3), 1e-3);
        }),
        with(|o| (o.target_sparsity, o.patience) = (Some(0.8), 1)),
    ]
}

/// Trains, stopping and resuming through a file after every `every` mini-batches.
fn with_stops(options: &TrainingOptions, every: usize, threads: usize, file: &Path) -> Network {
    let (data, held_out) = (classes(100, 40, 1), classes(50, 40, 2));
    let (rows, held_out_rows) = (all_rows(&data), all_rows(&held_out));
    let examples = Examples { data: &data, rows: &rows };
    let validation = Some(Examples { data: &held_out, rows: &held_out_rows });
    let plan = options.clone().check().unwrap();
    let mut trainer = Trainer::new(plan.clone(), examples, validation, threads).unwrap();
    loop {
        let mut done = 0;
        let progress = trainer.epoch(&mut |_| {
            done += 1;
            if done == every { Control::Stop } else { Control::Continue }
        });
        match progress.unwrap() {
            Progress::Done => return trainer.finish().unwrap().network,
            Progress::Epoch(_) | Progress::Interrupted | Progress::RolledBack(_) => {}
        }
        trainer.save_checkpoint(file).unwrap();
        trainer = Trainer::resume(plan.clone(), examples, validation, threads, file).unwrap();
    }
}

#[test]
fn stops_and_threads_do_not_change_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checkpoint");
    for options in trainings() {
        let data = (classes(100, 40, 1), classes(50, 40, 2));
        let expected = train(options.clone(), &data.0, Some(&data.1), 1).network;
        for (every, threads) in [(usize::MAX, 2), (5, 1), (usize::MAX, 1), (3, 3)] {
            let found = with_stops(&options, every, threads, &file);
            assert_eq!(found, expected, "every {every} mini-batches, {threads} threads: {options:?}");
        }
    }
}

/// At this rate the network diverges in its first epoch; at half of it, or a quarter, it learns.
#[test]
fn a_training_that_was_rolled_back_resumes_to_the_same_weights() {
    let folder = tempfile::tempdir().unwrap();
    let data = quantities(150, 7);
    let (rows, held_out): (Vec<usize>, Vec<usize>) = (0..150).partition(|row| row % 5 > 0);
    let examples = Examples { data: &data, rows: &rows };
    let validation = Some(Examples { data: &data, rows: &held_out });
    for rule in [Rule::Sgd, Rule::Momentum, Rule::Adam] {
        // A linear network, whose units cannot fall silent, diverges for good.
        let activation = vec![truezero::Activation::Identity];
        let mut options = TrainingOptions { activation, epochs: 5, learning_rate: Some(WILD), ..small() };
        options.optimizer.rule = rule;
        if rule == Rule::Adam {
            // Adam's steps have a length, whatever the gradient, and do not diverge.
            options.learning_rate = Some(1e-3);
        }
        let plan = || options.clone().check().unwrap();
        let mut whole = Trainer::new(plan(), examples, validation, 1).unwrap();
        let mut rolled_back = 0;
        loop {
            match whole.epoch(&mut |_| Control::Continue).unwrap() {
                Progress::Done => break,
                Progress::RolledBack(_) => rolled_back += 1,
                _ => {}
            }
        }
        let whole = whole.finish().unwrap();
        assert_eq!(whole.summary.halvings, rolled_back);
        assert_eq!(rolled_back > 0, rule != Rule::Adam, "{rule:?}");
        let start = options.rate();
        for record in &whole.summary.history {
            assert!(record.learning_rate <= start * 0.5_f32.powi(i32::from(rolled_back > 0)));
        }

        // Killed and resumed again and again, within epochs that will diverge too.
        let file = folder.path().join("checkpoint");
        let mut trainer = Trainer::new(plan(), examples, validation, 1).unwrap();
        loop {
            let mut batches = 0;
            let progress = trainer.epoch(&mut |_| {
                batches += 1;
                if batches == 2 { Control::Stop } else { Control::Continue }
            });
            if progress.unwrap() == Progress::Done {
                break;
            }
            trainer.save_checkpoint(&file).unwrap();
            trainer = Trainer::resume(plan(), examples, validation, 2, &file).unwrap();
        }
        let resumed = trainer.finish().unwrap();
        assert_eq!(resumed.network, whole.network, "{rule:?}");
        assert_eq!(resumed.summary, whole.summary, "{rule:?}");
    }
}

const WILD: f32 = 2.0;

#[test]
fn a_checkpoint_is_the_same_bytes_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let data = classes(100, 40, 1);
    let rows = all_rows(&data);
    let bytes = |threads: usize| {
        let file = folder.path().join(threads.to_string());
        let plan = small().check().unwrap();
        let mut trainer = Trainer::new(plan, Examples { data: &data, rows: &rows }, None, threads).unwrap();
        trainer.epoch(&mut |_| Control::Continue).unwrap();
        trainer.save_checkpoint(&file).unwrap();
        fs::read(file).unwrap()
    };
    assert!(bytes(1) == bytes(2));
}

#[test]
fn other_options_other_data_or_a_damaged_file_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checkpoint");
    let (data, other) = (classes(64, 40, 1), classes(64, 40, 2));
    let rows = all_rows(&data);
    let examples = Examples { data: &data, rows: &rows };
    let mut trainer = Trainer::new(small().check().unwrap(), examples, None, 1).unwrap();
    trainer.epoch(&mut |_| Control::Continue).unwrap();
    trainer.save_checkpoint(&file).unwrap();

    let resume = |options: TrainingOptions, data| {
        Trainer::resume(options.check().unwrap(), Examples { data, rows: &rows }, None, 1, &file).map(|_| ())
    };
    resume(small(), &data).unwrap();
    resume(TrainingOptions { epochs: 9, patience: 3, ..small() }, &data).unwrap();
    let refused = resume(TrainingOptions { batch_size: 9, ..small() }, &data).unwrap_err().to_string();
    let expected =
        "option batch-size: expected 9, as it is given now, found 8, with which the training began";
    assert!(refused.contains(expected), "{refused}");
    let refused = resume(small(), &other).unwrap_err().to_string();
    assert!(refused.ends_with("data: expected the examples of this training, found others"), "{refused}");

    let whole = fs::read(&file).unwrap();
    for cut in [0, 7, 8, 100, whole.len() / 2, whole.len() - 1] {
        fs::write(&file, &whole[..cut]).unwrap();
        let refused = resume(small(), &data).unwrap_err().to_string();
        assert!(refused.contains("header: expected a safetensors file"), "{refused}");
    }
    let text = String::from_utf8_lossy(&whole[8..]).find("now.layers.0.weight").unwrap();
    let mut renamed = whole.clone();
    renamed[8 + text] = b'x';
    fs::write(&file, &renamed).unwrap();
    let refused = resume(small(), &data).unwrap_err().to_string();
    assert!(refused.contains("tensor \"now.layers.0.weight\": expected F32 of shape [40, 24]"), "{refused}");
    let mut infinite = whole;
    let end = infinite.len();
    infinite[end - 400..end].fill(0xff);
    fs::write(&file, &infinite).unwrap();
    let refused = resume(small(), &data).unwrap_err().to_string();
    assert!(refused.contains("expected a finite number, found NaN"), "{refused}");
}

#[test]
fn patience_that_ran_out_does_not_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checkpoint");
    let (data, held_out) = (classes(100, 40, 1), classes(50, 40, 2));
    let (rows, held_out_rows) = (all_rows(&data), all_rows(&held_out));
    let examples = Examples { data: &data, rows: &rows };
    let validation = Some(Examples { data: &held_out, rows: &held_out_rows });
    let plan = TrainingOptions { epochs: 1000, patience: 1, ..small() }.check().unwrap();
    let mut trainer = Trainer::new(plan.clone(), examples, validation, 1).unwrap();
    while let Progress::Epoch(_) = trainer.epoch(&mut |_| Control::Continue).unwrap() {
        trainer.save_checkpoint(&file).unwrap();
    }
    let expected = trainer.finish().unwrap();
    assert_eq!(expected.summary.stopped, Stopped::Patience);
    let mut resumed = Trainer::resume(plan, examples, validation, 1, &file).unwrap();
    assert_eq!(resumed.epoch(&mut |_| Control::Continue).unwrap(), Progress::Done);
    assert_eq!(resumed.finish().unwrap().summary, expected.summary);
}

/// Stops after some mini-batches of an epoch.
fn stop_after(trainer: &mut Trainer<'_>, batches: usize) {
    let mut done = 0;
    let progress = trainer.epoch(&mut |_| {
        done += 1;
        if done == batches { Control::Stop } else { Control::Continue }
    });
    assert_eq!(progress.unwrap(), Progress::Interrupted);
}

/// Steps that rows have missed are made up for at the rate they were due at, whatever comes after the resumption: the same
/// as if no row had missed any.
#[test]
fn other_epochs_within_an_epoch_change_only_the_steps_to_come() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checkpoint");
    // Rows that are not touched lag behind; with a plain array none is.
    let sparse = classes(64, 300, 1);
    let dense = common::densely(&sparse);
    let rows = all_rows(&sparse);
    for rule in [Rule::Sgd, Rule::Momentum, Rule::Nesterov, Rule::Adam] {
        let plan = |epochs: usize| {
            let schedule = truezero::Schedule::Cosine;
            let mut options = TrainingOptions { epochs, schedule, batch_size: 2, ..small() };
            (options.optimizer.rule, options.optimizer.weight_decay) = (rule, 0.05);
            options.check().unwrap()
        };
        let weights = |data, resumes: bool| {
            let examples = Examples { data, rows: &rows };
            let mut trainer = Trainer::new(plan(4), examples, None, 1).unwrap();
            trainer.epoch(&mut |_| Control::Continue).unwrap();
            trainer.epoch(&mut |_| Control::Continue).unwrap();
            stop_after(&mut trainer, 20);
            trainer.save_checkpoint(&file).unwrap();
            let epochs = if resumes { 40 } else { 4 };
            let mut trainer = Trainer::resume(plan(epochs), examples, None, 1, &file).unwrap();
            trainer.epoch(&mut |_| Control::Continue).unwrap();
            assert_eq!(trainer.epochs_done(), 3);
            trainer.network().layers[0].weights.to_plain()
        };
        let distance =
            |a: &[f32], b: &[f32]| -> f32 { a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) };
        let (expected, found) = (weights(&dense, true), weights(&sparse, true));
        let other = weights(&dense, false);
        let off = distance(&expected, &found);
        assert!(off < 2e-5, "{rule:?}: {off}");
        assert!(distance(&expected, &other) > 10.0 * off, "{rule:?}: the rates differ");
    }
}

#[test]
fn the_order_of_examples_is_compared_when_a_training_is_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checkpoint");
    let data = classes(64, 40, 1);
    let rows = all_rows(&data);
    let examples = Examples { data: &data, rows: &rows };
    let plan = |shuffle| TrainingOptions { shuffle, ..small() }.check().unwrap();
    for shuffle in [false, true] {
        let mut trainer = Trainer::new(plan(shuffle), examples, None, 1).unwrap();
        trainer.epoch(&mut |_| Control::Continue).unwrap();
        trainer.save_checkpoint(&file).unwrap();
        Trainer::resume(plan(shuffle), examples, None, 1, &file).unwrap();
        let refused = Trainer::resume(plan(!shuffle), examples, None, 1, &file).unwrap_err().to_string();
        let expected = format!("option shuffle: expected {}, as it is given now, found {shuffle}", !shuffle);
        assert!(refused.contains(&expected), "{refused}");
    }
}

type Move = fn(&mut Trainer<'_>);

#[test]
fn a_penalty_that_was_moved_by_hand_stays_where_it_was_moved_to() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checkpoint");
    let data = classes(100, 40, 1);
    let rows = all_rows(&data);
    let examples = Examples { data: &data, rows: &rows };
    let moves: [(Option<f32>, Move); 4] = [
        (None, |trainer| trainer.set_l1(3e-3).unwrap()),
        (None, |trainer| trainer.set_target_sparsity(0.9).unwrap()),
        (Some(0.8), |trainer| trainer.set_l1(3e-3).unwrap()),
        (Some(0.8), |trainer| trainer.set_target_sparsity(0.9).unwrap()),
    ];
    for (target_sparsity, by_hand) in moves {
        let options = TrainingOptions { target_sparsity, ..small() };
        let plan = || options.clone().check().unwrap();
        let train = |resumes: bool| {
            let mut trainer = Trainer::new(plan(), examples, None, 1).unwrap();
            stop_after(&mut trainer, 5);
            by_hand(&mut trainer);
            stop_after(&mut trainer, 3);
            for _ in 0..2 {
                if resumes {
                    trainer.save_checkpoint(&file).unwrap();
                    trainer = Trainer::resume(plan(), examples, None, 1, &file).unwrap();
                }
                trainer.epoch(&mut |_| Control::Continue).unwrap();
            }
            trainer
        };
        let (whole, resumed) = (train(false), train(true));
        assert_eq!(resumed.network(), whole.network());
        assert_eq!(resumed.history(), whole.history());
        assert_eq!(resumed.plan(), whole.plan());
        assert_ne!(*resumed.plan(), plan());
    }
    // It may be given as it was moved; as neither, it is refused.
    let resume = |l1, target_sparsity| {
        let plan = TrainingOptions { l1, target_sparsity, ..small() }.check().unwrap();
        Trainer::resume(plan, examples, None, 1, &file).map(|trainer| trainer.plan().clone())
    };
    assert_eq!(resume(1e-4, Some(0.9)).unwrap(), resume(1e-4, Some(0.8)).unwrap());
    let refused = resume(3e-3, Some(0.8)).unwrap_err().to_string();
    assert!(refused.contains("option l1: expected 0.003, as it is given now, found 0.0001"), "{refused}");
}
