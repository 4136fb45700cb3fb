//! `truezero bench`: how fast a model is trained and used, and how fast it could be.

mod blocks;
mod bound;
mod machine;
mod products;
mod text;
mod work;

use std::path::Path;

use serde::Serialize;
use truezero::Model;
use truezero::observe::mean_sparsity;
use truezero_data::Raw;
use truezero_sparse::{Engine, Isa};

use super::using::{self, TargetOf};
use crate::args::{BenchArgs, Work, threads};
use crate::failure::Failure;
use crate::json;
use crate::output::{self, Warnings};
use blocks::Figures;
use machine::Machine;

/// The rates of the machine take this part of the time of the other measurements, each.
const MACHINE: u32 = 40;

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
    products: Vec<products::Report>,
    machine: Machine,
    isa: &'static str,
}

#[derive(Serialize)]
struct MachineDocument {
    /// On one thread, and on all that were asked for.
    machines: Vec<Machine>,
    isa: &'static str,
}

pub fn run(args: &BenchArgs) -> Result<(), Failure> {
    match (&args.model, &args.data) {
        (Some(model), Some(data)) => measure_model(args, model, data),
        _ => measure_machine(args),
    }
}

fn measure_machine(args: &BenchArgs) -> Result<(), Failure> {
    let (isa, threads) = (Isa::detect(), threads(args.reading.threads));
    let mut counts = vec![1, threads];
    counts.dedup();
    let measure = |threads| Machine::measure(isa, threads, args.seconds / MACHINE);
    let machines = counts.into_iter().map(measure).collect();
    let document = MachineDocument { machines, isa: isa.name() };
    if args.json { json::document(&document) } else { output::print(&text::machines(&document)) }
}

fn measure_model(args: &BenchArgs, model: &Path, data: &str) -> Result<(), Failure> {
    let warnings = Warnings::default();
    let model = Model::load(model)?;
    let trains = args.work != Work::Inference;
    let plan = work::plan(&model.network, args.batch_size, args.l1, args.learning_rate)?;
    let raw = using::read(&model, data, &args.reading, target(&model, trains), warnings.notices())?;
    check(args, data, &raw, trains)?;
    let threads = threads(args.reading.threads);
    let mut engine = Engine::new(threads);
    let mut training = None;
    let inputs = if trains {
        let data = model.preprocessing.dataset(raw, warnings.notices()).map_err(|error| error.of(data))?;
        training = Some(work::training(plan, model.network.clone(), &data, threads, args.seconds)?);
        data.inputs
    } else {
        model.preprocessing.inputs(raw.features, warnings.notices())?
    };
    let layers = model.network.observe(&mut engine, &inputs);
    let batches = work::mini_batches(&inputs, args.batch_size);
    let inference = (args.work != Work::Training)
        .then(|| work::inference(&model.network, &mut engine, &batches, args.seconds));
    let machine = Machine::measure(engine.isa(), threads, args.seconds / MACHINE);
    let products = products::measure(&model.network, &mut engine, &batches, trains, &machine, args.seconds);
    let document = Document {
        inference,
        training,
        examples: inputs.examples(),
        sparsity: layers.iter().map(|layer| layer.sparsity).collect(),
        mean_sparsity: mean_sparsity(&layers),
        products,
        machine,
        isa: engine.isa().name(),
    };
    if args.json { json::document(&document) } else { output::print(&text::model(&document)) }
}

/// The targets, if they are needed.
fn target(model: &Model, trains: bool) -> TargetOf {
    let column = model.trained_target().filter(|_| trains);
    TargetOf { column, labels: None }
}

/// Whether the work can be done on the data.
fn check(args: &BenchArgs, data: &str, raw: &Raw, trains: bool) -> Result<(), Failure> {
    if trains && raw.target.is_none() {
        let message = format!("{data}: expected targets to train on, found none");
        return Err(Failure::hinted(message, "--work inference needs none"));
    }
    let least = if trains { (work::LEAST_BATCHES - 1) * args.batch_size + 1 } else { args.batch_size };
    if raw.examples() < least {
        let message = format!("{data}: expected at least {least} examples, found {}", raw.examples());
        let batches = if trains { "three mini-batches" } else { "one mini-batch" };
        let hint = format!("it takes {batches}; --part all takes everything there is, or lower --batch-size");
        return Err(Failure::hinted(message, hint));
    }
    Ok(())
}
