//! `truezero bench`: how fast a model is trained and used.

mod blocks;
mod work;

use serde::Serialize;
use truezero::Model;
use truezero::observe::mean_sparsity;
use truezero_data::Raw;
use truezero_sparse::Engine;

use super::inspect::observe;
use super::using::{self, TargetOf};
use crate::args::{BenchArgs, Work, threads};
use crate::failure::Failure;
use crate::table::{percent, table};
use crate::{json, output};
use blocks::Figures;

#[derive(Serialize)]
struct Document {
    #[serde(skip_serializing_if = "Option::is_none")]
    inference: Option<Figures>,
    #[serde(skip_serializing_if = "Option::is_none")]
    training: Option<Figures>,
    examples: usize,
    /// Of each hidden layer, on the examples given.
    sparsity: Vec<f64>,
    mean_sparsity: f64,
    isa: &'static str,
}

pub fn run(args: &BenchArgs) -> Result<(), Failure> {
    let model = Model::load(&args.model)?;
    let trains = args.work != Work::Inference;
    let plan = work::plan(&model.network, args.batch_size, args.l1, args.learning_rate)?;
    let raw = using::read(&model, &args.data, &args.reading, target(&model, trains))?;
    check(args, &raw, trains)?;
    let threads = threads(args.reading.threads);
    let mut engine = Engine::new(threads);
    let mut training = None;
    let inputs = if trains {
        let data = model.preprocessing.dataset(raw)?;
        training = Some(work::training(plan, model.network.clone(), &data, threads, args.seconds)?);
        data.inputs
    } else {
        model.preprocessing.inputs(raw.features)?
    };
    let layers = observe(&model.network, &mut engine, &inputs);
    let inference = (args.work != Work::Training).then(|| {
        let batches = work::mini_batches(&inputs, args.batch_size);
        work::inference(&model.network, &mut engine, &batches, args.seconds)
    });
    let document = Document {
        inference,
        training,
        examples: inputs.examples(),
        sparsity: layers.iter().map(|layer| layer.sparsity).collect(),
        mean_sparsity: mean_sparsity(&layers),
        isa: engine.isa().name(),
    };
    if args.json { json::document(&document) } else { output::print(&text(&document)) }
}

/// The targets, if they are needed.
fn target(model: &Model, trains: bool) -> TargetOf {
    let column = using::trained_target(model).filter(|_| trains);
    TargetOf { column, labels: None }
}

/// Whether the work can be done on the data.
fn check(args: &BenchArgs, raw: &Raw, trains: bool) -> Result<(), Failure> {
    if trains && raw.target.is_none() {
        let message = format!("{}: expected targets to train on, found none", args.data);
        return Err(Failure::hinted(message, "--work inference needs none"));
    }
    let least = if trains { (work::LEAST_BATCHES - 1) * args.batch_size + 1 } else { args.batch_size };
    if raw.examples() < least {
        let message = format!("{}: expected at least {least} examples, found {}", args.data, raw.examples());
        let batches = if trains { "three mini-batches" } else { "one mini-batch" };
        let hint = format!("it takes {batches}; --part all takes everything there is, or lower --batch-size");
        return Err(Failure::hinted(message, hint));
    }
    Ok(())
}

fn text(document: &Document) -> String {
    let works = [("training", &document.training), ("inference", &document.inference)];
    let rows = works.iter().filter_map(|(name, figures)| {
        let figures = figures.as_ref()?;
        Some([
            (*name).to_owned(),
            figures.batch_size.to_string(),
            figures.threads.to_string(),
            format!("{:.0}", figures.examples_per_second),
            format!("{:.0} - {:.0}", figures.lowest, figures.highest),
            format!("{:.1}", figures.microseconds_per_batch),
        ])
    });
    let header = ["work", "mini-batch", "threads", "examples/s", "of all blocks", "µs/mini-batch"];
    let mut text = table(header, rows);
    text += &format!("on {} examples ({})", document.examples, document.isa);
    if !document.sparsity.is_empty() {
        let each: Vec<String> = document.sparsity.iter().copied().map(percent).collect();
        text += &format!(", sparsity {} (mean {})", each.join(", "), percent(document.mean_sparsity));
    }
    text + "\n"
}
