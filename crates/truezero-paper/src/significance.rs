//! Is a difference more than chance? Paired tests, and means with their standard errors.

use std::collections::BTreeMap;

/// A difference counts if chance gives one as large with a lower probability than this (the paper's level).
pub const LEVEL: f64 = 0.05;

/// Up to so many examples on which two classifiers differ, McNemar's test is exact.
const EXACT: usize = 25;

/// McNemar's test of two classifiers on the same test examples: the probability (two-sided) of a difference
/// as large as theirs if neither is the better one.
///
/// `first` and `second` hold the positions of the examples classified wrong, one list for each seed; lists
/// at the same place are compared. With several seeds an example is a cluster of comparisons that depend on
/// each other, and the test is that of Durkalski et al. (2003), "Analysis of clustered matched-pair data":
/// with d the seeds in which only the first was wrong less those in which only the second was,
/// (|Σ d| − 1)² / Σ d² is χ² with one degree of freedom. With one seed that is McNemar's with Edwards's
/// correction. Where fewer than 25 examples have d ≠ 0, all assignments of signs to them are counted instead:
/// with one seed, the exact binomial test.
///
/// # Panics
/// If there are not equally many lists.
pub fn mcnemar(first: &[&[u32]], second: &[&[u32]]) -> f64 {
    assert_eq!(first.len(), second.len(), "as many seeds of either");
    let mut differences: BTreeMap<u32, i64> = BTreeMap::new();
    for (sign, lists) in [(1, first), (-1, second)] {
        for &example in lists.iter().copied().flatten() {
            *differences.entry(example).or_default() += sign;
        }
    }
    let differences: Vec<i64> = differences.into_values().filter(|&d| d != 0).collect();
    let sum = differences.iter().sum::<i64>().abs();
    if sum == 0 {
        return 1.0;
    }
    if differences.len() < EXACT {
        return signs_reaching(&differences, sum);
    }
    let squares = differences.iter().map(|d| d * d).sum::<i64>() as f64;
    let chi = (sum - 1) as f64 / squares.sqrt();
    erfc(chi / std::f64::consts::SQRT_2)
}

/// The share of all assignments of signs with which the sum is at least so large.
fn signs_reaching(differences: &[i64], least: i64) -> f64 {
    let mut shares = BTreeMap::from([(0, 1.0)]);
    for d in differences {
        let mut next = BTreeMap::new();
        for (sum, share) in shares {
            *next.entry(sum + d).or_insert(0.0) += share / 2.0;
            *next.entry(sum - d).or_insert(0.0) += share / 2.0;
        }
        shares = next;
    }
    shares.iter().filter(|(sum, _)| sum.abs() >= least).map(|(_, share)| share).sum()
}

/// Student's test of paired values: the probability (two-sided) of a mean difference as large as theirs if
/// the true one is 0. 1 for fewer than two pairs.
///
/// # Panics
/// If there are not equally many values.
pub fn paired_t(first: &[f64], second: &[f64]) -> f64 {
    assert_eq!(first.len(), second.len(), "values in pairs");
    let differences: Vec<f64> = first.iter().zip(second).map(|(a, b)| a - b).collect();
    if differences.len() < 2 {
        return 1.0;
    }
    let Estimate { mean, error, .. } = Estimate::of(&differences);
    match (mean == 0.0, error == 0.0) {
        (true, _) => 1.0,
        (false, true) => 0.0,
        (false, false) => student(mean / error, differences.len() - 1),
    }
}

/// Which of several are among the best: the one with the least score, and those that it does not beat
/// significantly. `p` is the probability that a test of two of them gives, by their positions.
pub fn among_best(scores: &[f64], p: impl Fn(usize, usize) -> f64) -> Vec<bool> {
    let best = (0..scores.len()).min_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let among = |at: usize| best.is_some_and(|best| at == best || p(best, at) >= LEVEL);
    (0..scores.len()).map(among).collect()
}

/// A mean and how well it is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Of the values.
    pub mean: f64,
    /// Standard error of the mean; 0 for a single value, of which it is not known.
    pub error: f64,
    /// Number of values.
    pub count: usize,
}

impl Estimate {
    /// Of values; the mean of none is NaN.
    pub fn of(values: &[f64]) -> Self {
        let count = values.len();
        let mean = values.iter().sum::<f64>() / count as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let error = if count < 2 { 0.0 } else { (squares / ((count - 1) * count) as f64).sqrt() };
        Self { mean, error, count }
    }

    /// `1.55 ± 0.02`; of a single value, `1.55`. The factor is 100 for percentages.
    pub fn text(&self, factor: f64, decimals: usize) -> String {
        let mean = format!("{:.decimals$}", factor * self.mean);
        if self.count < 2 { mean } else { format!("{mean} ± {:.decimals$}", factor * self.error) }
    }
}

/// The probability that Student's t with so many degrees of freedom is beyond ±t (Abramowitz & Stegun,
/// 26.7.3 and 26.7.4).
fn student(t: f64, freedom: usize) -> f64 {
    let angle = (t.abs() / (freedom as f64).sqrt()).atan();
    let (sine, cosine) = angle.sin_cos();
    let odd = !freedom.is_multiple_of(2);
    let (mut term, mut sum) = (if odd { cosine } else { 1.0 }, 0.0);
    for step in 0..freedom / 2 {
        sum += term;
        let k = (2 * step + if odd { 3 } else { 2 }) as f64;
        term *= cosine * cosine * (k - 1.0) / k;
    }
    let within = if odd { (angle + sine * sum) * std::f64::consts::FRAC_2_PI } else { sine * sum };
    (1.0 - within).max(0.0)
}

/// The complementary error function, to 1.2e-7 of its value (Press et al., "Numerical Recipes", 6.2).
fn erfc(x: f64) -> f64 {
    const COEFFICIENTS: [f64; 10] = [
        -1.265_512_23,
        1.000_023_68,
        0.374_091_96,
        0.096_784_18,
        -0.186_288_06,
        0.278_868_07,
        -1.135_203_98,
        1.488_515_87,
        -0.822_152_23,
        0.170_872_77,
    ];
    let t = 1.0 / (1.0 + 0.5 * x.abs());
    let polynomial = COEFFICIENTS.iter().rev().fold(0.0, |sum, c| sum * t + c);
    let tail = t * (-x * x + polynomial).exp();
    if x >= 0.0 { tail } else { 2.0 - tail }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 2e-6, "{found} against {expected}");
    }

    /// The first is wrong alone on the first `b` examples, the second on the next `c`.
    fn discordant(b: u32, c: u32) -> f64 {
        let (first, second): (Vec<u32>, Vec<u32>) = ((0..b).collect(), (b..b + c).collect());
        mcnemar(&[&first], &[&second])
    }

    #[test]
    fn few_differences_give_the_exact_binomial_test() {
        close(discordant(0, 5), 2.0 / 32.0);
        close(discordant(1, 7), 2.0 * 9.0 / 256.0);
        close(discordant(3, 3), 1.0);
        close(mcnemar(&[&[1, 2, 3]], &[&[1, 2, 3]]), 1.0);
    }

    #[test]
    fn many_differences_give_the_corrected_chi_square() {
        // (|b − c| − 1)² / (b + c): 361/60 = 6.0167 and 24²/105 = 5.4857.
        close(discordant(20, 40), 0.014_171);
        close(discordant(65, 40), 0.019_171);
    }

    #[test]
    fn more_seeds_with_the_same_mistakes_are_no_more_evidence() {
        let (first, second): (Vec<u32>, Vec<u32>) = ((0..8).collect(), (8..10).collect());
        let one = mcnemar(&[&first], &[&second]);
        let three = mcnemar(&[first.as_slice(); 3], &[second.as_slice(); 3]);
        close(three, one);
        // Other mistakes with each seed are.
        let spread: Vec<Vec<u32>> = (0..3).map(|seed| (100 * seed..100 * seed + 8).collect()).collect();
        let lists: Vec<&[u32]> = spread.iter().map(Vec::as_slice).collect();
        assert!(mcnemar(&lists, &[&[1008, 1009], &[1018, 1019], &[1028, 1029]]) < one / 3.0);
    }

    #[test]
    fn student_agrees_with_tables() {
        close(student(12.706_205, 1), 0.05);
        close(student(4.302_653, 2), 0.05);
        close(student(2.776_445, 4), 0.05);
        close(student(-2.570_582, 5), 0.05);
        close(student(3.169_273, 10), 0.01);
        close(student(1.960_201, 10_000), 0.05);
    }

    #[test]
    fn paired_values_are_compared_by_their_differences() {
        close(paired_t(&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]), student(-12.0_f64.sqrt(), 2));
        close(paired_t(&[1.0, 2.0], &[1.0, 2.0]), 1.0);
        close(paired_t(&[1.0, 2.0], &[2.0, 3.0]), 0.0);
        close(paired_t(&[1.0], &[2.0]), 1.0);
    }

    #[test]
    fn the_best_and_those_it_does_not_beat_are_among_the_best() {
        let p = |a: usize, b: usize| if a == 1 && b == 2 { 0.3 } else { 0.01 };
        assert_eq!(among_best(&[0.3, 0.1, 0.2], p), [false, true, true]);
        assert!(among_best(&[], |_, _| 1.0).is_empty());
    }

    #[test]
    fn estimates_are_written_with_their_error() {
        let estimate = Estimate::of(&[0.01, 0.02, 0.03]);
        assert_eq!(estimate.text(100.0, 2), "2.00 ± 0.58");
        assert_eq!(Estimate::of(&[0.5]).text(1.0, 3), "0.500");
    }

    #[test]
    fn the_error_function_agrees_with_tables() {
        close(erfc(0.0), 1.0);
        close(erfc(1.0), 0.157_299_2);
        close(erfc(-0.5), 1.520_499_9);
        close(erfc(3.0), 0.000_022_1);
    }
}
