//! What a request may cost. Beyond a limit it is refused; memory never grows with what clients do.

use std::time::Duration;

/// Largest body of a request, in bytes.
pub const BODY_BYTES: usize = 16 << 20;
/// Most examples of a request.
pub const EXAMPLES: usize = 4096;
/// Most values of one example in a request: columns of a tensor or of a record.
pub const WIDTH: usize = 1 << 20;
/// Most numbers a request may come to as a plain array, inputs and outputs each.
pub const NUMBERS: usize = 1 << 24;
/// Most memory that requests take together, from their first byte to the last of their answers. Beside it there are the
/// models, what each connection has ([`CONNECTION_BYTES`]), and [`OWN_BYTES`].
pub const MEMORY_BYTES: usize = 512 << 20;
/// Most requests that wait to be computed.
pub const QUEUE: usize = 256;
/// Most open connections; further ones wait to be accepted.
pub const CONNECTIONS: usize = 1024;
/// Most examples that are computed together: enough to share the loading of every weight.
pub const BATCH: usize = 256;
/// Longest time for the head of a request, and between two of a connection.
pub const HEAD_SECONDS: u64 = 10;
/// Longest time for the rest: its body, its turn, and its answer.
pub const TIMEOUT_SECONDS: u64 = 30;
/// Most memory of the server itself, in bytes: threads, what the allocator keeps, and a pass of the network over
/// [`Limits::batch`] examples where layers have a few thousand units.
pub const OWN_BYTES: usize = 192 << 20;
/// Longest name of a request that comes back in its answer, in bytes.
pub const ID_BYTES: usize = 256;
/// Most tensors of a request, given or wanted.
pub const TENSORS: usize = 1000;

pub use truezero_http::{CONNECTION_BYTES, SMALL_ANSWER_BYTES};

/// The limits of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// See [`BODY_BYTES`].
    pub body_bytes: usize,
    /// See [`EXAMPLES`].
    pub examples: usize,
    /// See [`WIDTH`].
    pub width: usize,
    /// See [`NUMBERS`].
    pub numbers: usize,
    /// See [`MEMORY_BYTES`].
    pub memory_bytes: usize,
    /// See [`QUEUE`].
    pub queue: usize,
    /// See [`CONNECTIONS`].
    pub connections: usize,
    /// See [`BATCH`].
    pub batch: usize,
    /// See [`HEAD_SECONDS`].
    pub head: Duration,
    /// See [`TIMEOUT_SECONDS`].
    pub timeout: Duration,
    /// How long a request waits for others to be computed with. Those that wait anyway, because an
    /// earlier one is being computed, are computed together without any delay.
    pub delay: Duration,
}

impl Limits {
    /// What holds whatever is asked.
    pub(crate) fn of_clients(&self) -> truezero_http::Limits {
        truezero_http::Limits {
            body_bytes: self.body_bytes,
            memory_bytes: self.memory_bytes,
            connections: self.connections,
            head: self.head,
            timeout: self.timeout,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: BODY_BYTES,
            examples: EXAMPLES,
            width: WIDTH,
            numbers: NUMBERS,
            memory_bytes: MEMORY_BYTES,
            queue: QUEUE,
            connections: CONNECTIONS,
            batch: BATCH,
            head: Duration::from_secs(HEAD_SECONDS),
            timeout: Duration::from_secs(TIMEOUT_SECONDS),
            delay: Duration::ZERO,
        }
    }
}
