//! A smooth curve through scattered points: LOWESS (Cleveland 1979) without its robustness steps.

/// The value of the curve at each point, points in rising order of x: of a line fitted to the nearest
/// `share` of all points, those weighted by (1 − (distance / farthest)³)³.
///
/// # Panics
/// If the points do not rise in x.
pub(super) fn lowess(points: &[[f64; 2]], share: f64) -> Vec<[f64; 2]> {
    assert!(points.is_sorted_by(|a, b| a[0] <= b[0]), "points in order");
    let near = ((points.len() as f64 * share).ceil() as usize).clamp(2.min(points.len()), points.len());
    points.iter().map(|&[x, _]| [x, fitted(points, x, near)]).collect()
}

fn fitted(points: &[[f64; 2]], x: f64, near: usize) -> f64 {
    let mut distances: Vec<f64> = points.iter().map(|point| (point[0] - x).abs()).collect();
    distances.sort_by(f64::total_cmp);
    // A little more than the farthest, so that it too counts, and points at one place do.
    let reach = distances[near - 1] * (1.0 + 1e-3) + f64::MIN_POSITIVE;
    let [mut w, mut wx, mut wy, mut wxx, mut wxy] = [0.0; 5];
    for &[px, y] in points {
        let offset = px - x;
        let weight = (1.0 - (offset.abs() / reach).min(1.0).powi(3)).powi(3);
        w += weight;
        wx += weight * offset;
        wy += weight * y;
        wxx += weight * offset * offset;
        wxy += weight * offset * y;
    }
    let spread = w * wxx - wx * wx;
    // All at one place: their mean. Else the line's height at offset 0.
    if spread <= f64::EPSILON * w * wxx { wy / w } else { (wxx * wy - wx * wxy) / spread }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_its_own_curve() {
        let line: Vec<[f64; 2]> = [0.0, 0.5, 0.6, 2.0, 5.0].map(|x| [x, 3.0 - 2.0 * x]).to_vec();
        for (found, expected) in lowess(&line, 0.5).iter().zip(&line) {
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
        let curve = lowess(&points, 0.3);
        assert!(curve[..35].iter().all(|point| point[1].abs() < 0.5), "{curve:?}");
        assert!((curve[57][1] - 17.0).abs() < 1.0, "{curve:?}");
    }

    #[test]
    fn points_at_one_place_give_their_mean() {
        assert_eq!(lowess(&[[1.0, 2.0], [1.0, 4.0]], 1.0), [[1.0, 3.0]; 2]);
        assert_eq!(lowess(&[[1.0, 2.0]], 0.3), [[1.0, 2.0]]);
        assert!(lowess(&[], 0.3).is_empty());
    }
}
