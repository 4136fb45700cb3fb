//! A smooth curve through scattered points: at each place a line is fitted to the points, weighted by a normal
//! kernel of their distance (local linear regression; Fan 1992).

/// The curve at the place of each point. Points farther away than some `width`s do not count, so that a few
/// far off cannot bend it.
pub(super) fn smooth(points: &[[f64; 2]], width: f64) -> Vec<[f64; 2]> {
    points.iter().map(|&[x, _]| [x, fitted(points, x, width)]).collect()
}

fn fitted(points: &[[f64; 2]], x: f64, width: f64) -> f64 {
    let [mut w, mut wx, mut wy, mut wxx, mut wxy] = [0.0; 5];
    for &[px, y] in points {
        let offset = (px - x) / width;
        let weight = (-0.5 * offset * offset).exp();
        w += weight;
        wx += weight * offset;
        wy += weight * y;
        wxx += weight * offset * offset;
        wxy += weight * offset * y;
    }
    // The height of the line at offset 0; where all points that count are at one place, their mean.
    let spread = w * wxx - wx * wx;
    if spread <= f64::EPSILON * w * w { wy / w } else { (wxx * wy - wx * wxy) / spread }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_its_own_curve() {
        let line: Vec<[f64; 2]> = [0.0, 0.5, 0.6, 2.0, 5.0].map(|x| [x, 3.0 - 2.0 * x]).to_vec();
        for (found, expected) in smooth(&line, 1.0).iter().zip(&line) {
            assert!((found[1] - expected[1]).abs() < 1e-9, "{found:?} {expected:?}");
        }
    }

    #[test]
    fn noise_is_averaged_and_a_rise_is_kept() {
        let points: Vec<[f64; 2]> = (0..60)
            .map(|at| {
                let x = f64::from(at);
                [x, if at % 2 == 0 { 1.0 } else { -1.0 } + (x - 40.0).max(0.0)]
            })
            .collect();
        let curve = smooth(&points, 4.0);
        assert!(curve[..35].iter().all(|point| point[1].abs() < 0.5), "{curve:?}");
        assert!((curve[57][1] - 17.0).abs() < 1.0, "{curve:?}");
    }

    #[test]
    fn a_point_far_off_changes_nothing() {
        let curve = smooth(&[[0.0, 1.0], [1.0, 1.0], [2.0, 1.0], [30.0, 50.0]], 1.0);
        assert!(curve[..3].iter().all(|point| (point[1] - 1.0).abs() < 1e-9), "{curve:?}");
        assert_eq!(curve[3], [30.0, 50.0]);
        assert_eq!(smooth(&[[1.0, 2.0], [1.0, 4.0]], 1.0), [[1.0, 3.0]; 2]);
    }
}
