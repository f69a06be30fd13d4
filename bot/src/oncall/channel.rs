//! An incident's own channel: a link to one in Slack where the incident has it, else a name by the source's pattern. Called by the
//! sources; whether the channel exists is not asked.

use jit_core::incident::OwnChannel;
use url::Url;

/// The longest name of a channel. Source: Slack, "Conversations API": 80 characters.
const LONGEST: usize = 80;

/// The channel's id from a link among these texts, else its name by the pattern.
pub(super) fn own<'a>(
    links: impl IntoIterator<Item = &'a str>,
    pattern: Option<&str>,
    number: impl FnOnce() -> Option<String>,
) -> Option<OwnChannel> {
    links.into_iter().find_map(linked).map(OwnChannel::Id).or_else(|| {
        let name = pattern?.replace("{number}", &number()?).to_lowercase();
        let name = name.strip_prefix('#').unwrap_or(&name);
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
        let fits = !name.is_empty() && name.chars().count() <= LONGEST && name.chars().all(plain);
        fits.then(|| OwnChannel::Named(name.to_owned()))
    })
}

/// `https://acme.slack.com/archives/C0123ABC` and `https://app.slack.com/client/T0123ABC/C0123ABC`.
fn linked(text: &str) -> Option<String> {
    let url = Url::parse(text.trim()).ok().filter(|url| url.scheme() == "https")?;
    url.host_str().filter(|host| host.ends_with(".slack.com"))?;
    let mut parts = url.path_segments()?;
    let id = match parts.next()? {
        "archives" => parts.next()?,
        "client" => parts.nth(1)?,
        _ => return None,
    };
    let fits = id.starts_with(['C', 'G']) && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    fits.then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_slack_is_a_channel_and_else_the_pattern_names_it() {
        let number = || Some("42".to_owned());
        let named = || OwnChannel::Named("inc-42".to_owned());
        for (link, expected) in [
            ("https://acme.slack.com/archives/C0INC42", Some("C0INC42")),
            ("https://acme.slack.com/archives/C0INC42/p1700000000", Some("C0INC42")),
            ("https://app.slack.com/client/T0001AA/C0INC42", Some("C0INC42")),
            ("https://slack.com.evil.test/archives/C0INC42", None),
            ("http://acme.slack.com/archives/C0INC42", None),
            ("https://acme.slack.com/archives/general", None),
            ("https://meet.test/archives/C0INC42", None),
            ("no link", None),
        ] {
            let linked = expected.map(|id| OwnChannel::Id(id.to_owned()));
            assert_eq!(own([link], None, number), linked, "{link}");
            assert_eq!(own([link], Some("inc-{number}"), number), Some(linked.unwrap_or_else(named)), "{link}");
        }
        assert_eq!(own([], Some("#inc-{number}"), number), Some(named()));
        assert_eq!(own([], Some("inc-{number}"), || Some("<!channel>".to_owned())), None, "nothing but a name");
        assert_eq!(own([], Some("inc-{number}"), || None), None);
    }
}
