//! Event files that TensorBoard shows: curves of named scalars over steps.
//!
//! A file is a sequence of records, each
//!
//! ```text
//! length of the data   u64, little-endian
//! its checksum         u32, little-endian
//! the data             an `Event` message of protocol buffers
//! its checksum         u32, little-endian
//! ```
//!
//! The first event names the version of the format. A checksum is CRC-32C, rotated and shifted so that
//! a checksum of data that holds checksums stays a good one.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process;
use std::time::{SystemTime, UNIX_EPOCH};

use prost::Message;

/// What the first event of every file says.
const FILE_VERSION: &str = "brain.Event:2";

/// How many files one process may start in one folder within a second.
const MAX_FILES_PER_SECOND: u32 = 1000;

/// `tensorflow.Event`, as far as scalars need it.
#[derive(Clone, PartialEq, Message)]
struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(oneof = "What", tags = "3, 5")]
    what: Option<What>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum What {
    #[prost(string, tag = "3")]
    FileVersion(String),
    #[prost(message, tag = "5")]
    Summary(Summary),
}

/// `tensorflow.Summary`.
#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

/// `tensorflow.Summary.Value`; a member of a `oneof`, so the scalar is written even when it is zero.
#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

/// Writes one event file; what was written reaches the disk at the latest when this is dropped.
pub(crate) struct EventWriter {
    file: BufWriter<File>,
}

impl EventWriter {
    /// Starts a new event file in `log_dir`, which is created if need be.
    ///
    /// # Errors
    /// When the folder or the file cannot be created or written.
    pub(crate) fn create(log_dir: &Path) -> io::Result<Self> {
        fs::create_dir_all(log_dir)?;
        let mut writer = Self { file: BufWriter::new(new_file(log_dir)?) };
        writer.write(0, What::FileVersion(FILE_VERSION.to_owned()))?;
        Ok(writer)
    }

    /// Adds the point (`step`, `value`) to the curve `tag`; a `/` in the tag groups curves.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn scalar(&mut self, tag: &str, step: u64, value: f64) -> io::Result<()> {
        let value = Value { tag: tag.to_owned(), simple_value: Some(value as f32) };
        let step = i64::try_from(step).unwrap_or(i64::MAX);
        self.write(step, What::Summary(Summary { value: vec![value] }))
    }

    /// Hands everything written so far to the operating system, for a TensorBoard that watches.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }

    fn write(&mut self, step: i64, what: What) -> io::Result<()> {
        let wall_time = since_1970().as_secs_f64();
        let data = Event { wall_time, step, what: Some(what) }.encode_to_vec();
        let length = (data.len() as u64).to_le_bytes();
        self.file.write_all(&length)?;
        self.file.write_all(&checksum(&length).to_le_bytes())?;
        self.file.write_all(&data)?;
        self.file.write_all(&checksum(&data).to_le_bytes())
    }
}

/// A file of a name that TensorBoard takes for events and that no other file has.
fn new_file(folder: &Path) -> io::Result<File> {
    let (seconds, process) = (since_1970().as_secs(), process::id());
    for number in 0..MAX_FILES_PER_SECOND {
        let name = format!("events.out.tfevents.{seconds:010}.truezero.{process}.{number}");
        match File::create_new(folder.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => return result,
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn since_1970() -> std::time::Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// CRC-32C, masked as the format wants it.
fn checksum(data: &[u8]) -> u32 {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let log_dir = folder.path().join("runs/first");
        let mut writer = EventWriter::create(&log_dir).unwrap();
        writer.scalar("cost", 1, 0.5).unwrap();
        writer.scalar("sparsity/layer 1", 300, 0.0).unwrap();
        writer.scalar("cost", u64::MAX, f64::NAN).unwrap();
        drop(writer);

        let events = read(&only_file(&log_dir));
        assert_eq!(events.len(), 4);
        assert_eq!(events[0], ReadEvent { version: Some("brain.Event:2".into()), ..ReadEvent::default() });
        assert_eq!(events[1], ReadEvent { step: 1, scalar: Some(("cost".into(), 0.5)), version: None });
        let zero = Some(("sparsity/layer 1".into(), 0.0));
        assert_eq!(events[2], ReadEvent { step: 300, scalar: zero, version: None });
        assert_eq!(events[3].step, i64::MAX as u64);
        assert!(events[3].scalar.as_ref().unwrap().1.is_nan());
    }

    #[test]
    fn flushed_events_are_there_while_the_writer_lives() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = EventWriter::create(folder.path()).unwrap();
        writer.scalar("cost", 7, 1.25).unwrap();
        writer.flush().unwrap();
        assert_eq!(read(&only_file(folder.path()))[1].scalar, Some(("cost".into(), 1.25)));
    }

    #[test]
    fn two_writers_do_not_share_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let _first = EventWriter::create(folder.path()).unwrap();
        let _second = EventWriter::create(folder.path()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_file_in_the_place_of_the_folder_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs");
        fs::write(&path, "not a folder").unwrap();
        assert!(EventWriter::create(&path).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"not a folder");
    }

    /// One event, as the decoder below sees it.
    #[derive(Debug, Default, PartialEq)]
    struct ReadEvent {
        step: u64,
        version: Option<String>,
        scalar: Option<(String, f32)>,
    }

    /// A field of a message: its number and what it holds.
    enum Field<'a> {
        Integer(u64),
        Fixed(&'a [u8]),
        Bytes(&'a [u8]),
    }

    fn only_file(folder: &Path) -> Vec<u8> {
        let files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 1);
        assert!(files[0].to_str().unwrap().contains("tfevents"));
        fs::read(&files[0]).unwrap()
    }

    /// Decodes a whole file by the format's definition, sharing nothing with the writer.
    fn read(mut rest: &[u8]) -> Vec<ReadEvent> {
        let mut events = Vec::new();
        while !rest.is_empty() {
            let length = take(&mut rest, 8);
            assert_eq!(take(&mut rest, 4), masked_crc(length).to_le_bytes());
            let data = take(&mut rest, u64::from_le_bytes(length.try_into().unwrap()) as usize);
            assert_eq!(take(&mut rest, 4), masked_crc(data).to_le_bytes());
            events.push(event(data));
        }
        events
    }

    fn event(data: &[u8]) -> ReadEvent {
        let mut event = ReadEvent::default();
        for field in fields(data) {
            match field {
                (1, Field::Fixed(time)) => {
                    // 2020 to 2100: seconds, not milliseconds.
                    assert!((1.5e9..4.1e9).contains(&f64::from_le_bytes(time.try_into().unwrap())));
                }
                (2, Field::Integer(step)) => event.step = step,
                (3, Field::Bytes(text)) => event.version = Some(String::from_utf8(text.to_vec()).unwrap()),
                (5, Field::Bytes(summary)) => event.scalar = Some(scalar(summary)),
                (number, _) => panic!("an event has no field {number} of this kind"),
            }
        }
        event
    }

    fn scalar(summary: &[u8]) -> (String, f32) {
        let [(1, Field::Bytes(value))] = fields(summary)[..] else { panic!("expected one value") };
        let [(1, Field::Bytes(tag)), (2, Field::Fixed(number))] = fields(value)[..] else {
            panic!("expected a tag and a simple value")
        };
        (String::from_utf8(tag.to_vec()).unwrap(), f32::from_le_bytes(number.try_into().unwrap()))
    }

    fn fields(mut rest: &[u8]) -> Vec<(u64, Field<'_>)> {
        let mut found = Vec::new();
        while !rest.is_empty() {
            let key = varint(&mut rest);
            let field = match key & 7 {
                0 => Field::Integer(varint(&mut rest)),
                1 => Field::Fixed(take(&mut rest, 8)),
                2 => {
                    let length = varint(&mut rest) as usize;
                    Field::Bytes(take(&mut rest, length))
                }
                5 => Field::Fixed(take(&mut rest, 4)),
                kind => panic!("no such wire type: {kind}"),
            };
            found.push((key >> 3, field));
        }
        found
    }

    fn varint(rest: &mut &[u8]) -> u64 {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let byte = take(rest, 1)[0];
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        value
    }

    fn take<'a>(rest: &mut &'a [u8], count: usize) -> &'a [u8] {
        let (taken, left) = rest.split_at(count);
        *rest = left;
        taken
    }

    /// CRC-32C bit by bit, then the mask.
    fn masked_crc(data: &[u8]) -> u32 {
        let crc = !data.iter().fold(!0u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |c, _| (c >> 1) ^ if c & 1 == 1 { 0x82f6_3b78 } else { 0 })
        });
        crc.rotate_right(15).wrapping_add(0xa282_ead8)
    }
}
