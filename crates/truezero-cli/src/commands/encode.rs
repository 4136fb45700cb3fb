//! `truezero encode`: the code a hidden layer gives each example, as a sparse matrix.

use serde::Serialize;
use truezero::Saved;
use truezero_data::files::InputFiles;
use truezero_data::formats::save_npz::{CODES, save_npz};
use truezero_data::formats::save_parquet::Written;
use truezero_data::{DataError, Notice, Notices};
use truezero_sparse::Engine;

use super::Ended;
use super::by_parts::{self, Writing};
use super::using::{self, TargetOf};
use crate::args::{EncodeArgs, threads};
use crate::failure::Failure;
use crate::output::{self, Warnings};
use crate::table::percent;
use crate::{files, json};

#[derive(Serialize)]
struct Document {
    out: String,
    /// Counted from 1, the lowest.
    layer: usize,
    examples: usize,
    units: usize,
    sparsity: f64,
    /// Size of the file.
    bytes: u64,
    /// Size of the same matrix as an array of 32-bit floats.
    dense_bytes: u64,
    /// `dense_bytes` / `bytes`.
    ratio: f64,
    warnings: Vec<Notice>,
}

pub fn run(args: &EncodeArgs) -> Result<Ended, Failure> {
    let warnings = Warnings::default();
    let saved = Saved::load(&args.on.model)?;
    let layers = saved.hidden().len();
    let layer = args.layer.unwrap_or(layers);
    if layer == 0 || layer > layers {
        let expected =
            if layers == 0 { "a model with hidden layers".into() } else { format!("1 to {layers}") };
        let found = if layers == 0 { "a linear one".into() } else { layer.to_string() };
        return Err(DataError::unsuitable("hidden layer", expected, found).into());
    }
    if args.stream {
        return by_parts(args, &saved, layer, warnings.notices());
    }
    let inputs = InputFiles::default().file("the model", &args.on.model).data("the data", &args.on.data);
    let output = files::open(&args.out, CODES, &inputs, args.force)?;
    let raw = using::read(&saved, &args.on.data, &args.on.reading, TargetOf::default(), warnings.notices())?;
    let inputs = saved.preprocessing().inputs(raw.features, warnings.notices());
    let inputs = inputs.map_err(|error| error.of(&args.on.data))?;
    let mut engine = Engine::new(threads(args.on.reading.threads));
    let codes = saved.encode(&mut engine, &inputs, layer - 1);
    let bytes = save_npz(&codes, &output)?;

    let dense_bytes = (codes.examples() * codes.width() * size_of::<f32>()) as u64;
    let document = Document {
        out: args.out.display().to_string(),
        layer,
        examples: codes.examples(),
        units: codes.width(),
        sparsity: 1.0 - codes.density(),
        bytes,
        dense_bytes,
        ratio: dense_bytes as f64 / bytes as f64,
        warnings: warnings.all(),
    };
    if args.json {
        json::document(&document)?;
    } else {
        output::print(&format!(
            "{}: {} examples × {} units of hidden layer {layer}, {} zeros\n\
             {bytes} bytes, {:.1} times smaller than the {dense_bytes} of a dense array\n",
            document.out,
            document.examples,
            document.units,
            percent(document.sparsity),
            document.ratio,
        ))?;
    }
    Ok(Ended::Complete)
}

/// As columns `indices` and `values`: lists of the units that are not zero, and of their activations.
fn by_parts(args: &EncodeArgs, saved: &Saved, layer: usize, notices: &Notices) -> Result<Ended, Failure> {
    let spec = using::reading_spec(saved, &args.on.data, &args.on.reading, notices);
    let mut engine = Engine::new(threads(args.on.reading.threads));
    let what = format!("encode, hidden layer {layer}");
    let writing = Writing { out: &args.out, force: args.force, quiet: args.json };
    let done = by_parts::write(what, &args.on.model, &spec, writing, |raw, save| {
        let inputs = saved.preprocessing().inputs(raw.features, notices)?;
        let codes = saved.encode(&mut engine, &inputs, layer - 1);
        let columns = [("indices", Written::Positions(&codes)), ("values", Written::Values(&codes))];
        save(columns.map(|(name, column)| (name.to_owned(), column)).into())
    })?;
    let Some(done) = done else { return Ok(Ended::BrokenOff) };
    if args.json {
        json::document(&done)?;
    } else {
        let by_parts::Done { examples, parts, out, .. } = &done;
        output::print(&format!("codes of {examples} examples in {parts} files in {out}\n"))?;
    }
    Ok(Ended::Complete)
}
