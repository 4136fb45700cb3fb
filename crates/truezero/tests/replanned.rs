//! Constants of the optimiser that change between epochs.

mod common;

use common::{all_rows, classes, densely, small};
use truezero::{Control, Examples, Network, Rule, Trainer, TrainingOptions};
use truezero_data::Dataset;

/// Trains an epoch by each of the (weight decay, momentum, learning rate) in turn.
fn train(rule: Rule, data: &Dataset, epochs: &[(f32, f32, f32)]) -> Network {
    let rows = all_rows(data);
    let examples = Examples { data, rows: &rows };
    let plan = |&(weight_decay, momentum, rate): &(f32, f32, f32)| {
        let mut options = TrainingOptions { epochs: epochs.len(), learning_rate: Some(rate), ..small() };
        (options.batch_size, options.patience) = (3, 0);
        (options.optimizer.rule, options.optimizer.weight_decay) = (rule, weight_decay);
        options.optimizer.momentum = momentum;
        options.check().unwrap()
    };
    let mut paused = Trainer::new(plan(&epochs[0]), examples, None, 1).unwrap().pause();
    for epoch in epochs {
        paused.replan(plan(epoch)).unwrap();
        let mut trainer = paused.go_on(examples, None).unwrap();
        trainer.epoch(&mut |_| Control::Continue).unwrap();
        paused = trainer.pause();
    }
    paused.finish().unwrap().network
}

/// Where the inputs are active values, rows without any are put off; in an array of all values none is.
#[test]
fn decay_that_is_switched_on_and_off_acts_in_its_own_epochs() {
    let sparse = classes(60, 40, 5);
    let dense = densely(&sparse);
    let sequences =
        [[0.0, 0.05, 0.05, 0.0], [0.05, 0.0, 0.05, 0.0], [0.0, 0.0, 0.0, 0.05], [0.01, 0.05, 0.0, 0.02]];
    for (rule, rate) in
        [(Rule::Sgd, 0.05), (Rule::Momentum, 0.01), (Rule::Nesterov, 0.01), (Rule::Adam, 0.001)]
    {
        for decays in sequences {
            let momenta = [0.9, 0.5, 0.0, 0.9];
            let rates = [rate, rate, 0.5 * rate, rate];
            let epochs: Vec<_> = (0..4).map(|at| (decays[at], momenta[at], rates[at])).collect();
            let (put_off, at_once) = (train(rule, &sparse, &epochs), train(rule, &dense, &epochs));
            let pairs = put_off.layers.iter().zip(&at_once.layers);
            for (put_off, at_once) in
                pairs.flat_map(|(a, b)| a.weights.to_plain().into_iter().zip(b.weights.to_plain()))
            {
                assert!(
                    (put_off - at_once).abs() < 1e-4,
                    "{rule:?} with decays {decays:?}: {put_off}, not {at_once}"
                );
            }
        }
    }
}
