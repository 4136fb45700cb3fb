//! Constants that nodes hold, and constants in other types.

use half::{bf16, f16};

use super::super::super::proto::{NodeProto, data_type};
use super::super::constant::Constant;
use super::super::data::Data;
use super::super::integer::Integer;
use super::super::reader::{attribute, integer, place_of};
use super::super::refusal::Refusal;
use super::super::tensor::{Tensor, Values};
use super::{Call, Operator, elements};

pub(super) fn operator(op: &str) -> Option<Operator> {
    Some(match op {
        "Cast" => cast,
        "DequantizeLinear" => dequantize,
        _ => return None,
    })
}

/// The value of a node without inputs.
pub(super) fn constant<'a>(
    node: &'a NodeProto,
    name: &'a str,
    data: &Data<'_>,
) -> Result<Constant<'a>, Refusal> {
    let computed = |values: Values, list: bool| {
        let dims = if list { vec![values.len()] } else { Vec::new() };
        Ok(Constant::computed(name, Tensor { dims, values }))
    };
    let of = |key: &str| attribute(node, key);
    if let Some(tensor) = of("value").and_then(|attribute| attribute.t.as_ref()) {
        Constant::of_tensor(name, tensor)
    } else if let Some(sparse) = of("sparse_value").and_then(|attribute| attribute.sparse_tensor.as_ref()) {
        Constant::of_sparse(name, sparse, data)
    } else if let Some(value) = of("value_float").and_then(|attribute| attribute.f) {
        computed(Values::Single(vec![value]), false)
    } else if let Some(attribute) = of("value_floats") {
        computed(Values::Single(attribute.floats.clone()), true)
    } else if let Some(value) = of("value_int").and_then(|attribute| attribute.i) {
        computed(Values::Whole(vec![value], Integer::I64), false)
    } else if let Some(attribute) = of("value_ints") {
        computed(Values::Whole(attribute.ints.clone(), Integer::I64), true)
    } else {
        Err(Refusal::new(place_of(node), "a tensor or numbers", "neither"))
    }
}

fn cast(call: &Call<'_>) -> Result<Tensor, Refusal> {
    let Tensor { dims, values } = call.input(0)?;
    let to = i32::try_from(integer(call.node, "to", 0)).unwrap_or(0);
    let whole = Integer::of(to);
    // Parts of a shape stay what they are.
    if matches!(values, Values::Sizes(_)) && whole.is_some() {
        return Ok(Tensor { dims: dims.clone(), values: values.clone() });
    }
    let numbers = values.numbers().ok_or_else(|| call.refuse("numbers to cast", values.kind()))?;
    let singles =
        |single: fn(f64) -> f32| Values::Single(numbers.iter().map(|&number| single(number)).collect());
    let values = match (to, whole) {
        (data_type::FLOAT, _) => singles(|number| number as f32),
        (data_type::FLOAT16, _) => singles(|number| f16::from_f64(number).to_f32()),
        (data_type::BFLOAT16, _) => singles(|number| bf16::from_f64(number).to_f32()),
        (data_type::DOUBLE, _) => Values::Double(numbers),
        (data_type::BOOL, _) => Values::Truth(numbers.into_iter().map(|number| number != 0.0).collect()),
        (_, Some(of)) => {
            let list: Option<Vec<i64>> = match values {
                Values::Whole(list, _) => list.iter().map(|&number| of.wrapped(number)).collect(),
                _ => numbers.into_iter().map(|number| of.truncated(number)).collect(),
            };
            let expected = format!("numbers that {} holds", data_type::name(to));
            Values::Whole(list.ok_or_else(|| call.refuse(&expected, "others"))?, of)
        }
        (to, None) => return Err(call.refuse("a cast to numbers", data_type::name(to))),
    };
    Ok(Tensor { dims: dims.clone(), values })
}

/// (x − zero point) · scale, with one of each, or with one for each place along an axis.
fn dequantize(call: &Call<'_>) -> Result<Tensor, Refusal> {
    let (tensor, scale) = (call.input(0)?, call.input(1)?);
    if integer(call.node, "block_size", 0) != 0 {
        return Err(call.refuse("one scale, or one for each place along an axis", "blocks"));
    }
    let shape = if scale.values.len() == 1 {
        Vec::new()
    } else {
        let axis = call.axis(integer(call.node, "axis", 1), tensor.dims.len())?;
        let shape = |other: usize| if other == axis { scale.values.len() } else { 1 };
        (0..tensor.dims.len()).map(shape).collect::<Vec<_>>()
    };
    let whole = |values: &Values| match values {
        Values::Whole(list, _) => Ok(list.iter().map(|&value| value as f64).collect::<Vec<_>>()),
        _ => Err(call.refuse("whole numbers", values.kind())),
    };
    let numbers = |values: &Values| values.numbers().ok_or_else(|| call.refuse("numbers", values.kind()));
    let spread = |values: Vec<f64>| -> Result<Vec<f64>, Refusal> {
        let tensor_of = Tensor { dims: shape.clone(), values: Values::Double(values) };
        let dims = elements::broadcast(call, &tensor.dims, &shape)?;
        if dims != tensor.dims {
            return Err(call.refuse("a scale for each place along the axis", "another number"));
        }
        numbers(&elements::expanded(call, &tensor_of, &dims)?.values)
    };
    let zeros = match call.optional(2) {
        None => vec![0.0; scale.values.len()],
        Some(zeros) if zeros.values.len() == scale.values.len() => whole(&zeros.values)?,
        Some(_) => return Err(call.refuse("a zero point for each scale", "another number")),
    };
    let (scales, zeros) = (spread(numbers(&scale.values)?)?, spread(zeros)?);
    let results = whole(&tensor.values)?.into_iter().zip(zeros).zip(scales);
    let values = results.map(|((value, zero), scale)| ((value - zero) * scale) as f32).collect();
    Ok(Tensor { dims: tensor.dims.clone(), values: Values::Single(values) })
}
