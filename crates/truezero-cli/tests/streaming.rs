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
fn a_class_of_one_example_is_learned_whichever_the_seed() {
    let place = Place::new();
    let class = |row: usize| if row == 57 { "c" } else { ["a", "b"][row % 2] };
    let mut table = String::from("x,y\n");
    (0..120).for_each(|row| table += &format!("{},{}\n", row % 9, class(row)));
    place.write("t.csv", table);
    for seed in 0..6 {
        for stream in [&[][..], &["--stream"]] {
            let seed = seed.to_string();
            let train = ["t.csv", "--target", "y", "--epochs", "1", "--hidden", "4", "--seed", &seed];
            place.train(&[&train[..], stream].concat());
        }
    }
}

#[test]
fn more_held_out_examples_than_there_are_are_refused() {
    let place = Place::with_flowers();
    let huge = usize::MAX.to_string();
    for stream in [&[][..], &["--stream"]] {
        for option in ["--validation", "--test-fraction"] {
            let train = ["train", "flowers.csv", "--target", "kind", option, &huge];
            let error = place.error(&[&train[..], stream].concat());
            assert!(
                error.contains("held-out part: expected fewer examples than there are, found"),
                "{error}"
            );
        }
    }
}

#[test]
fn weights_that_no_example_can_learn_by_are_refused() {
    let place = Place::new();
    let table = |weight: &str| {
        let mut table = String::from("x,w,y\n");
        (0..60).for_each(|row| table += &format!("{},{weight},{}\n", row % 9, ["a", "b"][row % 2]));
        table
    };
    for (weight, class_weight, expected) in [
        ("0", "a=1", "only zeros"),
        ("1e-60", "a=1", "only zeros"),
        ("1e39", "a=1", "expected a number from 0 to"),
        ("3e38", "a=10,b=10", "3e38 times 1e1"),
        ("1", "a=0,b=0", "class weights: expected one above 0 at least, found only zeros"),
    ] {
        place.write("t.csv", table(weight));
        for stream in [&[][..], &["--stream"]] {
            let train =
                ["train", "t.csv", "--target", "y", "--weight-column", "w", "--class-weight", class_weight];
            let error = place.error(&[&train[..], stream].concat());
            assert!(error.contains(expected), "{weight} {class_weight} {stream:?}: {error}");
        }
    }
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

#[test]
fn nearly_all_may_be_held_out_to_test_on_as_in_memory() {
    let place = Place::new();
    place.write("prices.csv", prices(400, 1));
    let train =
        ["train", "prices.csv", "--target", "y", "--test-fraction", "0.99", "--epochs", "1", "--json"];
    let memory = place.json(&[&train[..], &["--out", "a.st"]].concat());
    let stream = place.json(&[&train[..], &["--stream", "--out", "b.st"]].concat());
    assert_eq!(stream["examples"], memory["examples"]);
}

#[test]
fn options_that_the_optimizer_does_not_use_are_told() {
    let place = Place::with_flowers();
    let train = ["train", "flowers.csv", "--target", "kind", "--epochs", "1", "--json", "--momentum", "0.5"];
    let told = |more: &[&str]| place.json(&[&train[..], more].concat())["warnings"].to_string();
    let idle = "has no effect with the optimizer that is used";
    assert!(told(&["--out", "a.st"]).contains(idle));
    assert!(!told(&["--optimizer", "nesterov", "--out", "b.st"]).contains(idle));
}

#[test]
fn levels_that_a_saved_network_does_not_know_are_told_once_in_memory_and_on_a_stream() {
    let place = Place::new();
    let table = |city: &str| {
        let rows = (0..60).map(|row| {
            format!("{},{},{}\n", row % 7, if row % 5 == 0 { city } else { "bonn" }, ["a", "b"][row % 2])
        });
        format!("x,city,y\n{}", rows.collect::<String>())
    };
    place.write("old.csv", table("köln"));
    place.write("new.csv", table("rome"));
    place.train(&["old.csv", "--target", "y", "--epochs", "1", "--hidden", "4"]);
    let train = ["train", "new.csv", "--target", "y", "--from", "model.safetensors", "--epochs", "3"];
    for stream in [&[][..], &["--stream"]] {
        let output = place.run(&[&train[..], &["--out", "on.safetensors", "--force"], stream].concat());
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(told.matches("12, such as \"rome\"").count(), 1, "{told}");
    }
}
