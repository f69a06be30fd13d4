//! Durations as people and policy files write them: `90s`, `15m`, `2h`, `1h30m`, `1d`.

use std::fmt;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// A length of time in whole seconds, at most [`Span::MAX`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span(u64);

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpanError {
    /// Not of the form `1h30m`.
    #[error("`{0}` is not a duration; write it like 90s, 15m, 2h, 1h30m or 1d")]
    Form(String),
    /// More than a year.
    #[error("`{0}` is longer than 366 days")]
    TooLong(String),
}

impl Span {
    /// The longest duration that is understood: 366 days.
    pub const MAX: Self = Self(366 * 86_400);

    /// So many seconds, cut at [`Span::MAX`].
    pub const fn seconds(seconds: u64) -> Self {
        Self(if seconds > Self::MAX.0 { Self::MAX.0 } else { seconds })
    }

    /// So many minutes, cut at [`Span::MAX`].
    pub const fn minutes(minutes: u64) -> Self {
        Self::seconds(minutes.saturating_mul(60))
    }

    /// So many hours, cut at [`Span::MAX`].
    pub const fn hours(hours: u64) -> Self {
        Self::seconds(hours.saturating_mul(3600))
    }

    /// Whole seconds.
    pub const fn as_seconds(self) -> u64 {
        self.0
    }

    /// No time at all.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, cut at [`Span::MAX`].
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self::seconds(self.0.saturating_add(other.0))
    }

    /// For arithmetic with instants.
    pub fn delta(self) -> TimeDelta {
        TimeDelta::seconds(i64::try_from(self.0).unwrap_or(i64::MAX / 1_000))
    }

    /// Reads `90s`, `15m`, `2h`, `1h30m`, `1d`; units in falling order, each once; case and blanks do not matter.
    pub fn parse(text: &str) -> Result<Self, SpanError> {
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
        let form = || SpanError::Form(text.trim().chars().take(40).collect());
        let (mut total, mut number, mut last_unit) = (0u64, None::<u64>, u64::MAX);
        for c in compact.chars() {
            if let Some(digit) = c.to_digit(10) {
                let next = number.unwrap_or(0).checked_mul(10).and_then(|n| n.checked_add(u64::from(digit)));
                number = Some(next.filter(|n| *n < 1_000_000_000).ok_or_else(form)?);
                continue;
            }
            let unit = match c {
                'd' => 86_400,
                'h' => 3_600,
                'm' => 60,
                's' => 1,
                _ => return Err(form()),
            };
            if unit >= last_unit {
                return Err(form());
            }
            last_unit = unit;
            total += number.take().ok_or_else(form)? * unit;
        }
        if number.is_some() || compact.is_empty() {
            return Err(form());
        }
        if total > Self::MAX.0 {
            return Err(SpanError::TooLong(text.trim().to_owned()));
        }
        Ok(Self(total))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        if rest == 0 {
            return f.write_str("0s");
        }
        for (unit, letter) in [(86_400, 'd'), (3_600, 'h'), (60, 'm'), (1, 's')] {
            if rest >= unit {
                write!(f, "{}{letter}", rest / unit)?;
                rest %= unit;
            }
        }
        Ok(())
    }
}

impl std::str::FromStr for Span {
    type Err = SpanError;
    fn from_str(text: &str) -> Result<Self, SpanError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Span {
    type Error = SpanError;
    fn try_from(text: String) -> Result<Self, SpanError> {
        Self::parse(&text)
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn edges() {
        assert_eq!(Span::parse("24h"), Ok(Span::hours(24)));
        assert_eq!(Span::hours(24).to_string(), "1d");
        assert_eq!(Span::parse("1h 30m"), Ok(Span::minutes(90)));
        assert_eq!(Span::parse("0s"), Ok(Span::seconds(0)));
        for bad in ["", "h", "2", "2x", "1m1h", "1h1h", "-1h", "1.5h", "99999999999999999999d", "٣h"] {
            assert!(Span::parse(bad).is_err(), "{bad}");
        }
        assert!(matches!(Span::parse("367d"), Err(SpanError::TooLong(_))));
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(seconds in 0..Span::MAX.0) {
            let span = Span::seconds(seconds);
            prop_assert_eq!(Span::parse(&span.to_string()), Ok(span));
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = Span::parse(&text);
        }
    }
}
