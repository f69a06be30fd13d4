//! Block elements: buttons, menus, pickers, inputs, images. Each has its keys, its limits, and the
//! blocks it may stand in. Called by `layout`; must not look at the block around it except by `Host`.

use serde_json::Value;

use super::{
    checker::{At, Checker, Markup, Surface, shorten},
    composition::{CHOICE, OVERFLOW, SELECT},
    limits,
};

/// The block an element stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Host {
    Section,
    Actions,
    Input,
}

const BASE: &[&str] = &["type", "action_id"];
const CONFIRM: &[&str] = &["confirm"];
const FOCUS: &[&str] = &["focus_on_load"];
const PLACEHOLDER: &[&str] = &["placeholder"];
const MULTI: &[&str] = &["max_selected_items"];

/// Where each element may stand. Source: @slack/types, `SectionBlockAccessory`,
/// `ActionsBlockElement`, `InputBlockElement`.
fn allowed(kind: &str, host: Host) -> bool {
    match kind {
        "button" | "overflow" => host != Host::Input,
        "image" => host == Host::Section,
        "datetimepicker" => host != Host::Section,
        "plain_text_input" | "email_text_input" | "url_text_input" | "number_input" => host == Host::Input,
        _ => true,
    }
}

impl Checker {
    pub(super) fn element(&mut self, value: &Value, path: &str, host: Host) {
        let Some(kind) = value.get("type").and_then(Value::as_str) else {
            self.problem(path, "missing required field: type");
            return;
        };
        if !allowed(kind, host) {
            self.problem(path, format!("unsupported type: {}", shorten(kind)));
            return;
        }
        match kind {
            "button" => self.button(value, path),
            "image" => self.image_element(value, path),
            "overflow" => self.overflow(value, path),
            "checkboxes" | "radio_buttons" => self.choices(value, path, kind),
            "static_select" | "multi_static_select" => self.static_select(value, path, kind),
            "external_select" | "multi_external_select" => self.external_select(value, path, kind),
            "users_select"
            | "multi_users_select"
            | "channels_select"
            | "multi_channels_select"
            | "conversations_select"
            | "multi_conversations_select" => self.id_select(value, path, kind),
            "datepicker" | "timepicker" | "datetimepicker" => self.picker(value, path, kind),
            "plain_text_input" | "email_text_input" | "url_text_input" | "number_input" => {
                self.text_input(value, path, kind);
            }
            _ => self.problem(path, format!("unsupported type: {}", shorten(kind))),
        }
    }

    /// Opens an interactive element: known keys, and what all of them share.
    fn interactive<'a>(&mut self, value: &'a Value, path: &'a str, known: &[&[&str]]) -> Option<At<'a>> {
        let mut keys = vec![BASE];
        keys.extend_from_slice(known);
        let at = self.object(value, path, &keys)?;
        self.action_id(at, limits::ACTION_ID);
        self.confirm(at);
        self.text(at, "placeholder", Markup::Plain, limits::PLACEHOLDER);
        self.boolean(at, "focus_on_load");
        if at.get("focus_on_load") == Some(&Value::Bool(true)) {
            if self.surface == Surface::Message {
                self.problem(&at.child("focus_on_load"), "is only allowed in views");
            } else if std::mem::replace(&mut self.focused, true) {
                self.problem(&at.child("focus_on_load"), "only one element may be focused on load");
            }
        }
        Some(at)
    }

    fn button(&mut self, value: &Value, path: &str) {
        let keys: &[&str] = &["text", "value", "url", "style", "accessibility_label"];
        let Some(at) = self.interactive(value, path, &[keys, CONFIRM]) else { return };
        self.required_text(at, "text", Markup::Plain, limits::BUTTON_TEXT);
        self.string(at, "value", 0, limits::BUTTON_VALUE);
        self.string(at, "url", 1, limits::URL);
        self.string(at, "accessibility_label", 1, limits::BUTTON_TEXT);
        self.choice(at, "style", &["primary", "danger"]);
    }

    pub(super) fn image_element(&mut self, value: &Value, path: &str) {
        let keys: &[&str] = &["type", "image_url", "slack_file", "alt_text"];
        if let Some(at) = self.object(value, path, &[keys]) {
            self.image_source(at);
        }
    }

    /// What an image block and an image element share.
    pub(super) fn image_source(&mut self, at: At<'_>) {
        self.required_string(at, "alt_text", 1, limits::ALT_TEXT);
        self.string(at, "image_url", 1, limits::IMAGE_URL);
        match (at.get("image_url"), at.get("slack_file")) {
            (None, None) => self.problem(at.path, "missing required field: image_url"),
            (Some(_), Some(_)) => self.problem(at.path, "only one of image_url and slack_file is allowed"),
            (None, Some(file)) => {
                let path = at.child("slack_file");
                if let Some(file) = self.object(file, &path, &[&["id", "url"]]) {
                    self.string(file, "id", 1, limits::BLOCK_ID);
                    self.string(file, "url", 1, limits::IMAGE_URL);
                    if file.map.len() != 1 {
                        self.problem(&path, "exactly one of id and url is required");
                    }
                }
            }
            (Some(_), None) => {}
        }
    }

    fn overflow(&mut self, value: &Value, path: &str) {
        let Some(at) = self.interactive(value, path, &[&["options"], CONFIRM]) else { return };
        self.option_list(at, limits::OVERFLOW, OVERFLOW);
    }

    fn choices(&mut self, value: &Value, path: &str, kind: &str) {
        let initial: &[&str] = if kind == "checkboxes" { &["initial_options"] } else { &["initial_option"] };
        let Some(at) = self.interactive(value, path, &[&["options"], initial, CONFIRM, FOCUS]) else { return };
        self.option_list(at, limits::CHOICES, CHOICE);
        let among = options_of(value);
        self.initial_option(at, "initial_option", CHOICE, &among);
        self.initial_options(at, CHOICE, &among);
    }

    fn static_select(&mut self, value: &Value, path: &str, kind: &str) {
        let multi = kind.starts_with("multi_");
        let initial: &[&str] = if multi { &["initial_options"] } else { &["initial_option"] };
        let keys: &[&[&str]] =
            &[&["options", "option_groups"], initial, CONFIRM, FOCUS, PLACEHOLDER, if multi { MULTI } else { &[] }];
        let Some(at) = self.interactive(value, path, keys) else { return };
        self.options_or_groups(at);
        let among = options_of(value);
        self.initial_option(at, "initial_option", SELECT, &among);
        self.initial_options(at, SELECT, &among);
        self.integer(at, "max_selected_items", 1, 100);
    }

    fn external_select(&mut self, value: &Value, path: &str, kind: &str) {
        let multi = kind.starts_with("multi_");
        let initial: &[&str] = if multi { &["initial_options"] } else { &["initial_option"] };
        let keys: &[&[&str]] =
            &[&["min_query_length"], initial, CONFIRM, FOCUS, PLACEHOLDER, if multi { MULTI } else { &[] }];
        let Some(at) = self.interactive(value, path, keys) else { return };
        self.integer(at, "min_query_length", 0, 1000);
        self.integer(at, "max_selected_items", 1, 100);
        if let Some(option) = at.get("initial_option") {
            self.option(option, &at.child("initial_option"), SELECT);
        }
        for (i, option) in self.list(at, "initial_options", 1, limits::SELECT_OPTIONS).iter().enumerate() {
            self.option(option, &format!("{path}/initial_options/{i}"), SELECT);
        }
    }

    fn id_select(&mut self, value: &Value, path: &str, kind: &str) {
        let (keys, multi): (&[&str], bool) = match kind {
            "users_select" => (&["initial_user"], false),
            "multi_users_select" => (&["initial_users"], true),
            "channels_select" => (&["initial_channel", "response_url_enabled"], false),
            "multi_channels_select" => (&["initial_channels"], true),
            "conversations_select" => {
                (&["initial_conversation", "default_to_current_conversation", "response_url_enabled", "filter"], false)
            }
            _ => (&["initial_conversations", "default_to_current_conversation", "filter"], true),
        };
        let multi_keys = if multi { MULTI } else { &[] };
        let Some(at) = self.interactive(value, path, &[keys, CONFIRM, FOCUS, PLACEHOLDER, multi_keys]) else { return };
        for key in ["initial_user", "initial_channel", "initial_conversation"] {
            self.string(at, key, 1, limits::BLOCK_ID);
        }
        for key in ["initial_users", "initial_channels", "initial_conversations"] {
            if self.list(at, key, 1, limits::SELECT_OPTIONS).iter().any(|id| !id.is_string()) {
                self.problem(&at.child(key), "must be strings");
            }
        }
        self.boolean(at, "default_to_current_conversation");
        self.boolean(at, "response_url_enabled");
        self.conversation_filter(at);
        self.integer(at, "max_selected_items", 1, 100);
    }

    fn picker(&mut self, value: &Value, path: &str, kind: &str) {
        let keys: &[&[&str]] = match kind {
            "datepicker" => &[&["initial_date"], CONFIRM, FOCUS, PLACEHOLDER],
            "timepicker" => &[&["initial_time", "timezone"], CONFIRM, FOCUS, PLACEHOLDER],
            _ => &[&["initial_date_time"], CONFIRM, FOCUS],
        };
        let Some(at) = self.interactive(value, path, keys) else { return };
        if let Some(date) = self.string(at, "initial_date", 1, 10)
            && !is_date(date)
        {
            self.problem(&at.child("initial_date"), "must be in the format YYYY-MM-DD");
        }
        if let Some(time) = self.string(at, "initial_time", 1, 5)
            && !is_time(time)
        {
            self.problem(&at.child("initial_time"), "must be in the format HH:mm");
        }
        self.string(at, "timezone", 1, 64);
        self.integer(at, "initial_date_time", 0, 9_999_999_999);
    }

    fn text_input(&mut self, value: &Value, path: &str, kind: &str) {
        let own: &[&str] = match kind {
            "plain_text_input" => &["multiline", "min_length", "max_length"],
            "number_input" => &["is_decimal_allowed", "min_value", "max_value"],
            _ => &[],
        };
        let keys: &[&[&str]] = &[own, &["initial_value", "dispatch_action_config"], FOCUS, PLACEHOLDER];
        let Some(at) = self.interactive(value, path, keys) else { return };
        self.string(at, "initial_value", 0, limits::TEXT);
        self.dispatch_config(at);
        self.boolean(at, "multiline");
        let min = self.integer(at, "min_length", 0, limits::INPUT_LENGTH);
        let max = self.integer(at, "max_length", 1, limits::INPUT_LENGTH);
        if let (Some(min), Some(max)) = (min, max)
            && min > max
        {
            self.problem(&at.child("min_length"), "must not be greater than max_length");
        }
        if kind == "number_input" {
            self.required(at, "is_decimal_allowed");
            self.boolean(at, "is_decimal_allowed");
            for key in ["min_value", "max_value", "initial_value"] {
                if self.string(at, key, 1, 64).is_some_and(|n| n.parse::<f64>().is_err()) {
                    self.problem(&at.child(key), "must be a number");
                }
            }
        }
    }
}

/// Every option an element offers, groups included.
pub(crate) fn options_of(element: &Value) -> Vec<&Value> {
    let mut all: Vec<&Value> = Vec::new();
    if let Some(options) = element.get("options").and_then(Value::as_array) {
        all.extend(options);
    }
    for group in element.get("option_groups").and_then(Value::as_array).into_iter().flatten() {
        all.extend(group.get("options").and_then(Value::as_array).into_iter().flatten());
    }
    all
}

/// `YYYY-MM-DD`, a day that exists.
pub(crate) fn is_date(text: &str) -> bool {
    text.len() == 10 && chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}

/// `HH:mm`, a minute that exists.
pub(crate) fn is_time(text: &str) -> bool {
    text.len() == 5 && chrono::NaiveTime::parse_from_str(text, "%H:%M").is_ok()
}
