use std::path::PathBuf;

/// Train many networks that differ in their options, and tell which is best
///
/// FILE says what all trainings have in common, which options vary, and how they are tried: every combination
/// (grid), drawn at random but evenly (random), or drawn at random and given up early unless they are among the best
/// (halving). Trainings run side by side, one thread each, and are compared by their error on the validation
/// examples. Results are written as they come; interrupted or killed, the same command goes on where it was.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    allow_negative_numbers = true,
    after_help = EXAMPLES
)]
pub struct SweepArgs {
    #[command(subcommand)]
    pub verb: Option<SweepVerb>,
    /// TOML file that describes the sweep
    #[arg(value_name = "FILE", required = true)]
    pub file: Option<PathBuf>,
    /// SQLite file to write results into; the best model goes beside it, as .safetensors
    #[arg(long, value_name = "FILE", default_value = "sweep.sqlite")]
    pub out: PathBuf,
    /// Replace what is at --out, even the results of another sweep or a file that truezero did not write
    #[arg(long)]
    pub force: bool,
    /// Networks to train at the same time [default: as many as there are cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Train on a Ray cluster: `ray` is the one of this machine (or of RAY_ADDRESS), or cores of this machine if there is
    /// none; ray://HOST:PORT any other. Needs Python and `pip install 'truezero[ray]'`
    #[arg(long, value_name = "CLUSTER", value_parser = cluster)]
    pub on: Option<Cluster>,
    /// Print one JSON document instead of a table
    #[arg(long)]
    pub json: bool,
    /// Show no progress
    #[arg(long)]
    pub quiet: bool,
}

/// Where trainings run, if not here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cluster {
    /// Ray finds it.
    Ray,
    /// That of a Ray address.
    RayAt(String),
}

fn cluster(text: &str) -> Result<Cluster, String> {
    match text.strip_prefix("ray") {
        Some("") => Ok(Cluster::Ray),
        Some(address) if address.len() > "://".len() && address.starts_with("://") => {
            Ok(Cluster::RayAt(text.to_owned()))
        }
        _ => Err("expected ray or ray://HOST:PORT".to_owned()),
    }
}

/// What can be done with a sweep's results.
#[derive(Debug, clap::Subcommand)]
pub enum SweepVerb {
    Report(SweepReportArgs),
}

/// Show what a sweep found, also while it runs
#[derive(Debug, clap::Args)]
#[command(after_help = REPORT_EXAMPLES)]
pub struct SweepReportArgs {
    /// SQLite file that `truezero sweep` wrote
    #[arg(value_name = "RESULTS")]
    pub results: PathBuf,
    /// Write a page with a parallel-coordinates plot, which needs no network
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Replace what is at --html, even if truezero did not write it
    #[arg(long, requires = "html")]
    pub force: bool,
    /// Print one JSON document instead of a table
    #[arg(long)]
    pub json: bool,
}

const EXAMPLES: &str = "\
Examples:
  truezero sweep sweep.toml                                   into sweep.sqlite and sweep.safetensors
  truezero sweep sweep.toml --out digits.sqlite --jobs 4
  truezero sweep sweep.toml --on ray://head.example:10001     on a cluster, in a folder that all its machines share
  truezero sweep report digits.sqlite --html digits.html

A file:
  method = \"halving\"          # or grid, or random
  trials = 27                 # networks that are drawn; not for grid
  min-epochs = 2              # of halving: epochs before the first are given up …
  factor = 3                  # … and how many are left of so many

  [train]                     # options of `truezero train` that all have in common
  data = \"digits5k\"
  epochs = 20

  [vary]                      # options that differ: values to choose from, or a range
  hidden = [[200], [500, 500]]
  learning-rate = { low = 0.001, high = 0.3, scale = \"log\" }
  l1 = { low = 1e-6, high = 1e-3, scale = \"log\", steps = 4 }   # steps: for grid";

const REPORT_EXAMPLES: &str = "\
Examples:
  truezero sweep report sweep.sqlite
  truezero sweep report sweep.sqlite --html sweep.html
  truezero sweep report sweep.sqlite --json > sweep.json";
