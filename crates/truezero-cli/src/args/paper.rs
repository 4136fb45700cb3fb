use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, RangedU64ValueParser, TypedValueParser};
use truezero_paper::Name;

/// Measure the tables, figures and claims of the rectifier paper again, and write a report
///
/// Writes results.json and report.html into a folder after each experiment; trained networks are kept
/// there, so that the same command goes on where an earlier one stopped. Networks are trained side by
/// side, one on each thread.
#[derive(Debug, clap::Args)]
#[command(allow_negative_numbers = true, after_help = EXAMPLES)]
pub struct PaperArgs {
    /// What to do [default: all]
    #[arg(value_name = "EXPERIMENT", value_parser = names())]
    pub experiments: Vec<Name>,
    /// Folder with data sets, or with folders of them, to be used instead of those that come with it
    ///
    /// MNIST or EMNIST (IDX files), CIFAR-10 (binary files, or `train` and `test` with a folder of images for each
    /// class), small NORB; reviews with stars. Each experiment says what it used.
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Folder to write into
    #[arg(long, value_name = "FOLDER", default_value = "paper")]
    pub out: PathBuf,
    /// Fewer networks and epochs: all experiments in about ten minutes on two cores
    #[arg(long)]
    pub quick: bool,
    /// Most epochs of a network, if fewer than usual
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub epochs: Option<usize>,
    /// Networks that differ in nothing but their seed, if fewer than usual
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub seeds: Option<usize>,
    /// Networks of figure 3, if fewer than usual (at least 4)
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(4..))]
    pub networks: Option<usize>,
    /// Networks to train at the same time [default: as many as there are cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// The first seed of the networks
    #[arg(long, value_name = "N", default_value = "0")]
    pub seed: u64,
    /// Print the results as one JSON document instead of what was found
    #[arg(long)]
    pub json: bool,
    /// Show no progress
    #[arg(long)]
    pub quiet: bool,
}

fn names() -> impl TypedValueParser<Value = Name> {
    let values = Name::ALL.map(|name| PossibleValue::new(name.as_str()).help(name.about()));
    PossibleValuesParser::new(values).try_map(|name| name.parse::<Name>())
}

const EXAMPLES: &str = "\
Examples:
  truezero paper --quick                     everything, on the data that comes with it
  truezero paper table1 figure3 --data sets  two experiments on data sets in a folder
  truezero paper claims --json > claims.json";
