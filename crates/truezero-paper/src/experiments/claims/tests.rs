//! Each claim in a tiny setting: what its figures mean, not which verdict they give.

use truezero::Examples;
use truezero_sparse::{Batch, DenseBatch, Engine};

use super::bench::{RECTIFIER, TANH, codes, dense};
use super::claim::Verdict;
use super::*;
use crate::Name;
use crate::result::Plot;
use crate::testing::{Silent, tiny};

/// Does something with the four tiny networks, trained.
fn on_bench(check: impl FnOnce(&Bench<'_>)) {
    let folder = tempfile::tempdir().unwrap();
    let settings = tiny(folder.path());
    let runner = Runner::new(&settings, Name::Claims, &Silent);
    check(&Bench::new(&runner).unwrap());
}

#[test]
fn every_claim_has_a_row_with_four_figures_and_a_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let settings = tiny(folder.path());
    let outcome = run(&Runner::new(&settings, Name::Claims, &Silent)).unwrap();
    let table = &outcome.tables[0];
    assert_eq!(table.rows.len(), CLAIMS.len());
    for row in &table.rows {
        assert_eq!(row.len(), table.columns.len());
        assert!(row.iter().all(|cell| !cell.text.is_empty() && !cell.text.contains("NaN")), "{row:?}");
        assert!(!row[6].sparkline.is_empty() && row[6].sparkline.iter().all(|value| value.is_finite()));
        let (word, sentence) = row[7].text.split_once(": ").unwrap();
        assert!(["holds", "holds in part", "does not hold"].contains(&word), "{word}");
        assert!(sentence.contains(|c: char| c.is_ascii_digit()), "a verdict names its figures: {sentence}");
    }
    for plot in &outcome.plots {
        if let Plot::Chart(chart) = plot {
            let ys = chart.series.iter().flat_map(|series| &series.points).map(|point| point[1]);
            assert!(ys.clone().count() > 0 && ys.clone().all(f64::is_finite), "{}", chart.title);
            assert!(!chart.y.log || ys.clone().all(|y| y > 0.0), "{}", chart.title);
        }
    }
    assert!(outcome.finding.starts_with("Of 11 claims, "), "{}", outcome.finding);
    // A second run takes the networks of the first; only times differ.
    let again = run(&Runner::new(&settings, Name::Claims, &Silent)).unwrap();
    let figures = |outcome: &Outcome, claim: &str| outcome.values[claim].clone();
    for claim in ["robustness", "separability", "gradient_flow", "boundedness", "networks"] {
        assert_eq!(figures(&outcome, claim), figures(&again, claim), "{claim}");
    }
}

#[test]
fn untrained_rectifiers_are_half_zero_and_logistic_units_near_a_half() {
    on_bench(|bench| {
        let shares = ACTIVATIONS.map(|activation| {
            initialisation::shares(&bench.untrained(&[300; 3], activation, 1), &bench.sample.inputs)
        });
        for (layer, zeros) in shares[RECTIFIER].zeros.iter().enumerate() {
            assert!((zeros - 0.5).abs() < 0.12, "layer {layer}: {zeros}");
        }
        assert_eq!(shares[TANH].zeros, [0.0; 3]);
        assert!(shares[bench::LOGISTIC].near_half.iter().all(|share| *share > 0.4));
    });
}

#[test]
fn codes_are_what_the_network_encodes() {
    on_bench(|bench| {
        for subject in &bench.subjects {
            let found = codes(&subject.network, &bench.sample.inputs);
            for (layer, code) in found.iter().enumerate() {
                let expected = subject.network.encode(&mut Engine::new(1), &bench.sample.inputs, layer);
                assert_eq!(*code, dense(&Batch::Active(expected)));
            }
        }
    });
}

#[test]
fn overlap_is_whole_without_noise_and_falls_as_noise_grows() {
    on_bench(|bench| {
        let claim = robustness::measure(bench).unwrap();
        for levels in claim.values["jaccard_and_cosine"].as_array().unwrap() {
            let levels: Vec<[f64; 2]> = serde_json::from_value(levels.clone()).unwrap();
            assert!(
                (levels[0][0] - 1.0).abs() < 1e-9 && (levels[0][1] - 1.0).abs() < 1e-6,
                "{:?}",
                levels[0]
            );
            for pair in levels.windows(2) {
                assert!(pair[1][0] < pair[0][0] + 0.02, "{levels:?}");
                assert!(pair[1][1] < pair[0][1] + 0.02, "{levels:?}");
            }
            assert!(levels[robustness::NOISE.len() - 1][0] < 0.9, "much noise changes the set");
        }
    });
}

#[test]
fn overlap_and_cosine_of_a_small_case() {
    let base = [DenseBatch::from_rows(3, &[1.0, 0.0, 2.0, 0.0, 0.0, 0.0])];
    let other = [DenseBatch::from_rows(3, &[1.0, 1.0, 0.0, 0.0, 0.0, 0.0])];
    // One unit in common of three; two empty sets are the same.
    assert!((robustness::likeness(&base, &other, true).jaccard - 2.0 / 3.0).abs() < 1e-12);
    assert!((robustness::likeness(&base, &base, true).cosine - 1.0).abs() < 1e-12);
    // Above the means (½, 0, 1) in the first: units 0 and 2 of the one, 0 and 1 of the other.
    assert!((robustness::likeness(&base, &other, false).jaccard - 2.0 / 3.0).abs() < 1e-12);
}

#[test]
fn sizes_margins_and_correlations_of_a_small_case() {
    let codes =
        [DenseBatch::from_rows(2, &[1.0, 0.0, 1.0, 2.0]), DenseBatch::from_rows(2, &[0.0, 0.0, 0.0, 3.0])];
    assert_eq!(variable_size::counts(&codes), [1.0, 3.0]);
    let predictions = DenseBatch::from_rows(3, &[0.5, 0.25, 0.25, 0.5, 0.25, 0.25]);
    assert_eq!(variable_size::margins(&predictions, &[0, 2]), [0.25, -0.25]);
    assert!((variable_size::correlation(&[1.0, 2.0, 3.0], &[2.0, 0.0, -2.0]) + 1.0).abs() < 1e-12);
    assert_eq!(variable_size::correlation(&[1.0, 1.0], &[2.0, 0.0]), 0.0);
}

#[test]
fn with_nothing_discarded_accuracy_is_that_of_the_network() {
    on_bench(|bench| {
        for subject in &bench.subjects {
            let whole = discarding::accuracy(&subject.network, &bench.split.test, 0.0, 1);
            assert!((whole - (1.0 - subject.trained.test_error)).abs() < 1e-12);
            let least = discarding::accuracy(&subject.network, &bench.split.test, 0.99, 1);
            assert!(least <= whole && least < 0.4, "hardly anything is left: {least}");
        }
    });
}

#[test]
fn bytes_are_those_of_the_arrays() {
    on_bench(|bench| {
        let network = &bench.subjects[RECTIFIER].network;
        let code = network.encode(&mut Engine::new(1), &bench.sample.inputs, 0);
        let parts = 4 * (code.indices().len() + code.values().len() + code.offsets().len());
        assert_eq!(storage::sparse_bytes(code.active(), code.examples()), parts);
        assert_eq!(storage::dense_bytes(code.width(), code.examples()), 4 * 40 * 200);
    });
}

#[test]
fn skipped_zeros_are_not_counted() {
    on_bench(|bench| {
        let inputs = &bench.sample.inputs;
        let needed = bench.subjects.each_ref().map(|subject| computation::needed(&subject.network, inputs));
        let all = computation::all(&bench.subjects[RECTIFIER].network);
        assert_eq!(all, [784.0 * 40.0, 1600.0, 1600.0, 400.0]);
        for (layer, every) in all.iter().enumerate() {
            assert!(needed[RECTIFIER][layer] < *every);
            assert_eq!(needed[RECTIFIER][0], needed[TANH][0], "the inputs are the same");
            assert!(layer == 0 || needed[TANH][layer] == *every, "tanh has no zeros");
        }
        let rows: Vec<usize> = (0..bench.sample.examples()).collect();
        let examples = Examples { data: &bench.sample, rows: &rows };
        let observed = bench.subjects[RECTIFIER].network.evaluate(&mut Engine::new(1), examples).layers;
        let expected = (1.0 - observed[0].sparsity) * 40.0 * 40.0;
        assert!((needed[RECTIFIER][1] - expected).abs() < 1e-6);
    });
}

#[test]
fn a_linear_probe_reads_classes_from_codes() {
    on_bench(|bench| {
        let claim = separability::measure(bench).unwrap();
        let errors: Vec<Vec<f64>> = serde_json::from_value(claim.values["layers"].clone()).unwrap();
        assert_eq!(errors.len(), 4);
        assert!(errors[RECTIFIER].iter().all(|error| *error < 0.6), "{errors:?}");
        assert!(claim.values["inputs"].as_f64().unwrap() < 0.4);
    });
}

#[test]
fn gradients_reach_the_lowest_rectifiers_and_hardly_the_lowest_logistic_units() {
    on_bench(|bench| {
        let claim = gradient_flow::measure(bench).unwrap();
        let norms: Vec<Vec<[Vec<f64>; 2]>> =
            serde_json::from_value(claim.values["norms_before_and_after"].clone()).unwrap();
        for (depth, own) in [1, 4].into_iter().zip(&norms[RECTIFIER]) {
            assert!(own.iter().all(|norms| norms.len() == depth + 1 && norms.iter().all(|norm| *norm > 0.0)));
        }
        let at_depth_4 = |activation: usize| gradient_flow::lowest_to_top(&norms[activation][1][0]);
        assert!(at_depth_4(bench::LOGISTIC) < 0.1 * at_depth_4(RECTIFIER));
    });
}

#[test]
fn verdicts_are_counted_by_their_words() {
    let claim = |name: &'static str, verdict: Verdict| Claim {
        name,
        statement: "",
        measure: String::new(),
        figures: Default::default(),
        curve: ("", Vec::new()),
        verdict,
        plots: Vec::new(),
        note: None,
        values: Value::Null,
    };
    let claims = [
        claim("a_b", Verdict::Holds("1".into())),
        claim("c", Verdict::DoesNotHold("2".into())),
        claim("d", Verdict::Holds("3".into())),
    ];
    assert_eq!(finding(&claims), "Of 3 claims, holds: 2 (a b and d); does not hold: 1 (c).");
}
