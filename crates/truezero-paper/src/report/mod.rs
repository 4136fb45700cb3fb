//! The report: [`Results`] as one HTML file that needs nothing else, neither network nor fonts nor folders.
//!
//! ```
//! use truezero_paper::{report, result::{Results, VERSION}};
//!
//! let results = Results { version: VERSION, experiments: Vec::new() };
//! assert!(report::html(&results).starts_with("<!doctype html>"));
//! ```
//!
//! Tables, words and the active path are made here; plots are Vega-Lite specifications, drawn when the file is
//! opened by the libraries in `vendor/`. All colours are variables of `style.css`, which has them for light and
//! dark once: what is drawn follows the theme without being drawn again.

mod bars;
mod chart;
mod escape;
mod figure;
mod look;
mod page;
mod path;
mod section;
mod sparkline;
mod table;
#[cfg(test)]
mod tests;
mod words;

use crate::result::Results;

/// The whole report.
///
/// Everything in `results` is shown as text, whatever is in it; numbers that are not finite are left out of
/// plots, and the plot says how many.
pub fn html(results: &Results) -> String {
    page::page(results)
}
