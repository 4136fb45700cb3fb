//! One experiment.

use std::fmt::Write as _;

use super::words::duration;
use super::{bars, chart, escape, path, table};
use crate::result::{Outcome, Plot};

pub(super) fn html(outcome: &Outcome) -> String {
    let id = escape::identifier(&outcome.name);
    let mut html = format!(
        "<section id=\"{id}\" aria-labelledby=\"{id}-title\">\n<h2 id=\"{id}-title\">{}</h2>\n<p class=\"question\">{}</p>\n",
        escape::text(&outcome.title),
        escape::text(&outcome.question)
    );
    let _ = write!(
        html,
        "<div class=\"answers\">\n<div class=\"theirs\"><h3>The paper found</h3><p>{}</p></div>\n<div class=\"ours\"><h3>Found here</h3><p>{}</p></div>\n</div>\n",
        escape::text(&outcome.paper),
        escape::text(&outcome.finding)
    );
    for (index, shown) in outcome.tables.iter().enumerate() {
        html.push_str(&table::html(shown, &format!("{id}-table-{}", index + 1)));
    }
    for plot in &outcome.plots {
        html.push_str(&match plot {
            Plot::Chart(shown) => chart::figure(shown).html(),
            Plot::Bars(shown) => bars::figure(shown).html(),
            Plot::Path(shown) => path::html(shown),
        });
    }
    html.push_str("<div class=\"small-print\">\n");
    html.push_str(&list("Data", &outcome.data));
    html.push_str(&list("Notes", &outcome.notes));
    let _ = write!(
        html,
        "<p>Experiment <code>{}</code>, {}.</p>\n</div>\n</section>\n",
        escape::text(&outcome.name),
        duration(outcome.seconds)
    );
    html
}

fn list(title: &str, sentences: &[String]) -> String {
    if sentences.is_empty() {
        return String::new();
    }
    let mut html = format!("<h3>{title}</h3>\n<ul>\n");
    for sentence in sentences {
        let _ = writeln!(html, "<li>{}</li>", escape::text(sentence));
    }
    html + "</ul>\n"
}
