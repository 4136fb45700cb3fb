//! What the verbs that use a model have in common.

use std::path::PathBuf;

/// A model and data to use it on.
#[derive(Debug, clap::Args)]
pub struct ModelData {
    /// Model file that `truezero train` wrote
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,
    /// File, folder or name of a data set, in the form of the training data
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
    pub header: HeaderArgs,
    #[command(flatten)]
    pub memory: MemoryArgs,
    /// Threads to compute with [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
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

/// How much may be made of data.
#[derive(Debug, clap::Args)]
pub struct MemoryArgs {
    /// Most memory that the data of a file may take, in MiB; or 32 times its size, if that is more [default: 2048]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u32).range(1..))]
    max_memory: Option<u32>,
}

impl MemoryArgs {
    /// Makes it hold from now on.
    pub fn apply(&self) {
        if let Some(mebibytes) = self.max_memory {
            truezero_data::set_max_memory(u64::from(mebibytes) << 20);
        }
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
