//! Successive halving: who goes on, and for how long. Grid and random search are a race of one lap.

use super::definition::{Definition, Method};
use super::store::{State, Trial, rank};

const DEFAULT_MIN_EPOCHS: usize = 1;
const DEFAULT_FACTOR: usize = 3;

/// A part of the race.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lap {
    /// Everyone still in the race trains until so many epochs; the last lap has no limit of its own.
    pub epochs: usize,
    /// So many go on.
    pub survivors: usize,
}

/// The laps of a sweep whose trainings have at most `epochs` epochs.
pub fn laps(definition: &Definition, trials: usize, epochs: usize) -> Vec<Lap> {
    let last = Lap { epochs: usize::MAX, survivors: trials };
    if definition.method != Method::Halving {
        return vec![last];
    }
    let (mut reached, factor) = pace(definition);
    let mut left = trials;
    let mut laps = Vec::new();
    while reached < epochs && left > 1 {
        left = left.div_ceil(factor);
        laps.push(Lap { epochs: reached, survivors: left });
        reached = reached.saturating_mul(factor);
    }
    laps.push(Lap { survivors: left, ..last });
    laps
}

/// Epochs of the first lap, and one of how many goes on.
pub fn pace(definition: &Definition) -> (usize, usize) {
    (definition.min_epochs.unwrap_or(DEFAULT_MIN_EPOCHS), definition.factor.unwrap_or(DEFAULT_FACTOR))
}

/// The trials that are to be trained in a lap.
pub fn due(trials: &[Trial], lap: Lap) -> Vec<usize> {
    let waits = |trial: &&Trial| trial.state == State::Waiting && trial.epochs < lap.epochs;
    trials.iter().filter(waits).map(|trial| trial.number).collect()
}

/// The trials that are given up after a lap: all but the best of those that are still in the race. One that is
/// done keeps its result whatever its place.
pub fn given_up(trials: &[Trial], lap: Lap) -> Vec<Trial> {
    let racing = |trial: &&Trial| matches!(trial.state, State::Waiting | State::Done);
    let mut racers: Vec<Trial> = trials.iter().filter(racing).cloned().collect();
    rank(&mut racers);
    let behind = racers.split_off(lap.survivors.min(racers.len()));
    behind
        .into_iter()
        .filter(|trial| trial.state == State::Waiting)
        .map(|trial| Trial { state: State::Stopped, ..trial })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn halving(factor: usize) -> Definition {
        toml::from_str(&format!(
            "method = \"halving\"\ntrials = 9\nfactor = {factor}\nmin-epochs = 2\n[vary]\nseed = [1]"
        ))
        .unwrap()
    }

    fn trial(number: usize, state: State, error: f64) -> Trial {
        Trial {
            number,
            options: serde_json::Map::new(),
            state,
            epochs: 2,
            best_epoch: Some(1),
            validation_error: Some(error),
            validation_cost: None,
            test_error: None,
            mean_sparsity: None,
            seconds: 0.0,
            message: None,
            warnings: Vec::new(),
        }
    }

    #[test]
    fn each_lap_is_longer_and_has_fewer_runners() {
        let shape = |laps: Vec<Lap>| laps.iter().map(|lap| (lap.epochs, lap.survivors)).collect::<Vec<_>>();
        assert_eq!(shape(laps(&halving(3), 9, 20)), [(2, 3), (6, 1), (usize::MAX, 1)]);
        assert_eq!(shape(laps(&halving(2), 9, 5)), [(2, 5), (4, 3), (usize::MAX, 3)]);
        assert_eq!(shape(laps(&halving(2), 9, 2)), [(usize::MAX, 9)], "too few epochs to give anyone up");
    }

    #[test]
    fn the_best_go_on_and_ties_go_to_the_first() {
        let trials = [
            trial(1, State::Waiting, 0.3),
            trial(2, State::Waiting, 0.1),
            trial(3, State::Done, 0.4),
            trial(4, State::Waiting, 0.1),
            trial(5, State::Failed, 0.0),
        ];
        let lap = Lap { epochs: 2, survivors: 2 };
        let out: Vec<usize> = given_up(&trials, lap).iter().map(|trial| trial.number).collect();
        assert_eq!(out, [1]);
        let lap = Lap { epochs: 2, survivors: 1 };
        let out: Vec<usize> = given_up(&trials, lap).iter().map(|trial| trial.number).collect();
        assert_eq!(out, [4, 1]);
        assert!(due(&trials, lap).is_empty());
        assert_eq!(due(&trials, Lap { epochs: 6, survivors: 1 }), [1, 2, 4]);
    }
}
