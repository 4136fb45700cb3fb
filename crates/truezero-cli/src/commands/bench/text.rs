//! The tables that `bench` prints.

use super::machine::Machine;
use super::{Document, MachineDocument};
use crate::table::{percent, table};

/// Multiply-adds per second are shown in billions.
const BILLION: f64 = 1e9;

/// What the machine can do, on each number of threads.
pub fn machines(document: &MachineDocument) -> String {
    let mut text = String::new();
    for machine in &document.machines {
        text += &format!("{}\n", levels(machine));
    }
    text + &format!("billions of multiply-adds per second ({})\n", document.isa)
}

fn levels(machine: &Machine) -> String {
    let on = match machine.threads {
        1 => "on 1 thread, weights".to_owned(),
        threads => format!("on {threads} threads, weights"),
    };
    let arithmetic = ["in registers".to_owned(), String::new(), billions(machine.arithmetic), String::new()];
    let rows = machine.levels.iter().map(|level| {
        let set = format!("{} KB", level.working_set >> 10);
        [format!("from {}", level.name), set, billions(level.read), billions(level.update)]
    });
    table([&on, "set per thread", "read", "read and written"], std::iter::once(arithmetic).chain(rows))
}

/// How fast a model is.
pub fn model(document: &Document) -> String {
    let mut text = works(document) + "\n";
    let outputs = document.sparsity.len() + 1;
    let rows = document.products.iter().map(|product| {
        let layer =
            if product.layer == outputs { "output".to_owned() } else { format!("hidden {}", product.layer) };
        [
            format!("{layer}, {}", product.product),
            product.branch.to_owned(),
            percent(product.density),
            format!("{:.0}", product.touched_rows),
            format!("{:.1}", product.microseconds),
            billions(product.multiply_adds_per_second),
            billions(product.bound_multiply_adds_per_second),
            product.bound.clone(),
            format!("{:.0} %", 100.0 * product.fraction),
        ]
    });
    let header = ["product", "branch", "active", "rows", "µs", "G/s", "at most", "bound by", "reached"];
    text += &table(header, rows);
    text += "G/s: billions of multiply-adds per second\n\n";
    text + &levels(&document.machine)
}

fn works(document: &Document) -> String {
    let works = [("training", &document.training), ("inference", &document.inference)];
    let rows = works.iter().filter_map(|(name, figures)| {
        let figures = figures.as_ref()?;
        Some([
            (*name).to_owned(),
            figures.batch_size.to_string(),
            figures.threads.to_string(),
            format!("{:.0}", figures.examples_per_second),
            format!("{:.0} - {:.0}", figures.lowest, figures.highest),
            format!("{:.1}", figures.microseconds_per_batch),
        ])
    });
    let header = ["work", "mini-batch", "threads", "examples/s", "of all blocks", "µs/mini-batch"];
    let mut text = table(header, rows);
    text += &format!("on {} examples ({})", document.examples, document.isa);
    if !document.sparsity.is_empty() {
        let each: Vec<String> = document.sparsity.iter().copied().map(percent).collect();
        text += &format!(", sparsity {} (mean {})", each.join(", "), percent(document.mean_sparsity));
    }
    text + "\n"
}

fn billions(rate: f64) -> String {
    format!("{:.1}", rate / BILLION)
}
