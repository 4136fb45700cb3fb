//! Answers, which count as memory until their last byte is sent.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

use crate::memory::Share;

/// A body of which every byte holds on to a share: what is handed on may wait long to be sent.
pub(crate) struct Held {
    pub(crate) body: Body,
    pub(crate) share: Arc<Share>,
}

struct Piece {
    bytes: Bytes,
    _share: Arc<Share>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let share = Arc::clone(&self.share);
        let hold = |bytes| Bytes::from_owner(Piece { bytes, _share: share });
        Pin::new(&mut self.body).poll_frame(cx).map_ok(|frame| frame.map_data(hold))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
