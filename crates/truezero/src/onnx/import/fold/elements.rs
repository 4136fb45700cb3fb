//! Operators that compute each value by itself.

use super::super::integer::Integer;
use super::super::refusal::Refusal;
use super::super::tensor::{MAX_RANK, Tensor, Values};
use super::{Call, Operator, strided, strides};

pub(super) fn operator(op: &str) -> Option<Operator> {
    Some(match op {
        "Add" => |call| binary(call, |a, b| a + b, i64::checked_add),
        "Sub" => |call| binary(call, |a, b| a - b, i64::checked_sub),
        "Mul" => |call| binary(call, |a, b| a * b, i64::checked_mul),
        "Div" => |call| binary(call, |a, b| a / b, i64::checked_div),
        "Pow" => |call| binary(call, f64::powf, |a, b| a.checked_pow(u32::try_from(b).ok()?)),
        "Max" => |call| binary(call, f64::max, |a, b| Some(a.max(b))),
        "Min" => |call| binary(call, f64::min, |a, b| Some(a.min(b))),
        "Greater" => |call| compare(call, |a, b| a > b),
        "GreaterOrEqual" => |call| compare(call, |a, b| a >= b),
        "Less" => |call| compare(call, |a, b| a < b),
        "LessOrEqual" => |call| compare(call, |a, b| a <= b),
        "Equal" => |call| compare(call, |a, b| a == b),
        "Where" => choose,
        "Neg" => |call| unary(call, |a| -a),
        "Abs" => |call| unary(call, f64::abs),
        "Sqrt" => |call| unary(call, f64::sqrt),
        "Exp" => |call| unary(call, f64::exp),
        "Log" => |call| unary(call, f64::ln),
        "Reciprocal" => |call| unary(call, f64::recip),
        "Tanh" => |call| unary(call, f64::tanh),
        "Sigmoid" => |call| unary(call, |a| 1.0 / (1.0 + (-a).exp())),
        "Relu" => |call| unary(call, |a| a.max(0.0)),
        _ => return None,
    })
}

/// Of the type that the inputs had.
fn typed(call: &Call<'_>, numbers: Vec<f64>, of: &[&Values]) -> Result<Values, Refusal> {
    let is = |kind: fn(&Values) -> bool| of.iter().any(|values| kind(values));
    if is(|values| matches!(values, Values::Double(_))) {
        return Ok(Values::Double(numbers));
    }
    if is(|values| matches!(values, Values::Single(_))) {
        return Ok(Values::Single(numbers.into_iter().map(|number| number as f32).collect()));
    }
    let integer = |values: &&Values| if let Values::Whole(_, of) = **values { Some(of) } else { None };
    whole(call, numbers.into_iter(), of.iter().find_map(integer).unwrap_or(Integer::I64))
}

/// Whole numbers of a type, of those that were computed in floating point; what leaves the type's range wraps around.
pub(super) fn whole(
    call: &Call<'_>,
    numbers: impl Iterator<Item = f64>,
    of: Integer,
) -> Result<Values, Refusal> {
    let exact =
        |number: f64| (number.fract() == 0.0 && number.abs() < 2f64.powi(53)).then_some(number as i64);
    let whole: Option<Vec<i64>> = numbers.map(|number| of.wrapped(exact(number)?)).collect();
    let whole = whole.ok_or_else(|| call.refuse("whole numbers of moderate size", "others"))?;
    Ok(Values::Whole(whole, of))
}

fn numbers(call: &Call<'_>, values: &Values) -> Result<Vec<f64>, Refusal> {
    values.numbers().ok_or_else(|| call.refuse("numbers", values.kind()))
}

fn unary(call: &Call<'_>, f: impl Fn(f64) -> f64) -> Result<Tensor, Refusal> {
    let Tensor { dims, values } = call.input(0)?;
    let results = numbers(call, values)?.into_iter().map(f).collect();
    Ok(Tensor { dims: dims.clone(), values: typed(call, results, &[values])? })
}

/// Of two inputs or, one after the other, of more.
fn binary(
    call: &Call<'_>,
    f: impl Fn(f64, f64) -> f64,
    whole: impl Fn(i64, i64) -> Option<i64>,
) -> Result<Tensor, Refusal> {
    let mut so_far = call.input(0)?.clone();
    for index in 1..call.inputs.len() {
        let (a, b) = together(call, &so_far, call.input(index)?)?;
        let values = match (&a.values, &b.values) {
            (Values::Whole(a, of), Values::Whole(b, other)) => {
                if of != other {
                    return Err(call.refuse("whole numbers of one type", format!("{of:?} and {other:?}")));
                }
                let result = |(&a, &b): (&i64, &i64)| of.wrapped(whole(a, b)?);
                let results: Option<Vec<i64>> = a.iter().zip(b).map(result).collect();
                Values::Whole(results.ok_or_else(|| call.refuse("whole numbers of 64 bits", "others"))?, *of)
            }
            (own, other) => {
                let pairs = numbers(call, own)?.into_iter().zip(numbers(call, other)?);
                typed(call, pairs.map(|(a, b)| f(a, b)).collect(), &[own, other])?
            }
        };
        so_far = Tensor { dims: a.dims, values };
    }
    Ok(so_far)
}

fn compare(call: &Call<'_>, f: impl Fn(f64, f64) -> bool) -> Result<Tensor, Refusal> {
    let (a, b) = together(call, call.input(0)?, call.input(1)?)?;
    let pairs = numbers(call, &a.values)?.into_iter().zip(numbers(call, &b.values)?);
    Ok(Tensor { dims: a.dims, values: Values::Truth(pairs.map(|(a, b)| f(a, b)).collect()) })
}

fn choose(call: &Call<'_>) -> Result<Tensor, Refusal> {
    let (a, b) = together(call, call.input(1)?, call.input(2)?)?;
    let (which, a) = together(call, call.input(0)?, &a)?;
    let (_, b) = together(call, &which, &b)?;
    let Values::Truth(which) = which.values else {
        return Err(call.refuse("truth values to choose by", "others"));
    };
    let count = which.len();
    let chosen: Vec<usize> =
        which.iter().enumerate().map(|(at, &first)| if first { at } else { count + at }).collect();
    let both = a.values.chain(b.values).ok_or_else(|| call.refuse("values of one type", "several"))?;
    Ok(Tensor { dims: a.dims, values: both.pick(&chosen) })
}

/// Two tensors in the shape that they have together.
fn together(call: &Call<'_>, a: &Tensor, b: &Tensor) -> Result<(Tensor, Tensor), Refusal> {
    let dims = broadcast(call, &a.dims, &b.dims)?;
    Ok((expanded(call, a, &dims)?, expanded(call, b, &dims)?))
}

/// The shape of two together: axes are matched from the last on, and one of length 1 is repeated.
pub(super) fn broadcast(call: &Call<'_>, a: &[usize], b: &[usize]) -> Result<Vec<usize>, Refusal> {
    let rank = a.len().max(b.len());
    let of = |dims: &[usize], axis: usize| (axis + dims.len()).checked_sub(rank).map_or(1, |axis| dims[axis]);
    let dims = (0..rank).map(|axis| match (of(a, axis), of(b, axis)) {
        (own, other) if own == other || other == 1 => Some(own),
        (1, other) => Some(other),
        _ => None,
    });
    let dims: Option<Vec<usize>> = dims.collect();
    let dims = dims.filter(|dims| dims.len() <= MAX_RANK);
    dims.ok_or_else(|| call.refuse("shapes that fit each other", format!("{a:?} and {b:?}")))
}

/// A tensor repeated to a shape from [`broadcast`].
pub(super) fn expanded(call: &Call<'_>, tensor: &Tensor, dims: &[usize]) -> Result<Tensor, Refusal> {
    if tensor.dims == dims {
        return Ok(tensor.clone());
    }
    call.take_shape(dims)?;
    let own = strides(&tensor.dims);
    let missing = dims.len() - tensor.dims.len();
    let steps: Vec<isize> = (0..dims.len())
        .map(|axis| match axis.checked_sub(missing) {
            Some(axis) if tensor.dims[axis] != 1 => own[axis],
            _ => 0,
        })
        .collect();
    Ok(Tensor { dims: dims.to_vec(), values: tensor.values.pick(&strided(dims, &steps, 0)) })
}
