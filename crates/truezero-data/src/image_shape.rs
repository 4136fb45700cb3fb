//! The shape of images, and images made grey or coloured as those that a model was trained on.

use std::fmt;

use truezero_sparse::Batch;

use crate::budget::Budget;
use crate::formats::MatrixBuilder;
use crate::source::entries::count;
use crate::{DataError, Features, Notice, Notices, Raw};

/// The shape of each image; its pixels are stored row by row, channels innermost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageShape {
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
    /// Values per pixel: 1 or 3.
    pub channels: usize,
}

impl fmt::Display for ImageShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { height, width, channels } = self;
        let colours = if *channels == 1 { "grey" } else { "RGB" };
        write!(f, "{height} × {width} {colours} images")
    }
}

impl ImageShape {
    /// Number of values of an image.
    pub(crate) fn values(self) -> Option<usize> {
        self.height.checked_mul(self.width)?.checked_mul(self.channels)
    }

    /// Whether two images differ in their channels at most.
    pub(crate) fn same_size(self, other: Self) -> bool {
        (self.height, self.width) == (other.height, other.width)
    }
}

/// The brightness of a colour: that of the red, green and blue of standard RGB, by ITU-R BT.709. It is exact for a grey in
/// whole numbers.
pub(crate) fn brightness(colour: &[f64]) -> f64 {
    (2126.0 * colour[0] + 7152.0 * colour[1] + 722.0 * colour[2]) / 10_000.0
}

/// Images as those that are expected, if these are known: grey ones of those in colour and the other way round, which is
/// told. `name` is what errors call them.
///
/// # Errors
/// If they are of another size.
pub(crate) fn like(
    raw: Raw,
    expected: Option<ImageShape>,
    name: &str,
    notices: &Notices,
) -> Result<Raw, DataError> {
    let (Some(found), Some(expected)) = (raw.image, expected) else { return Ok(raw) };
    if found == expected {
        return Ok(raw);
    }
    if !found.same_size(expected) || found.channels == expected.channels {
        return Err(DataError::unsuitable(name, expected.to_string(), found.to_string()));
    }
    let to = if expected.channels == 1 { "grey" } else { "colour" };
    let message = format!("{} made {to}, as the expected ones are", count(raw.examples(), "image"));
    notices.tell(Notice::new(name, message));
    let features = recoloured(&raw.features, expected.channels)?;
    Ok(Raw { features, image: Some(expected), ..raw })
}

/// Pixels with one channel instead of three, or three instead of one.
fn recoloured(features: &Features, channels: usize) -> Result<Features, DataError> {
    let (examples, width, dense) = match features {
        Features::Matrix(batch) => (batch.examples(), batch.width(), matches!(batch, Batch::Dense(_))),
        Features::Wide(batch) => (batch.examples(), batch.width(), batch.is_dense()),
        Features::Table(_) => return Err(DataError::unsuitable("images", "a matrix of pixels", "a table")),
    };
    let to = if channels == 1 { width / 3 } else { width.saturating_mul(3) };
    let mut matrix = MatrixBuilder::new(&Budget::unlimited("images"), examples, to)?;
    let (mut pixels, mut row) = (vec![0.0; width], Vec::with_capacity(to));
    for example in 0..examples {
        pixels.fill(0.0);
        match features {
            Features::Matrix(Batch::Dense(batch)) => {
                pixels.iter_mut().zip(batch.row(example)).for_each(|(to, &from)| *to = f64::from(from));
            }
            Features::Matrix(Batch::Active(batch)) => {
                let (columns, values) = batch.example(example);
                let values = columns.iter().zip(values);
                values.for_each(|(&column, &value)| pixels[column as usize] = f64::from(value));
            }
            Features::Wide(batch) => batch.each(example, |column, value| pixels[column] = value),
            Features::Table(_) => {}
        }
        row.clear();
        if channels == 1 {
            // In 32 bits, as pixels are wherever they come from.
            row.extend(pixels.chunks_exact(3).map(|colour| f64::from(brightness(colour) as f32)));
        } else {
            row.extend(pixels.iter().flat_map(|&grey| [grey; 3]));
        }
        matrix.push_wide(&row)?;
    }
    Ok(matrix.finish().in_form(dense))
}

#[cfg(test)]
mod tests {
    use truezero_sparse::DenseBatch;

    use super::*;
    fn images(channels: usize, pixels: &[f32]) -> Raw {
        let image = Some(ImageShape { height: 1, width: 2, channels });
        let batch = Batch::Dense(DenseBatch::from_rows(2 * channels, pixels));
        Raw { features: Features::Matrix(batch), target: None, image }
    }

    #[test]
    fn colour_becomes_grey_and_grey_colour() {
        let (grey, colour) = (images(1, &[7.0, 0.0]), images(3, &[7.0, 7.0, 7.0, 0.0, 0.0, 0.0]));
        let pixels = |raw: Raw| match raw.features {
            Features::Matrix(batch) => batch.into_dense(),
            other => panic!("{other:?}"),
        };
        for active in [false, true] {
            for (from, to) in [(&grey, &colour), (&colour, &grey)] {
                let notices = Notices::default();
                let from = Raw { features: from.features.clone().in_form(!active), ..from.clone() };
                let made = like(from, to.image, "a.npy", &notices).unwrap();
                assert_eq!(made.image, to.image);
                assert_eq!(pixels(made), pixels(to.clone()));
                assert!(notices.all()[0].message.starts_with("1 image made "));
            }
        }
        let red = like(images(3, &[100.0, 0.0, 0.0, 0.0, 0.0, 0.0]), grey.image, "a", &Notices::default());
        assert_eq!(pixels(red.unwrap()), Batch::Dense(DenseBatch::from_rows(2, &[21.26, 0.0])));
    }

    #[test]
    fn other_sizes_are_refused_in_terms_of_images() {
        let square = Some(ImageShape { height: 28, width: 28, channels: 1 });
        let error = like(images(3, &[0.0; 6]), square, "a.npy", &Notices::default()).unwrap_err();
        assert_eq!(error.to_string(), "a.npy: expected 28 × 28 grey images, found 1 × 2 RGB images");
    }
}
