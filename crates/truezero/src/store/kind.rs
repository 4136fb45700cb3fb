//! Files of ours, told by their beginning.

use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use truezero_data::files::Kind;

use super::read::TensorFile;

/// A model or an encoder.
pub const MODEL: Kind<'static> = Kind {
    name: "a truezero model",
    is: &|beginning| says(beginning, "network") || says(beginning, "encoder"),
};

/// A training that goes on.
pub const CHECKPOINT: Kind<'static> =
    Kind { name: "a truezero checkpoint", is: &|beginning| says(beginning, "options") };

/// Bytes before the header of a safetensors file, which tell its length.
const LENGTH: usize = 8;

/// Whether a file begins as [`write`](super::write) begins it, with a document whose second field is this one.
fn says(beginning: &[u8], field: &str) -> bool {
    let text = beginning.get(LENGTH..).unwrap_or_default();
    let Some(document) = text.strip_prefix(br#"{"__metadata__":{"truezero":"{\"format\":"#) else {
        return false;
    };
    let version = document.iter().take_while(|byte| byte.is_ascii_digit()).count();
    document[version..].starts_with(format!(r#",\"{field}\":"#).as_bytes())
}

/// What is worth knowing of a model that is about to be replaced: the data it was trained on, and for how many epochs.
/// `None` if that cannot be read.
pub fn origin(path: &Path) -> Option<String> {
    #[derive(Deserialize)]
    struct Glance {
        configuration: Value,
        summary: Option<Trained>,
    }
    #[derive(Deserialize)]
    struct Trained {
        history: Vec<IgnoredAny>,
    }
    let file = TensorFile::open(path).ok()?;
    let glance: Glance = file.parse().ok()?.document("a truezero model").ok()?;
    let data = glance.configuration.get("data").and_then(Value::as_str)?;
    let epochs = glance.summary.map_or(0, |summary| summary.history.len());
    Some(format!("trained on {data}, {epochs} {}", if epochs == 1 { "epoch" } else { "epochs" }))
}
