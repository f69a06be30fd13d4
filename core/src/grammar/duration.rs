//! Durations as people type them in a line: `2h`, `1h 30m`, `90 minutes`, `2 hrs`.

use crate::grammar::words::{Word, bare};
use crate::span::Span;

/// The duration that these words begin with, the longest reading, and how many words it has.
pub(super) fn duration(words: &[Word<'_>]) -> Option<(Span, usize)> {
    (1..=words.len().min(4)).rev().find_map(|length| {
        let compact: String = words[..length].iter().map(|word| letters(bare(word.text))).collect::<Option<_>>()?;
        Span::parse(&compact).ok().map(|span| (span, length))
    })
}

/// With unit words shortened to their letter; `None` when it cannot be part of a duration.
fn letters(word: &str) -> Option<String> {
    if word.len() > 40 || !word.is_ascii() {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    let mut out = String::new();
    let mut rest = lower.as_str();
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let letters = rest[digits..].len() - rest[digits..].trim_start_matches(|c: char| c.is_ascii_lowercase()).len();
        if digits + letters == 0 {
            return None;
        }
        out.push_str(&rest[..digits]);
        out.push_str(match &rest[digits..digits + letters] {
            "" => "",
            "d" | "day" | "days" => "d",
            "h" | "hr" | "hrs" | "hour" | "hours" => "h",
            "m" | "min" | "mins" | "minute" | "minutes" => "m",
            "s" | "sec" | "secs" | "second" | "seconds" => "s",
            _ => return None,
        });
        rest = &rest[digits + letters..];
    }
    Some(out)
}
