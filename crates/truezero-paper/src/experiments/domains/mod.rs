//! From one domain of reviews to another, on raw words and on the codes of an auto-encoder that has seen the words
//! of all domains, but no judgement (the companion paper: Glorot, Bordes & Bengio, ICML 2011).
//!
//! | quantity | formula |
//! |---|---|
//! | e(S, T) | share of T's test reviews judged wrong by a model trained on S |
//! | transfer loss t(S, T) | e(S, T) − e_b(T, T), b the model on raw words |
//! | transfer ratio Q | mean of e(S, T) / e_b(T, T) over all S ≠ T |
//! | in-domain ratio I | mean of e(T, T) / e_b(T, T) over all T |
//! | proxy A-distance | 2 (1 − 2ε), ε the error of a linear model that tells the two domains apart |
//!
//! | | tiny | quick | full |
//! |---|---|---|---|
//! | units of the auto-encoder (companion paper: 5000) | 20 | 300 | 1000 |
//! | epochs of the auto-encoder, at most | 3 | 4 | 10 |
//! | most epochs of the linear models | 10 | 20 | 40 |
//! | seeds | 2 | 2 | 3 |

mod tables;

use std::ops::Range;

use truezero::autoencoder::{Corruption, PretrainingOptions, Reconstruction};
use truezero::{Activation, Cost, Initialisation, Layer, Network, Optimizer, TrainingOptions};
use truezero_data::{
    Dataset, Features, Portion, PreprocessOptions, Preprocessing, Raw, RawTarget, Scaling, Targets, Task,
    split,
};
use truezero_sparse::{Batch, Engine};

use crate::Scale;
use crate::data::{DOMAINS, Domain, Split, concatenate, domains};
use crate::error::Error;
use crate::result::Outcome;
use crate::runner::{Runner, Spec, Trained};

/// Of the reviews that the auto-encoder sees, one in so many tells when to stop.
const HELD_OUT: usize = 20;
/// Of a domain's training reviews this share chooses the weight decay and the learning rate.
const VALIDATION: f64 = 0.2;
/// Of the seed that holds reviews out; the same for all runs.
const SPLIT_SEED: u64 = 0;
/// Tried for each linear model; of equals the first is taken, the one that holds the weights smallest.
const WEIGHT_DECAYS: [f32; 4] = [1e-2, 1e-3, 1e-4, 0.0];
/// Tried for each linear model.
const RATES: [f32; 2] = [0.1, 0.01];

/// How much of each is done: the table above.
struct Amounts {
    units: usize,
    pretraining: usize,
    epochs: usize,
    seeds: u64,
}

impl Amounts {
    fn of(scale: Scale) -> Self {
        scale.choose(
            Self { units: 20, pretraining: 3, epochs: 10, seeds: 2 },
            Self { units: 300, pretraining: 4, epochs: 20, seeds: 2 },
            Self { units: 1000, pretraining: 10, epochs: 40, seeds: 3 },
        )
    }
}

/// What was measured on one form of the reviews, one list for each seed.
struct Measured {
    /// For each seed and source, what the model judges wrong of all domains' test reviews, one after the other.
    models: Vec<Vec<Trained>>,
    /// For each seed and pair of domains, the proxy A-distance.
    distances: Vec<Vec<f64>>,
}

/// Everything that the tables show.
struct Results {
    names: Vec<&'static str>,
    /// Where each domain's test reviews are among those of all.
    places: Vec<Range<usize>>,
    words: Measured,
    codes: Measured,
    /// Fraction of zeros in the words, and in the codes of the first seed.
    zeros: [f64; 2],
}

pub(crate) fn run(runner: &Runner<'_>) -> Result<Outcome, Error> {
    let found = runner.settings.data.as_deref().map(domains).transpose()?.unwrap_or_default();
    if found.is_empty() {
        return Ok(Outcome {
            finding: format!(
                "Not run: no data. It needs the Amazon product reviews of Blitzer, Dredze & Pereira (2007), \
                 the small benchmark of four domains, as svmlight files with one vocabulary and labels 1 and \
                 -1 in the folder given with --data, or in a folder in it: DOMAIN_train.svmlight and \
                 DOMAIN_test.svmlight, gzipped or not, for two or more of {}. The reviews are at \
                 www.cs.jhu.edu/~mdredze/datasets/sentiment.",
                DOMAINS.join(", ")
            ),
            ..tables::outcome()
        });
    }
    let amounts = Amounts::of(runner.settings.scale);
    let seeds = runner.settings.seed..runner.settings.seed + amounts.seeds;
    let all = together(&found)?;
    let words = measure_words(runner, &found, &amounts, seeds.clone())?;
    let mut codes = Measured { models: Vec::new(), distances: Vec::new() };
    let mut zeros = [sparsity(&all.data.inputs), 0.0];
    for (encoder, seed) in encoders(runner, &all, &amounts, seeds.clone())?.iter().zip(seeds.clone()) {
        let encoded = encode(runner, &found, encoder);
        if seed == seeds.start {
            zeros[1] = sparsity(&encoded[0].train.inputs);
        }
        let form = format!("codes{seed}");
        codes.models.push(sources(runner, &encoded, &form, &amounts, seed)?);
        codes.distances.push(distances(runner, &encoded, &form, &amounts, seed)?);
    }
    let mut start = 0;
    let place = |domain: &Domain| {
        start += domain.test.examples();
        start - domain.test.examples()..start
    };
    let results = Results {
        names: found.iter().map(|domain| domain.name).collect(),
        places: found.iter().map(place).collect(),
        words,
        codes,
        zeros,
    };
    Ok(tables::report(&results, &found, &amounts))
}

fn measure_words(
    runner: &Runner<'_>,
    found: &[Domain],
    amounts: &Amounts,
    seeds: Range<u64>,
) -> Result<Measured, Error> {
    let mut measured = Measured { models: Vec::new(), distances: Vec::new() };
    for seed in seeds {
        measured.models.push(sources(runner, found, "words", amounts, seed)?);
        measured.distances.push(distances(runner, found, "words", amounts, seed)?);
    }
    Ok(measured)
}

/// The inputs of all domains, training and test parts, for the auto-encoder.
fn together(found: &[Domain]) -> Result<Split, Error> {
    let parts = found.iter().flat_map(|domain| [&domain.train, &domain.test]);
    let data = all_of(parts);
    let (validation, train): (Vec<usize>, Vec<usize>) =
        (0..data.examples()).partition(|row| row % HELD_OUT == 0);
    // Nothing is scaled; it is what models are stored with.
    let raw = Raw {
        features: Features::Matrix(data.inputs.clone()),
        target: Some(RawTarget::Numbers(labels(&data).iter().map(|&label| f64::from(label)).collect())),
        image: None,
    };
    let options = PreprocessOptions {
        scaling: Scaling::None,
        task: Some(Task::Classify),
        ..PreprocessOptions::default()
    };
    let preprocessing = Preprocessing::fit(&raw, &train, &options)?;
    let test = all_of(found.iter().map(|domain| &domain.test));
    Ok(Split {
        preprocessing: Some(preprocessing),
        ..plain("amazon".to_owned(), data, train, validation, test)
    })
}

fn all_of<'a>(mut parts: impl Iterator<Item = &'a Dataset>) -> Dataset {
    let first = parts.next().expect("two domains or more").clone();
    parts.fold(first, concatenate)
}

fn labels(data: &Dataset) -> &[u32] {
    let Targets::Classes { labels, .. } = &data.targets else { unreachable!("reviews have two classes") };
    labels
}

fn plain(name: String, data: Dataset, train: Vec<usize>, validation: Vec<usize>, test: Dataset) -> Split {
    Split {
        label: name.clone(),
        name,
        data,
        train,
        validation,
        test,
        image: None,
        labels: Vec::new(),
        preprocessing: None,
        ratings: Vec::new(),
    }
}

/// For each seed an auto-encoder: a network of which the hidden layer gives the codes.
fn encoders(
    runner: &Runner<'_>,
    all: &Split,
    amounts: &Amounts,
    seeds: Range<u64>,
) -> Result<Vec<Network>, Error> {
    let spec = |seed: u64| {
        let pretraining = PretrainingOptions {
            corruption: vec![Corruption::SaltAndPepper { drop: 0.8, set: 0.005 }],
            reconstruction: vec![Reconstruction::CrossEntropy],
            learning_rate: vec![0.02],
            epochs: vec![amounts.pretraining],
            sample_zeros: Some(5.0),
            seed,
            ..PretrainingOptions::default()
        };
        let options = TrainingOptions {
            hidden: vec![amounts.units],
            activation: vec![Activation::Rectifier],
            seed,
            ..TrainingOptions::default()
        };
        Spec { options, pretraining: Some(pretraining), ..Spec::default() }
    };
    let specs: Vec<Spec> = seeds.map(spec).collect();
    let network = |layers: Vec<Layer>| {
        // A network ends in an output layer, which nobody asks.
        let output =
            Layer::random(amounts.units, 2, Activation::Identity, false, Initialisation::Glorot, 0, 1);
        Network { layers: layers.into_iter().chain([output]).collect(), cost: Cost::SoftmaxCrossEntropy }
    };
    Ok(runner.pretrain(all, &specs)?.into_iter().flatten().map(|stack| network(stack.layers)).collect())
}

/// The reviews of all domains as codes.
fn encode(runner: &Runner<'_>, found: &[Domain], encoder: &Network) -> Vec<Domain> {
    let mut engine = Engine::new(runner.settings.threads);
    let mut code = |data: &Dataset| Dataset {
        inputs: Batch::Active(encoder.encode(&mut engine, &data.inputs, 0)),
        ..data.clone()
    };
    let domain =
        |domain: &Domain| Domain { name: domain.name, train: code(&domain.train), test: code(&domain.test) };
    found.iter().map(domain).collect()
}

/// For each domain, a linear model trained on it and judged on all.
fn sources(
    runner: &Runner<'_>,
    found: &[Domain],
    form: &str,
    amounts: &Amounts,
    seed: u64,
) -> Result<Vec<Trained>, Error> {
    let test = all_of(found.iter().map(|domain| &domain.test));
    let model = |domain: &Domain| {
        let name = format!("amazon-{}-{form}", domain.name);
        linear(runner, name, domain.train.clone(), test.clone(), amounts, seed)
    };
    found.iter().map(model).collect()
}

/// For each pair of domains, how well a linear model tells their reviews apart.
fn distances(
    runner: &Runner<'_>,
    found: &[Domain],
    form: &str,
    amounts: &Amounts,
    seed: u64,
) -> Result<Vec<f64>, Error> {
    let distance = |(a, b): (usize, usize)| {
        let (first, second) = (&found[a], &found[b]);
        let name = format!("amazon-{}-or-{}-{form}", first.name, second.name);
        let train = which(&first.train, &second.train);
        let test = which(&first.test, &second.test);
        Ok(proxy_a_distance(linear(runner, name, train, test, amounts, seed)?.test_error))
    };
    pairs(found.len()).map(distance).collect()
}

/// All pairs of so many.
fn pairs(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count).flat_map(move |a| (a + 1..count).map(move |b| (a, b)))
}

/// From 0, if a linear model does no better than chance, to 2, if it makes no error.
fn proxy_a_distance(error: f64) -> f64 {
    2.0 * (1.0 - 2.0 * error)
}

/// Equally many examples of two sets; the target is which set they are from.
fn which(first: &Dataset, second: &Dataset) -> Dataset {
    let count = first.examples().min(second.examples());
    let rows: Vec<usize> = (0..count).collect();
    let part = |data: &Dataset, label: u32| Dataset {
        targets: Targets::Classes { labels: vec![label; count], classes: 2 },
        ..data.select(&rows)
    };
    concatenate(part(first, 0), &part(second, 1))
}

/// A linear model, its weight decay and learning rate chosen on a part of its own training examples.
fn linear(
    runner: &Runner<'_>,
    name: String,
    data: Dataset,
    test: Dataset,
    amounts: &Amounts,
    seed: u64,
) -> Result<Trained, Error> {
    let classes = RawTarget::Numbers(labels(&data).iter().map(|&label| f64::from(label)).collect());
    let rows: Vec<usize> = (0..data.examples()).collect();
    let (train, validation) =
        split(Some(&classes), Some(Task::Classify), &rows, Portion::Fraction(VALIDATION), SPLIT_SEED)?;
    let split = plain(name, data, train, validation, test);
    let spec = |weight_decay: f32, learning_rate: f32| Spec {
        options: TrainingOptions {
            hidden: Vec::new(),
            activation: Vec::new(),
            dropout: Vec::new(),
            l1: 0.0,
            optimizer: Optimizer { weight_decay, ..Optimizer::default() },
            learning_rate: Some(learning_rate),
            epochs: amounts.epochs,
            patience: 5,
            seed,
            ..TrainingOptions::default()
        },
        ..Spec::default()
    };
    let specs: Vec<Spec> =
        WEIGHT_DECAYS.iter().flat_map(|&decay| RATES.map(|rate| spec(decay, rate))).collect();
    let trained = runner.train(&split, &specs)?;
    let score = |one: &Trained| if one.diverged { f64::INFINITY } else { one.validation_error };
    let best = trained.into_iter().min_by(|a, b| score(a).total_cmp(&score(b)));
    Ok(best.expect("there are weight decays and rates"))
}

/// Fraction of zeros.
fn sparsity(inputs: &Batch) -> f64 {
    match inputs {
        Batch::Active(batch) => 1.0 - batch.density(),
        Batch::Dense(_) => 0.0,
    }
}

#[cfg(test)]
mod tests;
