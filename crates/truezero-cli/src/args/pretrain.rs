use std::path::PathBuf;

use super::data::{MemoryArgs, TextTableArgs};
use super::network::ShapeArgs;
use super::preparation::InputArgs;
use super::pretraining::PretrainingArgs;
use super::values::{HeldOut, Names};

/// Pre-train hidden layers on examples without labels, and save them
///
/// Each layer in turn learns to reconstruct its inputs from a corrupted copy of them (stacked denoising
/// auto-encoders). The file it writes holds the layers and the preparation of their inputs: `truezero encode`
/// writes the codes they give examples, `truezero train --from` makes a network of them and fine-tunes it.
/// An interrupt (Ctrl-C) saves the layers as they are.
#[derive(Debug, clap::Args)]
#[command(args_override_self = true, allow_negative_numbers = true, after_help = EXAMPLES)]
pub struct PretrainArgs {
    /// File, folder or name of a data set, as for `truezero train` [default: digits5k]
    #[arg(value_name = "DATA")]
    pub data: Option<String>,
    /// Columns of a table that are no inputs, but to be learned later
    #[arg(long, value_name = "COLUMN", help_heading = "Data")]
    pub target: Option<String>,
    /// Columns of a table that are running text, to become bags of words; one with a comma in quotation marks
    #[arg(long, value_name = "COLUMNS", help_heading = "Data")]
    pub text: Option<Names>,
    /// Columns of a table to learn from; one with a comma in quotation marks [default: all that can be]
    #[arg(long, value_name = "COLUMNS", help_heading = "Data")]
    pub columns: Option<Names>,
    /// Columns of a table not to learn from; one with a comma in quotation marks
    #[arg(long, value_name = "COLUMNS", help_heading = "Data")]
    pub ignore: Option<Names>,
    #[command(flatten)]
    pub table: TextTableArgs,
    #[command(flatten)]
    pub memory: MemoryArgs,
    /// Fraction or number of the examples held out to stop by; 0 for none [default: the data's own
    /// validation part, else 0.1]
    #[arg(long, value_name = "PORTION", help_heading = "Data")]
    pub validation: Option<HeldOut>,
    #[command(flatten)]
    pub inputs: InputArgs,
    #[command(flatten)]
    pub shape: ShapeArgs,
    #[command(flatten)]
    pub pretraining: PretrainingArgs,
    /// Examples in a mini-batch [default: 10]
    #[arg(long, value_name = "N", help_heading = "Pre-training")]
    pub batch_size: Option<usize>,
    /// Of all random numbers: the same seed gives the same layers [default: 0]
    #[arg(long, value_name = "N", help_heading = "Pre-training")]
    pub seed: Option<u64>,
    /// File to write
    #[arg(long, value_name = "FILE", default_value = "encoder.safetensors", help_heading = "Run")]
    pub out: PathBuf,
    /// Replace what is at --out, even if truezero did not write it
    #[arg(long, help_heading = "Run")]
    pub force: bool,
    /// Threads to compute with [default: all cores]
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u16).range(1..),
        help_heading = "Run"
    )]
    pub threads: Option<u16>,
    /// Print one JSON document instead of tables
    #[arg(long, help_heading = "Run")]
    pub json: bool,
    /// Show no progress
    #[arg(long, help_heading = "Run")]
    pub quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  truezero pretrain                                      the embedded digits, with the paper's network
  truezero train --from encoder.safetensors              then fine-tune its layers on labels
  truezero pretrain mnist --hidden 500,500 --corruption masking:0.3,masking:0.5
  truezero pretrain reviews.csv --text body --reconstruction cross-entropy \\
      --corruption salt-and-pepper:0.8/0.005,masking:0.5,masking:0.3 --sample-zeros 1";
