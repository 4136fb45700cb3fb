//! An encoder: what pre-training leaves, hidden layers without outputs.

use std::path::Path;
use std::sync::Arc;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use truezero_data::InputPreprocessing;
use truezero_data::files::Output;
use truezero_sparse::{ActiveBatch, Batch, Engine};

use super::description::{StackDescription, layer_tensors};
use super::kind::MODEL;
use super::model::{FORMAT, Model};
use super::read::TensorFile;
use super::write::{to_bytes, write};
use crate::autoencoder::PretrainingSummary;
use crate::error::Error;
use crate::layer::Layer;
use crate::network::{encode, observe};
use crate::observe::LayerObservation;

/// Hidden layers, the preprocessing their inputs need, and how they came to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoder {
    /// Lowest first; at least one.
    pub layers: Vec<Layer>,
    /// Turns raw data into inputs.
    pub preprocessing: InputPreprocessing,
    /// The configuration of the pre-training, as the caller had it; kept, not interpreted.
    pub configuration: serde_json::Value,
    /// What happened in the pre-training.
    pub summary: Option<PretrainingSummary>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: u32,
    encoder: StackDescription,
    preprocessing: InputPreprocessing,
    configuration: serde_json::Value,
    summary: Option<PretrainingSummary>,
}

/// As [`Document`], to write without copying.
#[derive(Serialize)]
struct DocumentRef<'a> {
    format: u32,
    encoder: StackDescription,
    preprocessing: &'a InputPreprocessing,
    configuration: &'a serde_json::Value,
    summary: &'a Option<PretrainingSummary>,
}

impl Encoder {
    /// Writes the encoder to one safetensors file: completely, or the file stays as it was. A model that is there is
    /// replaced, anything else is not.
    ///
    /// # Errors
    /// What stands in the way, as [`Output::open`] tells it; and the system's.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        self.save_to(&Output::new(path, MODEL)?)
    }

    /// Writes what [`save`](Self::save) does to an output that was opened before.
    ///
    /// # Errors
    /// The system's, naming the file.
    pub fn save_to(&self, output: &Output) -> Result<(), Error> {
        write(output, &self.document(), layer_tensors(&self.layers, ""))
    }

    /// The bytes of the file that [`save`](Self::save) writes.
    ///
    /// # Errors
    /// A document that cannot be said in JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        to_bytes(&self.document(), layer_tensors(&self.layers, ""))
    }

    fn document(&self) -> DocumentRef<'_> {
        DocumentRef {
            format: FORMAT,
            encoder: StackDescription::of(&self.layers),
            preprocessing: &self.preprocessing,
            configuration: &self.configuration,
            summary: &self.summary,
        }
    }

    fn from_file(file: &TensorFile) -> Result<Self, Error> {
        let tensors = file.parse()?;
        let document: Document = tensors.document("a truezero encoder")?;
        let Document { format, encoder, preprocessing, configuration, summary } = document;
        if format != FORMAT {
            return Err(file.error("format", &format!("version {FORMAT}"), format));
        }
        let layers = encoder.read(&tensors)?;
        let (expected, found) = (layers[0].inputs(), preprocessing.width());
        if expected != found {
            return Err(file.error("preprocessing, inputs", &expected.to_string(), found));
        }
        Ok(Self { layers, preprocessing, configuration, summary })
    }
}

/// What a file of this library may hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Saved {
    /// A trained network, for several to use.
    Model(Arc<Model>),
    /// Pre-trained hidden layers.
    Encoder(Box<Encoder>),
}

/// Tells an encoder's document from a model's.
#[derive(Deserialize)]
struct Kind {
    encoder: Option<IgnoredAny>,
}

impl Saved {
    /// Reads a model or an encoder.
    ///
    /// # Errors
    /// Any part that is missing, of the wrong shape, not finite, or does not fit the others.
    pub fn load(path: &Path) -> Result<Self, Error> {
        Self::from_file(&TensorFile::open(path)?)
    }

    /// Reads a model or an encoder from the bytes of a file; errors name it `path`.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn from_bytes(path: &Path, bytes: Vec<u8>) -> Result<Self, Error> {
        Self::from_file(&TensorFile::from_bytes(path, bytes))
    }

    pub(super) fn from_file(file: &TensorFile) -> Result<Self, Error> {
        let kind: Kind = file.parse()?.document("a truezero model")?;
        if kind.encoder.is_some() {
            return Ok(Self::Encoder(Box::new(Encoder::from_file(file)?)));
        }
        Ok(Self::Model(Arc::new(Model::from_model_file(file)?)))
    }

    /// The hidden layers, lowest first.
    pub fn hidden(&self) -> &[Layer] {
        match self {
            Self::Model(model) => model.network.hidden(),
            Self::Encoder(encoder) => &encoder.layers,
        }
    }

    /// Turns raw data into inputs.
    pub fn preprocessing(&self) -> &InputPreprocessing {
        match self {
            Self::Model(model) => model.preprocessing.for_inputs(),
            Self::Encoder(encoder) => &encoder.preprocessing,
        }
    }

    /// How it was trained.
    pub fn configuration(&self) -> &serde_json::Value {
        match self {
            Self::Model(model) => &model.configuration,
            Self::Encoder(encoder) => &encoder.configuration,
        }
    }

    /// The code that hidden layer `layer` (0 is the lowest) gives each example: its activations.
    ///
    /// # Panics
    /// If there is no such hidden layer, or the batch is not as wide as there are inputs.
    pub fn encode(&self, engine: &mut Engine, inputs: &Batch, layer: usize) -> ActiveBatch {
        encode(&self.hidden()[..=layer], engine, inputs)
    }

    /// What the hidden layers do on inputs, one observation each.
    ///
    /// # Panics
    /// If the batch is not as wide as there are inputs.
    pub fn observe(&self, engine: &mut Engine, inputs: &Batch) -> Vec<LayerObservation> {
        observe(self.hidden(), engine, inputs)
    }
}
