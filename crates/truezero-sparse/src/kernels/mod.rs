//! The products, over active values and over all, each written once, generic over the instruction set.
//!
//! Every output element is accumulated in the order that [`naive`](crate::naive) specifies, whatever
//! the instruction set, the width of a panel, or the partition among threads.

mod backward;
mod dense_backward;
mod dense_forward;
mod extract;
mod forward;
mod norm;
mod pointwise;
mod rows;

pub(crate) use backward::{Backward, Descend, Finish, Follow, Update};
pub(crate) use dense_backward::{DenseErrors, DenseStep};
pub(crate) use extract::{Extract, Found, Rectify};
pub(crate) use forward::{Forward, inputs_of_block};
pub(crate) use norm::{GRAM_TILE, Gram, RowSquares, Squares};
pub(crate) use pointwise::{Activate, LogisticErrors, RectifiedErrors, SlopeErrors};
pub(crate) use rows::{FollowPieces, FollowRows};
