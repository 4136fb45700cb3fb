//! Sweeps by the real command: what they find, how they are stopped and go on, and what they refuse.

mod common;

use common::Place;
use serde_json::{Value, json};

const HALVING: &str = "method = \"halving\"\ntrials = 6\nmin-epochs = 1\nfactor = 2\n\
                       [train]\ndata = \"flowers.csv\"\ntarget = \"kind\"\nepochs = 4\n\
                       [vary]\nhidden = [[8], [8, 8]]\nlearning-rate = { low = 0.001, high = 0.3, scale = \"log\" }\n";

fn trials(found: &Value) -> Vec<&Value> {
    found["trials"].as_array().unwrap().iter().collect()
}

fn without_times(mut found: Value) -> Value {
    for trial in found["trials"].as_array_mut().unwrap() {
        trial["seconds"] = json!(0);
    }
    found
}

#[test]
fn halving_gives_up_the_worse_and_keeps_the_best_model() {
    let place = Place::with_flowers();
    place.write("sweep.toml", HALVING);
    let found = place.json(&["sweep", "sweep.toml", "--json", "--quiet", "--jobs", "2"]);
    let all = trials(&found);
    let epochs = |state: &str| -> Vec<u64> {
        let of = all.iter().filter(|trial| trial["state"] == state);
        let mut epochs: Vec<u64> = of.map(|trial| trial["epochs"].as_u64().unwrap()).collect();
        epochs.sort_unstable();
        epochs
    };
    assert_eq!(epochs("done"), [4, 4], "{found}");
    assert_eq!(epochs("stopped"), [1, 1, 1, 2], "{found}");
    let errors: Vec<f64> = all.iter().map(|trial| trial["validation_error"].as_f64().unwrap()).collect();
    assert!(errors.is_sorted(), "{errors:?}");
    assert_eq!(all[0]["state"], "done");

    // The model is that of the best, and its options give the very same network again.
    let evaluated = place.json(&["evaluate", "sweep.safetensors", "flowers.csv", "--json"]);
    let best = &all[0]["options"];
    let hidden: Vec<String> = best["hidden"].as_array().unwrap().iter().map(Value::to_string).collect();
    let again = [
        "train",
        "flowers.csv",
        "--target",
        "kind",
        "--epochs",
        "4",
        "--quiet",
        "--out",
        "again.safetensors",
    ];
    let options = ["--hidden", &hidden.join(","), "--learning-rate", &best["learning-rate"].to_string()];
    place.ok(&[&again[..], &options[..]].concat());
    let repeated = place.json(&["evaluate", "again.safetensors", "flowers.csv", "--json"]);
    assert_eq!((&evaluated["error"], &evaluated["cost"]), (&repeated["error"], &repeated["cost"]));

    let left = ["flowers.csv", "again.safetensors", "sweep.safetensors", "sweep.sqlite", "sweep.toml"];
    assert_eq!(place.files(), left.map(str::to_owned).into());
    let reported = place.json(&["sweep", "report", "sweep.sqlite", "--json", "--html", "sweep.html"]);
    assert_eq!(reported, found);
    let page = String::from_utf8(place.read("sweep.html")).unwrap();
    assert!(page.contains("\"learning-rate\"") && !page.contains("https://"));

    // Complete as it is, it does nothing more.
    let repeated = place.json(&["sweep", "sweep.toml", "--json", "--quiet", "--jobs", "1"]);
    assert_eq!(repeated, found);
}

#[test]
fn results_do_not_depend_on_how_many_train_at_a_time() {
    let sweep = |jobs| {
        let place = Place::with_flowers();
        place.write("sweep.toml", HALVING);
        without_times(place.json(&["sweep", "sweep.toml", "--json", "--quiet", "--jobs", jobs]))
    };
    assert_eq!(sweep("1"), sweep("3"));
}

#[test]
fn a_killed_sweep_goes_on_to_the_same_results() {
    let text = "method = \"grid\"\n[train]\nhidden = [30]\nepochs = 6\n[vary]\nl1 = [0.0, 1e-4, 1e-3]\nseed = [1, 2]\n";
    let whole = Place::with_flowers();
    whole.write("sweep.toml", text);
    let expected = whole.json(&["sweep", "sweep.toml", "--json", "--quiet"]);

    let killed = Place::with_flowers();
    killed.write("sweep.toml", text);
    let mut kills = 0;
    for wait in [60, 120, 240, 480] {
        let mut child = killed.truezero(&["sweep", "sweep.toml", "--quiet"]).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(wait));
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            kills += 1;
        }
        child.wait().unwrap();
    }
    assert!(kills > 0, "no sweep was ever killed");
    let found = killed.json(&["sweep", "sweep.toml", "--json", "--quiet"]);
    assert_eq!(without_times(found), without_times(expected));
    assert_eq!(killed.read("sweep.safetensors"), whole.read("sweep.safetensors"));
}

#[test]
fn what_a_training_warns_of_is_told_of_each_trial() {
    let place = Place::with_flowers();
    let table = String::from_utf8(place.read("flowers.csv")).unwrap();
    let mut lines = table.lines();
    let mut dated = format!("{},day\n", lines.next().unwrap());
    dated.extend(lines.enumerate().map(|(day, line)| format!("{line},2020-01-{:02}\n", day % 28 + 1)));
    place.write("dated.csv", dated);
    let text = "method = \"grid\"\n[train]\ndata = \"dated.csv\"\ntarget = \"kind\"\nhidden = [8]\nepochs = 1\n\
                learning-rate = 1e-6\n[vary]\nseed = [1, 2]\n";
    place.write("sweep.toml", text);
    let found = place.json(&["sweep", "sweep.toml", "--json", "--quiet", "--jobs", "1"]);
    for trial in trials(&found) {
        let seed = trial["options"]["seed"].to_string();
        let train = ["train", "dated.csv", "--target", "kind", "--hidden", "8", "--epochs", "1", "--quiet"];
        let alone =
            place.json(&[&train[..], &["--learning-rate", "1e-6", "--json", "--seed", &seed]].concat());
        assert_eq!(trial["warnings"], alone["warnings"], "{found}");
        assert!(trial["warnings"][0]["place"].as_str().unwrap().contains("day"), "{found}");
        assert!(trial["message"].is_null(), "{found}");
    }
    let report = place.json(&["sweep", "report", "sweep.sqlite", "--json"]);
    assert_eq!(report["trials"][1]["warnings"], found["trials"][1]["warnings"]);
    let report = place.ok(&["sweep", "report", "sweep.sqlite"]);
    assert_eq!(report.matches("column \"day\"").count(), 1, "{report}");
}

#[test]
fn what_fails_is_told_and_the_rest_goes_on() {
    let place = Place::with_flowers();
    let text = "method = \"grid\"\n[train]\ndata = \"flowers.csv\"\ntarget = \"kind\"\nhidden = [8]\nepochs = 1\n\
                [vary]\ndropout = [[0.1], [0.1, 0.2]]\n";
    place.write("sweep.toml", text);
    let found = place.json(&["sweep", "sweep.toml", "--json", "--quiet"]);
    let states: Vec<&Value> = trials(&found).iter().map(|trial| &trial["state"]).collect();
    assert_eq!(states, ["done", "failed"]);
    assert!(found["trials"][1]["message"].as_str().unwrap().starts_with("option dropout: "), "{found}");

    // Another sweep does not write into these results.
    place.write("other.toml", text.replace("0.2", "0.3"));
    let refused = place.error(&["sweep", "other.toml"]);
    assert!(refused.contains("holds the results of another sweep"), "{refused}");
    place.write("typo.toml", text.replace("hidden", "hiden"));
    let refused = place.error(&["sweep", "typo.toml", "--out", "typo.sqlite"]);
    assert!(
        refused.contains("typo.toml: unknown key \"hiden\"") && refused.contains("\"hidden\""),
        "{refused}"
    );
    place.write(
        "notes.txt",
        "no database, but longer than the header that one would have at its beginning".repeat(9),
    );
    let refused = place.error(&["sweep", "report", "notes.txt"]);
    assert!(refused.contains("cannot find a sweep in notes.txt"), "{refused}");
    assert!(!place.files().contains("typo.sqlite"));
}
