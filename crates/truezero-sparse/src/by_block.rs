//! A batch of active values in blocks of inputs, so that all examples use a block's weights while these are in the
//! cache, and what comes next is known in time to prefetch it.

use crate::ActiveBatch;

/// The active values of a batch by blocks of as many inputs each; within a block by examples, in rising order, as are
/// an example's inputs. Memory is reused from batch to batch.
#[derive(Debug, Default)]
pub(crate) struct ByBlock {
    indices: Vec<u32>,
    values: Vec<f32>,
    /// Where the values of (block, example) start, and where the last ones end.
    starts: Vec<usize>,
}

impl ByBlock {
    /// Puts a batch in order.
    ///
    /// # Panics
    /// If `inputs`, those of a block, are none.
    pub(crate) fn order(&mut self, x: &ActiveBatch, inputs: usize) -> InOrder<'_> {
        let (examples, blocks) = (x.examples(), x.width().div_ceil(inputs));
        let Self { indices, values, starts } = self;
        indices.clear();
        values.clear();
        starts.clear();
        starts.push(0);
        for block in 0..blocks {
            for example in 0..examples {
                let (from, of) = x.example(example);
                let before = |end: usize| from.partition_point(|&index| (index as usize) < end);
                let part = before(block * inputs)..before((block + 1) * inputs);
                indices.extend_from_slice(&from[part.clone()]);
                values.extend_from_slice(&of[part]);
                starts.push(indices.len());
            }
        }
        InOrder { examples, inputs, indices, values, starts }
    }
}

/// Active values in the order in which they are multiplied.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InOrder<'a> {
    /// Examples of the batch.
    pub(crate) examples: usize,
    /// Inputs of a block; the last one may have fewer.
    pub(crate) inputs: usize,
    pub(crate) indices: &'a [u32],
    pub(crate) values: &'a [f32],
    /// Where the values of (block, example) start, and where the last ones end.
    pub(crate) starts: &'a [usize],
}

impl<'a> InOrder<'a> {
    /// As the batch has them: one block.
    pub(crate) fn of(x: &'a ActiveBatch) -> Self {
        let (indices, values) = (x.indices(), x.values());
        Self { examples: x.examples(), inputs: x.width(), indices, values, starts: x.offsets() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_come_first_then_examples_then_inputs() {
        let mut x = ActiveBatch::new(7);
        x.push([(0, 1.0), (2, 2.0), (3, 3.0), (6, 4.0)]);
        x.push([]);
        x.push([(1, 5.0), (5, 6.0)]);
        let mut by_block = ByBlock::default();
        for _ in 0..2 {
            let order = by_block.order(&x, 3);
            assert_eq!(order.indices, [0, 2, 1, 3, 5, 6]);
            assert_eq!(order.values, [1.0, 2.0, 5.0, 3.0, 6.0, 4.0]);
            assert_eq!(order.starts, [0, 2, 2, 3, 4, 4, 5, 6, 6, 6]);
        }
        let order = by_block.order(&ActiveBatch::new(7), 3);
        assert_eq!((order.indices.len(), order.starts), (0, &[0][..]));
    }
}
