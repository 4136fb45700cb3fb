use std::path::PathBuf;

use super::DEFAULT_MODEL;

/// Make a model of an ONNX file
///
/// Takes multi-layer perceptrons as PyTorch, Keras (tf2onnx), scikit-learn (skl2onnx) and `truezero
/// export` write them, also with data in files beside them. What is not of this kind is refused by the name of
/// the node. A graph that ends neither in a softmax nor in a logistic function, and does not look for its
/// greatest output, predicts quantities.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ImportArgs {
    /// ONNX file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Model file to write
    #[arg(long, value_name = "FILE", default_value = DEFAULT_MODEL)]
    pub out: PathBuf,
    /// Replace what is at --out, even if truezero did not write it
    #[arg(long)]
    pub force: bool,
    /// Print one JSON document instead of a sentence
    #[arg(long)]
    pub json: bool,
}

const EXAMPLES: &str = "\
Examples:
  truezero import classifier.onnx --out classifier.safetensors
  truezero predict classifier.safetensors new.csv
  truezero bench classifier.safetensors new.csv";
