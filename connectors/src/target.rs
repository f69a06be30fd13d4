//! Reading a role's target: the keys a connector knows, each of the right shape. Every connector's `check_target` is made of these.

use jit_core::entitlement::Target;
use serde_json::Value;

/// Refuses keys that are not among the known ones.
pub(crate) fn only_keys(target: &Target, known: &[&str]) -> Result<(), String> {
    match target.0.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("unknown key `{key}`; known here: {}", known.join(", "))),
        None => Ok(()),
    }
}

/// The text under a key that must be there and not be empty.
pub(crate) fn text<'t>(target: &'t Target, key: &str) -> Result<&'t str, String> {
    optional_text(target, key)?.ok_or_else(|| format!("`{key}` is missing; write {key} = \"…\""))
}

/// The text under a key that may be left out.
pub(crate) fn optional_text<'t>(target: &'t Target, key: &str) -> Result<Option<&'t str>, String> {
    match target.0.get(key) {
        None => Ok(None),
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text)),
        Some(_) => Err(format!("`{key}` must be a text that is not empty")),
    }
}

/// The list of texts under a key that may be left out; an empty list is refused.
pub(crate) fn optional_texts<'t>(target: &'t Target, key: &str) -> Result<Option<Vec<&'t str>>, String> {
    let wrong = || format!("`{key}` must be a list of texts, with at least one and none of them empty");
    let list = match target.0.get(key) {
        None => return Ok(None),
        Some(Value::Array(list)) if !list.is_empty() => list,
        Some(_) => return Err(wrong()),
    };
    let texts: Option<Vec<&str>> = list.iter().map(|v| v.as_str().filter(|text| !text.trim().is_empty())).collect();
    texts.map(Some).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn target(value: Value) -> Target {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn wrong_shapes_are_told_by_key() {
        assert_eq!(
            only_keys(&target(json!({ "rol": "a" })), &["role"]),
            Err("unknown key `rol`; known here: role".into())
        );
        for bad in
            [json!({}), json!({ "role": "" }), json!({ "role": " " }), json!({ "role": 1 }), json!({ "role": ["a"] })]
        {
            assert!(text(&target(bad.clone()), "role").unwrap_err().contains("`role`"), "{bad}");
        }
        assert_eq!(optional_texts(&target(json!({})), "keys"), Ok(None));
        assert_eq!(optional_texts(&target(json!({ "keys": ["a", "b"] })), "keys"), Ok(Some(vec!["a", "b"])));
        for bad in [json!([]), json!("a"), json!(["a", ""]), json!(["a", 1]), json!(null)] {
            assert!(optional_texts(&target(json!({ "keys": bad.clone() })), "keys").is_err(), "{bad}");
        }
    }
}
