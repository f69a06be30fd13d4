//! Identifiers the workspace hands out: message timestamps, random ids, and reading them back.
//! Used by every part that creates something; holds no state but the last timestamp.

use chrono::{DateTime, Utc};
use rand::RngExt as _;

const ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Makes message timestamps: unique in the workspace and increasing, even when the clock stands
/// still or goes back.
#[derive(Debug, Default)]
pub(crate) struct Timestamps {
    last_us: i64,
}

impl Timestamps {
    /// The next one, in Slack's form `1700000000.000100`.
    pub(crate) fn next(&mut self, now: DateTime<Utc>) -> String {
        self.last_us = now.timestamp_micros().max(self.last_us + 1);
        render(self.last_us)
    }
}

/// Microseconds as a Slack timestamp.
pub(crate) fn render(us: i64) -> String {
    format!("{}.{:06}", us.div_euclid(1_000_000), us.rem_euclid(1_000_000))
}

/// A timestamp as microseconds; `None` if it is not one. A fraction may be shorter or absent, as
/// in `oldest=0`.
pub(crate) fn micros(ts: &str) -> Option<i64> {
    let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, ""));
    if seconds.is_empty() || seconds.len() > 12 || fraction.len() > 6 {
        return None;
    }
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if !digits(seconds) || !digits(fraction) {
        return None;
    }
    let padded = format!("{fraction:0<6}");
    Some(seconds.parse::<i64>().ok()? * 1_000_000 + padded.parse::<i64>().ok()?)
}

/// A random id such as `V0K3XQ9TTR2`: a prefix and ten letters or digits.
pub(crate) fn random(prefix: &str) -> String {
    let mut rng = rand::rng();
    let tail: String = (0..10).map(|_| char::from(ALPHABET[rng.random_range(0..ALPHABET.len())])).collect();
    format!("{prefix}{tail}")
}

/// A random token in hexadecimal, hard to guess, for addresses that grant something.
pub(crate) fn token() -> String {
    hex::encode(rand::random::<[u8; 16]>())
}

/// A trigger id in the shape the API documents: `132456.7890123.abcdef`.
pub(crate) fn trigger() -> String {
    let mut rng = rand::rng();
    format!(
        "{}.{}.{}",
        rng.random_range(100_000_000_000_u64..999_999_999_999),
        rng.random_range(1_000_000_000_u64..9_999_999_999),
        token()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone as _;

    #[test]
    fn timestamps_increase_on_a_standing_clock() {
        let mut ts = Timestamps::default();
        let now = Utc.timestamp_opt(1_700_000_000, 100_000).unwrap();
        assert_eq!(ts.next(now), "1700000000.000100");
        assert_eq!(ts.next(now), "1700000000.000101");
        assert_eq!(ts.next(now - chrono::TimeDelta::hours(1)), "1700000000.000102");
    }

    #[test]
    fn timestamps_are_read_back() {
        assert_eq!(micros("1700000000.000100"), Some(1_700_000_000_000_100));
        assert_eq!(micros("0"), Some(0));
        assert_eq!(micros("1.5"), Some(1_500_000));
        for wrong in ["", ".", "-1", "1.0000001", "abc", "1e9", "9999999999999"] {
            assert_eq!(micros(wrong), None, "{wrong}");
        }
        assert_eq!(render(1_500_000), "1.500000");
    }
}
