//! What HTTP says about waiting, clocks and broken connections: for the clients of both platforms.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// The seconds that the other side asks us to wait.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// `Sat, 21 Nov 2026 14:00:00 GMT`.
pub(crate) fn http_date(date: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(&date.replace("GMT", "+0000")).ok().map(|date| date.to_utc())
}

/// What is said of a connection that did not work; never the address, which may be a secret one.
pub(crate) fn connection(error: &reqwest::Error) -> &'static str {
    match () {
        () if error.is_timeout() => "no answer in time",
        () if error.is_connect() => "no connection",
        () => "the connection broke",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_header_is_read() {
        let date = http_date("Sat, 21 Nov 2026 14:00:00 GMT").unwrap();
        assert_eq!(date, crate::cards::sample::now());
    }
}
