//! Slack's limits on messages and views, written down a second time from its reference, apart from the code that keeps them.

pub mod teams;

use std::collections::BTreeSet;

use serde_json::Value;

/// What is wrong with a message.
pub fn message(text: &str, blocks: &[Value]) -> Vec<String> {
    let mut check = Check::default();
    check.length("text", text, 1, 4_000);
    check.markup("text", text);
    check.blocks(blocks, 50, false);
    if blocks_text(blocks) > 11_000 {
        check.wrong("all text of the blocks is more than 11000 characters");
    }
    check.problems
}

/// What is wrong with a modal.
pub fn view(view: &Value) -> Vec<String> {
    let mut check = Check::default();
    check.keys("view", view, &["type", "callback_id", "title", "submit", "close", "private_metadata", "blocks"]);
    for key in ["title", "close"] {
        check.plain(key, &view[key], 24);
    }
    if view.get("submit").is_some() {
        check.plain("submit", &view["submit"], 24);
    }
    check.length("callback_id", view["callback_id"].as_str().unwrap_or_default(), 1, 255);
    check.length("private_metadata", view["private_metadata"].as_str().unwrap_or("x".repeat(9_999).as_str()), 0, 3_000);
    check.blocks(view["blocks"].as_array().map_or(&[], Vec::as_slice), 100, view.get("submit").is_some());
    if view.to_string().len() > 250 * 1024 {
        check.wrong("more than 250 KB");
    }
    check.problems
}

/// What Slack would not take of a home tab.
pub fn home(view: &Value) -> Vec<String> {
    let mut check = Check::default();
    check.keys("home", view, &["type", "blocks"]);
    check.blocks(view["blocks"].as_array().map_or(&[], Vec::as_slice), 100, false);
    if view.to_string().len() > 250 * 1024 {
        check.wrong("more than 250 KB");
    }
    check.problems
}

#[derive(Default)]
struct Check {
    problems: Vec<String>,
    actions: BTreeSet<String>,
    block_ids: BTreeSet<String>,
}

impl Check {
    fn wrong(&mut self, what: impl Into<String>) {
        self.problems.push(what.into());
    }

    fn length(&mut self, what: &str, text: &str, min: usize, max: usize) {
        let length = text.chars().count();
        if length < min || length > max {
            self.wrong(format!("{what} has {length} characters, not {min} to {max}"));
        }
    }

    fn keys(&mut self, what: &str, value: &Value, allowed: &[&str]) {
        for key in value.as_object().into_iter().flatten().map(|(key, _)| key) {
            if !allowed.contains(&key.as_str()) {
                self.wrong(format!("{what} has the unknown key {key}"));
            }
        }
    }

    /// Whatever `mrkdwn` holds, the only tokens are times.
    fn markup(&mut self, what: &str, text: &str) {
        for token in text.split('<').skip(1) {
            let date = token.strip_prefix("!date^").and_then(|rest| rest.split_once('>'));
            if !date
                .is_some_and(|(date, _)| date.starts_with(|c: char| c.is_ascii_digit()) && !date.contains(['<', '\n']))
            {
                self.wrong(format!("{what} holds the token <{token}"));
            }
        }
    }

    fn plain(&mut self, what: &str, object: &Value, max: usize) {
        self.keys(what, object, &["type", "text", "emoji"]);
        if object["type"] != "plain_text" {
            self.wrong(format!("{what} is not plain text"));
        }
        self.length(what, object["text"].as_str().unwrap_or_default(), 1, max);
    }

    fn blocks(&mut self, blocks: &[Value], max: usize, inputs: bool) {
        if blocks.len() > max {
            self.wrong(format!("{} blocks", blocks.len()));
        }
        for block in blocks {
            if let Some(id) = block["block_id"].as_str() {
                self.length("block_id", id, 1, 255);
                if !self.block_ids.insert(id.to_owned()) {
                    self.wrong(format!("block_id {id} twice"));
                }
            }
            match block["type"].as_str().unwrap_or_default() {
                "header" => self.plain("header", &block["text"], 150),
                "divider" => self.keys("divider", block, &["type"]),
                "rich_text" => self.rich_text(block),
                "context" => self.context(block),
                "actions" => self.actions(block),
                "input" if inputs => self.input(block),
                other => self.wrong(format!("a block of type {other}")),
            }
        }
    }

    fn rich_text(&mut self, block: &Value) {
        self.keys("rich_text", block, &["type", "elements"]);
        let parts = block["elements"].as_array().map_or(&[][..], Vec::as_slice);
        if parts.is_empty() {
            self.wrong("rich text without elements");
        }
        for part in parts {
            match part["type"].as_str().unwrap_or_default() {
                "rich_text_list" => {
                    for item in part["elements"].as_array().into_iter().flatten() {
                        self.spans(item);
                    }
                }
                "rich_text_section" | "rich_text_preformatted" => self.spans(part),
                other => self.wrong(format!("rich text of type {other}")),
            }
        }
    }

    fn spans(&mut self, part: &Value) {
        let spans = part["elements"].as_array().map_or(&[][..], Vec::as_slice);
        if spans.is_empty() {
            self.wrong("an empty section");
        }
        for span in spans {
            match span["type"].as_str().unwrap_or_default() {
                "text" => {
                    self.keys("text", span, &["type", "text", "style"]);
                    self.length("text", span["text"].as_str().unwrap_or_default(), 1, 3_000);
                }
                "user" => self.keys("user", span, &["type", "user_id"]),
                "channel" => self.keys("channel", span, &["type", "channel_id"]),
                "date" => {
                    self.keys("date", span, &["type", "timestamp", "format", "fallback"]);
                    if !span["timestamp"].is_i64()
                        || !span["format"].as_str().is_some_and(|format| format.contains('{'))
                    {
                        self.wrong("a date without time or format");
                    }
                }
                other => self.wrong(format!("a span of type {other}")),
            }
        }
    }

    fn context(&mut self, block: &Value) {
        let elements = block["elements"].as_array().map_or(&[][..], Vec::as_slice);
        if elements.is_empty() || elements.len() > 10 {
            self.wrong(format!("context of {}", elements.len()));
        }
        for element in elements {
            let text = element["text"].as_str().unwrap_or_default();
            self.length("context", text, 1, 3_000);
            self.markup("context", text);
        }
    }

    fn action_id(&mut self, element: &Value) {
        let id = element["action_id"].as_str().unwrap_or_default().to_owned();
        self.length("action_id", &id, 1, 255);
        if !self.actions.insert(id.clone()) {
            self.wrong(format!("action_id {id} twice"));
        }
    }

    fn actions(&mut self, block: &Value) {
        let buttons = block["elements"].as_array().map_or(&[][..], Vec::as_slice);
        if buttons.is_empty() || buttons.len() > 25 {
            self.wrong(format!("{} buttons", buttons.len()));
        }
        for button in buttons {
            let known = ["type", "action_id", "text", "value", "style", "confirm", "accessibility_label"];
            self.keys("button", button, &known);
            self.action_id(button);
            self.plain("button", &button["text"], 75);
            self.length("value", button["value"].as_str().unwrap_or_default(), 0, 2_000);
            if let Some(label) = button.get("accessibility_label") {
                self.length("accessibility_label", label.as_str().unwrap_or_default(), 1, 75);
            }
            if let Some(confirm) = button.get("confirm") {
                self.keys("confirm", confirm, &["title", "text", "confirm", "deny", "style"]);
                for (key, max) in [("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)] {
                    self.plain(key, &confirm[key], max);
                }
            }
        }
    }

    /// Of several that may be chosen: no empty list at first, and no more than may be chosen.
    fn chosen(&mut self, element: &Value, initial: &[Value]) {
        let max = element["max_selected_items"].as_u64().unwrap_or(0);
        if max == 0 || initial.len() as u64 > max || element.get("initial_option").is_some() {
            self.wrong(format!("{} chosen of at most {max}", initial.len()));
        }
        if element.get("initial_options").is_some() && initial.is_empty() {
            self.wrong("an empty list of initial options");
        }
    }

    fn input(&mut self, block: &Value) {
        self.keys("input", block, &["type", "block_id", "label", "hint", "element", "optional", "dispatch_action"]);
        self.plain("label", &block["label"], 2_000);
        if block.get("hint").is_some() {
            self.plain("hint", &block["hint"], 2_000);
        }
        let element = &block["element"];
        self.action_id(element);
        match element["type"].as_str().unwrap_or_default() {
            "static_select" | "multi_static_select" => {
                let options = element["options"].as_array().map_or(&[][..], Vec::as_slice);
                if options.is_empty() || options.len() > 100 {
                    self.wrong(format!("{} options", options.len()));
                }
                let values: BTreeSet<&str> = options.iter().filter_map(|option| option["value"].as_str()).collect();
                if values.len() != options.len() {
                    self.wrong("two options of the same value");
                }
                for option in options {
                    self.plain("option", &option["text"], 75);
                    self.length("option", option["value"].as_str().unwrap_or_default(), 1, 150);
                }
                if element.get("initial_option").is_some_and(|initial| !options.contains(initial)) {
                    self.wrong("the initial option is not among the options");
                }
                let initial = element["initial_options"].as_array().map_or(&[][..], Vec::as_slice);
                if element["type"] == "multi_static_select" {
                    self.chosen(element, initial);
                }
                if !initial.iter().all(|initial| options.contains(initial)) {
                    self.wrong("an initial option is not among the options");
                }
            }
            "multi_external_select" => {
                self.chosen(element, element["initial_options"].as_array().map_or(&[][..], Vec::as_slice));
            }
            "external_select" => {}
            "plain_text_input" => {
                let (min, max) =
                    (element["min_length"].as_u64().unwrap_or(0), element["max_length"].as_u64().unwrap_or(3_000));
                if min > max || max == 0 || max > 3_000 {
                    self.wrong(format!("an input of {min} to {max} characters"));
                }
                self.length("initial_value", element["initial_value"].as_str().unwrap_or_default(), 0, max as usize);
            }
            other => self.wrong(format!("an input of type {other}")),
        }
    }
}

fn blocks_text(blocks: &[Value]) -> usize {
    fn of(value: &Value) -> usize {
        match value {
            Value::Object(map) => {
                let own = map.get("text").and_then(Value::as_str).map_or(0, |text| text.chars().count());
                own + map.values().filter(|value| !value.is_string()).map(of).sum::<usize>()
            }
            Value::Array(items) => items.iter().map(of).sum(),
            _ => 0,
        }
    }
    blocks.iter().map(of).sum()
}
