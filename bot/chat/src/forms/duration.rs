//! Choosing a duration: a few usual ones, or any other in words.

use jit_core::span::Span;

use crate::form::{Choice, Field, Input, field};

const USUAL: [Span; 9] = [
    Span::minutes(15),
    Span::minutes(30),
    Span::hours(1),
    Span::hours(2),
    Span::hours(4),
    Span::hours(8),
    Span::hours(12),
    Span::hours(24),
    Span::hours(72),
];

/// The two fields: one of the usual durations up to the longest, and a free one that goes before it.
pub(super) fn fields(label: &str, longest: Span, chosen: Option<Span>, live: bool) -> Vec<Field> {
    let mut options: Vec<Span> = USUAL.into_iter().filter(|usual| *usual < longest).collect();
    options.push(longest);
    let other = chosen.filter(|chosen| !options.contains(chosen));
    let first = match chosen {
        Some(chosen) if other.is_none() => chosen,
        _ => options.iter().copied().rfind(|option| *option <= Span::hours(1)).unwrap_or(longest),
    };
    let example = if longest >= Span::minutes(90) { "1h30m" } else { "90s" };
    vec![
        Field {
            id: field::DURATION,
            label: label.to_owned(),
            hint: None,
            input: Input::Select {
                options: options.iter().map(|span| Choice { value: span.to_string(), label: words(*span) }).collect(),
                selected: Some(first.to_string()),
                external: false,
            },
            optional: false,
            live,
        },
        Field {
            id: field::OTHER_DURATION,
            label: "Or another duration".to_owned(),
            hint: Some(format!("Like {example}, at most {longest}. It counts instead of the one above.")),
            input: Input::Text {
                multiline: false,
                min: 0,
                max: 20,
                initial: other.map(|span| span.to_string()),
                placeholder: Some(example.to_owned()),
            },
            optional: true,
            live: false,
        },
    ]
}

/// `1h30m` as `1 hour 30 minutes`.
fn words(span: Span) -> String {
    let mut rest = span.as_seconds();
    let mut words = Vec::new();
    for (unit, name) in [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")] {
        let n = rest / unit;
        rest %= unit;
        match n {
            0 => {}
            1 => words.push(format!("1 {name}")),
            n => words.push(format!("{n} {name}s")),
        }
    }
    if words.is_empty() { "no time".to_owned() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(longest: Span, chosen: Option<Span>) -> (Vec<String>, Option<String>, Option<String>) {
        let fields = fields("x", longest, chosen, false);
        let (Input::Select { options, selected, .. }, Input::Text { initial, .. }) =
            (&fields[0].input, &fields[1].input)
        else {
            panic!("{fields:?}")
        };
        (options.iter().map(|choice| choice.value.clone()).collect(), selected.clone(), initial.clone())
    }

    #[test]
    fn the_longest_is_always_offered_and_nothing_beyond() {
        let (values, selected, other) = options(Span::minutes(90), None);
        assert_eq!(values, ["15m", "30m", "1h", "1h30m"]);
        assert_eq!((selected.as_deref(), other), (Some("1h"), None));
        assert_eq!(options(Span::minutes(5), None).0, ["5m"]);
    }

    #[test]
    fn an_unusual_duration_is_kept_in_the_free_field() {
        assert_eq!(options(Span::hours(4), Some(Span::minutes(45))).2.as_deref(), Some("45m"));
        assert_eq!(options(Span::hours(4), Some(Span::hours(2))).1.as_deref(), Some("2h"));
        assert_eq!(words(Span::minutes(1_501)), "1 day 1 hour 1 minute");
    }
}
