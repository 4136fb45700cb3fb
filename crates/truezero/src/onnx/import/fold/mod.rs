//! Parts of a graph that depend on constants only: computed while the graph is read, so that what comes after sees
//! constants.
//!
//! One table from operators to functions on tensors. What is computed is counted like what is read, before any of it is
//! allocated.

mod convert;
mod elements;
mod reduce;
mod structure;
#[cfg(test)]
mod tests;

pub(super) use structure::part_of_shape;

use super::super::proto::NodeProto;
use super::constant::Constant;
use super::data::Data;
use super::integer::Integer;
use super::reader::{attribute, place_of};
use super::refusal::Refusal;
use super::tensor::{Tensor, Values, product};

/// A node whose inputs are known.
pub(super) struct Call<'a> {
    pub(super) node: &'a NodeProto,
    /// `None` where an input is left out.
    pub(super) inputs: Vec<Option<Tensor>>,
    pub(super) data: &'a Data<'a>,
}

/// Examples on which an operator is tried that moves values; any number above one tells them apart.
const EXAMPLES: usize = 3;

type Operator = fn(&Call<'_>) -> Result<Tensor, Refusal>;

/// The first output of a node of constants; `None` if it is none that is computed.
pub(super) fn constant<'a>(
    node: &'a NodeProto,
    inputs: &[Option<Constant<'a>>],
    data: &Data<'_>,
) -> Result<Option<Constant<'a>>, Refusal> {
    let op = node.op_type.as_str();
    let name = node.output.first().map_or("", String::as_str);
    // Large weights are often passed on or turned over: that is done when they are read.
    match (op, inputs) {
        ("Constant", _) => return convert::constant(node, name, data).map(Some),
        ("Identity", [Some(constant)]) => return Ok(Some(constant.clone())),
        ("Transpose", [Some(constant)]) if constant.dims().len() == 2 => {
            match attribute(node, "perm").map(|attribute| attribute.ints.as_slice()) {
                None | Some([1, 0]) => return constant.clone().transpose().map(Some),
                Some(_) => {}
            }
        }
        _ => {}
    }
    let Some(operator) = operator(op) else { return Ok(None) };
    let read = |constant: &Option<Constant<'_>>| constant.as_ref().map(|of| of.tensor(data)).transpose();
    let inputs = inputs.iter().map(read).collect::<Result<_, _>>()?;
    let tensor = operator(&Call { node, inputs, data })?;
    Ok(Some(Constant::computed(name, tensor)))
}

fn operator(op: &str) -> Option<Operator> {
    elements::operator(op)
        .or_else(|| structure::operator(op))
        .or_else(|| reduce::operator(op))
        .or_else(|| convert::operator(op))
}

/// What an operator that only moves values makes of an example.
#[derive(Debug, PartialEq)]
pub(super) struct Movement {
    /// The shape of an example after it.
    pub(super) dims: Vec<usize>,
    /// For each of its values, the place it had before.
    pub(super) places: Vec<usize>,
}

/// Where the values of an example go; `None` if the operator computes values.
///
/// The operator is tried on the places themselves, of some examples, or of as many as the graph fixes. So it must treat
/// examples alike, and keep them apart.
pub(super) fn movement(
    node: &NodeProto,
    example: &[usize],
    batch: Option<usize>,
    others: Vec<Option<Tensor>>,
    data: &Data<'_>,
) -> Result<Option<Movement>, Refusal> {
    let Some(operator) = structure::movement(&node.op_type) else { return Ok(None) };
    let place = place_of(node);
    let mixes = || Refusal::new(&place, "each example to be kept as one", "a mixture of them");
    let examples = batch.unwrap_or(EXAMPLES);
    let width = product(example).ok_or_else(mixes)?;
    let count =
        width.checked_mul(examples).filter(|&count| i64::try_from(count).is_ok()).ok_or_else(mixes)?;
    data.take(&place, count)?;
    let dims = std::iter::once(examples).chain(example.iter().copied()).collect();
    let places = Tensor { dims, values: Values::Whole((0..count as i64).collect(), Integer::I64) };
    let known = |tensor: Tensor| match tensor.values {
        Values::Sizes(sizes) => {
            let known = sizes.into_iter().map(|size| size.unwrap_or(examples as i64)).collect();
            Tensor { values: Values::Whole(known, Integer::I64), ..tensor }
        }
        _ => tensor,
    };
    let inputs =
        std::iter::once(Some(places)).chain(others.into_iter().map(|other| other.map(known))).collect();
    let moved = operator(&Call { node, inputs, data })?;
    let (Some((&kept, dims)), Some(moved_places)) = (moved.dims.split_first(), moved.values.integers())
    else {
        return Err(mixes());
    };
    let after = product(dims).unwrap_or(0);
    let alike = |(at, &place): (usize, &i64)| {
        let (of, within) = (at / after, moved_places[at % after]);
        within < width as i64 && place == within + (of * width) as i64
    };
    if kept != examples || after == 0 || !moved_places.iter().enumerate().all(alike) {
        return Err(mixes());
    }
    let places = moved_places[..after].iter().map(|&place| place as usize).collect();
    Ok(Some(Movement { dims: dims.to_vec(), places }))
}

impl Call<'_> {
    pub(super) fn refuse(&self, expected: &str, found: impl Into<String>) -> Refusal {
        Refusal::new(place_of(self.node), expected, found)
    }

    pub(super) fn take(&self, values: usize) -> Result<(), Refusal> {
        self.data.take(&place_of(self.node), values)
    }

    /// The number of values of a shape, counted.
    pub(super) fn take_shape(&self, dims: &[usize]) -> Result<usize, Refusal> {
        let count = product(dims).ok_or_else(|| self.refuse("a shape that can be", format!("{dims:?}")))?;
        self.take(count)?;
        Ok(count)
    }

    pub(super) fn optional(&self, index: usize) -> Option<&Tensor> {
        self.inputs.get(index)?.as_ref()
    }

    pub(super) fn input(&self, index: usize) -> Result<&Tensor, Refusal> {
        self.optional(index).ok_or_else(|| self.refuse(&format!("an input {}", index + 1), "none"))
    }

    /// Whole numbers of an input, or of the attribute that they were in older versions; `None` if neither is there.
    pub(super) fn list(&self, index: usize, name: &str) -> Result<Option<Vec<i64>>, Refusal> {
        match self.optional(index) {
            Some(tensor) => match tensor.values.integers() {
                Some(list) => Ok(Some(list)),
                None => {
                    Err(self.refuse(&format!("whole numbers as input {}", index + 1), tensor.values.kind()))
                }
            },
            None => Ok(attribute(self.node, name).map(|attribute| attribute.ints.clone())),
        }
    }

    /// An axis of so many dimensions, counted from the end if it is negative.
    pub(super) fn axis(&self, axis: i64, rank: usize) -> Result<usize, Refusal> {
        let from_start = if axis < 0 { axis.checked_add(rank as i64) } else { Some(axis) };
        let axis = from_start.and_then(|axis| usize::try_from(axis).ok()).filter(|&axis| axis < rank);
        axis.ok_or_else(|| self.refuse(&format!("an axis of {rank} dimensions"), "another"))
    }
}

/// The places of a view's values: of the value at (i, j, …) it is start + i · strides₀ + j · strides₁ + …
fn strided(dims: &[usize], strides: &[isize], start: usize) -> Vec<usize> {
    let count = product(dims).unwrap_or(0);
    let mut places = Vec::with_capacity(count);
    let mut index = vec![0; dims.len()];
    let mut place = start as isize;
    for _ in 0..count {
        places.push(place as usize);
        for axis in (0..dims.len()).rev() {
            index[axis] += 1;
            place += strides[axis];
            if index[axis] < dims[axis] {
                break;
            }
            place -= strides[axis] * dims[axis] as isize;
            index[axis] = 0;
        }
    }
    places
}

/// How far the next value along each axis is.
fn strides(dims: &[usize]) -> Vec<isize> {
    let mut strides = vec![1; dims.len()];
    for axis in (1..dims.len()).rev() {
        strides[axis - 1] = strides[axis] * dims[axis] as isize;
    }
    strides
}
