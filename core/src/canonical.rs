//! Canonical bytes of an event: what is stored, and what is hashed.
//!
//! JSON with sorted keys and no blanks (RFC 8785 for the values we use: no floats, so its number rules do not matter).

use serde::Serialize;
use sha2::{Digest, Sha256};

/// Exact bytes and their SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canonical {
    /// UTF-8 JSON.
    pub bytes: Vec<u8>,
    /// SHA-256 of `bytes`.
    pub sha256: [u8; 32],
}

/// Turns a value into its canonical bytes. Our events always serialize; the error is for foreign types.
pub fn canonical<T: Serialize>(value: &T) -> Result<Canonical, serde_json::Error> {
    // `serde_json::Value` keeps object keys in a BTreeMap (the feature `preserve_order` is off), hence sorted.
    let bytes = serde_json::to_vec(&serde_json::to_value(value)?)?;
    let sha256 = Sha256::digest(&bytes).into();
    Ok(Canonical { bytes, sha256 })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn keys_are_sorted_whatever_the_order_of_insertion() {
        let map: HashMap<&str, u32> = [("b", 2), ("a", 1), ("c", 3)].into();
        assert_eq!(canonical(&map).unwrap().bytes, br#"{"a":1,"b":2,"c":3}"#);
    }
}
