//! No verb writes over a file of what it reads, whatever that consists of, not even by force.
#![cfg(unix)]

mod common;

use std::fs;
use std::os::unix::fs::symlink;

use common::{Place, failed, flowers};

const NETWORK: [&str; 5] = ["--hidden", "5", "--epochs", "1", "--quiet"];

/// A grey PNG image of 2 × 2 pixels, by its pixels.
fn png(pixels: [u8; 4]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let image = image::GrayImage::from_raw(2, 2, pixels.to_vec()).unwrap();
    image.write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
    bytes
}

fn idx(shape: &[u32], values: usize) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, shape.len() as u8];
    bytes.extend(shape.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend((0..values).map(|at| (at % 2) as u8));
    bytes
}

/// A place with the same data in a folder, images by class, and IDX files, and a model of each.
fn place() -> Place {
    let place = Place::with_flowers();
    for folder in ["d", "img", "img/a", "img/b", "mn", "linked"] {
        fs::create_dir(place.path(folder)).unwrap();
    }
    for (at, name) in ["d/1.csv", "d/2.csv", "far.csv"].into_iter().enumerate() {
        place.write(name, flowers(60, at as u64));
    }
    symlink("../far.csv", place.path("linked/1.csv")).unwrap();
    for class in ["a", "b"] {
        for at in 0..8 {
            place.write(&format!("img/{class}/{at}.png"), png([at * 9, 200 - at, class.as_bytes()[0], 3]));
        }
    }
    for (part, count) in [("train", 40_u32), ("t10k", 10)] {
        let pixels = count as usize * 4;
        place.write(&format!("mn/{part}-images-idx3-ubyte"), idx(&[count, 2, 2], pixels));
        place.write(&format!("mn/{part}-labels-idx1-ubyte"), idx(&[count], count as usize));
    }
    let train = |data: &[&str], out: &str| {
        place.ok(&[&["train"], data, &NETWORK, &["--out", out]].concat());
    };
    train(&["flowers.csv", "--target", "kind"], "m.safetensors");
    train(&["img"], "img.safetensors");
    train(&["mn"], "mn.safetensors");
    place
}

fn calls() -> Vec<(Vec<&'static str>, &'static str)> {
    let train = |data: &[&'static str]| [&["train"], data, &NETWORK].concat();
    let mut calls = Vec::new();
    for data in ["d", "d/*.csv", "./d/", "d/[12].csv"] {
        calls.push((vec!["predict", "m.safetensors", data], "d/1.csv"));
        calls.push((vec!["encode", "m.safetensors", data], "d/2.csv"));
        calls.push((vec!["pretrain", data, "--hidden", "5", "--pretrain-epochs", "1", "--quiet"], "d/1.csv"));
        calls.push((train(&[data, "--target", "kind"]), "d/1.csv"));
        calls.push((train(&[data, "--target", "kind", "--stream"]), "d/2.csv"));
        calls.push((train(&["flowers.csv", "--target", "kind", "--test", data]), "d/1.csv"));
        calls.push((
            train(&["flowers.csv", "--target", "kind", "--pretrain", "--unlabelled", data]),
            "d/2.csv",
        ));
    }
    for data in ["linked", "linked/*"] {
        calls.push((vec!["predict", "m.safetensors", data], "far.csv"));
        calls.push((train(&[data, "--target", "kind"]), "far.csv"));
        calls.push((train(&[data, "--target", "kind", "--stream"]), "far.csv"));
    }
    for out in ["img/a/0.png", "img/b/7.png"] {
        calls.push((vec!["predict", "img.safetensors", "img"], out));
        calls.push((train(&["img"]), out));
    }
    for out in ["mn/train-images-idx3-ubyte", "mn/t10k-images-idx3-ubyte", "mn/t10k-labels-idx1-ubyte"] {
        calls.push((vec!["predict", "mn.safetensors", "mn"], out));
        calls.push((train(&["mn"]), out));
        calls.push((vec!["encode", "mn.safetensors", "mn"], out));
    }
    calls
}

#[test]
fn no_file_of_a_folder_or_pattern_is_overwritten() {
    let place = place();
    for (call, out) in calls() {
        let before = place.read(out);
        let call = [&call[..], &["--out", out, "--force"]].concat();
        let refused = failed(&call, &place.run(&call));
        assert!(refused.contains(&format!("cannot write {out}: it is one of the files of ")), "{refused}");
        assert!(refused.contains("which would be lost\nhint: "), "{call:?}: {refused}");
        assert!(place.read(out) == before, "{call:?}");
    }
    // Beside images and IDX files, results are in nobody's way.
    for _ in 0..2 {
        place.ok(&[&["train", "img"], &NETWORK[..], &["--out", "img/model.safetensors"]].concat());
        place.ok(&["predict", "mn.safetensors", "mn", "--out", "mn/predictions.csv"]);
    }
}

#[test]
fn predictions_that_are_read_are_not_replaced_as_earlier_ones_are() {
    let place = Place::with_flowers();
    place.ok(&[&["train", "flowers.csv", "--target", "kind"], &NETWORK[..]].concat());
    fs::create_dir(place.path("st")).unwrap();
    for out in ["st/1.csv", "st/2.csv"] {
        place.ok(&["predict", "model.safetensors", "flowers.csv", "--out", out]);
    }
    place
        .ok(&[&["train", "st/*.csv", "--target", "label"], &NETWORK[..], &["--out", "st.safetensors"]]
            .concat());
    let before = place.read("st/1.csv");
    for data in ["st", "st/*.csv", "st/?.csv"] {
        let refused = place.error(&["predict", "st.safetensors", data, "--out", "st/1.csv"]);
        assert!(refused.contains("one of the files of st"), "{refused}");
        assert!(place.read("st/1.csv") == before, "{data}");
    }
    place.write(
        "sweep.toml",
        "method = \"grid\"\n[train]\ndata = \"st\"\ntarget = \"label\"\nhidden = [5]\n[vary]\nseed = [1]\n",
    );
    for out in ["st/1.csv", "st/1.sqlite"] {
        let refused = place.error(&["sweep", "sweep.toml", "--out", out, "--force"]);
        assert!(refused.contains("one of the files of st, the data"), "{refused}");
    }
    assert!(place.read("st/1.csv") == before);
}

#[test]
fn weights_beside_an_onnx_file_are_read_too() {
    let place = Place::with_flowers();
    place.ok(&[&["train", "flowers.csv", "--target", "kind"], &NETWORK[..]].concat());
    place.ok(&["export", "model.safetensors", "--onnx", "ext.onnx"]);
    // One more tensor, whose value is in a file beside it: messages that follow each other are merged.
    let within = |tag: u8, bytes: Vec<u8>| [vec![tag, bytes.len() as u8], bytes].concat();
    let location = [within(0x0a, b"location".to_vec()), within(0x12, b"ext.data".to_vec())].concat();
    let name = within(0x42, b"spare".to_vec());
    let tensor = [vec![0x08, 1, 0x10, 1], name, within(0x6a, location), vec![0x70, 1]].concat();
    let onnx = [place.read("ext.onnx"), within(0x3a, within(0x2a, tensor))].concat();
    place.write("ext.onnx", onnx);
    place.write("ext.data", [0, 0, 0x80, 0x3f]);
    place.ok(&["import", "ext.onnx", "--out", "imported.safetensors"]);
    symlink("ext.data", place.path("alias")).unwrap();
    for out in ["ext.data", "alias"] {
        let refused = place.error(&["import", "ext.onnx", "--out", out, "--force"]);
        assert!(refused.contains("weights of the ONNX file, which would be lost"), "{refused}");
        assert_eq!(place.read("ext.data"), [0, 0, 0x80, 0x3f]);
    }
}
