//! Numbers of `results.json` that are not finite. JSON has no NaN, so it is written as null; here null is read
//! as NaN again, and a run that diverged can be read back. Infinity comes back as NaN too.

use serde::{Deserialize, Deserializer};

/// Reads null as NaN.
pub(crate) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Option::deserialize(from).map(or_nan)
}

/// Reads null as NaN in a list.
pub(crate) fn numbers<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f64>, D::Error> {
    Vec::<Option<f64>>::deserialize(from).map(|list| list.into_iter().map(or_nan).collect())
}

/// Reads null as NaN in lists of a list.
pub(crate) fn lists<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Vec<f64>>, D::Error> {
    let lists = Vec::<Vec<Option<f64>>>::deserialize(from)?;
    Ok(lists.into_iter().map(|list| list.into_iter().map(or_nan).collect()).collect())
}

/// Reads null as NaN in a list of points.
pub(crate) fn points<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<[f64; 2]>, D::Error> {
    Vec::<[Option<f64>; 2]>::deserialize(from).map(|list| list.into_iter().map(|at| at.map(or_nan)).collect())
}

/// Reads null as NaN in a range.
pub(crate) fn range<'de, D: Deserializer<'de>>(from: D) -> Result<Option<[f64; 2]>, D::Error> {
    Option::<[Option<f64>; 2]>::deserialize(from).map(|range| range.map(|ends| ends.map(or_nan)))
}

fn or_nan(number: Option<f64>) -> f64 {
    number.unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use crate::result::{Axis, Series};

    #[test]
    fn what_is_not_finite_is_read_back_as_nan() {
        let written = Series {
            name: "diverged".into(),
            points: vec![[0.0, 1.0], [1.0, f64::NAN], [2.0, f64::INFINITY]],
            errors: vec![0.5, f64::NAN, 0.25],
            ..Series::default()
        };
        let read: Series = serde_json::from_str(&serde_json::to_string(&written).unwrap()).unwrap();
        assert_eq!(read.points[0], [0.0, 1.0]);
        assert!(read.points[1][1].is_nan() && read.points[2][1].is_nan());
        assert_eq!((read.errors[0], read.errors[2]), (0.5, 0.25));
        assert!(read.errors[1].is_nan());
    }

    #[test]
    fn a_field_left_out_is_still_left_out() {
        let axis: Axis = serde_json::from_str(r#"{"label": "test error, %"}"#).unwrap();
        assert_eq!(axis, Axis::new("test error, %"));
        let axis: Axis = serde_json::from_str(r#"{"label": "", "range": [0, null]}"#).unwrap();
        assert!(axis.range.is_some_and(|[from, to]| from == 0.0 && to.is_nan()));
    }
}
