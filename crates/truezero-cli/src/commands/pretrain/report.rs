//! What a pre-training came to, for people and for programs.

use std::path::Path;

use serde::Serialize;
use truezero::Layer;
use truezero::autoencoder::{PretrainingRecord, PretrainingSummary};
use truezero_data::Notice;

use crate::table::{percent, table};

/// Everything there is to tell.
pub struct Report<'a> {
    pub summary: &'a PretrainingSummary,
    pub layers: &'a [Layer],
    pub out: &'a Path,
    pub seed: u64,
    pub seconds: f64,
    /// To pre-train on, and to stop by.
    pub examples: [usize; 2],
    pub warnings: Vec<Notice>,
}

#[derive(Serialize)]
struct Document<'a> {
    model: String,
    completed: bool,
    layers: Vec<LayerRow>,
    examples: Counts,
    seed: u64,
    seconds: f64,
    history: &'a [PretrainingRecord],
    warnings: &'a [Notice],
}

#[derive(Serialize)]
struct Counts {
    train: usize,
    validation: usize,
}

/// A layer with what its best epoch came to; none for one that completed no epoch.
#[derive(Serialize)]
struct LayerRow {
    units: usize,
    epochs: usize,
    best_epoch: Option<usize>,
    /// Mean cost of the reconstruction of an example while training.
    cost: Option<f64>,
    validation_cost: Option<f64>,
    sparsity: Option<f64>,
}

impl Report<'_> {
    fn rows(&self) -> Vec<LayerRow> {
        let row = |(index, layer): (usize, &Layer)| {
            let own = || self.summary.history.iter().filter(|record| record.layer == index + 1);
            let best_epoch = self.summary.best_epochs.get(index).copied().filter(|&epoch| epoch > 0);
            let best = best_epoch.and_then(|epoch| own().find(|record| record.epoch == epoch));
            LayerRow {
                units: layer.units(),
                epochs: own().count(),
                best_epoch,
                cost: best.map(|best| best.cost),
                validation_cost: best.and_then(|best| best.validation_cost),
                sparsity: best.map(|best| best.code.sparsity),
            }
        };
        self.layers.iter().enumerate().map(row).collect()
    }

    pub fn json(&self) -> impl Serialize {
        let [train, validation] = self.examples;
        Document {
            model: self.out.display().to_string(),
            completed: self.summary.completed,
            layers: self.rows(),
            examples: Counts { train, validation },
            seed: self.seed,
            seconds: self.seconds,
            history: &self.summary.history,
            warnings: &self.warnings,
        }
    }

    pub fn text(&self) -> String {
        let rows = self.rows().into_iter().enumerate().map(|(index, row)| {
            let number =
                |number: Option<f64>| number.map_or("–".to_owned(), |number| format!("{number:.4}"));
            [
                format!("hidden {}", index + 1),
                row.units.to_string(),
                row.best_epoch.map_or("–".to_owned(), |best| format!("{best} of {}", row.epochs)),
                number(row.cost),
                number(row.validation_cost),
                row.sparsity.map_or("–".to_owned(), percent),
            ]
        });
        let head = ["layer", "units", "from epoch", "reconstruction cost", "validation", "sparsity"];
        let mut text = table(head, rows);
        text += &format!("layers in {}, {:.1} s\n", self.out.display(), self.seconds);
        text
    }
}
