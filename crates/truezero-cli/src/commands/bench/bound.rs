//! The least time that a product can take on a machine.
//!
//! Two things must be done: its multiply-adds, and its weights must come from where they are. Each takes
//! at least as long as the machine needs for that alone; since it does both at once, the longer of the
//! two is the bound.
//!
//! * **Multiply-adds** run at best as fast as with all operands in registers.
//! * **Weights** come once for each mini-batch, whatever the number of examples that use them, and only
//!   the rows of inputs that are active in some example. They come from the level of memory that holds
//!   the weights of *all* layers, for these pass through the caches in every step, and when a layer's
//!   turn comes again, smaller caches hold the others'. Backward, errors and update need one such pass
//!   together, in which weights are read and written.
//!
//! Inputs, errors and outputs are small beside the weights and are left out, and so is what another
//! product has just left in a smaller cache: that makes the bound of a small layer (the outputs) too mild
//! rather than too strict, and a product may pass it.

use super::machine::Machine;

/// What a product has to do.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Need {
    pub multiply_adds: f64,
    /// Weights to be brought, padding included.
    pub weights: f64,
    /// Whether they are written back.
    pub updates: bool,
}

/// The bound of a product.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    pub seconds: f64,
    /// `arithmetic`, or the level of memory.
    pub by: String,
}

impl Need {
    /// The bound, where the weights of all layers have `bytes`.
    pub fn bound(&self, machine: &Machine, bytes: usize) -> Bound {
        let level = machine.level(bytes);
        let arithmetic = self.multiply_adds / machine.arithmetic;
        let weights = self.weights / if self.updates { level.update } else { level.read };
        if weights > arithmetic {
            Bound { seconds: weights, by: level.name.clone() }
        } else {
            Bound { seconds: arithmetic, by: "arithmetic".to_owned() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::bench::machine::Level;

    #[test]
    fn the_slower_of_arithmetic_and_weights_is_the_bound() {
        let level = |name: &str, capacity, read, update| Level {
            name: name.to_owned(),
            capacity,
            working_set: 0,
            read,
            update,
        };
        let levels = vec![level("L1", Some(1000), 80.0, 40.0), level("memory", None, 10.0, 4.0)];
        let machine = Machine { threads: 1, arithmetic: 100.0, levels };
        let bound = |multiply_adds, updates, bytes| {
            let Bound { seconds, by } = Need { multiply_adds, weights: 40.0, updates }.bound(&machine, bytes);
            (seconds, by)
        };
        assert_eq!(bound(40.0, false, 1000), (0.5, "L1".to_owned()));
        assert_eq!(bound(40.0, true, 1000), (1.0, "L1".to_owned()));
        assert_eq!(bound(200.0, false, 1000), (2.0, "arithmetic".to_owned()));
        assert_eq!(bound(200.0, false, 1001), (4.0, "memory".to_owned()));
        assert_eq!(bound(200.0, true, 1001), (10.0, "memory".to_owned()));
        assert_eq!(bound(2000.0, true, 1001), (20.0, "arithmetic".to_owned()));
    }
}
