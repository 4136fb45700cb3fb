//! Memory that requests and their answers may take together, and bodies read within it.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::limits::Limits;
use crate::problem::Problem;

/// Bytes are counted in units of this many, for their number must fit 32 bits.
const UNIT: usize = 1 << 10;

/// How much more memory than its body a request may take while it is parsed: `0,` becomes 8 bytes, then 4
/// more, twice while they are copied into a batch.
pub(crate) const TENSORS: usize = 12;
/// The same for records: each value has a name and may be a text of its own.
pub(crate) const RECORDS: usize = 24;

/// A share of the memory, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share(#[allow(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

/// The memory that is left.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    units: Arc<Semaphore>,
    /// All there is.
    bytes: usize,
}

impl Memory {
    pub(crate) fn new(limits: &Limits) -> Self {
        let units = (limits.memory_bytes / UNIT).min(Semaphore::MAX_PERMITS);
        Self { units: Arc::new(Semaphore::new(units)), bytes: units * UNIT }
    }

    /// Takes a share, unless too little is left.
    pub(crate) fn take(&self, bytes: usize) -> Result<Share, Problem> {
        if bytes > self.bytes {
            return Err(Problem::too_large("bytes of memory for the request", self.bytes));
        }
        let busy =
            || Problem::busy(format!("{bytes} bytes of memory are needed, and other requests have them"));
        let units = u32::try_from(bytes.div_ceil(UNIT)).map_err(|_| busy())?;
        Arc::clone(&self.units).try_acquire_many_owned(units).map(Share).map_err(|_| busy())
    }

    /// Reads a body that needs `factor` times its size to be parsed.
    pub(crate) async fn read(
        &self,
        limits: &Limits,
        headers: &HeaderMap,
        body: Body,
        factor: usize,
        deadline: Instant,
    ) -> Result<(Bytes, Share), Problem> {
        let too_large = || Problem::too_large("bytes of the body", limits.body_bytes);
        if headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
            return Err(Problem::malformed("content-encoding: expected a body that is not compressed"));
        }
        // A body whose length is not told may turn out as large as any.
        let length =
            headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let length = length.unwrap_or(limits.body_bytes);
        if length > limits.body_bytes {
            return Err(too_large());
        }
        let share = self.take(length.saturating_mul(factor))?;
        match timeout_at(deadline, axum::body::to_bytes(body, limits.body_bytes)).await {
            Err(_) => Err(Problem::slow(limits.timeout.as_secs_f64())),
            Ok(Ok(bytes)) => Ok((bytes, share)),
            Ok(Err(error)) if is_too_long(&error) => Err(too_large()),
            Ok(Err(_)) => Err(Problem::malformed("the body ended before its end")),
        }
    }
}

/// Whether a body was longer than the limit.
fn is_too_long(error: &axum::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The bytes of an answer, which hold a share of the memory until the last is sent.
struct Held {
    bytes: Vec<u8>,
    _share: Share,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// A body that holds a share of the memory until it is sent.
pub(crate) fn held(bytes: Vec<u8>, share: Share) -> Body {
    Body::from(Bytes::from_owner(Held { bytes, _share: share }))
}
