//! A sweep as a page: parallel coordinates, one line for each training, and a table. It needs nothing else.

use super::report::Found;
use crate::json;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The page of what was found.
pub fn html(found: &Found) -> String {
    // "<" would let a text among the options end the element that holds it.
    let data = json::value(found).to_string().replace('<', "\\u003c");
    // The data last: what it holds is never looked for in it.
    TEMPLATE.replace("{style}", STYLE).replace("{script}", SCRIPT).replacen("{data}", &data, 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::sweep::store::{State, Trial};

    #[test]
    fn options_cannot_leave_their_place() {
        let options = serde_json::json!({ "data": "</script><b>{style}" }).as_object().unwrap().clone();
        let trial = Trial {
            number: 1,
            options,
            state: State::Done,
            epochs: 1,
            best_epoch: Some(1),
            validation_error: Some(0.5),
            validation_cost: None,
            test_error: None,
            mean_sparsity: None,
            seconds: 1.0,
            message: None,
            warnings: Vec::new(),
        };
        let page = html(&Found { error: "error".into(), trials: vec![trial] });
        assert!(page.contains("\\u003c/script>\\u003cb>{style}"));
        assert_eq!(page.matches("</script>").count(), TEMPLATE.matches("</script>").count());
    }
}
