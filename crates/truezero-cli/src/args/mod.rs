//! The command line as it is typed: one file per verb.

mod bench;
mod data;
mod encode;
mod evaluate;
mod export;
mod fetch;
mod import;
mod inspect;
mod network;
mod observe;
mod paper;
mod predict;
mod preparation;
mod pretrain;
mod pretraining;
mod serve;
mod sweep;
mod text;
mod train;
mod values;

use std::path::PathBuf;

pub use bench::{BenchArgs, Work};
pub use data::{ModelData, Part, Reading, TextTableArgs};
pub use encode::EncodeArgs;
pub use evaluate::EvaluateArgs;
pub use export::ExportArgs;
pub use fetch::FetchArgs;
pub use import::ImportArgs;
pub use inspect::InspectArgs;
pub use network::{NetworkArgs, OptimizerArgs, RunArgs, ShapeArgs};
pub use observe::ObserveArgs;
pub use paper::PaperArgs;
pub use predict::PredictArgs;
pub use preparation::{InputArgs, PreparationArgs, SourceArgs};
pub use pretrain::PretrainArgs;
pub use pretraining::PretrainingArgs;
pub use serve::{LimitArgs, ServeArgs};
pub use sweep::{Cluster, SweepArgs, SweepReportArgs, SweepVerb};
pub use text::{CompletionsArgs, ManArgs};
pub use train::TrainArgs;
pub use values::{Delimiter, HeldOut, List, Names};

/// Deep sparse rectifier networks: train, evaluate and use them, never multiplying by a zero
#[derive(Debug, clap::Parser)]
#[command(name = "truezero", version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

const EXAMPLES: &str = "\
Examples:
  truezero train                                  learn the handwritten digits that come with it
  truezero evaluate model.safetensors digits5k    how well it learned them
  truezero train reviews.csv --target stars --text body --out reviews.safetensors
  truezero predict reviews.safetensors new.csv    what it makes of new examples

`truezero VERB --help` shows the options of a verb and more examples.";

/// The verbs.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    Train(Box<TrainArgs>),
    Pretrain(Box<PretrainArgs>),
    Sweep(SweepArgs),
    Evaluate(EvaluateArgs),
    Predict(PredictArgs),
    Inspect(InspectArgs),
    Encode(EncodeArgs),
    Export(ExportArgs),
    Import(ImportArgs),
    Observe(ObserveArgs),
    Serve(ServeArgs),
    Paper(PaperArgs),
    Bench(BenchArgs),
    Fetch(FetchArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

/// The number of threads asked for, or as many as there are for this process.
pub fn threads(asked: Option<u16>) -> usize {
    asked.map_or_else(truezero_sparse::available_threads, usize::from)
}

/// Where `train` puts a model unless told otherwise.
pub const DEFAULT_MODEL: &str = "model.safetensors";

/// The file beside a model that an unfinished training goes on from.
pub fn checkpoint_of(model: &std::path::Path) -> PathBuf {
    let mut name = model.as_os_str().to_owned();
    name.push(".checkpoint");
    name.into()
}
