//! From arguments to a training that can be: defaults filled in, every option checked.

use serde::Serialize;
use serde_json::{Map, Value};
use truezero::{Activation, Layer, Optimizer, Plan, PretrainingPlan, Rule, Saved, TrainingOptions};
use truezero_data::text::TextOptions;
use truezero_data::{
    ClassWeights, DataError, Decimal, EMBEDDED, Notice, Notices, PreprocessOptions, SourceSpec, Task,
};

use crate::args::{
    Delimiter, InputArgs, List, Names, NetworkArgs, OptimizerArgs, ShapeArgs, SourceArgs, TextTableArgs,
    TrainArgs,
};
use crate::commands::hold_out::HoldOut;
use crate::commands::{pretrain, using};
use crate::failure::Failure;
use crate::json;

/// A training as it was asked for.
pub struct Experiment {
    /// Its notices are those of everything that becomes of the data.
    pub source: SourceSpec,
    pub test: Option<SourceSpec>,
    /// If the data is to be read piece by piece: examples that are in memory together.
    pub shuffle_buffer: Option<usize>,
    pub validation: HoldOut,
    pub testing: HoldOut,
    pub weight_column: Option<String>,
    pub class_weights: Option<ClassWeights>,
    pub preparation: PreprocessOptions,
    pub plan: Plan,
    pub start: Start,
    /// All of the above under the names of the options.
    pub configuration: Value,
}

/// What a training starts from.
pub enum Start {
    /// Random weights.
    Random,
    /// Layers that are pre-trained before, on more data than the training has, if there is more.
    Pretraining { plan: PretrainingPlan, unlabelled: Option<Box<SourceSpec>> },
    /// The layers of a file.
    Saved(Box<Saved>),
}

impl Experiment {
    /// # Errors
    /// The first option that cannot be.
    pub fn new(args: &TrainArgs) -> Result<Self, Failure> {
        args.source.memory.apply();
        let mut source = source(args.data.as_deref(), &args.source, args.preparation.task);
        let preparation = preparation(args.preparation.task, &args.preparation.inputs, &source.notices);
        let mut options = options(&args.network, &args.optimizer);
        let saved = args.from.as_deref().map(Saved::load).transpose()?;
        if let Some(saved) = &saved {
            take_over(saved, &args.source.table, &mut source, &mut options)?;
        }
        tell_of_idle(&args.optimizer, options.optimizer.rule, &source.notices);
        let plan = options.check()?;
        let shuffle_buffer = shuffle_buffer(args, plan.options())?;
        let start = start(args, saved, &source, plan.options())?;
        let class_weights = args.preparation.class_weight.as_deref().map(str::parse).transpose()?;
        let configuration = configuration(args, &source, &preparation, plan.options(), &start);
        if !source.columns.is_empty() {
            // It is to be read, too, though nothing is learned from it.
            source.columns.extend(args.preparation.weight_column.clone());
        }
        let test = args.source.test.clone();
        Ok(Self {
            test: test.map(|data| SourceSpec { data, labels: None, ..source.clone() }),
            source,
            shuffle_buffer,
            validation: HoldOut::new(args.source.validation),
            testing: HoldOut::new(args.source.test_fraction),
            weight_column: args.preparation.weight_column.clone(),
            class_weights,
            preparation,
            plan,
            start,
            configuration,
        })
    }
}

/// Examples in memory together unless it is said otherwise.
const SHUFFLE_BUFFER: usize = 50_000;

/// Most examples in memory together that may be asked for: more than any memory holds.
const MAX_SHUFFLE_BUFFER: usize = u32::MAX as usize;

/// How many examples of a stream are in memory together: whole mini-batches.
fn shuffle_buffer(args: &TrainArgs, options: &TrainingOptions) -> Result<Option<usize>, Failure> {
    if args.source.stream != Some(true) {
        return Ok(None);
    }
    if args.pretrain == Some(true) {
        let message = "--pretrain was given, which needs all data in memory, together with --stream";
        return Err(Failure::hinted(message, "pre-train on a part of the data and go on with --from"));
    }
    match args.source.shuffle_buffer.unwrap_or(SHUFFLE_BUFFER) {
        asked @ 1..=MAX_SHUFFLE_BUFFER => Ok(Some(asked.next_multiple_of(options.batch_size))),
        other => Err(truezero::Error::Option {
            option: "shuffle-buffer",
            expected: format!("1 to {MAX_SHUFFLE_BUFFER}"),
            found: other.to_string(),
        }
        .into()),
    }
}

/// Names that were given, if any.
pub fn list(names: Option<&Names>) -> Vec<String> {
    names.map_or_else(Vec::new, |Names(names)| names.clone())
}

fn source(data: Option<&str>, args: &SourceArgs, task: Option<Task>) -> SourceSpec {
    let mut source = SourceSpec {
        data: data.unwrap_or(EMBEDDED).to_owned(),
        target: args.target.clone(),
        task,
        text: list(args.text.as_ref()),
        columns: list(args.columns.as_ref()),
        ignore: list(args.ignore.as_ref()),
        labels: args.labels.clone(),
        ..SourceSpec::default()
    };
    args.table.apply(&mut source);
    source
}

/// What a saved encoder or model decides: how inputs are read, and the hidden layers.
fn take_over(
    saved: &Saved,
    table: &TextTableArgs,
    source: &mut SourceSpec,
    options: &mut TrainingOptions,
) -> Result<(), Failure> {
    let layers = saved.hidden();
    if layers.is_empty() {
        return Err(DataError::unsuitable("--from", "a file with hidden layers", "a linear model").into());
    }
    *source = SourceSpec {
        target: source.target.take(),
        task: source.task,
        labels: source.labels.take(),
        ..using::spec(saved, &source.data, table, &source.notices)
    };
    options.hidden = layers.iter().map(Layer::units).collect();
    options.activation = layers.iter().map(|layer| layer.activation).collect();
    options.sign_trick = layers.iter().any(|layer| layer.signs.is_some());
    Ok(())
}

fn start(
    args: &TrainArgs,
    saved: Option<Saved>,
    source: &SourceSpec,
    options: &TrainingOptions,
) -> Result<Start, Failure> {
    if args.pretrain == Some(true) {
        let plan = pretrain::options(&args.pretraining, options.batch_size, options.seed)
            .check(&options.activation)?;
        let unlabelled = args.unlabelled.clone();
        let unlabelled = unlabelled
            .map(|data| Box::new(SourceSpec { data, target: None, labels: None, ..source.clone() }));
        return Ok(Start::Pretraining { plan, unlabelled });
    }
    if args.pretraining.any() || args.unlabelled.is_some() {
        let message = "options of pre-training were given, but no pre-training was asked for";
        return Err(Failure::hinted(message, "add --pretrain"));
    }
    Ok(saved.map_or(Start::Random, |saved| Start::Saved(Box::new(saved))))
}

/// How inputs become those of a network.
pub fn preparation(task: Option<Task>, args: &InputArgs, notices: &Notices) -> PreprocessOptions {
    let default = PreprocessOptions::default();
    let text = TextOptions {
        vocabulary: args.vocabulary.unwrap_or(default.text.vocabulary),
        weighting: args.weighting.unwrap_or(default.text.weighting),
        ngrams: args.ngrams.unwrap_or(default.text.ngrams),
        stemming: args.stemming.unwrap_or(default.text.stemming),
    };
    PreprocessOptions {
        task,
        scaling: args.scaling.unwrap_or(default.scaling),
        text,
        notices: notices.clone(),
    }
}

/// Options in which only the hidden layers are said.
pub fn shape(args: &ShapeArgs) -> TrainingOptions {
    let default = TrainingOptions::default();
    let activation: Option<Vec<Activation>> = args.activation.clone().map(|List(names)| names);
    TrainingOptions {
        hidden: args.hidden.clone().map_or(default.hidden, |List(units)| units),
        activation: activation.unwrap_or(default.activation),
        sign_trick: args.sign_trick.unwrap_or(default.sign_trick),
        initialisation: args.initialisation.unwrap_or(default.initialisation),
        ..default
    }
}

/// Tells of options of other rules than the one by which weights follow their gradients.
fn tell_of_idle(args: &OptimizerArgs, rule: Rule, notices: &Notices) {
    let of_momentum = matches!(rule, Rule::Momentum | Rule::Nesterov);
    let of_adam = rule == Rule::Adam;
    for (option, given, used, rules) in [
        ("--momentum", args.momentum, of_momentum, "momentum or nesterov"),
        ("--beta1", args.beta1, of_adam, "adam"),
        ("--beta2", args.beta2, of_adam, "adam"),
        ("--epsilon", args.epsilon, of_adam, "adam"),
    ] {
        if given.is_some() && !used {
            let message = "has no effect with the optimizer that is used";
            notices.tell(Notice::new(option, message).hint(format!("it belongs to --optimizer {rules}")));
        }
    }
}

fn options(network: &NetworkArgs, optimizer: &OptimizerArgs) -> TrainingOptions {
    let default = shape(&network.shape);
    let list =
        |asked: &Option<List<f32>>, default: Vec<f32>| asked.clone().map_or(default, |List(rates)| rates);
    TrainingOptions {
        l1: network.l1.unwrap_or(default.l1),
        target_sparsity: network.target_sparsity,
        dropout: list(&network.dropout, default.dropout),
        input_dropout: network.input_dropout.unwrap_or(default.input_dropout),
        optimizer: Optimizer {
            rule: optimizer.optimizer.unwrap_or(default.optimizer.rule),
            momentum: optimizer.momentum.unwrap_or(default.optimizer.momentum),
            beta1: optimizer.beta1.unwrap_or(default.optimizer.beta1),
            beta2: optimizer.beta2.unwrap_or(default.optimizer.beta2),
            epsilon: optimizer.epsilon.unwrap_or(default.optimizer.epsilon),
            weight_decay: optimizer.weight_decay.unwrap_or(default.optimizer.weight_decay),
        },
        learning_rate: optimizer.learning_rate,
        schedule: optimizer.schedule.unwrap_or(default.schedule),
        clip_norm: optimizer.clip_norm,
        batch_size: optimizer.batch_size.unwrap_or(default.batch_size),
        epochs: optimizer.epochs.unwrap_or(default.epochs),
        patience: optimizer.patience.unwrap_or(default.patience),
        seed: optimizer.seed.unwrap_or(default.seed),
        ..default
    }
}

/// How tables are read, as it was said.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TableOptions {
    columns: Option<String>,
    ignore: Option<String>,
    header: Option<bool>,
    delimiter: Option<String>,
    encoding: Option<String>,
    na_values: Option<String>,
    decimal: Option<Decimal>,
}

impl TableOptions {
    pub fn of(spec: &SourceSpec) -> Self {
        let joined = |names: &[String]| (!names.is_empty()).then(|| Names(names.to_vec()).to_string());
        let values = &spec.cells.na_values;
        let decimal = spec.cells.decimal;
        Self {
            columns: joined(&spec.columns),
            ignore: joined(&spec.ignore),
            header: spec.header,
            delimiter: spec.delimiter.map(|byte| Delimiter(byte).to_string()),
            encoding: spec.encoding.map(|encoding| encoding.to_string()),
            na_values: (!values.is_empty()).then(|| values.join(",")),
            decimal: (decimal != Decimal::Unsaid).then_some(decimal),
        }
    }
}

/// The options that are not of the library.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct DataOptions<'a> {
    data: &'a str,
    target: Option<&'a str>,
    text: Option<String>,
    labels: Option<String>,
    #[serde(flatten)]
    table: TableOptions,
    test: Option<&'a str>,
    test_fraction: Option<String>,
    validation: Option<String>,
    class_weight: Option<&'a str>,
    weight_column: Option<&'a str>,
    stream: Option<bool>,
    shuffle_buffer: Option<usize>,
    unlabelled: Option<&'a str>,
    from: Option<String>,
}

/// Everything that makes the model what it is, under the names of the options, so that as TOML it could
/// be given to `--config`. What does not change the model (threads, files to write) is left out: the same
/// training gives the same bytes.
fn configuration(
    args: &TrainArgs,
    source: &SourceSpec,
    preparation: &PreprocessOptions,
    options: &TrainingOptions,
    start: &Start,
) -> Value {
    let data = DataOptions {
        data: &source.data,
        target: source.target.as_deref(),
        text: args.source.text.as_ref().map(Names::to_string),
        labels: source.labels.as_ref().map(|path| path.display().to_string()),
        table: TableOptions::of(source),
        test: args.source.test.as_deref(),
        test_fraction: args.source.test_fraction.map(|portion| portion.to_string()),
        validation: args.source.validation.map(|portion| portion.to_string()),
        class_weight: args.preparation.class_weight.as_deref(),
        weight_column: args.preparation.weight_column.as_deref(),
        stream: args.source.stream,
        shuffle_buffer: args.source.shuffle_buffer,
        unlabelled: args.unlabelled.as_deref(),
        from: args.from.as_ref().map(|path| path.display().to_string()),
    };
    let mut all = Map::new();
    flatten(json::value(&data), &mut all);
    flatten(json::value(preparation), &mut all);
    flatten(json::value(options), &mut all);
    // The optimiser's name and constants are options of their own.
    if let Some(rule) = all.remove("rule") {
        all.insert("optimizer".to_owned(), rule);
    }
    match start {
        Start::Random => {}
        // The file decides these, and could not be given together with them.
        Start::Saved(_) => all.retain(|name, _| !DECIDED_BY_FILE.contains(&name.as_str())),
        Start::Pretraining { plan, .. } => {
            all.insert("pretrain".to_owned(), true.into());
            flatten(pretrain::configuration_of(plan.options()), &mut all);
        }
    }
    Value::Object(all)
}

/// Options that say what the file of `--from` says.
const DECIDED_BY_FILE: [&str; 10] = [
    "hidden",
    "activation",
    "sign-trick",
    "initialisation",
    "scaling",
    "vocabulary",
    "weighting",
    "ngrams",
    "stemming",
    "text",
];

/// Takes the fields of a structure, and those of structures in it, that have a value.
pub fn flatten(structure: Value, into: &mut Map<String, Value>) {
    let Value::Object(fields) = structure else { return };
    for (name, value) in fields {
        match value {
            Value::Null => {}
            Value::Object(_) => flatten(value, into),
            value => {
                into.insert(name.replace('_', "-"), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Verb};
    use crate::config;

    fn experiment(arguments: Vec<std::ffi::OsString>) -> Result<Experiment, Failure> {
        let Verb::Train(args) = Cli::parse_from(arguments).verb else { panic!("train") };
        Experiment::new(&args)
    }

    fn typed(arguments: &[&str]) -> Vec<std::ffi::OsString> {
        ["truezero", "train"].iter().chain(arguments).map(Into::into).collect()
    }

    #[test]
    fn defaults_are_those_of_the_library() {
        let experiment = experiment(typed(&[])).unwrap();
        assert_eq!(experiment.plan, TrainingOptions::default().check().unwrap());
        assert_eq!(experiment.preparation, PreprocessOptions::default());
        assert_eq!(experiment.source.data, "digits5k");
        assert_eq!(experiment.configuration["learning-rate"], 0.1);
    }

    #[test]
    fn a_configuration_given_back_as_a_file_is_the_same_experiment() {
        let options = [
            "a.csv",
            "--target",
            "y",
            "--text=t,u",
            "--header",
            "--validation",
            "0.2",
            "--test-fraction=7",
            "--task",
            "classify",
            "--scaling",
            "none",
            "--vocabulary",
            "70",
            "--weighting",
            "tf-idf",
            "--ngrams=2",
            "--stemming",
            "--class-weight",
            "a=2,b=0.5",
            "--hidden",
            "5,4",
            "--activation",
            "lif:tau=0.5,r=2,softplus:3",
            "--sign-trick",
            "--initialisation",
            "he",
            "--l1",
            "0.001",
            "--target-sparsity",
            "0.8",
            "--dropout",
            "0.5,0.25",
            "--input-dropout",
            "0.1",
            "--optimizer",
            "adam",
            "--beta1",
            "0.8",
            "--epsilon",
            "1e-7",
            "--weight-decay",
            "1e-5",
            "--learning-rate",
            "0.01",
            "--schedule",
            "step:3,0.5",
            "--clip-norm",
            "2",
            "--batch-size",
            "3",
            "--epochs",
            "4",
            "--patience",
            "2",
            "--seed",
            "9",
        ];
        let first = experiment(typed(&options)).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, toml::to_string(&first.configuration).unwrap()).unwrap();
        let second = experiment(config::merge(file.path(), typed(&[]), false).unwrap()).unwrap();
        assert_eq!(first.configuration, second.configuration);
        assert_eq!(first.plan, second.plan);
        assert_eq!((first.source, first.validation), (second.source, second.validation));
    }

    #[test]
    fn what_does_not_change_the_model_is_not_in_the_configuration() {
        let plain = experiment(typed(&[])).unwrap();
        let run = ["--out", "x", "--threads", "2", "--json", "--quiet", "--log-dir", "y", "--resume"];
        assert_eq!(plain.configuration, experiment(typed(&run)).unwrap().configuration);
    }

    #[test]
    fn impossible_options_are_named() {
        let error = experiment(typed(&["--epochs", "0"])).err().unwrap().to_string();
        assert_eq!(error, "option epochs: expected at least 1, found 0");
        assert!(experiment(typed(&["--class-weight", "a"])).is_err());
    }
}
