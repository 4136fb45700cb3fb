//! `truezero inspect`: what a model is, and how sparse it is on given data.

use serde::Serialize;
use serde_json::Value;
use truezero::autoencoder::PretrainingSummary;
use truezero::observe::{LayerObservation, mean_sparsity};
use truezero::{Model, Saved, Stopped, Summary};
use truezero_data::{Notice, Task};
use truezero_sparse::Engine;

use super::using::{self, TargetOf};
use crate::args::{InspectArgs, threads};
use crate::failure::Failure;
use crate::json;
use crate::measure::Measure;
use crate::output::{self, Warnings};
use crate::table::{self, percent, table};

/// The longest option has so many letters.
const NAME_WIDTH: usize = "target-sparsity".len();
/// So many names of outputs are shown; JSON has them all.
const MAX_NAMES: usize = 20;

#[derive(Serialize)]
struct Document {
    /// None for an encoder.
    task: Option<Task>,
    inputs: usize,
    outputs: Vec<String>,
    parameters: usize,
    layers: Vec<Layer>,
    configuration: Value,
    summary: Option<Training>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pretraining: Option<PretrainingSummary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<OnData>,
    warnings: Vec<Notice>,
}

#[derive(Serialize)]
struct Layer {
    inputs: usize,
    units: usize,
    activation: String,
    sign_trick: bool,
    parameters: usize,
}

/// How the training went.
#[derive(Serialize)]
struct Training {
    epochs: usize,
    best_epoch: Option<usize>,
    stopped: Stopped,
    validation_error: Option<f64>,
    mean_sparsity: Option<f64>,
}

/// What the hidden layers do on given data.
#[derive(Serialize)]
struct OnData {
    examples: usize,
    sparsity: Vec<f64>,
    mean_sparsity: f64,
    layers: Vec<LayerObservation>,
}

pub fn run(args: &InspectArgs) -> Result<(), Failure> {
    let warnings = Warnings::default();
    let saved = Saved::load(&args.model)?;
    let data = args.data.as_deref().map(|data| -> Result<OnData, Failure> {
        let raw = using::read(&saved, data, &args.reading, TargetOf::default(), warnings.notices())?;
        let inputs = saved.preprocessing().inputs(raw.features, warnings.notices())?;
        let layers = saved.observe(&mut Engine::new(threads(args.reading.threads)), &inputs);
        Ok(OnData {
            examples: inputs.examples(),
            sparsity: layers.iter().map(|layer| layer.sparsity).collect(),
            mean_sparsity: mean_sparsity(&layers),
            layers,
        })
    });
    let document = describe(&saved, data.transpose()?, warnings.all());
    if args.json { json::document(&document) } else { output::print(&text(&saved, &document)) }
}

fn describe(saved: &Saved, data: Option<OnData>, warnings: Vec<Notice>) -> Document {
    let all = match saved {
        Saved::Model(model) => &model.network.layers,
        Saved::Encoder(encoder) => &encoder.layers,
    };
    let layers = all.iter().map(|layer| Layer {
        inputs: layer.inputs(),
        units: layer.units(),
        activation: layer.activation.to_string(),
        sign_trick: layer.signs.is_some(),
        parameters: layer.parameters(),
    });
    let layers: Vec<Layer> = layers.collect();
    let (task, outputs, summary, pretraining) = match saved {
        Saved::Model(model) => {
            let summary = model.summary.as_ref().map(|summary| training(summary, model));
            (Some(model.preprocessing.task()), model.output_names(), summary, None)
        }
        Saved::Encoder(encoder) => (None, Vec::new(), None, encoder.summary.clone()),
    };
    Document {
        task,
        inputs: saved.preprocessing().width(),
        outputs,
        parameters: layers.iter().map(|layer| layer.parameters).sum(),
        layers,
        configuration: saved.configuration().clone(),
        summary,
        pretraining,
        data,
        warnings,
    }
}

fn training(summary: &Summary, model: &Model) -> Training {
    let measure = Measure::of(&model.preprocessing);
    let best = summary.best();
    Training {
        epochs: summary.history.len(),
        best_epoch: summary.best_epoch,
        stopped: summary.stopped,
        validation_error: best.and_then(|best| best.validation_error).map(|error| measure.convert(error)),
        mean_sparsity: best.map(|best| best.mean_sparsity),
    }
}

fn text(saved: &Saved, document: &Document) -> String {
    let hidden = saved.hidden().len();
    let rows = document.layers.iter().enumerate().map(|(index, layer)| {
        let name = if index < hidden { format!("hidden {}", index + 1) } else { "output".to_owned() };
        let activation = match (index < hidden, document.task) {
            (true, _) if layer.sign_trick => format!("±{}", layer.activation),
            (true, _) => layer.activation.clone(),
            (false, Some(Task::Classify)) => "softmax".to_owned(),
            (false, Some(Task::Multilabel)) => "logistic".to_owned(),
            (false, Some(Task::Regress) | None) => "identity".to_owned(),
        };
        [name, layer.inputs.to_string(), layer.units.to_string(), activation, layer.parameters.to_string()]
    });
    let mut text = table(["layer", "inputs", "units", "activation", "parameters"], rows);
    text += &format!("{} parameters\n", document.parameters);
    match (saved, document.task) {
        (Saved::Model(model), Some(task)) => {
            text += &format!("predicts {}\n", predicts(task, document));
            if let Some(training) = &document.summary {
                text += &trained(training, Measure::of(&model.preprocessing));
            }
        }
        _ => text += "pre-trained, without outputs: `truezero train --from` gives it some\n",
    }
    if let Value::Object(options) = &document.configuration {
        text += "\ntrained with\n";
        for (name, value) in options {
            text += &format!("  {name:<width$}  {}\n", plain(value), width = NAME_WIDTH);
        }
    }
    if let Some(data) = &document.data {
        text += &format!("\non {} examples:\n{}", data.examples, table::layers(&data.layers));
        for (index, layer) in data.layers.iter().enumerate() {
            text += &format!("\nhidden {}: examples by their share of active units\n", index + 1);
            text += &table::histogram(layer);
        }
    }
    text
}

/// An option's value as it would be typed.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(","),
        value => value.to_string(),
    }
}

fn predicts(task: Task, document: &Document) -> String {
    let kind = match task {
        Task::Classify => "one of the classes",
        Task::Multilabel => "any of the labels",
        Task::Regress => "the quantity",
    };
    let mut names = document.outputs.clone();
    if names.len() > MAX_NAMES {
        names.truncate(MAX_NAMES);
        names.push(format!("… ({} in all)", document.outputs.len()));
    }
    format!("{kind} {}", names.join(", "))
}

fn trained(training: &Training, measure: Measure) -> String {
    let ended = match training.stopped {
        Stopped::Epochs => "to the last one",
        Stopped::Patience => "until epochs no longer became better",
        Stopped::Interrupted => "until it was interrupted",
        Stopped::Diverged => "until it diverged",
    };
    let epochs = if training.epochs == 1 { "epoch" } else { "epochs" };
    let mut text = format!("trained for {} {epochs}, {ended}", training.epochs);
    if let Some(best) = training.best_epoch {
        text += &format!("; from epoch {best}");
    }
    if let Some(error) = training.validation_error {
        text += &format!(", validation {} {}", measure.name(), measure.converted(error));
    }
    if let Some(sparsity) = training.mean_sparsity {
        text += &format!(", sparsity {}", percent(sparsity));
    }
    text + "\n"
}
