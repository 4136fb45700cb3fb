//! Gradients and training runs against those of PyTorch, kept in `tests/oracle` (its README tells
//! what they are).

use truezero_data::{Dataset, Targets};
use truezero_sparse::{ActiveBatch, Batch, DenseBatch, Engine, PackedWeights};

use super::Trainer;
use crate::activation::Activation;
use crate::evaluate::Examples;
use crate::network::{Network, Pass};
use crate::optimizer::Rule;
use crate::options::TrainingOptions;
use crate::oracle::{Oracle, compare};
use crate::{Cost, Layer};

impl Oracle {
    fn network(&self, prefix: &str, activation: Activation, cost: Cost) -> Network {
        let layer = |index: usize| {
            let weight = format!("{prefix}layers.{index}.weight");
            let (inputs, units) = (self.0[&weight].0[0], self.0[&weight].0[1]);
            Layer {
                weights: PackedWeights::from_plain(inputs, units, &self.f32(&weight)),
                bias: self.f32(&format!("{prefix}layers.{index}.bias")),
                activation: if index < 2 { activation } else { Activation::Identity },
                signs: None,
            }
        };
        Network { layers: (0..3).map(layer).collect(), cost }
    }
}

fn wide(values: &[f32]) -> impl Iterator<Item = f64> + '_ {
    values.iter().map(|&value| f64::from(value))
}

/// The same inputs as active values.
fn active(dense: &DenseBatch) -> Batch {
    let mut active = ActiveBatch::new(dense.width());
    for example in 0..dense.examples() {
        active.push(dense.row(example).iter().enumerate().map(|(unit, &value)| (unit as u32, value)));
    }
    Batch::Active(active)
}

#[test]
fn gradients_are_those_of_pytorch() {
    let oracle = Oracle::read(include_bytes!("../../tests/oracle/gradients.safetensors"));
    let lif = "lif:e=0,r=1,tau=1,reset=0,threshold=1,refractory=1";
    let activations = [
        ("rectifier", "rectifier"),
        ("softplus_1", "softplus"),
        ("softplus_3", "softplus:3"),
        ("tanh", "tanh"),
        ("logistic", "logistic"),
        ("leaky_integrate_and_fire", lif),
        ("identity", "identity"),
    ];
    let costs = [
        ("softmax_cross_entropy", Cost::SoftmaxCrossEntropy),
        ("logistic_cross_entropy", Cost::LogisticCrossEntropy),
        ("squared_error", Cost::SquaredError),
    ];
    for (name, activation) in activations {
        for (cost_name, cost) in costs {
            for sparse in [true, false] {
                let activation: Activation = activation.parse().unwrap();
                check_gradients(&oracle, &format!("{name}.{cost_name}."), activation, cost, sparse);
            }
        }
    }
}

fn check_gradients(oracle: &Oracle, case: &str, activation: Activation, cost: Cost, sparse: bool) {
    let name = |part: &str| format!("{case}{part}");
    let dense = oracle.rows(&name("inputs"));
    let targets = match cost {
        Cost::SoftmaxCrossEntropy => {
            let labels = oracle.f64(&name("targets")).iter().map(|&label| label as u32).collect();
            Targets::Classes { labels, classes: 4 }
        }
        Cost::LogisticCrossEntropy => Targets::Labels(oracle.rows(&name("targets"))),
        Cost::SquaredError | Cost::Poisson => Targets::Quantities(oracle.rows(&name("targets"))),
    };
    let inputs = if sparse { active(&dense) } else { Batch::Dense(dense) };
    let data = Dataset { inputs, targets, weights: Some(oracle.f32(&name("example_weights"))) };
    let unweighted = Dataset { weights: None, ..data.clone() };
    let before = oracle.network(case, activation, cost);

    let mut pass = Pass::default();
    before.forward(&mut Engine::new(1), data.inputs.view(), &mut pass);
    for (index, layer) in pass.layers().iter().enumerate() {
        let output = (0..6).flat_map(|example| wide(layer.dense().row(example)));
        let name = name(&format!("layers.{index}.output"));
        compare(&name, output, oracle.f64(&name));
    }

    // A step of descent at rate 1 moves every parameter by its gradient. A weight whose input is zero
    // throughout is left alone until it is caught up with, and then decays as it should.
    let step = |data: &Dataset, l1: f32| {
        let mut options = TrainingOptions {
            hidden: vec![9, 7],
            l1,
            learning_rate: Some(1.0),
            batch_size: 6,
            ..Default::default()
        };
        options.optimizer.weight_decay = 1e-3;
        let rows = [0, 1, 2, 3, 4, 5];
        let examples = Examples { data, rows: &rows };
        let plan = options.check().unwrap();
        let mut trainer = Trainer::from_network(plan, before.clone(), examples, None, 1).unwrap();
        trainer.state.updater.set_rate(1.0);
        let report = trainer.state.step(data, &rows, 0, 0, None);
        trainer.state.updater.catch_up_all(&mut trainer.state.engine, &mut trainer.state.network);
        (report.cost / 6.0, trainer.state.network)
    };
    // The oracle's penalty does not weigh the examples, ours does: so ours is taken from a step without weights.
    let (cost, of_cost) = step(&data, 0.0);
    let [(_, with_penalty), (_, without)] = [1e-2, 0.0].map(|l1| step(&unweighted, l1));
    compare(&name("cost"), [cost], oracle.f64(&name("cost")));
    for index in 0..before.layers.len() {
        let name = |part: &str| name(&format!("layers.{index}.{part}.grad"));
        let gradient = |part: &dyn Fn(&Layer) -> Vec<f32>| -> Vec<f64> {
            let of = |network: &Network| wide(&part(&network.layers[index])).collect::<Vec<f64>>();
            let [before, of_cost, with, without] = [&before, &of_cost, &with_penalty, &without].map(of);
            let one = |at: usize| before[at] - of_cost[at] + without[at] - with[at];
            (0..before.len()).map(one).collect()
        };
        let weights = gradient(&|layer| layer.weights.to_plain());
        compare(&name("weight"), weights, oracle.f64(&name("weight")));
        compare(&name("bias"), gradient(&|layer| layer.bias.clone()), oracle.f64(&name("bias")));
    }
}

#[test]
fn a_hundred_steps_end_where_those_of_pytorch_end() {
    let oracle = Oracle::read(include_bytes!("../../tests/oracle/trajectories.safetensors"));
    for (case, rule, rate) in [
        ("sgd", Rule::Sgd, 0.1),
        ("momentum", Rule::Momentum, 0.02),
        ("nesterov", Rule::Nesterov, 0.02),
        ("adam", Rule::Adam, 0.003),
    ] {
        for (suffix, weight_decay) in [("", 0.0), ("_decay", 0.01)] {
            for sparse in [true, false] {
                check_trajectory(&oracle, &format!("{case}{suffix}"), rule, rate, weight_decay, sparse);
            }
        }
    }
}

fn check_trajectory(oracle: &Oracle, case: &str, rule: Rule, rate: f32, weight_decay: f32, sparse: bool) {
    let dense = oracle.rows("inputs");
    let labels = oracle.f64("targets").iter().map(|&label| label as u32).collect();
    let inputs = if sparse { active(&dense) } else { Batch::Dense(dense) };
    let data = Dataset { inputs, targets: Targets::Classes { labels, classes: 5 }, weights: None };
    let mut options = TrainingOptions {
        hidden: vec![16, 12],
        l1: 1e-3,
        learning_rate: Some(rate),
        batch_size: 8,
        ..Default::default()
    };
    (options.optimizer.rule, options.optimizer.weight_decay) = (rule, weight_decay);
    let rows: Vec<usize> = (0..160).collect();
    let examples = Examples { data: &data, rows: &rows };
    let network = oracle.network("initial.", Activation::Rectifier, Cost::SoftmaxCrossEntropy);
    let mut trainer = Trainer::from_network(options.check().unwrap(), network, examples, None, 1).unwrap();
    trainer.state.updater.set_rate(rate);
    let costs: Vec<f64> = (0..100)
        .map(|step| {
            let start = 8 * step % 160;
            trainer.state.step(&data, &rows[start..start + 8], 0, step, None).cost / 8.0
        })
        .collect();
    compare(&format!("{case}.cost"), costs, oracle.f64(&format!("{case}.cost")));
    trainer.state.updater.catch_up_all(&mut trainer.state.engine, &mut trainer.state.network);
    for (index, layer) in trainer.state.network.layers.iter().enumerate() {
        let name = |part: &str| format!("{case}.layers.{index}.{part}");
        compare(&name("weight"), wide(&layer.weights.to_plain()), oracle.f64(&name("weight")));
        compare(&name("bias"), wide(&layer.bias), oracle.f64(&name("bias")));
    }
}
