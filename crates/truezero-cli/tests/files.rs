//! What is written never destroys what is read, nor what is not ours.
#![cfg(unix)]

mod common;

use std::fs::{self, File, Permissions};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::process::{Command, Stdio};

use common::{Place, failed, succeeded};

const TRAIN: [&str; 9] =
    ["train", "flowers.csv", "--target", "kind", "--hidden", "5", "--epochs", "1", "--quiet"];
const SWEEP: &str = "method = \"grid\"\n[train]\ndata = \"flowers.csv\"\ntarget = \"kind\"\nhidden = [5]\n\
                     epochs = 1\n[vary]\nseed = [1, 2]\n";

/// A place with data, a model of it, its ONNX file and what else verbs read.
fn place() -> Place {
    let place = Place::with_flowers();
    place.ok(&TRAIN);
    place.ok(&["export", "model.safetensors", "--onnx", "model.onnx"]);
    place.ok(&["pretrain", "flowers.csv", "--hidden", "5", "--pretrain-epochs", "1", "--quiet"]);
    place.write("inputs.npy", npy(10));
    place.write("labels.txt", "1\n2\n".repeat(5));
    place.write("more.csv", common::flowers(20, 7));
    place.write("options.toml", "epochs = 1\n");
    place.write("sweep.toml", SWEEP);
    place
}

/// A matrix of two columns.
fn npy(rows: usize) -> Vec<u8> {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, 2), }}");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(((header.len() + 1) as u16).to_le_bytes());
    bytes.extend(header.bytes().chain(*b"\n"));
    bytes.extend((0..rows * 2).flat_map(|at| (at as f32).to_le_bytes()));
    bytes
}

#[test]
fn no_output_is_an_input_whatever_it_is_called() {
    let place = place();
    fs::hard_link(place.path("flowers.csv"), place.path("hard.csv")).unwrap();
    symlink("flowers.csv", place.path("soft.csv")).unwrap();
    let unread: Vec<&str> = vec!["inputs.npy", "--labels", "labels.txt"];
    let with = |data: &[&'static str], more: &[&'static str]| [&TRAIN[..1], data, &TRAIN[4..], more].concat();
    let flowers = |more: &[&'static str]| with(&["flowers.csv", "--target", "kind"], more);
    let calls: Vec<(Vec<&str>, &str)> = vec![
        (flowers(&["--out", "flowers.csv"]), "the data"),
        (flowers(&["--out", "./flowers.csv"]), "the data"),
        (flowers(&["--out", "hard.csv"]), "the data"),
        (flowers(&["--out", "soft.csv"]), "the data"),
        (flowers(&["--test", "more.csv", "--out", "more.csv"]), "the test data"),
        (flowers(&["--config", "options.toml", "--out", "options.toml"]), "the configuration"),
        (with(&unread, &["--out", "labels.txt"]), "the file of targets"),
        (with(&unread, &["--out", "inputs.npy"]), "the data"),
        (
            vec![
                "train",
                "flowers.csv",
                "--target",
                "kind",
                "--from",
                "encoder.safetensors",
                "--out",
                "encoder.safetensors",
            ],
            "the model to start from",
        ),
        (flowers(&["--pretrain", "--unlabelled", "more.csv", "--out", "more.csv"]), "the unlabelled data"),
        (vec!["pretrain", "flowers.csv", "--out", "flowers.csv"], "the data"),
        (vec!["predict", "model.safetensors", "more.csv", "--out", "more.csv"], "the data"),
        (vec!["predict", "model.safetensors", "more.csv", "--out", "model.safetensors"], "the model"),
        (vec!["encode", "model.safetensors", "more.csv", "--out", "model.safetensors"], "the model"),
        (vec!["encode", "model.safetensors", "more.csv", "--out", "more.csv"], "the data"),
        (vec!["export", "model.safetensors", "--onnx", "model.safetensors"], "the model"),
        (vec!["import", "model.onnx", "--out", "model.onnx"], "the ONNX file"),
        (vec!["sweep", "sweep.toml", "--out", "flowers.csv"], "the data"),
        (vec!["sweep", "sweep.toml", "--out", "sweep.toml"], "the sweep's file"),
    ];
    let contents = |place: &Place| -> Vec<_> {
        place
            .files()
            .into_iter()
            .map(|name| (name.clone(), fs::metadata(place.path(&name)).unwrap().ino(), place.read(&name)))
            .collect()
    };
    let before = contents(&place);
    for (call, role) in calls {
        // Not even by force.
        for force in [&[][..], &["--force"]] {
            let refused = place.error(&[&call[..], force].concat());
            assert!(refused.contains("cannot write ") && refused.contains(role), "{call:?}: {refused}");
            assert!(refused.contains("which would be lost\nhint: "), "{call:?}: {refused}");
            assert!(contents(&place) == before, "{call:?} changed a file");
        }
    }
    // Standard input is an input too, where it is a file.
    let script = "\"$0\" train /dev/stdin --target kind --out flowers.csv < flowers.csv";
    let output = place.command("sh").args(["-c", script, env!("CARGO_BIN_EXE_truezero")]).output().unwrap();
    assert!(failed(&[script], &output).contains("flowers.csv"));
    assert!(contents(&place) == before);
}

#[test]
fn no_output_becomes_a_piece_of_a_stream() {
    let place = place();
    fs::create_dir(place.path("parts")).unwrap();
    for part in ["parts/a.csv", "parts/b.csv"] {
        place.write(part, common::flowers(60, 3));
    }
    let stream = |data: &'static str| {
        ["train", data, "--target", "kind", "--stream", "--hidden", "5", "--epochs", "1"]
    };
    let refused = |call: &[&str]| {
        let refused = place.error(call);
        assert!(refused.contains("it would be one of the files of parts"), "{call:?}: {refused}");
        assert_eq!(fs::read_dir(place.path("parts")).unwrap().count(), 2, "{call:?}");
    };
    refused(&[&stream("parts")[..], &["--out", "parts/model.safetensors"]].concat());
    refused(&[&stream("parts/*")[..], &["--out", "parts/model.safetensors"]].concat());
    refused(&[&stream("parts")[..], &["--log-dir", "parts"]].concat());
    refused(&["predict", "model.safetensors", "parts", "--stream", "--out", "parts"]);
    refused(&["encode", "model.safetensors", "parts/*", "--stream", "--out", "parts"]);
    refused(&["predict", "model.safetensors", "parts", "--stream", "--out", "parts/more"]);
    // Where the pattern leaves it out, it is no piece.
    place.ok(&[&stream("parts/*.csv")[..], &["--out", "parts/model.safetensors"]].concat());
}

#[test]
fn what_is_not_ours_is_replaced_by_force_only() {
    let place = place();
    place.write("notes.txt", "years of work");
    let verbs: [&[&str]; 6] = [
        &[&TRAIN[..], &["--out", "notes.txt"]].concat(),
        &["pretrain", "flowers.csv", "--hidden", "5", "--pretrain-epochs", "1", "--out", "notes.txt"],
        &["import", "model.onnx", "--out", "notes.txt"],
        &["export", "model.safetensors", "--onnx", "notes.txt"],
        &["predict", "model.safetensors", "more.csv", "--out", "notes.txt"],
        &["encode", "model.safetensors", "more.csv", "--out", "notes.txt"],
    ];
    for verb in verbs {
        place.write("notes.txt", "years of work");
        let refused = place.error(verb);
        assert!(refused.contains("cannot write notes.txt: what is there is not "), "{verb:?}: {refused}");
        assert!(refused.contains("--force"), "{verb:?}: {refused}");
        assert_eq!(place.read("notes.txt"), b"years of work");
        place.ok(&[verb, &["--force"]].concat());
        // And what is an earlier result is replaced without.
        place.ok(verb);
    }
    // A matrix as scipy writes it, and a table, are no results of ours.
    place.write("data.csv", "x,y\n1,2\n");
    let refused = place.error(&["predict", "model.safetensors", "more.csv", "--out", "data.csv"]);
    assert!(refused.contains("not a table of predictions"), "{refused}");
    // An empty file has nothing to lose.
    place.write("empty", "");
    place.ok(&["predict", "model.safetensors", "more.csv", "--out", "empty"]);
    fs::set_permissions(place.path("empty"), Permissions::from_mode(0o444)).unwrap();
    assert!(
        place.error(&["predict", "model.safetensors", "more.csv", "--out", "empty"]).contains("read-only")
    );
}

#[test]
fn a_model_that_is_replaced_is_told_in_a_line() {
    let place = place();
    let output = place.run(&TRAIN);
    succeeded(&TRAIN, &output);
    let told = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = told.lines().filter(|line| line.contains("model.safetensors")).collect();
    assert_eq!(lines, ["will replace model.safetensors (trained on flowers.csv, 1 epoch)"], "{told}");
}

#[test]
fn another_database_is_neither_replaced_nor_changed() {
    let place = place();
    place.ok(&["sweep", "sweep.toml", "--quiet"]);
    let python =
        "import sqlite3; c = sqlite3.connect('other.sqlite'); c.execute('create table t (x)'); c.commit()";
    let made = place.command("python3").args(["-c", python]).status();
    if made.is_ok_and(|made| made.success()) {
        let before = place.read("other.sqlite");
        let refused = place.error(&["sweep", "sweep.toml", "--out", "other.sqlite"]);
        assert!(refused.contains("not the results of a sweep"), "{refused}");
        assert!(place.read("other.sqlite") == before);
    }
    place.write("notes.sqlite", "no database");
    let refused = place.error(&["sweep", "sweep.toml", "--out", "notes.sqlite"]);
    assert!(refused.contains("not the results of a sweep"), "{refused}");
    place.ok(&["sweep", "sweep.toml", "--out", "notes.sqlite", "--force", "--quiet"]);
    // Those of another sweep, by force: with nothing left of what SQLite kept beside them.
    place.write("sweep.toml", SWEEP.replace("[1, 2]", "[3]"));
    place.write("notes.sqlite-wal", b"\x37\x7f\x06\x82 of another one");
    let refused = place.run(&["sweep", "sweep.toml", "--out", "notes.sqlite"]);
    assert!(failed(&["sweep"], &refused).contains("another sweep"));
    let found = place.json(&["sweep", "sweep.toml", "--out", "notes.sqlite", "--force", "--json"]);
    assert_eq!(found["trials"].as_array().unwrap().len(), 1);

    // A folder of checkpoints that somebody else made is not taken.
    fs::create_dir(place.path("mine.sqlite.checkpoints")).unwrap();
    place.write("mine.sqlite.checkpoints/thesis.txt", "years of work");
    let output = place.run(&["sweep", "sweep.toml", "--out", "mine.sqlite"]);
    assert!(failed(&["sweep"], &output).contains("not made by truezero"));
    assert_eq!(place.read("mine.sqlite.checkpoints/thesis.txt"), b"years of work");
}

#[test]
fn what_stands_where_companions_go_is_neither_followed_nor_removed() {
    let place = place();
    let before = place.read("more.csv");
    let train = [&TRAIN[..], &["--out", "x.safetensors"]].concat();
    let checkpoint = "x.safetensors.checkpoint";
    let refused = |call: &[&str], what: &str| {
        for force in [&[][..], &["--force"]] {
            let refused = place.error(&[call, force].concat());
            assert!(refused.contains(what), "{call:?}: {refused}");
            assert!(place.read("more.csv") == before, "{call:?}");
        }
    };
    symlink("more.csv", place.path(checkpoint)).unwrap();
    refused(&train, "x.safetensors.checkpoint: it is a symbolic link");
    refused(&[&train[..], &["--resume"]].concat(), "x.safetensors.checkpoint: it is a symbolic link");
    fs::remove_file(place.path(checkpoint)).unwrap();
    place.write(checkpoint, "years of work");
    refused(&train, "x.safetensors.checkpoint: what is there is not a truezero checkpoint");
    assert_eq!(place.read(checkpoint), b"years of work");
    fs::remove_file(place.path(checkpoint)).unwrap();
    place.ok(&train);

    place.ok(&["sweep", "sweep.toml", "--quiet", "--out", "s.sqlite"]);
    for end in ["-wal", "-shm"] {
        let beside = format!("s.sqlite{end}");
        symlink("more.csv", place.path(&beside)).unwrap();
        refused(&["sweep", "sweep.toml", "--out", "s.sqlite"], &format!("{beside}: it is a symbolic link"));
        fs::remove_file(place.path(&beside)).unwrap();
        place.write(&beside, "years of work");
        refused(&["sweep", "sweep.toml", "--out", "s.sqlite"], &format!("{beside}: what is there is not "));
        fs::remove_file(place.path(&beside)).unwrap();
    }
    fs::create_dir(place.path("empty")).unwrap();
    symlink("empty", place.path("t.sqlite.checkpoints")).unwrap();
    let output = place.run(&["sweep", "sweep.toml", "--out", "t.sqlite"]);
    assert!(failed(&["sweep"], &output).contains("t.sqlite.checkpoints: it is a symbolic link"));
    assert_eq!(fs::read_dir(place.path("empty")).unwrap().count(), 0);
}

#[test]
fn two_outputs_of_one_sweep_cannot_share_a_name() {
    let place = place();
    for force in [&[][..], &["--force"]] {
        let refused = place.error(&[&["sweep", "sweep.toml", "--out", "s.safetensors"], force].concat());
        assert!(refused.contains("the name of the results and, beside them, of the best model"), "{refused}");
        assert!(refused.contains("hint: "), "{refused}");
    }
    // Nor can they share a file under two names.
    symlink("s.sqlite", place.path("s.safetensors")).unwrap();
    let output = place.run(&["sweep", "sweep.toml", "--out", "s.sqlite"]);
    assert!(failed(&["sweep"], &output).contains("this process is writing it already"));
}

#[test]
fn nothing_is_told_to_be_replaced_that_is_not() {
    let place = place();
    let calls: [&[&str]; 4] = [
        &["train", "flowers.csv", "--target", "none", "--out", "model.safetensors"],
        &["train", "none.csv", "--out", "model.safetensors"],
        &["pretrain", "none.csv", "--out", "encoder.safetensors"],
        &["import", "flowers.csv", "--out", "model.safetensors"],
    ];
    for call in calls {
        let output = place.run(call);
        failed(call, &output);
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(!told.contains("will replace") && !told.contains("overwritten"), "{call:?}: {told}");
    }
}

#[test]
fn curves_that_lie_beside_data_are_none_of_it() {
    let place = place();
    fs::create_dir(place.path("d")).unwrap();
    place.write("d/1.csv", common::flowers(60, 3));
    let train = [&["train", "d"], &TRAIN[2..], &["--out", "x.safetensors"]].concat();
    let refused = place.error(&[&train[..], &["--log-dir", "d"]].concat());
    assert!(refused.contains("it would be one of the files of d"), "{refused}");
    // From a training on other data.
    place.ok(&[&TRAIN[..], &["--log-dir", "d"]].concat());
    assert_eq!(fs::read_dir(place.path("d")).unwrap().count(), 2);
    place.ok(&train);
    place.ok(&[&train[..], &["--stream"]].concat());
}

#[test]
fn links_are_followed_and_modes_are_kept() {
    let place = place();
    fs::create_dir(place.path("elsewhere")).unwrap();
    symlink("elsewhere/real.safetensors", place.path("link.safetensors")).unwrap();
    let train = [&TRAIN[..], &["--out", "link.safetensors"]].concat();
    place.ok(&train);
    let real = place.path("elsewhere/real.safetensors");
    fs::set_permissions(&real, Permissions::from_mode(0o640)).unwrap();
    place.ok(&train);
    assert!(fs::symlink_metadata(place.path("link.safetensors")).unwrap().is_symlink());
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(place.read("elsewhere/real.safetensors") == place.read("model.safetensors"));
    assert_eq!(fs::read_dir(place.path("elsewhere")).unwrap().count(), 1, "nothing else is left behind");
    // One that leads nowhere, or in a circle.
    symlink("no/such", place.path("broken")).unwrap();
    symlink("circle", place.path("circle")).unwrap();
    assert!(place.error(&[&TRAIN[..], &["--out", "broken"]].concat()).contains("there is no folder"));
    assert!(place.error(&[&TRAIN[..], &["--out", "circle"]].concat()).contains("symbolic links without end"));
}

#[test]
fn the_owner_of_a_file_that_is_replaced_is_kept() {
    let place = Place::with_flowers();
    place.ok(&TRAIN);
    let model = place.path("model.safetensors");
    // Only root can give a file away; for others it stays their own.
    let given = std::os::unix::fs::chown(&model, Some(1234), Some(4321)).is_ok();
    fs::set_permissions(&model, Permissions::from_mode(0o660)).unwrap();
    let owner = |there: &fs::Metadata| (there.uid(), there.gid(), there.mode() & 0o777);
    let before = fs::metadata(&model).unwrap();
    place.ok(&[&TRAIN[..], &["--seed", "7"]].concat());
    let after = fs::metadata(&model).unwrap();
    assert_ne!(before.ino(), after.ino(), "another file stands there");
    assert_eq!(owner(&after), owner(&before));
    assert!(!given || owner(&after) == (1234, 4321, 0o660));
}

#[test]
fn devices_and_pipes_are_written_to_as_what_they_are() {
    let place = place();
    let expected = place.ok(&["predict", "model.safetensors", "more.csv"]);
    let predict = ["predict", "model.safetensors", "more.csv", "--out"];
    let output = place.run(&[&predict[..], &["/dev/stdout"]].concat());
    assert_eq!(succeeded(&predict, &output), expected);
    assert!(String::from_utf8_lossy(&output.stderr).contains("20 predictions in /dev/stdout"));
    // Redirected into a file, it goes on where the shell is.
    let script =
        "(echo before; \"$0\" predict model.safetensors more.csv --out /dev/stdout; echo after) > all.csv";
    place
        .command("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_truezero")])
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(String::from_utf8(place.read("all.csv")).unwrap(), format!("before\n{expected}after\n"));
    let output = place.run(&[&TRAIN[..], &["--out", "/dev/stdout"]].concat());
    assert!(output.status.success() && output.stdout == place.read("model.safetensors"));

    assert!(place.error(&[&predict[..], &["/dev/full"]].concat()).contains("No space left on device"));
    place.ok(&[&predict[..], &["/dev/null"]].concat());
    assert!(!fs::metadata("/dev/null").unwrap().is_file());

    let fifo = place.path("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let child = place.truezero(&[&predict[..], &["fifo"]].concat()).stdout(Stdio::null()).spawn().unwrap();
    let mut read = String::new();
    File::open(&fifo).unwrap().read_to_string(&mut read).unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    assert_eq!(read, expected);
    assert!(!fs::metadata(&fifo).unwrap().is_file(), "the pipe is still there");
}

#[test]
fn two_runs_with_one_output_know_of_each_other() {
    let place = Place::with_flowers();
    symlink("model.safetensors", place.path("alias.safetensors")).unwrap();
    let mut first = place
        .truezero(&["train", "flowers.csv", "--target", "kind", "--epochs", "1000000", "--patience", "0"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(first.stderr.take().unwrap()));
    assert!(lines.any(|line| line.unwrap().starts_with("epoch 1/")));
    for out in ["model.safetensors", "alias.safetensors"] {
        let output = place.run(&[&TRAIN[..], &["--out", out]].concat());
        let refused = failed(&TRAIN, &output);
        let expected = format!("cannot write {out}: another run is writing it, process {}", first.id());
        assert!(refused.contains(&expected), "{refused}");
    }
    first.kill().unwrap();
    first.wait().unwrap();
    // What the dead one left is in nobody's way, and gone after the next run.
    place.write(".truezero-a1b2c3", "half of a model");
    place.ok(&TRAIN);
    let left: Vec<String> = place.files().into_iter().filter(|name| name.starts_with(".truezero")).collect();
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn a_file_that_grows_too_large_leaves_nothing() {
    let place = place();
    let before = place.files();
    let script = "ulimit -f 1; exec \"$0\" train flowers.csv --target kind --hidden 50,50 --epochs 1 --out large.safetensors";
    let output = place.command("bash").args(["-c", script, env!("CARGO_BIN_EXE_truezero")]).output().unwrap();
    let refused = failed(&[script], &output);
    assert!(refused.contains("cannot write large.safetensors: File too large"), "{refused}");
    let output = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.contains("warning: the training goes on without a checkpoint"), "{output}");
    assert_eq!(place.files(), before);
}
