//! Text that people wrote (justifications, reasons): kept beside the event, so that it can be erased.
//!
//! What is stored, hashed and compared is the salted digest; the text itself travels next to it and is never
//! serialized with it. The store keeps the texts in a table of their own and puts them back on load ([`fill`]).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A person's text and its salted digest. Serializes as `{"personal": "<hex digest>"}`, without the text.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Personal {
    /// SHA-256 over salt and text, in hex.
    #[serde(rename = "personal")]
    digest: String,
    #[serde(default, skip_serializing)]
    text: Option<String>,
    #[serde(skip)]
    salt: Option<[u8; 16]>,
}

impl Personal {
    /// Binds a text to its digest; the salt is random and comes from the shell.
    pub fn new(text: impl Into<String>, salt: [u8; 16]) -> Self {
        let text = text.into();
        let digest = hex::encode(Sha256::new().chain_update(salt).chain_update(text.as_bytes()).finalize());
        Self { digest, text: Some(text), salt: Some(salt) }
    }

    /// The hex digest.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The text, or a mark that it was erased.
    pub fn text(&self) -> &str {
        self.text.as_deref().unwrap_or("(erased)")
    }

    /// Whether the text is gone, and only its digest is left.
    pub fn is_erased(&self) -> bool {
        self.text.is_none()
    }

    /// Salt and text of a new one, for the store; `None` once it was loaded.
    pub fn fresh(&self) -> Option<([u8; 16], &str)> {
        self.salt.zip(self.text.as_deref())
    }
}

impl PartialEq for Personal {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for Personal {}

/// Puts texts back into a stored document: every `{"personal": digest}` that `text_of` knows gets its `text`.
pub fn fill(document: &mut Value, text_of: &dyn Fn(&str) -> Option<String>) {
    match document {
        Value::Object(map) => {
            let text = map.get("personal").and_then(Value::as_str).and_then(text_of);
            if let Some(text) = text {
                map.insert("text".to_owned(), Value::String(text));
            }
            map.values_mut().for_each(|v| fill(v, text_of));
        }
        Value::Array(items) => items.iter_mut().for_each(|v| fill(v, text_of)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_not_serialized_and_comes_back_by_its_digest() {
        let personal = Personal::new("the database is on fire", [7; 16]);
        let mut stored = serde_json::to_value(&personal).unwrap();
        assert!(!stored.to_string().contains("fire"));
        let erased: Personal = serde_json::from_value(stored.clone()).unwrap();
        assert_eq!((erased.text(), erased.is_erased()), ("(erased)", true));
        fill(&mut stored, &|d| (d == personal.digest()).then(|| personal.text().to_owned()));
        let loaded: Personal = serde_json::from_value(stored).unwrap();
        assert_eq!((loaded.text(), loaded.is_erased()), ("the database is on fire", false));
        assert_eq!(loaded, personal);
    }
}
