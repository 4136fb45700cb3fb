//! Which of two epochs is the better one. Everything that compares epochs does so here: which weights are kept, how
//! long patience lasts, what is reported.

use super::record::EpochRecord;

/// An epoch whose sparsity is this close to the target is on it.
pub const TOLERANCE: f64 = 0.02;

/// What epochs are compared by.
///
/// With validation examples the better epoch is the one that, in this order,
/// 1. is on the target sparsity, if there is one,
/// 2. costs less on them than the [base rate](crate::base_rate),
/// 3. has the lower validation error,
/// 4. has the lower validation cost, which tells apart what a share of wrong answers cannot.
///
/// Without them it is the later one of those on the target.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ranking {
    pub(super) target: Option<f64>,
    /// Cost of the base rate, if there are validation examples that choose.
    pub(super) base_cost: Option<f64>,
}

impl Ranking {
    /// Whether an epoch is better than one before it.
    pub(super) fn prefers(&self, later: &EpochRecord, earlier: &EpochRecord) -> bool {
        match self.base_cost {
            Some(base_cost) => self.key(later, base_cost) < self.key(earlier, base_cost),
            None => self.is_on_target(later) || !self.is_on_target(earlier),
        }
    }

    /// How far an epoch is from the target sparsity, counted as nothing within the tolerance.
    pub(super) fn distance(&self, record: &EpochRecord) -> f64 {
        let distance = self.target.map_or(0.0, |target| (record.mean_sparsity - target).abs());
        if distance <= TOLERANCE { 0.0 } else { distance }
    }

    pub(super) fn is_on_target(&self, record: &EpochRecord) -> bool {
        self.distance(record) == 0.0
    }

    /// The first of the epochs that came nearest to the target sparsity, which keeps a training from ending on its way
    /// there; none without a target.
    pub(super) fn nearest(&self, history: &[EpochRecord]) -> Option<usize> {
        self.target?;
        let nearest = history.iter().min_by(|a, b| self.distance(a).total_cmp(&self.distance(b)))?;
        Some(nearest.epoch)
    }

    fn key(&self, record: &EpochRecord, base_cost: f64) -> (bool, bool, f64, f64) {
        let cost = record.validation_cost.unwrap_or(f64::INFINITY);
        let error = record.validation_error.unwrap_or(f64::INFINITY);
        (!self.is_on_target(record), cost >= base_cost, error, cost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(epoch: usize, sparsity: f64, error: f64, cost: f64) -> EpochRecord {
        EpochRecord {
            epoch,
            cost: 0.0,
            validation_error: Some(error),
            validation_cost: Some(cost),
            mean_sparsity: sparsity,
            layers: Vec::new(),
            gradient_norms: Vec::new(),
            l1: 0.0,
            learning_rate: 0.1,
        }
    }

    /// The epoch that is left when each takes the place of a worse one before it.
    fn kept(ranking: Ranking, history: &[EpochRecord]) -> usize {
        let mut best = &history[0];
        for record in &history[1..] {
            if ranking.prefers(record, best) {
                best = record;
            }
        }
        best.epoch
    }

    #[test]
    fn equal_errors_are_told_apart_by_the_cost() {
        let ranking = Ranking { target: None, base_cost: Some(1.0) };
        let history = [epoch(1, 0.5, 0.1, 0.5), epoch(2, 0.5, 0.1, 0.4), epoch(3, 0.5, 0.1, 0.4)];
        assert_eq!(kept(ranking, &history), 2);
        assert_eq!(kept(ranking, &[epoch(1, 0.5, 0.1, 0.5), epoch(2, 0.5, 0.11, 0.1)]), 1);
    }

    #[test]
    fn what_costs_more_than_the_base_rate_is_kept_only_if_nothing_costs_less() {
        let ranking = Ranking { target: None, base_cost: Some(0.22) };
        let history = [epoch(1, 0.5, 0.06, 0.21), epoch(2, 0.5, 0.05, 0.355)];
        assert_eq!(kept(ranking, &history), 1);
        assert_eq!(kept(ranking, &[epoch(1, 0.5, 0.06, 0.4), epoch(2, 0.5, 0.05, 0.355)]), 2);
    }

    #[test]
    fn a_target_chooses_among_epochs_on_it_and_otherwise_not_at_all() {
        let ranking = Ranking { target: Some(0.8), base_cost: Some(1.0) };
        let history = [
            epoch(1, 0.75, 0.2, 0.5),
            epoch(2, 0.815, 0.1, 0.3),
            epoch(3, 0.8, 0.11, 0.3),
            epoch(4, 0.85, 0.01, 0.1),
        ];
        assert_eq!(kept(ranking, &history), 2);
        assert_eq!(ranking.nearest(&history), Some(2));
        let out_of_reach = Ranking { target: Some(0.6), ..ranking };
        assert_eq!(kept(out_of_reach, &history), 4, "as without a target, not the nearest");
        assert_eq!(out_of_reach.nearest(&history), Some(1));
    }

    #[test]
    fn without_validation_the_latest_on_the_target_is_kept() {
        let ranking = Ranking { target: Some(0.8), base_cost: None };
        let history = [0.5, 0.79, 0.8, 0.9].map(|sparsity| epoch(0, sparsity, 0.0, 0.0));
        let history: Vec<_> =
            (1..).zip(history).map(|(epoch, record)| EpochRecord { epoch, ..record }).collect();
        assert_eq!(kept(ranking, &history), 3);
        assert_eq!(kept(Ranking { target: None, ..ranking }, &history), 4);
        assert_eq!(kept(Ranking { target: Some(0.2), ..ranking }, &history), 4);
    }
}
