//! Where a notice goes: which chat platforms carry it. Pure; asked by the store when it queues a notice.

use crate::access::Platform;
use crate::directory::{Directory, Person};
use crate::effect::{Content, Recipient, Tell};
use crate::id::PersonId;

/// The platforms of a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// On each of these a message of its own.
    Each(Vec<Platform>),
    /// On one of these alone: where the message is already, or the one that it stands under; else the first.
    One(Vec<Platform>),
}

/// What is told goes there: a channel that everybody reads exists on every platform, and a person is told once.
pub fn route(tell: &Tell, directory: &Directory) -> Route {
    let platforms = directory.platforms();
    match &tell.to {
        Recipient::Announce | Recipient::Security => Route::Each(platforms.to_vec()),
        Recipient::Channel(channel) => {
            let of_channel = Platform::of_channel(channel);
            let there = platforms.iter().copied().find(|platform| *platform == of_channel);
            // Where nobody has such a channel it is found out at delivery, and shown.
            Route::Each(there.or(platforms.first().copied()).into_iter().collect())
        }
        Recipient::Person(id) => Route::One(of_person(directory, id, asked_on(tell, id))),
    }
}

/// The platform that somebody asked on, for what is told to them of their own request.
fn asked_on(tell: &Tell, id: &PersonId) -> Option<Platform> {
    match &tell.content {
        Content::Notice(notice) if notice.access.request.requester == *id => {
            Some(notice.access.request.origin.platform)
        }
        Content::Notice(_) | Content::Bulletin(_) => None,
    }
}

/// Every configured platform, best first: where they can be reached; of those where they asked, then the one they prefer, then in order.
fn of_person(directory: &Directory, id: &PersonId, asked: Option<Platform>) -> Vec<Platform> {
    let person = directory.person(id);
    let mut platforms = directory.platforms().to_vec();
    platforms.sort_by_key(|platform| {
        let reaches = person.and_then(|person| person.identity(*platform)).is_some();
        (!reaches, asked != Some(*platform), person.and_then(|person| person.chat) != Some(*platform))
    });
    platforms
}

impl Platform {
    /// Whose channel this is: Slack's are `#name` or ids such as `C0123ABC`, conversations of Teams look like neither.
    pub fn of_channel(channel: &str) -> Self {
        let slack = channel.starts_with('#')
            || (channel.starts_with(['C', 'G', 'D'])
                && channel.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()));
        if slack { Self::Slack } else { Self::Teams }
    }
}

impl Person {
    /// Their immutable id on a chat platform.
    pub fn identity(&self, platform: Platform) -> Option<&str> {
        match platform {
            Platform::Slack => self.slack.as_deref(),
            Platform::Teams => self.teams.as_deref(),
            Platform::Api | Platform::Cli => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::parse_people;
    use Platform::{Slack, Teams};

    const PEOPLE: &str = r#"
[[person]]
id = "both"
name = "B"
slack = "U0001"
teams = "T-1"
[[person]]
id = "prefers"
name = "P"
slack = "U0002"
teams = "T-2"
chat = "teams"
[[person]]
id = "slack"
name = "S"
slack = "U0003"
[[person]]
id = "teams"
name = "T"
teams = "T-4"
[[person]]
id = "none"
name = "N"
"#;

    #[test]
    fn a_person_is_told_where_they_can_be_reached_and_then_where_they_would_rather() {
        let mut directory = parse_people("people.toml", PEOPLE, None).unwrap();
        let first = |directory: &Directory, id: &str, asked| of_person(directory, &PersonId::new(id), asked)[0];
        assert_eq!(first(&directory, "teams", None), Slack, "only Slack is configured");
        assert!(!directory.reachable(&"teams".into()) && directory.reachable(&"both".into()));
        directory.set_platforms(vec![Slack, Teams]);
        for (id, asked, expected) in [
            ("both", None, Slack),
            ("both", Some(Teams), Teams),
            ("both", Some(Platform::Api), Slack),
            ("prefers", None, Teams),
            ("prefers", Some(Slack), Slack),
            ("slack", Some(Teams), Slack),
            ("teams", None, Teams),
            ("teams", Some(Slack), Teams),
            ("none", None, Slack),
            ("ghost", None, Slack),
        ] {
            assert_eq!(first(&directory, id, asked), expected, "{id} {asked:?}");
        }
        assert!(directory.reachable(&"teams".into()) && !directory.reachable(&"none".into()));
        directory.set_platforms(vec![Teams]);
        assert_eq!(first(&directory, "both", Some(Slack)), Teams);
        assert!(
            !directory.reachable(&"slack".into()),
            "an account on a platform that is not configured reaches nobody"
        );
    }

    #[test]
    fn channels_are_of_one_platform() {
        for (channel, expected) in [
            ("#inc-42", Slack),
            ("C0INC42", Slack),
            ("G01ABC", Slack),
            ("19:abc@thread.tacv2", Teams),
            ("a:1x", Teams),
            ("Channel-1", Teams),
        ] {
            assert_eq!(Platform::of_channel(channel), expected, "{channel}");
        }
    }
}
