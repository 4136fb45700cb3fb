//! What a file is that was taken for a model and is none.

/// Bytes at the beginning of a file that are looked at.
pub(super) const BEGINNING: usize = 512;

/// Characters of a text that are shown.
const SHOWN: usize = 40;

/// What files begin with, what they are, and what can be done.
const KNOWN: [(&[u8], &str, &str); 12] = [
    (
        b"version https://git-lfs",
        "a pointer of Git LFS, not the file itself",
        "`git lfs pull` fetches the file",
    ),
    (b"PK\x03\x04", "a ZIP archive, as .npz, .xlsx and PyTorch's .pt are", A_MODEL),
    (b"PAR1", "a Parquet file", A_MODEL),
    (b"ARROW1", "an Arrow file", A_MODEL),
    (b"\x93NUMPY", "an NPY file", A_MODEL),
    (b"SQLite format 3\0", "an SQLite database", "the model of a sweep is beside it, as .safetensors"),
    (b"\x1f\x8b", "a gzipped file", "unpack it with gunzip"),
    (b"\x28\xb5\x2f\xfd", "a file that is compressed with zstd", "unpack it with unzstd"),
    (b"\x89HDF", "an HDF5 file, as Keras writes them", A_MODEL),
    (b"\x89PNG", "an image", A_MODEL),
    (b"GGUF", "a GGUF file", A_MODEL),
    (b"\x80\x04", "a Python pickle", A_MODEL),
];

const A_MODEL: &str =
    "a model is a file that `truezero train` wrote; where data is named too, it comes second";
const A_PAGE: &str = "download the file itself, not the page about it";
const AN_ONNX: &str = "`truezero import` makes a model of an ONNX file";

/// What a file is, told by its beginning, and a hint; `None` if it may be a damaged model.
pub(super) fn what(beginning: &[u8]) -> Option<String> {
    let told = |what: &str, hint: &str| Some(format!("{what}\nhint: {hint}"));
    if beginning.is_empty() {
        return told("an empty file", A_MODEL);
    }
    if let Some((_, what, hint)) = KNOWN.iter().find(|(start, ..)| beginning.starts_with(start)) {
        return told(what, hint);
    }
    // The version of the format, then the name of the producer.
    if beginning[0] == 8 && beginning.get(2) == Some(&0x12) {
        return told("what looks like an ONNX file", AN_ONNX);
    }
    let text = text(beginning)?;
    let start = text.trim_start().to_ascii_lowercase();
    if ["<!doctype html", "<html"].iter().any(|page| start.starts_with(page)) {
        return told("an HTML page", A_PAGE);
    }
    let line: String = text.lines().next().unwrap_or_default().chars().take(SHOWN).collect();
    told(&format!("a text that begins with {line:?}"), A_MODEL)
}

/// The beginning as a text, if it is one.
fn text(beginning: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(beginning) {
        Ok(text) => text,
        // A character may be cut in two by the end.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&beginning[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let plain = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\r' | '\t');
    text.chars().all(plain).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_their_beginning() {
        let found = |beginning: &[u8]| what(beginning).unwrap_or_default();
        assert!(found(b"").starts_with("an empty file\n"));
        assert!(found(b"a,b\n1,2\n").starts_with("a text that begins with \"a,b\"\nhint: a model is a file"));
        assert!(found(b"\n <!DOCTYPE HTML><html>").starts_with("an HTML page\nhint: download"));
        assert!(found(b"version https://git-lfs.github.com/spec/v1\noid").contains("git lfs pull"));
        assert!(found(b"PK\x03\x04rest").starts_with("a ZIP archive"));
        assert!(found(b"\x08\x0a\x12\x08truezero").contains("truezero import"));
        assert!(found("größe;höhe".as_bytes()).contains("größe;höhe"));
        assert!(found(&"é".as_bytes()[..1]).contains("begins with \"\""), "a cut character is not shown");
        assert_eq!(what(b"\x10\0\0\0\0\0\0\0{\"__metadata__\""), None, "a model that ends early");
    }
}
