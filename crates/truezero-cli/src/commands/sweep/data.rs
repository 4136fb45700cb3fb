//! Data that trainings share: read and prepared once, however many trainings run on it, and let go when
//! others are wanted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::Value;
use truezero::TrainingOptions;

use crate::commands::train::plan::{Experiment, flatten};
use crate::commands::train::prepare::Prepared;
use crate::failure::Failure;
use crate::json;
use crate::output::Warnings;

/// The data sets in use, and the last one that was taken: the next training is likely to want it again.
#[derive(Default)]
pub struct Shelf(Mutex<Held>);

#[derive(Default)]
struct Held {
    all: HashMap<String, Weak<Prepared>>,
    last: Option<Arc<Prepared>>,
}

impl Shelf {
    /// The data of an experiment. One is prepared at a time, so that memory never holds the same data twice.
    ///
    /// # Errors
    /// What is wrong with the data.
    pub fn take(&self, experiment: &Experiment) -> Result<Arc<Prepared>, Failure> {
        let key = key(experiment);
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = held.all.get(&key).and_then(Weak::upgrade);
        // Let go before others are read, so that memory need not hold both.
        held.last = None;
        let data = if let Some(data) = known {
            data
        } else {
            held.all.retain(|_, data| data.strong_count() > 0);
            let warnings = Warnings::of(&experiment.source.notices);
            let data = Arc::new(Prepared::new(experiment)?);
            drop(warnings);
            held.all.insert(key, Arc::downgrade(&data));
            data
        };
        held.last = Some(data.clone());
        Ok(data)
    }
}

/// All that decides what the data is: the options but those of the network and its training. The seed stays, for it
/// draws the examples that are held out.
fn key(experiment: &Experiment) -> String {
    let mut training = serde_json::Map::new();
    flatten(json::value(&TrainingOptions::default()), &mut training);
    let mut of_data = experiment.configuration.clone();
    if let Value::Object(options) = &mut of_data {
        options.retain(|name, _| name == "seed" || !training.contains_key(name));
    }
    // What of a stream is in memory together is whole mini-batches.
    format!("{of_data} {:?}", experiment.shuffle_buffer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    fn experiment(options: &str) -> Experiment {
        Experiment::new(&config::train_args(&options.parse().unwrap()).unwrap()).unwrap()
    }

    #[test]
    fn a_stream_is_shared_by_what_reads_it_in_the_same_windows() {
        let key = |batch: usize| key(&experiment(&format!("stream = true\nbatch-size = {batch}")));
        assert_eq!(key(10), key(20));
        assert_ne!(key(10), key(64));
    }

    #[test]
    fn trainings_one_after_the_other_share_data_too() {
        let shelf = Shelf::default();
        let first = Arc::downgrade(&shelf.take(&experiment("hidden = [5]")).unwrap());
        let second = shelf.take(&experiment("hidden = [6]")).unwrap();
        assert!(Arc::ptr_eq(&first.upgrade().unwrap(), &second));
    }

    #[test]
    fn data_is_shared_by_what_differs_in_the_network_only() {
        let shelf = Shelf::default();
        let first = shelf.take(&experiment("hidden = [5]\nlearning-rate = 0.1")).unwrap();
        let same = shelf.take(&experiment("hidden = [9]\nl1 = 0.01\nepochs = 3")).unwrap();
        let other = shelf.take(&experiment("scaling = \"none\"")).unwrap();
        assert!(Arc::ptr_eq(&first, &same));
        assert!(!Arc::ptr_eq(&first, &other));
        drop((first, same));
        drop(shelf.take(&experiment("validation = 100")).unwrap());
        assert_eq!(shelf.0.lock().unwrap().all.len(), 2, "what nobody uses was let go");
    }
}
