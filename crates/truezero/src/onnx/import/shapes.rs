//! Operators that move the values of an example, and those that tell its shape.

use super::super::proto::NodeProto;
use super::flow::{Flow, Step, Value};
use super::fold::{self, Call, Movement};
use super::reader::{Reader, integer, place_of};
use super::refusal::Refusal;
use super::tensor::{Tensor, Values, product};

impl<'a> Reader<'a> {
    /// `Reshape`, `Transpose`, `Gather` and the like.
    pub(super) fn moved(&mut self, node: &'a NodeProto) -> Result<Value<'a>, Refusal> {
        let Flow { step, dims } = self.flow(node, 0)?;
        if node.op_type == "Flatten" && integer(node, "axis", 1) == 1 {
            let dims = dims.as_deref().and_then(product).map(|width| vec![width]);
            return Ok(Value::Flow(Flow { step, dims }));
        }
        let others = (1..node.input.len()).map(|index| match self.optional(node, index)? {
            None => Ok(None),
            Some(_) => self.constant(node, index)?.tensor(self.data).map(Some),
        });
        let others = others.collect::<Result<Vec<_>, _>>()?;
        let Some(dims) = dims else {
            let dims = self.flattened(node, &others)?;
            return Ok(Value::Flow(Flow { step, dims }));
        };
        let batch = self.batch.and_then(|batch| usize::try_from(batch).ok());
        let moved = fold::movement(node, &dims, batch, others, self.data)?;
        let Some(Movement { dims: after, places }) = moved else { return Err(self.unknown(node)) };
        let width = product(&dims).unwrap_or(0);
        if places.iter().copied().eq(0..width) {
            return Ok(Value::Flow(Flow { step, dims: Some(after) }));
        }
        let x = Flow { step, dims: None };
        Ok(Value::Flow(self.push(node, &x, Step::Select { places, width }, Some(after))))
    }

    /// The shape after a `Reshape` of examples whose shape the graph does not tell.
    fn flattened(&self, node: &NodeProto, others: &[Option<Tensor>]) -> Result<Option<Vec<usize>>, Refusal> {
        let refuse = |found: String| Refusal::new(place_of(node), "batch × all else", found);
        let (Some(Some(to)), "Reshape") = (others.first(), node.op_type.as_str()) else {
            return Err(refuse("examples whose shape the graph does not tell".to_owned()));
        };
        let to: Vec<Option<i64>> = match &to.values {
            Values::Sizes(sizes) => sizes.clone(),
            values => values.integers().unwrap_or_default().into_iter().map(Some).collect(),
        };
        let shape = || format!("the shape {}", as_told(&to));
        let [batch, width] = to[..] else { return Err(refuse(shape())) };
        let keeps_batch = matches!(batch, None | Some(0)) || batch == self.batch;
        match width {
            Some(-1) if keeps_batch => Ok(None),
            // Rows that are flat already would be cut in pieces by another width than theirs.
            Some(width @ 1..) if keeps_batch || (batch == Some(-1) && !self.flat) => {
                Ok(Some(vec![width as usize]))
            }
            _ => Err(refuse(shape())),
        }
    }

    pub(super) fn shape_of(&mut self, node: &'a NodeProto) -> Result<Value<'a>, Refusal> {
        let Some(dims) = self.flow(node, 0)?.dims else {
            return Err(Refusal::new(place_of(node), "examples whose shape the graph tells", "others"));
        };
        let example = dims.iter().map(|&dim| i64::try_from(dim).ok());
        let sizes = std::iter::once(self.batch).chain(example).collect();
        let call = Call { node, inputs: Vec::new(), data: self.data };
        let name = node.output.first().map_or("", String::as_str);
        Ok(Value::Constant(super::constant::Constant::computed(name, fold::part_of_shape(&call, sizes))))
    }
}

/// A shape as a message says it: a size that the graph does not tell is a question mark.
fn as_told(sizes: &[Option<i64>]) -> String {
    let told = |size: &Option<i64>| size.map_or_else(|| "?".to_owned(), |size| size.to_string());
    format!("[{}]", sizes.iter().map(told).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_are_not_known_are_told_as_such() {
        assert_eq!(as_told(&[Some(-1), None, Some(3)]), "[-1, ?, 3]");
        assert_eq!(as_told(&[]), "[]");
    }
}
