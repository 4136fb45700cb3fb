//! Data as a source holds it, before any preprocessing.

use truezero_sparse::Batch;

use crate::{CellRules, RawTarget};

/// The examples of one source: features and, where the source has them, targets.
#[derive(Clone, Debug)]
pub struct Raw {
    /// One row per example.
    pub features: Features,
    /// What is to be learned or predicted; one per example.
    pub target: Option<RawTarget>,
    /// Height, width, channels, where each example is an image.
    pub image: Option<ImageShape>,
}

impl Raw {
    /// Number of examples.
    pub fn examples(&self) -> usize {
        match &self.features {
            Features::Matrix(batch) => batch.examples(),
            Features::Table(table) => table.rows,
        }
    }
}

/// The shape of each image; its pixels are stored row by row, channels innermost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ImageShape {
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
    /// Values per pixel: 1 or 3.
    pub channels: usize,
}

/// Features as they come.
#[derive(Clone, Debug)]
pub enum Features {
    /// Numbers only (IDX, NPY, svmlight, images).
    Matrix(Batch),
    /// Named columns of several kinds (CSV, Parquet, Arrow).
    Table(Table),
}

/// Named columns of equal length.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Number of rows.
    pub rows: usize,
    /// The columns, in the order of the file, the target among them removed.
    pub columns: Vec<Column>,
    /// How cells that come as texts are understood, while a model is trained; later its own rules hold.
    pub cells: CellRules,
    /// What an error calls a row.
    pub row_name: RowName,
}

/// What an error calls a row of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RowName {
    /// A row, counted from 1.
    #[default]
    Row,
    /// A record of a request, counted from 1.
    Record,
}

impl std::fmt::Display for RowName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Row => "row",
            Self::Record => "record",
        })
    }
}

/// A named column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its header, or `column 3` (counted from 1) where there is none.
    pub name: String,
    /// Its values.
    pub values: ColumnValues,
}

/// The values of a column, by what they are.
#[derive(Clone, Debug)]
pub enum ColumnValues {
    /// Numbers; NaN where missing.
    Numbers(Vec<f64>),
    /// Words of a small vocabulary; `None` where missing.
    Categories(Vec<Option<String>>),
    /// Running text, to become a bag of words; empty where missing.
    Text(Vec<String>),
}
