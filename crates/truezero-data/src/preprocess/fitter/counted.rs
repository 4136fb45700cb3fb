//! Words and how often they occur, in memory that does not grow without limit.

use std::collections::BTreeMap;

/// Different words that are counted together. When there are more, the rarer half is forgotten, so that in the end the
/// counts of words that came late may be too low.
const MAX_COUNTED: usize = 1 << 16;

/// Words with their counts.
#[derive(Debug, Default)]
pub(super) struct Counted {
    counts: BTreeMap<String, usize>,
    all: usize,
}

impl Counted {
    pub(super) fn add(&mut self, word: &str) {
        self.all += 1;
        if let Some(count) = self.counts.get_mut(word) {
            *count += 1;
            return;
        }
        if self.counts.len() >= MAX_COUNTED {
            self.forget();
        }
        self.counts.insert(word.to_owned(), 1);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all == 0
    }

    /// Keeps the more frequent half.
    fn forget(&mut self) {
        let least = self.least_of(MAX_COUNTED / 2);
        self.counts.retain(|_, count| *count > least);
    }

    /// Not more than `most` words occur more often.
    fn least_of(&self, most: usize) -> usize {
        let mut counts: Vec<usize> = self.counts.values().copied().collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        counts.get(most).copied().unwrap_or(0)
    }

    /// At most so many words, the most frequent ones, in alphabetical order; and how often others occurred. Of words that
    /// are equally frequent the first in the alphabet are taken.
    pub(super) fn most_frequent(self, most: usize) -> (Vec<String>, usize) {
        let least = self.least_of(most);
        let above = self.counts.values().filter(|&&count| count > least).count();
        let mut room = most - above;
        let (mut kept, mut cells) = (Vec::new(), 0);
        for (word, count) in self.counts {
            let fits = count > least || (count == least && room > 0);
            if fits {
                room -= usize::from(count == least);
                cells += count;
                kept.push(word);
            }
        }
        (kept, self.all - cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(words: &[&str]) -> Counted {
        let mut counted = Counted::default();
        words.iter().for_each(|word| counted.add(word));
        counted
    }

    #[test]
    fn the_most_frequent_words_are_kept() {
        let words = ["c", "a", "b", "c", "d", "c", "b"];
        assert_eq!(counted(&words).most_frequent(9), (["a", "b", "c", "d"].map(str::to_owned).to_vec(), 0));
        assert_eq!(counted(&words).most_frequent(2), (["b", "c"].map(str::to_owned).to_vec(), 2));
        assert_eq!(counted(&words).most_frequent(3), (["a", "b", "c"].map(str::to_owned).to_vec(), 1));
    }

    #[test]
    fn memory_is_limited_and_frequent_words_survive() {
        let mut counted = Counted::default();
        for number in 0..3 * MAX_COUNTED {
            counted.add(&format!("id {number}"));
            counted.add(if number % 2 == 0 { "even" } else { "odd" });
        }
        assert!(counted.counts.len() <= MAX_COUNTED);
        let (kept, others) = counted.most_frequent(2);
        assert_eq!((kept, others), (vec!["even".to_owned(), "odd".to_owned()], 3 * MAX_COUNTED));
    }
}
