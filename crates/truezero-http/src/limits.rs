//! What clients may cost, whatever they ask.

use std::time::Duration;

/// Most memory that a connection has for what is read from it and not yet taken, which is also the largest head of a
/// request, in bytes.
pub const CONNECTION_BYTES: usize = 64 << 10;
/// An answer up to this size, in bytes, is not counted as memory: whoever asks whether the server lives is answered
/// however much there is to do.
pub const SMALL_ANSWER_BYTES: usize = 64 << 10;
/// What `Retry-After` says.
pub(crate) const RETRY_SECONDS: u64 = 1;

/// The limits of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest body of a request, in bytes, as it comes and unpacked.
    pub body_bytes: usize,
    /// Most memory that requests take together, from their first byte to the last of their answers.
    pub memory_bytes: usize,
    /// Most open connections; further ones wait to be accepted.
    pub connections: usize,
    /// Longest time for the head of a request, and between two of a connection.
    pub head: Duration,
    /// Longest time from the head of a request to the head of its answer; and for taking the answer once more.
    pub timeout: Duration,
}
