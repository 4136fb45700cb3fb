use std::path::PathBuf;

use truezero_data::Task;

use super::DEFAULT_MODEL;
use super::values::{List, named};

/// Make a model of an ONNX file
///
/// Takes multi-layer perceptrons as PyTorch, Keras (tf2onnx), scikit-learn (skl2onnx), ONNX Runtime and `truezero
/// export` write them, also with data in files beside them. What is not of this kind is refused by the name of
/// the node. A graph that ends neither in a softmax nor in a logistic function, and tells no class, predicts
/// quantities: if its outputs are those of a classifier before the softmax, say `--task classify`. One logistic output
/// is for two classes. What a graph does and a model does not is told as a warning.
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
    /// What the outputs are for [default: told by the graph]
    #[arg(long, value_name = "TASK", value_parser = named::<Task>(&["classify", "regress", "multilabel"]))]
    pub task: Option<Task>,
    /// Names of the classes or labels, in the order of the outputs [default: told by the graph, or 0,1,…]
    #[arg(long, value_name = "NAME,…")]
    pub classes: Option<List<String>>,
    /// Print one JSON document instead of sentences
    #[arg(long)]
    pub json: bool,
}

const EXAMPLES: &str = "\
Examples:
  truezero import classifier.onnx --out classifier.safetensors
  truezero import logits.onnx --task classify --classes cat,dog,other
  truezero predict classifier.safetensors new.csv
  truezero bench classifier.safetensors new.csv";
