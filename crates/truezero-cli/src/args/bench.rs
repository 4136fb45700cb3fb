use std::path::PathBuf;
use std::time::Duration;

use clap::builder::RangedU64ValueParser;

use super::data::Reading;

/// Measure how fast a model is trained and used, or what this machine can do at most
///
/// Figures are medians over blocks of equal length, after a warm-up. Data is read, prepared and, for
/// inference, cut into mini-batches beforehand. Training is plain gradient descent from the model's
/// weights on; the model file stays as it is. Each product of the model is then timed on its own, beside
/// the least time it can take: that of its multiply-adds at the machine's best, or that of its weights
/// on their way from the cache or memory that holds those of all layers, whichever is longer.
#[derive(Debug, clap::Args)]
#[command(allow_negative_numbers = true, after_help = EXAMPLES)]
pub struct BenchArgs {
    /// Model file that `truezero train` wrote
    #[arg(value_name = "MODEL", requires = "data")]
    pub model: Option<PathBuf>,
    /// File, folder or name of a data set, in the form of the training data
    #[arg(value_name = "DATA")]
    pub data: Option<String>,
    #[command(flatten)]
    pub reading: Reading,
    /// Examples in a mini-batch
    #[arg(
        long,
        value_name = "N",
        default_value = "10",
        requires = "model",
        value_parser = RangedU64ValueParser::<usize>::new().range(1..)
    )]
    pub batch_size: usize,
    /// What to measure
    #[arg(long, value_name = "WORK", default_value = "both", requires = "model")]
    pub work: Work,
    /// Seconds that each measurement takes
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = seconds)]
    pub seconds: Duration,
    /// λ of the penalty λ Σ |h| on hidden activations, in training
    #[arg(long, value_name = "LAMBDA", default_value = "0.0001", requires = "model")]
    pub l1: f32,
    /// η in training
    #[arg(long, value_name = "ETA", default_value = "0.01", requires = "model")]
    pub learning_rate: f32,
    /// Print one JSON document instead of tables
    #[arg(long)]
    pub json: bool,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Work {
    Inference,
    Training,
    Both,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().map_err(|error| error.to_string())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("expected a number above 0".to_owned()),
    }
}

const EXAMPLES: &str = "\
Examples:
  truezero bench                                 what this machine can do
  truezero bench model.safetensors digits5k
  truezero bench model.safetensors mnist --part train --batch-size 128 --threads 1 --json";
