//! What a request comes to in memory, by what is made for it. It is reserved before it is made.

use truezero::Layer;
use truezero_data::records::{BYTES_OF_CELL, BYTES_OF_TEXT};

use crate::limits::Limits;
use crate::servable::Servable;

/// Of a number that comes in: read with 64 bits, and in a list of active values.
const BYTES_OF_INPUT: usize = 16;
/// Of a place in a row of a batch, scaled and not.
const BYTES_OF_PLACE: usize = 8;
/// Of a unit while its layer is computed: its value, and in a list of active values.
const BYTES_OF_UNIT: usize = 16;
/// Of a number in an answer: at most 15 characters and a comma.
const BYTES_OF_NUMBER: usize = 16;
/// Of an example in an answer, beside its numbers and labels.
const BYTES_OF_EXAMPLE: usize = 96;

/// Places of a row: rows begin on cache lines.
fn padded(width: usize) -> usize {
    width.next_multiple_of(16)
}

fn product(factors: &[usize]) -> usize {
    factors.iter().fold(1, |product, &factor| product.saturating_mul(factor))
}

fn sum(terms: &[usize]) -> usize {
    terms.iter().fold(0, |sum, &term| sum.saturating_add(term))
}

/// Of a tensor, of which `values` are told.
pub(crate) fn of_tensor(examples: usize, width: usize, values: usize) -> usize {
    sum(&[product(&[values, BYTES_OF_INPUT]), of_rows(examples, width)])
}

/// Of inputs as plain rows.
pub(crate) fn of_rows(examples: usize, width: usize) -> usize {
    product(&[examples, padded(width), BYTES_OF_PLACE])
}

/// Of records with so many columns, in so much JSON.
pub(crate) fn of_records(examples: usize, columns: usize, json: usize) -> usize {
    sum(&[product(&[examples, columns, BYTES_OF_CELL]), product(&[json, BYTES_OF_TEXT])])
}

/// Of computing some examples and of their answer: all that is computed counts, not only the `numbers` that are told.
pub(crate) fn of_answer(
    model: &Servable,
    limits: &Limits,
    examples: usize,
    codes: &[usize],
    numbers: usize,
) -> usize {
    let units = |layer: &Layer| padded(layer.units());
    let pass: usize = model.layers().iter().map(units).sum();
    let outputs = model.layers().last().map_or(0, units);
    let kept: usize = outputs + codes.iter().map(|&layer| units(&model.hidden()[layer])).sum::<usize>();
    sum(&[
        product(&[examples.min(limits.batch), pass, BYTES_OF_UNIT]),
        product(&[examples, kept + model.hidden().len(), BYTES_OF_PLACE]),
        of_text(model, examples, numbers),
    ])
}

/// Of an answer as it is sent.
pub(crate) fn of_text(model: &Servable, examples: usize, numbers: usize) -> usize {
    sum(&[product(&[numbers, BYTES_OF_NUMBER]), product(&[examples, BYTES_OF_EXAMPLE + model.label_bytes()])])
}
