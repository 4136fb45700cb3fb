//! What is done on a stream is what is done on the same data in memory.
#![allow(clippy::format_push_string, reason = "for tables of some lines, clarity goes before an allocation")]

mod common;

use common::{Place, flowers, prices};

/// Cuts a table into files.
fn cut(place: &Place, name: &str, table: &str, files: usize) {
    let lines: Vec<&str> = table.lines().collect();
    for (at, rows) in lines[1..].chunks(lines.len() / files + 1).enumerate() {
        place.write(&format!("{name}-{at}.csv"), format!("{}\n{}\n", lines[0], rows.join("\n")));
    }
}

/// An evaluation in memory and one of the same examples in several files: as documents and as tables.
fn same_evaluation(place: &Place, name: &str, table: &str) {
    place.write("all.csv", table);
    cut(place, name, table, 3);
    let parts = format!("{name}-*.csv");
    let whole = ["evaluate", "model.safetensors", "all.csv"];
    let stream = ["evaluate", "model.safetensors", &parts, "--stream"];
    let json = |arguments: &[&str]| place.ok(&[arguments, &["--json"]].concat());
    assert_eq!(json(&stream), json(&whole));
    assert_eq!(place.ok(&stream), place.ok(&whole));
}

#[test]
fn an_evaluation_of_a_stream_is_that_of_the_same_examples_in_memory() {
    // More than are in memory together.
    let many = 3000;
    let place = Place::with_flowers();
    place.train(&["flowers.csv", "--target", "kind"]);
    same_evaluation(&place, "flowers", &flowers(many, 2));

    place.write("prices.csv", prices(200, 1));
    place.train(&["prices.csv", "--target", "y"]);
    same_evaluation(&place, "prices", &prices(many, 2));
    place.train(&["prices.csv", "--target", "y,z"]);
    same_evaluation(&place, "several", &prices(many, 3));

    let labelled = |count| {
        let mut text = String::new();
        for at in 0..count {
            let labels = ["1", "1,2", "2", ""][at % 4];
            text += &format!("{labels} {}:1 {}:0.5\n", at % 4 + 1, at * 7 % 5 + 5);
        }
        text
    };
    place.write("labels.svmlight", labelled(200));
    place.train(&["labels.svmlight"]);
    place.write("more.svmlight", labelled(many));
    let evaluate = ["evaluate", "model.safetensors", "more.svmlight", "--json"];
    assert_eq!(place.ok(&[&evaluate[..], &["--stream"]].concat()), place.ok(&evaluate));
}

#[test]
fn weights_come_from_a_stream() {
    let place = Place::new();
    let table = flowers(300, 1);
    let mut lines = table.lines();
    let mut weighted = format!("{},importance\n", lines.next().unwrap());
    lines.enumerate().for_each(|(at, line)| weighted += &format!("{line},{}\n", at % 4));
    cut(&place, "flowers", &weighted, 3);
    let train = |more: &[&str]| {
        place.train(&[&["flowers-*.csv", "--target", "kind", "--stream"], more].concat());
        place.read("model.safetensors")
    };
    let column = ["--weight-column", "importance"];
    let networks = [
        train(&column),
        train(&[&column[..], &["--class-weight", "balanced"]].concat()),
        train(&[&column[..], &["--class-weight", "aster=9,briar=0.1"]].concat()),
    ];
    assert!(networks[0] != networks[2] && networks[1] != networks[2]);
    // A column that tells how much an example counts is no input, and not missed later.
    place.write("plain.csv", table);
    assert_eq!(place.json(&["evaluate", "model.safetensors", "plain.csv", "--json"])["examples"], 300);
}
