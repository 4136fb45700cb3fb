//! A model: all that is needed to use a trained network on raw data.

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use truezero_data::Preprocessing;
use truezero_data::files::Output;

use super::description::{Description, tensors};
use super::encoder::Saved;
use super::kind::MODEL;
use super::read::TensorFile;
use super::write::{to_bytes, write};
use crate::error::Error;
use crate::network::Network;
use crate::trainer::Summary;

/// Version of the format that this library writes, and the only one it reads.
pub(super) const FORMAT: u32 = 1;

/// A network, the preprocessing its inputs need, and how it came to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The network.
    pub network: Network,
    /// Turns raw data into its inputs, and its outputs into labels or quantities.
    pub preprocessing: Preprocessing,
    /// The configuration of the training, as the caller had it; kept, not interpreted.
    pub configuration: serde_json::Value,
    /// What happened in the training.
    pub summary: Option<Summary>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: u32,
    network: Description,
    preprocessing: Preprocessing,
    configuration: serde_json::Value,
    summary: Option<Summary>,
}

/// As [`Document`], to write without copying.
#[derive(Serialize)]
struct DocumentRef<'a> {
    format: u32,
    network: Description,
    preprocessing: &'a Preprocessing,
    configuration: &'a serde_json::Value,
    summary: &'a Option<Summary>,
}

impl Model {
    /// Writes the model to one safetensors file: completely, or the file stays as it was. A model that is there is
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
        write(output, &self.document(), tensors(&self.network, ""))
    }

    /// The bytes of the file that [`save`](Self::save) writes.
    ///
    /// # Errors
    /// A document that cannot be said in JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        to_bytes(&self.document(), tensors(&self.network, ""))
    }

    fn document(&self) -> DocumentRef<'_> {
        DocumentRef {
            format: FORMAT,
            network: Description::of(&self.network),
            preprocessing: &self.preprocessing,
            configuration: &self.configuration,
            summary: &self.summary,
        }
    }

    /// Reads a model.
    ///
    /// # Errors
    /// Any part that is missing, of the wrong shape, not finite, or does not fit the others.
    pub fn load(path: &Path) -> Result<Self, Error> {
        Self::from_file(&TensorFile::open(path)?)
    }

    /// Reads a model from the bytes of a file; errors name it `path`.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn from_bytes(path: &Path, bytes: Vec<u8>) -> Result<Self, Error> {
        Self::from_file(&TensorFile::from_bytes(path, bytes))
    }

    fn from_file(file: &TensorFile) -> Result<Self, Error> {
        match Saved::from_file(file)? {
            Saved::Model(model) => Ok(Arc::unwrap_or_clone(model)),
            Saved::Encoder(_) => Err(file.error(
                "metadata",
                "a network with outputs",
                "pre-trained layers without\nhint: `truezero train --from` makes a network of them",
            )),
        }
    }

    pub(super) fn from_model_file(file: &TensorFile) -> Result<Self, Error> {
        let tensors = file.parse()?;
        let document: Document = tensors.document("a truezero model")?;
        let Document { format, network, preprocessing, configuration, summary } = document;
        if format != FORMAT {
            return Err(file.error("format", &format!("version {FORMAT}"), format));
        }
        let network = network.read(&tensors, "")?;
        for (place, expected, found) in [
            ("preprocessing, inputs", network.inputs(), preprocessing.width()),
            ("preprocessing, outputs", network.outputs(), preprocessing.outputs()),
        ] {
            if expected != found {
                return Err(file.error(place, &expected.to_string(), found));
            }
        }
        if preprocessing.task() != network.cost.task() {
            let expected = format!("the task {}, as of the network", network.cost.task().name());
            return Err(file.error("preprocessing, task", &expected, preprocessing.task().name()));
        }
        Ok(Self { network, preprocessing, configuration, summary })
    }
}
