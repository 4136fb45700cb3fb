//! From the tensors of a request to inputs of a model.
//!
//! `input`, examples × inputs; or a pair, each examples × k: `indices`, the positions of values that are not
//! zero in any order, and `values`. An example with fewer than k such values has −1 in the places left.

use truezero_data::{WideBatch, quoted};
use truezero_http::json::Value;
use truezero_http::{Intake, Problem};
use truezero_sparse::choose::{Product, prefer_dense};
use truezero_sparse::{ActiveBatch, Batch};

use super::data::Data;
use super::datatype::Datatype;
use crate::cost;
use crate::limits::Limits;
use crate::servable::{INDICES, INPUT, Servable, VALUES};

/// Most dimensions of a shape, so that one of the wrong form is told as it is.
const MAX_DIMENSIONS: usize = 8;
/// Marks a place without a value among indices.
const NONE: f64 = -1.0;

/// A tensor with its values, of a shape they fill.
struct Tensor {
    examples: usize,
    width: usize,
    values: Vec<f64>,
}

/// The inputs that the tensors of a request stand for. `rest` holds those given as bytes, one after the other.
pub(crate) fn batch(
    tensors: &[Value<'_, '_>],
    mut rest: &[u8],
    model: &Servable,
    limits: &Limits,
    intake: &Intake,
) -> Result<Batch, Problem> {
    let name = |tensor: &Value<'_, '_>| tensor.demand("name", "a text")?.text().map(str::to_owned);
    let names: Vec<String> = tensors.iter().map(name).collect::<Result<_, _>>()?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    // Nothing is read of tensors that are not asked for.
    if !matches!(names.as_slice(), [INPUT] | [INDICES, VALUES] | [VALUES, INDICES]) {
        let expected = format!("{INPUT:?}, or {INDICES:?} and {VALUES:?}");
        let found = if names.is_empty() { "none".to_owned() } else { quoted(&names.join(", ")) };
        return Err(Problem::unsuitable("inputs", expected, found));
    }
    let mut read = Vec::with_capacity(tensors.len());
    for (tensor, name) in tensors.iter().zip(&names) {
        read.push(Tensor::read(tensor, name, &mut rest, limits, intake)?);
    }
    if !rest.is_empty() {
        let found = format!("{} bytes more", rest.len());
        return Err(Problem::unsuitable("body", "the bytes of the tensors after the JSON", found));
    }
    let numbers = match (names.as_slice(), read.as_mut_slice()) {
        ([INPUT], [input]) => dense(input, model)?,
        ([INDICES, ..], [indices, values]) | (_, [values, indices]) => active(indices, values, model)?,
        _ => return Err(Problem::internal()),
    };
    drop(read);
    let spreads = numbers.is_dense() || model.spreads();
    if spreads {
        if numbers.examples().saturating_mul(model.width()) > limits.numbers {
            return Err(Problem::too_large("examples × inputs", limits.numbers));
        }
        intake.reserve(cost::of_rows(numbers.examples(), model.width()))?;
    }
    Ok(without_zeros(model.inputs(numbers)?))
}

/// In the form in which a product of it is fastest.
pub(crate) fn without_zeros(batch: Batch) -> Batch {
    let Batch::Dense(dense) = &batch else { return batch };
    let rows = || (0..dense.examples()).map(|example| dense.row(example));
    let active: usize = rows().map(|row| row.iter().filter(|value| **value != 0.0).count()).sum();
    let density = active as f64 / (dense.examples() * dense.width()).max(1) as f64;
    if prefer_dense(Product::Forward, dense.examples(), density) {
        return batch;
    }
    let mut few = ActiveBatch::new(dense.width());
    rows().for_each(|row| few.push((0..).zip(row.iter().copied())));
    Batch::Active(few)
}

impl Tensor {
    fn read(
        tensor: &Value<'_, '_>,
        name: &str,
        rest: &mut &[u8],
        limits: &Limits,
        intake: &Intake,
    ) -> Result<Self, Problem> {
        let place = || format!("tensor {name:?}");
        let shape =
            tensor.demand("shape", "[examples, values]")?.items("[examples, values]", MAX_DIMENSIONS)?;
        let shape: Vec<usize> = shape.iter().map(Value::size).collect::<Result<_, _>>()?;
        let datatype = tensor.demand("datatype", "the type of the values")?;
        let datatype = Datatype::named(datatype.text()?).ok_or_else(|| {
            let (place, expected) = (datatype.place(), Datatype::names());
            let found = quoted(datatype.text().unwrap_or_default());
            Problem::malformed(format!("{place}: expected one of {expected}, found {found}"))
        })?;
        let &[examples, width] = shape.as_slice() else {
            return Err(Problem::unsuitable(place(), "a shape [examples, values]", format!("{shape:?}")));
        };
        if examples == 0 {
            return Err(Problem::unsuitable(place(), "at least one example", "none"));
        }
        if examples > limits.examples {
            return Err(Problem::too_large("examples", limits.examples));
        }
        if width > limits.width {
            return Err(Problem::too_large("values of an example", limits.width));
        }
        let size = tensor.get("parameters")?.map(|parameters| parameters.get("binary_data_size"));
        let size = size.transpose()?.flatten().map(|size| size.size()).transpose()?;
        let values = match (size, tensor.get("data")?) {
            (None, Some(data)) => {
                let json = data.raw()?;
                // As many as there can be in so much JSON.
                let values = examples.saturating_mul(width).min(json.len() / 2 + 1);
                intake.reserve(cost::of_tensor(examples, width.min(values), values))?;
                Data::read(json, name, datatype, &shape)?.numbers
            }
            (Some(size), None) => {
                let expected = examples.saturating_mul(width).saturating_mul(datatype.size());
                if size != expected {
                    let (expected, found) = (format!("{expected} bytes"), size.to_string());
                    return Err(Problem::unsuitable(place(), expected, found));
                }
                let Some((bytes, after)) = rest.split_at_checked(size) else {
                    let (expected, found) = (format!("{size} bytes after the JSON"), rest.len().to_string());
                    return Err(Problem::unsuitable(place(), expected, found));
                };
                *rest = after;
                intake.reserve(cost::of_tensor(examples, width, examples.saturating_mul(width)))?;
                datatype.decode(bytes)
            }
            (size, _) => {
                let found = if size.is_some() { "both" } else { "neither" };
                return Err(Problem::unsuitable(place(), "`data` or `binary_data_size`", found));
            }
        };
        Ok(Self { examples, width, values })
    }

    fn rows(&self) -> impl Iterator<Item = &[f64]> {
        // No row is taken of a tensor without columns.
        self.values.chunks(self.width.max(1))
    }
}

fn dense(input: &mut Tensor, model: &Servable) -> Result<WideBatch, Problem> {
    if input.width != model.width() {
        let expected = format!("{} values of each example", model.width());
        return Err(Problem::unsuitable(format!("tensor {INPUT:?}"), expected, input.width));
    }
    Ok(WideBatch::from_rows(input.width, std::mem::take(&mut input.values)))
}

fn active(indices: &Tensor, values: &Tensor, model: &Servable) -> Result<WideBatch, Problem> {
    let shape = |tensor: &Tensor| [tensor.examples, tensor.width];
    if shape(indices) != shape(values) {
        let expected = format!("the shape of {INDICES:?}, {:?}", shape(indices));
        return Err(Problem::unsuitable(
            format!("tensor {VALUES:?}"),
            expected,
            format!("{:?}", shape(values)),
        ));
    }
    let (mut offsets, mut columns, mut numbers) = (vec![0], Vec::new(), Vec::new());
    let mut row: Vec<(u32, f64)> = Vec::with_capacity(indices.width);
    let mut rows = indices.rows().zip(values.rows());
    for example in 0..indices.examples {
        row.clear();
        if let Some((indices, values)) = rows.next() {
            for (&index, &value) in indices.iter().zip(values) {
                if index == NONE {
                    continue;
                }
                if index < 0.0 || index >= model.width() as f64 || index.fract() != 0.0 {
                    let (place, expected) = (place(example), format!("-1 or 0 to {}", model.width() - 1));
                    return Err(Problem::unsuitable(place, expected, index));
                }
                row.push((index as u32, value));
            }
        }
        row.sort_unstable_by_key(|&(index, _)| index);
        if let Some(pair) = row.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(Problem::unsuitable(
                place(example),
                "each index once",
                format!("{} twice", pair[0].0),
            ));
        }
        columns.extend(row.iter().map(|&(index, _)| index));
        numbers.extend(row.iter().map(|&(_, value)| value));
        offsets.push(columns.len());
    }
    WideBatch::from_parts(model.width(), offsets, columns, numbers)
        .map_err(|error| Problem::unsuitable(format!("tensor {INDICES:?}"), "sparse rows", error))
}

fn place(example: usize) -> String {
    format!("tensor {INDICES:?}, example {}", example + 1)
}
