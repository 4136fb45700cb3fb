//! The way back: from codes to what they are the codes of.

use truezero_sparse::{DenseBatch, Engine, Inputs, PackedWeights, Pointwise};

use super::reconstruction::{Reconstruction, Target};

/// The decoder that a layer was pre-trained with: x = (r(h Dᵀ + c)) / scale.
#[derive(Clone, Debug)]
pub struct Decoder {
    /// D, inputs × units.
    pub weights: PackedWeights,
    /// c, one for each input.
    pub bias: Vec<f32>,
    /// What becomes of h Dᵀ + c.
    pub form: DecoderForm,
}

/// How reconstructions become inputs.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecoderForm {
    /// r.
    pub(super) reconstruction: Reconstruction,
    /// What is reconstructed of an input.
    pub(super) target: Target,
    /// What inputs were multiplied by.
    pub(super) scale: f32,
}

impl Decoder {
    /// Units of the layer whose codes it takes.
    pub fn units(&self) -> usize {
        self.weights.outputs()
    }

    /// What it reconstructs.
    pub fn inputs(&self) -> usize {
        self.weights.inputs()
    }

    /// The inputs that codes stand for, examples × inputs. Where units below have signs, their magnitudes.
    ///
    /// # Panics
    /// If the codes are not as wide as there are units.
    pub fn decode(&self, engine: &mut Engine, codes: &DenseBatch) -> DenseBatch {
        // Of the inputs only the shape matters.
        let shape = DenseBatch::zeros(codes.examples(), self.inputs());
        let mut decoded = DenseBatch::default();
        engine.backward(Inputs::Dense(&shape), &self.weights, codes, &mut decoded);
        for example in 0..decoded.examples() {
            decoded.row_mut(example).iter_mut().zip(&self.bias).for_each(|(a, c)| *a += c);
        }
        let DecoderForm { reconstruction, target, scale } = self.form;
        match reconstruction {
            Reconstruction::Softplus => {
                engine.activate(Pointwise::Softplus { alpha: 1.0 }, None, &mut decoded, None);
            }
            Reconstruction::CrossEntropy => engine.activate(Pointwise::Logistic, None, &mut decoded, None),
            Reconstruction::Linear | Reconstruction::Rectifier => {}
        }
        let (half, rectifies) = (target == Target::Half, reconstruction == Reconstruction::Rectifier);
        for example in 0..decoded.examples() {
            for x in decoded.row_mut(example) {
                let r = if rectifies { x.max(0.0) } else { *x };
                *x = if half { 2.0 * r - 1.0 } else { r / scale };
            }
        }
        decoded
    }
}
