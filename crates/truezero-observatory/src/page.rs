//! The page and its parts, embedded, and the headers that keep it to itself.

use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

const PAGE: &str = include_str!("page/index.html");

const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! parts {
    ($($kind:ident $name:literal),* $(,)?) => {
        &[$(($name, $kind, include_str!(concat!("page/", $name)))),*]
    };
}

/// Name, type and content of each part.
const PARTS: &[(&str, &str, &str)] = parts![
    STYLE "base.css",
    STYLE "layout.css",
    STYLE "parts.css",
    SCRIPT "api.js",
    SCRIPT "chart.js",
    SCRIPT "compare.js",
    SCRIPT "dom.js",
    SCRIPT "examples.js",
    SCRIPT "grid.js",
    SCRIPT "look.js",
    SCRIPT "main.js",
    SCRIPT "networks.js",
    SCRIPT "pad.js",
    SCRIPT "paths.js",
    SCRIPT "record.js",
    SCRIPT "share.js",
    SCRIPT "steer.js",
    SCRIPT "training.js",
    SCRIPT "unit.js",
];

/// Nothing from elsewhere, nothing inline, in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(crate) async fn page() -> Html<&'static str> {
    Html(PAGE)
}

pub(crate) async fn part(Path(name): Path<String>) -> Response {
    match PARTS.iter().find(|(own, ..)| *own == name) {
        Some((_, kind, content)) => ([(header::CONTENT_TYPE, *kind)], *content).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Adds the headers that every answer has; a policy that an answer brings stays.
pub(crate) async fn guard(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let mut put = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    put(header::CONTENT_SECURITY_POLICY, POLICY);
    put(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(header::REFERRER_POLICY, "no-referrer");
    put(header::CACHE_CONTROL, "no-cache");
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_that_is_named_exists_and_every_part_is_named() {
        let all = || std::iter::once(PAGE).chain(PARTS.iter().map(|(.., content)| *content));
        for (name, ..) in PARTS {
            assert!(all().any(|content| content.contains(&format!("/{name}"))), "{name} is used nowhere");
        }
        for content in all() {
            for imported in content.split("from \"./").skip(1) {
                let name = imported.split('"').next().unwrap();
                assert!(PARTS.iter().any(|(own, ..)| *own == name), "{name} is no part");
            }
        }
    }

    #[test]
    fn nothing_is_fetched_from_elsewhere_and_nothing_is_inline() {
        for content in std::iter::once(PAGE).chain(PARTS.iter().map(|(.., content)| *content)) {
            let links = content.matches("://").count();
            assert_eq!(links, content.matches("http://www.w3.org/").count(), "a name space is no fetch");
        }
        for inline in ["<style", " style=", " onclick", "<script>"] {
            assert!(!PAGE.contains(inline), "{inline}");
        }
    }
}
