//! A table of a result, in a box of its own that scrolls where the screen is too narrow.

use std::fmt::Write as _;

use super::{escape, sparkline};
use crate::result::{Cell, Table};

/// The table with its title, and below it what its signs mean. `id` is the one of the title.
pub(super) fn html(table: &Table, id: &str) -> String {
    let mut html = format!(
        "<figure class=\"table\">\n<figcaption id=\"{id}\">{}</figcaption>\n<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"{id}\">\n<table aria-labelledby=\"{id}\">\n<thead><tr>",
        escape::text(&table.title)
    );
    let figures: Vec<bool> = (0..table.columns.len()).map(|column| of_figures(table, column)).collect();
    for (column, figures) in table.columns.iter().zip(&figures) {
        let class = if *figures { " class=\"figure\"" } else { "" };
        let _ = write!(html, "<th scope=\"col\"{class}>{}</th>", escape::text(column));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        html.push_str("<tr>");
        for (column, cell) in row.iter().enumerate() {
            html.push_str(&cell_html(cell, column == 0, figures.get(column).copied().unwrap_or(false)));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody>\n</table>\n</div>\n");
    html.push_str(&key(table));
    html + "</figure>\n"
}

/// Whether a column holds figures, which stand below each other by their right ends.
fn of_figures(table: &Table, column: usize) -> bool {
    let cells = || table.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.text.trim());
    let is_figure =
        |text: &str| text.starts_with(|first: char| first.is_ascii_digit() || "+-−<≈∞".contains(first));
    column > 0
        && cells().any(is_figure)
        && cells().all(|text| text.is_empty() || ["–", "-"].contains(&text) || is_figure(text))
}

fn cell_html(cell: &Cell, heads_row: bool, figure: bool) -> String {
    let mut content = escape::text(&cell.text);
    if cell.bold {
        content = format!("<strong>{content}</strong>");
    }
    if cell.uncertain {
        content.push_str("<span class=\"unsure\" title=\"not confirmed\">?</span>");
    }
    if cell.from_paper {
        content = format!("<span class=\"paper\">{content}</span>");
    }
    content.push_str(&sparkline::svg(&cell.sparkline));
    let class = if figure { " class=\"figure\"" } else { "" };
    if heads_row {
        format!("<th scope=\"row\"{class}>{content}</th>")
    } else {
        format!("<td{class}>{content}</td>")
    }
}

/// What the signs in this table mean; nothing for a table without signs.
fn key(table: &Table) -> String {
    let any = |has: fn(&Cell) -> bool| table.rows.iter().flatten().any(has);
    let mut signs = Vec::new();
    if any(|cell| cell.bold) {
        signs.push("<strong>Bold</strong>: among the best, that is, not significantly worse than the best.");
    }
    if any(|cell| cell.from_paper) {
        signs.push("<span class=\"paper\">Slanted</span>: a figure of the paper.");
    }
    if any(|cell| cell.uncertain) {
        signs.push("<span class=\"unsure\">?</span> a figure we could not confirm in a second source.");
    }
    if signs.is_empty() { String::new() } else { format!("<p class=\"key\">{}</p>\n", signs.join(" ")) }
}
