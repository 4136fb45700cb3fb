//! Examples of a stream, prepared for a network, some at a time: read ahead on a thread of its own.

use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::{Stream, infer_task};
use crate::class_weights::{count, not_classes};
use crate::preprocess::{Fitter, PreprocessOptions, TargetFitter, TargetPlan, no_target};
use crate::{
    ClassWeights, DataError, Dataset, Notices, Preprocessing, Raw, Targets, Task, check_weights,
    combine_weights, take_weights,
};

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
    /// How much each class counts; all alike if `None`.
    pub class_weights: Option<Arc<Vec<f32>>>,
    /// Positions of the examples: all of the stream's, or a share of them.
    range: Range<usize>,
    /// Collects what is told while examples are prepared: for the first reader, as later ones would find the same again.
    notices: Arc<Mutex<Notices>>,
}

impl Prepared {
    /// All examples of a stream but those that are left out (rising positions). What should be known of them is told to
    /// `notices` by the first [`windows`](Self::windows).
    pub fn new(stream: Stream, rules: Preprocessing, left_out: Vec<usize>, notices: Notices) -> Self {
        let range = 0..stream.examples();
        let (stream, rules, left_out) = (Arc::new(stream), Arc::new(rules), Arc::new(left_out));
        let notices = Arc::new(Mutex::new(notices));
        Self { stream, rules, left_out, class_weights: None, range, notices }
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
        let notices = std::mem::take(&mut *self.notices.lock().unwrap_or_else(PoisonError::into_inner));
        let failed = sender.clone();
        // It ends by itself when nobody listens any more.
        let reader = thread::Builder::new().name("windows".to_owned()).spawn(move || {
            if let Err(error) = prepared.read(size, &notices, &sender) {
                let _ = sender.send(Err(error));
            }
        });
        if let Err(error) = reader {
            let place = Path::new(self.stream.name());
            let _ = failed.send(Err(DataError::io("start a thread to read", place)(error)));
        }
        Windows(receiver)
    }

    fn read(
        &self,
        size: usize,
        notices: &Notices,
        windows: &SyncSender<Result<Dataset, DataError>>,
    ) -> Result<(), DataError> {
        let mut window: Option<Dataset> = None;
        each(&self.stream, self.range.clone(), self.left_out(), |piece| {
            let mut data = self
                .rules
                .dataset(piece.raw, notices)
                .map_err(|error| in_piece(error, piece.first, &self.stream))?;
            data.weights = self.weights(&data.targets, piece.weights)?;
            let mut rest = &piece.others[..];
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

    /// The weights of examples: their own times those of their classes.
    fn weights(&self, targets: &Targets, own: Option<Vec<f32>>) -> Result<Option<Vec<f32>>, DataError> {
        let (Some(of_class), Targets::Classes { labels, .. }) = (&self.class_weights, targets) else {
            return Ok(own);
        };
        let mut weights = own.unwrap_or_else(|| vec![1.0; labels.len()]);
        combine_weights(&mut weights, labels.iter().map(|&label| of_class[label as usize]))?;
        Ok(Some(weights))
    }
}

/// An error of preparing a piece: what it says of positions counts from the piece's first example.
fn in_piece(error: DataError, first: usize, stream: &Stream) -> DataError {
    let error = match error {
        DataError::Unsuitable { place, expected, found } if first > 0 => {
            DataError::unsuitable(format!("{place} (counted from example {})", first + 1), expected, found)
        }
        other => other,
    };
    error.of(stream.name())
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

/// Fits rules to the examples of a stream that are not left out (rising positions). What is to be learned is told by the
/// targets of all examples, unless it is given: that takes a pass over them.
///
/// # Errors
/// As [`Stream::pieces`] and [`Fitter`](crate::preprocess::Fitter).
pub fn fit(
    stream: &Stream,
    left_out: &[usize],
    options: &PreprocessOptions,
) -> Result<Preprocessing, DataError> {
    let task = options.task.map_or_else(|| infer_task(stream), Ok)?;
    let mut fitter = Fitter::new(&PreprocessOptions { task: Some(task), ..options.clone() });
    // Whether some example counts.
    let mut counts = stream.weight_column.is_none();
    for pass in 0..Fitter::PASSES {
        if pass > 0 && !fitter.wants_more() {
            break;
        }
        fitter.begin();
        each(stream, 0..stream.examples(), left_out, |piece| {
            if let Some(weights) = &piece.weights {
                counts |= piece.others.iter().any(|&row| weights[row] > 0.0);
            }
            fitter
                .see(&piece.raw, &piece.others)
                .map(ControlFlow::Continue)
                .map_err(|error| in_piece(error, piece.first, stream))
        })?;
        check_weights(std::iter::once(if counts { 1.0 } else { 0.0 }))?;
    }
    fitter.finish().map_err(|error| error.of(stream.name()))
}

/// As [`fit`], the rules for targets only.
///
/// # Errors
/// As [`fit`]; also if there are no targets.
pub fn fit_targets(stream: &Stream, left_out: &[usize], task: Option<Task>) -> Result<TargetPlan, DataError> {
    let task = task.map_or_else(|| infer_task(stream), Ok)?;
    let mut fitter = TargetFitter::new(Some(task), stream.notices());
    for pass in 0..Fitter::PASSES {
        if pass > 0 && !fitter.wants_more() {
            break;
        }
        fitter.begin();
        each(stream, 0..stream.examples(), left_out, |piece| {
            fitter
                .see(&piece.raw, &piece.others)
                .map(ControlFlow::Continue)
                .map_err(|error| in_piece(error, piece.first, stream))
        })?;
    }
    fitter.finish().map_err(|error| error.of(stream.name()))
}

/// How much each class counts, if some examples are left out (rising positions).
///
/// # Errors
/// As [`Stream::pieces`]; also if the targets are not classes, or a class is named that does not exist.
pub fn class_weights(
    stream: &Stream,
    left_out: &[usize],
    rules: &Preprocessing,
    weights: &ClassWeights,
) -> Result<Vec<f32>, DataError> {
    if rules.task() != Task::Classify {
        return Err(not_classes());
    }
    let mut counts = vec![0; rules.outputs()];
    // Only the balance needs to be counted.
    if *weights == ClassWeights::Balanced {
        each(stream, 0..stream.examples(), left_out, |piece| {
            let target = piece.raw.target.as_ref().ok_or_else(|| no_target(&piece.raw.features))?;
            let targets = rules.targets(target).map_err(|error| in_piece(error, piece.first, stream))?;
            if let Targets::Classes { labels, .. } = targets.select(&piece.others) {
                count(&labels, &mut counts);
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    weights.of_classes(&counts, rules.labels())
}

/// The examples of a stream at rising positions, prepared.
///
/// # Errors
/// As [`Stream::pieces`] and [`Preprocessing::dataset`]; also if there are none.
pub fn chosen(stream: &Stream, positions: &[usize], rules: &Preprocessing) -> Result<Dataset, DataError> {
    let mut all: Option<Dataset> = None;
    each(stream, 0..stream.examples(), positions, |piece| {
        if !piece.these.is_empty() {
            let mut data = rules
                .dataset(piece.raw, &Notices::default())
                .map_err(|error| in_piece(error, piece.first, stream))?;
            data.weights = piece.weights;
            let part = data.select(&piece.these);
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

/// A piece of a stream; of its rows in a range, those that are at some positions and the others.
pub(super) struct Piece {
    pub(super) raw: Raw,
    /// How much each example counts, if a column tells.
    weights: Option<Vec<f32>>,
    /// The position of its first example.
    pub(super) first: usize,
    these: Vec<usize>,
    pub(super) others: Vec<usize>,
}

/// Calls `visit` with each piece that has examples in a range, until it has enough. The positions rise.
pub(super) fn each(
    stream: &Stream,
    range: Range<usize>,
    positions: &[usize],
    mut visit: impl FnMut(Piece) -> Result<ControlFlow<()>, DataError>,
) -> Result<(), DataError> {
    let (mut first, pieces) = stream.pieces_from(range.start);
    let mut positions = positions.iter().copied().peekable();
    for piece in pieces {
        let mut raw = piece?;
        let end = first + raw.examples();
        if end > range.start {
            let column = stream.weight_column.as_deref();
            let weights = column.map(|column| take_weights(&mut raw, column)).transpose();
            let weights = weights.map_err(|error| in_piece(error, first, stream))?;
            let rows = range.start.max(first) - first..range.end.min(end) - first;
            let (these, others) = rows.partition(|row| positions.next_if_eq(&(first + row)).is_some());
            if visit(Piece { raw, weights, first, these, others })?.is_break() {
                break;
            }
        }
        first = end;
        if first >= range.end {
            break;
        }
    }
    Ok(())
}
