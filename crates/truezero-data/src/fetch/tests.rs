//! Downloads from a server in this process.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use sha2::{Digest, Sha256};

use super::*;
use registry::Remote;

/// What a server does with a request: its target and the first byte asked for, if one is.
type Answer = fn(&str, Option<usize>, &mut TcpStream) -> std::io::Result<()>;

/// The address of a server that answers so until the tests end.
fn serve(answer: Answer) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
            let target = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
            let range = lines.take_while(|line| !line.is_empty()).find_map(|line| {
                let line = line.to_lowercase();
                line.strip_prefix("range: bytes=")?.trim_end_matches('-').parse().ok()
            });
            let _ = answer(&target, range, &mut stream);
        }
    });
    address
}

/// The content of the file whose name is asked for.
fn content(target: &str) -> Vec<u8> {
    (0..200_000usize).map(|at| (at * (7 + target.len()) / 3) as u8).collect()
}

fn respond(stream: &mut TcpStream, head: &str, length: usize, body: &[u8]) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")?;
    stream.write_all(body)
}

fn whole(target: &str, _: Option<usize>, stream: &mut TcpStream) -> std::io::Result<()> {
    let body = content(target);
    respond(stream, "200 OK", body.len(), &body)
}

fn resuming(target: &str, range: Option<usize>, stream: &mut TcpStream) -> std::io::Result<()> {
    let body = content(target);
    match range {
        Some(from) => {
            let head = format!("206 Partial Content\r\nContent-Range: bytes {from}-199999/200000");
            respond(stream, &head, body.len() - from, &body[from..])
        }
        None => respond(stream, "200 OK", body.len(), &body[..120_000]), // and breaks off
    }
}

fn missing(_: &str, _: Option<usize>, stream: &mut TcpStream) -> std::io::Result<()> {
    respond(stream, "404 Not Found", 0, b"")
}

fn another(_: &str, _: Option<usize>, stream: &mut TcpStream) -> std::io::Result<()> {
    respond(stream, "200 OK", 200_000, &vec![0; 200_000])
}

fn endless(_: &str, _: Option<usize>, stream: &mut TcpStream) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
    loop {
        stream.write_all(&[0; 4096])?;
    }
}

/// An address at which nothing listens.
fn nobody() -> String {
    format!("http://{}/", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap())
}

/// A data set of two files.
fn known() -> Known {
    let files: Vec<Remote> = ["a", "bc"]
        .into_iter()
        .map(|name| {
            let sha256 = crate::checksum::hexadecimal(&Sha256::digest(content(&format!("/{name}"))));
            Remote { name, bytes: 200_000, sha256: sha256.leak() }
        })
        .collect();
    Known { name: "toy", mirrors: &[], files: files.leak(), unpack: Unpack::Nothing }
}

#[test]
fn files_arrive_whole_and_once() {
    let cache = tempfile::tempdir().unwrap();
    let (known, server) = (known(), serve(whole));
    let mut received = Vec::new();
    let mut progress = |progress: Progress| received.push((progress.file.to_owned(), progress.received));
    // The first mirror is dead, the second has another file, the third delivers.
    let mirrors = [nobody(), serve(another), server];
    let folder = fetch_into(cache.path(), &known, &mirrors, &mut progress).unwrap();
    assert_eq!(folder, cache.path().join("toy"));
    assert_eq!(fs::read(folder.join("a")).unwrap(), content("/a"));
    assert_eq!(fs::read(folder.join("bc")).unwrap(), content("/bc"));
    assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 1, "nothing partial is left");
    assert_eq!(received.last(), Some(&("bc".to_owned(), 200_000)));
    // Nothing is asked of anybody the second time.
    assert_eq!(fetch_into(cache.path(), &known, &[nobody()], &mut |_| panic!("a download")).unwrap(), folder);
}

#[test]
fn a_download_that_broke_off_is_resumed() {
    let cache = tempfile::tempdir().unwrap();
    let (known, mirrors) = (known(), [serve(resuming)]);
    for (file, attempt) in [("a", 1), ("bc", 2)] {
        let error = fetch_into(cache.path(), &known, &mirrors, &mut |_| {}).unwrap_err().to_string();
        assert!(error.contains("broke off after 120000 of 200000 bytes"), "attempt {attempt}: {error}");
        assert!(error.contains("\nhint: run it again to resume"), "{error}");
        let part = cache.path().join(format!("toy.partial/{file}.part"));
        assert_eq!(fs::metadata(part).unwrap().len(), 120_000);
    }
    let mut first = None;
    let mut progress = |progress: Progress| first = first.or(Some(progress.received));
    let folder = fetch_into(cache.path(), &known, &mirrors, &mut progress).unwrap();
    assert_eq!(first, Some(120_000));
    assert_eq!(fs::read(folder.join("bc")).unwrap(), content("/bc"));
}

#[test]
fn a_server_that_cannot_resume_sends_all() {
    let cache = tempfile::tempdir().unwrap();
    fs::create_dir(cache.path().join("toy.partial")).unwrap();
    fs::write(cache.path().join("toy.partial/a.part"), [1; 1000]).unwrap();
    fs::write(cache.path().join("toy.partial/bc.part"), content("/bc")).unwrap();
    let folder = fetch_into(cache.path(), &known(), &[serve(whole)], &mut |_| {}).unwrap();
    assert_eq!(fs::read(folder.join("a")).unwrap(), content("/a"));
}

#[test]
fn failures_tell_what_each_mirror_said() {
    let failure = |mirror: String, expected: &str| {
        let cache = tempfile::tempdir().unwrap();
        let error = fetch_into(cache.path(), &known(), &[mirror], &mut |_| {}).unwrap_err().to_string();
        assert!(error.starts_with("toy: cannot be downloaded (http://127.0.0.1:"), "{error}");
        assert!(error.contains(expected), "{error}");
        assert!(error.contains("put a there by other means: "), "{error}");
        assert!(!cache.path().join("toy").exists());
    };
    failure(nobody(), "refused");
    failure(serve(missing), "404");
    failure(serve(another), "expected sha256 ");
    failure(serve(endless), "expected 200000 bytes, found more");
}

#[test]
fn a_file_put_there_by_hand_is_checked() {
    let cache = tempfile::tempdir().unwrap();
    let partial = cache.path().join("toy.partial");
    fs::create_dir(&partial).unwrap();
    fs::write(partial.join("a"), "something else").unwrap();
    let error = fetch_into(cache.path(), &known(), &[nobody()], &mut |_| {}).unwrap_err().to_string();
    assert!(error.contains("toy.partial/a: checksum: expected sha256 "), "{error}");
    fs::write(partial.join("a"), content("/a")).unwrap();
    fs::write(partial.join("bc"), content("/bc")).unwrap();
    fetch_into(cache.path(), &known(), &[nobody()], &mut |_| {}).unwrap();
}

#[test]
fn names_that_are_not_fetched_say_how() {
    let cache = tempfile::tempdir().unwrap();
    let emnist = KNOWN.iter().find(|known| known.name == "emnist").unwrap();
    let error = folder_in(cache.path(), emnist, Some("letters")).unwrap_err().to_string();
    assert_eq!(error, "emnist: not fetched yet\nhint: truezero fetch emnist");
    fs::create_dir(cache.path().join("emnist")).unwrap();
    let error = folder_in(cache.path(), emnist, None).unwrap_err().to_string();
    assert!(error.ends_with("emnist-digits, emnist-letters, emnist-mnist"), "{error}");
    let letters = folder_in(cache.path(), emnist, Some("letters")).unwrap();
    assert_eq!(letters, cache.path().join("emnist/letters"));
    let error = fetch("mnst", &mut |_| {}).unwrap_err().to_string();
    assert!(error.starts_with("mnst: no such data set\nhint: the data sets that can be fetched are mnist,"));
    assert!(folder("mnst").is_none());
}

#[test]
fn archives_are_unpacked_by_known_names_only() {
    let cache = tempfile::tempdir().unwrap();
    let tarball = cache.path().join("cifar.tar.gz");
    let encoder =
        flate2::write::GzEncoder::new(fs::File::create(&tarball).unwrap(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(encoder);
    for name in ["cifar-10-batches-bin/test_batch.bin", "elsewhere/data_batch_1.bin", "cifar/evil.sh"] {
        let mut header = tar::Header::new_gnu();
        header.set_size(4);
        header.set_cksum();
        tar.append_data(&mut header, name, &b"data"[..]).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap();
    let folder = cache.path().join("cifar10");
    unpack::unpack(&tarball, Unpack::Cifar, &folder).unwrap();
    let mut names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["data_batch_1.bin", "test_batch.bin"]);

    let zipped = cache.path().join("gzip.zip");
    let mut zip = zip::ZipWriter::new(fs::File::create(&zipped).unwrap());
    for name in
        ["../../emnist-letters-test-images-idx3-ubyte.gz", "gzip/emnist-other-x-ubyte.gz", "gzip/readme"]
    {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(b"data").unwrap();
    }
    zip.finish().unwrap();
    let folder = cache.path().join("emnist");
    unpack::unpack(&zipped, Unpack::Emnist, &folder).unwrap();
    assert_eq!(fs::read(folder.join("letters/emnist-letters-test-images-idx3-ubyte.gz")).unwrap(), b"data");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);

    fs::write(&tarball, "no archive").unwrap();
    assert!(unpack::unpack(&tarball, Unpack::Cifar, &folder).is_err());
}
