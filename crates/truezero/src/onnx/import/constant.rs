//! Constants of a graph: read when they are needed, and only then.

use super::super::proto::{EXTERNAL, TensorProto, data_type};
use super::data::Data;
use super::refusal::{Refusal, short};

/// Dimensions that a shape has at most.
pub(super) const MAX_RANK: usize = 8;

/// A tensor that the file holds, or a view of it.
#[derive(Clone, Debug)]
pub(super) struct Constant<'a> {
    name: &'a str,
    source: Source<'a>,
    /// Its shape as a view.
    dims: Vec<usize>,
    /// Whether rows and columns are exchanged in the view.
    transposed: bool,
}

/// Where the values are.
#[derive(Clone, Copy, Debug)]
enum Source<'a> {
    Tensor(&'a TensorProto),
    Floats(&'a [f32]),
    Integers(&'a [i64]),
}

impl<'a> Constant<'a> {
    pub(super) fn of_tensor(name: &'a str, tensor: &'a TensorProto) -> Result<Self, Refusal> {
        if tensor.dims.len() > MAX_RANK {
            let found = tensor.dims.len().to_string();
            return Err(Refusal::new(place(name), format!("at most {MAX_RANK} dimensions"), found));
        }
        let dims: Option<Vec<usize>> = tensor.dims.iter().map(|&dim| usize::try_from(dim).ok()).collect();
        let dims = dims
            .filter(|dims| product(dims).is_some())
            .ok_or_else(|| Refusal::new(place(name), "a shape that can be", format!("{:?}", tensor.dims)))?;
        Ok(Self { name, source: Source::Tensor(tensor), dims, transposed: false })
    }

    /// A list of numbers, or one number if it is alone and not a list.
    pub(super) fn of_floats(name: &'a str, values: &'a [f32], list: bool) -> Self {
        let dims = if list { vec![values.len()] } else { Vec::new() };
        Self { name, source: Source::Floats(values), dims, transposed: false }
    }

    /// As [`of_floats`](Self::of_floats).
    pub(super) fn of_integers(name: &'a str, values: &'a [i64], list: bool) -> Self {
        let dims = if list { vec![values.len()] } else { Vec::new() };
        Self { name, source: Source::Integers(values), dims, transposed: false }
    }

    pub(super) fn dims(&self) -> &[usize] {
        &self.dims
    }

    /// Number of values.
    pub(super) fn len(&self) -> usize {
        product(&self.dims).unwrap_or(0)
    }

    fn place(&self) -> String {
        place(self.name)
    }

    /// With rows and columns exchanged.
    pub(super) fn transpose(mut self) -> Result<Self, Refusal> {
        match self.dims[..] {
            [_, _] => {
                self.dims.swap(0, 1);
                self.transposed = !self.transposed;
                Ok(self)
            }
            _ => Err(Refusal::new(self.place(), "a matrix", format!("the shape {:?}", self.dims))),
        }
    }

    /// The same values in another shape.
    pub(super) fn reshape(mut self, dims: Vec<usize>) -> Result<Self, Refusal> {
        if self.transposed || product(&dims) != Some(self.len()) {
            let expected = format!("{} values in their order", self.len());
            return Err(Refusal::new(self.place(), expected, format!("the shape {dims:?}")));
        }
        self.dims = dims;
        Ok(self)
    }

    /// All values, row after row, rounded to 32 bits.
    pub(super) fn floats(&self, data: &Data<'_>) -> Result<Vec<f32>, Refusal> {
        self.values(data, |value| value, |value| value as f32)
    }

    /// All values, row after row, in 64 bits.
    pub(super) fn doubles(&self, data: &Data<'_>) -> Result<Vec<f64>, Refusal> {
        self.values(data, f64::from, |value| value)
    }

    fn values<T: Copy + Into<f64>>(
        &self,
        data: &Data<'_>,
        single: fn(f32) -> T,
        double: fn(f64) -> T,
    ) -> Result<Vec<T>, Refusal> {
        let values = match self.source {
            Source::Floats(values) => {
                data.take(&self.place(), values.len())?;
                values.iter().copied().map(single).collect()
            }
            Source::Integers(_) => return Err(self.no_floats(data_type::INT64)),
            Source::Tensor(tensor) => self.tensor_values(tensor, data, single, double)?,
        };
        if values.len() != self.len() {
            return Err(self.wrong_count(values.len()));
        }
        if let Some(value) = values.iter().map(|&value| value.into()).find(|value| !value.is_finite()) {
            return Err(Refusal::new(self.place(), "finite numbers", value.to_string()));
        }
        let [rows, columns] = self.dims[..] else { return Ok(values) };
        if !self.transposed {
            return Ok(values);
        }
        let mut turned = Vec::with_capacity(values.len());
        for row in 0..rows {
            turned.extend((0..columns).map(|column| values[column * rows + row]));
        }
        Ok(turned)
    }

    fn tensor_values<T>(
        &self,
        tensor: &TensorProto,
        data: &Data<'_>,
        single: fn(f32) -> T,
        double: fn(f64) -> T,
    ) -> Result<Vec<T>, Refusal> {
        let (width, own) = match tensor.data_type {
            data_type::FLOAT => (size_of::<f32>(), tensor.float_data.len()),
            data_type::DOUBLE => (size_of::<f64>(), tensor.double_data.len()),
            other => return Err(self.no_floats(other)),
        };
        let external;
        let bytes: &[u8] = if tensor.data_location == EXTERNAL {
            let bytes = self.len().checked_mul(width).ok_or_else(|| self.wrong_count(0))?;
            external = data.read(&self.place(), tensor, bytes)?;
            &external
        } else if tensor.raw_data.is_empty() {
            if own != self.len() {
                return Err(self.wrong_count(own));
            }
            data.take(&self.place(), own)?;
            return Ok(match tensor.data_type {
                data_type::FLOAT => tensor.float_data.iter().copied().map(single).collect(),
                _ => tensor.double_data.iter().copied().map(double).collect(),
            });
        } else {
            data.take(&self.place(), tensor.raw_data.len() / width)?;
            &tensor.raw_data
        };
        if !bytes.len().is_multiple_of(width) || bytes.len() / width != self.len() {
            return Err(self.wrong_count(bytes.len() / width));
        }
        Ok(if width == size_of::<f32>() {
            bytes.as_chunks().0.iter().map(|&bytes| single(f32::from_le_bytes(bytes))).collect()
        } else {
            bytes.as_chunks().0.iter().map(|&bytes| double(f64::from_le_bytes(bytes))).collect()
        })
    }

    /// The values of a shape.
    pub(super) fn shape(&self) -> Result<Vec<i64>, Refusal> {
        if self.len() > MAX_RANK {
            let expected = format!("a shape of at most {MAX_RANK} dimensions");
            return Err(Refusal::new(self.place(), expected, self.len().to_string()));
        }
        self.integers()
    }

    fn integers(&self) -> Result<Vec<i64>, Refusal> {
        let values: Vec<i64> = match self.source {
            Source::Integers(values) => values.to_vec(),
            Source::Tensor(tensor) if tensor.data_location != EXTERNAL => {
                let raw = &tensor.raw_data;
                match (tensor.data_type, raw.is_empty()) {
                    (data_type::INT64, true) => tensor.int64_data.clone(),
                    (data_type::INT32, true) => tensor.int32_data.iter().map(|&value| value.into()).collect(),
                    (data_type::INT64, false) => {
                        raw.as_chunks().0.iter().map(|&bytes| i64::from_le_bytes(bytes)).collect()
                    }
                    (data_type::INT32, false) => {
                        raw.as_chunks().0.iter().map(|&bytes| i32::from_le_bytes(bytes).into()).collect()
                    }
                    (other, _) => return Err(self.no_integers(&data_type::name(other))),
                }
            }
            Source::Tensor(_) => return Err(self.no_integers("data in another file")),
            Source::Floats(_) => return Err(self.no_integers("FLOAT")),
        };
        if values.len() == self.len() { Ok(values) } else { Err(self.wrong_count(values.len())) }
    }

    /// The values as names of classes, if that is what they are.
    pub(super) fn names(&self) -> Option<Vec<String>> {
        match self.source {
            Source::Tensor(tensor) if tensor.data_type == data_type::STRING => {
                let name = |bytes: &prost::bytes::Bytes| String::from_utf8(bytes.to_vec()).ok();
                tensor.string_data.iter().map(name).collect()
            }
            _ => Some(self.integers().ok()?.iter().map(ToString::to_string).collect()),
        }
    }

    /// Whether this is a truth value, and false.
    pub(super) fn is_false(&self) -> bool {
        let Source::Tensor(tensor) = self.source else { return false };
        let zeros =
            tensor.raw_data.iter().all(|&byte| byte == 0) && tensor.int32_data.iter().all(|&bit| bit == 0);
        tensor.data_type == data_type::BOOL && tensor.data_location != EXTERNAL && zeros
    }

    fn wrong_count(&self, found: usize) -> Refusal {
        let expected = format!("data for the shape {:?}", self.dims);
        Refusal::new(self.place(), expected, format!("{found} values"))
    }

    fn no_floats(&self, data_type: i32) -> Refusal {
        Refusal::new(self.place(), "FLOAT or DOUBLE", data_type::name(data_type))
    }

    fn no_integers(&self, found: &str) -> Refusal {
        Refusal::new(self.place(), "INT64 or INT32 in the file", found)
    }
}

fn place(name: &str) -> String {
    format!("tensor {:?}", short(name))
}

/// The number of values of a shape, if there can be so many.
pub(super) fn product(dims: &[usize]) -> Option<usize> {
    dims.iter().try_fold(1usize, |product, &dim| product.checked_mul(dim))
}
