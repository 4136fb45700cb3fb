use std::path::PathBuf;

use super::data::Reading;

/// Show what a model is and, given data, how sparse each of its layers is on them
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct InspectArgs {
    /// Model file that `truezero train` wrote, or encoder that `truezero pretrain` wrote
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,
    /// File, folder or name of a data set, in the form of the training data
    #[arg(value_name = "DATA")]
    pub data: Option<String>,
    #[command(flatten)]
    pub reading: Reading,
    /// Print one JSON document instead of tables
    #[arg(long)]
    pub json: bool,
}

const EXAMPLES: &str = "\
Examples:
  truezero inspect model.safetensors
  truezero inspect model.safetensors digits5k";
