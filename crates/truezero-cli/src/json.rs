//! What `--json` prints.

use serde::Serialize;
use serde_json::Value;

use crate::failure::Failure;
use crate::output::print;

/// A value as JSON. Going through text keeps 0.1_f32 the 0.1 that was meant, where a direct
/// conversion would widen it to 0.10000000149011612.
pub fn value(of: &impl Serialize) -> Value {
    serde_json::from_str(&text(of)).expect("what serde_json wrote")
}

/// Prints one document and a line feed.
pub fn document(of: &impl Serialize) -> Result<(), Failure> {
    print(&(text(of) + "\n"))
}

fn text(of: &impl Serialize) -> String {
    serde_json::to_string_pretty(of).expect("our types have string keys")
}

#[cfg(test)]
mod tests {
    #[test]
    fn floats_stay_as_short_as_they_were() {
        assert_eq!(super::value(&[0.1_f32, 1e-4]).to_string(), "[0.1,0.0001]");
    }
}
