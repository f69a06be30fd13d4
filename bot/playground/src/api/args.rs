//! Reads the arguments of a Web API call: query, form or JSON, then typed.
//! Called by the dispatcher and the methods; errors are Slack's. Never panics, whatever comes in.

use axum::http::{HeaderMap, Method, header};
use serde_json::{Map, Value};

use super::answer::{Refused, refuse};

/// The arguments of one call, by name.
#[derive(Debug, Default)]
pub(crate) struct Args(Map<String, Value>);

impl Args {
    /// Decodes a request. A body counts more than the query.
    pub(crate) fn decode(
        method: &Method,
        query: Option<&str>,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Self, Refused> {
        let mut map = Map::new();
        if let Some(query) = query {
            form(query.as_bytes(), &mut map);
            // An address ends up in logs: a token in it does not count.
            map.remove("token");
        }
        if method == Method::GET || body.is_empty() {
            return Ok(Self(map));
        }
        let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        match kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "application/json" => match serde_json::from_slice::<Value>(body) {
                Ok(Value::Object(given)) => map.extend(given.into_iter().filter(|(_, v)| !v.is_null())),
                Ok(_) => return Err(refuse("json_not_object")),
                Err(_) => return Err(refuse("invalid_json")),
            },
            "application/x-www-form-urlencoded" => {
                if std::str::from_utf8(body).is_err() {
                    return Err(refuse("invalid_form_data"));
                }
                form(body, &mut map);
            }
            "" => return Err(refuse("missing_post_type")),
            _ => return Err(refuse("invalid_post_type")),
        }
        Ok(Self(map))
    }

    pub(crate) fn from_map(map: Map<String, Value>) -> Self {
        Self(map.into_iter().filter(|(_, value)| !value.is_null()).collect())
    }

    /// The token, if it was sent as an argument.
    pub(crate) fn take_token(&mut self) -> Option<String> {
        match self.0.remove("token") {
            Some(Value::String(token)) => Some(token),
            _ => None,
        }
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// For the record of calls.
    pub(crate) fn to_value(&self) -> Value {
        Value::Object(self.0.clone())
    }

    /// A text; a number written as JSON counts as its digits.
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, Refused> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(invalid(&format!("must be a string: {name}"))),
        }
    }

    /// Several texts: separated by commas, or a JSON array as some clients send it.
    pub(crate) fn list(&self, name: &str) -> Result<Vec<String>, Refused> {
        let given = match self.0.get(name) {
            Some(Value::Array(items)) if items.iter().all(Value::is_string) => {
                items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")
            }
            _ => self.text(name)?.unwrap_or_default(),
        };
        Ok(given.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect())
    }

    /// A text that must be there and not be empty.
    pub(crate) fn required(&self, name: &str) -> Result<String, Refused> {
        match self.text(name)? {
            Some(text) if !text.is_empty() => Ok(text),
            _ => Err(invalid(&format!("missing required field: {name}"))),
        }
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, Refused> {
        match self.0.get(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(text)) => match text.to_ascii_lowercase().as_str() {
                "true" | "1" => Ok(true),
                "false" | "0" | "" => Ok(false),
                _ => Err(invalid(&format!("must be a boolean: {name}"))),
            },
            Some(Value::Number(n)) if n.as_u64().is_some_and(|n| n < 2) => Ok(n.as_u64() == Some(1)),
            Some(_) => Err(invalid(&format!("must be a boolean: {name}"))),
        }
    }

    /// A whole number, if given.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, Refused> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| invalid(&format!("must be an integer: {name}")))
    }

    /// A structure: JSON within a text, or JSON as it is. `wrong` is Slack's error if it is neither.
    pub(crate) fn structure(&self, name: &str, wrong: &str) -> Result<Option<Value>, Refused> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text).map(Some).map_err(|_| refuse(wrong)),
            Some(other) => Ok(Some(other.clone())),
        }
    }
}

/// `invalid_arguments` with the reason, as Slack gives it.
pub(crate) fn invalid(message: &str) -> Refused {
    refuse("invalid_arguments").because(vec![message.to_owned()])
}

fn form(bytes: &[u8], map: &mut Map<String, Value>) {
    for (name, value) in url::form_urlencoded::parse(bytes) {
        map.insert(name.into_owned(), Value::String(value.into_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn headers(kind: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
        headers
    }

    #[test]
    fn form_json_and_query_say_the_same() {
        let form = Args::decode(
            &Method::POST,
            None,
            &headers("application/x-www-form-urlencoded; charset=utf-8"),
            b"channel=C1&limit=5&inclusive=true",
        )
        .unwrap();
        let json = Args::decode(
            &Method::POST,
            None,
            &headers("application/json;charset=utf-8"),
            br#"{"channel":"C1","limit":5,"inclusive":true,"cursor":null}"#,
        )
        .unwrap();
        let query = Args::decode(&Method::GET, Some("channel=C1&limit=5&inclusive=1"), &HeaderMap::new(), b"").unwrap();
        for args in [form, json, query] {
            assert_eq!(args.required("channel").unwrap(), "C1");
            assert_eq!(args.number("limit").unwrap(), Some(5));
            assert!(args.flag("inclusive").unwrap());
            assert!(!args.has("cursor"));
        }
    }

    #[test]
    fn wrong_bodies_have_slacks_names() {
        let error = |kind: &str, body: &[u8]| {
            Args::decode(&Method::POST, None, &headers(kind), body).map(|_| ()).unwrap_err().error
        };
        assert_eq!(error("application/json", b"{"), "invalid_json");
        assert_eq!(error("application/json", b"[]"), "json_not_object");
        assert_eq!(error("text/xml", b"<a/>"), "invalid_post_type");
        assert_eq!(error("application/x-www-form-urlencoded", b"\xff"), "invalid_form_data");
        let none = Args::decode(&Method::POST, None, &HeaderMap::new(), b"a=b").map(|_| ()).unwrap_err();
        assert_eq!(none.error, "missing_post_type");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(
            body in proptest::collection::vec(any::<u8>(), 0..400),
            query in ".{0,80}",
            kind in prop_oneof![
                Just("application/json"), Just("application/x-www-form-urlencoded"), Just("multipart/form-data")
            ],
        ) {
            let args = Args::decode(&Method::POST, Some(&query), &headers(kind), &body);
            if let Ok(args) = args {
                let names: Vec<_> = args.names().map(str::to_owned).collect();
                for name in names {
                    let _ = (args.text(&name), args.flag(&name), args.number(&name), args.structure(&name, "x"));
                }
            }
        }
    }
}
