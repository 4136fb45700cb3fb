//! What a model expects of the data it is used on, as training found it.

use crate::ImageShape;
use crate::cell::CellRules;

/// What a column is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Numbers.
    Number,
    /// Words of a small vocabulary.
    Category,
    /// Running text.
    Text,
}

/// The data a model takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A table; its other columns are not looked at.
    Table {
        /// Name and kind of each column.
        columns: Vec<(String, ColumnKind)>,
        /// How cells were understood.
        cells: CellRules,
    },
    /// Numbers without names.
    Matrix {
        /// Number of columns.
        width: usize,
        /// Of each example, where all are images.
        image: Option<ImageShape>,
    },
}

impl Expected {
    /// The shape of images that are expected.
    pub(crate) fn image(&self) -> Option<ImageShape> {
        match self {
            Self::Matrix { image, .. } => *image,
            Self::Table { .. } => None,
        }
    }

    /// What the column at a position of a table is to be read as, if it is wanted at all.
    pub(crate) fn kind(&self, at: usize, name: &str) -> Option<ColumnKind> {
        match self {
            Self::Matrix { .. } => Some(ColumnKind::Number),
            Self::Table { columns, .. } if self.is_by_position() => {
                columns.iter().find(|(column, _)| *column == made_up_name(at)).map(|&(_, kind)| kind)
            }
            Self::Table { columns, .. } => {
                let same = |column: &str| column == name || column.trim() == name.trim();
                columns.iter().find(|(column, _)| same(column)).map(|&(_, kind)| kind)
            }
        }
    }

    /// Whether columns are told by their position, as they had no names.
    pub(crate) fn is_by_position(&self) -> bool {
        match self {
            Self::Matrix { .. } => true,
            Self::Table { columns, .. } => {
                let position = |name: &str| name.strip_prefix(MADE_UP)?.parse::<usize>().ok();
                columns.iter().all(|(name, _)| position(name).is_some())
            }
        }
    }
}

/// What columns without a name are called, followed by their position.
const MADE_UP: &str = "column ";

/// The name of a column that has none.
pub(crate) fn made_up_name(at: usize) -> String {
    format!("{MADE_UP}{}", at + 1)
}
