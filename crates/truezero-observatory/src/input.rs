//! What a page sends for a network to look at, as inputs of that network.

use truezero::Model;
use truezero_data::{Expected, Features, Notices, WideBatch, records};
use truezero_http::Problem;
use truezero_http::json::Value;
use truezero_sparse::Batch;

/// Rows and columns of a drawing.
pub(crate) const IMAGE: usize = 28;

/// Members of a question that are left as they stand until it is known what the network takes.
pub(crate) const RAW: [&str; 2] = ["values", "record"];

/// One example as JSON, before the preparation that the model has learned.
#[derive(Debug)]
pub(crate) enum Input {
    /// Numbers without names; of an image the pixels, from 0 to 255.
    Values(String),
    /// A row of a table.
    Record(String),
}

impl Input {
    pub(crate) fn read(value: &Value<'_, '_>) -> Result<Self, Problem> {
        value.only(&RAW)?;
        match (value.get("values")?, value.get("record")?) {
            (Some(values), None) => Ok(Self::Values(values.raw()?.to_owned())),
            (None, Some(record)) => Ok(Self::Record(record.raw()?.to_owned())),
            (values, _) => {
                let found = if values.is_some() { "both" } else { "neither" };
                let place = value.place();
                Err(Problem::malformed(format!("{place}: expected `values` or `record`, found {found}")))
            }
        }
    }

    /// The inputs of the network. What should be known of them is told.
    pub(crate) fn prepare(&self, model: &Model, notices: &Notices) -> Result<Batch, Problem> {
        let inputs = model.preprocessing.width();
        let features = match (self, model.preprocessing.for_inputs().expected()) {
            (Self::Values(values), _) => {
                let mut numbers = Vec::with_capacity(inputs);
                records::numbers("input.values", values, inputs, &mut numbers).map_err(Problem::unfit)?;
                Features::Wide(WideBatch::from_rows(inputs, numbers))
            }
            (Self::Record(record), Expected::Table { columns, cells }) => {
                let names = columns.into_iter().map(|(name, _)| name).collect();
                let table = records::table(&format!("[{record}]"), 1, names, &cells);
                Features::Table(table.map_err(Problem::unfit)?)
            }
            (Self::Record(_), Expected::Matrix { .. }) => {
                return Err(Problem::unfit(format!("inputs: expected {inputs} numbers, found a record")));
            }
        };
        Ok(model.preprocessing.inputs(features, notices)?)
    }
}
