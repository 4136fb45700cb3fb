//! Raw records: what a model was trained on, as JSON. Preprocessing is replayed.
//!
//! A record of a model trained on a table is an object with its columns; one that is null or left out is
//! missing, others are ignored. A record of a model trained on a matrix is an array of its numbers.

use serde::Serialize;
use truezero::{Prediction, Predictions};
use truezero_data::{Expected, Features, Notice, Notices, Task, WideBatch, records};
use truezero_http::json::Document;
use truezero_http::{Intake, Problem};
use truezero_sparse::Batch;
use utoipa::openapi::schema::{Array, Object, ObjectBuilder, OneOfBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::cost;
use crate::limits::Limits;
use crate::servable::Servable;

/// Records to be predicted, as documented.
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what `Asked::parse` reads")]
pub(crate) struct PredictRequest {
    /// May be left out if there is only one model.
    model: Option<String>,
    /// Objects with columns, or arrays of numbers, as the model was trained on.
    #[schema(min_items = 1)]
    records: Vec<Record>,
}

/// The features of one example.
pub(crate) struct Record;

impl PartialSchema for Record {
    fn schema() -> RefOr<Schema> {
        let types = [Type::Number, Type::Boolean, Type::String, Type::Null];
        let cell = ObjectBuilder::new().schema_type(SchemaType::from_iter(types));
        OneOfBuilder::new()
            .item(ObjectBuilder::new().additional_properties(Some(cell)))
            .item(Array::new(Object::with_type(Type::Number)))
            .into()
    }
}

impl ToSchema for Record {}

/// A request: which model, and the records as they stand.
pub(crate) struct Asked<'a> {
    pub(crate) model: Option<String>,
    records: &'a str,
}

impl<'a> Asked<'a> {
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, Problem> {
        let document = Document::parse(body, &["records"])?;
        let value = document.value();
        let model = value.get("model")?.map(|model| model.text().map(str::to_owned)).transpose()?;
        Ok(Self { model, records: value.demand("records", "an array of records")?.raw()? })
    }

    /// The inputs that the records stand for. What should be known of them is told.
    pub(crate) fn inputs(
        &self,
        model: &Servable,
        limits: &Limits,
        intake: &Intake,
        notices: &Notices,
    ) -> Result<Batch, Problem> {
        let count = records::count(self.records)?;
        if count == 0 {
            return Err(Problem::unsuitable("records", "at least one", "none"));
        }
        if count > limits.examples {
            return Err(Problem::too_large("records", limits.examples));
        }
        let expected = model.preprocessing().expected();
        let columns_each = match &expected {
            Expected::Table { columns, .. } => columns.len(),
            Expected::Matrix { width, .. } => *width,
        };
        if count.saturating_mul(columns_each) > limits.numbers {
            return Err(Problem::too_large("records × columns", limits.numbers));
        }
        let features = if let Expected::Table { columns, cells } = expected {
            intake.reserve(cost::of_records(count, columns_each, self.records.len()))?;
            let names = columns.into_iter().map(|(name, _)| name).collect();
            Features::Table(records::table(self.records, count, names, &cells)?)
        } else {
            intake.reserve(cost::of_tensor(count, columns_each, count * columns_each))?;
            let numbers = records::matrix(self.records, count, columns_each)?;
            Features::Wide(WideBatch::from_rows(columns_each, numbers))
        };
        let inputs = model.preprocessing().inputs(features, notices)?;
        Ok(crate::protocol::inputs::without_zeros(inputs))
    }
}

/// What the model makes of the records, in the form of `truezero predict --json`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PredictResponse<'a> {
    model_name: &'a str,
    model_version: &'a str,
    #[schema(value_type = String)]
    task: Task,
    /// Of the outputs.
    names: &'a [String],
    /// For each record `label` and `probabilities`, `labels` and `probabilities`, or `quantities`.
    #[schema(value_type = Vec<Object>)]
    predictions: Vec<Prediction<'a>>,
    /// What should be known of the records, each with `place`, `message` and perhaps `hint`.
    #[schema(value_type = Vec<Object>)]
    warnings: Vec<Notice>,
}

impl<'a> PredictResponse<'a> {
    pub(crate) fn new(model: &'a Servable, predictions: &'a Predictions, warnings: Vec<Notice>) -> Self {
        Self {
            model_name: &model.name,
            model_version: &model.version,
            task: predictions.task,
            names: &predictions.names,
            predictions: (0..predictions.values.examples()).map(|at| predictions.of(at)).collect(),
            warnings,
        }
    }
}
