//! What the verbs that use a model have in common.

use std::path::PathBuf;
use std::sync::Arc;

use truezero_data::formats::Encoding;
use truezero_data::{CellRules, Decimal, Expected, Format, SourceSpec};

use super::values::{Delimiter, Words, named};

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
    pub table: TextTableArgs,
    #[command(flatten)]
    pub memory: MemoryArgs,
    /// Threads to compute with [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
}

/// How files are to be read, those that are text above all.
#[derive(Debug, clap::Args)]
pub struct TextTableArgs {
    /// What the files of DATA are [default: told by their content and their names]
    #[arg(long, value_name = "FORMAT", value_parser = named::<Format>(&Format::NAMES))]
    pub format: Option<Format>,
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
    /// What separates the cells of a CSV file: a character, or `tab` [default: as in training, where its content
    /// tells]
    #[arg(long, value_name = "CHARACTER")]
    pub delimiter: Option<Delimiter>,
    /// What a CSV or TSV file is in: utf-8, utf-16, latin-1, windows-1252 or another encoding of the web [default: as
    /// in training, where its first bytes tell utf-16 from utf-8]
    #[arg(long, value_name = "ENCODING")]
    pub encoding: Option<Encoding>,
    /// Words and numbers that stand for a missing value in a table, besides an empty cell, NA, N/A, NaN, null, None, ?,
    /// #N/A and their like; and, among numbers, a lone hyphen or point [default: as in training, where there are none]
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true)]
    pub na_values: Option<Words>,
    /// The mark before the fraction of numbers in a table: `.`, when commas may stand between thousands, or `,`, when
    /// points may [default: as in training, where it is a point and a comma is no part of a number]
    #[arg(long, value_name = "MARK", value_parser = named::<Decimal>(&[".", ","]))]
    pub decimal: Option<Decimal>,
}

impl TextTableArgs {
    /// Whether there is a header, if that was said.
    pub fn header(&self) -> Option<bool> {
        if self.no_header { Some(false) } else { self.header }
    }

    /// Reads a source as it was said; what was not stays.
    pub fn apply(&self, spec: &mut SourceSpec) {
        spec.format = self.format.or(spec.format);
        spec.header = self.header().or(spec.header);
        spec.delimiter = self.delimiter.map(|Delimiter(byte)| byte).or(spec.delimiter);
        spec.encoding = self.encoding.or(spec.encoding);
        let said = |cells: &mut CellRules| {
            if let Some(Words(words)) = &self.na_values {
                cells.na_values.clone_from(words);
            }
            cells.decimal = self.decimal.unwrap_or(cells.decimal);
        };
        said(&mut spec.cells);
        if let Some(expected) = &mut spec.expected
            && let Expected::Table { cells, .. } = Arc::make_mut(expected)
        {
            said(cells);
        }
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
