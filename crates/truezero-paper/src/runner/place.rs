//! Where trained networks are kept, and what they are known by.

use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use truezero::{Model, Network};
use truezero_data::checksum::hexadecimal;
use truezero_data::files::{Kind, Output, remove_companion};
use truezero_data::{DataError, Dataset, Targets};
use truezero_sparse::Batch;

use crate::data::Split;
use crate::error::Error;
use crate::files::write_json;

/// Changes whenever the same specification would give another network, or the record another form.
const VERSION: u32 = 2;

/// Characters of a hash in a file's name: enough that no two of thousands of networks share one.
const HASH_IN_NAME: usize = 16;

/// The networks of one data set in the folder of a run.
pub(super) struct Store {
    folder: PathBuf,
    data: DataKey,
}

/// The data a network was trained on, to tell it from other data of the same name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct DataKey {
    name: String,
    train: usize,
    validation: usize,
    test: usize,
    /// Of all targets and of the test inputs, which change with the preprocessing.
    sha256: String,
}

/// What something trained is known by.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Key<S> {
    version: u32,
    data: DataKey,
    spec: S,
}

/// The file of something trained.
#[derive(Serialize, Deserialize)]
struct Record<S, T> {
    key: Key<S>,
    result: T,
}

/// The file of a [`Record`], of any version.
const RECORD: Kind<'static> =
    Kind { name: "a record of truezero paper", is: &|beginning| beginning.starts_with(b"{\n  \"key\": {") };

/// The files of something trained.
pub(super) struct Place<S> {
    key: Key<S>,
    record: PathBuf,
    model: PathBuf,
    pub(super) checkpoint: PathBuf,
}

impl Store {
    /// Makes the folder if it is not there.
    pub(super) fn open(out: &Path, data: &Split) -> Result<Self, Error> {
        let folder = out.join("networks");
        fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
        Ok(Self { folder, data: DataKey::of(data) })
    }

    /// Where what is trained by a specification is kept.
    pub(super) fn place<S: Clone + Serialize>(&self, spec: &S) -> Place<S> {
        let key = Key { version: VERSION, data: self.data.clone(), spec: spec.clone() };
        let text = serde_json::to_vec(&key).expect("keys are text");
        let hash = hexadecimal(&Sha256::digest(text));
        let path =
            |end: &str| self.folder.join(format!("{}-{}.{end}", self.data.name, &hash[..HASH_IN_NAME]));
        Place { record: path("json"), model: path("safetensors"), checkpoint: path("checkpoint"), key }
    }
}

impl<S: PartialEq + Serialize + DeserializeOwned> Place<S> {
    /// What an earlier run put here. A record that is not of the very same specification and data, or cannot
    /// be read as one, counts as none: the training is done again.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<Option<T>, Error> {
        if !self.record.exists() {
            return Ok(None);
        }
        let text = fs::read(&self.record).map_err(Error::io("read", &self.record))?;
        let record = serde_json::from_slice::<Record<S, T>>(&text).ok();
        Ok(record.filter(|record| record.key == self.key).map(|record| record.result))
    }

    /// The network of an earlier run.
    pub(super) fn read_network(&self) -> Result<Option<Network>, Error> {
        if self.model.exists() { Ok(Some(Model::load(&self.model)?.network)) } else { Ok(None) }
    }

    /// Writes what is known of something trained, after everything else; its checkpoint is done with.
    pub(super) fn write(&self, result: &impl Serialize) -> Result<(), Error> {
        #[derive(Serialize)]
        struct RecordRef<'a, S, T> {
            key: &'a Key<S>,
            result: &'a T,
        }
        let output = Output::new(&self.record, RECORD)?;
        write_json(&output, &RecordRef { key: &self.key, result })?;
        Ok(remove_companion(&self.checkpoint, truezero::CHECKPOINT)?)
    }

    /// Writes a network as a model that every other command reads.
    pub(super) fn write_network(&self, data: &Split, network: Network) -> Result<Network, Error> {
        let preprocessing = data.preprocessing.clone().ok_or_else(|| {
            DataError::unsuitable(format!("data {}", data.name), "preprocessing, to keep a network", "none")
        })?;
        let configuration = serde_json::to_value(&self.key.spec).expect("keys are text");
        let model = Model { network, preprocessing, configuration, summary: None };
        model.save(&self.model)?;
        Ok(model.network)
    }
}

impl DataKey {
    fn of(data: &Split) -> Self {
        let mut hash = Sha256::new();
        let mut word = |word: u32| hash.update(word.to_le_bytes());
        for part in [&data.data, &data.test] {
            targets(part, &mut word);
        }
        data.train.iter().chain(&data.validation).for_each(|&row| word(row as u32));
        match &data.test.inputs {
            Batch::Active(batch) => {
                batch.indices().iter().for_each(|&index| word(index));
                batch.values().iter().for_each(|value| word(value.to_bits()));
            }
            Batch::Dense(batch) => batch.padded().iter().for_each(|value| word(value.to_bits())),
        }
        Self {
            name: data.name.clone(),
            train: data.train.len(),
            validation: data.validation.len(),
            test: data.test.examples(),
            sha256: hexadecimal(&hash.finalize()),
        }
    }
}

fn targets(data: &Dataset, word: &mut impl FnMut(u32)) {
    match &data.targets {
        Targets::Classes { labels, .. } => labels.iter().for_each(|&label| word(label)),
        Targets::Quantities(rows) | Targets::Labels(rows) => {
            rows.padded().iter().for_each(|value| word(value.to_bits()));
        }
    }
}
