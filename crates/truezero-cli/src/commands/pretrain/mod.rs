//! `truezero pretrain`: hidden layers learn to reconstruct their inputs, and are saved as an encoder.

mod inputs;
mod progress;
mod report;

use std::time::Instant;

use serde::Serialize;
use serde_json::{Map, Value};
use truezero::autoencoder::{PretrainingProgress, PretrainingSummary, planned_layers};
use truezero::{
    Control, Corruption, Encoder, Layer, Pretrainer, PretrainingOptions, PretrainingPlan, Reconstruction,
    TrainingOptions,
};
use truezero_data::files::InputFiles;
use truezero_data::{EMBEDDED, InputPreprocessing, PreprocessOptions, Source, SourceSpec, open, split};

use super::Ended;
use super::hold_out::HoldOut;
use super::train::plan::{TableOptions, flatten, list, preparation, shape};
use super::using::NUMBERING;
use crate::args::{List, Names, PretrainArgs, PretrainingArgs, threads};
use crate::failure::Failure;
use crate::output::{self, Warnings};
use crate::{files, json, signal};
pub use inputs::Inputs;
use progress::Progress;
use report::Report;

pub fn run(args: &PretrainArgs) -> Result<Ended, Failure> {
    args.memory.apply();
    let training = TrainingOptions::default();
    let seed = args.seed.unwrap_or(training.seed);
    let plan = TrainingOptions { seed, ..shape(&args.shape) }.check()?;
    let shape = plan.options();
    let batch_size = args.batch_size.unwrap_or(training.batch_size);
    let pretraining = options(&args.pretraining, batch_size, seed).check(&shape.activation)?;
    let mut spec = SourceSpec {
        data: args.data.clone().unwrap_or_else(|| EMBEDDED.to_owned()),
        target: args.target.clone(),
        text: list(args.text.as_ref()),
        columns: list(args.columns.as_ref()),
        ignore: list(args.ignore.as_ref()),
        ..SourceSpec::default()
    };
    args.table.apply(&mut spec);
    let output = files::open(
        &args.out,
        truezero::MODEL,
        &InputFiles::default().data("the data", &spec.data),
        args.force,
    )?;
    let mut warnings = Warnings::of(&spec.notices);
    let preparation = preparation(None, &args.inputs, &spec.notices);
    let Source { train: raw, mut validation, numbering, .. } = open(&spec)?;
    let hold_out = HoldOut::new(args.validation);
    if hold_out != HoldOut::AsInSource {
        validation = None;
    }
    let mut rows: Vec<usize> = (0..raw.examples()).collect();
    let mut drawn = Vec::new();
    if let (Some(portion), None) = (hold_out.portion(), &validation) {
        (rows, drawn) = split(None, None, &rows, portion, seed)?;
    }
    let preprocessing = InputPreprocessing::fit(&raw, &rows, &preparation)?;
    let batch = preprocessing.inputs(raw.features, &spec.notices)?;
    let own = validation.map(|raw| preprocessing.inputs(raw.features, &spec.notices)).transpose()?;
    warnings.show();
    let mut inputs = Inputs::new(&batch, &rows);
    match &own {
        Some(own) => inputs.stop_by(own, &(0..own.examples()).collect::<Vec<_>>()),
        None => inputs.stop_by(&batch, &drawn),
    }
    let examples = [inputs.train.len(), inputs.validation.len()];
    if !args.quiet {
        let [train, stop] = examples;
        let (data, width) = (&spec.data, preprocessing.width());
        output::note(&format!("{data}: {train} examples to pre-train on, {stop} to stop by; {width} inputs"));
    }

    let layers = planned_layers(&plan, &pretraining, preprocessing.width(), inputs.batch.examples())?;
    let mut configuration = configuration(args, &spec, &preparation, shape, pretraining.options());
    if let Some(numbering) = &numbering {
        // Not an option: what was found in the data, for data to come.
        configuration[NUMBERING] = json::value(numbering);
    }
    files::tell_replaced(&output);
    signal::listen()?;
    let started = Instant::now();
    let (layers, summary) = learn(pretraining, layers, &inputs, threads(args.threads), args.quiet)?;
    let seconds = started.elapsed().as_secs_f64();
    let encoder = Encoder { layers, preprocessing, configuration, summary: Some(summary.clone()) };
    encoder.save_to(&output)?;
    if !summary.completed {
        output::note(&format!("interrupted; saved the layers as they are in {}", args.out.display()));
    }
    let report = Report {
        summary: &summary,
        layers: &encoder.layers,
        out: &args.out,
        seed,
        seconds,
        examples,
        warnings: warnings.all(),
    };
    if args.json { json::document(&report.json()) } else { output::print(&report.text()) }?;
    Ok(if summary.completed { Ended::Complete } else { Ended::BrokenOff })
}

/// Pre-trains layers, shown as it goes; an interrupt, which the caller listens for, ends it early.
pub fn learn(
    plan: PretrainingPlan,
    layers: Vec<Layer>,
    inputs: &Inputs<'_>,
    threads: usize,
    quiet: bool,
) -> Result<(Vec<Layer>, PretrainingSummary), Failure> {
    let mut progress = Progress::new(quiet, plan.options().epochs.clone());
    let Inputs { batch, train, validation, .. } = inputs;
    let mut pretrainer = Pretrainer::new(plan, layers, batch, train, validation, threads)?;
    loop {
        progress.start_epoch();
        let step = pretrainer.epoch(&mut |report| {
            progress.batch(report);
            if signal::interrupted() { Control::Stop } else { Control::Continue }
        });
        match step {
            Ok(PretrainingProgress::Epoch(record)) => {
                progress.epoch(&record);
                if signal::interrupted() {
                    break;
                }
            }
            Ok(PretrainingProgress::Done | PretrainingProgress::Interrupted) => break,
            Err(error) => {
                progress.finish();
                return Err(error.into());
            }
        }
    }
    progress.finish();
    Ok(pretrainer.finish())
}

/// The options of the library, from those typed.
pub fn options(args: &PretrainingArgs, batch_size: usize, seed: u64) -> PretrainingOptions {
    fn list<T: Clone>(asked: Option<&List<T>>, default: Vec<T>) -> Vec<T> {
        asked.map_or(default, |List(values)| values.clone())
    }
    let default = PretrainingOptions::default();
    PretrainingOptions {
        // `none` is the empty list for other options, for this one a kind of noise.
        corruption: match &args.corruption {
            Some(List(noises)) if noises.is_empty() => vec![Corruption::None],
            asked => list(asked.as_ref(), default.corruption),
        },
        reconstruction: list(args.reconstruction.as_ref(), default.reconstruction),
        tied: args.untied.map_or(default.tied, |untied| !untied),
        l1: list(args.pretrain_l1.as_ref(), default.l1),
        learning_rate: list(args.pretrain_learning_rate.as_ref(), default.learning_rate),
        epochs: list(args.pretrain_epochs.as_ref(), default.epochs),
        patience: args.pretrain_patience.unwrap_or(default.patience),
        batch_size,
        sample_zeros: args.sample_zeros,
        seed,
    }
}

/// Options under the names they are typed by.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Named<'a> {
    corruption: &'a [Corruption],
    reconstruction: &'a [Reconstruction],
    untied: bool,
    sample_zeros: Option<f32>,
    pretrain_l1: &'a [f32],
    pretrain_learning_rate: &'a [f32],
    pretrain_epochs: &'a [usize],
    pretrain_patience: usize,
}

/// The options as they stand in a model's configuration.
pub fn configuration_of(options: &PretrainingOptions) -> Value {
    json::value(&Named {
        corruption: &options.corruption,
        reconstruction: &options.reconstruction,
        untied: !options.tied,
        sample_zeros: options.sample_zeros,
        pretrain_l1: &options.l1,
        pretrain_learning_rate: &options.learning_rate,
        pretrain_epochs: &options.epochs,
        pretrain_patience: options.patience,
    })
}

/// The options that are not of the library, and those of the hidden layers.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct DataOptions<'a> {
    data: &'a str,
    target: Option<&'a str>,
    text: Option<String>,
    #[serde(flatten)]
    table: TableOptions,
    validation: Option<String>,
    hidden: &'a [usize],
    activation: &'a [truezero::Activation],
    sign_trick: bool,
    initialisation: truezero::Initialisation,
    batch_size: usize,
    seed: u64,
}

/// Everything that makes the layers what they are, under the names of the options.
fn configuration(
    args: &PretrainArgs,
    spec: &SourceSpec,
    preparation: &PreprocessOptions,
    shape: &TrainingOptions,
    options: &PretrainingOptions,
) -> Value {
    let data = DataOptions {
        data: &spec.data,
        target: spec.target.as_deref(),
        text: args.text.as_ref().map(Names::to_string),
        table: TableOptions::of(spec),
        validation: args.validation.map(|portion| portion.to_string()),
        hidden: &shape.hidden,
        activation: &shape.activation,
        sign_trick: shape.sign_trick,
        initialisation: shape.initialisation,
        batch_size: options.batch_size,
        seed: options.seed,
    };
    let mut all = Map::new();
    flatten(json::value(&data), &mut all);
    flatten(json::value(preparation), &mut all);
    flatten(configuration_of(options), &mut all);
    Value::Object(all)
}
