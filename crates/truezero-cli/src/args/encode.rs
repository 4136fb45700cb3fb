use std::path::PathBuf;

use super::ModelData;

/// Write the sparse codes that a hidden layer gives examples
///
/// The file is a matrix of examples × units in compressed sparse rows, which
/// `scipy.sparse.load_npz` reads.
#[derive(Debug, clap::Args)]
#[command(allow_negative_numbers = true, after_help = EXAMPLES)]
pub struct EncodeArgs {
    #[command(flatten)]
    pub on: ModelData,
    /// Hidden layer, 1 for the lowest [default: the highest]
    #[arg(long, value_name = "N")]
    pub layer: Option<usize>,
    /// File to write; with --stream, the folder to write into
    #[arg(long, value_name = "FILE", default_value = "codes.npz")]
    pub out: PathBuf,
    /// Replace what is at --out, even if truezero did not write it; with --stream, parts of other results in the folder, but
    /// nothing that truezero did not write
    #[arg(long)]
    pub force: bool,
    /// Read the data piece by piece, for data larger than memory, and write a folder of Parquet files, one for each
    /// piece as it is done. DATA may be a folder of files or a pattern as in 'part-*.csv'. Interrupted or killed, the
    /// same command goes on
    #[arg(long, conflicts_with = "part")]
    pub stream: bool,
    /// Print one JSON document instead of a sentence
    #[arg(long)]
    pub json: bool,
}

const EXAMPLES: &str = "\
Examples:
  truezero encode model.safetensors digits5k --out codes.npz
  truezero encode encoder.safetensors digits5k      the codes of pre-trained layers
  truezero encode model.safetensors digits5k --layer 1 --json
  truezero encode model.safetensors 'images/*.npy' --stream --out codes";
