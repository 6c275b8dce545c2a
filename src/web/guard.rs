//! Who may ask, and what a browser may do with the answers.
//!
//! A page of another site can make a browser send requests here. It cannot make it name this site as their Host (if it has
//! its own name point here, that is DNS rebinding) nor as their Origin (CSRF).

use std::net::{IpAddr, SocketAddr};

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::uri::Authority;
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;

use super::error::PageError;
use super::site::Site;

/// Ours alone, nothing inline, in no frame.
const POLICY: &str = "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; manifest-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Refuses what another site has sent.
pub(super) async fn check(State(site): State<Site>, request: Request, next: Next) -> Result<Response, PageError> {
    judge(&request, site.address, site.scheme())?;
    Ok(next.run(request).await)
}

fn judge(request: &Request, site: SocketAddr, scheme: &str) -> Result<(), PageError> {
    let header = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    let host = header(HOST).filter(|host| is_ours(host, site, scheme)).ok_or(PageError::WrongHost)?;
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let fetch_site = header(HeaderName::from_static("sec-fetch-site"));
        // A browser sends one of them at the least.
        let same = match (header(ORIGIN), fetch_site) {
            (Some(origin), fetch_site) => {
                origin == format!("{scheme}://{host}") && fetch_site.is_none_or(|from| from == "same-origin")
            }
            (None, fetch_site) => fetch_site == Some("same-origin"),
        };
        if !same {
            return Err(PageError::WrongOrigin);
        }
    }
    Ok(())
}

/// Whether a Host is one of this site. An address cannot be made to point elsewhere, as another name can.
fn is_ours(host: &str, site: SocketAddr, scheme: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host();
    let ip = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let ours = match ip {
        Ok(ip) => !ip.is_unspecified() && (ip.is_loopback() || !site.ip().is_loopback()),
        Err(_) => name.eq_ignore_ascii_case("localhost"),
    };
    let usual = if scheme == "https" { 443 } else { 80 };
    ours && authority.port_u16().unwrap_or(usual) == site.port() && !host.contains('@')
}

/// Tells the browser what it may do with an answer: nothing that is not needed.
pub(super) async fn seal(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
    set(CONTENT_SECURITY_POLICY, POLICY);
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    // Forms are answered with where they came from; no other site learns of it.
    set(REFERRER_POLICY, "same-origin");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_ours() {
        let local = "127.0.0.1:4711".parse().unwrap();
        for host in ["127.0.0.1:4711", "localhost:4711", "LOCALHOST:4711", "[::1]:4711"] {
            assert!(is_ours(host, local, "http"), "{host}");
        }
        for host in [
            "evil.example:4711",
            "127.0.0.1",
            "127.0.0.1:4712",
            "127.0.0.1.evil.example:4711",
            "0.0.0.0:4711",
            "192.168.1.5:4711",
            "me@localhost:4711",
            "",
        ] {
            assert!(!is_ours(host, local, "http"), "{host}");
        }
        let open = "0.0.0.0:4711".parse().unwrap();
        assert!(is_ours("192.168.1.5:4711", open, "http"));
        assert!(!is_ours("evil.example:4711", open, "http") && !is_ours("0.0.0.0:4711", open, "http"));
    }
}
