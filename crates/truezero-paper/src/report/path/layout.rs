//! Where everything in the picture of an active path stands. Signals run upwards: the image is at the bottom,
//! then the hidden layers, then the outputs. 400 wide, so that it is readable on a telephone.

use crate::result::ActivePath;

pub(super) const WIDTH: f64 = 400.0;
pub(super) const MARGIN: f64 = 14.0;
/// A line of words.
pub(super) const LINE: f64 = 16.0;
/// Between layers, for the edges.
const GAP: f64 = 56.0;
/// Of the highest bar.
pub(super) const BAR: f64 = 48.0;
/// A letter's width, about.
const LETTER: f64 = 6.8;
/// Longer names are cut.
pub(super) const LONGEST_NAME: usize = 16;
/// More classes than this have no room: the most probable ones are shown.
const CLASSES: usize = 12;
/// Up to this many units stand in one row.
const ONE_ROW: usize = 36;
/// Units do not grow beyond this.
const LARGEST_CELL: f64 = 18.0;
/// The image is at most this wide and this high.
const IMAGE: (f64, f64) = (224.0, 112.0);

/// A place.
pub(super) type Point = (f64, f64);

/// Units of a layer, row by row.
pub(super) struct Grid {
    pub(super) bottom: f64,
    pub(super) radius: f64,
    pub(super) units: Vec<Point>,
}

/// An output.
pub(super) struct Output {
    pub(super) class: usize,
    pub(super) x: f64,
}

pub(super) struct Layout {
    pub(super) outputs: Vec<Output>,
    /// Whether names of classes stand upright.
    pub(super) upright: bool,
    /// Where bars stand.
    pub(super) baseline: f64,
    /// Where edges to outputs end.
    pub(super) output_y: f64,
    /// Lowest hidden layer first, as in the result.
    pub(super) grids: Vec<Grid>,
    /// Left and top of the image, and the side of a pixel.
    pub(super) image: (f64, f64, f64),
    pub(super) image_rows: usize,
    pub(super) height: f64,
}

impl Layout {
    pub(super) fn new(path: &ActivePath) -> Self {
        let classes = most_probable(&path.outputs);
        let column = (WIDTH - 2.0 * MARGIN) / classes.len().max(1) as f64;
        let name = |class: &usize| path.classes.get(*class).map_or(0, |name| name.chars().count());
        let longest = classes.iter().map(name).max().unwrap_or(0).min(LONGEST_NAME) as f64 * LETTER;
        let upright = longest > column - 2.0;
        let baseline = MARGIN + 2.0 * LINE + BAR;
        let output_y = baseline + if upright { longest + 18.0 } else { LINE + 10.0 };

        let mut y = output_y + 6.0;
        let mut grids: Vec<Grid> = Vec::new();
        for units in path.layers.iter().rev() {
            let grid = grid(units.len(), y + GAP);
            y = grid.bottom + LINE;
            grids.push(grid);
        }
        grids.reverse();

        let across = path.pixels_across.max(1);
        let image_rows = path.pixels.len().div_ceil(across);
        let side = (IMAGE.0 / across as f64).min(IMAGE.1 / image_rows.max(1) as f64);
        let image = ((WIDTH - side * across as f64) / 2.0, y + GAP / 2.0, side);
        let height = if path.pixels.is_empty() {
            y + MARGIN
        } else {
            image.1 + side * image_rows as f64 + LINE + MARGIN
        };
        let outputs = classes
            .into_iter()
            .enumerate()
            .map(|(place, class)| Output { class, x: MARGIN + column * (place as f64 + 0.5) })
            .collect();
        Self { outputs, upright, baseline, output_y, grids, image, image_rows, height }
    }
}

/// The classes shown, in their own order.
fn most_probable(outputs: &[f64]) -> Vec<usize> {
    let mut classes: Vec<usize> = (0..outputs.len()).collect();
    let probability = |class: &usize| if outputs[*class].is_finite() { outputs[*class] } else { 0.0 };
    classes.sort_by(|a, b| probability(b).total_cmp(&probability(a)));
    classes.truncate(CLASSES);
    classes.sort_unstable();
    classes
}

fn grid(units: usize, top: f64) -> Grid {
    let room = WIDTH - 2.0 * MARGIN;
    let most = if units <= ONE_ROW { units } else { (ONE_ROW + 4).max((8.0 * units as f64).sqrt() as usize) };
    let rows = units.div_ceil(most.max(1));
    let columns = units.div_ceil(rows.max(1)).max(1);
    let cell = (room / columns as f64).min(LARGEST_CELL);
    let left = (WIDTH - cell * columns as f64) / 2.0;
    let place = |unit: usize| {
        (left + cell * ((unit % columns) as f64 + 0.5), top + cell * ((unit / columns) as f64 + 0.5))
    };
    Grid { bottom: top + cell * rows as f64, radius: cell * 0.4, units: (0..units).map(place).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_units_stand_within_the_picture_and_apart() {
        for count in [0, 1, 7, 36, 37, 100, 1000, 4000] {
            let grid = grid(count, 100.0);
            assert_eq!(grid.units.len(), count);
            for &(x, y) in &grid.units {
                assert!(x - grid.radius >= MARGIN && x + grid.radius <= WIDTH - MARGIN, "{count}: {x}");
                assert!(y - grid.radius >= 100.0 && y + grid.radius <= grid.bottom + 1e-9, "{count}: {y}");
            }
            for pair in grid.units.windows(2) {
                let apart = (pair[0].0 - pair[1].0).hypot(pair[0].1 - pair[1].1);
                assert!(apart >= 2.0 * grid.radius, "{count}");
            }
        }
    }

    #[test]
    fn the_most_probable_of_many_classes_are_shown_in_their_order() {
        let mut outputs = vec![0.001; 62];
        outputs[61] = 0.5;
        outputs[3] = 0.4;
        outputs[10] = f64::NAN;
        let classes = most_probable(&outputs);
        assert_eq!(classes.len(), CLASSES);
        assert!(classes.contains(&61) && classes.contains(&3) && !classes.contains(&10));
        assert!(classes.is_sorted());
    }
}
