//! The configurations of a sweep, in the order in which they are tried: a pure function of its definition.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use toml::{Table, Value};

use super::definition::{Axis, Definition, MAX_TRIALS, Method, Range, Scale};

/// Significant digits of a number that was drawn: enough to find it, few enough to be read and typed, and the
/// same on machines whose logarithms differ in the last bit.
const DIGITS: usize = 4;

/// The options that vary, of each training.
///
/// # Errors
/// A grid with too many points.
pub fn configurations(definition: &Definition) -> Result<Vec<Table>, String> {
    match definition.method {
        Method::Grid => grid(definition),
        Method::Random | Method::Halving => Ok(random(definition)),
    }
}

/// Every combination; the last option changes fastest.
fn grid(definition: &Definition) -> Result<Vec<Table>, String> {
    let mut all = vec![Table::new()];
    for (name, axis) in &definition.vary {
        let values = match axis {
            Axis::Values(values) => values.clone(),
            Axis::Range(range) => points(range),
        };
        if all.len().saturating_mul(values.len()) > MAX_TRIALS {
            return Err(format!("vary: expected at most {MAX_TRIALS} combinations, found more"));
        }
        let extended = |known: &Table, value: &Value| {
            let mut table = known.clone();
            table.insert(name.clone(), value.clone());
            table
        };
        all = all.iter().flat_map(|known| values.iter().map(|value| extended(known, value))).collect();
    }
    Ok(all)
}

fn points(range: &Range) -> Vec<Value> {
    let steps = range.steps.unwrap_or(2);
    let mut points: Vec<Value> = (0..steps).map(|step| at(range, step as f64 / (steps - 1) as f64)).collect();
    points.dedup();
    points
}

/// Random, but spread: each option's range is cut into as many parts as there are trainings, and each part is drawn
/// from once (Latin hypercube). A few independent draws often leave most of a range untried.
fn random(definition: &Definition) -> Vec<Table> {
    let mut numbers = Xoshiro256PlusPlus::seed_from_u64(definition.seed);
    let trials = definition.trials.unwrap_or(0);
    let mut all = vec![Table::new(); trials];
    for (name, axis) in &definition.vary {
        let mut parts: Vec<usize> = (0..trials).collect();
        for last in (1..trials).rev() {
            parts.swap(last, (uniform(&mut numbers) * (last + 1) as f64) as usize);
        }
        for (table, part) in all.iter_mut().zip(parts) {
            let share = (part as f64 + uniform(&mut numbers)) / trials as f64;
            let value = match axis {
                Axis::Values(values) => values[(share * values.len() as f64) as usize].clone(),
                Axis::Range(range) => at(range, share),
            };
            table.insert(name.clone(), value);
        }
    }
    all
}

/// Uniform in [0, 1).
fn uniform(numbers: &mut Xoshiro256PlusPlus) -> f64 {
    (numbers.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// The number a share of the way from the low end of a range to the high one.
fn at(range: &Range, share: f64) -> Value {
    let (low, high) = range.ends().expect("checked with the definition");
    // Each whole number stands for the interval up to the next one, so that all are as likely.
    let end = if range.whole() { high + 1.0 } else { high };
    let number = match range.scale {
        Scale::Linear => low + share * (end - low),
        Scale::Log => (low.ln() + share * (end.ln() - low.ln())).exp(),
    };
    if range.whole() {
        return Value::Integer((number.floor() as i64).clamp(low as i64, high as i64));
    }
    let short: f64 = format!("{number:.*e}", DIGITS - 1).parse().expect("a number as Rust writes it");
    Value::Float(short.clamp(low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str) -> Vec<Table> {
        configurations(&toml::from_str(text).unwrap()).unwrap()
    }

    #[test]
    fn a_grid_has_every_combination() {
        let text = "method = \"grid\"\n[vary]\nl1 = { low = 1e-4, high = 1e-2, scale = \"log\", steps = 3 }\n\
                    seed = [1, 2]";
        let found: Vec<(f64, i64)> = drawn(text)
            .iter()
            .map(|table| (table["l1"].as_float().unwrap(), table["seed"].as_integer().unwrap()))
            .collect();
        assert_eq!(found, [(1e-4, 1), (1e-4, 2), (1e-3, 1), (1e-3, 2), (1e-2, 1), (1e-2, 2)]);
        let many = "method = \"grid\"\n[vary]\nl1 = { low = 0.0, high = 1.0, steps = 1000 }\n\
                    learning-rate = { low = 0.0, high = 1.0, steps = 1000 }";
        assert!(configurations(&toml::from_str(many).unwrap()).unwrap_err().contains("at most"));
    }

    #[test]
    fn draws_stay_in_their_range_and_follow_the_seed() {
        let text = |seed| {
            format!(
                "method = \"random\"\ntrials = 400\nseed = {seed}\n[vary]\nbatch-size = {{ low = 1, high = 4 }}\n\
                 l1 = {{ low = 1e-6, high = 1e-2, scale = \"log\" }}\nactivation = [\"rectifier\", \"tanh\"]"
            )
        };
        let tables = drawn(&text(0));
        assert_eq!(tables, drawn(&text(0)));
        assert_ne!(tables, drawn(&text(1)));
        let share = |holds: &dyn Fn(&Table) -> bool| {
            tables.iter().filter(|table| holds(table)).count() as f64 / tables.len() as f64
        };
        assert_eq!(share(&|table| (1e-6..=1e-2).contains(&table["l1"].as_float().unwrap())), 1.0);
        let (small, tanh) = (
            |table: &Table| table["l1"].as_float().unwrap() < 1e-4,
            |table: &Table| table["activation"].as_str() == Some("tanh"),
        );
        assert_eq!((share(&small), share(&tanh)), (0.5, 0.5), "as evenly as can be");
        assert!((share(&|table| small(table) && tanh(table)) - 0.25).abs() < 0.08, "each on its own");
        for size in 1..=4 {
            assert_eq!(share(&|table| table["batch-size"].as_integer() == Some(size)), 0.25);
        }
    }
}
