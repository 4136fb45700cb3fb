//! How many threads a program takes that was told no number; for the command, the server and Python alike.

use std::sync::OnceLock;
use std::thread;

/// What joblib, schedulers of clusters and users set to hand out processors.
const VARIABLE: &str = "OMP_NUM_THREADS";

/// As many threads as `OMP_NUM_THREADS` allows (of several numbers the first counts); else as many as the process may run at
/// once, by its affinity and by the quota of its control group (version 1 or 2); at least 1. The system is asked once, since
/// its answer takes as long as a prediction; the variable counts whenever it is changed.
///
/// ```
/// assert!(truezero_sparse::available_threads() >= 1);
/// ```
pub fn available_threads() -> usize {
    static BY_THE_SYSTEM: OnceLock<usize> = OnceLock::new();
    let told = std::env::var(VARIABLE).ok();
    told.as_deref().and_then(allowed).unwrap_or_else(|| {
        *BY_THE_SYSTEM.get_or_init(|| thread::available_parallelism().map_or(1, Into::into))
    })
}

/// The number in the variable; none if it holds none.
fn allowed(told: &str) -> Option<usize> {
    told.split(',').next()?.trim().parse().ok().filter(|&count| count > 0)
}

#[cfg(test)]
mod tests {
    use super::allowed;

    #[test]
    fn the_variable_counts_where_it_holds_a_number() {
        assert_eq!([" 3 ", "4,2"].map(allowed), [Some(3), Some(4)]);
        assert_eq!(["", "0", "-1", "many"].map(allowed), [None; 4]);
    }
}
