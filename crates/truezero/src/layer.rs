//! A layer: weights, biases, an activation function, and what passes through it.
//!
//! forward   z = x W + b;  h = sign · f(z), then dropout
//! backward  error of h → error of z: δ = slope · (error + λ w/B · sgn h), slope = ∂h/∂z, w the weight of the example

use truezero_sparse::choose::{Product, prefer_dense};
use truezero_sparse::{ActiveBatch, Batch, DenseBatch, Engine, Inputs, PackedWeights};

use crate::activation::Activation;
use crate::streams::{Purpose, Stream};

/// How the weights of a layer start; biases start at zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Initialisation {
    /// Uniform in ±√(6 / (inputs + outputs)) (Glorot & Bengio 2010; the paper's).
    #[default]
    Glorot,
    /// Normal with variance 2 / inputs (He et al. 2015).
    He,
}

/// A layer of units, each with a weight to every input and a bias.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Inputs × units.
    pub weights: PackedWeights,
    /// One per unit.
    pub bias: Vec<f32>,
    /// The same for all units.
    pub activation: Activation,
    /// The sign trick (paper, section 3.2): a fixed ±1 for each unit that multiplies its output, so
    /// that the mean activation is balanced.
    pub signs: Option<Vec<f32>>,
}

impl Layer {
    /// A layer with random weights; `index` is its place in the network.
    pub fn random(
        inputs: usize,
        units: usize,
        activation: Activation,
        sign_trick: bool,
        initialisation: Initialisation,
        seed: u64,
        index: usize,
    ) -> Self {
        let mut stream = Stream::new(seed, Purpose::Weights, index, 0, 0);
        let weights = Self::random_weights(inputs, units, initialisation, &mut stream);
        let signs = sign_trick.then(|| {
            let mut signs: Vec<f32> = (0..units).map(|unit| if unit % 2 == 0 { 1.0 } else { -1.0 }).collect();
            Stream::new(seed, Purpose::Signs, index, 0, 0).shuffle(&mut signs);
            signs
        });
        Self { weights, bias: vec![0.0; units], activation, signs }
    }

    /// Weights to start with, inputs × units.
    pub(crate) fn random_weights(
        inputs: usize,
        units: usize,
        initialisation: Initialisation,
        stream: &mut Stream,
    ) -> PackedWeights {
        let mut draw: Box<dyn FnMut() -> f32> = match initialisation {
            Initialisation::Glorot => {
                let bound = (6.0 / (inputs + units) as f32).sqrt();
                Box::new(move || (2.0 * stream.uniform() - 1.0) * bound)
            }
            Initialisation::He => {
                let deviation = (2.0 / inputs as f32).sqrt();
                Box::new(move || stream.normal() * deviation)
            }
        };
        let mut weights = PackedWeights::zeros(inputs, units);
        for input in 0..inputs {
            for panel in 0..weights.panels() {
                let real = weights.columns(panel).len();
                weights.piece_mut(panel, input)[..real].fill_with(&mut draw);
            }
        }
        weights
    }

    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.weights.inputs()
    }

    /// Number of units.
    pub fn units(&self) -> usize {
        self.weights.outputs()
    }

    /// Whether no weight or bias is infinite or NaN.
    pub fn is_finite(&self) -> bool {
        self.weights.packed().iter().chain(&self.bias).all(|parameter| parameter.is_finite())
    }

    /// Number of weights and biases.
    pub fn parameters(&self) -> usize {
        self.inputs() * self.units() + self.units()
    }

    /// What the layer sends on for a batch, into `out`, which is reused from batch to batch.
    ///
    /// # Panics
    /// If `x` is not as wide as the layer has inputs.
    pub fn activate(&self, engine: &mut Engine, x: Inputs<'_>, out: &mut Activations) {
        self.forward(engine, x, false, out);
    }

    /// Computes the layer's output for a batch; with `slopes`, also what [`backward`](Self::backward)
    /// needs.
    pub(crate) fn forward(&self, engine: &mut Engine, x: Inputs<'_>, slopes: bool, out: &mut Activations) {
        engine.forward(x, &self.weights, &self.bias, &mut out.values);
        out.rectified = self.activation == Activation::Rectifier;
        out.scale = 1.0;
        if out.rectified {
            engine.rectify(&mut out.values, self.signs.as_deref(), &mut out.active);
            out.sparse = true;
            return;
        }
        if let Some(function) = self.activation.pointwise() {
            let slopes = slopes.then_some(&mut out.slopes);
            engine.activate(function, self.signs.as_deref(), &mut out.values, slopes);
            self.list_active(engine, out);
            return;
        }
        if slopes {
            out.slopes.reset(out.values.examples(), out.values.width());
        }
        if self.activation != Activation::Identity || self.signs.is_some() || slopes {
            for example in 0..out.values.examples() {
                let row = out.values.row_mut(example);
                for (unit, h) in row.iter_mut().enumerate() {
                    let sign = self.signs.as_ref().map_or(1.0, |signs| signs[unit]);
                    let (value, slope) = self.activation.value_and_slope(*h);
                    *h = sign * value;
                    if slopes {
                        out.slopes.row_mut(example)[unit] = sign * slope;
                    }
                }
            }
        }
        self.list_active(engine, out);
    }

    /// Lists what is not zero, if the activation gives zeros.
    fn list_active(&self, engine: &mut Engine, out: &mut Activations) {
        out.sparse = self.activation.gives_zeros();
        if out.sparse {
            engine.extract(&out.values, &mut out.active);
        }
    }

    /// Turns the errors of this layer's outputs, in `errors`, into errors of its pre-activations.
    /// `penalty` is λ w/B of each example.
    pub(crate) fn backward(
        &self,
        engine: &mut Engine,
        out: &Activations,
        penalty: impl Fn(usize) -> f32 + Sync,
        errors: &mut DenseBatch,
    ) {
        if out.rectified {
            engine.rectified_errors(&out.values, self.signs.as_deref(), out.scale, penalty, errors);
        } else {
            engine.slope_errors(&out.values, &out.slopes, penalty, errors);
        }
    }
}

/// What a layer sends on for a batch, with the buffers that training needs; reused from batch to
/// batch.
#[derive(Clone, Debug)]
pub struct Activations {
    /// examples × units, after activation, sign and dropout.
    values: DenseBatch,
    /// The non-zeros of `values`, if `sparse`.
    active: ActiveBatch,
    sparse: bool,
    rectified: bool,
    /// ∂h/∂z, unless the layer is rectified: then it follows from `active`.
    slopes: DenseBatch,
    /// What dropout multiplied the kept values by.
    scale: f32,
}

impl Default for Activations {
    fn default() -> Self {
        Self {
            values: DenseBatch::default(),
            active: ActiveBatch::new(0),
            sparse: false,
            rectified: false,
            slopes: DenseBatch::default(),
            scale: 1.0,
        }
    }
}

impl Activations {
    /// The values, examples × units.
    pub fn dense(&self) -> &DenseBatch {
        &self.values
    }

    /// The values in the form in which a product of them is fastest.
    pub fn inputs(&self, product: Product) -> Inputs<'_> {
        if self.sparse && !prefer_dense(product, self.values.examples(), self.active.density()) {
            Inputs::Active(&self.active)
        } else {
            Inputs::Dense(&self.values)
        }
    }

    /// The active values, where the layer has true zeros.
    pub fn active(&self) -> Option<&ActiveBatch> {
        self.sparse.then_some(&self.active)
    }

    pub(crate) fn dense_mut(&mut self) -> &mut DenseBatch {
        &mut self.values
    }

    /// Drops each unit with probability `rate`, and scales the others by 1 / (1 − rate). Units that
    /// are zero anyway draw no random number.
    pub(crate) fn drop_out(&mut self, rate: f32, mut stream: Stream) {
        if rate <= 0.0 {
            return;
        }
        let scale = (1.0 - rate).recip();
        if self.sparse {
            self.scale = scale;
            let (values, slopes, rectified) = (&mut self.values, &mut self.slopes, self.rectified);
            self.active.retain(|example, unit, value| {
                let unit = unit as usize;
                let kept = stream.uniform() >= rate;
                *value *= scale;
                values.row_mut(example)[unit] = if kept { *value } else { 0.0 };
                if !rectified {
                    slopes.row_mut(example)[unit] *= if kept { scale } else { 0.0 };
                }
                kept
            });
        } else {
            for example in 0..self.values.examples() {
                let slopes = self.slopes.row_mut(example);
                for (value, slope) in self.values.row_mut(example).iter_mut().zip(slopes) {
                    let factor = if stream.uniform() >= rate { scale } else { 0.0 };
                    *value *= factor;
                    *slope *= factor;
                }
            }
        }
    }
}

/// Drops each input of a batch with probability `rate`, and scales the others by 1 / (1 − rate).
pub(crate) fn drop_inputs(inputs: &mut Batch, rate: f32, mut stream: Stream) {
    if rate <= 0.0 {
        return;
    }
    let scale = (1.0 - rate).recip();
    match inputs {
        Batch::Active(batch) => batch.retain(|_, _, value| {
            *value *= scale;
            stream.uniform() >= rate
        }),
        Batch::Dense(batch) => {
            for example in 0..batch.examples() {
                for value in batch.row_mut(example) {
                    *value *= if stream.uniform() >= rate { scale } else { 0.0 };
                }
            }
        }
    }
}
