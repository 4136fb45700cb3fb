//! Options of `train` about data.

use std::path::PathBuf;

use truezero_data::text::Weighting;
use truezero_data::{Scaling, Task};

use super::data::{MemoryArgs, TextTableArgs};
use super::values::{HeldOut, Names, named, weighting};

/// Where the examples are.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Data")]
pub struct SourceArgs {
    /// Column of a table that is to be learned; several, separated by commas, for several outputs
    #[arg(long, value_name = "COLUMN")]
    pub target: Option<String>,
    /// Columns of a table that are running text, to become bags of words; one with a comma in quotation marks
    #[arg(long, value_name = "COLUMNS")]
    pub text: Option<Names>,
    /// Columns of a table to learn from; one with a comma in quotation marks [default: all that can be]
    #[arg(long, value_name = "COLUMNS")]
    pub columns: Option<Names>,
    /// Columns of a table not to learn from; one with a comma in quotation marks
    #[arg(long, value_name = "COLUMNS")]
    pub ignore: Option<Names>,
    /// File with the targets (IDX, NPY or one on each line), for data without targets of its own
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    #[command(flatten)]
    pub table: TextTableArgs,
    #[command(flatten)]
    pub memory: MemoryArgs,
    /// Data to test on, in the form of DATA [default: the data's own test part, else --test-fraction]
    #[arg(long, value_name = "DATA")]
    pub test: Option<String>,
    /// Fraction or number of examples held out to test on; 0 for none [default: 0.1]
    #[arg(long, value_name = "PORTION")]
    pub test_fraction: Option<HeldOut>,
    /// Fraction or number of the remaining examples held out to stop by; 0 for none [default: the
    /// data's own validation part, else 0.1]
    #[arg(long, value_name = "PORTION")]
    pub validation: Option<HeldOut>,
    /// Read the data piece by piece, for data larger than memory; DATA may be a folder of files or a pattern as
    /// in 'part-*.csv'. At most 10000 examples are held out unless --validation and --test-fraction say it
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub stream: Option<bool>,
    /// With --stream, examples that are in memory together and put in random order [default: 50000]
    #[arg(long, value_name = "N", requires = "stream")]
    pub shuffle_buffer: Option<usize>,
}

/// What becomes of the examples before a network sees them.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Preparation")]
pub struct PreparationArgs {
    /// What is to be learned [default: told by the targets]
    #[arg(long, value_name = "TASK", value_parser = named::<Task>(&["classify", "regress", "multilabel"]))]
    pub task: Option<Task>,
    #[command(flatten)]
    pub inputs: InputArgs,
    /// How much each class counts: `balanced`, or LABEL=WEIGHT,…; others count 1
    #[arg(long, value_name = "WEIGHTS")]
    pub class_weight: Option<String>,
    /// Column of a table that tells how much each training example counts
    #[arg(long, value_name = "COLUMN")]
    pub weight_column: Option<String>,
}

/// What becomes of the inputs.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Preparation")]
pub struct InputArgs {
    /// How numbers are scaled [default: auto]
    #[arg(
        long,
        value_name = "SCALING",
        value_parser = named::<Scaling>(&["auto", "none", "unit-range", "standardize"])
    )]
    pub scaling: Option<Scaling>,
    /// Terms in a bag of words: the most frequent ones [default: 5000]
    #[arg(long, value_name = "N")]
    pub vocabulary: Option<usize>,
    /// What a term of a bag of words counts [default: binary]
    #[arg(long, value_name = "WEIGHTING", value_parser = weighting())]
    pub weighting: Option<Weighting>,
    /// Longest run of words that is a term of its own [default: 1]
    #[arg(long, value_name = "N")]
    pub ngrams: Option<usize>,
    /// Reduce English words to their stems
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub stemming: Option<bool>,
}
