//! Bad input is told with its place, fails with exit code 1 and leaves no file behind.

mod common;

use common::{Place, failed, flowers};

const QUICK: [&str; 4] = ["--hidden", "5", "--epochs", "1"];

impl Place {
    fn refused(&self, arguments: &[&str], message: &str) {
        let found = self.error(&[&["train"], arguments, &QUICK].concat());
        assert!(found.contains(message), "{arguments:?}: expected {message:?} in\n{found}");
    }
}

#[test]
fn data_that_cannot_be_learned() {
    let place = Place::with_flowers();
    place.refused(
        &["flowers.csv", "--target", "color"],
        "target \"color\": expected one of the columns sepal, petal",
    );
    place.refused(&["flowers.csv"], "hint: name a column with --target, or a file with --labels");
    place.refused(
        &["flowers.csv", "--target", "kind", "--weight-column", "colour"],
        "weight column \"colour\"",
    );
    place.refused(&["flowers.csv", "--target", "kind", "--class-weight", "rose=2"], "\"rose\"");
    place.refused(
        &["flowers.csv", "--target", "kind", "--task", "regress"],
        "flowers.csv: line 2, column \"kind\": expected a number, for the task regress, found \"aster\"",
    );
    place.refused(&["flowers.csv", "--target", "kind", "--validation", "150"], "held-out part");
    place.refused(&["digits5k", "--target", "kind"], "expected a table");
    place.refused(
        &["roses"],
        "roses: no such file or folder\nhint: the names of data sets are digits5k, film-snippets, mnist",
    );
    place.refused(&["mnist"], "mnist: not fetched yet\nhint: truezero fetch mnist");
    place.write("one.csv", "a,b\n1,x\n2,x\n3,x\n4,x\n");
    place.refused(
        &["one.csv", "--target", "b"],
        "target \"b\" of one.csv: expected two classes or more, found only \"x\"",
    );
    place.write("ragged.csv", "a,b,c\n1,x,5\n2,y\n");
    place.refused(&["ragged.csv", "--target", "b"], "ragged.csv: line 3");
    place.write("infinite.csv", "a,b\n1,x\n2,y\ninf,x\n");
    place.refused(&["infinite.csv", "--target", "b"], "infinite.csv: line 4");
    place.write("empty.csv", "");
    place.refused(&["empty.csv", "--target", "b"], "empty.csv");
    place.write("overflow.svmlight", "1 1:0.5 99999999999:1\n");
    place.refused(&["overflow.svmlight"], "overflow.svmlight: line 1");
    place.write(
        "short.npy",
        &b"\x93NUMPY\x01\0\x46\0{'descr': '<f4', 'fortran_order': False, 'shape': (9, 9)}"[..],
    );
    place.refused(&["short.npy", "--labels", "flowers.csv"], "short.npy");
}

#[test]
fn options_that_cannot_be() {
    let place = Place::with_flowers();
    for (options, message) in [
        (&["--epochs", "0"][..], "error: option epochs: expected at least 1, found 0"),
        (&["--learning-rate", "nan"], "error: option learning-rate"),
        (&["--dropout", "0.1,0.2"], "error: option dropout"),
        (&["--activation", "relu7"], "expected an activation"),
        (&["--hidden", "10,,10"], "invalid value '10,,10' for '--hidden"),
        (&["--hidden", "10000000000000000000000"], "invalid value"),
        (&["--validation", "1.5"], "a fraction between 0 and 1"),
        (&["--threads", "0"], "invalid value '0' for '--threads"),
    ] {
        let output = place.run(&[&["train", "flowers.csv", "--target", "kind"], options].concat());
        let found = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{options:?}: {found}");
        assert!(found.contains(message), "{options:?}: {found}");
    }
}

#[test]
fn configuration_files_that_cannot_be() {
    let place = Place::with_flowers();
    for (text, message) in [
        ("epoch = 3", "error: c.toml: unknown key \"epoch\"\nhint: a similar key exists: \"epochs\"\n"),
        ("epochs = \"many\"", "error: c.toml: key \"epochs\": invalid value 'many'"),
        ("seed = 1\nepochs = = 1", "error: c.toml: line 2: "),
        ("optimizer = {}", "error: c.toml: key \"optimizer\": expected a number"),
    ] {
        place.write("c.toml", text);
        let found = place.error(&["train", "--config", "c.toml"]);
        assert!(found.starts_with(message), "{text}: {found}");
    }
    let found = place.error(&["train", "--config", "none.toml"]);
    assert!(found.starts_with("error: cannot read none.toml: "), "{found}");
}

#[test]
fn models_and_data_that_do_not_belong_together() {
    let place = Place::with_flowers();
    place.train(&["flowers.csv", "--target", "kind"]);
    let refused = |arguments: &[&str], message: &str| {
        let found = place.error(arguments);
        assert!(found.contains(message), "{arguments:?}: expected {message:?} in\n{found}");
    };
    place.write("rose.csv", flowers(9, 7).replace("briar", "rose"));
    refused(&["evaluate", "model.safetensors", "rose.csv"], "\"rose\", which was not seen in training");
    place.write("narrow.csv", "sepal,petal\n1,2\n");
    refused(&["predict", "model.safetensors", "narrow.csv"], "height");
    place.write("unlabelled.csv", "sepal,petal,height,scent,colour\n1,2,3,4,white\n");
    refused(&["evaluate", "model.safetensors", "unlabelled.csv"], "target \"kind\"");
    refused(&["predict", "model.safetensors", "digits5k"], "a matrix of 784 columns");
    refused(
        &["evaluate", "model.safetensors", "flowers.csv", "--part", "test"],
        "expected a test part, found none",
    );
    refused(
        &["encode", "model.safetensors", "flowers.csv", "--layer", "3"],
        "hidden layer: expected 1 to 2, found 3",
    );
    refused(
        &["encode", "model.safetensors", "flowers.csv", "--layer", "0"],
        "hidden layer: expected 1 to 2, found 0",
    );
    refused(&["inspect", "none.st"], "cannot read none.st: ");
    refused(&["inspect", "flowers.csv"], "flowers.csv: header: expected a safetensors file");
    let whole = place.read("model.safetensors");
    place.write("cut.st", &whole[..whole.len() / 2]);
    refused(&["evaluate", "cut.st", "flowers.csv"], "cut.st: ");
    let mut lying = whole;
    lying[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    place.write("lying.st", lying);
    refused(&["inspect", "lying.st"], "lying.st: ");
}

#[test]
fn files_that_cannot_be_written() {
    let place = Place::with_flowers();
    std::fs::create_dir(place.path("folder")).unwrap();
    let train = ["flowers.csv", "--target", "kind", "--out"];
    let refused = |out: &str, message: &str| place.refused(&[&train[..], &[out]].concat(), message);
    refused("folder", "cannot write folder: expected a file, found a folder");
    refused("missing/m.st", "cannot write missing/m.st: there is no folder missing");
    refused("/dev/full", "cannot write /dev/full: No space left on device");
    refused("flowers.csv/m.st", "cannot write flowers.csv/m.st: ");
    place.train(&["flowers.csv", "--target", "kind"]);
    let found = place.error(&["predict", "model.safetensors", "flowers.csv", "--out", "missing/p.csv"]);
    assert!(found.starts_with("error: cannot write missing/p.csv: "), "{found}");
    let found = place.error(&["encode", "model.safetensors", "flowers.csv", "--out", "missing/c.npz"]);
    assert!(found.starts_with("error: cannot write missing/c.npz: "), "{found}");
}

/// Runs a command that may write no file of more than some kilobytes, as if the disk were full.
#[cfg(unix)]
fn with_full_disk(place: &Place, arguments: &[&str]) -> String {
    let before = place.files();
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"";
    let mut command = place.command("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_truezero")]).args(arguments);
    let output = command.output().unwrap();
    assert_eq!(place.files(), before, "{arguments:?} leaves files as they are");
    failed(arguments, &output)
}

#[cfg(unix)]
#[test]
fn a_disk_that_is_full() {
    let place = Place::new();
    place.write("flowers.csv", flowers(150, 1));
    let found = with_full_disk(
        &place,
        &["train", "flowers.csv", "--target", "kind", "--hidden", "90,90", "--epochs", "1", "--quiet"],
    );
    assert!(found.starts_with("error: cannot write model.safetensors"), "{found}");
    place.train(&["flowers.csv", "--target", "kind"]);
    let old = place.read("model.safetensors");
    let found = with_full_disk(
        &place,
        &["train", "flowers.csv", "--target", "kind", "--hidden", "90,90", "--epochs", "1", "--quiet"],
    );
    assert!(found.starts_with("error: cannot write model.safetensors"), "{found}");
    assert!(old == place.read("model.safetensors"), "the old model is still there");
    place.write("many.csv", flowers(3000, 2));
    for (verb, out) in [("predict", "p.csv"), ("encode", "c.npz")] {
        let found = with_full_disk(&place, &[verb, "model.safetensors", "many.csv", "--out", out]);
        assert!(found.starts_with(&format!("error: cannot write {out}: ")), "{found}");
    }
    if std::path::Path::new("/dev/full").exists() {
        let mut command = place.truezero(&["evaluate", "model.safetensors", "flowers.csv", "--json"]);
        let output = command.stdout(std::fs::File::create("/dev/full").unwrap()).output().unwrap();
        let found = failed(&["evaluate"], &output);
        assert!(found.starts_with("error: cannot write standard output: "), "{found}");
    }
}

#[test]
fn checkpoints_that_do_not_fit() {
    let place = Place::with_flowers();
    let train = ["flowers.csv", "--target", "kind", "--resume"];
    place.refused(
        &train,
        "no training of model.safetensors to resume: model.safetensors.checkpoint does not exist",
    );
    place.write("model.safetensors.checkpoint", "not one");
    place.refused(&train, "model.safetensors.checkpoint: header: expected a safetensors file");
}

#[test]
fn a_training_that_diverges_keeps_its_last_good_weights() {
    let place = Place::new();
    place.write("prices.csv", common::prices(100, 1));
    let train =
        ["train", "prices.csv", "--target", "y", "--hidden", "30,30", "--activation", "identity", "--quiet"];
    let output = place.run(&[&train[..], &["--learning-rate", "1000"]].concat());
    let message = failed(&train, &output);
    assert!(message.starts_with("error: training diverged in epoch 1, "), "{message}");
    assert!(message.contains("\nhint: lower the learning rate"), "{message}");
    assert_eq!(place.files(), ["prices.csv".to_owned()].into(), "no epoch, no model");
}
