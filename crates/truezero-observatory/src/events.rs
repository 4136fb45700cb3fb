//! Server-sent events: everything there is to know at first, then what changes.

use std::convert::Infallible;
use std::sync::Arc;

use axum::response::Sse;
use axum::response::sse::{Event as Frame, KeepAlive};
use serde::Serialize;
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::wrappers::errors::BroadcastStreamRecvError;
use tokio_stream::{Stream, StreamExt};
use truezero_http::Problem;

use crate::Observatory;

/// Pages that may listen at once.
const MAX_LISTENERS: usize = 64;

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// Told by this name, as this JSON.
    Told(&'static str, String),
    /// Nothing more will happen.
    End,
}

impl Event {
    pub(crate) fn new(name: &'static str, data: &impl Serialize) -> Self {
        Self::Told(name, serde_json::to_string(data).unwrap_or_else(|_| "null".to_owned()))
    }

    fn frame(&self) -> Option<Frame> {
        match self {
            Self::Told(name, data) => Some(Frame::default().event(name).data(data)),
            Self::End => None,
        }
    }
}

/// The stream for one page.
pub(crate) fn stream(
    observatory: Observatory,
) -> Result<Sse<impl Stream<Item = Result<Frame, Infallible>>>, Problem> {
    // Before the snapshot is taken, so that nothing falls between the two.
    let receiver = observatory.shared.live.listen(MAX_LISTENERS).ok_or_else(|| {
        let message = format!("{MAX_LISTENERS} pages are listening already, or the server is closing");
        Problem::new(axum::http::StatusCode::SERVICE_UNAVAILABLE, message)
    })?;
    let whole = move || Arc::new(Event::new("state", &observatory.state()));
    let first = tokio_stream::once(whole());
    let rest = BroadcastStream::new(receiver).map(move |event| match event {
        Ok(event) => event,
        Err(BroadcastStreamRecvError::Lagged(_)) => whole(),
    });
    let frames = first.chain(rest).map(|event| event.frame()).take_while(Option::is_some);
    let frames = frames.filter_map(|frame| frame.map(Ok));
    Ok(Sse::new(frames).keep_alive(KeepAlive::default()))
}
