//! Data as a source holds it, before any preprocessing.

use truezero_sparse::Batch;

use crate::formats::DENSE_FROM;
use crate::{CellRules, DataError, ImageShape, Places, RawTarget, WideBatch};

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
            Features::Wide(batch) => batch.examples(),
            Features::Table(table) => table.rows,
        }
    }
}

impl Raw {
    /// These examples, then others of the same kind.
    ///
    /// # Errors
    /// If they differ in columns or targets.
    pub fn append(self, other: Self) -> Result<Self, DataError> {
        let target = match (self.target, other.target) {
            (Some(a), Some(b)) => Some(a.append(b)?),
            _ => None,
        };
        Ok(Self { features: self.features.append(other.features)?, target, image: self.image })
    }
}

/// Features as they come.
#[derive(Clone, Debug)]
pub enum Features {
    /// Numbers only (IDX, NPY, svmlight, images), each held by 32 bits exactly.
    Matrix(Batch),
    /// Numbers only, for some of which 32 bits are not enough.
    Wide(WideBatch),
    /// Named columns of several kinds (CSV, Parquet, Arrow).
    Table(Table),
}

impl Features {
    /// These, then others: matrices of the same width, or tables of the same columns.
    ///
    /// # Errors
    /// If they are neither.
    pub fn append(self, other: Self) -> Result<Self, DataError> {
        const PLACE: &str = "parts of the data";
        let fit = |a: usize, b: usize| {
            if a == b {
                return Ok(());
            }
            Err(DataError::unsuitable(PLACE, format!("{a} columns"), b.to_string()))
        };
        match (self, other) {
            (Self::Matrix(mut a), Self::Matrix(b)) => {
                fit(a.width(), b.width())?;
                a.append(&b);
                Ok(Self::Matrix(a))
            }
            (Self::Table(a), Self::Table(b)) => a.append(b).map(Self::Table),
            (Self::Table(_), _) | (_, Self::Table(_)) => {
                Err(DataError::unsuitable(PLACE, "tables only, or matrices only", "both"))
            }
            (a, b) => {
                let (mut a, b) = (a.into_wide()?, b.into_wide()?);
                fit(a.width(), b.width())?;
                a.append(&b);
                Ok(Self::Wide(a))
            }
        }
    }

    /// Number of columns of a matrix; a table has none.
    pub(crate) fn width(&self) -> usize {
        match self {
            Self::Matrix(batch) => batch.width(),
            Self::Wide(batch) => batch.width(),
            Self::Table(_) => 0,
        }
    }

    /// Number of values of a matrix that are not zero.
    pub(crate) fn active(&self) -> usize {
        match self {
            Self::Matrix(Batch::Active(batch)) => batch.active(),
            Self::Matrix(Batch::Dense(batch)) => {
                let of_row = |row| batch.row(row).iter().filter(|&&value| value != 0.0).count();
                (0..batch.examples()).map(of_row).sum()
            }
            Self::Wide(batch) => batch.active(),
            Self::Table(_) => 0,
        }
    }

    /// A matrix with all its numbers kept, or with those only that are not zero.
    #[must_use]
    pub(crate) fn in_form(self, dense: bool) -> Self {
        match self {
            Self::Matrix(batch) if dense => Self::Matrix(batch.into_dense()),
            Self::Matrix(batch) => Self::Matrix(batch.into_active()),
            Self::Wide(batch) => Self::Wide(batch.in_form(dense)),
            table @ Self::Table(_) => table,
        }
    }

    /// A matrix of so many rows in the form that suits its density.
    pub(crate) fn by_density(self, rows: usize) -> Self {
        let dense = self.active() as f64 >= DENSE_FROM * (rows as f64 * self.width() as f64);
        self.in_form(dense)
    }

    fn into_wide(self) -> Result<WideBatch, DataError> {
        match self {
            Self::Matrix(batch) => Ok(batch.into()),
            Self::Wide(batch) => Ok(batch),
            Self::Table(_) => Err(DataError::unsuitable("features", "a matrix", "a table")),
        }
    }
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
    /// Names of the columns that were the targets.
    pub targets: Vec<String>,
    /// Where the rows come from.
    pub places: Places,
}

impl Table {
    /// These rows, then others of the same columns.
    fn append(mut self, other: Self) -> Result<Self, DataError> {
        let differ = |a: &str, b: &str| DataError::unsuitable("columns of the parts of the data", a, b);
        if self.columns.len() != other.columns.len() {
            let (expected, found) = (self.columns.len().to_string(), other.columns.len().to_string());
            return Err(differ(&expected, &found));
        }
        for (column, more) in self.columns.iter_mut().zip(other.columns) {
            if column.name != more.name {
                return Err(differ(&format!("{:?}", column.name), &format!("{:?}", more.name)));
            }
            let (kind, other_kind) = (column.values.kind(), more.values.kind());
            match (&mut column.values, more.values) {
                (ColumnValues::Numbers(all), ColumnValues::Numbers(more)) => all.extend(more),
                (ColumnValues::Categories(all), ColumnValues::Categories(more)) => all.extend(more),
                // A model finds the levels of a category by words and by numbers, and files may differ in their types.
                (ColumnValues::Categories(all), ColumnValues::Numbers(more)) => {
                    all.extend(more.into_iter().map(number_as_word));
                }
                (ColumnValues::Numbers(all), ColumnValues::Categories(more)) => {
                    let words = std::mem::take(all).into_iter().map(number_as_word);
                    column.values = ColumnValues::Categories(words.chain(more).collect());
                }
                (ColumnValues::Text(all), ColumnValues::Text(more)) => all.extend(more),
                _ => {
                    let place = |_: &str| format!("column {:?}", column.name);
                    let expected = format!("{kind}, as in the parts before");
                    return Err(other.places.error(0, place, expected, other_kind));
                }
            }
        }
        self.places.append(self.rows, other.places);
        self.rows += other.rows;
        Ok(self)
    }
}

/// The word that a number is among words; none if it is missing.
pub(crate) fn number_as_word(number: f64) -> Option<String> {
    (!number.is_nan()).then(|| number.to_string())
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

impl ColumnValues {
    /// What they are, in the plural.
    fn kind(&self) -> &'static str {
        match self {
            Self::Numbers(_) => "numbers",
            Self::Categories(_) => "words of a category",
            Self::Text(_) => "texts",
        }
    }
}
