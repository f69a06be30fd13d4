//! Buttons: `Action.Execute` where something is done, `Action.Submit` where a dialog opens and within dialogs. What they carry is
//! [`super::actions`]'s.

use serde_json::{Value, json};

use super::actions::{self, Pressed};
use super::limits;
use super::render::{Renderer, Viewer};
use super::text::one_line;
use crate::card::{Action, Button, Confirm, Style, Verb};

impl Renderer<'_> {
    /// Rows of buttons. Where many read, those that act are left to each one's own face of the card.
    pub(super) fn buttons(&mut self, buttons: &[Button]) -> Vec<Value> {
        let viewer = self.viewer;
        let shown = buttons.iter().filter(|button| match (viewer, &button.action) {
            // What it shows is judged for each who presses it.
            (Viewer::Everybody { .. }, Action::On(Verb::Show, _) | Action::Request(_) | Action::Say(_)) => true,
            (Viewer::Everybody { .. }, Action::On(..)) => false,
            (Viewer::One | Viewer::InDialog, _) => true,
        });
        let row: Vec<Value> = shown.filter_map(|button| self.button(button)).collect();
        row.chunks(limits::BUTTONS).map(|row| json!({ "type": "ActionSet", "actions": row })).collect()
    }

    /// None where a card has so many that they would not fit into one message.
    fn button(&mut self, button: &Button) -> Option<Value> {
        let label = label(&button.label);
        let mut length = label.chars().count() + button.description.as_ref().map_or(0, |text| text.chars().count());
        length += button.confirm.as_ref().map_or(0, |confirm| {
            [&confirm.title, &confirm.text, &confirm.yes].map(|text| text.chars().count()).iter().sum()
        });
        self.buttons_left = self.buttons_left.checked_sub(1)?;
        self.button_text_left = self.button_text_left.checked_sub(length)?;
        let pressed = Pressed::Button(button.action.clone());
        let mut action = match &button.confirm {
            Some(confirm) => self.confirmed(confirm, &pressed),
            None => self.action(&pressed, &label),
        };
        action["title"] = json!(label);
        dress(&mut action, button.style);
        let description = button.description.as_ref().map(|text| one_line(text, limits::BUTTON));
        if let Some(description) = description.filter(|text| !text.is_empty()) {
            action["tooltip"] = json!(description);
        }
        Some(action)
    }

    fn action(&self, pressed: &Pressed, label: &str) -> Value {
        let opens = matches!(pressed, Pressed::Button(action) if actions::opens_dialog(action));
        if self.viewer == Viewer::InDialog {
            return json!({ "type": "Action.Submit", "title": label, "data": pressed.data_with_verb() });
        }
        if opens {
            return json!({ "type": "Action.Submit", "title": label, "data": pressed.fetch() });
        }
        let mut action =
            json!({ "type": "Action.Execute", "title": label, "verb": pressed.verb(), "data": pressed.data() });
        if self.room.fallbacks {
            action["fallback"] = json!({ "type": "Action.Submit", "title": label, "data": pressed.data_with_verb() });
        }
        action
    }

    /// Adaptive Cards have no confirmation: the button unfolds the question, with the button that does it.
    fn confirmed(&self, confirm: &Confirm, pressed: &Pressed) -> Value {
        let mut yes = self.action(pressed, &label(&confirm.yes));
        dress(&mut yes, Style::Danger);
        let question =
            json!({ "type": "TextRun", "text": one_line(&confirm.title, limits::CONFIRM), "weight": "Bolder" });
        let consequence = json!({ "type": "TextRun", "text": one_line(&confirm.text, limits::CONFIRM) });
        let said: Vec<Value> = [question, consequence]
            .into_iter()
            .filter(|run| run["text"] != "")
            .map(|run| json!({ "type": "RichTextBlock", "inlines": [run], "spacing": "Small" }))
            .collect();
        json!({
            "type": "Action.ShowCard",
            "card": { "type": "AdaptiveCard", "version": super::render::VERSION, "body": said, "actions": [yes] },
        })
    }
}

/// What a button says; never nothing.
pub(super) fn label(text: &str) -> String {
    let text = one_line(text, limits::BUTTON);
    if text.is_empty() { "–".to_owned() } else { text }
}

fn dress(action: &mut Value, style: Style) {
    match style {
        Style::Plain => {}
        Style::Primary => action["style"] = json!("positive"),
        Style::Danger => action["style"] = json!("destructive"),
    }
}
