//! What the outputs of a graph are: probabilities of classes, of labels, or quantities.

use truezero_data::Task;

use super::flow::{Placed, Step};
use super::outputs::Told;
use super::refusal::Refusal;
use crate::activation::Activation;
use crate::cost::Cost;

/// The last steps of a graph.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ending {
    /// A softmax, or its logarithm.
    Softmax,
    /// A logistic function, and what is left up to one beside it.
    BothClasses,
    Logistic,
    /// An exponential: means of counts.
    Exponential,
    /// The outputs as they are.
    Plain,
}

impl Ending {
    /// The ending, and of how many steps it is.
    pub(super) fn of(steps: &[&Placed<'_>], task: Option<Task>) -> (Self, usize) {
        let from_top = |index: usize| steps.iter().rev().map(|placed| &placed.step).nth(index);
        match (from_top(0), from_top(1)) {
            (Some(Step::Softmax), _) => (Self::Softmax, 1),
            (Some(Step::Log), Some(Step::Softmax)) => (Self::Softmax, 2),
            // One of two probabilities tells both.
            (Some(Step::Select { places, width: 2 }), Some(Step::Softmax)) if places[..] == [1] => {
                (Self::Softmax, 2)
            }
            (Some(Step::BothClasses), _) => (Self::BothClasses, 2),
            (Some(Step::Activate(Activation::Logistic)), _) if task != Some(Task::Regress) => {
                (Self::Logistic, 1)
            }
            (Some(Step::Exp), _) => (Self::Exponential, 1),
            _ => (Self::Plain, 0),
        }
    }

    /// The cost that goes with so many outputs, and whether a class without weights is to be added to one output: the
    /// softmax of (0, z) is (1 − p, p) with p the logistic of z. `told` is what the graph tells from them.
    pub(super) fn cost(
        self,
        outputs: usize,
        told: Option<Told>,
        task: Option<Task>,
        place: &str,
    ) -> Result<(Cost, bool), Refusal> {
        let refuse = |expected: &str, found: &str| Err(Refusal::new(place, expected, found));
        let classes = Cost::SoftmaxCrossEntropy;
        match (self, task) {
            (Self::Softmax, None | Some(Task::Classify)) => Ok((classes, false)),
            (Self::BothClasses, None | Some(Task::Classify)) => Ok((classes, true)),
            (Self::Softmax | Self::BothClasses, Some(_)) => {
                refuse("the task classify, as probabilities add up to 1", "another task")
            }
            (Self::Logistic, None | Some(Task::Classify)) if outputs == 1 => Ok((classes, true)),
            (Self::Logistic, Some(Task::Classify)) => refuse(
                "outputs of which one is the class",
                "a logistic function of each\nhint: the task multilabel fits them",
            ),
            (Self::Exponential, None | Some(Task::Regress)) => Ok((Cost::Poisson, false)),
            (Self::Exponential, Some(_)) => {
                refuse("the task regress, as an exponential is no probability", "another task")
            }
            (Self::Logistic, _) | (Self::Plain, Some(Task::Multilabel)) => {
                Ok((Cost::LogisticCrossEntropy, false))
            }
            (Self::Plain, Some(Task::Classify)) => Ok((classes, outputs == 1)),
            (Self::Plain, None) if told == Some(Told::One) || told.is_some() && outputs == 1 => {
                Ok((classes, outputs == 1))
            }
            (Self::Plain, None) if told.is_some() => Ok((Cost::LogisticCrossEntropy, false)),
            (Self::Plain, _) => Ok((Cost::SquaredError, false)),
        }
    }
}
