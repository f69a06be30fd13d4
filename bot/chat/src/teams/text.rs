//! The one place where text is made safe for Teams.
//!
//! A `TextRun` is shown as it is, but for `{{DATE(…)}}` and perhaps `<at>`: [`plain`] is enough. A `TextBlock` is Markdown, and the place of mentions: there
//! [`inert`] puts look-alikes for whatever could be read as markup, since Teams' clients do not agree on how to escape it.

pub use crate::text::{clean, cut};

/// Longest name of somebody who is mentioned.
const NAME: usize = 100;

/// Keeps apart, without anybody seeing it, the braces of `{{DATE(…)}}`, for which clients put a date wherever they show text, and `<at>`, which
/// would be a mention of somebody whom the card names elsewhere.
pub fn plain(text: &str) -> String {
    let text = clean(text).replace("{{", "{\u{2060}{").replace("{{", "{\u{2060}{");
    text.replace("<at>", "<\u{2060}at>")
}

/// The same on one line, for labels and all that has no room for more.
pub fn one_line(text: &str, max: usize) -> String {
    cut(plain(&text.replace('\n', " ")).trim(), max)
}

/// Makes text that a `TextBlock` shows as it is: nothing formats, links, mentions or begins a list.
pub fn inert(text: &str) -> String {
    let clean = plain(text);
    let chars: Vec<char> = clean.chars().collect();
    let mut out = String::with_capacity(clean.len());
    for (i, c) in chars.iter().copied().enumerate() {
        let word = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(|c| c.is_alphanumeric());
        out.push(match c {
            '*' => '∗',
            '~' => '∼',
            '`' => 'ˋ',
            '\\' => '⧵',
            '[' => '［',
            ']' => '］',
            // HTML, and the `<at>` of mentions.
            '<' => '‹',
            '>' => '›',
            // An entity could become one of the others.
            '&' if chars.get(i + 1).is_some_and(|c| c.is_alphanumeric() || *c == '#') => '＆',
            // Within a word an underscore formats nothing, and names have many.
            '_' if word(i.checked_sub(1)) && word(Some(i + 1)) => '_',
            '_' => 'ˍ',
            c => c,
        });
    }
    out
}

/// A name as mentions have it, in the text and beside it: on one line, and nothing that could be read as markup.
pub fn called(name: &str) -> String {
    cut(inert(name.replace('\n', " ").trim()).trim(), NAME)
}

/// Keeps the beginning of a `TextBlock` from being a heading, a list, a rule or preformatted; what follows on the same line is not.
pub fn begun(text: &str) -> String {
    let text = text.trim_start();
    let number = text.chars().take_while(char::is_ascii_digit).count();
    match text[number..].chars().next() {
        Some(mark @ ('.' | ')')) if number > 0 => format!("{}{}{}", &text[..number], alike(mark), &text[number + 1..]),
        Some(mark @ ('-' | '+' | '#' | '=')) if number == 0 => format!("{}{}", alike(mark), &text[1..]),
        _ => text.to_owned(),
    }
}

fn alike(mark: char) -> char {
    match mark {
        '-' => '‐',
        '+' => '＋',
        '#' => '＃',
        '=' => '＝',
        '.' => '․',
        ')' => '）',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_people_write_is_read_as_markup() {
        assert_eq!(
            inert(
                "**b** _i_ [x](https://evil.test) <at>Bob</at> &lt;at&gt; a & b snake_case {{DATE(2026-01-01T00:00:00Z)}}"
            ),
            "∗∗b∗∗ ˍiˍ ［x］(https://evil.test) ‹\u{2060}at›Bob‹/at› ＆lt;at＆gt; a & b snake_case {\u{2060}{DATE(2026-01-01T00:00:00Z)}}"
        );
        for (text, begun_as) in
            [("- x", "‐ x"), ("12. x", "12․ x"), ("  # x", "＃ x"), ("--- ", "‐-- "), ("12 x", "12 x"), ("", "")]
        {
            assert_eq!(begun(text), begun_as);
        }
        assert_eq!(plain("{{{{DATE"), "{\u{2060}{\u{2060}{\u{2060}{DATE");
    }

    proptest! {
        #[test]
        fn inert_text_holds_no_markup(text in any::<String>(), hostile in r"[\[\]()<>{}&#;*_~`\\!a-z0-9 .\n-]{0,60}") {
            for text in [text, hostile] {
                let inert = inert(&text);
                prop_assert!(!inert.contains(['<', '>', '*', '~', '`', '[', ']', '\\']) && !inert.contains("{{"), "{inert}");
                prop_assert!(inert.split('_').count() == 1 || !inert.starts_with('_') && !inert.ends_with('_'));
                let first = begun(&inert).chars().next();
                prop_assert!(!matches!(first, Some('-' | '+' | '#' | '=')));
            }
        }

        #[test]
        fn plain_text_holds_no_date_and_no_mention(text in r"([{}DATE()]{0,20}|[<at>]{0,8})") {
            prop_assert!(!plain(&text).contains("{{") && !plain(&text).contains("<at>"));
        }
    }
}
