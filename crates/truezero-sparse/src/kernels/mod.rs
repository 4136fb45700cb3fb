//! The products over active values, each written once, generic over the instruction set.
//!
//! Every output element is accumulated in the order that [`naive`](crate::naive) specifies, whatever
//! the instruction set, the width of a panel, or the partition among threads.

mod backward;
mod extract;
mod forward;

pub(crate) use backward::{Backward, Gradient, Sgd};
pub(crate) use extract::{Extract, Found, Rectify};
pub(crate) use forward::Forward;
