//! Where one can speak: a conversation of Teams, and the address of the service that carries it. Learnt from what Teams sends, kept by the
//! shell, used by [`super::deliver`].

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use url::{Host, Url};

use crate::deliver::ChatError;

/// A conversation that the app is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Where it is carried.
    pub service_url: ServiceUrl,
    /// Its id; of a channel, without the thread ([`Reference::base`]).
    pub conversation: String,
    /// The tenant's id.
    pub tenant: String,
    /// What it is.
    pub kind: Kind,
    /// The Entra object id of the one person in it with the app; none for groups and channels.
    pub person: Option<String>,
    /// The app there, such as `28:…`.
    pub bot: String,
}

/// Somebody, by the id that Teams calls them by towards this app: what mentions name, and those whose clients ask for a face of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Such as `29:…`.
    pub id: String,
    /// Their Entra object id.
    pub person: String,
    /// The tenant's id.
    pub tenant: String,
    /// The team or the conversation where they were seen; what is known of them goes with it.
    pub place: String,
}

impl Member {
    /// Longest id that is taken: about 120 characters are usual, and sixty of them must fit into one card.
    const LONGEST: usize = 180;

    /// Whether this is an id of a person: what is not has no business in a card or a line.
    pub fn is_id(text: &str) -> bool {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '+' | '/' | '=');
        text.starts_with("29:") && text.len() <= Self::LONGEST && text.chars().all(plain)
    }
}

/// What a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// One person and the app.
    Personal,
    /// A chat of several people.
    Group,
    /// A channel of a team: has threads.
    Channel,
}

impl Kind {
    /// As Teams says it (`conversationType`), and as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Group => "groupChat",
            Self::Channel => "channel",
        }
    }

    /// Reads [`Kind::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Personal, Self::Group, Self::Channel].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// The address of the connector. Our token goes there, so it may only ever come from an activity whose token was verified, and whose
/// claim `serviceurl` is the same.
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceUrl(Url);

impl ServiceUrl {
    /// https, or this machine's own loopback for tests; without user, query and fragment.
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text.trim()).ok()?;
        let local = match url.host()? {
            Host::Ipv4(ip) => ip.is_loopback(),
            Host::Ipv6(ip) => ip.is_loopback(),
            Host::Domain(name) => name == "localhost",
        };
        let bare =
            url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
        let safe = url.scheme() == "https" || (url.scheme() == "http" && local);
        (bare && safe).then_some(Self(url))
    }

    /// As it is stored: without a slash at its end.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// A call's address. Each part is escaped, so that an id can never lead anywhere else.
    pub fn call(&self, path: &[&str]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }
}

impl fmt::Debug for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Reference {
    /// A conversation's id without the thread: `19:…@thread.tacv2;messageid=…` is one of its channel's.
    pub fn base(conversation: &str) -> &str {
        conversation.split_once(";messageid=").map_or(conversation, |(base, _)| base)
    }
}

/// The references that are known: the shell keeps them in the database.
#[async_trait]
pub trait References: Send + Sync {
    /// The personal conversation with somebody, by their Entra object id.
    async fn of_person(&self, person: &str) -> Result<Option<Reference>, ChatError>;
    /// A conversation by its id, without the thread.
    async fn of_conversation(&self, conversation: &str) -> Result<Option<Reference>, ChatError>;
    /// The one learnt last, whichever: its service carries the others of the tenant too.
    async fn newest(&self) -> Result<Option<Reference>, ChatError>;
    /// Keeps one, in place of an older one of the same person or channel.
    async fn learn(&self, reference: &Reference) -> Result<(), ChatError>;
    /// The app is not there any more.
    async fn forget(&self, conversation: &str) -> Result<(), ChatError>;
    /// Keeps who somebody is, in place of what was known of them there.
    async fn meet(&self, member: &Member) -> Result<(), ChatError>;
    /// The app is not in a team or a conversation any more: nor is what it learnt there of people.
    async fn leave(&self, place: &str) -> Result<(), ChatError>;
    /// Teams' ids of people of a tenant, by their object ids, as far as they are known.
    async fn members(&self, tenant: &str, people: &[String]) -> Result<BTreeMap<String, String>, ChatError>;
    /// The object ids of people of a tenant, by Teams' ids, as far as they are known.
    async fn people(&self, tenant: &str, members: &[String]) -> Result<BTreeMap<String, String>, ChatError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_https_or_this_machine_and_nothing_beside_its_path() {
        for text in ["https://smba.trafficmanager.net/emea/", "http://127.0.0.1:56150/_connector", "http://[::1]:9"] {
            assert_eq!(
                ServiceUrl::parse(text).map(|url| url.as_str().to_owned()),
                Some(text.trim_end_matches('/').into())
            );
        }
        for text in [
            "http://smba.trafficmanager.net/emea/",
            "https://smba.trafficmanager.net@evil.test/?x=1",
            "https://user@evil.test/",
            "https://evil.test/?to=",
            "https://evil.test/#",
            "file:///etc/passwd",
            "ftp://127.0.0.1/",
            "http://127.0.0.1.evil.test/",
            "",
        ] {
            assert_eq!(ServiceUrl::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_id_stays_one_part_of_the_address() {
        let url = ServiceUrl::parse("https://smba.test/emea/").unwrap();
        let call = url.call(&["v3", "conversations", "19:a@thread.tacv2;messageid=1", "activities"]);
        assert_eq!(call.as_str(), "https://smba.test/emea/v3/conversations/19:a@thread.tacv2;messageid=1/activities");
        let call = url.call(&["v3", "conversations", "../../x?y#z", "activities"]);
        assert_eq!(call.as_str(), "https://smba.test/emea/v3/conversations/..%2F..%2Fx%3Fy%23z/activities");
        assert_eq!(url.call(&["v3", "..", "x"]).as_str(), "https://smba.test/emea/v3/x");
    }

    #[test]
    fn only_ids_of_people_are_taken_for_them() {
        let real = "29:1bSnHZ7Js2STWrgk6ScEErLk1Lp2zQuD5H2qQ960rtvstKp8tKLl-3r8b6DoW0QxZimuTxk_kupZ1DBMpvIQQUAZL-PNj0EORDvRZXy8kvWk";
        for (id, taken) in [
            (real, true),
            ("29:dana", true),
            ("28:app", false),
            ("8:orgid:8c0e4a7e-0000-4000-8000-000000000001", false),
            ("29:a b", false),
            ("29:a\nbecause", false),
            ("29:\"", false),
            ("", false),
            (&format!("29:{}", "x".repeat(200)), false),
        ] {
            assert_eq!(Member::is_id(id), taken, "{id}");
        }
    }

    #[test]
    fn threads_are_of_their_channel() {
        assert_eq!(Reference::base("19:a@thread.tacv2;messageid=17"), "19:a@thread.tacv2");
        assert_eq!(Reference::base("a:1"), "a:1");
        assert!(
            [Kind::Personal, Kind::Group, Kind::Channel].iter().all(|kind| Kind::parse(kind.as_str()) == Some(*kind))
        );
    }
}
