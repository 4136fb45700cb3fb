//! Requests that wait, and the thread that computes them together.
//!
//! Inference runs on a thread of its own, and on the helpers of its engine, because it keeps a core busy;
//! the threads that talk to clients never do. Requests for the same model that wait at the same time pass
//! through its layers together, so that weights are loaded once for all of them.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use truezero_http::{Intake, Problem};
use truezero_sparse::{Batch, DenseBatch, Engine};

use crate::compute::{Computed, Scratch, compute};
use crate::limits::Limits;
use crate::servable::Servable;

/// Activations that are kept for the next pass at most; those of more are let go.
const SCRATCH_NUMBERS: usize = 1 << 21;

/// Requests that wait for their turn; a handle of it is cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// Most requests that wait.
    limit: usize,
    /// Most examples that are computed together.
    batch: usize,
    delay: Duration,
    /// Batches computed so far.
    batches: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Job>,
    /// No request waits for others any more.
    hurried: bool,
    /// No request is taken any more.
    closed: bool,
}

/// A request whose inputs fit the model.
#[derive(Debug)]
struct Job {
    /// As it was when the request came: a reload does not touch it.
    model: Arc<Servable>,
    inputs: Batch,
    /// Hidden layers whose codes are asked for.
    codes: Vec<usize>,
    since: Instant,
    reply: oneshot::Sender<Computed>,
    /// The memory counts as taken until this is computed or dropped, whoever still waits for it.
    _intake: Intake,
}

impl Queue {
    /// An empty queue and the thread that works on it, until the queue is closed.
    pub(crate) fn start(limits: &Limits, threads: usize) -> std::io::Result<(Self, JoinHandle<()>)> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            limit: limits.queue,
            batch: limits.batch.max(1),
            delay: limits.delay,
            batches: AtomicU64::new(0),
        });
        let queue = Self { shared: Arc::clone(&shared) };
        let worker =
            thread::Builder::new().name("truezero-infer".to_owned()).spawn(move || work(&shared, threads))?;
        Ok((queue, worker))
    }

    /// Number of requests that wait.
    pub(crate) fn len(&self) -> usize {
        self.shared.lock().waiting.len()
    }

    /// Number of batches that were computed.
    pub(crate) fn batches(&self) -> u64 {
        self.shared.batches.load(Ordering::Relaxed)
    }

    /// Waits for its turn, and for the answer. A request that is dropped while it waits is not computed.
    pub(crate) async fn compute(
        &self,
        model: Arc<Servable>,
        inputs: Batch,
        codes: Vec<usize>,
        intake: Intake,
    ) -> Result<Computed, Problem> {
        let (reply, answer) = oneshot::channel();
        {
            let mut state = self.shared.lock();
            state.waiting.retain(|job| !job.reply.is_closed());
            if state.closed {
                return Err(Problem::busy("the server is stopping"));
            }
            if state.waiting.len() >= self.shared.limit {
                let waiting = state.waiting.len();
                return Err(Problem::busy(format!("{waiting} requests are waiting, which is the limit")));
            }
            let since = Instant::now();
            state.waiting.push_back(Job { model, inputs, codes, since, reply, _intake: intake });
        }
        self.shared.changed.notify_one();
        answer.await.map_err(|_| Problem::internal())
    }

    /// From now on no request waits for others to come.
    pub(crate) fn hurry(&self) {
        self.shared.lock().hurried = true;
        self.shared.changed.notify_one();
    }

    /// Takes no more requests; those that wait are still computed.
    pub(crate) fn close(&self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next requests to be computed together; none when the queue is closed and empty.
    fn next(&self) -> Option<Vec<Job>> {
        let mut state = self.lock();
        loop {
            if let Some(first) = state.waiting.front() {
                let waited = first.since.elapsed();
                if state.hurried || state.closed || waited >= self.delay || self.is_full(&state) {
                    break;
                }
                let left = self.delay.saturating_sub(waited);
                state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            } else if state.closed {
                return None;
            } else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
        Some(self.take(&mut state))
    }

    /// Whether those that can be computed with the first are enough.
    fn is_full(&self, state: &State) -> bool {
        let with_first = state.waiting.iter().filter(|job| Arc::ptr_eq(&job.model, &state.waiting[0].model));
        with_first.map(|job| job.inputs.examples()).sum::<usize>() >= self.batch
    }

    /// Takes the first request and those for the same model, while they are few enough together.
    fn take(&self, state: &mut State) -> Vec<Job> {
        let mut taken: Vec<Job> = Vec::new();
        let (mut examples, mut at) = (0, 0);
        while at < state.waiting.len() && examples < self.batch {
            let job = &state.waiting[at];
            let fits = match taken.first() {
                None => true,
                Some(first) => {
                    Arc::ptr_eq(&first.model, &job.model) && examples + job.inputs.examples() <= self.batch
                }
            };
            if fits && let Some(job) = state.waiting.remove(at) {
                examples += job.inputs.examples();
                taken.push(job);
            } else {
                at += 1;
            }
        }
        taken
    }
}

/// Computes until the queue is closed and empty.
fn work(shared: &Shared, threads: usize) {
    let mut engine = Engine::new(threads);
    let mut scratch = Scratch::default();
    while let Some(mut jobs) = shared.next() {
        jobs.retain(|job| !job.reply.is_closed());
        if jobs.is_empty() {
            continue;
        }
        shared.batches.fetch_add(1, Ordering::Relaxed);
        // A panic would be a fault of ours; it must not take the server with it. The clients are told when
        // their jobs are dropped.
        let answers =
            catch_unwind(AssertUnwindSafe(|| answer(shared.batch, &mut engine, &mut scratch, &mut jobs)));
        let Ok(answers) = answers else {
            (engine, scratch) = (Engine::new(threads), Scratch::default());
            continue;
        };
        if scratch.numbers() > SCRATCH_NUMBERS {
            scratch = Scratch::default();
        }
        for (job, answer) in jobs.into_iter().zip(answers) {
            let _ = job.reply.send(answer); // a client that has gone needs none
        }
    }
}

/// One answer for each of some requests for the same model.
fn answer(batch: usize, engine: &mut Engine, scratch: &mut Scratch, jobs: &mut [Job]) -> Vec<Computed> {
    let model = Arc::clone(&jobs[0].model);
    if let [job] = jobs {
        let (inputs, codes) = (&job.inputs, job.codes.as_slice());
        if inputs.examples() <= batch {
            return compute(&model, engine, scratch, inputs, &[(0..inputs.examples(), codes)]);
        }
        let rows: Vec<usize> = (0..inputs.examples()).collect();
        let (mut all, mut few) = (Computed::default(), Batch::Dense(DenseBatch::default()));
        for chunk in rows.chunks(batch) {
            few.copy_from(inputs, chunk);
            let answers = compute(&model, engine, scratch, &few, &[(0..chunk.len(), codes)]);
            answers.into_iter().for_each(|answer| all.append(answer));
        }
        return vec![all];
    }
    let mut inputs = std::mem::replace(&mut jobs[0].inputs, Batch::Dense(DenseBatch::default()));
    let mut ends = vec![inputs.examples()];
    for job in &jobs[1..] {
        inputs.append(&job.inputs);
        ends.push(inputs.examples());
    }
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let parts: Vec<_> = starts
        .zip(&ends)
        .zip(&*jobs)
        .map(|((start, &end), job)| (start..end, job.codes.as_slice()))
        .collect();
    compute(&model, engine, scratch, &inputs, &parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::servable;

    fn shared(batch: usize, delay: Duration) -> Shared {
        let (state, changed, batches) = (Mutex::default(), Condvar::new(), AtomicU64::new(0));
        Shared { state, changed, limit: 100, batch, delay, batches }
    }

    /// Adds a request of so many examples.
    fn ask(shared: &Shared, model: &Arc<Servable>, examples: usize) -> oneshot::Receiver<Computed> {
        let (reply, answer) = oneshot::channel();
        let inputs = Batch::Dense(DenseBatch::zeros(examples, 3));
        let (model, codes, since) = (Arc::clone(model), Vec::new(), Instant::now());
        let intake = Intake::default();
        shared.lock().waiting.push_back(Job { model, inputs, codes, since, reply, _intake: intake });
        answer
    }

    fn sizes(jobs: &[Job]) -> Vec<usize> {
        jobs.iter().map(|job| job.inputs.examples()).collect()
    }

    #[test]
    fn those_of_one_model_are_taken_together_and_none_is_lost() {
        let (one, other, shared) = (servable(1), servable(2), shared(10, Duration::ZERO));
        let questions = [(&one, 1), (&other, 2), (&one, 3), (&one, 7), (&other, 4), (&one, 5), (&one, 11)];
        let _answers: Vec<_> = questions.map(|(model, examples)| ask(&shared, model, examples)).into();
        let next = || sizes(&shared.next().unwrap());
        // 7 would be too many with 1 and 3, 5 is not.
        assert_eq!(next(), [1, 3, 5]);
        assert_eq!(next(), [2, 4]);
        assert_eq!(next(), [7]);
        assert_eq!(next(), [11], "larger than a batch, but alone");
        shared.lock().closed = true;
        assert!(shared.next().is_none());
    }

    #[test]
    fn a_full_batch_waits_for_nothing() {
        let (model, shared) = (servable(1), shared(4, Duration::from_secs(3600)));
        let _answers = [1, 3].map(|examples| ask(&shared, &model, examples));
        assert_eq!(sizes(&shared.next().unwrap()), [1, 3]);
        let _answer = ask(&shared, &model, 2);
        shared.lock().hurried = true;
        assert_eq!(sizes(&shared.next().unwrap()), [2], "nor does one when the server stops");
    }

    #[test]
    fn a_large_request_is_computed_in_pieces_to_the_same_bits() {
        let model = servable(3);
        let values: Vec<f32> = (0..30).map(|at| (at as f32 * 0.7).sin()).collect();
        let [pieces, whole] = [4, 100].map(|batch| {
            let (reply, _answer) = oneshot::channel();
            let inputs = Batch::Dense(DenseBatch::from_rows(3, &values));
            let (model, since) = (Arc::clone(&model), Instant::now());
            let intake = Intake::default();
            let mut job = [Job { model, inputs, codes: vec![0], since, reply, _intake: intake }];
            answer(batch, &mut Engine::new(1), &mut Scratch::default(), &mut job).remove(0)
        });
        assert_eq!(pieces.predictions.examples(), 10);
        assert_eq!(pieces, whole);
    }
}
