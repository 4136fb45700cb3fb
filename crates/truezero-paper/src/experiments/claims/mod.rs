//! The advantages that the paper names, each measured on four networks that differ in their activation
//! alone, and told whether it holds.

mod active_share;
mod bench;
mod boundedness;
mod claim;
mod computation;
mod discarding;
mod gradient_flow;
mod initialisation;
mod random;
mod robustness;
mod saturation;
mod separability;
mod storage;
mod variable_size;

use serde_json::{Map, Value, json};

use self::bench::{ACTIVATIONS, Bench};
use self::claim::{Claim, percent};
use super::setting::list;
use crate::error::Error;
use crate::result::{Cell, Outcome, Table};
use crate::runner::Runner;

/// Measures a claim.
type Measure = fn(&Bench<'_>) -> Result<Claim, Error>;

/// All claims, in the order in which the paper names them.
const CLAIMS: [Measure; 11] = [
    |bench| Ok(initialisation::measure(bench)),
    |bench| Ok(active_share::measure(bench)),
    robustness::measure,
    |bench| Ok(variable_size::measure(bench)),
    separability::measure,
    discarding::measure,
    |bench| Ok(storage::measure(bench)),
    |bench| Ok(computation::measure(bench)),
    gradient_flow::measure,
    saturation::measure,
    boundedness::measure,
];

pub(crate) fn run(runner: &Runner<'_>) -> Result<Outcome, Error> {
    let bench = Bench::new(runner)?;
    let mut claims = Vec::new();
    for measure in CLAIMS {
        runner.go_on()?;
        claims.push(measure(&bench)?);
    }
    let table = Table {
        title: "Claims of the paper".to_owned(),
        columns: Claim::COLUMNS.map(str::to_owned).to_vec(),
        rows: claims.iter().map(Claim::row).collect(),
    };
    let mut notes = vec![format!(
        "Four networks of {:?} hidden units from one seed, λ 1e-4, mini-batches of 10, at most {} epochs; of the \
         learning rates {:?} each has the one with the least validation error. Differences between networks are \
         those of one seed.",
        bench.sizes.hidden, bench.subjects[0].options.epochs, bench.sizes.rates
    )];
    notes.extend(claims.iter().filter_map(|claim| Some(format!("{}: {}", claim.name, claim.note.as_ref()?))));
    let mut values: Map<String, Value> = claims
        .iter()
        .map(|claim| {
            let value = json!({ "verdict": claim.verdict.word(), "figures": claim.values });
            (claim.name.to_owned(), value)
        })
        .collect();
    values.insert("networks".to_owned(), networks_json(&bench));
    Ok(Outcome {
        title: "Claims: the advantages of rectifiers and of sparsity".to_owned(),
        question:
            "Which of the advantages that the paper names can be measured, on rectifier, softplus, tanh \
                   and logistic networks of equal size?"
                .to_owned(),
        paper:
            "Sections 2.2 and 3: exact zeros give codes that are disentangled, of variable size, more likely \
                to be linearly separable, distributed but sparse, and cheap to compute and store; gradients \
                flow along active paths, hard saturation does no harm, and an L1 penalty keeps activations \
                bounded."
                .to_owned(),
        finding: finding(&claims),
        data: vec![bench.split.label.clone()],
        tables: vec![table, networks_table(&bench)],
        plots: claims.into_iter().flat_map(|claim| claim.plots).collect(),
        notes,
        values: Value::Object(values),
        ..Outcome::default()
    })
}

/// How many claims hold, and which do not.
fn finding(claims: &[Claim]) -> String {
    let parts: Vec<String> = ["holds", "holds in part", "does not hold"]
        .into_iter()
        .filter_map(|word| {
            let own = claims.iter().filter(|claim| claim.verdict.word() == word);
            let names: Vec<String> = own.map(|claim| claim.name.replace('_', " ")).collect();
            (!names.is_empty()).then(|| format!("{word}: {} ({})", names.len(), list(&names)))
        })
        .collect();
    format!("Of {} claims, {}.", claims.len(), parts.join("; "))
}

/// The four networks themselves.
fn networks_table(bench: &Bench<'_>) -> Table {
    let rows = ACTIVATIONS.iter().zip(&bench.subjects).map(|(activation, subject)| {
        let trained = &subject.trained;
        [
            activation.to_string(),
            subject.options.rate().to_string(),
            trained.epochs.to_string(),
            percent(trained.validation_error),
            percent(trained.test_error),
            percent(trained.mean_sparsity()),
        ]
        .map(Cell::text)
        .to_vec()
    });
    let columns = [
        "activation",
        "learning rate",
        "epochs",
        "validation error, %",
        "test error, %",
        "zeros in the hidden layers, %",
    ];
    Table {
        title: "The four networks".to_owned(),
        columns: columns.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}

fn networks_json(bench: &Bench<'_>) -> Value {
    let network = |(activation, subject): (&truezero::Activation, &bench::Subject)| {
        json!({
            "activation": activation,
            "rate": subject.options.rate(),
            "validation_error": subject.trained.validation_error,
            "test_error": subject.trained.test_error,
            "sparsity": subject.trained.sparsity,
        })
    };
    ACTIVATIONS.iter().zip(&bench.subjects).map(network).collect()
}

#[cfg(test)]
mod tests;
