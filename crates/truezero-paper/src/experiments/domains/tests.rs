//! The measures on cases that can be reckoned by hand, and the whole on two small domains.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::*;
use crate::testing::{outcome, tiny};
use crate::{Name, Settings};

#[test]
fn the_distance_is_two_without_error_and_nought_by_chance() {
    assert_eq!([0.0, 0.5, 1.0].map(proxy_a_distance), [2.0, 0.0, -2.0]);
    assert_eq!(pairs(4).count(), 6);
}

#[test]
fn domains_are_told_apart_on_equally_many_of_each() {
    let set = |rows: usize| {
        let mut bags = truezero_sparse::ActiveBatch::new(2);
        (0..rows).for_each(|_| bags.push([(1, 1.0)]));
        let targets = Targets::Classes { labels: vec![1; rows], classes: 2 };
        Dataset { inputs: Batch::Active(bags), targets, weights: None }
    };
    assert_eq!(labels(&which(&set(5), &set(2))), [0, 0, 1, 1]);
}

/// Writes two domains. Terms 0 to 9 are said of what is good and 10 to 19 of what is bad in both; 20 to 29 and 30
/// to 39 so in books, and the other way round in dvds; 40 to 49 are of books and 50 to 59 of dvds.
fn write(folder: &Path) {
    let mut state = 1_u32;
    let mut below = |most: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) % most
    };
    for (domain, swapped) in [("books", 0), ("dvd", 1)] {
        for (part, count) in [("train", 200), ("test", 120)] {
            let mut text = String::new();
            for at in 0..count {
                let good = at % 2 == 0;
                let side = u32::from(!good);
                let starts = [10 * side, 20 + 10 * (side ^ swapped), 40 + 10 * swapped];
                let mut terms: Vec<u32> =
                    starts.iter().flat_map(|start| [start + below(10), start + below(10)]).collect();
                terms.sort_unstable();
                terms.dedup();
                text.push_str(if good { "1" } else { "-1" });
                terms.iter().for_each(|term| write!(text, " {term}:1").unwrap());
                text.push('\n');
            }
            fs::write(folder.join(format!("{domain}_{part}.svmlight")), text).unwrap();
        }
    }
}

#[test]
fn what_holds_in_one_domain_only_costs_in_the_other() {
    let place = tempfile::tempdir().unwrap();
    write(place.path());
    let settings = Settings { data: Some(place.path().to_owned()), ..tiny(&place.path().join("out")) };
    let outcome = outcome(Name::Domains, &settings);
    let number = |value: &serde_json::Value| value.as_f64().unwrap();
    let pairs = outcome.values["pairs"].as_array().unwrap();
    assert_eq!(pairs.len(), 2);
    for in_domain in outcome.values["in_domain"].as_array().unwrap() {
        assert!(number(&in_domain["words"]) < 0.1, "{in_domain}");
    }
    for pair in pairs {
        assert!(number(&pair["words"]) > 0.2, "half of what was learned is wrong there: {pair}");
        assert!((0.0..=1.0).contains(&number(&pair["codes"])), "{pair}");
        assert!(number(&pair["transfer_loss_words"]) > 0.1, "{pair}");
    }
    let distance = &outcome.values["proxy_a_distance"][0];
    assert!(number(&distance["words"]) > 1.8, "each domain has terms of its own: {distance}");
    assert!((-2.0..=2.0).contains(&number(&distance["codes"])), "{distance}");
    assert_eq!(outcome.tables[0].rows.len(), 4);
}

#[test]
fn without_data_it_says_what_it_needs() {
    let place = tempfile::tempdir().unwrap();
    let outcome = outcome(Name::Domains, &tiny(place.path()));
    assert!(outcome.finding.starts_with("Not run: no data."), "{}", outcome.finding);
    assert!(outcome.finding.contains("DOMAIN_train.svmlight") && outcome.tables.is_empty());
}
