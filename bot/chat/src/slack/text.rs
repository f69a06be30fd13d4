//! The one place where text is made safe for Slack, and where Slack's text is made plain.
//!
//! Cards are rendered as rich text, whose text Slack never reads as markup; only the fallback and the small print are `mrkdwn`, and go
//! through [`inert`]. All text goes through [`clean`] first.

pub use crate::text::{clean, cut};

/// Makes text that Slack's `mrkdwn` shows as it is: `&`, `<` and `>` become entities, so that no link, mention or `<!channel>` can stand in
/// it; characters that format become look-alikes, because Slack has no escape for them.
pub fn inert(text: &str) -> String {
    let clean = clean(text);
    let chars: Vec<char> = clean.chars().collect();
    let mut out = String::with_capacity(clean.len());
    for (i, c) in chars.iter().copied().enumerate() {
        let word = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(|c| c.is_alphanumeric());
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '*' => out.push('∗'),
            '~' => out.push('∼'),
            '`' => out.push('ˋ'),
            // Within a word an underscore formats nothing, and names have many.
            '_' if word(i.checked_sub(1)) && word(Some(i + 1)) => out.push('_'),
            '_' => out.push('ˍ'),
            // A colon before a letter may begin an emoji's name.
            ':' if chars.get(i + 1).is_some_and(|c| c.is_alphanumeric() || matches!(c, '+' | '-' | '_')) => {
                out.push('꞉');
            }
            c => out.push(c),
        }
    }
    out
}

/// What the person typed, of what Slack made of it: `<@U1|bob>` is `@U1`, `<#C1|ops>` is `#ops`, `<https://a|a>` is its address, entities
/// are characters. Quotation marks stay as they are.
pub fn plain(slack: &str) -> String {
    let mut out = String::with_capacity(slack.len());
    let mut rest = slack;
    while let Some(start) = rest.find('<') {
        out.push_str(&rest[..start]);
        let after = &rest[start + 1..];
        match after.find('>') {
            Some(end) => {
                token(&after[..end], &mut out);
                rest = &after[end + 1..];
            }
            None => {
                out.push('<');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    unescape(&out)
}

fn token(token: &str, out: &mut String) {
    let (target, label) = token.split_once('|').map_or((token, None), |(target, label)| (target, Some(label)));
    match target.chars().next() {
        Some('@') => out.push_str(target),
        Some('#') => {
            out.push('#');
            out.push_str(label.filter(|label| !label.is_empty()).unwrap_or(&target[1..]));
        }
        // `<!channel>`, `<!subteam^S1|@ops>`, `<!date^…|…>`: what people saw.
        Some('!') => out.push_str(label.unwrap_or(&target[1..])),
        _ => out.push_str(target.strip_prefix("mailto:").unwrap_or(target)),
    }
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_slack_wraps_is_unwrapped() {
        for (slack, expected) in [
            ("request orders-db for 1h", "request orders-db for 1h"),
            ("on behalf of <@U0005|carl> because a &lt; b &amp;&amp; c", "on behalf of @U0005 because a < b && c"),
            ("see <https://acme.test/x?a=1&amp;b=2|acme.test/x>", "see https://acme.test/x?a=1&b=2"),
            ("in <#C0042|inc-42> and <#C0043|> and <#C0044>", "in #inc-42 and #C0043 and #C0044"),
            ("mail <mailto:a@b.test|a@b.test> <!channel>", "mail a@b.test channel"),
            ("because “smart” quotes <", "because “smart” quotes <"),
            ("&amp;lt; stays", "&lt; stays"),
        ] {
            assert_eq!(plain(slack), expected, "{slack}");
        }
    }

    #[test]
    fn nothing_people_write_is_read_as_markup() {
        assert_eq!(
            inert("<!channel> *b* _i_ ~s~ `c` :tada: snake_case"),
            "&lt;!channel&gt; ∗b∗ ˍiˍ ∼s∼ ˋcˋ ꞉tada: snake_case"
        );
        assert_eq!(clean("a\u{202e}b\u{200b}c\u{0}d\r\ne"), "abcd\ne");
    }

    proptest! {
        #[test]
        fn inert_text_holds_no_token(text in any::<String>()) {
            let inert = inert(&text);
            prop_assert!(!inert.contains(['<', '>', '*', '~', '`']));
            prop_assert!(!inert.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "").contains('&'));
        }

        #[test]
        fn no_text_panics(text in any::<String>(), wrapped in "[<>@#!|&;a-z ]{0,40}") {
            let _ = (plain(&text), plain(&wrapped), clean(&text));
            prop_assert!(cut(&text, 10).chars().count() <= 10);
        }
    }
}
