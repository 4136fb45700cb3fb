use std::path::PathBuf;

use super::{NetworkArgs, OptimizerArgs, PreparationArgs, PretrainingArgs, RunArgs, SourceArgs};

/// Train a network and save it
///
/// Shows each epoch's cost, validation error and sparsity, keeps the weights of the best epoch, and
/// tests them. An interrupt (Ctrl-C) saves the model and a checkpoint; --resume goes on from there, as
/// it does after a crash, to the very model an uninterrupted training gives.
#[derive(Debug, clap::Args)]
#[command(args_override_self = true, allow_negative_numbers = true, after_help = EXAMPLES)]
pub struct TrainArgs {
    /// File, folder or name of a data set [default: digits5k, 5000 handwritten digits that come with it]
    ///
    /// CSV, TSV, Parquet, Arrow, svmlight, NPY, NPZ or IDX file (text formats and IDX also gzipped), `-` for
    /// such a file from standard input, a folder or a pattern ('part-*.csv') of files of one table, a
    /// folder with the four standard IDX files, a folder of images in one folder per class, or a name
    /// that `truezero fetch --list` shows.
    #[arg(value_name = "DATA")]
    pub data: Option<String>,
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub preparation: PreparationArgs,
    #[command(flatten)]
    pub network: NetworkArgs,
    #[command(flatten)]
    pub optimizer: OptimizerArgs,
    /// Pre-train the hidden layers first, without labels, as `truezero pretrain` does
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        help_heading = "Pre-training"
    )]
    pub pretrain: Option<bool>,
    /// More data to pre-train on, in the form of DATA; labels it may have are not looked at
    #[arg(long, value_name = "DATA", help_heading = "Pre-training")]
    pub unlabelled: Option<String>,
    /// File of `truezero pretrain` or `truezero train` whose hidden layers, and whose preparation of inputs,
    /// to start from
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Pre-training",
        conflicts_with_all = [
            "hidden", "activation", "sign_trick", "initialisation", "scaling", "vocabulary", "weighting", "ngrams",
            "stemming", "text", "columns", "ignore", "pretrain",
        ]
    )]
    pub from: Option<PathBuf>,
    #[command(flatten)]
    pub pretraining: PretrainingArgs,
    #[command(flatten)]
    pub run: RunArgs,
}

const EXAMPLES: &str = "\
Examples:
  truezero train                                  the embedded digits, with the paper's network
  truezero train --hidden 500,500 --target-sparsity 0.85 --epochs 20
  truezero train mnist --validation 10000 --learning-rate 0.05 --log-dir runs/1
  truezero train reviews.csv --target stars --text body --weighting tfidf --out reviews.safetensors
  truezero train --config experiment.toml --seed 1
  truezero train --pretrain --pretrain-epochs 5           auto-encoders first, then labels
  truezero train few.csv --target y --pretrain --unlabelled many.csv
  truezero train --observe 127.0.0.1:8080                 curves on a page, and λ to be moved there

A configuration file holds options under their long names:
  hidden = [1000, 1000]
  learning-rate = 0.05
  optimizer = \"momentum\"";
