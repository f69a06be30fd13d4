//! The hand tools of the block validator: typed access to a JSON object that notes a problem, in
//! Slack's words and with a JSON pointer, for everything that is not as it must be.
//! Called by the sibling modules only; knows no block or element by name.

use std::collections::HashSet;

use serde_json::{Map, Value};

/// Where blocks are shown, which decides what may be in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// A message or an ephemeral message.
    Message,
    /// A modal; `submit` is whether it has a submit button.
    Modal {
        /// Whether the view has a submit button, which inputs need.
        submit: bool,
    },
    /// The home tab.
    Home,
}

/// Which text objects a place takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Markup {
    Plain,
    Either,
}

/// An object being checked, and where it is.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub map: &'a Map<String, Value>,
    pub path: &'a str,
}

impl<'a> At<'a> {
    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key)
    }

    pub(super) fn child(&self, key: &str) -> String {
        format!("{}/{key}", self.path)
    }
}

/// Collects what is wrong, and the ids seen so far.
pub(super) struct Checker {
    pub problems: Vec<String>,
    pub surface: Surface,
    pub focused: bool,
    action_ids: HashSet<String>,
    block_ids: HashSet<String>,
}

impl Checker {
    pub(super) fn new(surface: Surface) -> Self {
        Self { problems: Vec::new(), surface, focused: false, action_ids: HashSet::new(), block_ids: HashSet::new() }
    }

    /// Notes a problem. Only the first hundred are kept: the input may be large and all wrong.
    pub(super) fn problem(&mut self, path: &str, what: impl AsRef<str>) {
        if self.problems.len() < 100 {
            self.problems.push(format!("{} [json-pointer:{path}]", what.as_ref()));
        }
    }

    /// The object at `path`, whose keys must all be known.
    pub(super) fn object<'a>(&mut self, value: &'a Value, path: &'a str, known: &[&[&str]]) -> Option<At<'a>> {
        let Some(map) = value.as_object() else {
            self.problem(path, "must be an object");
            return None;
        };
        for key in map.keys() {
            if !known.iter().any(|keys| keys.contains(&key.as_str())) {
                self.problem(path, format!("invalid additional property: {}", shorten(key)));
            }
        }
        Some(At { map, path })
    }

    /// A value that must be there.
    pub(super) fn required<'a>(&mut self, at: At<'a>, key: &str) -> Option<&'a Value> {
        let value = at.get(key);
        if value.is_none() {
            self.problem(at.path, format!("missing required field: {key}"));
        }
        value
    }

    /// A string of `min..=max` characters, if present.
    pub(super) fn string<'a>(&mut self, at: At<'a>, key: &str, min: usize, max: usize) -> Option<&'a str> {
        let Some(text) = at.get(key)?.as_str() else {
            self.problem(&at.child(key), "must be a string");
            return None;
        };
        self.length(&at.child(key), text, min, max);
        Some(text)
    }

    /// A string that must be there.
    pub(super) fn required_string<'a>(&mut self, at: At<'a>, key: &str, min: usize, max: usize) -> Option<&'a str> {
        self.required(at, key)?;
        self.string(at, key, min, max)
    }

    fn length(&mut self, path: &str, text: &str, min: usize, max: usize) {
        let length = text.chars().count();
        if length < min {
            self.problem(path, format!("must be more than {} characters", min.saturating_sub(1)));
        }
        if length > max {
            self.problem(path, format!("must be less than {} characters", max + 1));
        }
    }

    pub(super) fn boolean(&mut self, at: At<'_>, key: &str) {
        if at.get(key).is_some_and(|v| !v.is_boolean()) {
            self.problem(&at.child(key), "must be a boolean");
        }
    }

    pub(super) fn integer(&mut self, at: At<'_>, key: &str, min: i64, max: i64) -> Option<i64> {
        let value = at.get(key)?;
        match value.as_i64() {
            Some(n) if (min..=max).contains(&n) => Some(n),
            Some(_) => {
                self.problem(&at.child(key), format!("must be between {min} and {max}"));
                None
            }
            None => {
                self.problem(&at.child(key), "must be an integer");
                None
            }
        }
    }

    /// One of a few words, if present.
    pub(super) fn choice(&mut self, at: At<'_>, key: &str, allowed: &[&str]) {
        if let Some(value) = at.get(key)
            && !value.as_str().is_some_and(|word| allowed.contains(&word))
        {
            self.problem(&at.child(key), format!("must be one of: {}", allowed.join(", ")));
        }
    }

    /// A list of `min..=max` items; empty when it is absent or no list.
    pub(super) fn list<'a>(&mut self, at: At<'a>, key: &str, min: usize, max: usize) -> &'a [Value] {
        let Some(value) = at.get(key) else { return &[] };
        let Some(items) = value.as_array() else {
            self.problem(&at.child(key), "must be an array");
            return &[];
        };
        if items.len() < min {
            self.problem(&at.child(key), format!("no less than {min} items allowed"));
        }
        if items.len() > max {
            self.problem(&at.child(key), format!("no more than {max} items allowed"));
        }
        items
    }

    pub(super) fn required_list<'a>(&mut self, at: At<'a>, key: &str, min: usize, max: usize) -> &'a [Value] {
        self.required(at, key);
        self.list(at, key, min, max)
    }

    /// A text object under `key`, if present.
    pub(super) fn text(&mut self, at: At<'_>, key: &str, markup: Markup, max: usize) {
        if let Some(value) = at.get(key) {
            self.text_object(value, &at.child(key), markup, max);
        }
    }

    pub(super) fn required_text(&mut self, at: At<'_>, key: &str, markup: Markup, max: usize) {
        if self.required(at, key).is_some() {
            self.text(at, key, markup, max);
        }
    }

    /// A text object: its kind as the place demands, `emoji` only in plain, `verbatim` only in mrkdwn.
    pub(super) fn text_object(&mut self, value: &Value, path: &str, markup: Markup, max: usize) {
        let kind = value.get("type").and_then(Value::as_str).unwrap_or_default();
        let extra: &[&str] = match kind {
            "plain_text" => &["emoji"],
            "mrkdwn" => &["verbatim"],
            _ => &["emoji", "verbatim"],
        };
        let Some(at) = self.object(value, path, &[&["type", "text"], extra]) else { return };
        match (kind, markup) {
            ("plain_text", Markup::Plain | Markup::Either) | ("mrkdwn", Markup::Either) => {}
            (_, Markup::Plain) => self.problem(&at.child("type"), "must be plain_text"),
            (_, Markup::Either) => self.problem(&at.child("type"), "must be plain_text or mrkdwn"),
        }
        self.required_string(at, "text", 1, max);
        self.boolean(at, "emoji");
        self.boolean(at, "verbatim");
    }

    /// An action id, unique in the whole message or view.
    pub(super) fn action_id(&mut self, at: At<'_>, max: usize) {
        if let Some(id) = self.string(at, "action_id", 1, max)
            && !self.action_ids.insert(id.to_owned())
        {
            self.problem(&at.child("action_id"), format!("`action_id` is not unique: {}", shorten(id)));
        }
    }

    /// A block id, unique in the whole message or view.
    pub(super) fn block_id(&mut self, at: At<'_>, max: usize) {
        if let Some(id) = self.string(at, "block_id", 1, max)
            && !self.block_ids.insert(id.to_owned())
        {
            self.problem(&at.child("block_id"), format!("`block_id` is not unique: {}", shorten(id)));
        }
    }
}

/// Enough of a stranger's string to recognise it in a message.
pub(super) fn shorten(text: &str) -> String {
    text.chars().take(60).collect()
}
