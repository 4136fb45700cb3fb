//! x → x · scale + shift, value by value.

/// Each of one value for all, or of one for each.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Affine {
    scale: Vec<f64>,
    shift: Vec<f64>,
}

/// Shapes that do not fit each other.
#[derive(Debug, PartialEq)]
pub(super) struct Mismatch;

impl Affine {
    /// x itself.
    pub(super) fn identity() -> Self {
        Self { scale: vec![1.0], shift: vec![0.0] }
    }

    pub(super) fn is_identity(&self) -> bool {
        self.scale.iter().all(|&scale| scale == 1.0) && self.shift.iter().all(|&shift| shift == 0.0)
    }

    /// Whether larger stays larger, and nothing is infinite.
    pub(super) fn ascends(&self) -> bool {
        self.scale.iter().all(|&scale| scale.is_finite() && scale > 0.0)
            && self.shift.iter().all(|shift| shift.is_finite())
    }

    /// The scale, if it is all that there is, and the same for all.
    pub(super) fn uniform_scale(&self) -> Option<f64> {
        let first = *self.scale.first()?;
        let uniform = self.scale.iter().all(|&scale| scale == first);
        (uniform && self.shift.iter().all(|&shift| shift == 0.0)).then_some(first)
    }

    /// … · scale
    pub(super) fn uniform(scale: f64) -> Self {
        Self { scale: vec![scale], shift: vec![0.0] }
    }

    /// Number of values that are kept.
    pub(super) fn len(&self) -> usize {
        self.scale.len().max(self.shift.len())
    }

    pub(super) fn fits(&self, width: usize) -> bool {
        [&self.scale, &self.shift].iter().all(|values| values.len() == 1 || values.len() == width)
    }

    /// Scale and shift of value `index`.
    pub(super) fn at(&self, index: usize) -> (f64, f64) {
        let of = |values: &[f64]| if values.len() == 1 { values[0] } else { values[index] };
        (of(&self.scale), of(&self.shift))
    }

    /// Of the values at these places.
    pub(super) fn select(&mut self, places: &[usize]) {
        for values in [&mut self.scale, &mut self.shift] {
            if values.len() > 1 {
                *values = places.iter().map(|&place| values[place]).collect();
            }
        }
    }

    /// … + factor · by
    pub(super) fn add(&mut self, by: &[f64], factor: f64) -> Result<(), Mismatch> {
        combine(&mut self.shift, by, |shift, by| shift + factor * by)
    }

    /// … · by
    pub(super) fn multiply(&mut self, by: &[f64]) -> Result<(), Mismatch> {
        combine(&mut self.scale, by, |scale, by| scale * by)?;
        combine(&mut self.shift, by, |shift, by| shift * by)
    }

    /// … / by
    pub(super) fn divide(&mut self, by: &[f64]) -> Result<(), Mismatch> {
        combine(&mut self.scale, by, |scale, by| scale / by)?;
        combine(&mut self.shift, by, |shift, by| shift / by)
    }
}

fn combine(values: &mut Vec<f64>, by: &[f64], f: impl Fn(f64, f64) -> f64) -> Result<(), Mismatch> {
    if values.len() == 1 && by.len() > 1 {
        values.resize(by.len(), values[0]);
    }
    if by.is_empty() || (by.len() > 1 && by.len() != values.len()) {
        return Err(Mismatch);
    }
    for (index, value) in values.iter_mut().enumerate() {
        *value = f(*value, if by.len() == 1 { by[0] } else { by[index] });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_after_the_other() {
        let mut affine = Affine::identity();
        affine.add(&[1.0, 2.0], -1.0).unwrap();
        affine.divide(&[4.0]).unwrap();
        assert_eq!([affine.at(0), affine.at(1)], [(0.25, -0.25), (0.25, -0.5)]);
        assert!(affine.ascends() && affine.fits(2) && !affine.fits(3));
        affine.select(&[1, 1, 0]);
        assert_eq!([affine.at(0), affine.at(2)], [(0.25, -0.5), (0.25, -0.25)]);
        affine.select(&[0, 2]);
        assert_eq!(affine.multiply(&[1.0, 2.0, 3.0]), Err(Mismatch));
        let mut there_and_back = Affine::uniform(3.0);
        there_and_back.divide(&[3.0]).unwrap();
        assert!(there_and_back.is_identity());
    }
}
