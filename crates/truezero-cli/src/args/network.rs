//! Options of `train` about the network, its optimiser and the run.
#![allow(rustdoc::broken_intra_doc_links, reason = "the comments are help texts, in which [] means optional")]

use std::net::SocketAddr;
use std::path::PathBuf;

use truezero::{Activation, Initialisation, Rule, Schedule};

use super::DEFAULT_MODEL;
use super::values::{List, activations, named};

/// The network and its penalties.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Network")]
pub struct NetworkArgs {
    #[command(flatten)]
    pub shape: ShapeArgs,
    /// λ of the penalty λ Σ |h| on hidden activations; where it starts with --target-sparsity
    /// [default: 0.0001]
    #[arg(long, value_name = "LAMBDA")]
    pub l1: Option<f32>,
    /// Mean fraction of zeros in the hidden layers that λ is steered to
    #[arg(long, value_name = "FRACTION")]
    pub target_sparsity: Option<f32>,
    /// Probability of dropping a hidden unit, one for all layers or one for each [default: 0]
    #[arg(long, value_name = "P,…")]
    pub dropout: Option<List<f32>>,
    /// Probability of dropping an input [default: 0]
    #[arg(long, value_name = "P")]
    pub input_dropout: Option<f32>,
}

/// The hidden layers.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Network")]
pub struct ShapeArgs {
    /// Units of each hidden layer, lowest first; `none` for a linear model [default: 1000,1000,1000]
    #[arg(long, value_name = "UNITS,…")]
    pub hidden: Option<List<usize>>,
    /// One for all hidden layers or one for each: rectifier, softplus[:ALPHA], tanh, logistic, leaky[:ALPHA],
    /// elu[:ALPHA], gelu[:tanh], silu, mish, hardswish, relu6, softsign, lif[:NAME=VALUE,…], identity
    /// [default: rectifier]
    #[arg(long, value_name = "NAME,…", value_parser = activations)]
    pub activation: Option<List<Activation>>,
    /// Negate the outputs of half of the hidden units
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub sign_trick: Option<bool>,
    /// How weights start [default: glorot]
    #[arg(long, value_name = "NAME", value_parser = named::<Initialisation>(&["glorot", "he"]))]
    pub initialisation: Option<Initialisation>,
}

/// How the weights follow their gradients.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Optimiser")]
pub struct OptimizerArgs {
    /// Rule by which weights follow their gradients [default: sgd]
    #[arg(long, value_name = "RULE", value_parser = named::<Rule>(&["sgd", "momentum", "nesterov", "adam"]))]
    pub optimizer: Option<Rule>,
    /// μ of momentum and nesterov [default: 0.9]
    #[arg(long, value_name = "MU")]
    pub momentum: Option<f32>,
    /// β₁ of adam [default: 0.9]
    #[arg(long, value_name = "BETA")]
    pub beta1: Option<f32>,
    /// β₂ of adam [default: 0.999]
    #[arg(long, value_name = "BETA")]
    pub beta2: Option<f32>,
    /// ε of adam [default: 1e-8]
    #[arg(long, value_name = "EPSILON")]
    pub epsilon: Option<f32>,
    /// λ of the penalty ½ λ Σ w² on weights [default: 0]
    #[arg(long, value_name = "LAMBDA")]
    pub weight_decay: Option<f32>,
    /// η at the start [default: 0.1 for sgd, 0.01 for momentum and nesterov, 0.001 for adam]
    #[arg(long, value_name = "ETA")]
    pub learning_rate: Option<f32>,
    /// How η changes from epoch to epoch: constant, step:EPOCHS,FACTOR, exponential:FACTOR, cosine,
    /// inverse-time:DECAY [default: constant]
    #[arg(long, value_name = "SCHEDULE")]
    pub schedule: Option<Schedule>,
    /// Longest gradient (Euclidean norm); longer ones are scaled down
    #[arg(long, value_name = "NORM")]
    pub clip_norm: Option<f32>,
    /// Examples in a mini-batch [default: 10]
    #[arg(long, value_name = "N")]
    pub batch_size: Option<usize>,
    /// Most passes over the training examples [default: 50]
    #[arg(long, value_name = "N")]
    pub epochs: Option<usize>,
    /// Epochs without a better one before stopping; 0 for never [default: 10]
    #[arg(long, value_name = "N")]
    pub patience: Option<usize>,
    /// Of all random numbers: the same seed gives the same model [default: 0]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}

/// What does not change the model.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Run")]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct RunArgs {
    /// Model file to write
    #[arg(long, value_name = "FILE", default_value = DEFAULT_MODEL)]
    pub out: PathBuf,
    /// Replace what is at --out, even if truezero did not write it
    #[arg(long)]
    pub force: bool,
    /// Go on where a training with the same options and the same --out was interrupted
    #[arg(long)]
    pub resume: bool,
    /// Threads to compute with [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// Folder to write TensorBoard event files into
    #[arg(long, value_name = "FOLDER")]
    pub log_dir: Option<PathBuf>,
    /// Address at which to show the training on a page while it goes on, such as 127.0.0.1:8080
    #[arg(long, value_name = "ADDRESS")]
    pub observe: Option<SocketAddr>,
    /// TOML file with options under their long names; options given here go before it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print one JSON document instead of tables
    #[arg(long)]
    pub json: bool,
    /// Show no progress
    #[arg(long)]
    pub quiet: bool,
}
