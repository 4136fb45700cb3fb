//! Names under which a server is asked, and pages that may ask it.
//!
//! A page of somebody else's can give its own name the address of this machine (DNS rebinding), after which the browser takes
//! what is served here for a part of that page. The name in `Host` is still the page's own, and tells. A page
//! can also send requests to addresses that are not its own; the browser names the page in `Origin`.

use std::net::IpAddr;

use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Method, Version, header};

use truezero_data::quoted;

use crate::problem::Problem;

/// Allows every name.
const ANY: &str = "*";
/// How names are added.
const ALLOWING: &str = "`truezero serve` and `truezero observe` take further names as --allow-host NAME";
/// Where a browser says how far the page is from what it asks.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// Types of bodies that a page may send anywhere without asking whether it may. Forms are as `curl --data` sends JSON;
/// from pages they are told by their origin.
const OF_ANY_PAGE: [&str; 2] = ["text/plain", "multipart/form-data"];

/// Who may ask under which names.
#[derive(Clone, Debug)]
pub struct Hosts {
    /// Allowed beside the names of this machine, in lower case.
    names: Vec<String>,
    /// Whether any name will do.
    any: bool,
    bound: IpAddr,
}

impl Hosts {
    /// Those of a server that listens at an address: `localhost`, the address itself (any, where it listens at all of this
    /// machine), and the names that are allowed besides; `*` allows all.
    ///
    /// # Errors
    /// The first of them that is no name.
    pub fn new(bound: IpAddr, allowed: &[String]) -> Result<Self, String> {
        let mut names = Vec::new();
        for name in allowed.iter().filter(|name| *name != ANY) {
            let authority: Option<Authority> = name.parse().ok();
            match authority {
                Some(authority) if authority.as_str() == bare(&authority) => names.push(name_of(&authority)),
                _ => return Err(name.clone()),
            }
        }
        Ok(Self { names, any: allowed.iter().any(|name| name == ANY), bound })
    }

    /// The same, but any name will do: for a server whose clients show a token, which no page of others has.
    #[must_use]
    pub fn with_any(self) -> Self {
        Self { any: true, ..self }
    }

    /// # Errors
    /// 400 without a host, 403 if the name or the page is not allowed, 415 for a type that any page may send.
    pub(crate) fn check(&self, parts: &Parts) -> Result<(), Problem> {
        let asked = host(parts)?;
        for host in &asked {
            if !self.any && !self.has(host) {
                return Err(Problem::forbidden(format!(
                    "header `Host`: expected a name of this server, found {}\nhint: {ALLOWING}",
                    quoted(bare(host))
                )));
            }
        }
        if matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS) {
            return Ok(());
        }
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if OF_ANY_PAGE.contains(&kind.as_str()) {
            return Err(Problem::unknown_type(&kind));
        }
        self.check_origin(&parts.headers, asked.last())
    }

    /// Whether the page that asks is one of ours, if it is a page that asks.
    fn check_origin(&self, headers: &HeaderMap, asked: Option<&Authority>) -> Result<(), Problem> {
        let refused = |origin: &str| {
            Err(Problem::forbidden(format!(
                "header `Origin`: expected a page of this server, found {}\nhint: {ALLOWING}",
                quoted(origin)
            )))
        };
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let Some(origin) = origins.next() else {
            // Not every browser names the page, but then some say that it is another's.
            let site = headers.get(FETCH_SITE).and_then(|site| site.to_str().ok()).unwrap_or("none");
            return if matches!(site, "none" | "same-origin") {
                Ok(())
            } else {
                refused(&format!("a {site} page"))
            };
        };
        let origin = origin.to_str().unwrap_or_default();
        let page = origin.split_once("://").and_then(|(_, page)| page.parse::<Authority>().ok());
        match page {
            Some(page) if origins.next().is_none() => {
                let own = asked.is_some_and(|asked| asked.as_str().eq_ignore_ascii_case(page.as_str()));
                if own || self.names.contains(&name_of(&page)) { Ok(()) } else { refused(origin) }
            }
            _ => refused(origin),
        }
    }

    fn has(&self, host: &Authority) -> bool {
        let name = name_of(host);
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match address {
            Ok(address) => address.is_loopback() || self.bound.is_unspecified() || address == self.bound,
            Err(_) => name == "localhost" || name.ends_with(".localhost") || self.names.contains(&name),
        }
    }
}

/// The hosts that a request names: in its header, and perhaps in its target.
fn host(parts: &Parts) -> Result<Vec<Authority>, Problem> {
    let wrong = |found: &str| {
        Problem::malformed(format!("header `Host`: expected the name of this server, found {found}"))
    };
    let mut named = parts.headers.get_all(header::HOST).iter();
    let header = match (named.next(), named.next()) {
        (Some(only), None) => {
            let text = only.to_str().unwrap_or_default();
            Some(text.parse::<Authority>().map_err(|_| wrong(&quoted(text)))?)
        }
        (Some(_), Some(_)) => return Err(wrong("several")),
        // Browsers always name it, and so must everybody since HTTP/1.1.
        (None, _) if parts.version == Version::HTTP_10 => None,
        (None, _) => return Err(wrong("none")),
    };
    Ok(parts.uri.authority().cloned().into_iter().chain(header).collect())
}

/// Without port, and without a user.
fn bare(authority: &Authority) -> &str {
    authority.host()
}

/// As names are compared.
fn name_of(authority: &Authority) -> String {
    let name = bare(authority).to_ascii_lowercase();
    name.strip_suffix('.').map(str::to_owned).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn hosts(bound: &str, allowed: &[&str]) -> Hosts {
        let allowed: Vec<String> = allowed.iter().map(|&name| name.to_owned()).collect();
        Hosts::new(bound.parse().unwrap(), &allowed).unwrap()
    }

    fn status(hosts: &Hosts, method: &str, headers: &[(&str, &str)]) -> u16 {
        let mut request = Request::builder().method(method).uri("/v1/predict");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        hosts.check(&parts).map_or_else(|problem| problem.status().as_u16(), |()| 200)
    }

    fn named(hosts: &Hosts, name: &str) -> u16 {
        status(hosts, "GET", &[("host", name)])
    }

    #[test]
    fn only_names_of_this_machine_and_allowed_ones_are_answered() {
        let loopback = hosts("127.0.0.1", &["models.example.org"]);
        for name in [
            "localhost",
            "LOCALHOST:8080",
            "localhost.",
            "a.localhost",
            "127.0.0.1:80",
            "127.1.2.3",
            "[::1]:8080",
            "models.example.org:443",
            "Models.Example.Org",
        ] {
            assert_eq!(named(&loopback, name), 200, "{name}");
        }
        for name in [
            "evil.example",
            "localhost.evil.example",
            "xlocalhost",
            "192.168.1.2",
            "example.org",
            "x",
            "a@b.example",
        ] {
            assert_eq!(named(&loopback, name), 403, "{name}");
        }
        for name in ["", "a b", "[::1"] {
            assert!(matches!(named(&loopback, name), 400 | 403), "{name:?}");
        }
        assert_eq!(status(&loopback, "GET", &[]), 400);
        assert_eq!(status(&loopback, "GET", &[("host", "localhost"), ("host", "localhost")]), 400);
        assert_eq!(named(&hosts("192.168.1.2", &[]), "192.168.1.2"), 200);
        assert_eq!(named(&hosts("192.168.1.2", &[]), "192.168.1.3"), 403);
        let open = hosts("0.0.0.0", &[]);
        assert_eq!((named(&open, "192.168.1.3"), named(&open, "evil.example")), (200, 403));
        assert_eq!(named(&hosts("0.0.0.0", &["*"]), "evil.example"), 200);
        assert_eq!(named(&loopback.with_any(), "evil.example"), 200);
        assert!(Hosts::new("::1".parse().unwrap(), &["http://a".to_owned()]).is_err());
        assert!(Hosts::new("::1".parse().unwrap(), &["a:80".to_owned()]).is_err());
    }

    #[test]
    fn pages_of_others_change_nothing() {
        let hosts = hosts("127.0.0.1", &["models.example.org"]).with_any();
        let with = |name: &'static str, value: &'static str| [("host", "localhost:8080"), (name, value)];
        for origin in ["http://localhost:8080", "http://LOCALHOST:8080", "https://models.example.org"] {
            assert_eq!(status(&hosts, "POST", &with("origin", origin)), 200, "{origin}");
        }
        for origin in
            ["http://localhost:3000", "http://evil.example", "null", "", "localhost:8080", "file://"]
        {
            for method in ["POST", "PATCH", "DELETE", "PUT"] {
                assert_eq!(status(&hosts, method, &with("origin", origin)), 403, "{method} {origin}");
            }
            assert_eq!(status(&hosts, "GET", &with("origin", origin)), 200, "reading gives a page nothing");
        }
        assert_eq!(status(&hosts, "POST", &with("sec-fetch-site", "cross-site")), 403);
        assert_eq!(status(&hosts, "POST", &with("sec-fetch-site", "same-origin")), 200);
        assert_eq!(status(&hosts, "POST", &with("content-type", "Text/Plain; charset=utf-8")), 415);
        assert_eq!(status(&hosts, "POST", &with("content-type", "multipart/form-data; boundary=x")), 415);
        assert_eq!(status(&hosts, "POST", &with("content-type", "application/json")), 200);
    }
}
