//! A training that is shown on a page while it goes on, where its penalty can be moved.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::Value;
use truezero::{Activation, BatchReport, Control, EpochRecord, Model, Network, Trainer};
use truezero_data::Preprocessing;
use truezero_observatory::{Live, Observatory, Session, Start};

use super::plan::Experiment;
use super::prepare::Prepared;
use crate::commands::site::Site;
use crate::failure::Failure;
use crate::measure::Measure;
use crate::output;

/// The page, and what it is told.
pub struct Observed {
    site: Site,
    live: Arc<Live>,
    session: Session,
    preprocessing: Preprocessing,
}

impl Observed {
    /// Serves the page of a training that is about to begin, or to go on.
    pub fn open(
        address: SocketAddr,
        experiment: &Experiment,
        data: &Prepared,
        measure: Measure,
        trainer: &Trainer<'_>,
    ) -> Result<Self, Failure> {
        let live = Arc::new(Live::default());
        let site = Site::open(Observatory::attached(live.clone()).router(), address, &[])?;
        output::note(&format!("watch it at {}", site.url()));
        let options = experiment.plan.options();
        let session = live
            .begin(Start {
                data: experiment.source.data.clone(),
                hidden: options.hidden.clone(),
                activation: options.activation.iter().map(ToString::to_string).collect(),
                epochs: options.epochs,
                l1: options.l1,
                target_sparsity: options.target_sparsity,
                error: measure.name().to_owned(),
                factor: measure.convert(1.0),
                zeros: options.activation.iter().any(Activation::gives_zeros),
            })
            .map_err(|busy| Failure::Message(busy.to_string()))?;
        let mut observed = Self { site, live, session, preprocessing: data.preprocessing.clone() };
        // Of a training that goes on, what was before.
        trainer.history().iter().for_each(|record| observed.epoch(record, trainer.network()));
        Ok(observed)
    }

    pub fn batch(&mut self, report: &BatchReport) -> Control {
        self.session.batch(report)
    }

    /// Whether the page has asked for the end, which is the same as an interrupt.
    pub fn stops(&self) -> bool {
        self.session.stops()
    }

    /// Moves the penalty as the page has asked.
    pub fn heed(&mut self, trainer: &mut Trainer<'_>) {
        self.session.heed(trainer);
    }

    pub fn epoch(&mut self, record: &EpochRecord, network: &Network) {
        self.session.epoch(record, network.parameters(), || Model {
            network: network.clone(),
            preprocessing: self.preprocessing.clone(),
            configuration: Value::Null,
            summary: None,
        });
    }

    /// Tells the page how it ended, and closes it.
    pub fn close(self, ended: &Result<(), Failure>) {
        let how = match ended {
            Ok(()) if self.session.stops() => "stopped".to_owned(),
            Ok(()) => "finished".to_owned(),
            Err(failure) => failure.to_string(),
        };
        self.session.end(how);
        self.live.close();
        self.site.close();
    }
}
