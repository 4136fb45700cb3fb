//! Operators that move values and compute none.

use super::super::integer::Integer;
use super::super::reader::{attribute, integer};
use super::super::refusal::Refusal;
use super::super::tensor::{MAX_RANK, Tensor, Values, product};
use super::{Call, Operator, strided, strides};

/// Operators whose output has values of their first input only.
pub(super) fn movement(op: &str) -> Option<Operator> {
    Some(match op {
        "Reshape" => reshape,
        "Flatten" => flatten,
        "Squeeze" => squeeze,
        "Unsqueeze" => unsqueeze,
        "Transpose" => transpose,
        "Slice" => slice,
        "Gather" => gather,
        "ArrayFeatureExtractor" => features,
        _ => return None,
    })
}

pub(super) fn operator(op: &str) -> Option<Operator> {
    Some(match op {
        "Concat" => concat,
        "Expand" => expand,
        "Shape" => shape,
        "ConstantOfShape" => filled,
        _ => return movement(op),
    })
}

/// The same values in another shape.
fn reshaped(call: &Call<'_>, dims: Vec<usize>) -> Result<Tensor, Refusal> {
    let tensor = call.input(0)?;
    if dims.len() > MAX_RANK + 1 || product(&dims) != Some(tensor.values.len()) {
        let expected = format!("a shape of {} values", tensor.values.len());
        return Err(call.refuse(&expected, format!("the shape {dims:?}")));
    }
    Ok(Tensor { dims, values: tensor.values.clone() })
}

fn reshape(call: &Call<'_>) -> Result<Tensor, Refusal> {
    let own = &call.input(0)?.dims;
    let to = call.list(1, "shape")?.ok_or_else(|| call.refuse("a shape", "none"))?;
    let refuse = || call.refuse("a shape that can be", format!("{to:?}"));
    let copies = integer(call.node, "allowzero", 0) == 0;
    let mut dims = Vec::with_capacity(to.len());
    for (axis, &dim) in to.iter().enumerate() {
        dims.push(match dim {
            0 if copies => *own.get(axis).ok_or_else(refuse)?,
            -1 => 1,
            dim => usize::try_from(dim).map_err(|_| refuse())?,
        });
    }
    let open: Vec<usize> =
        to.iter().enumerate().filter(|&(_, &dim)| dim == -1).map(|(axis, _)| axis).collect();
    if let [axis] = open[..] {
        let others = product(&dims).filter(|&others| others > 0).ok_or_else(refuse)?;
        dims[axis] = call.input(0)?.values.len() / others;
    } else if !open.is_empty() {
        return Err(refuse());
    }
    reshaped(call, dims)
}

fn flatten(call: &Call<'_>) -> Result<Tensor, Refusal> {
    let own = &call.input(0)?.dims;
    let axis = match integer(call.node, "axis", 1) {
        axis if axis == own.len() as i64 => own.len(),
        axis => call.axis(axis, own.len())?,
    };
    let [outer, inner] = [&own[..axis], &own[axis..]].map(|dims| product(dims).unwrap_or(0));
    reshaped(call, vec![outer, inner])
}

fn squeeze(call: &Call<'_>) -> Result<Tensor, Refusal> {
    let own = &call.input(0)?.dims;
    let axes = match call.list(1, "axes")? {
        None => (0..own.len()).filter(|&axis| own[axis] == 1).collect::<Vec<_>>(),
        Some(axes) => axes.iter().map(|&axis| call.axis(axis, own.len())).collect::<Result<_, _>>()?,
    };
    if axes.iter().any(|&axis| own[axis] != 1) {
        return Err(call.refuse("axes of one value", format!("{axes:?} of {own:?}")));
    }
    reshaped(call, (0..own.len()).filter(|axis| !axes.contains(axis)).map(|axis| own[axis]).collect())
}

fn unsqueeze(call: &Call<'_>) -> Result<Tensor, Refusal> {
    let own = &call.input(0)?.dims;
    let axes = call.list(1, "axes")?.ok_or_else(|| call.refuse("axes", "none"))?;
    let rank = own.len() + axes.len();
    if rank > MAX_RANK + 1 {
        return Err(call.refuse("a shape that can be", format!("{rank} dimensions")));
    }
    let axes = axes.iter().map(|&axis| call.axis(axis, rank)).collect::<Result<Vec<_>, _>>()?;
    let mut rest = own.iter();
    let dims = (0..rank).map(|axis| if axes.contains(&axis) { Some(1) } else { rest.next().copied() });
    let dims = dims.collect::<Option<_>>().ok_or_else(|| call.refuse("different axes", "one twice"))?;
    reshaped(call, dims)
}

fn transpose(call: &Call<'_>) -> Result<Tensor, Refusal> {
    let tensor = call.input(0)?;
    let rank = tensor.dims.len();
    let order = match attribute(call.node, "perm") {
        None => (0..rank).rev().collect::<Vec<_>>(),
        Some(order) => order.ints.iter().map(|&axis| call.axis(axis, rank)).collect::<Result<_, _>>()?,
    };
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if sorted != (0..rank).collect::<Vec<_>>() {
        return Err(call.refuse(&format!("an order of {rank} axes"), format!("{order:?}")));
    }
    let own = strides(&tensor.dims);
    let dims: Vec<usize> = order.iter().map(|&axis| tensor.dims[axis]).collect();
    let steps: Vec<isize> = order.iter().map(|&axis| own[axis]).collect();
    Ok(Tensor { values: tensor.values.pick(&strided(&dims, &steps, 0)), dims })
}

/// Starts, ends, axes and steps are inputs, or attributes (but for the steps) before version 10.
fn slice(call: &Call<'_>) -> Result<Tensor, Refusal> {
    let tensor = call.input(0)?;
    let missing = || call.refuse("starts and ends", "none");
    let starts = call.list(1, "starts")?.ok_or_else(missing)?;
    let ends = call.list(2, "ends")?.ok_or_else(missing)?;
    let axes = call.list(3, "axes")?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = call.list(4, "steps")?.unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] {
        return Err(call.refuse("a start, an end and a step for each axis", "other numbers"));
    }
    let (mut dims, mut strides, mut first) = (tensor.dims.clone(), strides(&tensor.dims), 0);
    for (((&start, &end), &axis), &step) in starts.iter().zip(&ends).zip(&axes).zip(&steps) {
        let axis = call.axis(axis, tensor.dims.len())?;
        let length = tensor.dims[axis] as i64;
        let from_start = |place: i64| if place < 0 { place.saturating_add(length) } else { place };
        let (start, end) = (from_start(start), from_start(end));
        let (start, count) = match step {
            1.. => {
                let start = start.clamp(0, length);
                (start, (end.clamp(0, length) - start).max(0).div_ceil_by(step))
            }
            ..=-1 => {
                let start = start.clamp(-1, length - 1);
                (start.max(0), (start - end.clamp(-1, length - 1)).max(0).div_ceil_by(step.saturating_neg()))
            }
            0 => return Err(call.refuse("steps other than 0", "0")),
        };
        dims[axis] = count as usize;
        first += start as usize * strides[axis] as usize;
        strides[axis] = strides[axis].saturating_mul(step as isize);
    }
    if product(&dims) == Some(0) {
        return Err(call.refuse("a part of the values", "none of them"));
    }
    Ok(Tensor { values: tensor.values.pick(&strided(&dims, &strides, first)), dims })
}

trait DivCeil {
    fn div_ceil_by(self, by: Self) -> Self;
}

impl DivCeil for i64 {
    /// Of numbers that are not negative, by one above 0.
    fn div_ceil_by(self, by: i64) -> i64 {
        self / by + i64::from(self % by != 0)
    }
}

fn gather(call: &Call<'_>) -> Result<Tensor, Refusal> {
    let (tensor, at) = (call.input(0)?, call.input(1)?);
    let axis = call.axis(integer(call.node, "axis", 0), tensor.dims.len())?;
    gathered(call, tensor, axis, at, &at.dims)
}

/// The operator of scikit-learn's converter: values at places along the last axis.
fn features(call: &Call<'_>) -> Result<Tensor, Refusal> {
    let (tensor, at) = (call.input(0)?, call.input(1)?);
    if tensor.dims.is_empty() {
        return Err(call.refuse("values to choose from", "one value"));
    }
    gathered(call, tensor, tensor.dims.len() - 1, at, &[at.values.len()])
}

fn gathered(
    call: &Call<'_>,
    tensor: &Tensor,
    axis: usize,
    at: &Tensor,
    shape: &[usize],
) -> Result<Tensor, Refusal> {
    let length = tensor.dims[axis];
    let indices =
        at.values.integers().ok_or_else(|| call.refuse("whole numbers as places", at.values.kind()))?;
    let indices = indices.iter().map(|&index| call.axis(index, length)).collect::<Result<Vec<_>, _>>()?;
    let [outer, inner] = [&tensor.dims[..axis], &tensor.dims[axis + 1..]];
    let dims = [outer, shape, inner].concat();
    if dims.len() > MAX_RANK + 1 {
        return Err(call.refuse("a shape that can be", format!("{} dimensions", dims.len())));
    }
    let mut places = Vec::with_capacity(call.take_shape(&dims)?);
    let [outer, inner] = [outer, inner].map(|dims| product(dims).unwrap_or(0));
    for before in 0..outer {
        for index in &indices {
            let first = (before * length + index) * inner;
            places.extend(first..first + inner);
        }
    }
    Ok(Tensor { dims, values: tensor.values.pick(&places) })
}

fn concat(call: &Call<'_>) -> Result<Tensor, Refusal> {
    let first = call.input(0)?;
    let axis = call.axis(integer(call.node, "axis", 0), first.dims.len())?;
    let mut dims = first.dims.clone();
    dims[axis] = 0;
    for index in 0..call.inputs.len() {
        let tensor = call.input(index)?;
        let alike = tensor.dims.len() == dims.len()
            && (0..dims.len()).all(|other| other == axis || tensor.dims[other] == dims[other]);
        if !alike {
            return Err(call.refuse(&format!("inputs of one shape but for axis {axis}"), "others"));
        }
        dims[axis] += tensor.dims[axis];
    }
    call.take_shape(&dims)?;
    let outer = product(&dims[..axis]).unwrap_or(0);
    let mut joined: Option<Values> = None;
    for before in 0..outer {
        for index in 0..call.inputs.len() {
            let tensor = call.input(index)?;
            let each = tensor.values.len() / outer;
            let places: Vec<usize> = (before * each..(before + 1) * each).collect();
            let piece = tensor.values.pick(&places);
            joined = Some(match joined {
                None => piece,
                Some(so_far) => {
                    so_far.chain(piece).ok_or_else(|| call.refuse("inputs of one type", "several"))?
                }
            });
        }
    }
    let values = joined.ok_or_else(|| call.refuse("values", "none"))?;
    Ok(Tensor { dims, values })
}

fn expand(call: &Call<'_>) -> Result<Tensor, Refusal> {
    let tensor = call.input(0)?;
    let to = call.list(1, "shape")?.ok_or_else(|| call.refuse("a shape", "none"))?;
    let to = super::super::tensor::shape(&super::place_of(call.node), &to)?;
    let dims = super::elements::broadcast(call, &tensor.dims, &to)?;
    super::elements::expanded(call, tensor, &dims)
}

fn shape(call: &Call<'_>) -> Result<Tensor, Refusal> {
    let dims: Vec<Option<i64>> = call.input(0)?.dims.iter().map(|&dim| i64::try_from(dim).ok()).collect();
    Ok(part_of_shape(call, dims))
}

/// The part of a shape that `Shape` is asked for.
pub(in super::super) fn part_of_shape(call: &Call<'_>, dims: Vec<Option<i64>>) -> Tensor {
    let rank = dims.len() as i64;
    let place = |name: &str, default: i64| {
        let place = integer(call.node, name, default);
        (if place < 0 { place.saturating_add(rank) } else { place }).clamp(0, rank) as usize
    };
    let (start, end) = (place("start", 0), place("end", rank));
    let part = dims.get(start..end).unwrap_or_default().to_vec();
    let known: Option<Vec<i64>> = part.iter().copied().collect();
    let values = known.map_or(Values::Sizes(part.clone()), |known| Values::Whole(known, Integer::I64));
    Tensor { dims: vec![part.len()], values }
}

fn filled(call: &Call<'_>) -> Result<Tensor, Refusal> {
    let to = call.list(0, "shape")?.ok_or_else(|| call.refuse("a shape", "none"))?;
    let dims = super::super::tensor::shape(&super::place_of(call.node), &to)?;
    let count = call.take_shape(&dims)?;
    let values = match attribute(call.node, "value").and_then(|attribute| attribute.t.as_ref()) {
        None => Values::Single(vec![0.0]),
        Some(value) => super::Constant::of_tensor("value", value)?.tensor(call.data)?.values,
    };
    if values.len() != 1 {
        return Err(call.refuse("one value", values.len().to_string()));
    }
    Ok(Tensor { dims, values: values.pick(&vec![0; count]) })
}
