//! What surrounds a plot: its title, a legend whose entries switch series on and off, and its values as a
//! table, for those who cannot see it or want the figures.

use std::fmt::Write as _;

use serde_json::Value;

use super::escape;

/// A plot ready to be put into the page.
pub(super) struct Figure {
    pub(super) title: String,
    /// The plot in words, for those who do not see it.
    pub(super) description: String,
    /// In Vega-Lite.
    pub(super) spec: Value,
    pub(super) legend: Vec<Entry>,
    /// Headings of the table of values, after that of the series.
    pub(super) columns: Vec<String>,
    pub(super) values: Vec<Vec<String>>,
    /// Values that have no place in the plot.
    pub(super) left_out: usize,
}

/// An entry of a legend.
pub(super) struct Entry {
    /// An SVG image.
    pub(super) sign: String,
    pub(super) name: String,
}

impl Figure {
    pub(super) fn html(&self) -> String {
        let mut html = format!(
            "<figure class=\"plot\">\n<figcaption>{}</figcaption>\n{}",
            escape::text(&self.title),
            self.legend()
        );
        let _ = write!(
            html,
            "<div class=\"view\" role=\"img\" aria-label=\"{}\"><div aria-hidden=\"true\"></div></div>\n<script type=\"application/json\">{}</script>\n",
            escape::text(&self.description),
            escape::json(&self.spec)
        );
        html.push_str(&self.notes());
        html.push_str(&self.table());
        html + "</figure>\n"
    }

    fn legend(&self) -> String {
        let mut html = String::from("<ul class=\"legend\">\n");
        for (index, Entry { sign, name }) in self.legend.iter().enumerate() {
            let name = escape::text(name);
            let _ = if self.legend.len() > 1 {
                writeln!(
                    html,
                    "<li><button type=\"button\" aria-pressed=\"true\" data-series=\"{index}\">{sign}{name}</button></li>"
                )
            } else {
                writeln!(html, "<li><span>{sign}{name}</span></li>")
            };
        }
        html + "</ul>\n"
    }

    fn notes(&self) -> String {
        let mut html = String::new();
        if self.left_out > 0 {
            let are = if self.left_out == 1 { "value has" } else { "values have" };
            let _ = writeln!(
                html,
                "<p class=\"key\">{} {are} no place in this plot: not finite, or not above 0 on a logarithmic axis.</p>",
                self.left_out
            );
        }
        html
    }

    fn table(&self) -> String {
        let title = escape::text(&self.title);
        let mut html = format!(
            "<details class=\"values\">\n<summary>Values</summary>\n<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Values of {title}\">\n<table aria-label=\"Values of {title}\">\n<thead><tr><th scope=\"col\">series</th>"
        );
        for column in &self.columns {
            let _ = write!(html, "<th scope=\"col\" class=\"figure\">{}</th>", escape::text(column));
        }
        html.push_str("</tr></thead>\n<tbody>\n");
        for line in &self.values {
            let mut cells = line.iter().map(|cell| escape::text(cell));
            let _ = write!(html, "<tr><th scope=\"row\">{}</th>", cells.next().unwrap_or_default());
            for cell in cells {
                let _ = write!(html, "<td class=\"figure\">{cell}</td>");
            }
            html.push_str("</tr>\n");
        }
        html + "</tbody>\n</table>\n</div>\n</details>\n"
    }
}
