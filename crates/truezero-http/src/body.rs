//! A body as it comes: unpacked, counted against its limit, and paid for with memory before it is handed on.

use std::io::{self, Write};
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, header};
use flate2::write::{MultiGzDecoder, ZlibDecoder};
use hyper::body::Frame;

use crate::intake::{COLLECTED, Intake};
use crate::problem::Problem;

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    Plain,
    Gzip,
    /// What HTTP calls so: zlib's format.
    Deflate,
}

impl Packing {
    /// As the head of the request has it.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut packings = headers.get_all(header::CONTENT_ENCODING).iter();
        let named = match (packings.next(), packings.next()) {
            (None, _) => return Ok(Self::Plain),
            (Some(only), None) => only.to_str().unwrap_or_default().to_ascii_lowercase(),
            _ => String::new(),
        };
        match named.as_str() {
            "identity" => Ok(Self::Plain),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "deflate" => Ok(Self::Deflate),
            _ => Err(Problem::unknown_packing()),
        }
    }
}

/// A body that is refused as soon as it is too large, or memory is too scarce for it.
pub(crate) struct Metered {
    body: Body,
    intake: Intake,
    limit: usize,
    /// Bytes that came.
    came: usize,
    unpacker: Unpacker,
    over: bool,
}

enum Unpacker {
    Plain(Paid),
    Gzip(MultiGzDecoder<Paid>),
    Deflate(ZlibDecoder<Paid>),
}

impl Metered {
    pub(crate) fn new(body: Body, packing: Packing, limit: usize, intake: Intake) -> Self {
        let paid = Paid { bytes: Vec::new(), intake: intake.clone(), left: limit, limit };
        let unpacker = match packing {
            Packing::Plain => Unpacker::Plain(paid),
            Packing::Gzip => Unpacker::Gzip(MultiGzDecoder::new(paid)),
            Packing::Deflate => Unpacker::Deflate(ZlibDecoder::new(paid)),
        };
        Self { body, intake, limit, came: 0, unpacker, over: false }
    }

    /// What a piece comes to, or the rest at the end.
    fn unpack(&mut self, piece: Option<Bytes>) -> Result<Vec<u8>, Problem> {
        self.came = self.came.saturating_add(piece.as_ref().map_or(0, Bytes::len));
        if self.came > self.limit {
            return Err(Problem::too_large("bytes of the body", self.limit));
        }
        let unpacked = match (&mut self.unpacker, piece) {
            (Unpacker::Plain(paid), piece) => paid.write_all(&piece.unwrap_or_default()),
            (Unpacker::Gzip(gzip), Some(piece)) => gzip.write_all(&piece),
            (Unpacker::Gzip(gzip), None) => gzip.try_finish(),
            (Unpacker::Deflate(zlib), Some(piece)) => zlib.write_all(&piece),
            (Unpacker::Deflate(zlib), None) => zlib.try_finish(),
        };
        unpacked.map_err(|_| {
            // Unless it was refused before, for another reason.
            Problem::malformed("body: expected what `Content-Encoding` says, found other bytes")
        })?;
        let paid = match &mut self.unpacker {
            Unpacker::Plain(paid) => paid,
            Unpacker::Gzip(gzip) => gzip.get_mut(),
            Unpacker::Deflate(zlib) => zlib.get_mut(),
        };
        Ok(mem::take(&mut paid.bytes))
    }

    fn refuse(&mut self, problem: Problem) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.over = true;
        self.intake.refuse(problem);
        Poll::Ready(Some(Err(axum::Error::new("the body is refused"))))
    }
}

impl HttpBody for Metered {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        while !self.over {
            let piece = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                None => None,
                // Trailers say nothing that anybody asks for.
                Some(Ok(frame)) => Some(frame.into_data().unwrap_or_default()),
                Some(Err(_)) => {
                    return self.refuse(Problem::malformed("the body ended before all of it was there"));
                }
            };
            self.over = piece.is_none();
            let unpacked = match self.unpack(piece) {
                Ok(unpacked) => unpacked,
                Err(problem) => return self.refuse(problem),
            };
            if self.over {
                self.intake.finish();
            }
            if !unpacked.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(unpacked.into()))));
            }
        }
        Poll::Ready(None)
    }
}

/// What was unpacked and not yet handed on; it is paid for before it is kept.
struct Paid {
    bytes: Vec<u8>,
    intake: Intake,
    /// How much more there may be.
    left: usize,
    limit: usize,
}

impl Write for Paid {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let paid = match self.left.checked_sub(bytes.len()) {
            Some(left) => {
                self.left = left;
                self.intake.reserve(bytes.len().saturating_mul(COLLECTED))
            }
            None => Err(Problem::too_large("bytes of the body", self.limit)),
        };
        paid.map_err(|problem| {
            self.intake.refuse(problem);
            io::Error::other("refused")
        })?;
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
