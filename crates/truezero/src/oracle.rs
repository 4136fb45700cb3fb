//! Numbers computed by PyTorch, kept in `tests/oracle` (its README tells what they are).

use std::collections::HashMap;

use safetensors::tensor::{Dtype, SafeTensors};
use truezero_sparse::DenseBatch;

/// How far a value may be from PyTorch's, relative to the largest of its tensor.
const TOLERANCE: f64 = 1e-4;

/// Tensors by name: shape and values.
pub(crate) struct Oracle(pub(crate) HashMap<String, (Vec<usize>, Vec<f64>)>);

impl Oracle {
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let file = SafeTensors::deserialize(bytes).unwrap();
        let tensors = file.tensors().into_iter().map(|(name, tensor)| {
            let data = tensor.data();
            let values = match tensor.dtype() {
                Dtype::F32 => each(data, |b| f64::from(f32::from_le_bytes(b))),
                Dtype::F64 => each(data, f64::from_le_bytes),
                Dtype::I64 => each(data, |b| i64::from_le_bytes(b) as f64),
                other => panic!("{name}: {other:?}"),
            };
            (name, (tensor.shape().to_vec(), values))
        });
        Self(tensors.collect())
    }

    pub(crate) fn f64(&self, name: &str) -> &[f64] {
        &self.0.get(name).unwrap_or_else(|| panic!("no tensor {name}")).1
    }

    pub(crate) fn f32(&self, name: &str) -> Vec<f32> {
        self.f64(name).iter().map(|&value| value as f32).collect()
    }

    pub(crate) fn rows(&self, name: &str) -> DenseBatch {
        DenseBatch::from_rows(self.0[name].0[1], &self.f32(name))
    }
}

fn each<const N: usize>(data: &[u8], value: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    data.chunks_exact(N).map(|bytes| value(bytes.try_into().unwrap())).collect()
}

/// Asserts that a tensor is PyTorch's, and if it is not tells how far it is off and where.
pub(crate) fn compare(name: &str, found: impl IntoIterator<Item = f64>, expected: &[f64]) {
    let found: Vec<f64> = found.into_iter().collect();
    assert_eq!(found.len(), expected.len(), "{name}");
    let largest = expected.iter().fold(1e-3_f64, |largest, value| largest.max(value.abs()));
    let off = |at: usize| (found[at] - expected[at]).abs() / largest;
    let worst = (0..found.len()).max_by(|&a, &b| off(a).total_cmp(&off(b))).unwrap();
    assert!(
        off(worst) < TOLERANCE,
        "{name}: value {worst} is {}, PyTorch has {} ({:.1e} of the largest)",
        found[worst],
        expected[worst],
        off(worst)
    );
}
