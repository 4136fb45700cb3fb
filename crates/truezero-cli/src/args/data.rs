//! What the verbs that use a model have in common.

use std::path::PathBuf;

use truezero_data::Format;

use super::values::named;

/// A model and data to use it on.
#[derive(Debug, clap::Args)]
pub struct ModelData {
    /// Model file that `truezero train` wrote
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,
    /// File, folder or name of a data set, in the form of the training data; `-` for standard input
    #[arg(value_name = "DATA")]
    pub data: String,
    #[command(flatten)]
    pub reading: Reading,
}

/// How to use data on a model.
#[derive(Debug, clap::Args)]
pub struct Reading {
    /// Which part, where the data has several [default: test where there is one, else all]
    #[arg(long, value_name = "PART")]
    pub part: Option<Part>,
    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub header: HeaderArgs,
    /// Threads to compute with [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
}

/// What a file is.
#[derive(Debug, clap::Args)]
pub struct FormatArgs {
    /// What the files of DATA are [default: told by their content and their names]
    #[arg(long, value_name = "FORMAT", value_parser = named::<Format>(&Format::NAMES))]
    pub format: Option<Format>,
}

/// Whether a text table names its columns.
#[derive(Debug, clap::Args)]
pub struct HeaderArgs {
    /// Whether the first line of a CSV or TSV file names the columns [default: as in training, where
    /// its content tells]
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        overrides_with = "no_header"
    )]
    header: Option<bool>,
    /// The same as --header=false
    #[arg(long, overrides_with = "header")]
    no_header: bool,
}

impl HeaderArgs {
    /// What was said, if anything.
    pub fn asked(&self) -> Option<bool> {
        if self.no_header { Some(false) } else { self.header }
    }
}

/// A part of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    Train,
    Validation,
    Test,
    All,
}
