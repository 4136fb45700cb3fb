//! Operators that make one value of all along some axes.

use super::super::integer::Integer;
use super::super::reader::integer;
use super::super::refusal::Refusal;
use super::super::tensor::{Tensor, Values, product};
use super::{Call, Operator, elements, strided, strides};

pub(super) fn operator(op: &str) -> Option<Operator> {
    Some(match op {
        "ReduceSum" => |call| reduce(call, |values| values.sum()),
        "ReduceMean" => |call| {
            reduce(call, |values| {
                let count = values.len() as f64;
                values.sum::<f64>() / count
            })
        },
        "ReduceProd" => |call| reduce(call, |values| values.product()),
        "ReduceMax" => |call| reduce(call, |values| values.fold(f64::NEG_INFINITY, f64::max)),
        "ReduceMin" => |call| reduce(call, |values| values.fold(f64::INFINITY, f64::min)),
        "ReduceL1" => |call| reduce(call, |values| values.map(f64::abs).sum()),
        "ReduceL2" => |call| reduce(call, |values| values.map(|value| value * value).sum::<f64>().sqrt()),
        "ReduceSumSquare" => |call| reduce(call, |values| values.map(|value| value * value).sum()),
        _ => return None,
    })
}

/// The values along the axes that go.
type Along<'a> = std::iter::Map<std::slice::Iter<'a, usize>, Box<dyn Fn(&usize) -> f64 + 'a>>;

fn reduce(call: &Call<'_>, f: impl Fn(Along<'_>) -> f64) -> Result<Tensor, Refusal> {
    let tensor = call.input(0)?;
    let rank = tensor.dims.len();
    let axes = call.list(1, "axes")?.unwrap_or_default();
    if axes.is_empty() && integer(call.node, "noop_with_empty_axes", 0) != 0 {
        return Ok(tensor.clone());
    }
    let axes = axes.iter().map(|&axis| call.axis(axis, rank)).collect::<Result<Vec<_>, _>>()?;
    let goes = |axis: &usize| axes.is_empty() || axes.contains(axis);
    let (gone, kept): (Vec<usize>, Vec<usize>) = (0..rank).partition(goes);
    let own = strides(&tensor.dims);
    let part = |axes: &[usize]| {
        let dims: Vec<usize> = axes.iter().map(|&axis| tensor.dims[axis]).collect();
        let steps: Vec<isize> = axes.iter().map(|&axis| own[axis]).collect();
        strided(&dims, &steps, 0)
    };
    let numbers = tensor.values.numbers().ok_or_else(|| call.refuse("numbers", tensor.values.kind()))?;
    let along = part(&gone);
    let results = part(&kept).into_iter().map(|first| {
        let value: Box<dyn Fn(&usize) -> f64> = Box::new(|place| numbers[first + place]);
        f(along.iter().map(value))
    });
    let values = match tensor.values {
        Values::Double(_) => Values::Double(results.collect()),
        Values::Single(_) => Values::Single(results.map(|value| value as f32).collect()),
        ref values => {
            let of = if let Values::Whole(_, of) = *values { of } else { Integer::I64 };
            elements::whole(call, results, of)?
        }
    };
    let dims: Vec<usize> = match integer(call.node, "keepdims", 1) {
        0 => kept.iter().map(|&axis| tensor.dims[axis]).collect(),
        _ => (0..rank).map(|axis| if goes(&axis) { 1 } else { tensor.dims[axis] }).collect(),
    };
    debug_assert_eq!(product(&dims), Some(values.len()));
    Ok(Tensor { dims, values })
}
