//! Examples of a stream, prepared for a network, some at a time: read ahead on a thread of its own.

use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::Stream;
use crate::preprocess::{Fitter, PreprocessOptions, TargetFitter, TargetPlan, no_target};
use crate::{DataError, Dataset, Preprocessing, Raw, Task};

/// Windows that are ready before they are asked for. With the one in the making and the one in use, so many more are in
/// memory.
const AHEAD: usize = 1;

/// What is read: a stream, by the rules of a preprocessing.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The examples.
    pub stream: Arc<Stream>,
    /// From raw examples to inputs and targets.
    pub rules: Arc<Preprocessing>,
    /// Positions of examples that are left out, in rising order.
    pub left_out: Arc<Vec<usize>>,
    /// Positions of the examples: all of the stream's, or a share of them.
    range: Range<usize>,
}

impl Prepared {
    /// All examples of a stream but those that are left out (rising positions).
    pub fn new(stream: Stream, rules: Preprocessing, left_out: Vec<usize>) -> Self {
        let range = 0..stream.examples();
        Self { stream: Arc::new(stream), rules: Arc::new(rules), left_out: Arc::new(left_out), range }
    }

    /// Number of examples without those that are left out.
    pub fn examples(&self) -> usize {
        self.range.len() - self.left_out().len()
    }

    fn left_out(&self) -> &[usize] {
        let before = |position: usize| self.left_out.partition_point(|&left_out| left_out < position);
        &self.left_out[before(self.range.start)..before(self.range.end)]
    }

    /// The share of worker `rank` (from 0) of `workers`: examples that follow each other, so that each worker
    /// reads files of its own. Shares differ by one example at most, apart from those that are left out.
    ///
    /// # Panics
    /// If there is no such worker.
    #[must_use]
    pub fn share(&self, rank: usize, workers: usize) -> Self {
        assert!(rank < workers, "worker {rank} of {workers}");
        let end = |ranks: usize| self.range.start + split(self.range.len(), ranks, workers);
        Self { range: end(rank)..end(rank + 1), ..self.clone() }
    }

    /// The examples that are not left out, in order; `size` in each window, perhaps fewer in the last.
    ///
    /// # Panics
    /// If the size is 0.
    pub fn windows(&self, size: usize) -> Windows {
        assert!(size > 0, "windows of at least one example");
        let (sender, receiver) = sync_channel(AHEAD);
        let prepared = self.clone();
        let failed = sender.clone();
        // It ends by itself when nobody listens any more.
        let reader = thread::Builder::new().name("windows".to_owned()).spawn(move || {
            if let Err(error) = prepared.read(size, &sender) {
                let _ = sender.send(Err(error));
            }
        });
        if let Err(error) = reader {
            let place = Path::new(self.stream.name());
            let _ = failed.send(Err(DataError::io("start a thread to read", place)(error)));
        }
        Windows(receiver)
    }

    fn read(&self, size: usize, windows: &SyncSender<Result<Dataset, DataError>>) -> Result<(), DataError> {
        let mut window: Option<Dataset> = None;
        each(&self.stream, self.range.clone(), self.left_out(), |first, raw, mut rest, _| {
            let data = self.rules.dataset(raw).map_err(|error| in_piece(error, first))?;
            while !rest.is_empty() {
                let room = size - window.as_ref().map_or(0, Dataset::examples);
                let (now, later) = rest.split_at(room.min(rest.len()));
                rest = later;
                let part = data.select(now);
                match &mut window {
                    None => window = Some(part),
                    Some(window) => window.append(&part),
                }
                if window.as_ref().is_some_and(|window| window.examples() == size)
                    && let Some(full) = window.take()
                    && windows.send(Ok(full)).is_err()
                {
                    return Ok(ControlFlow::Break(()));
                }
            }
            Ok(ControlFlow::Continue(()))
        })?;
        if let Some(last) = window {
            let _ = windows.send(Ok(last));
        }
        Ok(())
    }
}

/// An error of preparing a piece: what it says of positions counts from the piece's first example.
fn in_piece(error: DataError, first: usize) -> DataError {
    match error {
        DataError::Unsuitable { place, expected, found } if first > 0 => {
            DataError::unsuitable(format!("{place} (counted from example {})", first + 1), expected, found)
        }
        other => other,
    }
}

/// Windows as they become ready.
#[derive(Debug)]
pub struct Windows(Receiver<Result<Dataset, DataError>>);

impl Iterator for Windows {
    type Item = Result<Dataset, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.recv().ok()
    }
}

/// Fits rules to the examples of a stream that are not left out (rising positions).
///
/// # Errors
/// As [`Stream::pieces`] and [`Fitter`](crate::preprocess::Fitter).
pub fn fit(
    stream: &Stream,
    left_out: &[usize],
    options: &PreprocessOptions,
) -> Result<Preprocessing, DataError> {
    let mut fitter = Fitter::new(options);
    for pass in 0..Fitter::PASSES {
        if pass > 0 && !fitter.wants_more() {
            break;
        }
        fitter.begin();
        each(stream, 0..stream.examples(), left_out, |_, raw, kept, _| {
            fitter.see(&raw, kept).map(ControlFlow::Continue)
        })?;
    }
    fitter.finish()
}

/// As [`fit`], the rules for targets only.
///
/// # Errors
/// As [`fit`]; also if there are no targets.
pub fn fit_targets(stream: &Stream, left_out: &[usize], task: Option<Task>) -> Result<TargetPlan, DataError> {
    let mut fitter = TargetFitter::new(task);
    for _ in 0..Fitter::PASSES {
        fitter.begin();
        each(stream, 0..stream.examples(), left_out, |_, raw, kept, _| {
            let target = raw.target.as_ref().ok_or_else(no_target)?;
            fitter.see(target, kept).map(ControlFlow::Continue)
        })?;
    }
    fitter.finish()
}

/// The examples of a stream at rising positions, prepared.
///
/// # Errors
/// As [`Stream::pieces`] and [`Preprocessing::dataset`]; also if there are none.
pub fn chosen(stream: &Stream, positions: &[usize], rules: &Preprocessing) -> Result<Dataset, DataError> {
    let mut all: Option<Dataset> = None;
    each(stream, 0..stream.examples(), positions, |_, raw, _, chosen| {
        if !chosen.is_empty() {
            let part = rules.dataset(raw)?.select(chosen);
            match &mut all {
                None => all = Some(part),
                Some(all) => all.append(&part),
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    all.ok_or_else(|| DataError::unsuitable(stream.name(), "at least one chosen example", "none"))
}

/// So many of `all` come before the share of worker `rank` of `workers`.
fn split(all: usize, rank: usize, workers: usize) -> usize {
    all / workers * rank + (all % workers).min(rank)
}

/// Calls `visit` with each piece that has examples in a range: the position of its first one, the piece, its rows in
/// the range that are not at the rising positions, and those that are. Until it has enough.
fn each(
    stream: &Stream,
    range: Range<usize>,
    positions: &[usize],
    mut visit: impl FnMut(usize, Raw, &[usize], &[usize]) -> Result<ControlFlow<()>, DataError>,
) -> Result<(), DataError> {
    let (mut at, pieces) = stream.pieces_from(range.start);
    let mut positions = positions.iter().copied().peekable();
    for piece in pieces {
        let raw = piece?;
        let (mut others, mut these) = (Vec::new(), Vec::new());
        for row in 0..raw.examples() {
            if range.contains(&(at + row)) {
                let rows = if positions.next_if_eq(&(at + row)).is_some() { &mut these } else { &mut others };
                rows.push(row);
            }
        }
        let first = at;
        at += raw.examples();
        if at <= range.start {
            continue;
        }
        if visit(first, raw, &others, &these)?.is_break() || at >= range.end {
            break;
        }
    }
    Ok(())
}
