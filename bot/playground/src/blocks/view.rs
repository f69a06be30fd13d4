//! Views: modals and home tabs around their blocks. Called by `check_view`.

use serde_json::Value;

use super::{
    checker::{Checker, Markup, Surface},
    limits,
};

const BOTH: &[&str] = &["type", "blocks", "private_metadata", "callback_id", "external_id"];
const MODAL: &[&str] = &["title", "submit", "close", "clear_on_close", "notify_on_close", "submit_disabled"];

impl Checker {
    /// Checks a whole view. `kind` is what the method takes: `modal` or `home`.
    pub(super) fn view(&mut self, view: &Value, kind: &str) {
        let modal = kind == "modal";
        let Some(at) = self.object(view, "", &[BOTH, if modal { MODAL } else { &[] }]) else { return };
        if self.required_string(at, "type", 1, 64).is_some_and(|found| found != kind) {
            self.problem("/type", format!("must be {kind}"));
        }
        self.string(at, "private_metadata", 0, limits::PRIVATE_METADATA);
        self.string(at, "callback_id", 0, limits::CALLBACK_ID);
        self.string(at, "external_id", 0, limits::EXTERNAL_ID);
        if modal {
            self.required_text(at, "title", Markup::Plain, limits::VIEW_TITLE);
            self.text(at, "submit", Markup::Plain, limits::VIEW_TITLE);
            self.text(at, "close", Markup::Plain, limits::VIEW_TITLE);
            self.boolean(at, "clear_on_close");
            self.boolean(at, "notify_on_close");
            self.boolean(at, "submit_disabled");
        }
        let surface = if modal { Surface::Modal { submit: at.get("submit").is_some() } } else { Surface::Home };
        self.surface = surface;
        let blocks = self.required_list(at, "blocks", 0, limits::VIEW_BLOCKS);
        self.blocks(blocks);
    }
}
