//! From a source to the data sets of a training: parts held out, preprocessing fitted on the training
//! part only.

use std::path::Path;
use std::sync::Arc;

use truezero::{Examples, Network, OnBatch, Plan, Progress, Trainer};
use truezero_data::formats::svmlight::Numbering;
use truezero_data::stream::Prepared as Streamed;
use truezero_data::{
    DataError, Dataset, Features, Notice, Notices, Portion, Preprocessing, Raw, Source, SourceSpec, Task,
    check_weights, combine_weights, open, split, take_weights,
};
use truezero_sparse::Batch;

use super::plan::{Experiment, Start};
use super::streamed::{self, Parts};
use crate::args::Part as Chosen;
use crate::commands::hold_out::{HoldOut, TO_STOP_BY, TO_TEST_ON, tell_if_short};
use crate::commands::parts;
use crate::failure::Failure;

/// Examples by what they are for.
pub struct Prepared {
    pub preprocessing: Preprocessing,
    /// How the columns of an svmlight file were counted.
    pub numbering: Option<Numbering>,
    /// What is told of them.
    pub notices: Notices,
    train: Part,
    validation: Option<Part>,
    test: Option<Part>,
    /// The data sets that parts are of.
    data: Vec<Dataset>,
    /// More inputs to pre-train on.
    pub unlabelled: Option<Batch>,
    /// The examples to train on, if they are read piece by piece; in their place, `train` is the validation part.
    streamed: Option<Streamed>,
    /// Examples of a stream that are in memory together.
    shuffle_buffer: usize,
    /// What tells a stream, and the order in which it is read, from others.
    identity: Option<String>,
}

/// Examples of one of the data sets.
struct Part {
    data: usize,
    rows: Vec<usize>,
}

impl Prepared {
    /// Of a stream, some examples that are like those to train on.
    pub fn train(&self) -> Examples<'_> {
        self.examples(&self.train)
    }

    /// Number of examples to train on.
    pub fn to_train_on(&self) -> usize {
        self.streamed.as_ref().map_or(self.train.rows.len(), Streamed::examples)
    }

    /// A trainer that goes on from a network's weights.
    pub fn trainer(
        &self,
        plan: Plan,
        network: Network,
        threads: usize,
    ) -> Result<Trainer<'_>, truezero::Error> {
        let trainer = Trainer::from_network(plan, network, self.train(), self.validation(), threads)?;
        Ok(match &self.identity {
            None => trainer,
            Some(identity) => trainer.on_stream(identity),
        })
    }

    /// A trainer that goes on from a checkpoint.
    pub fn resume(&self, plan: Plan, threads: usize, path: &Path) -> Result<Trainer<'_>, truezero::Error> {
        let (train, validation) = (self.train(), self.validation());
        match &self.identity {
            None => Trainer::resume(plan, train, validation, threads, path),
            Some(identity) => Trainer::resume_on_stream(plan, train, validation, identity, threads, path),
        }
    }

    /// Trains to the end of the present epoch.
    pub fn epoch(
        &self,
        trainer: &mut Trainer<'_>,
        on_batch: OnBatch<'_>,
    ) -> Result<Progress, truezero::Error> {
        match &self.streamed {
            None => trainer.epoch(on_batch),
            Some(streamed) => {
                let mut windows = streamed.windows(self.shuffle_buffer);
                trainer.epoch_on(streamed.examples(), &mut windows, on_batch)
            }
        }
    }

    pub fn validation(&self) -> Option<Examples<'_>> {
        self.validation.as_ref().map(|part| self.examples(part))
    }

    pub fn test(&self) -> Option<Examples<'_>> {
        self.test.as_ref().map(|part| self.examples(part))
    }

    fn examples<'a>(&'a self, part: &'a Part) -> Examples<'a> {
        Examples { data: &self.data[part.data], rows: &part.rows }
    }

    /// Reads and prepares everything.
    ///
    /// # Errors
    /// What is wrong with the data, or with the options in view of the data.
    pub fn new(experiment: &Experiment) -> Result<Self, Failure> {
        if let Some(shuffle_buffer) = experiment.shuffle_buffer {
            return Self::streamed(experiment, shuffle_buffer);
        }
        let Source { train: mut raw, mut validation, mut test, numbering, .. } = open(&experiment.source)?;
        for (part, name) in [(&mut validation, "validation"), (&mut test, "test")] {
            if raw.target.is_some() && part.as_ref().is_some_and(|part| part.target.is_none()) {
                let message = format!("the {name} part has no targets, so other examples are held out");
                experiment.source.notices.tell(Notice::new(experiment.source.data.clone(), message));
                *part = None;
            }
        }
        if raw.target.is_none() {
            let (expected, found) = ("a value to learn for each example", "none");
            let error =
                DataError::unsuitable(format!("target of {}", experiment.source.data), expected, found);
            // A matrix has no names of columns.
            let hint = match raw.features {
                Features::Table(_) => "name a column with --target, or a file with --labels",
                Features::Matrix(_) | Features::Wide(_) => "name a file with the targets: --labels FILE",
            };
            return Err(Failure::hinted(error, hint));
        }
        let column = experiment.weight_column.as_deref();
        let weights = column.map(|column| take_weights(&mut raw, column)).transpose();
        let of_data = |error: DataError| error.of(&experiment.source.data);
        let weights = weights.map_err(of_data)?;

        let (seed, task) = (experiment.plan.options().seed, experiment.preparation.task);
        let mut rows: Vec<usize> = (0..raw.examples()).collect();
        let mut hold_out = |hold_out: HoldOut, purpose: &str, own: &mut Option<Raw>| {
            if hold_out != HoldOut::AsInSource {
                *own = None;
            }
            let Some(portion) = hold_out.portion().filter(|_| own.is_none()) else { return Ok(None) };
            let wanted = portion.of(rows.len())?;
            let drawn = draw(&raw, task, &mut rows, portion, seed)?;
            tell_if_short(&experiment.source.notices, purpose, drawn.len(), wanted);
            Ok::<_, DataError>(Some(drawn).filter(|drawn| !drawn.is_empty()))
        };
        // Data given with --test is the test part as much as the source's own.
        let given = experiment.test.as_ref().filter(|_| experiment.testing == HoldOut::AsInSource);
        let test_rows =
            if given.is_some() { None } else { hold_out(experiment.testing, TO_TEST_ON, &mut test)? };
        let validation_rows = hold_out(experiment.validation, TO_STOP_BY, &mut validation)?;

        let preprocessing = match &experiment.start {
            Start::Saved(saved) => {
                let inputs = saved.preprocessing().clone();
                Preprocessing::with_inputs(inputs, &raw, &rows, &experiment.preparation)
            }
            _ => Preprocessing::fit(&raw, &rows, &experiment.preparation),
        };
        let preprocessing = preprocessing.map_err(of_data)?;
        let alike = |spec: &SourceSpec| SourceSpec {
            numbering,
            task: Some(preprocessing.task()),
            expected: Some(Arc::new(preprocessing.for_inputs().expected())),
            ..spec.clone()
        };
        if let Some(spec) = given {
            let Source { train, test: part, .. } = open(&alike(spec))?;
            test = Some(part.unwrap_or(train));
        }
        let unlabelled = match &experiment.start {
            Start::Pretraining { unlabelled: Some(spec), .. } => {
                let spec = alike(spec);
                let raw = parts::choose(open(&spec)?, Some(Chosen::All), &spec.data)?;
                let inputs = preprocessing.inputs(raw.features, &experiment.source.notices);
                Some(inputs.map_err(|error| error.of(&spec.data))?)
            }
            _ => None,
        };
        let notices = told_of_examples(experiment);
        let mut data = vec![preprocessing.dataset(raw, &notices).map_err(of_data)?];
        let mut part =
            |name: &str, own: Option<Raw>, drawn: Option<Vec<usize>>| -> Result<Option<Part>, DataError> {
                let Some(raw) = own else { return Ok(drawn.map(|rows| Part { data: 0, rows })) };
                let rows = (0..raw.examples()).collect();
                let prepared = preprocessing.dataset(raw, &experiment.source.notices);
                data.push(prepared.map_err(|error| error.of(name))?);
                Ok(Some(Part { data: data.len() - 1, rows }))
            };
        let of_test = experiment.test.as_ref().map_or("the test part", |spec| spec.data.as_str());
        let test = part(of_test, test, test_rows)?;
        let validation = part("the validation part", validation, validation_rows)?;

        let class_weights = match &experiment.class_weights {
            None => None,
            Some(weights) => {
                let targets = data[0].targets.select(&rows);
                Some(weights.of_examples(&targets, preprocessing.labels())?)
            }
        };
        data[0].weights = combine(weights, class_weights, &rows, data[0].examples())?;
        Ok(Self {
            preprocessing,
            numbering,
            notices: experiment.source.notices.clone(),
            train: Part { data: 0, rows },
            validation,
            test,
            data,
            unlabelled,
            streamed: None,
            shuffle_buffer: 0,
            identity: None,
        })
    }

    fn streamed(experiment: &Experiment, shuffle_buffer: usize) -> Result<Self, Failure> {
        let Parts { streamed, validation, test } = streamed::prepare(experiment)?;
        let (preprocessing, numbering) = ((*streamed.rules).clone(), streamed.stream.numbering());
        let mut data = vec![validation];
        data.extend(test);
        if let Some(spec) = &experiment.test {
            let expected = Some(Arc::new(preprocessing.for_inputs().expected()));
            let task = Some(preprocessing.task());
            let spec = SourceSpec { numbering, task, expected, ..spec.clone() };
            let Source { train, test, .. } = open(&spec)?;
            let prepared = preprocessing.dataset(test.unwrap_or(train), &experiment.source.notices);
            data.push(prepared.map_err(|error| error.of(&spec.data))?);
        }
        let part = |at: usize| Part { data: at, rows: (0..data[at].examples()).collect() };
        let test = (data.len() > 1).then(|| part(1));
        let (train, validation) = (part(0), Some(part(0)));
        // In other windows the same examples are in another order.
        let identity = Some(format!("{} in windows of {shuffle_buffer}", streamed.stream.checksum()?));
        let streamed = Some(streamed);
        Ok(Self {
            preprocessing,
            numbering,
            notices: experiment.source.notices.clone(),
            train,
            validation,
            test,
            data,
            unlabelled: None,
            streamed,
            shuffle_buffer,
            identity,
        })
    }
}

/// Collects what is told while the examples that a network is trained on, and those held out from them, are prepared: a
/// level that only examples held out have is no surprise; one that a saved network does not know is.
pub(super) fn told_of_examples(experiment: &Experiment) -> Notices {
    match &experiment.start {
        Start::Saved(_) => experiment.source.notices.clone(),
        _ => Notices::default(),
    }
}

/// Moves a portion of `rows` out of them.
fn draw(
    raw: &Raw,
    task: Option<Task>,
    rows: &mut Vec<usize>,
    portion: Portion,
    seed: u64,
) -> Result<Vec<usize>, DataError> {
    let (kept, drawn) = split(raw.target.as_ref(), task, rows, portion, seed)?;
    *rows = kept;
    Ok(drawn)
}

/// The weights of all examples, those of `rows` times the weights of their classes.
fn combine(
    weights: Option<Vec<f32>>,
    class_weights: Option<Vec<f32>>,
    rows: &[usize],
    examples: usize,
) -> Result<Option<Vec<f32>>, DataError> {
    if weights.is_none() && class_weights.is_none() {
        return Ok(None);
    }
    let mut all = weights.unwrap_or_else(|| vec![1.0; examples]);
    if let Some(class_weights) = class_weights {
        let mut of_rows: Vec<f32> = rows.iter().map(|&row| all[row]).collect();
        combine_weights(&mut of_rows, class_weights.into_iter())?;
        rows.iter().zip(of_rows).for_each(|(&row, weight)| all[row] = weight);
    }
    check_weights(rows.iter().map(|&row| all[row]))?;
    Ok(Some(all))
}
