//! Newtype identifiers. Everything else in the workspace passes these, never bare strings.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps a name as it is; whether it exists is the directory's or the policy's to say.
            pub fn new(name: impl Into<String>) -> Self {
                Self(name.into())
            }

            /// The bare name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self(name.to_owned())
            }
        }
    };
}

name!(
    /// A person's canonical, immutable id: `id` in `people.toml`. Never a display name or an address.
    PersonId
);
name!(
    /// A role of the policy, for example `orders-db-admin`.
    RoleName
);
name!(
    /// A connector of `jit.toml`: the `orders-db` of `[connectors.orders-db]`.
    ConnectorName
);
name!(
    /// A person's account in one connector's system.
    AccountName
);
name!(
    /// SHA-256 of the policy files a decision was made under, in hex.
    PolicyHash
);

/// The key of an access: a version 7 UUID, made by the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccessId(pub Uuid);

impl fmt::Display for AccessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The id of an access that people see, such as `A-7K3F9Q`: random, unique for ever.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ShortId(String);

impl ShortId {
    /// The 30 letters and digits that are not mistaken for each other when read aloud or typed: no `0 1 I L O U`.
    pub const ALPHABET: &'static [u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";
    /// Letters after `A-`; 30^6 is 729 million ids, and the store's constraint makes each unique.
    pub const LENGTH: usize = 6;

    /// Makes an id of random numbers; each picks a letter by its remainder.
    pub fn from_random(random: [u32; Self::LENGTH]) -> Self {
        let letters: String =
            random.iter().map(|r| char::from(Self::ALPHABET[*r as usize % Self::ALPHABET.len()])).collect();
        Self(format!("A-{letters}"))
    }

    /// Reads an id as a person types it: any case, with or without `A-`, surrounding blanks ignored.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_uppercase();
        let letters = text.strip_prefix("A-").unwrap_or(&text);
        let fits = letters.len() == Self::LENGTH && letters.bytes().all(|b| Self::ALPHABET.contains(&b));
        fits.then(|| Self(format!("A-{letters}")))
    }

    /// The id as people see it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ShortId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ShortId {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is not an access id like A-7K3F9Q"))
    }
}

impl From<ShortId> for String {
    fn from(id: ShortId) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_ids_are_read_as_people_type_them() {
        assert_eq!(ShortId::parse(" a-7k3f9q "), ShortId::parse("A-7K3F9Q"));
        assert_eq!(ShortId::parse("7K3F9Q").map(String::from).as_deref(), Some("A-7K3F9Q"));
        for bad in ["", "A-", "A-7K3F9", "A-7K3F9QQ", "A-7K3F9O", "A-7K3F9\u{e9}", "B-7K3F9Q"] {
            assert_eq!(ShortId::parse(bad), None, "{bad}");
        }
    }
}
