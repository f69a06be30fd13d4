//! Reads a secret value of the configuration. Whoever resolved `{ env = … }` or `{ file = … }` has put the text in its place.

use secrecy::SecretString;
use serde::{Deserializer, de};

/// For `#[serde(deserialize_with)]`; the error never repeats the value.
pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    struct Text;
    impl de::Visitor<'_> for Text {
        type Value = SecretString;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a text, { env = \"NAME\" } or { file = \"path\" }")
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<SecretString, E> {
            Ok(SecretString::from(text))
        }
        fn visit_string<E: de::Error>(self, text: String) -> Result<SecretString, E> {
            Ok(SecretString::from(text))
        }
    }
    deserializer.deserialize_string(Text)
}
