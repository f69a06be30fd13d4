//! Blocks: which there are, where each may stand, what each must hold.
//! Called by `check`; elements and text are checked by the siblings.

use serde_json::Value;

use super::{
    checker::{Checker, Markup, Surface, shorten},
    elements::Host,
    limits,
};

const BASE: &[&str] = &["type", "block_id"];

impl Checker {
    pub(super) fn blocks(&mut self, blocks: &[Value]) {
        let max = if self.surface == Surface::Message { limits::MESSAGE_BLOCKS } else { limits::VIEW_BLOCKS };
        if blocks.len() > max {
            self.problem("/blocks", format!("no more than {max} items allowed"));
        }
        for (i, block) in blocks.iter().take(max).enumerate() {
            self.block(block, &format!("/blocks/{i}"));
        }
    }

    fn block(&mut self, block: &Value, path: &str) {
        match block.get("type").and_then(Value::as_str) {
            Some("section") => self.section(block, path),
            Some("divider") => self.divider(block, path),
            Some("header") => self.header(block, path),
            Some("context") => self.context(block, path),
            Some("actions") => self.actions(block, path),
            Some("image") => self.image(block, path),
            Some("input") => self.input(block, path),
            Some("rich_text") => self.rich_text(block, path),
            Some("markdown") if self.surface == Surface::Message => self.markdown(block, path),
            Some(other) => self.problem(path, format!("unsupported type: {}", shorten(other))),
            None => self.problem(path, "missing required field: type"),
        }
    }

    fn section(&mut self, block: &Value, path: &str) {
        let known: &[&str] = &["text", "fields", "accessory", "expand"];
        let Some(at) = self.object(block, path, &[BASE, known]) else { return };
        self.block_id(at, limits::BLOCK_ID);
        if at.get("text").is_none() && at.get("fields").is_none() {
            self.problem(path, "missing required field: text");
        }
        self.text(at, "text", Markup::Either, limits::SECTION_TEXT);
        for (i, field) in self.list(at, "fields", 1, limits::SECTION_FIELDS).iter().enumerate() {
            self.text_object(field, &format!("{path}/fields/{i}"), Markup::Either, limits::FIELD_TEXT);
        }
        if let Some(accessory) = at.get("accessory") {
            self.element(accessory, &at.child("accessory"), Host::Section);
        }
        self.boolean(at, "expand");
    }

    fn divider(&mut self, block: &Value, path: &str) {
        if let Some(at) = self.object(block, path, &[BASE]) {
            self.block_id(at, limits::BLOCK_ID);
        }
    }

    fn header(&mut self, block: &Value, path: &str) {
        let Some(at) = self.object(block, path, &[BASE, &["text"]]) else { return };
        self.block_id(at, limits::BLOCK_ID);
        self.required_text(at, "text", Markup::Plain, limits::HEADER_TEXT);
    }

    fn context(&mut self, block: &Value, path: &str) {
        let Some(at) = self.object(block, path, &[BASE, &["elements"]]) else { return };
        self.block_id(at, limits::BLOCK_ID);
        for (i, item) in self.required_list(at, "elements", 1, limits::CONTEXT).iter().enumerate() {
            let path = format!("{path}/elements/{i}");
            match item.get("type").and_then(Value::as_str) {
                Some("image") => self.image_element(item, &path),
                Some("plain_text" | "mrkdwn") => self.text_object(item, &path, Markup::Either, limits::TEXT),
                Some(other) => self.problem(&path, format!("unsupported type: {}", shorten(other))),
                None => self.problem(&path, "missing required field: type"),
            }
        }
    }

    fn actions(&mut self, block: &Value, path: &str) {
        let Some(at) = self.object(block, path, &[BASE, &["elements"]]) else { return };
        self.block_id(at, limits::BLOCK_ID);
        for (i, item) in self.required_list(at, "elements", 1, limits::ACTIONS).iter().enumerate() {
            self.element(item, &format!("{path}/elements/{i}"), Host::Actions);
        }
    }

    fn image(&mut self, block: &Value, path: &str) {
        let known: &[&str] = &["image_url", "slack_file", "alt_text", "title"];
        let Some(at) = self.object(block, path, &[BASE, known]) else { return };
        self.block_id(at, limits::BLOCK_ID);
        self.image_source(at);
        self.text(at, "title", Markup::Plain, limits::IMAGE_TITLE);
    }

    fn input(&mut self, block: &Value, path: &str) {
        match self.surface {
            Surface::Modal { submit: true } => {}
            Surface::Modal { submit: false } => {
                self.problem(path, "input blocks need a view with `submit`");
            }
            Surface::Message | Surface::Home => {
                self.problem(path, "unsupported type: input");
                return;
            }
        }
        let known: &[&str] = &["label", "element", "hint", "optional", "dispatch_action"];
        let Some(at) = self.object(block, path, &[BASE, known]) else { return };
        self.block_id(at, limits::BLOCK_ID);
        self.required_text(at, "label", Markup::Plain, limits::INPUT_LABEL);
        self.text(at, "hint", Markup::Plain, limits::INPUT_LABEL);
        self.boolean(at, "optional");
        self.boolean(at, "dispatch_action");
        if let Some(element) = self.required(at, "element") {
            self.element(element, &at.child("element"), Host::Input);
        }
    }

    fn markdown(&mut self, block: &Value, path: &str) {
        let Some(at) = self.object(block, path, &[BASE, &["text"]]) else { return };
        self.block_id(at, limits::BLOCK_ID);
        self.required_string(at, "text", 1, limits::MARKDOWN_TEXT);
    }
}
