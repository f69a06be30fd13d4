//! The views open before people: a stack of modals each, and a home tab.
//! Part of the world; reached only under its lock.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::{blocks::limits, config::BotIdentity, form, ids, message::collect_text};

/// A modal or home tab as the workspace keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// View id, `V…`.
    pub id: String,
    /// Changes with every update; the bot may demand it.
    pub hash: String,
    /// The person before whom it is open.
    pub user: String,
    /// The view as the bot sent it (type, title, submit, close, blocks with ids filled in, …).
    pub content: Value,
    /// What the person has entered, `{block: {action: {…}}}`.
    pub state: Value,
    /// Bottom of the stack.
    pub root_id: String,
    /// The view below it.
    pub previous_id: Option<String>,
}

impl View {
    /// Its blocks.
    pub fn blocks(&self) -> &[Value] {
        self.content["blocks"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    /// A text of the view, such as `title`.
    pub fn text(&self, key: &str) -> &str {
        self.content[key]["text"].as_str().unwrap_or_default()
    }

    /// Everything a person can read in it, for searching in tests.
    pub fn readable(&self) -> String {
        let mut all = self.text("title").to_owned();
        self.blocks().iter().for_each(|block| collect_text(block, &mut all));
        all
    }

    pub(crate) fn flag(&self, key: &str) -> bool {
        self.content[key] == Value::Bool(true)
    }

    /// As the Web API and the payloads show it.
    pub(crate) fn for_api(&self, bot: &BotIdentity, team: &str) -> Value {
        let mut view = self.content.clone();
        let map = &mut view;
        for (key, default) in [("private_metadata", json!("")), ("callback_id", json!("")), ("external_id", json!(""))]
        {
            if map[key].is_null() {
                map[key] = default;
            }
        }
        if map["type"] == "modal" {
            for key in ["submit", "close"] {
                if map[key].is_null() {
                    map[key] = Value::Null;
                }
            }
        }
        map["clear_on_close"] = json!(self.flag("clear_on_close"));
        map["notify_on_close"] = json!(self.flag("notify_on_close"));
        map["id"] = json!(self.id);
        map["team_id"] = json!(team);
        map["hash"] = json!(self.hash);
        map["state"] = json!({ "values": self.state });
        map["root_view_id"] = json!(self.root_id);
        map["previous_view_id"] = json!(self.previous_id);
        map["app_id"] = json!(bot.app_id);
        map["bot_id"] = json!(bot.bot_id);
        map["app_installed_team_id"] = json!(team);
        view
    }

    /// As the browser shows it: without the bot's private metadata.
    pub(crate) fn for_browser(&self) -> Value {
        let mut view = self.content.clone();
        if let Some(map) = view.as_object_mut() {
            map.remove("private_metadata");
            map.remove("external_id");
        }
        view["id"] = json!(self.id);
        view["hash"] = json!(self.hash);
        view["state"] = json!({ "values": self.state });
        view["previous_view_id"] = json!(self.previous_id);
        view
    }
}

/// Why a view could not be opened or changed, as Slack names it.
pub(crate) type ViewError = &'static str;

/// All views of the workspace.
#[derive(Debug, Default)]
pub(crate) struct Views {
    stacks: HashMap<String, Vec<View>>,
    homes: HashMap<String, View>,
    counter: u64,
}

impl Views {
    pub(crate) fn top(&self, user: &str) -> Option<&View> {
        self.stacks.get(user)?.last()
    }

    pub(crate) fn home(&self, user: &str) -> Option<&View> {
        self.homes.get(user)
    }

    /// A modal or home tab by id, wherever it is.
    pub(crate) fn find(&self, id: &str) -> Option<&View> {
        self.stacks.values().flatten().chain(self.homes.values()).find(|v| v.id == id)
    }

    pub(crate) fn find_mut(&mut self, id: &str) -> Option<&mut View> {
        self.stacks.values_mut().flatten().chain(self.homes.values_mut()).find(|v| v.id == id)
    }

    pub(crate) fn by_external_id(&self, external: &str) -> Option<&View> {
        let same = |v: &&View| !external.is_empty() && v.content["external_id"] == external;
        self.stacks.values().flatten().chain(self.homes.values()).find(same)
    }

    /// Opens a modal on an empty stack; gives it, and what was open before and is gone, top first.
    pub(crate) fn open(&mut self, user: &str, content: Value) -> Result<(View, Vec<View>), ViewError> {
        self.unique_external_id(&content, None)?;
        let closed = self.clear(user);
        let view = self.make(user, content, None);
        self.stacks.insert(user.to_owned(), vec![view.clone()]);
        Ok((view, closed))
    }

    /// Puts a modal on the person's stack.
    pub(crate) fn push(&mut self, user: &str, content: Value) -> Result<View, ViewError> {
        self.unique_external_id(&content, None)?;
        let below = self.top(user).cloned().ok_or("not_found")?;
        if self.stacks.get(user).is_some_and(|stack| stack.len() >= limits::VIEW_STACK) {
            return Err("push_limit_reached");
        }
        let view = self.make(user, content, Some(&below));
        self.stacks.entry(user.to_owned()).or_default().push(view.clone());
        Ok(view)
    }

    /// Replaces the content of a view; entries keep their values where block and action stay.
    pub(crate) fn update(&mut self, id: &str, content: Value, hash: Option<&str>) -> Result<View, ViewError> {
        self.unique_external_id(&content, Some(id))?;
        let fresh = self.new_hash();
        let view = self.find_mut(id).ok_or("not_found")?;
        if hash.is_some_and(|given| given != view.hash) {
            return Err("hash_conflict");
        }
        view.state = form::carry_over(&content, &view.state);
        view.content = content;
        view.hash = fresh;
        Ok(view.clone())
    }

    /// Sets the person's home tab.
    pub(crate) fn publish(&mut self, user: &str, content: Value, hash: Option<&str>) -> Result<View, ViewError> {
        if let Some(old) = self.homes.get(user) {
            let id = old.id.clone();
            return self.update(&id, content, hash);
        }
        self.unique_external_id(&content, None)?;
        let view = self.make(user, content, None);
        self.homes.insert(user.to_owned(), view.clone());
        Ok(view)
    }

    /// Closes one modal and everything above it; returns what was closed, top first.
    pub(crate) fn close(&mut self, user: &str, id: &str) -> Vec<View> {
        let Some(stack) = self.stacks.get_mut(user) else { return Vec::new() };
        let Some(at) = stack.iter().position(|v| v.id == id) else { return Vec::new() };
        let mut closed = stack.split_off(at);
        closed.reverse();
        closed
    }

    /// Closes all modals of a person; returns what was closed, top first.
    pub(crate) fn clear(&mut self, user: &str) -> Vec<View> {
        let mut closed = self.stacks.remove(user).unwrap_or_default();
        closed.reverse();
        closed
    }

    fn make(&mut self, user: &str, content: Value, below: Option<&View>) -> View {
        let id = ids::random("V");
        View {
            hash: self.new_hash(),
            user: user.to_owned(),
            state: form::carry_over(&content, &json!({})),
            content,
            root_id: below.map_or_else(|| id.clone(), |v| v.root_id.clone()),
            previous_id: below.map(|v| v.id.clone()),
            id,
        }
    }

    fn new_hash(&mut self) -> String {
        self.counter += 1;
        format!("{}.{}", self.counter, &ids::token()[..8])
    }

    fn unique_external_id(&self, content: &Value, but: Option<&str>) -> Result<(), ViewError> {
        let external = content["external_id"].as_str().unwrap_or_default();
        match self.by_external_id(external) {
            Some(other) if Some(other.id.as_str()) != but => Err("duplicate_external_id"),
            _ => Ok(()),
        }
    }
}
