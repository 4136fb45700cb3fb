use std::path::PathBuf;

use super::ModelData;

/// Predict labels or quantities from raw data
///
/// Data is given as it was in training; what was fitted there (scaling, vocabulary, names of the
/// classes) is in the model. A target column is ignored if there is one. Prints CSV with a header: the
/// label and the probability of each class, or each quantity in its own units.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct PredictArgs {
    #[command(flatten)]
    pub on: ModelData,
    /// Write the CSV to a file
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

const EXAMPLES: &str = "\
Examples:
  truezero predict model.safetensors digits5k | head
  truezero predict reviews.safetensors new.csv --out stars.csv";
