//! Composition objects: options, option groups, confirmation dialogs, filters.
//! Called by `elements`; must not look at blocks.

use serde_json::Value;

use super::{
    checker::{At, Checker, Markup},
    limits,
};

/// What an option may look like where it stands.
#[derive(Clone, Copy)]
pub(super) struct OptionRule {
    pub markup: Markup,
    pub url: bool,
}

/// Options of select menus.
pub(super) const SELECT: OptionRule = OptionRule { markup: Markup::Plain, url: false };
/// Options of checkboxes and radio buttons, which may be marked up.
pub(super) const CHOICE: OptionRule = OptionRule { markup: Markup::Either, url: false };
/// Options of overflow menus, which may lead to an address.
pub(super) const OVERFLOW: OptionRule = OptionRule { markup: Markup::Plain, url: true };

impl Checker {
    pub(super) fn option(&mut self, value: &Value, path: &str, rule: OptionRule) {
        let extra: &[&str] = if rule.url { &["url"] } else { &[] };
        let Some(at) = self.object(value, path, &[&["text", "value", "description"], extra]) else { return };
        self.required_text(at, "text", rule.markup, limits::OPTION_TEXT);
        self.required_string(at, "value", 1, limits::OPTION_VALUE);
        let description = if rule.markup == Markup::Either { Markup::Either } else { Markup::Plain };
        self.text(at, "description", description, limits::OPTION_TEXT);
        self.string(at, "url", 1, limits::URL);
    }

    fn options(&mut self, items: &[Value], path: &str, rule: OptionRule) {
        for (i, item) in items.iter().enumerate() {
            self.option(item, &format!("{path}/{i}"), rule);
        }
    }

    /// `options` of an element without groups.
    pub(super) fn option_list(&mut self, at: At<'_>, max: usize, rule: OptionRule) {
        let items = self.required_list(at, "options", 1, max);
        self.options(items, &at.child("options"), rule);
    }

    /// `options` or `option_groups` of a static select, exactly one of them.
    pub(super) fn options_or_groups(&mut self, at: At<'_>) {
        match (at.get("options"), at.get("option_groups")) {
            (Some(_), None) => self.option_list(at, limits::SELECT_OPTIONS, SELECT),
            (None, Some(_)) => self.option_groups(at),
            (Some(_), Some(_)) => self.problem(at.path, "only one of options and option_groups is allowed"),
            (None, None) => self.problem(at.path, "missing required field: options"),
        }
    }

    fn option_groups(&mut self, at: At<'_>) {
        let groups = self.list(at, "option_groups", 1, limits::SELECT_OPTIONS);
        for (i, group) in groups.iter().enumerate() {
            let path = format!("{}/option_groups/{i}", at.path);
            let Some(group) = self.object(group, &path, &[&["label", "options"]]) else { continue };
            self.required_text(group, "label", Markup::Plain, limits::OPTION_TEXT);
            self.option_list(group, limits::SELECT_OPTIONS, SELECT);
        }
    }

    /// `initial_option` must be one of the element's options, as it stands there.
    pub(super) fn initial_option(&mut self, at: At<'_>, key: &str, rule: OptionRule, among: &[&Value]) {
        let Some(value) = at.get(key) else { return };
        self.option(value, &at.child(key), rule);
        if !among.contains(&value) {
            self.problem(&at.child(key), "must be one of the provided options");
        }
    }

    /// `initial_options`, each one of the element's options, none twice.
    pub(super) fn initial_options(&mut self, at: At<'_>, rule: OptionRule, among: &[&Value]) {
        let items = self.list(at, "initial_options", 1, limits::SELECT_OPTIONS);
        self.options(items, &at.child("initial_options"), rule);
        for (i, item) in items.iter().enumerate() {
            if !among.contains(&item) || items[..i].contains(item) {
                let path = format!("{}/initial_options/{i}", at.path);
                self.problem(&path, "must be one of the provided options");
            }
        }
    }

    pub(super) fn confirm(&mut self, at: At<'_>) {
        let Some(value) = at.get("confirm") else { return };
        let path = at.child("confirm");
        let known: &[&str] = &["title", "text", "confirm", "deny", "style"];
        let Some(at) = self.object(value, &path, &[known]) else { return };
        self.required_text(at, "title", Markup::Plain, limits::CONFIRM_TITLE);
        self.required_text(at, "text", Markup::Either, limits::CONFIRM_TEXT);
        self.required_text(at, "confirm", Markup::Plain, limits::CONFIRM_BUTTON);
        self.required_text(at, "deny", Markup::Plain, limits::CONFIRM_BUTTON);
        self.choice(at, "style", &["primary", "danger"]);
    }

    pub(super) fn dispatch_config(&mut self, at: At<'_>) {
        let Some(value) = at.get("dispatch_action_config") else { return };
        let path = at.child("dispatch_action_config");
        let Some(at) = self.object(value, &path, &[&["trigger_actions_on"]]) else { return };
        for (i, item) in self.required_list(at, "trigger_actions_on", 1, 2).iter().enumerate() {
            if !matches!(item.as_str(), Some("on_enter_pressed" | "on_character_entered")) {
                let path = format!("{}/trigger_actions_on/{i}", at.path);
                self.problem(&path, "must be one of: on_enter_pressed, on_character_entered");
            }
        }
    }

    pub(super) fn conversation_filter(&mut self, at: At<'_>) {
        let Some(value) = at.get("filter") else { return };
        let path = at.child("filter");
        let known: &[&str] = &["include", "exclude_external_shared_channels", "exclude_bot_users"];
        let Some(at) = self.object(value, &path, &[known]) else { return };
        if at.map.is_empty() {
            self.problem(at.path, "no less than 1 properties allowed");
        }
        for (i, item) in self.list(at, "include", 1, 4).iter().enumerate() {
            if !matches!(item.as_str(), Some("im" | "mpim" | "private" | "public")) {
                let path = format!("{}/include/{i}", at.path);
                self.problem(&path, "must be one of: im, mpim, private, public");
            }
        }
        self.boolean(at, "exclude_external_shared_channels");
        self.boolean(at, "exclude_bot_users");
    }
}

impl Checker {
    /// The answer to a `block_suggestion`: `options` or `option_groups`, possibly none.
    pub(super) fn suggestions(&mut self, answer: &Value) {
        let Some(at) = self.object(answer, "", &[&["options", "option_groups"]]) else { return };
        if at.get("option_groups").is_some() {
            self.options_or_groups(at);
        } else {
            let items = self.required_list(at, "options", 0, limits::SELECT_OPTIONS);
            self.options(items, "/options", SELECT);
        }
    }
}
