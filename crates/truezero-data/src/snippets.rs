//! `film-snippets`: 10,605 sentences from film reviews that are part of this crate
//! (`embedded/film-snippets/README.md` tells their origin and licence).
//!
//! The target is a number of stars. People's mean rating of a snippet, from −4 to 4, is cut into five equal
//! parts:
//!
//! ```text
//! rating  −4 … −2.4 … −0.8 … 0.8 … 2.4 … 4
//! stars      1      2      3     4     5
//! ```

use crate::formats::{TableOptions, csv};
use crate::read::Input;
use crate::{Column, ColumnValues, Features, Raw, RawTarget, Source, Table};

const SNIPPETS: &[u8] = include_bytes!("../embedded/film-snippets/snippets.csv.gz");

/// The column of the text.
pub(crate) const SNIPPET: &str = "snippet";
/// Where the scale of ratings is cut; a rating on a cut belongs to the part above.
const CUTS: [f64; 4] = [-2.4, -0.8, 0.8, 2.4];
/// Each so-manieth snippet is for testing.
const TEST_EVERY: usize = 10;

/// 10,605 sentences from film reviews, in a column of text `snippet`, with stars from 1 to 5: 9,545 for training,
/// 1,060 for testing.
///
/// # Panics
/// Never: the bytes are part of the program, and a test reads them.
pub fn film_snippets() -> Source {
    let options = TableOptions {
        target: Some("rating".to_owned()),
        text: vec![SNIPPET.to_owned()],
        header: Some(true),
        ..TableOptions::default()
    };
    let raw = csv::parse(Input::from_bytes("film-snippets.csv", SNIPPETS), &options).expect("valid snippets");
    let (Features::Table(table), Some(RawTarget::Numbers(ratings))) = (raw.features, raw.target) else {
        unreachable!("a table of text with numbers for targets")
    };
    let Some(Column { values: ColumnValues::Text(texts), .. }) = table.columns.into_iter().next() else {
        unreachable!("a column of text")
    };
    let mut parts = [(Vec::new(), Vec::new()), (Vec::new(), Vec::new())];
    for (at, (text, rating)) in texts.into_iter().zip(ratings.values()).enumerate() {
        let part = &mut parts[usize::from(at % TEST_EVERY == TEST_EVERY - 1)];
        part.0.push(text);
        part.1.push(stars(*rating));
    }
    let [train, test] = parts.map(|(texts, stars)| part(texts, stars));
    Source { test: Some(test), ..Source::from(train) }
}

fn stars(rating: f64) -> f64 {
    1.0 + CUTS.iter().filter(|&&cut| rating >= cut).count() as f64
}

fn part(texts: Vec<String>, stars: Vec<f64>) -> Raw {
    let rows = texts.len();
    let columns = vec![Column { name: SNIPPET.to_owned(), values: ColumnValues::Text(texts) }];
    Raw {
        features: Features::Table(Table { rows, columns, ..Table::default() }),
        target: Some(RawTarget::Numbers(stars.into())),
        image: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_cut_into_equal_parts() {
        let found = [-3.9, -2.4, -0.81, -0.8, 0.0, 0.79, 0.8, 2.39, 2.4, 3.9].map(stars);
        assert_eq!(found, [1.0, 2.0, 2.0, 3.0, 3.0, 3.0, 4.0, 4.0, 5.0, 5.0]);
    }

    #[test]
    fn all_snippets_are_there_with_their_stars() {
        let source = film_snippets();
        let test = source.test.unwrap();
        assert_eq!((source.train.examples(), test.examples()), (9545, 1060));
        let mut counts = [0; 5];
        for part in [&source.train, &test] {
            let Some(RawTarget::Numbers(stars)) = &part.target else { panic!("expected numbers") };
            stars.values().iter().for_each(|&stars| counts[stars as usize - 1] += 1);
        }
        assert_eq!(counts, [1021, 3772, 1022, 3751, 1039]);
        let Features::Table(table) = &source.train.features else { panic!("expected a table") };
        let ColumnValues::Text(texts) = &table.columns[0].values else { panic!("expected text") };
        assert!(texts.iter().all(|text| !text.is_empty()));
        assert_eq!(texts[2], "Effective but too tepid biopic");
    }
}
