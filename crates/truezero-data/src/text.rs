//! Running text to bags of words.
//!
//! ```text
//! "The cat, the hat" ─▶ the cat the hat ─▶ (stems) ─▶ (n-grams) ─▶ cat 1, hat 1, the 2
//!
//! binary   1 for every term that occurs
//! count    c, how often it occurs
//! tf-idf   c (ln((1 + n) / (1 + d)) + 1), n texts fitted, d of them with the term; rows of length 1
//! ```

use std::collections::HashMap;

use rust_stemmers::{Algorithm, Stemmer};
use truezero_sparse::ActiveBatch;
use unicode_segmentation::UnicodeSegmentation;

use crate::DataError;

/// No term may have more words.
pub const MAX_NGRAMS: usize = 5;
/// No vocabulary may have more terms.
pub const MAX_TERMS: usize = 1 << 24;

/// What a term counts for in its bag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weighting {
    /// 1 if it occurs.
    #[default]
    Binary,
    /// How often it occurs.
    Count,
    /// How often it occurs, times the logarithm of how rare it is; each bag is scaled to length 1.
    TfIdf,
}

/// How to make bags of words.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct TextOptions {
    /// At most this many terms, the most frequent ones; at most [`MAX_TERMS`].
    pub vocabulary: usize,
    /// Terms are single words, pairs, … up to this many words; at most [`MAX_NGRAMS`].
    pub ngrams: usize,
    /// Whether English words are reduced to their stems.
    pub stemming: bool,
    /// What a term counts for.
    pub weighting: Weighting,
}

impl Default for TextOptions {
    fn default() -> Self {
        Self { vocabulary: 5000, ngrams: 1, stemming: false, weighting: Weighting::Binary }
    }
}

/// The terms known, and how bags of them are made.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vocabulary {
    /// In alphabetical order; a bag's index counts in it.
    terms: Vec<String>,
    ngrams: usize,
    stemming: bool,
    weighting: Weighting,
    /// For tf-idf only: the factor of each term.
    idf: Vec<f64>,
}

/// How often a term was met.
#[derive(Default)]
struct Met {
    times: u64,
    texts: u64,
    /// Number of the last text it was met in, from 1.
    last: u64,
}

/// Counts the terms of texts, to make a [`Vocabulary`] of them.
pub(crate) struct Counter {
    options: TextOptions,
    terms_of: Terms,
    met: HashMap<String, Met>,
    /// Texts so far.
    texts: u64,
}

impl std::fmt::Debug for Counter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (texts, terms) = (self.texts, self.met.len());
        formatter
            .debug_struct("Counter")
            .field("texts", &texts)
            .field("terms", &terms)
            .finish_non_exhaustive()
    }
}

impl Counter {
    /// # Errors
    /// If an option is out of its range.
    pub(crate) fn new(options: &TextOptions) -> Result<Self, DataError> {
        check_range("ngrams", options.ngrams, MAX_NGRAMS)?;
        check_range("vocabulary", options.vocabulary, MAX_TERMS)?;
        let terms_of = Terms::new(options.ngrams, options.stemming);
        Ok(Self { options: options.clone(), terms_of, met: HashMap::new(), texts: 0 })
    }

    pub(crate) fn count(&mut self, text: &str) {
        self.texts += 1;
        let (met, number) = (&mut self.met, self.texts);
        self.terms_of.each(text, |term| {
            let met = match met.get_mut(term) {
                Some(met) => met,
                None => met.entry(term.to_owned()).or_default(),
            };
            met.times += 1;
            met.texts += u64::from(met.last != number);
            met.last = number;
        });
    }

    /// # Errors
    /// If there was no word in the texts.
    pub(crate) fn vocabulary(self) -> Result<Vocabulary, DataError> {
        let TextOptions { vocabulary, ngrams, stemming, weighting } = self.options;
        let mut met: Vec<(String, Met)> = self.met.into_iter().collect();
        if met.is_empty() {
            return Err(DataError::unsuitable("text", "at least one word", "none"));
        }
        met.sort_unstable_by(|(a, met_a), (b, met_b)| met_b.times.cmp(&met_a.times).then_with(|| a.cmp(b)));
        met.truncate(vocabulary);
        met.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let idf = |met: &Met| ((1.0 + self.texts as f64) / (1.0 + met.texts as f64)).ln() + 1.0;
        let idf = match weighting {
            Weighting::TfIdf => met.iter().map(|(_, met)| idf(met)).collect(),
            Weighting::Binary | Weighting::Count => Vec::new(),
        };
        let terms = met.into_iter().map(|(term, _)| term).collect();
        Ok(Vocabulary { terms, ngrams, stemming, weighting, idf })
    }
}

impl Vocabulary {
    /// The most frequent terms of `texts`; of equally frequent ones, the alphabetically first.
    ///
    /// # Errors
    /// If an option is out of its range, or there is no word in the texts.
    pub fn fit<'a>(
        texts: impl IntoIterator<Item = &'a str>,
        options: &TextOptions,
    ) -> Result<Self, DataError> {
        let mut counter = Counter::new(options)?;
        texts.into_iter().for_each(|text| counter.count(text));
        counter.vocabulary()
    }

    /// The terms, in the order of a bag's indices.
    pub fn terms(&self) -> &[String] {
        &self.terms
    }

    /// A bag for each text; terms that are not known are left out.
    pub fn bags<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> ActiveBatch {
        let known: HashMap<&str, u32> = self.terms.iter().map(String::as_str).zip(0..).collect();
        let terms_of = Terms::new(self.ngrams, self.stemming);
        let mut bags = ActiveBatch::new(self.terms.len());
        let mut found: Vec<u32> = Vec::new();
        for text in texts {
            found.clear();
            terms_of.each(text, |term| found.extend(known.get(term)));
            found.sort_unstable();
            let counts = found.chunk_by(|a, b| a == b).map(|equal| (equal[0], equal.len() as f64));
            match self.weighting {
                Weighting::Binary => bags.push(counts.map(|(term, _)| (term, 1.0))),
                Weighting::Count => bags.push(counts.map(|(term, count)| (term, count as f32))),
                Weighting::TfIdf => {
                    let weights = counts.map(|(term, count)| (term, count * self.idf[term as usize]));
                    let weights: Vec<(u32, f64)> = weights.collect();
                    let length = weights.iter().map(|(_, weight)| weight * weight).sum::<f64>().sqrt();
                    bags.push(weights.into_iter().map(|(term, weight)| (term, (weight / length) as f32)));
                }
            }
        }
        bags
    }

    /// What of this no [`fit`](Self::fit) could have made, if anything.
    pub(crate) fn flaw(&self) -> Option<String> {
        if self.terms.is_empty() || self.terms.len() > MAX_TERMS {
            return Some(format!("{} terms", self.terms.len()));
        }
        if let Some(at) = (1..self.terms.len()).find(|&at| self.terms[at - 1] >= self.terms[at]) {
            return Some(format!("the term {:?} after {:?}", self.terms[at], self.terms[at - 1]));
        }
        if !(1..=MAX_NGRAMS).contains(&self.ngrams) {
            return Some(format!("n-grams of {} words", self.ngrams));
        }
        let factors = if self.weighting == Weighting::TfIdf { self.terms.len() } else { 0 };
        if self.idf.len() != factors {
            return Some(format!("{} factors for {factors} terms", self.idf.len()));
        }
        let wrong = self.idf.iter().find(|idf| !(idf.is_finite() && **idf > 0.0));
        wrong.map(|idf| format!("the factor {idf} of a term"))
    }
}

fn check_range(place: &str, found: usize, most: usize) -> Result<(), DataError> {
    if (1..=most).contains(&found) {
        return Ok(());
    }
    Err(DataError::unsuitable(place, format!("a number from 1 to {most}"), found.to_string()))
}

/// Takes texts apart.
struct Terms {
    ngrams: usize,
    stemmer: Option<Stemmer>,
}

impl Terms {
    fn new(ngrams: usize, stemming: bool) -> Self {
        Self { ngrams, stemmer: stemming.then(|| Stemmer::create(Algorithm::English)) }
    }

    /// Calls `visit` with each word, in lower case, and each sequence of words, separated by spaces.
    fn each(&self, text: &str, mut visit: impl FnMut(&str)) {
        let mut words: Vec<String> = Vec::new();
        let mut sequence = String::new();
        for word in text.unicode_words() {
            let word = word.to_lowercase();
            let word = match &self.stemmer {
                Some(stemmer) => stemmer.stem(&word).into_owned(),
                None => word,
            };
            visit(&word);
            if self.ngrams == 1 {
                continue;
            }
            // The last words; each sequence that ends with this one begins at one of them.
            words.push(word);
            if words.len() > self.ngrams {
                words.remove(0);
            }
            for start in 0..words.len() - 1 {
                sequence.clear();
                for (at, word) in words[start..].iter().enumerate() {
                    if at > 0 {
                        sequence.push(' ');
                    }
                    sequence.push_str(word);
                }
                visit(&sequence);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(texts: &[&str], options: &TextOptions) -> Vocabulary {
        Vocabulary::fit(texts.iter().copied(), options).unwrap()
    }

    #[test]
    fn the_most_frequent_terms_are_kept_and_ties_broken_by_name() {
        let options = TextOptions { vocabulary: 3, ..TextOptions::default() };
        let vocabulary = fitted(&["Zebra zebra yak", "ant zebra bee YAK"], &options);
        assert_eq!(vocabulary.terms(), ["ant", "yak", "zebra"]);
        let bags = vocabulary.bags(["yak, unknown: zebra!", "", "zebra zebra"]);
        assert_eq!(bags.example(0), (&[1, 2][..], &[1.0, 1.0][..]));
        assert_eq!(bags.example(1).0.len(), 0);
        assert_eq!(bags.example(2), (&[2][..], &[1.0][..]));
    }

    #[test]
    fn counts_count_and_sequences_end_at_the_text() {
        let options = TextOptions { ngrams: 3, weighting: Weighting::Count, ..TextOptions::default() };
        let vocabulary = fitted(&["a b a b", "c"], &options);
        assert_eq!(vocabulary.terms(), ["a", "a b", "a b a", "b", "b a", "b a b", "c"]);
        let bags = vocabulary.bags(["a b a b"]);
        assert_eq!(bags.values(), [2.0, 2.0, 1.0, 2.0, 1.0, 1.0]);
    }

    #[test]
    fn stems_meet() {
        let options = TextOptions { stemming: true, ..TextOptions::default() };
        let vocabulary = fitted(&["fishing fished fishes", "don't"], &options);
        assert_eq!(vocabulary.terms(), ["don't", "fish"]);
    }

    #[test]
    fn words_of_any_script_are_told_apart() {
        let vocabulary = fitted(&["Ünïcode, Größe — naïve 3.14 日本"], &TextOptions::default());
        assert_eq!(vocabulary.terms(), ["3.14", "größe", "naïve", "ünïcode", "日", "本"]);
    }

    #[test]
    fn options_out_of_range_and_wordless_texts_are_named() {
        let error =
            |text: &str, options: &TextOptions| Vocabulary::fit([text], options).unwrap_err().to_string();
        let default = TextOptions::default;
        let none = TextOptions { vocabulary: 0, ..default() };
        assert_eq!(error("a", &none), "vocabulary: expected a number from 1 to 16777216, found 0");
        let many = TextOptions { ngrams: 6, ..default() };
        assert_eq!(error("a", &many), "ngrams: expected a number from 1 to 5, found 6");
        assert_eq!(error("… !", &default()), "text: expected at least one word, found none");
    }
}
