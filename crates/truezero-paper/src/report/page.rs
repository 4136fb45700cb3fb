//! The page around the experiments.

use std::fmt::Write as _;

use super::words::duration;
use super::{escape, section};
use crate::result::{Outcome, Plot, Results};

const STYLE: &str = include_str!("style.css");
const PATH_STYLE: &str = include_str!("path.css");
const SCRIPT: &str = include_str!("script.js");
const LIBRARIES: [&str; 3] = [
    include_str!("vendor/vega.min.js"),
    include_str!("vendor/vega-lite.min.js"),
    include_str!("vendor/vega-embed.min.js"),
];
const LICENCES: &str = include_str!("vendor/LICENSES.txt");

const PLOTS: &str = "<p class=\"key\">Plots: point at a value to read it, press a name above a plot to switch it off or on, drag to move, Ctrl and wheel or pinch to zoom, double-click to go back. The figures of each are under “Values”.</p>\n<noscript><p class=\"key\">Without JavaScript the plots are not drawn; their values are in the tables below them.</p></noscript>\n";

const TITLE: &str = "Deep Sparse Rectifier Neural Networks, measured again";

pub(super) fn page(results: &Results) -> String {
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"generator\" content=\"truezero\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{TITLE}</title>\n<style>\n{STYLE}{PATH_STYLE}</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#results\">Skip to the results</a>\n"
    );
    html.push_str(&header(results));
    html.push_str("<div class=\"page\">\n");
    html.push_str(&contents(&results.experiments));
    html.push_str("<main id=\"results\">\n");
    for outcome in &results.experiments {
        html.push_str(&section::html(outcome));
    }
    html.push_str("</main>\n</div>\n");
    let plots = results.experiments.iter().flat_map(|outcome| &outcome.plots);
    let drawn_by_libraries = plots.filter(|plot| !matches!(plot, Plot::Path(_))).count() > 0;
    html.push_str(&footer(drawn_by_libraries));
    if drawn_by_libraries {
        for library in LIBRARIES {
            let _ = writeln!(html, "<script>{library}</script>");
        }
    }
    let _ = write!(html, "<script>\n{SCRIPT}</script>\n</body>\n</html>\n");
    html
}

fn header(results: &Results) -> String {
    let seconds = results.experiments.iter().map(|outcome| outcome.seconds).sum();
    let count = results.experiments.len();
    let plots = results.experiments.iter().any(|outcome| !outcome.plots.is_empty());
    let hint = if plots { PLOTS } else { "" };
    let mut commands: Vec<&str> =
        results.experiments.iter().map(|outcome| outcome.command.as_str()).collect();
    commands.sort_unstable();
    commands.dedup();
    let by = if commands.len() > 1 { "these commands" } else { "this command" };
    let experiments = if count == 1 { "experiment" } else { "experiments" };
    format!(
        "<header>\n<div class=\"top\"><h1>{TITLE}</h1>\n<button type=\"button\" id=\"theme\" aria-pressed=\"false\">Dark</button></div>\n\
<p class=\"lead\">Xavier Glorot, Antoine Bordes and Yoshua Bengio (AISTATS 2011) trained networks of rectifiers, max(0,&nbsp;x), most of whose hidden units are exactly zero for any one example, and found them as good as networks of tanh units or better, with hardly a need for pre-training. Here the paper’s tables, figures and claims are measured again with truezero, beside the paper’s own figures.</p>\n\
<p>{count} {experiments}, {}, by {by}:</p>\n<pre class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Command\"><code>{}</code></pre>\n{hint}</header>\n",
        duration(seconds),
        escape::text(&commands.join("\n"))
    )
}

fn contents(experiments: &[Outcome]) -> String {
    let mut html =
        String::from("<nav aria-labelledby=\"contents\">\n<h2 id=\"contents\">Contents</h2>\n<ol>\n");
    for outcome in experiments {
        let _ = writeln!(
            html,
            "<li><a href=\"#{}\">{}</a></li>",
            escape::identifier(&outcome.name),
            escape::text(&outcome.title)
        );
    }
    html + "</ol>\n</nav>\n"
}

fn footer(libraries: bool) -> String {
    let mut html = String::from(
        "<footer>\n<p>X. Glorot, A. Bordes, Y. Bengio: <cite>Deep Sparse Rectifier Neural Networks</cite>. Proceedings of the 14th International Conference on Artificial Intelligence and Statistics (AISTATS), JMLR W&amp;CP 15, 2011.</p>\n",
    );
    if libraries {
        let _ = write!(
            html,
            "<p>Plots are drawn by Vega, Vega-Lite and Vega-Embed, which are part of this file.</p>\n<details>\n<summary>Their licences</summary>\n<pre class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Licences\">{}</pre>\n</details>\n",
            escape::text(LICENCES)
        );
    }
    html + "</footer>\n"
}
