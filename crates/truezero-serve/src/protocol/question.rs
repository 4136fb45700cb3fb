//! What a client asks: a request of the protocol, checked against the model.

use truezero_data::quoted;
use truezero_http::json::{Document, Value};
use truezero_http::{Intake, Problem};
use truezero_sparse::Batch;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    Array, ArrayBuilder, Object, ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type,
};

use super::datatype::Datatype;
use super::inputs;
use crate::limits::{ID_BYTES, Limits, TENSORS};
use crate::servable::{Output, OutputSpec, Servable};

/// A request, as documented: tensors to compute from and names of those wanted.
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what `Question::parse` reads")]
pub(crate) struct InferRequest {
    /// Comes back in the answer.
    #[schema(max_length = 256)]
    id: Option<String>,
    parameters: Option<RequestParameters>,
    /// `input`, or `indices` and `values`.
    #[schema(min_items = 1, max_items = 2)]
    inputs: Vec<InputTensor>,
    /// What is wanted; predictions and labels if nothing is named.
    outputs: Option<Vec<WantedTensor>>,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what `Question::parse` reads")]
struct RequestParameters {
    /// Whether outputs come as bytes after the JSON.
    binary_data_output: Option<bool>,
}

/// A tensor: its values as JSON, or their number of bytes after the JSON.
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what `inputs::batch` reads")]
struct InputTensor {
    /// `input`, `indices` or `values`.
    name: String,
    /// Examples, then values of each.
    #[schema(schema_with = two_sizes)]
    shape: Vec<usize>,
    datatype: Datatype,
    parameters: Option<InputParameters>,
    /// Flat, or nested like the shape.
    #[schema(schema_with = flat_or_nested)]
    data: Option<Vec<f64>>,
}

/// The schema of a shape.
fn two_sizes() -> impl Into<RefOr<Schema>> {
    let size = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
    ArrayBuilder::new().items(size).min_items(Some(2)).max_items(Some(2))
}

/// The schema of a size that may be left out.
fn size_or_null() -> impl Into<RefOr<Schema>> {
    ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::Integer, Type::Null])).minimum(Some(0))
}

/// The schema of data.
fn flat_or_nested() -> impl Into<RefOr<Schema>> {
    let number = || Object::with_type(Type::Number);
    OneOfBuilder::new()
        .item(Array::new(number()))
        .item(Array::new(Array::new(number())))
        .item(Object::with_type(Type::Null))
        .description(Some("Flat, or nested like the shape"))
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what `inputs::batch` reads")]
struct InputParameters {
    /// Bytes of this tensor after the JSON.
    #[schema(schema_with = size_or_null)]
    binary_data_size: Option<usize>,
}

/// A tensor that is wanted.
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what `Question::parse` reads")]
struct WantedTensor {
    /// One of the model's outputs.
    name: String,
    parameters: Option<WantedParameters>,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what `Question::parse` reads")]
struct WantedParameters {
    /// Whether it comes as bytes after the JSON.
    binary_data: Option<bool>,
}

/// A request that suits the model.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) id: Option<String>,
    pub(crate) inputs: Batch,
    pub(crate) wanted: Vec<Wanted>,
}

/// A tensor to be given.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    pub(crate) output: Output,
    /// As bytes after the JSON.
    pub(crate) binary: bool,
}

impl Question {
    /// From a body whose first `json` bytes are JSON, and the rest tensors.
    pub(crate) fn parse(
        body: &[u8],
        json: usize,
        model: &Servable,
        limits: &Limits,
        intake: &Intake,
    ) -> Result<Self, Problem> {
        let (json, rest) = body.split_at_checked(json).ok_or_else(|| {
            Problem::malformed(format!("expected a body of at least the {json} bytes announced as JSON"))
        })?;
        // The data of tensors is read when it is known how much there may be.
        let document = Document::parse(json, &["data"])?;
        let request = document.value();
        let id = request.get("id")?.map(|id| id.short_text(ID_BYTES).map(str::to_owned)).transpose()?;
        let wanted = wanted(&request, model)?;
        let tensors =
            request.demand("inputs", "an array of tensors")?.items("an array of tensors", TENSORS)?;
        let inputs = inputs::batch(&tensors, rest, model, limits, intake)?;
        if Self::numbers(&wanted, model, inputs.examples()) > limits.numbers {
            return Err(Problem::too_large("numbers in the answer", limits.numbers));
        }
        Ok(Self { id, inputs, wanted })
    }

    /// How many numbers the answer has; a label counts as one.
    pub(crate) fn numbers(wanted: &[Wanted], model: &Servable, examples: usize) -> usize {
        let width = |wanted: &Wanted| {
            let spec = model.outputs().iter().find(|spec| spec.output == wanted.output);
            spec.and_then(|spec| spec.width).unwrap_or(1)
        };
        wanted.iter().map(width).sum::<usize>().saturating_mul(examples)
    }

    /// Hidden layers whose codes are wanted.
    pub(crate) fn codes(wanted: &[Wanted]) -> Vec<usize> {
        let codes = wanted.iter().filter_map(|wanted| match wanted.output {
            Output::Codes(layer) => Some(layer),
            _ => None,
        });
        codes.collect()
    }
}

/// What is wanted, in the order in which it was named, each once.
fn wanted(request: &Value<'_, '_>, model: &Servable) -> Result<Vec<Wanted>, Problem> {
    let binary = flag(request, "binary_data_output")?;
    let give = |spec: &OutputSpec, binary: Option<bool>| Wanted {
        name: spec.name.clone(),
        output: spec.output,
        binary: binary.unwrap_or(false),
    };
    let named =
        request.get("outputs")?.map(|outputs| outputs.items("an array of tensors", TENSORS)).transpose()?;
    let named = named.unwrap_or_default();
    if named.is_empty() {
        let usual = model.outputs().iter().filter(|spec| spec.by_default);
        return Ok(usual.map(|spec| give(spec, binary)).collect());
    }
    let mut wanted: Vec<Wanted> = Vec::new();
    for tensor in named {
        let name = tensor.demand("name", "the name of an output")?.text()?;
        let Some(spec) = model.outputs().iter().find(|spec| spec.name == name) else {
            let names: Vec<&str> = model.outputs().iter().map(|spec| spec.name.as_str()).collect();
            return Err(Problem::unsuitable("output", names.join(", "), quoted(name)));
        };
        if wanted.iter().any(|wanted| wanted.name == name) {
            return Err(Problem::unsuitable("outputs", "each once", format!("{name:?} twice")));
        }
        // Triton's classification extension, which is not offered.
        if let Some(parameters) = tensor.get("parameters")?
            && parameters.get("classification")?.is_some()
        {
            let expected = "no classification, but the output `label`";
            return Err(Problem::unsuitable(format!("output {name:?}"), expected, "classification"));
        }
        wanted.push(give(spec, flag(&tensor, "binary_data")?.or(binary)));
    }
    Ok(wanted)
}

/// A parameter that is true or false.
fn flag(of: &Value<'_, '_>, name: &str) -> Result<Option<bool>, Problem> {
    let Some(parameters) = of.get("parameters")? else { return Ok(None) };
    parameters.get(name)?.map(|flag| flag.boolean()).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{servable, spoiled};

    #[test]
    fn spoiled_requests_are_refused_or_understood_and_nothing_else() {
        let model = servable(1);
        let limits = Limits { examples: 10, width: 10, ..Limits::default() };
        let intake = Intake::default();
        let dense = br#"{"id":"7","inputs":[{"name":"input","shape":[2,3],"datatype":"FP32","data":[[1,2.5,-3e2],[0,0,1]]}],"outputs":[{"name":"label"},{"name":"codes_1"}]}"#;
        let sparse = br#"{"inputs":[{"name":"indices","shape":[1,2],"datatype":"INT64","parameters":{"binary_data_size":16}},{"name":"values","shape":[1,2],"datatype":"FP32","data":[1,2]}]}"#;
        let indices = [0, 1_i64].map(i64::to_le_bytes).concat();
        let binary = [sparse.as_slice(), &indices].concat();
        assert!(Question::parse(dense, dense.len(), &model, &limits, &intake).is_ok());
        assert!(Question::parse(&binary, sparse.len(), &model, &limits, &intake).is_ok());
        let mut understood = 0;
        for seed in 0..20_000 {
            let (body, json) =
                if seed % 2 == 0 { (dense.as_slice(), dense.len()) } else { (&binary[..], sparse.len()) };
            let body = spoiled(body, seed);
            if let Ok(question) = Question::parse(&body, json.min(body.len()), &model, &limits, &intake) {
                assert_eq!(question.inputs.width(), 3);
                assert!((1..=10).contains(&question.inputs.examples()));
                understood += 1;
            }
        }
        assert!(understood > 100, "{understood} were understood, too few to be a test");
    }
}
