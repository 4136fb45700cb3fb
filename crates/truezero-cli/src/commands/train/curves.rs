//! The curves of a training for TensorBoard.

use std::io;
use std::path::{Path, PathBuf};

use truezero::EpochRecord;

use crate::failure::Failure;
use crate::measure::Measure;
use crate::tensorboard::EventWriter;

/// Writes a point of each curve after each epoch.
pub struct Curves {
    folder: PathBuf,
    events: EventWriter,
    measure: Measure,
}

impl Curves {
    pub fn create(folder: &Path, measure: Measure) -> Result<Self, Failure> {
        let events = EventWriter::create(folder).map_err(Failure::io("write events to", folder))?;
        Ok(Self { folder: folder.to_owned(), events, measure })
    }

    pub fn add(&mut self, record: &EpochRecord) -> Result<(), Failure> {
        self.write(record).map_err(Failure::io("write events to", &self.folder))
    }

    fn write(&mut self, record: &EpochRecord) -> io::Result<()> {
        let step = record.epoch as u64;
        let mut point = |tag: &str, value: f64| self.events.scalar(tag, step, value);
        point("train/cost", record.cost)?;
        if let Some(error) = record.validation_error {
            point("validation/error", self.measure.convert(error))?;
        }
        if let Some(cost) = record.validation_cost {
            point("validation/cost", cost)?;
        }
        point("l1", f64::from(record.l1))?;
        point("learning_rate", f64::from(record.learning_rate))?;
        for (index, layer) in record.layers.iter().enumerate() {
            point(&format!("sparsity/layer_{}", index + 1), layer.sparsity)?;
            point(&format!("dead_units/layer_{}", index + 1), layer.dead_units as f64)?;
        }
        if !record.layers.is_empty() {
            point("sparsity/mean", record.mean_sparsity)?;
        }
        for (index, norm) in record.gradient_norms.iter().enumerate() {
            point(&format!("gradient_norm/layer_{}", index + 1), *norm)?;
        }
        self.events.flush()
    }
}
