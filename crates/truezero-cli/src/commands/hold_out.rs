//! Which examples are held out, where the data does not tell.

use truezero_data::{Notice, Notices, Portion};

use crate::args::HeldOut;

/// Share of the examples held out for validation, and of all for testing, where the data has no such
/// parts of its own.
const HELD_OUT: HeldOut = HeldOut(Some(Portion::Fraction(0.1)));

/// What examples are held out for.
pub const TO_TEST_ON: &str = "examples to test on";
pub const TO_STOP_BY: &str = "examples to stop by";

/// Tells that fewer examples were held out than asked for.
pub fn tell_if_short(notices: &Notices, purpose: &str, held: usize, wanted: usize) {
    if held == 0 {
        notices.tell(Notice::new(purpose, "none, as there are too few examples to hold one out"));
    } else if held < wanted {
        let message =
            format!("{held} instead of {wanted}, as the last example of a class or label stays in training");
        notices.tell(Notice::new(purpose, message));
    }
}

/// Which examples are held out for a purpose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HoldOut {
    /// Those the source holds out; a tenth if it does not.
    AsInSource,
    /// So many of the examples to train on.
    Drawn(HeldOut),
}

impl HoldOut {
    pub fn new(asked: Option<HeldOut>) -> Self {
        asked.map_or(Self::AsInSource, Self::Drawn)
    }

    /// What is to be drawn if the source holds nothing out.
    pub fn portion(self) -> Option<Portion> {
        match self {
            Self::AsInSource => HELD_OUT.0,
            Self::Drawn(held_out) => held_out.0,
        }
    }
}
