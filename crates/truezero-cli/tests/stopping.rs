//! Interrupts, crashes and threads do not change a model.
#![cfg(unix)]

mod common;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use common::Place;
use serde_json::Value;

const CHECKPOINT: &str = "model.safetensors.checkpoint";
const TRAIN: [&str; 13] = [
    "train",
    "flowers.csv",
    "--target",
    "kind",
    "--hidden",
    "40,40",
    "--epochs",
    "60",
    "--patience",
    "0",
    "--optimizer",
    "momentum",
    "--json",
];

/// A different number each time.
fn random(below: u64) -> u64 {
    RandomState::new().hash_one(0) % below
}

/// A running training and what it says on standard error.
struct Running {
    child: Child,
    lines: BufReader<ChildStderr>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap());
        Self { child, lines }
    }

    /// Reads on until a line starts like this; false if none does before the end.
    fn wait_for(&mut self, start: &str) -> bool {
        let mut line = String::new();
        while self.lines.read_line(&mut line).unwrap() > 0 {
            if line.starts_with(start) {
                return true;
            }
            line.clear();
        }
        false
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }
}

#[test]
fn a_killed_training_goes_on_to_the_same_bytes() {
    let place = Place::with_flowers();
    place.ok(&[&TRAIN[..], &["--out", "whole.safetensors"]].concat());
    let mut kills = 0;
    loop {
        let resume: &[&str] = if place.path(CHECKPOINT).exists() { &["--resume"] } else { &[] };
        let mut running = Running::start(place.truezero(&[&TRAIN[..], resume].concat()));
        if kills < 5 {
            // At any moment from before the first epoch to in the midst of writing a checkpoint.
            for _ in 0..random(8) {
                running.wait_for("epoch ");
            }
            std::thread::sleep(Duration::from_micros(random(20_000)));
            let _ = running.child.kill();
        }
        std::io::copy(&mut running.lines, &mut std::io::sink()).unwrap();
        let status = running.child.wait().unwrap();
        // One that was done before it could be killed shows nothing: another one then.
        match (status.success(), kills) {
            (true, 0) => {}
            (true, _) => break,
            _ => {
                assert_eq!(status.signal(), Some(9), "{status}");
                kills += 1;
            }
        }
    }
    assert!(place.read("model.safetensors") == place.read("whole.safetensors"), "after {kills} kills");
    assert!(!place.path(CHECKPOINT).exists());
}

#[test]
fn an_interrupt_saves_and_resuming_gives_the_same_bytes() {
    let place = Place::with_flowers();
    place.ok(&[&TRAIN[..], &["--out", "whole.safetensors"]].concat());
    // More epochs than there is time for; their number may change when resuming.
    let endless = [&TRAIN[..], &["--epochs", "1000000"]].concat();
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let mut running = Running::start(place.truezero(&endless));
        assert!(running.wait_for("epoch 2/"));
        running.signal(signal);
        assert!(running.wait_for("interrupted: saving"));
        assert!(running.wait_for("interrupted after "));
        assert!(running.wait_for("hint: the same command with --resume"));
        let output = running.child.wait_with_output().unwrap();
        // So that what was to come after it in a shell does not.
        assert_eq!(output.status.code(), Some(code));
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(document["stopped"], "interrupted");
        let done = document["epochs"].as_u64().unwrap();
        assert!(done >= 2);
        // The model of an interrupted training is a model.
        place.ok(&["evaluate", "model.safetensors", "flowers.csv"]);
        assert!(place.path(CHECKPOINT).exists());
        if done < 60 {
            place.ok(&[&TRAIN[..], &["--resume"]].concat());
            assert!(place.read("model.safetensors") == place.read("whole.safetensors"), "{signal}");
        }
    }
}

#[test]
fn a_streamed_training_goes_on_with_its_own_data_only() {
    let place = Place::with_flowers();
    let stream = ["--stream", "--shuffle-buffer", "50", "--validation", "1", "--test-fraction", "0"];
    let train = [&TRAIN[..], &stream].concat();
    place.ok(&[&train[..], &["--out", "whole.safetensors"]].concat());
    let mut running = Running::start(place.truezero(&[&train[..], &["--epochs", "1000000"]].concat()));
    assert!(running.wait_for("epoch 2/"));
    running.signal("-INT");
    let output = running.child.wait_with_output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();

    let resume = [&train[..], &["--resume"]].concat();
    let table = String::from_utf8(place.read("flowers.csv")).unwrap();
    let lines: Vec<&str> = table.lines().collect();
    // At most one of them is the one held out, which alone is in memory.
    for line in [5, 90] {
        let other = lines[line].replacen('.', "", 1);
        place.write("flowers.csv", table.replace(lines[line], &other));
        let refused = place.error(&resume);
        assert!(refused.contains("data: expected the examples of this training"), "{refused}");
    }
    place.write("flowers.csv", &table);
    let refused = place.error(&[&resume[..], &["--shuffle-buffer", "60"]].concat());
    assert!(refused.contains("as many of them in memory together"), "{refused}");
    if document["epochs"].as_u64().unwrap() < 60 {
        place.ok(&resume);
        assert!(place.read("model.safetensors") == place.read("whole.safetensors"));
    }
}

#[test]
fn an_interrupted_experiment_goes_on_where_it_stopped() {
    let place = Place::new();
    let mut running = Running::start(place.truezero(&["paper", "interpolation", "--quick"]));
    assert!(running.wait_for("interpolation 1/"));
    running.signal("-INT");
    assert!(running.wait_for("error: stopped before the end"));
    assert!(running.wait_for("hint: the same command goes on from there"));
    assert_eq!(running.child.wait().unwrap().code(), Some(130));
    let files = std::fs::read_dir(place.path("paper/networks")).unwrap();
    let records = files.filter(|file| file.as_ref().unwrap().path().extension().unwrap() == "json");
    let trained = records.count();
    assert!(trained >= 1);

    let mut running = Running::start(place.truezero(&["paper", "interpolation", "--quick"]));
    assert!(running.wait_for(&format!("interpolation {}/", trained + 1)), "the first are there");
    running.signal("-KILL");
    running.child.wait().unwrap();
}

#[test]
fn a_second_interrupt_ends_at_once() {
    let place = Place::new();
    let train = ["train", "--hidden", "1000,1000", "--batch-size", "200", "--epochs", "1000"];
    for _ in 0..10 {
        let mut running = Running::start(place.truezero(&train));
        assert!(running.wait_for("epoch 1/"));
        // Both arrive together, most times before the mini-batch ends and all is saved.
        ["-STOP", "-INT", "-TERM", "-CONT"].iter().for_each(|signal| running.signal(signal));
        std::io::copy(&mut running.lines, &mut std::io::sink()).unwrap();
        let output = running.child.wait_with_output().unwrap();
        assert!(matches!(output.status.code(), Some(130 | 143)), "{}", output.status);
        // If not, the second one came too late.
        if output.stdout.is_empty() {
            return;
        }
    }
    panic!("no second interrupt was heard");
}

#[test]
fn threads_do_not_change_a_model() {
    let place = Place::new();
    let train = |out: &str, threads: &str| {
        let options =
            ["train", "--hidden", "200,100", "--epochs", "1", "--quiet", "--out", out, "--threads", threads];
        place.ok(&options);
        place.read(out)
    };
    assert!(train("one.st", "1") == train("two.st", "2"));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let place = Place::with_flowers();
    place.train(&["flowers.csv", "--target", "kind"]);
    let bytes = "4,3,2,1,white\n".repeat(20_000);
    place.write("many.csv", format!("sepal,petal,height,scent,colour\n{bytes}"));
    let script = "\"$0\" predict model.safetensors many.csv | head -n 1";
    let output = place
        .command("bash")
        .args(["-o", "pipefail", "-c", script, env!("CARGO_BIN_EXE_truezero")])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(output.status.success());
    assert!(output.stdout.starts_with(b"label,"));
}

/// Interrupts a command once it has said a line that begins so, and checks that its exit code tells by what.
fn broken_off(place: &Place, arguments: &[&str], begun: &str) {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let mut running = Running::start(place.truezero(arguments));
        assert!(running.wait_for(begun), "{arguments:?}");
        running.signal(signal);
        // Read on, or the pipe fills up.
        std::io::copy(&mut running.lines, &mut std::io::sink()).unwrap();
        let status = running.child.wait().unwrap();
        assert_eq!(status.code(), Some(code), "{arguments:?} after {signal}");
    }
}

#[test]
fn the_exit_code_of_every_long_work_tells_that_it_was_broken_off() {
    let place = Place::with_flowers();
    let pretrain =
        ["pretrain", "flowers.csv", "--ignore", "kind", "--hidden", "20", "--pretrain-patience", "0"];
    broken_off(
        &place,
        &[&pretrain[..], &["--pretrain-epochs", "1000000", "--out", "encoder.safetensors"]].concat(),
        "layer 1/1, epoch 2/",
    );

    let text = "method = \"grid\"\n[train]\ndata = \"flowers.csv\"\ntarget = \"kind\"\nhidden = [8]\nepochs = 2\n\
                [vary]\nseed = { low = 1, high = 2 }\n";
    let seeds: Vec<String> = (0..2000).map(|seed| seed.to_string()).collect();
    place.write("sweep.toml", text.replace("{ low = 1, high = 2 }", &format!("[{}]", seeds.join(", "))));
    broken_off(&place, &["sweep", "sweep.toml"], "trial ");

    place.ok(&["train", "flowers.csv", "--target", "kind", "--hidden", "8", "--epochs", "1", "--quiet"]);
    std::fs::create_dir(place.path("parts")).unwrap();
    let flowers = place.read("flowers.csv");
    (0..3000).for_each(|part| place.write(&format!("parts/{part:04}.csv"), &flowers));
    let model = ["model.safetensors", "parts", "--stream"];
    for verb in ["predict", "encode"] {
        let out = format!("{verb}.parts");
        broken_off(&place, &[&[verb][..], &model, &["--out", &out]].concat(), "150 of 450000 examples");
    }
}
