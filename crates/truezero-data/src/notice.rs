//! What is told of data, or of what becomes of it, that is no error.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::quote::quoted;

/// Most notices that are kept; what comes after them is only counted.
pub const MAX_NOTICES: usize = 100;

/// Something that a person should know, though the work goes on.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Notice {
    /// What it is about: "column \"age\"", "training" …
    pub place: String,
    /// What was found, and what was made of it.
    pub message: String,
    /// What can be done about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Notice {
    /// A notice without a hint.
    pub fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into(), hint: None }
    }

    /// The same notice, with what can be done about it.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)?;
        self.hint.iter().try_for_each(|hint| write!(f, "\nhint: {hint}"))
    }
}

/// Collects notices. Clones collect into the same place, also from other threads.
///
/// It stands among the options of what reads and prepares data. As it changes nothing of what they do, all
/// collectors are equal.
///
/// ```
/// use truezero_data::{Notice, Notices};
/// let notices = Notices::default();
/// let told = Notice::new("column \"when\"", "left out, as it holds dates").hint("pass --ignore when");
/// notices.tell(told.clone());
/// notices.tell(told.clone());
/// notices.count("column \"city\"", "values unknown to the model", 2, "ROME");
/// notices.count("column \"city\"", "values unknown to the model", 1, "OSLO");
/// assert_eq!(notices.all()[0], told);
/// assert_eq!(notices.all()[1].message, "values unknown to the model: 3, such as \"ROME\"");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Notices(Arc<Mutex<Collected>>);

#[derive(Debug, Default)]
struct Collected {
    entries: Vec<Entry>,
    /// Notices beyond [`MAX_NOTICES`].
    more: usize,
}

#[derive(Debug, PartialEq)]
enum Entry {
    Told(Notice),
    /// Something that occurs any number of times.
    Counted {
        place: String,
        what: String,
        count: usize,
        /// The first one, in quotation marks.
        example: String,
    },
}

impl PartialEq for Notices {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Notices {}

impl Notices {
    /// Adds a notice, unless it was told before.
    pub fn tell(&self, notice: Notice) {
        self.collected().add(Entry::Told(notice));
    }

    /// Counts something that may occur in many cells or pieces: it is told once, with how often it occurred and the
    /// first example.
    pub fn count(&self, place: &str, what: &str, times: usize, example: &str) {
        let mut collected = self.collected();
        for entry in &mut collected.entries {
            if let Entry::Counted { place: known, what: same, count, .. } = entry
                && known == place
                && same == what
            {
                *count += times;
                return;
            }
        }
        let (place, what, example) = (place.to_owned(), what.to_owned(), quoted(example));
        collected.add(Entry::Counted { place, what, count: times, example });
    }

    /// All notices so far, in the order in which they came up.
    pub fn all(&self) -> Vec<Notice> {
        let collected = self.collected();
        let mut notices: Vec<Notice> = collected.entries.iter().map(Entry::notice).collect();
        if collected.more > 0 {
            notices.push(Notice::new("notices", format!("{} more are not shown", collected.more)));
        }
        notices
    }

    fn collected(&self) -> MutexGuard<'_, Collected> {
        // A list to which only whole entries are added is as good after a panic as before.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collected {
    fn add(&mut self, entry: Entry) {
        if self.entries.contains(&entry) {
            return;
        }
        if self.entries.len() < MAX_NOTICES {
            self.entries.push(entry);
        } else {
            self.more += 1;
        }
    }
}

impl Entry {
    fn notice(&self) -> Notice {
        match self {
            Self::Told(notice) => notice.clone(),
            Self::Counted { place, what, count, example } => {
                Notice::new(place.clone(), format!("{what}: {count}, such as {example}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_are_told_once_and_kept_up_to_a_limit() {
        let notices = Notices::default();
        for number in 0..MAX_NOTICES + 5 {
            notices.tell(Notice::new("column", format!("number {number}")));
            notices.tell(Notice::new("column", format!("number {}", number.min(MAX_NOTICES - 1))));
        }
        let all = notices.all();
        assert_eq!(all.len(), MAX_NOTICES + 1);
        assert_eq!(all[MAX_NOTICES].to_string(), "notices: 5 more are not shown");
    }

    #[test]
    fn clones_collect_into_the_same_place() {
        let notices = Notices::default();
        let clone = notices.clone();
        std::thread::spawn(move || clone.tell(Notice::new("a", "b").hint("c"))).join().unwrap();
        assert_eq!(notices.all()[0].to_string(), "a: b\nhint: c");
    }
}
