//! What keeps the words of a result from becoming markup.

use serde_json::Value;

/// For text and for attributes in quotes.
pub(super) fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// For the content of a `script`: no `<` is left that could end it or open a comment. In JSON `<` occurs in
/// strings only, where it may be written as its code.
pub(super) fn json(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c")
}

/// For an `id`: letters, digits and dashes.
pub(super) fn identifier(text: &str) -> String {
    text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_text() {
        assert_eq!(
            text(r#"<b class="x">a & b</b>'"#),
            "&lt;b class=&quot;x&quot;&gt;a &amp; b&lt;/b&gt;&#39;"
        );
    }

    #[test]
    fn json_neither_ends_its_script_nor_opens_a_comment() {
        let value = Value::from("</script><!--");
        let escaped = json(&value);
        assert!(!escaped.contains('<'), "{escaped}");
        assert_eq!(serde_json::from_str::<Value>(&escaped).unwrap(), value);
    }
}
