use std::path::PathBuf;

use super::ModelData;

/// Tell how well a model does on data whose targets are known
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct EvaluateArgs {
    #[command(flatten)]
    pub on: ModelData,
    /// Column of a table with what was to be predicted [default: the column it was trained on]
    #[arg(long, value_name = "COLUMN")]
    pub target: Option<String>,
    /// File with the targets, for data without targets of its own
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// Print one JSON document instead of tables
    #[arg(long)]
    pub json: bool,
}

const EXAMPLES: &str = "\
Examples:
  truezero evaluate model.safetensors digits5k
  truezero evaluate model.safetensors digits5k --part validation --json
  truezero evaluate reviews.safetensors more-reviews.csv";
