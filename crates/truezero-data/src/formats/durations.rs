//! Durations in Parquet files, which Parquet itself has as bare integers: only the Arrow schema that a writer embeds tells
//! them from numbers. Nothing else is taken from that schema.

use arrow_ipc::{Field, Type, root_as_message};
use arrow_schema::{DataType, Schema, TimeUnit};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What an embedded schema may begin with; its length in four bytes follows.
const CONTINUATION: [u8; 4] = [0xff; 4];

/// The schema of a file, in which the columns are durations that are such by the embedded schema.
pub(super) fn with_durations(schema: &Schema, embedded: &str) -> Schema {
    let durations = durations(embedded).unwrap_or_default();
    let fields = schema.fields().iter().map(|field| {
        if durations.contains(field.name()) {
            let kind = DataType::Duration(TimeUnit::Nanosecond);
            return field.as_ref().clone().with_data_type(kind);
        }
        field.as_ref().clone()
    });
    Schema::new(fields.collect::<Vec<_>>())
}

/// The names of the columns that are durations, or lists of them; none if the schema cannot be read.
fn durations(embedded: &str) -> Option<Vec<String>> {
    let bytes = STANDARD.decode(embedded).ok()?;
    let message = match bytes.strip_prefix(&CONTINUATION) {
        Some(rest) => rest.get(size_of::<u32>()..)?,
        None => &bytes,
    };
    let message = root_as_message(message).ok()?;
    let fields = message.header_as_schema()?.fields()?;
    Some(
        fields
            .iter()
            .filter(|field| is_duration(*field))
            .filter_map(|field| Some(field.name()?.to_owned()))
            .collect(),
    )
}

fn is_duration(field: Field<'_>) -> bool {
    field.type_type() == Type::Duration
        || field.children().is_some_and(|children| children.iter().any(is_duration))
}
