//! The report as a whole: that all of a result is in it, that nothing else is, and that nothing gets out.

use serde_json::Value;

use super::html;
use crate::result::{
    ActivePath, Axis, BarSeries, Bars, Cell, Chart, Edge, Mark, Outcome, Plot, Results, Series, Style, Table,
    VERSION,
};

const HOSTILE: &str = "</script><!--<img src=x onerror=\"alert('x')\">&";

fn results(plots: Vec<Plot>, tables: Vec<Table>) -> Results {
    let outcome = Outcome {
        name: "table1".into(),
        title: "Table 1: rectifier, tanh and softplus".into(),
        question: "Does a rectifier do as well?".into(),
        paper: "It does better.".into(),
        finding: "It does as well.".into(),
        data: vec!["MNIST: 50,000 training examples.".into()],
        notes: vec!["Seeds 0 to 2.".into()],
        command: "truezero paper table1".into(),
        seconds: 200.0,
        tables,
        plots,
        values: Value::Null,
    };
    Results { version: VERSION, experiments: vec![outcome] }
}

fn chart() -> Chart {
    let points = vec![[0.0, 3.0], [1e-4, 2.0], [1e-3, f64::NAN], [1e-2, 1.5]];
    let series = |name: &str, style| Series {
        name: name.into(),
        points: points.clone(),
        errors: vec![0.1, 5.0, 0.1, f64::INFINITY],
        style,
    };
    Chart {
        title: "Error over penalty".into(),
        x: Axis { label: "penalty λ".into(), log: true, range: None },
        y: Axis { label: "test error, %".into(), log: true, range: Some([1.0, 10.0]) },
        series: vec![
            series("rectifier", Style::Line),
            series("tanh", Style::Points),
            series("softplus", Style::LineAndPoints),
        ],
        marks: vec![
            Mark { x: 1e-3, label: "rises here".into() },
            Mark { x: f64::NAN, label: "nowhere".into() },
        ],
    }
}

fn bars() -> Bars {
    Bars {
        title: "RMSE of stars".into(),
        x: "network".into(),
        y: Axis::new("RMSE, stars"),
        categories: vec!["1 layer".into(), "3 layers".into()],
        series: vec![BarSeries {
            name: "here".into(),
            values: vec![0.9, f64::NAN],
            errors: vec![0.01, 0.01],
        }],
    }
}

fn active_path() -> ActivePath {
    let edge = |layer, from, to, contribution| Edge { layer, from, to, contribution };
    ActivePath {
        title: "A three".into(),
        pixels: vec![0.0, 0.5, 1.0, f64::NAN],
        pixels_across: 2,
        layers: vec![vec![0.0, 1.0, 0.5], vec![2.0, 0.0]],
        counts: vec![[1000, 171]],
        outputs: vec![0.1, 0.9],
        classes: vec!["two".into(), "three".into()],
        edges: vec![
            edge(0, 1, 0, 0.7),
            edge(0, 2, 0, -0.3),
            edge(1, 0, 1, 0.9),
            edge(1, 0, 7, 0.9),
            edge(9, 0, 0, 0.9),
            edge(0, 1, 0, f64::NAN),
        ],
    }
}

/// The specifications in a page.
fn specifications(page: &str) -> Vec<Value> {
    let parts = page.split("<script type=\"application/json\">").skip(1);
    parts.map(|part| serde_json::from_str(part.split("</script>").next().unwrap()).unwrap()).collect()
}

/// A page without what its scripts hold, which is no markup.
fn markup(page: &str) -> String {
    page.split("<script").map(|part| part.rsplit("</script>").next().unwrap()).collect()
}

/// All values of a key, wherever it is.
fn all<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get(key));
            fields.values().for_each(|value| all(value, key, found));
        }
        Value::Array(values) => values.iter().for_each(|value| all(value, key, found)),
        _ => {}
    }
}

fn titles(spec: &Value) -> Vec<String> {
    let mut axes = Vec::new();
    all(spec, "axis", &mut axes);
    axes.iter().filter_map(|axis| axis.pointer("/title/0")?.as_str().map(str::to_owned)).collect()
}

#[test]
fn all_words_and_figures_are_shown() {
    let table = Table {
        title: "Test error".into(),
        columns: vec!["units".into(), "MNIST, %".into()],
        rows: vec![
            vec![Cell::text("rectifier"), Cell::text("1.43 ± 0.02")],
            vec![Cell::text("tanh"), Cell::text("1.57")],
        ],
    };
    let plots = vec![Plot::Chart(chart()), Plot::Bars(bars()), Plot::Path(active_path())];
    let page = html(&results(plots, vec![table]));
    for shown in [
        "Table 1: rectifier, tanh and softplus",
        "Does a rectifier do as well?",
        "It does better.",
        "It does as well.",
        "MNIST: 50,000 training examples.",
        "Seeds 0 to 2.",
        "3 min 20 s",
        "truezero paper table1",
        "Glorot",
        "AISTATS 2011",
        ">Test error<",
        "<th scope=\"col\">units</th>",
        "<th scope=\"col\" class=\"figure\">MNIST, %</th>",
        "<th scope=\"row\">rectifier</th>",
        "<td class=\"figure\">1.43 ± 0.02</td>",
        "<td class=\"figure\">1.57</td>",
        "<figcaption>Error over penalty</figcaption>",
        "<figcaption>RMSE of stars</figcaption>",
        "<figcaption>A three</figcaption>",
        "<a href=\"#table1\">",
        "<section id=\"table1\"",
    ] {
        assert!(page.contains(shown), "{shown}");
    }
}

#[test]
fn hostile_words_stay_words() {
    let hostile = || HOSTILE.to_owned();
    let mut results = results(
        vec![
            Plot::Chart(Chart {
                title: hostile(),
                x: Axis::new(HOSTILE),
                y: Axis::new(HOSTILE),
                series: vec![
                    Series { name: hostile(), ..Series::default() },
                    Series { name: hostile(), ..Series::default() },
                ],
                marks: vec![Mark { x: 0.5, label: hostile() }],
            }),
            Plot::Bars(Bars {
                title: hostile(),
                x: hostile(),
                y: Axis::new(HOSTILE),
                categories: vec![hostile()],
                series: vec![BarSeries { name: hostile(), values: vec![1.0], errors: Vec::new() }],
            }),
            Plot::Path(ActivePath {
                title: hostile(),
                outputs: vec![1.0],
                classes: vec![hostile()],
                ..active_path()
            }),
        ],
        vec![Table { title: hostile(), columns: vec![hostile()], rows: vec![vec![Cell::text(HOSTILE)]] }],
    );
    results.experiments[0].command = hostile();
    let outcome = &mut results.experiments[0];
    for words in [
        &mut outcome.name,
        &mut outcome.title,
        &mut outcome.question,
        &mut outcome.paper,
        &mut outcome.finding,
    ] {
        *words = hostile();
    }
    outcome.data = vec![hostile()];
    outcome.notes = vec![hostile()];

    let page = html(&results);
    assert!(!markup(&page).contains("<img"));
    assert!(!page.contains("<!--"));
    assert_eq!(page.matches("<script").count(), page.matches("</script>").count());
    let specifications = specifications(&page);
    assert_eq!(specifications.len(), 2);
    assert_eq!(specifications[0].pointer("/params/0/value/0").unwrap(), HOSTILE);
}

#[test]
fn nothing_is_loaded_from_anywhere() {
    let page = html(&results(vec![Plot::Chart(chart()), Plot::Path(active_path())], Vec::new()));
    let markup = markup(&page);
    for loading in ["src=", "<link", "@import", "url(", "href=\"http", "<iframe", "<object", "<embed"] {
        assert!(!markup.contains(loading), "{loading}");
    }
    // Scripts are all within the page too.
    assert!(page.split("<script").skip(1).all(|rest| rest.starts_with('>') || rest.starts_with(" type=")));
    assert!(!page.contains("sourceMappingURL"));
}

#[test]
fn libraries_are_there_only_for_plots_that_need_them() {
    let with = html(&results(vec![Plot::Bars(bars())], Vec::new()));
    let without = html(&results(vec![Plot::Path(active_path())], Vec::new()));
    assert!(with.len() > 800_000 && without.len() < 60_000, "{} {}", with.len(), without.len());
    assert!(with.contains("Interactive Data Lab"), "the licences must go with them");
}

#[test]
fn specifications_name_their_axes_and_hold_only_numbers_that_can_be_drawn() {
    let page = html(&results(vec![Plot::Chart(chart()), Plot::Bars(bars())], Vec::new()));
    let [chart, bars] = specifications(&page).try_into().unwrap();
    assert!(
        titles(&chart).contains(&"penalty λ".to_owned())
            && titles(&chart).contains(&"test error, %".to_owned())
    );
    assert!(
        titles(&bars).contains(&"network".to_owned()) && titles(&bars).contains(&"RMSE, stars".to_owned())
    );

    // The point at λ = 0 has no place on a logarithmic axis; the NaN breaks a line.
    let rows = chart.pointer("/data/values").unwrap().as_array().unwrap();
    assert_eq!(rows.len(), 9);
    assert_eq!(rows.iter().filter(|row| row["y"].is_null()).count(), 3);
    assert!(rows.iter().all(|row| row.get("low").is_none_or(|low| low.as_f64().unwrap() > 0.0)));
    assert_eq!(bars.pointer("/data/values").unwrap().as_array().unwrap().len(), 1);
    assert!(
        page.contains("6 values have no place in this plot")
            && page.contains("1 value has no place in this plot")
    );
    // Bars stand where the axis starts.
    let bars = Bars { y: Axis { range: Some([0.5, 1.1]), ..Axis::new("RMSE, stars") }, ..self::bars() };
    let [from_half] = specifications(&html(&results(vec![Plot::Bars(bars)], Vec::new()))).try_into().unwrap();
    let mut scales = Vec::new();
    all(&from_half, "scale", &mut scales);
    let values: Vec<&&Value> = scales.iter().filter(|scale| scale.get("zero").is_some()).collect();
    assert!(
        !values.is_empty() && values.iter().all(|scale| scale["zero"] == false && scale["domain"][0] == 0.5)
    );
    let bars = Bars { y: Axis { log: true, ..Axis::new("RMSE, stars") }, ..self::bars() };
    let [log] = specifications(&html(&results(vec![Plot::Bars(bars)], Vec::new()))).try_into().unwrap();
    assert_eq!(log.pointer("/layer/0/encoding/y2/datum").unwrap(), 0.1);
    // A mark that is nowhere has no word.
    assert!(!chart.to_string().contains("nowhere"));
}

#[test]
fn a_figure_of_the_paper_is_told_apart_and_a_doubtful_one_marked() {
    let table = |cells: Vec<Cell>| {
        html(&results(
            Vec::new(),
            vec![Table { title: "t".into(), columns: vec![String::new(); 3], rows: vec![cells] }],
        ))
    };
    let page = table(vec![
        Cell::text("tanh"),
        Cell::paper(Some((1.16, true)), 2),
        Cell { bold: true, ..Cell::text("1.15") },
    ]);
    assert!(page.contains(
        "<span class=\"paper\">1.16<span class=\"unsure\" title=\"not confirmed\">?</span></span>"
    ));
    assert!(page.contains("<strong>1.15</strong>"));
    assert!(page.contains("could not confirm") && page.contains("a figure of the paper."));

    let page = table(vec![Cell::text("tanh"), Cell::paper(Some((1.57, false)), 2), Cell::paper(None, 2)]);
    assert!(page.contains("<span class=\"paper\">1.57</span>") && page.contains(">–<"));
    assert!(!page.contains("could not confirm") && !page.contains("<strong>"));
}

#[test]
fn the_active_path_has_a_mark_for_each_unit_and_a_line_for_each_edge_shown() {
    let page = html(&results(vec![Plot::Path(active_path())], Vec::new()));
    let picture = page.split("<svg class=\"path\"").nth(1).unwrap().split("</svg>").next().unwrap();
    assert_eq!(picture.matches("<circle class=\"unit\"").count(), 2);
    assert_eq!(picture.matches("<circle class=\"unit lit\"").count(), 3);
    assert_eq!(picture.matches("class=\"excites\"").count(), 2);
    assert_eq!(picture.matches("class=\"inhibits\"").count(), 1);
    assert!(picture.contains("hidden layer 1: 171 of 1000 units active, 3 shown"));
    assert!(picture.contains("hidden layer 2: 1 of 2 units active<"));
    assert!(picture.contains(">three<") && picture.contains(">90 %<"));
    assert!(picture.contains("Most probable class: three, 90 %."));
    assert!(!picture.contains("NaN"));
}

#[test]
fn what_is_empty_does_no_harm() {
    let empty = vec![
        Plot::Chart(Chart::default()),
        Plot::Bars(Bars::default()),
        Plot::Path(ActivePath::default()),
        Plot::Path(ActivePath { layers: vec![Vec::new()], pixels: vec![1.0], ..ActivePath::default() }),
    ];
    let page = html(&results(empty, vec![Table::default()]));
    assert_eq!(specifications(&page).len(), 2);
    assert!(!markup(&page).contains("NaN") && !markup(&page).contains("inf\""));
}
