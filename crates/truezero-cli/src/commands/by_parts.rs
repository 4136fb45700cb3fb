//! Results of data that is read piece by piece: a folder of Parquet files, one for each piece, each there as a whole or not at all.
//! What is there already is not computed again.

use std::fs;
use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use truezero_data::checksum;
use truezero_data::files::{InputFiles, Kind, Output};
use truezero_data::formats::save_parquet::{Written, save_parquet};
use truezero_data::stream::Stream;
use truezero_data::{Notice, Raw, SourceSpec};

use crate::failure::Failure;
use crate::progress::Shown;
use crate::{files, output, signal};

/// The file in the folder that says what its parts are.
const MANIFEST: &str = "parts.json";

/// Neither it nor a part replaces anything: what is there is gone on with.
const KIND: Kind<'static> = Kind { name: "a list of parts", is: &|_| false };
const PART: Kind<'static> = Kind { name: "a part of these results", is: &|_| false };

/// What the parts of a folder are of; parts of anything else do not go into it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// `predict` or `encode`, and which layer.
    pub what: String,
    /// SHA-256 of the model file.
    pub model: String,
    pub data: String,
    pub examples: usize,
    /// Of the data's files.
    pub sha256: String,
}

/// What was done.
#[derive(Debug, Serialize)]
pub struct Done {
    pub out: String,
    pub parts: usize,
    pub examples: usize,
    /// Examples that were computed now, not before.
    pub computed: usize,
    pub seconds: f64,
    pub examples_per_second: f64,
    /// What should be known of the examples that were computed.
    pub warnings: Vec<Notice>,
}

/// Where results go.
pub struct Writing<'a> {
    /// A folder, which need not be there.
    pub out: &'a Path,
    /// Whether parts of other results that are there are replaced.
    pub force: bool,
    pub quiet: bool,
}

/// Writes the columns that `compute` makes of each piece; none if an interrupt came before the end.
pub fn write(
    what: String,
    model: &Path,
    spec: &SourceSpec,
    Writing { out, force, quiet }: Writing<'_>,
    mut compute: impl FnMut(
        Raw,
        &mut dyn FnMut(Vec<(String, Written<'_>)>) -> Result<(), Failure>,
    ) -> Result<(), Failure>,
) -> Result<Option<Done>, Failure> {
    let inputs = InputFiles::default().file("the model", model).data("the data", &spec.data);
    inputs.protect_from_folder(out, &part_name(0))?;
    if out.exists() && !out.is_dir() {
        let message =
            format!("{}: expected a folder for the parts of the results, found a file", out.display());
        return Err(Failure::hinted(
            message,
            "name a folder with --out; --stream writes a file for each part",
        ));
    }
    let stream = Stream::open(spec)?;
    let examples = stream.examples();
    let (data, sha256) = (spec.data.clone(), stream.checksum()?);
    let manifest = Manifest { what, model: checksum::sha256(model)?, data, examples, sha256 };
    fs::create_dir_all(out).map_err(Failure::io("create", out))?;
    // Held until the end: no other run writes parts into the folder.
    let _manifest = agree(&manifest, out, &inputs, force)?;
    signal::listen()?;
    let (shown, began) = (Shown::new(quiet), Instant::now());
    let (mut parts, mut seen, mut computed) = (0, 0, 0);
    for piece in stream.pieces() {
        if signal::interrupted() {
            shown.finish();
            output::note("interrupted; the same command goes on from here");
            return Ok(None);
        }
        let raw = piece?;
        let (path, count) = (out.join(part_name(parts)), raw.examples());
        if !path.exists() {
            let output = files::open(&path, PART, &inputs, false)?;
            compute(raw, &mut |columns| Ok(save_parquet(columns, &output)?))?;
            computed += count;
        }
        (parts, seen) = (parts + 1, seen + count);
        let pace = computed as f64 / began.elapsed().as_secs_f64();
        let line = || format!("{seen} of {examples} examples, {pace:.0} examples/s");
        shown.update(seen, examples, "examples".into(), line);
        if let Shown::Lines = shown {
            shown.line(&line());
        }
    }
    shown.finish();
    let seconds = began.elapsed().as_secs_f64();
    let examples_per_second = computed as f64 / seconds;
    let (out, warnings) = (out.display().to_string(), spec.notices.all());
    Ok(Some(Done { out, parts, examples, computed, seconds, examples_per_second, warnings }))
}

fn part_name(number: usize) -> String {
    format!("part-{number:05}.parquet")
}

/// Whether a file is called as a part is.
fn is_part(name: &str) -> bool {
    let number = name.strip_prefix("part-").and_then(|name| name.strip_suffix(".parquet"));
    number.and_then(|number| number.parse().ok()).is_some_and(|number| part_name(number) == name)
}

/// Makes sure that the folder is new, or that of the same results; gives the file that says so.
fn agree(manifest: &Manifest, folder: &Path, inputs: &InputFiles, force: bool) -> Result<Output, Failure> {
    let path = folder.join(MANIFEST);
    let hint = "name another folder with --out, or delete this one";
    let write = |output: Output| {
        let text = serde_json::to_string_pretty(manifest).expect("names and numbers");
        files::write(&output, |file| writeln!(file, "{text}"))?;
        Ok(output)
    };
    if !path.exists() {
        let first = folder.join(part_name(0));
        if first.exists() {
            let message =
                format!("{} is there, but no {MANIFEST} that says what it is a part of", first.display());
            return Err(Failure::hinted(message, hint));
        }
        return write(files::open(&path, KIND, inputs, false)?);
    }
    let text = fs::read_to_string(&path).map_err(Failure::io("read", &path))?;
    // Anything else marks nothing as ours; nor does a link to the list of another folder.
    let is_file = fs::symlink_metadata(&path).is_ok_and(|there| there.is_file());
    let there = serde_json::from_str::<Manifest>(&text).ok().filter(|_| is_file);
    match there {
        Some(there) if there == *manifest => files::open(&path, KIND, inputs, true),
        Some(_) if force => {
            let output = files::open(&path, KIND, inputs, true)?;
            remove_parts(folder, inputs)?;
            write(output)
        }
        Some(_) => {
            let message =
                format!("{}: expected parts of the same results, found those of others", path.display());
            Err(Failure::hinted(message, "name another folder with --out, or replace them with --force"))
        }
        None => {
            let message = format!(
                "{}: expected a list of parts that truezero wrote, found another file",
                path.display()
            );
            Err(Failure::hinted(message, hint))
        }
    }
}

/// Removes the parts of other results from a folder that is marked as theirs, and nothing else.
fn remove_parts(folder: &Path, inputs: &InputFiles) -> Result<(), Failure> {
    let entries = fs::read_dir(folder).map_err(Failure::io("read", folder))?;
    let mut parts = Vec::new();
    for entry in entries {
        let entry = entry.map_err(Failure::io("read", folder))?;
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && entry.file_name().to_str().is_some_and(is_part) {
            inputs.protect_file(&entry.path())?;
            parts.push(entry.path());
        }
    }
    for path in parts {
        fs::remove_file(&path).map_err(Failure::io("remove", &path))?;
    }
    Ok(())
}
