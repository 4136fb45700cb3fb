//! Files that hold no data we read, told by their content: each is named for what it is, with what can be done.

use std::path::Path;

use super::entries;
use crate::DataError;

/// What a file is instead.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Foreign {
    /// "an Excel workbook"
    what: String,
    hint: String,
}

/// Demands that a file is none that is known to be something else; `expected` is what it should be.
pub(crate) fn refuse(path: &Path, start: &[u8], expected: &str) -> Result<(), DataError> {
    let Some(foreign) = tell(path, start) else { return Ok(()) };
    let found = format!("{}\nhint: {}", foreign.what, foreign.hint);
    Err(DataError::malformed(path, "format", expected, found))
}

pub(super) const CONVERT: &str = "save it as CSV or Parquet, for example with pandas:";

/// Kinds of files by their first bytes: what they are, and how pandas reads them.
const READABLE: [(&[u8], &str, &str); 6] = [
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", "read_hdf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook", "read_excel"),
    (b"FEA1", "a Feather file of version 1", "read_feather"),
    (b"ORC", "an ORC file", "read_orc"),
    (b"<stata_dta>", "a Stata file", "read_stata"),
    (b"$FL2", "an SPSS file", "read_spss"),
];

/// Compressed files by their first bytes, and what unpacks them.
const PACKED: [(&[u8], &str, &str); 6] = [
    (b"BZh", "a bzip2 file", "bunzip2 -k"),
    (b"\xfd7zXZ\0", "an xz file", "unxz -k"),
    (b"\x28\xb5\x2f\xfd", "a zstd file", "unzstd"),
    (b"\x04\x22\x4d\x18", "an lz4 file", "unlz4"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "7z x"),
    (b"Rar!", "a RAR archive", "unrar x"),
];

/// Others by their first bytes, with a hint.
const OTHERS: [(&[u8], &str, &str); 12] = [
    (b"MATLAB 5.0", "a MATLAB file", "save its arrays with scipy.io.loadmat and numpy.savez"),
    (b"SQLite format 3\0", "an SQLite database", "export the table as CSV"),
    (b"Obj\x01", "an Avro file", "save it as Parquet or CSV"),
    (b"PARE", "an encrypted Parquet file", "save it without encryption"),
    (b"RDX", "a file of R data", "save it in R with write.csv"),
    (b"X\n\0\0", "a file of R data", "save it in R with write.csv"),
    (b"GIF8", "a GIF image", "save it as PNG or JPEG"),
    (b"BM", "a BMP image", "save it as PNG or JPEG"),
    (b"II*\0", "a TIFF image", "save it as PNG or JPEG"),
    (b"MM\0*", "a TIFF image", "save it as PNG or JPEG"),
    (b"RIFF", "a WebP image or another RIFF file", "save images as PNG or JPEG"),
    (b"%PDF", "a PDF document", "give the data itself"),
];

/// As [`tell`], in words.
pub(super) fn what(path: &Path, start: &[u8]) -> Option<String> {
    tell(path, start).map(|foreign| foreign.what)
}

/// What a file is that begins so, if it is known and none of ours.
fn tell(path: &Path, start: &[u8]) -> Option<Foreign> {
    // A table may begin as the magic number of a binary format does: ORCID, PARENT, BMI.
    let binary = if is_plain(start) { None } else { binary(path, start) };
    binary.or_else(|| if is_text(start) { page_or_document(path, start) } else { None })
}

fn binary(path: &Path, start: &[u8]) -> Option<Foreign> {
    let shown = path.display();
    if let Some((_, what, read)) = READABLE.iter().find(|(magic, ..)| start.starts_with(magic)) {
        return Some(pandas(what, read, path));
    }
    if let Some((_, what, command)) = PACKED.iter().find(|(magic, ..)| start.starts_with(magic)) {
        let hint = format!("`{command} {shown}` unpacks it; gzip is read as it is");
        return Some(Foreign { what: (*what).to_owned(), hint });
    }
    if let Some((_, what, hint)) = OTHERS.iter().find(|(magic, ..)| start.starts_with(magic)) {
        return Some(Foreign { what: (*what).to_owned(), hint: (*hint).to_owned() });
    }
    if start.starts_with(b"PK\x03\x04") {
        return zipped(path, start);
    }
    if matches!(start, [0x80, 2..=5, ..]) {
        return Some(pandas("a Python pickle, which can run code when it is read", "read_pickle", path));
    }
    if start.get(257..262) == Some(b"ustar") {
        let hint = format!("`tar -xf {shown}` unpacks it");
        return Some(Foreign { what: "a tar archive".to_owned(), hint });
    }
    if start.get(8..10) == Some(b"{\"") && start[4..8] == [0; 4] {
        let hint = "a model is named before the data: truezero predict MODEL DATA".to_owned();
        return Some(Foreign { what: "a model (a safetensors file)".to_owned(), hint });
    }
    None
}

/// Whether bytes are the start of a text in UTF-8.
fn is_plain(start: &[u8]) -> bool {
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        // The last character may be cut off.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&start[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.contains(|character: char| character.is_ascii_control() && !character.is_ascii_whitespace())
}

fn pandas(what: &str, read: &str, path: &Path) -> Foreign {
    let name = entries::name(path);
    // One object on each line.
    let lines = if name.ends_with('l') && read == "read_json" { ", lines=True" } else { "" };
    let hint = format!("{CONVERT} pandas.{read}({name:?}{lines}).to_parquet(\"data.parquet\")");
    Foreign { what: what.to_owned(), hint }
}

/// A zip archive, by the name of its first member; none if that is an array, or is not there to be seen.
fn zipped(path: &Path, start: &[u8]) -> Option<Foreign> {
    let length = u16::from_le_bytes(*start.get(26..)?.first_chunk()?);
    let name = start.get(30..30 + usize::from(length))?;
    let name = String::from_utf8_lossy(name).into_owned();
    let ends = |path: &Path, end: &str| {
        path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(end))
    };
    if ends(path, "npz") || ends(Path::new(&name), "npy") {
        return None;
    }
    if name == "[Content_Types].xml"
        || ["xl/", "_rels/", "docProps/"].iter().any(|part| name.starts_with(part))
    {
        return Some(pandas("an Excel workbook or another Office document", "read_excel", path));
    }
    if name == "mimetype" {
        return Some(pandas("an OpenDocument file", "read_excel", path));
    }
    let hint = format!("`unzip {}` unpacks it", path.display());
    Some(Foreign { what: format!("a zip archive with {name:?}"), hint })
}

/// Whether bytes can be the start of a text in some encoding.
pub(crate) fn is_text(start: &[u8]) -> bool {
    !start.is_empty() && !start.contains(&0)
}

fn page_or_document(path: &Path, start: &[u8]) -> Option<Foreign> {
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    let lower = start[..start.len().min(64)].to_ascii_lowercase();
    let begins = |with: &[u8]| lower.starts_with(with);
    let foreign = |what: &str, hint: String| Some(Foreign { what: what.to_owned(), hint });
    if begins(b"<!doctype html") || begins(b"<html") {
        return foreign("an HTML page, as a failed download leaves it", "download the file again".to_owned());
    }
    if begins(b"<?xml") {
        return foreign("an XML document", "save the data as CSV or Parquet".to_owned());
    }
    if begins(b"version https://git-lfs") {
        return foreign(
            "a Git LFS pointer in place of the file",
            "`git lfs pull` fetches the file".to_owned(),
        );
    }
    if begins(b"/annex/objects/") {
        return foreign("a git-annex pointer in place of the file", "`git annex get` fetches it".to_owned());
    }
    let after = start.get(1..).unwrap_or_default().trim_ascii_start();
    let opens = |with: &[u8]| after.iter().next().is_some_and(|next| with.contains(next));
    if (begins(b"{") && opens(b"\"}")) || (begins(b"[") && opens(b"{[]\"")) {
        return Some(pandas("a JSON file", "read_json", path));
    }
    // Comments go before the first declaration.
    let mut lines = start.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_start);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with(b"%")).unwrap_or_default();
    let relation = b"@relation";
    if first.get(..relation.len()).is_some_and(|word| word.eq_ignore_ascii_case(relation)) {
        let hint = "save it as CSV: scipy.io.arff.loadarff reads it".to_owned();
        return foreign("an ARFF file", hint);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(name: &str, start: &[u8]) -> Option<String> {
        tell(Path::new(name), start).map(|foreign| foreign.what)
    }

    #[test]
    fn files_are_named_for_what_they_are() {
        let zip = |name: &str| {
            let mut bytes = b"PK\x03\x04".to_vec();
            bytes.resize(30, 0);
            bytes[26] = name.len() as u8;
            [&bytes[..], name.as_bytes()].concat()
        };
        for (name, start, expected) in [
            ("a.xlsx", &zip("xl/workbook.xml")[..], "an Excel workbook or another Office document"),
            ("a.csv.zip", &zip("a.csv"), "a zip archive with \"a.csv\""),
            ("a.csv", b"\n<!DOCTYPE html><html>", "an HTML page, as a failed download leaves it"),
            (
                "a.parquet",
                b"version https://git-lfs.github.com/spec/v1\n",
                "a Git LFS pointer in place of the file",
            ),
            ("a.json", b"[\n {\"x\": 1}]", "a JSON file"),
            ("a.jsonl", b"{\"x\": 1}\n", "a JSON file"),
            ("a.arff", b"% iris\n@RELATION iris\n", "an ARFF file"),
            ("a.csv.bz2", b"BZh91AY&SY\x94\xd0\xfa", "a bzip2 file"),
            ("a.h5", b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
            ("a.pkl", b"\x80\x04\x95", "a Python pickle, which can run code when it is read"),
            ("m.safetensors", b"\x10\0\0\0\0\0\0\0{\"__", "a model (a safetensors file)"),
        ] {
            assert_eq!(what(name, start).as_deref(), Some(expected), "{name}");
        }
        let hint = tell(Path::new("t/a.csv.xz"), b"\xfd7zXZ\0").unwrap().hint;
        assert_eq!(hint, "`unxz -k t/a.csv.xz` unpacks it; gzip is read as it is");
    }

    #[test]
    fn what_we_read_is_not_foreign() {
        let npz = [b"PK\x03\x04", &[0; 22][..], b"\x05\0\0\0x.npy"].concat();
        for start in [
            &npz[..],
            b"PK\x03\x04",
            b"a,b\n1,2\n",
            b"BMI,age\n1,2\n",
            b"ORCID,PARENT\n1,2\n",
            b"[id],x\n",
            b"1 1:0.5\n",
            b"",
            b"{x},y\n",
        ] {
            assert_eq!(what("data", start), None, "{}", start.escape_ascii());
        }
    }
}
