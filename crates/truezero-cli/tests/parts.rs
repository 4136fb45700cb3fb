//! Predictions and codes of data that is read piece by piece.

mod common;

use common::{Place, flowers};
use serde_json::json;
use truezero_data::{ColumnValues, Features, SourceSpec, open};

const FILES: usize = 3;

/// A place with a model and its data in several files and in one.
fn place() -> Place {
    let place = Place::with_flowers();
    place.train(&["flowers.csv", "--target", "kind"]);
    let table = flowers(90, 7);
    let lines: Vec<&str> = table.lines().collect();
    for (at, rows) in lines[1..].chunks(lines.len() / FILES + 1).enumerate() {
        place.write(&format!("new-{at}.csv"), format!("{}\n{}\n", lines[0], rows.join("\n")));
    }
    place.write("all.csv", table);
    place
}

fn columns(place: &Place, file: &str) -> Vec<(String, ColumnValues)> {
    let raw = open(&SourceSpec::new(place.path(file).to_str().unwrap())).unwrap().train;
    let Features::Table(table) = raw.features else { panic!("expected a table") };
    table.columns.into_iter().map(|column| (column.name, column.values)).collect()
}

#[test]
fn parts_hold_the_predictions_and_only_missing_ones_are_made() {
    let place = place();
    let predict = ["predict", "model.safetensors", "new-*.csv", "--stream", "--out", "stars", "--json"];
    let done = place.json(&predict);
    assert_eq!(
        (&done["examples"], &done["computed"], &done["parts"]),
        (&json!(90), &json!(90), &json!(FILES))
    );

    place.ok(&["predict", "model.safetensors", "all.csv", "--out", "all-predictions.csv"]);
    let expected = columns(&place, "all-predictions.csv");
    let mut at = 0;
    for file in 0..FILES {
        let part = columns(&place, &format!("stars/part-0000{file}.parquet"));
        let (ColumnValues::Categories(labels), ColumnValues::Categories(all)) = (&part[0].1, &expected[0].1)
        else {
            panic!("expected labels")
        };
        assert_eq!(labels[..], all[at..at + labels.len()]);
        let (ColumnValues::Numbers(found), ColumnValues::Numbers(all)) = (&part[2].1, &expected[2].1) else {
            panic!("expected probabilities")
        };
        let pairs = found.iter().zip(&all[at..]);
        assert!(part[2].0 == "probability_briar" && pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-7));
        at += labels.len();
    }
    assert_eq!(at, 90);

    // As after a crash: a part is missing, and a temporary file was left.
    let part = place.path("stars/part-00001.parquet");
    let before = std::fs::read(&part).unwrap();
    std::fs::remove_file(&part).unwrap();
    place.write("stars/.truezero-left", "half of it");
    let again = place.json(&predict);
    assert_eq!((&again["parts"], &again["computed"]), (&json!(FILES), &json!(31)));
    assert_eq!(std::fs::read(&part).unwrap(), before);

    // Results of the data as it is now do not go between those of what it was.
    let text = String::from_utf8(place.read("new-1.csv")).unwrap();
    place.write("new-1.csv", text.replacen("white", "black", 1));
    let refused = place.error(&predict);
    assert!(refused.contains("expected parts of the same results"), "{refused}");
    place.write("new-1.csv", text);
    assert_eq!(place.json(&predict)["computed"], 0);

    // Nor do other results.
    let other = ["predict", "model.safetensors", "new-0.csv", "--stream", "--out", "stars", "--json"];
    let refused = place.error(&other);
    assert!(refused.contains("expected parts of the same results"), "{refused}");
    assert!(refused.contains("--force"), "{refused}");

    // By force they take the place of those that were made here, and of nothing else.
    for kept in ["stars/notes.txt", "stars/part-1.parquet", "stars/part-00001.parquet.bak"] {
        place.write(kept, "years of work");
    }
    let done = place.json(&[&other[..], &["--force"]].concat());
    assert_eq!((&done["parts"], &done["computed"]), (&json!(1), &done["examples"]));
    assert!(
        place.path("stars/part-00000.parquet").exists() && !place.path("stars/part-00002.parquet").exists()
    );
    for kept in ["stars/notes.txt", "stars/part-1.parquet", "stars/part-00001.parquet.bak"] {
        assert_eq!(place.read(kept), b"years of work");
    }
    // A part of the old ones that is read is not one to be replaced.
    let read =
        ["predict", "model.safetensors", "stars/part-00000.parquet", "--stream", "--out", "stars", "--force"];
    let before = place.read("stars/part-00000.parquet");
    place.error(&read);
    assert_eq!(place.read("stars/part-00000.parquet"), before);
}

#[test]
fn only_a_folder_that_is_marked_as_ours_is_written_into() {
    let place = place();
    let predict = |out, force| {
        let call = ["predict", "model.safetensors", "all.csv", "--stream", "--out", out];
        place.error(&[&call[..], if force { &["--force"] } else { &[] }].concat())
    };
    std::fs::create_dir(place.path("theirs")).unwrap();
    place.write("theirs/part-00000.parquet", "years of work");
    for force in [false, true] {
        let refused = predict("all.csv", force);
        assert!(
            refused.contains("all.csv: expected a folder") && refused.contains("found a file"),
            "{refused}"
        );
        assert!(predict("theirs", force).contains("no parts.json"));
    }
    place.write("theirs/parts.json", "{}");
    for force in [false, true] {
        assert!(predict("theirs", force).contains("expected a list of parts that truezero wrote"));
    }
    assert_eq!(place.read("theirs/part-00000.parquet"), b"years of work");
}

#[test]
fn codes_are_lists_of_what_is_active() {
    let place = place();
    let encode = ["encode", "model.safetensors", "new-*.csv", "--stream", "--layer", "1", "--out", "codes"];
    assert_eq!(place.ok(&encode), "codes of 90 examples in 3 files in codes\n");
    let whole = place.json(&["encode", "model.safetensors", "all.csv", "--layer", "1", "--json"]);
    assert_eq!(whole["examples"], 90);
    let parts = std::fs::read_dir(place.path("codes")).unwrap().count();
    assert_eq!(parts, FILES + 1, "the parts, and what they are of");
}
