use std::path::PathBuf;

/// Write a model as an ONNX file, for other programs to use
///
/// The graph takes raw numbers: scaling is part of it. Where the model was trained on categories, text or
/// numbers of which some were missing, it takes the inputs that truezero makes of them, and its metadata
/// names them. It gives probabilities and, for classes, the name of the most probable one, or quantities in
/// the units of the data.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ExportArgs {
    /// Model file that `truezero train` wrote
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,
    /// ONNX file to write
    #[arg(long, value_name = "FILE")]
    pub onnx: PathBuf,
    /// Replace what is at --onnx, even if truezero did not write it
    #[arg(long)]
    pub force: bool,
    /// Print one JSON document instead of a sentence
    #[arg(long)]
    pub json: bool,
}

const EXAMPLES: &str = "\
Examples:
  truezero export model.safetensors --onnx model.onnx
  truezero export model.safetensors --onnx model.onnx --json";
