//! Keeps other web pages out: the browser protocol trusts whoever reaches it, so a page of another
//! site must not. Checked on every request but the Web API's, which has its token.

use std::net::IpAddr;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::BadRequest;
use crate::playground::Playground;

/// Lets a request pass if its `Host` is no foreign name (DNS rebinding) and no other page made it
/// (cross-site requests).
pub(crate) async fn local_only(State(playground): State<Playground>, request: Request, next: Next) -> Response {
    let page = !request.uri().path().starts_with("/playground/ui/")
        && !request.uri().path().starts_with("/playground/control/");
    match check(request.headers(), page) {
        Ok(()) => {
            playground.learn_base_url(request.headers());
            next.run(request).await
        }
        Err(reason) => BadRequest::new(StatusCode::FORBIDDEN, reason).into_response(),
    }
}

/// `page`: a navigation from elsewhere may open the page itself, but call nothing.
fn check(headers: &HeaderMap, page: bool) -> Result<(), &'static str> {
    let text = |name| headers.get(name).and_then(|v: &axum::http::HeaderValue| v.to_str().ok());
    let host = text(header::HOST).ok_or("a request needs a Host")?;
    if !is_local(host) {
        return Err("the playground answers to addresses and to localhost only");
    }
    if page {
        return Ok(());
    }
    if headers.contains_key(header::ORIGIN) {
        let origin = text(header::ORIGIN).unwrap_or_default();
        let same = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        if same.is_none_or(|origin| !origin.eq_ignore_ascii_case(host)) {
            return Err("another site's page may not call the playground");
        }
    }
    match headers.get("sec-fetch-site").map(|v| v.as_bytes()) {
        None | Some(b"same-origin" | b"none") => Ok(()),
        Some(_) => Err("another site's page may not call the playground"),
    }
}

/// A name that cannot be made to point here by a stranger: an address, or `localhost`.
fn is_local(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name.parse::<IpAddr>().is_ok() || name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("127.0.0.1:8080", true)]
    #[case("localhost", true)]
    #[case("LOCALHOST:80", true)]
    #[case("[::1]:8080", true)]
    #[case("jit.localhost:8080", true)]
    #[case("evil.example:8080", false)]
    #[case("localhost.evil.example", false)]
    #[case("127.0.0.1.evil.example", false)]
    #[case("", false)]
    fn hosts(#[case] host: &str, #[case] good: bool) {
        assert_eq!(is_local(host), good);
    }

    #[rstest]
    #[case(&[("host", "127.0.0.1:1")], true)]
    #[case(&[("host", "127.0.0.1:1"), ("origin", "http://127.0.0.1:1")], true)]
    #[case(&[("host", "127.0.0.1:1"), ("origin", "http://127.0.0.1:2")], false)]
    #[case(&[("host", "127.0.0.1:1"), ("origin", "null")], false)]
    #[case(&[("host", "127.0.0.1:1"), ("origin", "https://evil.example")], false)]
    #[case(&[("host", "127.0.0.1:1"), ("sec-fetch-site", "same-origin")], true)]
    #[case(&[("host", "127.0.0.1:1"), ("sec-fetch-site", "same-site")], false)]
    #[case(&[("host", "127.0.0.1:1"), ("sec-fetch-site", "cross-site")], false)]
    #[case(&[("host", "evil.example")], false)]
    #[case(&[], false)]
    fn calls(#[case] given: &[(&'static str, &'static str)], #[case] good: bool) {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.insert(*name, value.parse().unwrap());
        }
        assert_eq!(check(&headers, false).is_ok(), good);
    }
}
