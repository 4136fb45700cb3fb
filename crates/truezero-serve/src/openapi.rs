//! The description of everything that can be asked, for the models that are served.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use truezero_http::ErrorBody;
use utoipa::OpenApi;

use crate::app::App;
use crate::protocol::{answer, datatype, metadata, question};
use crate::servable::{INDICES, Servable, VALUES};
use crate::{records, routes};

/// Where a model is meant in the version that is served, whatever it is.
const ANY_VERSION: &str = "/v2/models/{model}";
/// Where a version is named.
const ONE_VERSION: &str = "/v2/models/{model}/versions/{version}";
/// A model of a matrix with more columns gets no example of a record.
const WIDEST_EXAMPLE: usize = 64;

/// Why any request may be refused, by status.
const REFUSALS: [(StatusCode, &str); 4] = [
    (StatusCode::FORBIDDEN, "The server is not asked by a name of its own, or by a page of somebody else's"),
    (StatusCode::NOT_FOUND, "No such model, or not in that version"),
    (StatusCode::INTERNAL_SERVER_ERROR, "A fault of the server"),
    (StatusCode::SERVICE_UNAVAILABLE, "Too much to do at present; `Retry-After` says when to try again"),
];
/// Why one that has a body may be refused besides.
const REFUSALS_OF_BODIES: [(StatusCode, &str); 5] = [
    (StatusCode::BAD_REQUEST, "The body or a header is not what the protocol demands"),
    (StatusCode::REQUEST_TIMEOUT, "The body did not arrive in time"),
    (StatusCode::PAYLOAD_TOO_LARGE, "A limit of the server is passed"),
    (
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "The body is packed otherwise than by gzip or deflate, or is of another type",
    ),
    (StatusCode::UNPROCESSABLE_ENTITY, "A well formed request that does not suit the model"),
];

#[derive(OpenApi)]
#[openapi(
    info(
        title = "truezero",
        description = "Deep sparse rectifier networks behind the Open Inference Protocol, version 2.\n\n\
            Tensors may also follow the JSON as bytes, as Triton's clients send them: the header \
            `Inference-Header-Content-Length` tells the length of the JSON, the parameter `binary_data_size` \
            that of each tensor.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    paths(
        routes::models::server,
        routes::health::live,
        routes::health::ready,
        routes::models::index,
        routes::models::model,
        routes::models::ready,
        routes::infer::infer,
        routes::predict::predict,
        routes::operation::metrics,
        routes::operation::openapi,
    ),
    components(schemas(
        ErrorBody,
        answer::OutputTensor,
        datatype::Datatype,
        metadata::ModelMetadata,
        question::InferRequest,
        records::PredictRequest,
    ))
)]
struct Api;

/// The document.
pub(crate) fn document(app: &App) -> Value {
    let mut document = serde_json::to_value(Api::openapi()).unwrap_or_default();
    let models = app.registry.all();
    let names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
    if let Some(Value::Object(paths)) = document.get_mut("paths") {
        paths.values_mut().flat_map(operations).for_each(refusals);
        if let Some(model) = models.first() {
            set_example(paths, &format!("{ANY_VERSION}/infer"), infer_example(model));
            predict_example(model).into_iter().for_each(|example| set_example(paths, "/v1/predict", example));
        }
        with_versions(paths, &models.iter().map(|model| model.version.as_str()).collect::<Vec<_>>());
        paths.values_mut().flat_map(operations).for_each(|operation| one_of(operation, "model", &names));
    }
    let of_records = &mut document["components"]["schemas"]["PredictRequest"]["properties"]["model"];
    of_records["enum"] = names.iter().map(|&name| Value::from(name)).chain([Value::Null]).collect();
    if app.token {
        document["components"]["securitySchemes"] = json!({"token": {"type": "http", "scheme": "bearer"}});
        document["security"] = json!([{"token": []}]);
        if let Some(Value::Object(paths)) = document.get_mut("paths") {
            for (path, item) in paths {
                operations(item).for_each(|operation| secure(path, operation));
            }
        }
    }
    document
}

/// The operations of a path.
fn operations(item: &mut Value) -> impl Iterator<Item = &mut Value> {
    let methods = item.as_object_mut().into_iter().flatten();
    methods.filter(|(method, _)| matches!(method.as_str(), "get" | "post")).map(|(_, operation)| operation)
}

fn refusal(description: &str) -> Value {
    let schema = json!({"$ref": "#/components/schemas/ErrorBody"});
    json!({"description": description, "content": {"application/json": {"schema": schema}}})
}

/// Tells an operation why it may refuse.
fn refusals(operation: &mut Value) {
    let with_body = operation.get("requestBody").is_some();
    let more = REFUSALS_OF_BODIES.iter().filter(|_| with_body);
    for (status, description) in REFUSALS.iter().chain(more) {
        let responses = &mut operation["responses"];
        if responses.get(status.as_str()).is_none() {
            responses[status.as_str()] = refusal(description);
        }
    }
}

fn secure(path: &str, operation: &mut Value) {
    if path.starts_with(crate::auth::OPEN) {
        operation["security"] = json!([]);
    } else {
        operation["responses"]["401"] = refusal("No or a wrong token");
    }
}

/// Adds the paths that name a version to those that do not.
fn with_versions(paths: &mut Map<String, Value>, versions: &[&str]) {
    let any: Vec<(String, Value)> = paths
        .iter()
        .filter_map(|(path, item)| Some((path.strip_prefix(ANY_VERSION)?.to_owned(), item.clone())))
        .collect();
    for (rest, mut item) in any {
        for operation in operations(&mut item) {
            if let Some(id) = operation["operationId"].as_str() {
                operation["operationId"] = format!("{id}_version").into();
            }
            if let Some(Value::Array(parameters)) = operation.get_mut("parameters") {
                parameters.push(json!({
                    "name": "version",
                    "in": "path",
                    "required": true,
                    "description": "The one that is served: the first digits of the checksum of the file",
                    "schema": {"type": "string", "enum": versions}
                }));
            }
        }
        paths.insert(format!("{ONE_VERSION}{rest}"), item);
    }
}

/// Lists the values that a parameter has.
fn one_of(operation: &mut Value, name: &str, values: &[&str]) {
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten();
    for parameter in parameters.filter(|parameter| parameter["name"] == name) {
        parameter["schema"]["enum"] = json!(values);
    }
}

fn set_example(paths: &mut Map<String, Value>, path: &str, example: Value) {
    if let Some(item) = paths.get_mut(path) {
        item["post"]["requestBody"]["content"]["application/json"]["example"] = example;
    }
}

/// Two examples of one input each, the second with none.
fn infer_example(model: &Servable) -> Value {
    let last = model.width() - 1;
    json!({"inputs": [
        {"name": INDICES, "shape": [2, 1], "datatype": "INT64", "data": [[last], [-1]]},
        {"name": VALUES, "shape": [2, 1], "datatype": "FP32", "data": [[0.5], [0]]},
    ]})
}

fn predict_example(model: &Servable) -> Option<Value> {
    let record = match model.preprocessing().columns() {
        Some(columns) => columns.into_iter().map(|column| (column, Value::Null)).collect(),
        None if model.width() <= WIDEST_EXAMPLE => json!(vec![0; model.width()]),
        None => return None,
    };
    Some(json!({"model": model.name, "records": [record]}))
}
