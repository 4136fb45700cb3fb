use std::path::PathBuf;

use super::ModelData;

/// Predict labels or quantities from raw data
///
/// Data is given as it was in training; what was fitted there (scaling, vocabulary, names of the
/// classes) is in the model. A target column is ignored if there is one. Prints CSV with a header: the
/// label and the probability of each class, or each quantity in its own units.
#[derive(Debug, clap::Args)]
#[command(allow_negative_numbers = true, after_help = EXAMPLES)]
pub struct PredictArgs {
    #[command(flatten)]
    pub on: ModelData,
    /// Write the CSV to a file; with --stream, the folder to write into
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace what is at --out, even if truezero did not write it; with --stream, parts of other results in the folder, but
    /// nothing that truezero did not write
    #[arg(long)]
    pub force: bool,
    /// Read the data piece by piece, for data larger than memory, and write a folder of Parquet files, one for each
    /// piece as it is done. DATA may be a folder of files or a pattern as in 'part-*.csv'. Interrupted or killed, the
    /// same command goes on
    #[arg(long, requires = "out", conflicts_with = "part")]
    pub stream: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

const EXAMPLES: &str = "\
Examples:
  truezero predict model.safetensors digits5k | head
  truezero predict reviews.safetensors new.csv --out stars.csv
  truezero predict reviews.safetensors 'reviews/*.parquet' --stream --out stars";
