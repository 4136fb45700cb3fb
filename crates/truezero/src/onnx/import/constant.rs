//! Constants of a graph: read when they are needed, and only then.

use std::rc::Rc;

use super::super::proto::{EXTERNAL, SparseTensorProto, TensorProto, data_type};
use super::data::Data;
use super::refusal::{Refusal, short};
use super::tensor::{self, Tensor, Values, product};

/// A tensor that the file holds or that was computed from some, or a view of it.
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
#[derive(Clone, Debug)]
enum Source<'a> {
    File(&'a TensorProto),
    Computed(Rc<Values>),
}

/// Names of classes, and whether they are text rather than numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Names {
    pub(super) values: Vec<String>,
    pub(super) text: bool,
}

impl Names {
    /// Of numbers.
    pub(super) fn of_integers(values: &[i64]) -> Self {
        Self { values: values.iter().map(ToString::to_string).collect(), text: false }
    }
}

impl<'a> Constant<'a> {
    pub(super) fn of_tensor(name: &'a str, tensor: &'a TensorProto) -> Result<Self, Refusal> {
        let dims = tensor::shape(&place(name), &tensor.dims)?;
        Ok(Self { name, source: Source::File(tensor), dims, transposed: false })
    }

    /// A tensor that was computed.
    pub(super) fn computed(name: &'a str, Tensor { dims, values }: Tensor) -> Self {
        Self { name, source: Source::Computed(Rc::new(values)), dims, transposed: false }
    }

    /// One number.
    pub(super) fn number(value: f64) -> Self {
        Self::computed("", Tensor { dims: Vec::new(), values: Values::Double(vec![value]) })
    }

    /// A tensor that is zero but at some places.
    pub(super) fn of_sparse(
        name: &'a str,
        sparse: &SparseTensorProto,
        data: &Data<'_>,
    ) -> Result<Self, Refusal> {
        let dims = tensor::shape(&place(name), &sparse.dims)?;
        let count = product(&dims).unwrap_or(0);
        let refuse = |expected: &str, found: &str| Refusal::new(place(name), expected, found);
        let (Some(values), Some(places)) = (&sparse.values, &sparse.indices) else {
            return Err(refuse("values and their places", "a sparse tensor without"));
        };
        let values = Constant::of_tensor(name, values)?.tensor(data)?.values;
        let places = Constant::of_tensor(name, places)?.tensor(data)?;
        data.take(&place(name), count)?;
        let indices = places.values.integers().ok_or_else(|| refuse("whole numbers as places", "others"))?;
        // Without a dimension there is one number a place, not none.
        let each = if places.dims.len() == 2 { dims.len().max(1) } else { 1 };
        if values.len().checked_mul(each) != Some(indices.len()) {
            return Err(refuse("a place for each value", "another number"));
        }
        let mut list = vec![0.0; count];
        let values = values.numbers().ok_or_else(|| refuse("numbers", "text"))?;
        for (value, index) in values.into_iter().zip(indices.chunks_exact(each)) {
            let inside =
                |(&index, &dim): (&i64, &usize)| usize::try_from(index).ok().filter(|&index| index < dim);
            let place = match index {
                [index] if each == 1 => usize::try_from(*index).ok(),
                _ => index.iter().zip(&dims).try_fold(0, |sum, pair| Some(sum * pair.1 + inside(pair)?)),
            };
            let slot = place.and_then(|place| list.get_mut(place));
            *slot.ok_or_else(|| refuse("places within the tensor", "one outside"))? = value as f32;
        }
        Ok(Self::computed(name, Tensor { dims, values: Values::Single(list) }))
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

    /// All values, row after row.
    pub(super) fn tensor(&self, data: &Data<'_>) -> Result<Tensor, Refusal> {
        let values = match &self.source {
            Source::Computed(values) => {
                data.take(&self.place(), self.len())?;
                (**values).clone()
            }
            Source::File(tensor) => self.decoded(tensor, data)?,
        };
        let dims = self.dims.clone();
        let [rows, columns] = self.dims[..] else { return Ok(Tensor { dims, values }) };
        if !self.transposed {
            return Ok(Tensor { dims, values });
        }
        let turned = |row: usize| (0..columns).map(move |column| column * rows + row);
        let places: Vec<usize> = (0..rows).flat_map(turned).collect();
        Ok(Tensor { dims, values: values.pick(&places) })
    }

    fn decoded(&self, tensor: &TensorProto, data: &Data<'_>) -> Result<Values, Refusal> {
        let width = tensor::width(tensor.data_type);
        if width.is_none() && tensor.data_type != data_type::STRING {
            let known = "FLOAT, DOUBLE, FLOAT16, BFLOAT16, BOOL, STRING, or whole numbers of 8 bits or more";
            return Err(Refusal::new(self.place(), known, data_type::name(tensor.data_type)));
        }
        let raw = &tensor.raw_data;
        // How many there are is known before any of them is read.
        let found = match (width, tensor.data_location == EXTERNAL) {
            (Some(width), true) => self.len().checked_mul(width).map_or(0, |_| self.len()),
            (Some(width), false) if !raw.is_empty() => raw.len() / width,
            _ => tensor::fields_len(tensor),
        };
        if found != self.len() || width.is_some_and(|width| !raw.len().is_multiple_of(width)) {
            let expected = format!("data for the shape {:?}", self.dims);
            return Err(Refusal::new(self.place(), expected, format!("{found} values")));
        }
        let external = match width {
            Some(width) if tensor.data_location == EXTERNAL => {
                Some(data.read(&self.place(), tensor, found * width)?)
            }
            _ => None,
        };
        data.take(&self.place(), found)?;
        let values = match (width, &external) {
            (_, Some(bytes)) => tensor::of_bytes(tensor.data_type, bytes),
            (Some(_), None) if !raw.is_empty() => tensor::of_bytes(tensor.data_type, raw),
            _ => tensor::of_fields(tensor),
        };
        values.ok_or_else(|| Refusal::new(self.place(), "values of its type", "others"))
    }

    /// All values as finite numbers.
    pub(super) fn doubles(&self, data: &Data<'_>) -> Result<Vec<f64>, Refusal> {
        let values = self.tensor(data)?.values;
        let kind = values.kind();
        let numbers = values.numbers().ok_or_else(|| Refusal::new(self.place(), "numbers", kind))?;
        match numbers.iter().find(|value| !value.is_finite()) {
            Some(value) => Err(self.infinite(*value)),
            None => Ok(numbers),
        }
    }

    /// All values as finite numbers of 32 bits.
    pub(super) fn floats(&self, data: &Data<'_>) -> Result<Vec<f32>, Refusal> {
        let values = match self.tensor(data)?.values {
            Values::Single(values) => values,
            values => {
                let kind = values.kind();
                let numbers = values.numbers().ok_or_else(|| Refusal::new(self.place(), "numbers", kind))?;
                numbers.into_iter().map(|value| value as f32).collect()
            }
        };
        match values.iter().find(|value| !value.is_finite()) {
            Some(&value) => Err(self.infinite(value.into())),
            None => Ok(values),
        }
    }

    /// The one number that this is, if it is one.
    pub(super) fn as_number(&self, data: &Data<'_>) -> Option<f64> {
        (self.len() == 1).then(|| self.doubles(data).ok()?.first().copied())?
    }

    /// The values as names of classes, if that is what they are.
    pub(super) fn names(&self, data: &Data<'_>) -> Option<Names> {
        Some(match self.tensor(data).ok()?.values {
            Values::Text(values) => Names { values, text: true },
            values => Names::of_integers(&values.integers()?),
        })
    }

    fn infinite(&self, value: f64) -> Refusal {
        Refusal::new(self.place(), "finite numbers", value.to_string())
    }
}

fn place(name: &str) -> String {
    format!("tensor {:?}", short(name))
}
