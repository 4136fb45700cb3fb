use std::fs;
use std::sync::atomic::AtomicBool;

use truezero_sparse::Batch;

use super::*;
use crate::data::images;
use crate::testing::{Silent, tiny};

/// Counts the networks done, and stops when it is told to.
#[derive(Default)]
struct Watch {
    asked: AtomicUsize,
    /// Says stop when it was asked so often.
    stop_at: Option<usize>,
    stopped: AtomicBool,
}

impl Progress for Watch {
    fn experiment(&self, _: Name) {}

    fn network(&self, _: Name, _: usize, _: usize, _: &str) {}

    fn stop(&self) -> bool {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        if self.stop_at.is_some_and(|at| asked >= at) {
            self.stopped.store(true, Ordering::Relaxed);
        }
        self.stopped.load(Ordering::Relaxed)
    }
}

fn digits() -> Split {
    images(None).unwrap()[0].load().unwrap()
}

fn spec(seed: u64) -> Spec {
    let options = TrainingOptions { hidden: vec![20], epochs: 2, seed, ..TrainingOptions::default() };
    Spec { options, ..Spec::default() }
}

#[test]
fn a_network_is_trained_once_and_any_number_of_threads_gives_the_same() {
    let (data, folder, other) = (digits(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let specs = [spec(0), Spec { keep: true, ..spec(1) }, Spec { labelled: Some(100), ..spec(0) }];
    let settings = Settings { threads: 1, ..tiny(folder.path()) };
    let first = Runner::new(&settings, Name::Table1, &Silent).train(&data, &specs).unwrap();
    assert!(first[0].test_error < 0.3 && first[2].test_error > first[0].test_error);
    assert_eq!(first[0].wrong.len(), (first[0].test_error * 500.0).round() as usize);
    assert!(first[0].sparsity.len() == 1 && first[0].sparsity[0] > 0.3);
    assert!(first[0].network.is_none() && first[1].network.is_some());

    let watch = Watch { stop_at: Some(0), ..Watch::default() };
    let again = Runner::new(&settings, Name::Table1, &watch).train(&data, &specs).unwrap();
    assert_eq!(again, first, "taken from the files: nothing asked whether to stop");
    assert_eq!(watch.asked.load(Ordering::Relaxed), 0);

    let settings = Settings { threads: 3, ..tiny(other.path()) };
    let parallel = Runner::new(&settings, Name::Table1, &Silent).train(&data, &specs).unwrap();
    let untimed = |trained: &[Trained]| -> Vec<Trained> {
        trained.iter().map(|one| Trained { seconds: 0.0, ..one.clone() }).collect()
    };
    assert_eq!(untimed(&parallel), untimed(&first));
}

#[test]
fn other_data_of_the_same_name_is_other_data() {
    let (data, folder) = (digits(), tempfile::tempdir().unwrap());
    let settings = tiny(folder.path());
    let runner = Runner::new(&settings, Name::Table1, &Silent);
    runner.train(&data, &[spec(0)]).unwrap();
    let mut other = data.clone();
    let Batch::Active(inputs) = &mut other.test.inputs else { panic!("expected active values") };
    inputs.retain(|_, _, value| {
        *value *= 0.5;
        true
    });
    runner.train(&other, &[spec(0)]).unwrap();
    assert_eq!(fs::read_dir(folder.path().join("networks")).unwrap().count(), 2);
}

#[test]
fn a_stopped_run_goes_on_to_the_same_network() {
    let (data, folder, other) = (digits(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let settings = tiny(other.path());
    let whole = Runner::new(&settings, Name::Table1, &Silent).train(&data, &[spec(0)]).unwrap();
    let settings = tiny(folder.path());
    // 400 mini-batches in an epoch: the first stop comes within the first, the second within the second.
    for asked in [150, 400] {
        let watch = Watch { stop_at: Some(asked), ..Watch::default() };
        let error = Runner::new(&settings, Name::Table1, &watch).train(&data, &[spec(0)]).unwrap_err();
        assert!(matches!(error, Error::Stopped), "{error}");
        let files: Vec<_> = fs::read_dir(folder.path().join("networks")).unwrap().collect();
        assert_eq!(files.len(), 1);
        assert_eq!(files[0].as_ref().unwrap().path().extension().unwrap(), "checkpoint");
    }
    let resumed = Runner::new(&settings, Name::Table1, &Silent).train(&data, &[spec(0)]).unwrap();
    assert_eq!(Trained { seconds: 0.0, ..resumed[0].clone() }, Trained { seconds: 0.0, ..whole[0].clone() });
    assert_eq!(fs::read_dir(folder.path().join("networks")).unwrap().count(), 1, "the checkpoint is gone");
}

#[test]
fn divergence_is_a_result() {
    let (data, folder) = (digits(), tempfile::tempdir().unwrap());
    let settings = tiny(folder.path());
    let mut wild = spec(0);
    wild.options.learning_rate = Some(1e30);
    let trained = Runner::new(&settings, Name::Table1, &Silent).train(&data, &[wild]).unwrap();
    assert!(trained[0].diverged && trained[0].best_epoch.is_none());
    assert!(trained[0].test_error > 0.5 && trained[0].test_error <= 1.0);
}

#[test]
fn expected_ratings_weigh_the_classes_by_their_probability() {
    let (mut data, folder) = (digits(), tempfile::tempdir().unwrap());
    data.ratings = (0..10).map(f64::from).collect();
    let settings = tiny(folder.path());
    let trained = Runner::new(&settings, Name::Sentiment, &Silent).train(&data, &[spec(0)]).unwrap();
    let Targets::Classes { labels, .. } = &data.test.targets else { panic!("expected classes") };
    assert_eq!(trained[0].expected.len(), 500);
    let off =
        trained[0].expected.iter().zip(labels).map(|(rating, &label)| (rating - f64::from(label)).abs());
    assert!(off.sum::<f64>() / 500.0 < 1.0, "digits are mostly recognised");
}

#[test]
fn the_first_failure_in_order_is_told_and_no_more_is_begun() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { threads: 1, ..tiny(folder.path()) };
    let runner = Runner::new(&settings, Name::Table1, &Silent);
    let begun = AtomicUsize::new(0);
    let result = runner.parallel(100, |at| {
        begun.fetch_add(1, Ordering::Relaxed);
        if at == 3 { Err(Error::Stopped) } else { Ok(at) }
    });
    assert!(matches!(result, Err(Error::Stopped)));
    assert_eq!(begun.load(Ordering::Relaxed), 4);
    assert_eq!(runner.parallel(5, Ok).unwrap(), [0, 1, 2, 3, 4]);
}

#[test]
fn pretrained_layers_are_shared_and_kept() {
    let (data, folder) = (digits(), tempfile::tempdir().unwrap());
    let settings = tiny(folder.path());
    let runner = Runner::new(&settings, Name::Table1, &Silent);
    let pretraining = PretrainingOptions { epochs: vec![1], ..PretrainingOptions::default() };
    let few = Spec { pretraining: Some(pretraining), labelled: Some(200), ..spec(0) };
    let mut slower = few.clone();
    slower.options.learning_rate = Some(0.01);
    let trained =
        runner.train(&data, &[few.clone(), slower, Spec { labelled: Some(200), ..spec(0) }]).unwrap();
    assert!(trained[0].test_error != trained[2].test_error, "the layers differ from random ones");
    let models = |end: &str| {
        let files = fs::read_dir(folder.path().join("networks")).unwrap();
        files.filter(|file| file.as_ref().unwrap().path().extension().unwrap() == end).count()
    };
    assert_eq!((models("json"), models("safetensors")), (4, 1), "three networks, one stack of layers");

    let watch = Watch { stop_at: Some(0), ..Watch::default() };
    let runner = Runner::new(&settings, Name::Table1, &watch);
    let layers = runner.pretrain(&data, [&few, &spec(0)]).unwrap();
    assert!(layers[1].is_none());
    let layers = layers[0].as_ref().unwrap();
    assert!(
        layers.layers.len() == 1 && layers.costs.len() == 1 && layers.costs[0] < 40.0,
        "{:?}",
        layers.costs
    );
    assert_eq!(watch.asked.load(Ordering::Relaxed), 0, "taken from the files");
}
