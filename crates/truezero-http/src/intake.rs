//! What a request has taken of the memory, and its body once it is read.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use http_body_util::BodyExt;

use crate::memory::Share;
use crate::problem::Problem;

/// The memory of a request while it is read and computed; a clone is the same. What works on a request where nobody
/// waits for it keeps a clone, so that the memory counts as taken as long as it is.
#[derive(Clone, Debug)]
pub struct Intake(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    share: Share,
    /// Why the body is not read any further.
    refusal: Option<Problem>,
    /// Whether all of the body has come.
    complete: bool,
}

/// One that has as much memory as it likes, for work that no client has asked for.
impl Default for Intake {
    fn default() -> Self {
        Self::new(Share::unlimited(), true)
    }
}

impl Intake {
    pub(crate) fn new(share: Share, complete: bool) -> Self {
        Self(Arc::new(Mutex::new(State { share, refusal: None, complete })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes memory for what is about to be made.
    ///
    /// # Errors
    /// 503 if others have too much of it, 413 if there is not as much at all.
    pub fn reserve(&self, bytes: usize) -> Result<(), Problem> {
        self.lock().share.grow(bytes)
    }

    /// Keeps memory for the answer when all else is let go.
    pub(crate) fn keep(&self, bytes: usize) -> Result<Share, Problem> {
        self.lock().share.split(bytes)
    }

    pub(crate) fn refuse(&self, problem: Problem) {
        self.lock().refusal.get_or_insert(problem);
    }

    pub(crate) fn refusal(&self) -> Option<Problem> {
        self.lock().refusal.take()
    }

    pub(crate) fn finish(&self) {
        self.lock().complete = true;
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.lock().complete
    }
}

/// Memory that a byte of a body takes while it is collected: it grows by doubling.
pub(crate) const COLLECTED: usize = 2;

/// The whole body of a request, and its memory.
#[derive(Debug)]
pub struct Posted {
    /// The body, unpacked.
    pub bytes: Vec<u8>,
    /// To reserve what is made of it.
    pub intake: Intake,
}

impl<S: Send + Sync> FromRequest<S> for Posted {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, mut body): (_, Body) = request.into_parts();
        let intake = parts.extensions.get::<Intake>().cloned().ok_or_else(Problem::internal)?;
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            // Why the body was refused is told by the gate.
            let frame = frame.map_err(|_| Problem::malformed("the body ended before all of it was there"))?;
            if let Ok(data) = frame.into_data() {
                bytes.extend_from_slice(&data);
            }
        }
        Ok(Self { bytes, intake })
    }
}
