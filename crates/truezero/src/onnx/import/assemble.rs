//! From steps to layers: what is done before, between and after the products of weights becomes part of
//! the weights, of the scaling of the inputs, or of the units of the quantities.

use truezero_data::preprocess::{InputScales, MAX_WIDTH};
use truezero_data::{Notice, Task};
use truezero_sparse::PackedWeights;

use super::affine::{Affine, Mismatch};
use super::constant::Constant;
use super::data::Data;
use super::ending::Ending;
use super::flow::{Placed, Step};
use super::open::Open;
use super::outputs::Told;
use super::refusal::Refusal;
use crate::activation::Activation;
use crate::cost::Cost;
use crate::layer::Layer;
use crate::options::{MAX_LAYERS, MAX_UNITS};

/// An activation of so many outputs at most is taken over, since the layer on top that passes it on has a
/// weight for each pair of them.
const MAX_PASSED_ON: usize = 4096;

/// Layers, and what is around them.
pub(super) struct Assembled {
    pub(super) layers: Vec<Layer>,
    pub(super) cost: Cost,
    pub(super) inputs: InputScales,
    /// From outputs to quantities.
    pub(super) outputs: Affine,
    /// What of the steps is not in them.
    pub(super) left_out: Vec<Notice>,
}

/// Layers so far.
pub(super) struct Assembler<'a> {
    data: &'a Data<'a>,
    layers: Vec<Layer>,
    /// A layer whose activation is not known yet.
    open: Option<Open>,
    /// What comes after the open layer; else after the highest layer, or the input.
    pending: Affine,
    /// Of how many values these are chosen before `pending` is done, and which.
    chosen: Option<(usize, Vec<usize>)>,
    inputs: InputScales,
    left_out: Vec<Notice>,
}

impl<'a> Assembler<'a> {
    pub(super) fn new(data: &'a Data<'a>) -> Self {
        let (pending, inputs) = (Affine::identity(), InputScales::default());
        Self { data, layers: Vec::new(), open: None, pending, chosen: None, inputs, left_out: Vec::new() }
    }

    /// Takes the steps over, lowest first; `told` as in [`super::outputs::Prediction`]. The outputs are for `task`,
    /// or for what the last steps tell.
    pub(super) fn assemble(
        mut self,
        steps: &[&Placed<'_>],
        told: Option<Told>,
        task: Option<Task>,
    ) -> Result<Assembled, Refusal> {
        let place = steps.last().map_or("graph", |placed| &placed.place);
        let (ending, taken) = Ending::of(steps, task);
        for placed in &steps[..steps.len() - taken] {
            self.step(placed)?;
        }
        self.open_on_top(place)?;
        let width = self.open.as_ref().map_or(0, |open| open.units);
        let width = self.chosen.as_ref().map_or(width, |(_, places)| places.len());
        let (cost, adds_class) = ending.cost(width, told, task, place)?;
        let mut outputs = Affine::identity();
        if cost == Cost::SquaredError && self.pending.ascends() {
            std::mem::swap(&mut outputs, &mut self.pending);
        }
        let mut top = self.settled(place)?;
        if adds_class {
            if top.units != 1 {
                return Err(Refusal::new(
                    place,
                    "one probability beside what is left",
                    top.units.to_string(),
                ));
            }
            top.add_class_without_weights();
        }
        if !outputs.fits(top.units) {
            return Err(mismatch(place));
        }
        self.close(top, Activation::Identity, place)?;
        let Self { layers, inputs, left_out, .. } = self;
        Ok(Assembled { layers, cost, inputs, outputs, left_out })
    }

    fn step(&mut self, Placed { step, place, .. }: &Placed<'_>) -> Result<(), Refusal> {
        let data = self.data;
        data.take(place, self.pending.len())?;
        let done = match step {
            Step::Input => Ok(()),
            Step::Add { by, factor } => {
                let by = by.doubles(data)?;
                match &mut self.open {
                    // A bias that stands beside its weights belongs to them, not to what comes after. One number
                    // for all units waits: a file may add it again and again to a wide layer.
                    Some(open) if by.len() == open.units && self.pending.is_identity() => {
                        open.add(&by, *factor)
                    }
                    _ => self.pending.add(&by, *factor),
                }
            }
            Step::Multiply(by) => self.pending.multiply(&by.doubles(data)?),
            Step::Divide(by) => {
                let by = by.doubles(data)?;
                if by.contains(&0.0) {
                    return Err(Refusal::new(place, "numbers to divide by", "a zero among them"));
                }
                self.pending.divide(&by)
            }
            Step::Negate => self.pending.multiply(&[-1.0]),
            Step::Normalise { scale, bias, mean, variance, epsilon } => {
                let deviations: Vec<f64> =
                    variance.doubles(data)?.iter().map(|&variance| (variance + epsilon).sqrt()).collect();
                if !deviations.iter().all(|deviation| deviation.is_finite() && *deviation > 0.0) {
                    return Err(Refusal::new(place, "variances above 0", "others"));
                }
                let [mean, scale, bias] = [mean.doubles(data)?, scale.doubles(data)?, bias.doubles(data)?];
                let pending = &mut self.pending;
                pending
                    .add(&mean, -1.0)
                    .and_then(|()| pending.divide(&deviations))
                    .and_then(|()| pending.multiply(&scale))
                    .and_then(|()| pending.add(&bias, 1.0))
            }
            Step::Linear { weights, alpha, bias } => {
                return self.linear(place, weights, *alpha, bias.as_ref());
            }
            Step::Activate(activation) => return self.activate(place, *activation),
            Step::Limit(limit) => return self.limit(place, *limit),
            Step::Select { places, width } => return self.select(place, places, *width),
            Step::LeftOut(what) => {
                self.left_out.push(Notice::new(place.clone(), format!("left out: {what}")));
                Ok(())
            }
            Step::Softmax | Step::BothClasses => {
                return Err(Refusal::new(place, "probabilities at the end", "what is made of them"));
            }
            Step::Log => return Err(Refusal::new(place, "a logarithm of a softmax only", "another")),
            Step::Exp => return Err(Refusal::new(place, "an exponential of the outputs only", "another")),
        };
        done.map_err(|Mismatch| mismatch(place))
    }

    fn linear(
        &mut self,
        place: &str,
        weights: &Constant<'_>,
        alpha: f32,
        bias: Option<&(Constant<'_>, f32)>,
    ) -> Result<(), Refusal> {
        if self.open.is_some() {
            let below = self.settled(place)?;
            self.close(below, Activation::Identity, place)?;
        }
        let [inputs, units] = *weights.dims() else {
            return Err(Refusal::new(place, "weights of inputs × units", format!("{:?}", weights.dims())));
        };
        if !(1..=MAX_WIDTH).contains(&inputs) || !(1..=MAX_UNITS).contains(&units) {
            let expected = format!("1 to {MAX_WIDTH} inputs and 1 to {MAX_UNITS} units");
            return Err(Refusal::new(place, expected, format!("{inputs} and {units}")));
        }
        let mut open = Open { inputs, units, weights: weights.floats(self.data)?, bias: vec![0.0; units] };
        if alpha != 1.0 {
            open.weights.iter_mut().for_each(|weight| *weight *= alpha);
        }
        if let Some((bias, beta)) = bias {
            let bias = bias.doubles(self.data)?;
            open.add(&bias, f64::from(*beta)).map_err(|Mismatch| mismatch(place))?;
        }
        let below = std::mem::replace(&mut self.pending, Affine::identity());
        let chosen = self.chosen.take();
        if chosen.as_ref().is_some_and(|(_, places)| places.len() != inputs) {
            return Err(mismatch(place));
        }
        if !below.is_identity() {
            if !below.fits(inputs) {
                return Err(mismatch(place));
            }
            let first = self.layers.is_empty() && self.inputs.limit.is_none() && chosen.is_none();
            match input_scales(&below, inputs).filter(|_| first) {
                Some(scales) => self.inputs = scales,
                None => open.fold_below(&below),
            }
        }
        if let Some((width, places)) = chosen {
            self.data.take(place, width.saturating_mul(units))?;
            open.spread_inputs(width, &places);
        }
        self.open = Some(open);
        Ok(())
    }

    /// What was done so far is the scaling of the inputs.
    fn limit(&mut self, place: &str, limit: f64) -> Result<(), Refusal> {
        if self.inputs.limit.is_some() || self.chosen.is_some() {
            let expected = "limits of the inputs once, of all of them";
            return Err(Refusal::new(place, expected, "others"));
        }
        let below = std::mem::replace(&mut self.pending, Affine::identity());
        let scales = if below.is_identity() {
            Some(InputScales::default())
        } else {
            input_scales(&below, below.len())
        };
        let Some(scales) = scales.filter(|_| (limit as f32).is_normal()) else {
            return Err(Refusal::new(place, "limits of inputs that are scaled by numbers above 0", "others"));
        };
        self.inputs = InputScales { limit: Some(limit), ..scales };
        Ok(())
    }

    fn select(&mut self, place: &str, places: &[usize], width: usize) -> Result<(), Refusal> {
        let known = self.open.as_ref().map(|open| open.units).or(self.layers.last().map(Layer::units));
        let known = self.chosen.as_ref().map(|(_, chosen)| chosen.len()).or(known);
        if known.is_some_and(|known| known != width) || !self.pending.fits(width) || width > MAX_WIDTH {
            return Err(mismatch(place));
        }
        self.data.take(place, places.len())?;
        self.pending.select(places);
        self.chosen = Some(match self.chosen.take() {
            None => (width, places.to_vec()),
            Some((width, chosen)) => (width, places.iter().map(|&at| chosen[at]).collect()),
        });
        Ok(())
    }

    fn activate(&mut self, place: &str, activation: Activation) -> Result<(), Refusal> {
        if self.open.is_none() {
            let expected = "weights below each activation";
            return Err(Refusal::new(place, expected, format!("{activation} without")));
        }
        // ln(1 + e^(αx)) is α times the softplus of steepness α, where 32 bits can hold α and 1/α.
        let steepness = match (activation, self.pending.uniform_scale().filter(|_| self.chosen.is_none())) {
            (Activation::Softplus { alpha: 1.0 }, Some(scale))
                if (scale as f32).is_normal() && scale > 0.0 =>
            {
                scale
            }
            _ => 1.0,
        };
        if steepness == 1.0 {
            let open = self.settled(place)?;
            return self.close(open, activation, place);
        }
        self.pending = Affine::identity();
        let open = self.settled(place)?;
        self.close(open, Activation::Softplus { alpha: steepness as f32 }, place)?;
        self.pending = Affine::uniform(steepness);
        Ok(())
    }

    /// Sees to it that there is a layer without an activation on top.
    fn open_on_top(&mut self, place: &str) -> Result<(), Refusal> {
        if self.open.is_some() {
            return Ok(());
        }
        let Some(top) = self.layers.last() else {
            return Err(Refusal::new(place, "at least one Gemm or MatMul below it", "none"));
        };
        let units = top.units();
        if units > MAX_PASSED_ON {
            let expected = format!("weights below the outputs, or at most {MAX_PASSED_ON} of them");
            return Err(Refusal::new(place, expected, units.to_string()));
        }
        let mut weights = vec![0.0; units * units];
        weights.iter_mut().step_by(units + 1).for_each(|weight| *weight = 1.0);
        self.open = Some(Open { inputs: units, units, weights, bias: vec![0.0; units] });
        Ok(())
    }

    /// The open layer, with all that comes after it in its weights.
    fn settled(&mut self, place: &str) -> Result<Open, Refusal> {
        let missing = || Refusal::new(place, "at least one Gemm or MatMul below it", "none");
        let mut open = self.open.take().ok_or_else(missing)?;
        if let Some((_, places)) = self.chosen.take() {
            self.data.take(place, places.len().saturating_mul(open.inputs))?;
            open.choose_units(&places);
        }
        let above = std::mem::replace(&mut self.pending, Affine::identity());
        if !above.fits(open.units) {
            return Err(mismatch(place));
        }
        if !above.is_identity() {
            open.fold_above(&above);
        }
        Ok(open)
    }

    fn close(&mut self, open: Open, activation: Activation, place: &str) -> Result<(), Refusal> {
        if self.layers.len() > MAX_LAYERS {
            return Err(Refusal::new(place, format!("at most {MAX_LAYERS} hidden layers"), "more"));
        }
        if self.layers.last().is_some_and(|below| below.units() != open.inputs) {
            return Err(mismatch(place));
        }
        if !open.weights.iter().chain(&open.bias).all(|parameter| parameter.is_finite()) {
            let expected = "finite weights, with all constants beside them multiplied in";
            return Err(Refusal::new(place, expected, "infinite ones"));
        }
        let weights = PackedWeights::from_plain(open.inputs, open.units, &open.weights);
        self.layers.push(Layer { weights, bias: open.bias, activation, signs: None });
        Ok(())
    }
}

/// x · scale + shift as (x − shift) / divisor, if that is a scaling of inputs.
fn input_scales(affine: &Affine, width: usize) -> Option<InputScales> {
    if !affine.ascends() {
        return None;
    }
    let uniform = affine.fits(1);
    let (shifts, divisors): (Vec<f64>, Vec<f64>) = (0..if uniform { 1 } else { width })
        .map(|input| {
            let (scale, shift) = affine.at(input);
            (-shift / scale, scale.recip())
        })
        .unzip();
    let sound = divisors.iter().all(|divisor| divisor.is_finite() && *divisor > 0.0)
        && shifts.iter().all(|shift| shift.is_finite());
    let shifts = if shifts.iter().all(|&shift| shift == 0.0) { Vec::new() } else { shifts };
    // What 32 bits held before the division in 64 is found again.
    sound.then(|| InputScales { shifts, divisors, limit: None }.rounded())
}

fn mismatch(place: &str) -> Refusal {
    Refusal::new(place, "constants of one value, or of one for each unit", "another number")
}
