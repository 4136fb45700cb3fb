//! What an experiment came to: `results.json` as types. The report shows nothing that is not in here.
//!
//! A number may be NaN or infinite, where a run diverged: JSON has null for it, which is read as NaN, and
//! plots leave it out.

use serde::{Deserialize, Serialize};

use crate::number;

/// Version of the form of `results.json`.
pub const VERSION: u32 = 1;

/// All experiments of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// [`VERSION`].
    pub version: u32,
    /// In the order of the paper.
    pub experiments: Vec<Outcome>,
}

/// One experiment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// As it is typed: `table1`.
    pub name: String,
    /// For people: `Table 1: rectifier, tanh and softplus`.
    pub title: String,
    /// What is asked, in a sentence or two.
    pub question: String,
    /// What the paper found, in a sentence or two.
    pub paper: String,
    /// What was found here, in words.
    pub finding: String,
    /// The data used, one sentence each; a substitute is called so.
    pub data: Vec<String>,
    /// Shown in order.
    pub tables: Vec<Table>,
    /// Shown in order, after the tables.
    pub plots: Vec<Plot>,
    /// What the reader must know to trust the figures: seeds, settings, what falls short.
    pub notes: Vec<String>,
    /// The command that made it, as it could be typed again.
    pub command: String,
    /// Seconds it took, networks taken from an earlier run not counted.
    #[serde(deserialize_with = "number::number")]
    pub seconds: f64,
    /// The experiment's own figures under their names, for programs.
    pub values: serde_json::Value,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// Names of the columns, with units; the first column names the row.
    pub columns: Vec<String>,
    /// One cell for each column.
    pub rows: Vec<Vec<Cell>>,
}

/// A cell of a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// What is shown, units left to the column: `1.43`, `1.55 ± 0.02`.
    pub text: String,
    /// Whether it is among the best: not significantly worse than the best one.
    #[serde(default, skip_serializing_if = "is_false")]
    pub bold: bool,
    /// A figure of the paper that is not confirmed; shown with `?`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub uncertain: bool,
    /// A figure of the paper, to tell it from ours.
    #[serde(default, skip_serializing_if = "is_false")]
    pub from_paper: bool,
    /// Small values in a row, drawn as a line or bars in the cell.
    #[serde(default, deserialize_with = "number::numbers", skip_serializing_if = "Vec::is_empty")]
    pub sparkline: Vec<f64>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_false(value: &bool) -> bool {
    !value
}

impl Cell {
    /// A cell of words.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// A figure of the paper; `None` shows a dash.
    pub fn paper(figure: Option<(f64, bool)>, decimals: usize) -> Self {
        let Some((figure, uncertain)) = figure else { return Self::text("–") };
        Self { uncertain, from_paper: true, ..Self::text(format!("{figure:.decimals$}")) }
    }
}

/// A plot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Plot {
    /// Values over a quantity: lines, points, or both.
    Chart(Chart),
    /// Bars, one for each name.
    Bars(Bars),
    /// The active path of an example through a network (figure 2).
    Path(ActivePath),
}

/// Values over a quantity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// Horizontal.
    pub x: Axis,
    /// Vertical.
    pub y: Axis,
    /// Told apart by colour and by shape or dash.
    pub series: Vec<Series>,
    /// Vertical lines with a word each, for example where an error starts to rise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
}

/// An axis.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// With its unit: `test error, %`.
    pub label: String,
    /// Logarithmic; all values are above 0.
    #[serde(default)]
    pub log: bool,
    /// Where the axis starts and ends; told by the data if `None`.
    #[serde(default, deserialize_with = "number::range", skip_serializing_if = "Option::is_none")]
    pub range: Option<[f64; 2]>,
}

impl Axis {
    /// A linear axis.
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), ..Self::default() }
    }
}

/// Values that belong together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// In the legend.
    pub name: String,
    /// (x, y), in the order in which a line joins them.
    #[serde(deserialize_with = "number::points")]
    pub points: Vec<[f64; 2]>,
    /// For each point the standard error of y; empty if not known.
    #[serde(default, deserialize_with = "number::numbers", skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<f64>,
    /// How it is drawn.
    pub style: Style,
}

/// How a series is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Style {
    /// A line without points.
    #[default]
    Line,
    /// Points without a line.
    Points,
    /// A line through points.
    LineAndPoints,
}

/// A place on the x axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// Where.
    #[serde(deserialize_with = "number::number")]
    pub x: f64,
    /// What is there.
    pub label: String,
}

/// Bars, one for each category, side by side where there are several series.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bars {
    /// What it shows.
    pub title: String,
    /// What the categories are.
    pub x: String,
    /// With its unit.
    pub y: Axis,
    /// Names of the categories.
    pub categories: Vec<String>,
    /// A value for each category.
    pub series: Vec<BarSeries>,
}

/// Bars of one colour.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BarSeries {
    /// In the legend.
    pub name: String,
    /// One for each category.
    #[serde(deserialize_with = "number::numbers")]
    pub values: Vec<f64>,
    /// For each value its standard error; empty if not known.
    #[serde(default, deserialize_with = "number::numbers", skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<f64>,
}

/// The active path of an example through a network: which units fire, and by which weights they make each
/// other fire.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ActivePath {
    /// What it shows.
    pub title: String,
    /// Pixels of the image in [0, 1], row by row, and how many there are in a row.
    #[serde(deserialize_with = "number::numbers")]
    pub pixels: Vec<f64>,
    /// Pixels in a row.
    pub pixels_across: usize,
    /// The hidden layers, lowest first: the activation of each unit shown; 0 for a silent one.
    #[serde(deserialize_with = "number::lists")]
    pub layers: Vec<Vec<f64>>,
    /// In each layer how many units there are and how many of them are active, where not all are shown.
    pub counts: Vec<[usize; 2]>,
    /// Class probabilities.
    #[serde(deserialize_with = "number::numbers")]
    pub outputs: Vec<f64>,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Strong contributions.
    pub edges: Vec<Edge>,
}

/// A contribution of one unit to another: activation × weight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edge {
    /// Layer that it starts from: 0 is the lowest hidden layer; it ends in the layer above (the outputs above
    /// the highest).
    pub layer: usize,
    /// Position among the units shown.
    pub from: usize,
    /// Position among the units shown in the layer above, or a class.
    pub to: usize,
    /// Negative where it inhibits.
    #[serde(deserialize_with = "number::number")]
    pub contribution: f64,
}
