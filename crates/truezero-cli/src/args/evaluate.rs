use std::path::PathBuf;

use super::ModelData;

/// Tell how well a model does on data whose targets are known
#[derive(Debug, clap::Args)]
#[command(allow_negative_numbers = true, after_help = EXAMPLES)]
pub struct EvaluateArgs {
    #[command(flatten)]
    pub on: ModelData,
    /// Column of a table with what was to be predicted [default: the column it was trained on]
    #[arg(long, value_name = "COLUMN")]
    pub target: Option<String>,
    /// File with the targets, for data without targets of its own
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// Read the data piece by piece, for data larger than memory; DATA may be a folder of files or a pattern as in
    /// 'part-*.csv'
    #[arg(long, conflicts_with = "part")]
    pub stream: bool,
    /// Print one JSON document instead of tables
    #[arg(long)]
    pub json: bool,
}

const EXAMPLES: &str = "\
Examples:
  truezero evaluate model.safetensors digits5k
  truezero evaluate model.safetensors digits5k --part validation --json
  truezero evaluate reviews.safetensors more-reviews.csv
  truezero evaluate reviews.safetensors 'reviews/*.parquet' --stream";
