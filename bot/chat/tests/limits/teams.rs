//! Teams' limits on messages and dialogs, written down a second time from Microsoft's reference, apart from the code that keeps them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// What is wrong with a message.
pub fn activity(activity: &Value) -> Vec<String> {
    let mut check = Check::default();
    check.keys("activity", activity, &["type", "summary", "attachments", "channelData"]);
    check.size("the message", activity);
    check.length("summary", activity["summary"].as_str().unwrap_or_default(), 1, 1_000);
    check.unmarked("summary", activity["summary"].as_str().unwrap_or_default());
    match activity["attachments"].as_array().map(Vec::as_slice) {
        Some([one]) => check.attachment(one, Place::Message),
        other => check.wrong(format!("{other:?} as attachments")),
    }
    check.problems
}

/// What is wrong with a dialog.
pub fn task(task: &Value) -> Vec<String> {
    let mut check = Check::default();
    check.keys("answer", task, &["task"]);
    check.keys("task", &task["task"], &["type", "value"]);
    let value = &task["task"]["value"];
    check.keys("value", value, &["title", "height", "width", "card"]);
    check.length("title", value["title"].as_str().unwrap_or_default(), 0, 64);
    for side in ["height", "width"] {
        check.one_of(side, &value[side], &["small", "medium", "large"]);
    }
    check.size("the dialog", task);
    check.attachment(&value["card"], Place::Dialog);
    check.problems
}

/// Where a card stands: dialogs take no `Action.Execute`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Message,
    Dialog,
}

#[derive(Default)]
struct Check {
    problems: Vec<String>,
    inputs: BTreeSet<String>,
    mentions: BTreeSet<String>,
}

const ELEMENT: [&str; 3] = ["type", "spacing", "separator"];
const STYLES: [&str; 6] = ["default", "emphasis", "accent", "good", "warning", "attention"];

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

    fn size(&mut self, what: &str, value: &Value) {
        // The last kilobyte is for what addresses it.
        let bytes = value.to_string().len();
        if bytes > 27 * 1024 {
            self.wrong(format!("{what} has {bytes} bytes"));
        }
    }

    fn keys(&mut self, what: &str, value: &Value, allowed: &[&str]) {
        for key in value.as_object().unwrap_or(&Map::new()).keys() {
            if !allowed.contains(&key.as_str()) {
                self.wrong(format!("{what} has the unknown key {key}"));
            }
        }
    }

    fn element(&mut self, element: &Value, own: &[&str]) {
        let what = element["type"].as_str().unwrap_or_default().to_owned();
        self.keys(&what, element, &[&ELEMENT[..], own].concat());
        self.optional("spacing", &element["spacing"], &["None", "Small", "Medium"]);
        self.optional("separator", &element["separator"], &[]);
    }

    fn one_of(&mut self, what: &str, value: &Value, allowed: &[&str]) {
        if !value.as_str().is_some_and(|value| allowed.contains(&value)) {
            self.wrong(format!("{what} is {value}"));
        }
    }

    fn optional(&mut self, what: &str, value: &Value, allowed: &[&str]) {
        if !value.is_null() && *value != true {
            self.one_of(what, value, allowed);
        }
    }

    fn attachment(&mut self, attachment: &Value, place: Place) {
        self.keys("attachment", attachment, &["contentType", "content"]);
        self.one_of("contentType", &attachment["contentType"], &["application/vnd.microsoft.card.adaptive"]);
        self.card(&attachment["content"], place);
    }

    fn card(&mut self, card: &Value, place: Place) {
        self.keys(
            "card",
            card,
            &["$schema", "type", "version", "body", "actions", "refresh", "fallbackText", "msteams"],
        );
        self.one_of("version", &card["version"], &["1.5"]);
        self.unmarked("fallbackText", card["fallbackText"].as_str().unwrap_or_default());
        self.keys("msteams", &card["msteams"], &["width", "entities"]);
        for entity in card["msteams"]["entities"].as_array().into_iter().flatten() {
            self.keys("entity", entity, &["type", "text", "mentioned"]);
            let name = entity["mentioned"]["name"].as_str().unwrap_or_default();
            self.length("a mentioned name", name, 1, 1_000);
            self.length("a mentioned id", entity["mentioned"]["id"].as_str().unwrap_or_default(), 1, 100);
            if entity["text"] != format!("<at>{name}</at>") || !self.mentions.insert(format!("<at>{name}</at>")) {
                self.wrong(format!("a mention of {name} that is none or stands twice"));
            }
        }
        self.body(card, place);
        if let Some(refresh) = card.get("refresh") {
            self.keys("refresh", refresh, &["action", "userIds"]);
            self.action(&refresh["action"], place);
            let users = refresh["userIds"].as_array().map_or(0, Vec::len);
            if place == Place::Dialog || users == 0 || users > 60 {
                self.wrong(format!("a refresh of {users} people"));
            }
        }
    }

    fn body(&mut self, card: &Value, place: Place) {
        for element in card["body"].as_array().into_iter().flatten() {
            self.part(element, place);
        }
        if let Some(actions) = card.get("actions") {
            self.actions(actions, place);
        }
    }

    fn part(&mut self, part: &Value, place: Place) {
        match part["type"].as_str().unwrap_or_default() {
            "TextBlock" => {
                self.element(part, &["text", "wrap", "weight", "size", "style", "isSubtle"]);
                self.length("text", part["text"].as_str().unwrap_or_default(), 1, 20_000);
                if part["wrap"] != true {
                    self.wrong("text that is cut off at the edge");
                }
                self.markdown(part["text"].as_str().unwrap_or_default());
            }
            "RichTextBlock" => {
                self.element(part, &["inlines"]);
                let runs = part["inlines"].as_array().map_or(&[][..], Vec::as_slice);
                if runs.is_empty() {
                    self.wrong("rich text without text");
                }
                runs.iter().for_each(|run| self.run(run));
            }
            "Container" => {
                self.element(part, &["style", "bleed", "items"]);
                self.one_of("style", &part["style"], &STYLES);
                for item in part["items"].as_array().into_iter().flatten() {
                    self.part(item, place);
                }
            }
            "CodeBlock" => {
                self.element(part, &["codeSnippet", "language", "fallback"]);
                self.part(&part["fallback"], place);
            }
            "ActionSet" => {
                self.element(part, &["actions"]);
                self.actions(&part["actions"], place);
            }
            "Input.Text" | "Input.ChoiceSet" if place == Place::Dialog => self.input(part),
            other => self.wrong(format!("an element of type {other}")),
        }
    }

    fn run(&mut self, run: &Value) {
        self.keys("run", run, &["type", "text", "weight", "fontType", "size", "isSubtle", "color"]);
        self.one_of("type", &run["type"], &["TextRun"]);
        let text = run["text"].as_str().unwrap_or_default();
        self.length("run", text, 1, 3_000);
        if text.contains("{{") || text.contains("<at>") || text.contains('\n') {
            self.wrong(format!("a run that is read as something else: {text}"));
        }
    }

    /// Text without anything that clients read as Markdown, HTML, a mention or a time.
    fn unmarked(&mut self, what: &str, text: &str) {
        if text.contains(['*', '`', '~', '[', ']', '<', '>', '\\']) || text.contains("{{") {
            self.wrong(format!("{what} holds markup: {text}"));
        }
    }

    /// Markdown whose only markup is ours: bold, times, and mentions of those whom the card names.
    fn markdown(&mut self, text: &str) {
        let mut rest = text.replace("**", "");
        for mention in self.mentions.clone() {
            rest = rest.replace(&mention, "");
        }
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((time, after)) = after.split_once("}}") else { break };
            let argument = time.strip_prefix("DATE(").or_else(|| time.strip_prefix("TIME("));
            let argument = argument.and_then(|argument| argument.strip_suffix(')')).unwrap_or_default();
            let instant = argument.trim_end_matches(", SHORT");
            if instant.len() != 20 || chrono::DateTime::parse_from_rfc3339(instant).is_err() {
                self.wrong(format!("a time that is none: {time}"));
            }
            rest = format!("{before}{after}");
        }
        self.unmarked("text", &rest);
        let number = text.chars().take_while(char::is_ascii_digit).count();
        if text.starts_with(['-', '+', '#', '=', ' ', '\t']) || number > 0 && text[number..].starts_with(['.', ')']) {
            self.wrong(format!("text that begins as a list or a heading: {text}"));
        }
        if !text.matches("**").count().is_multiple_of(2) || text.contains('\n') {
            self.wrong(format!("bold that never ends, or several lines: {text}"));
        }
    }

    fn actions(&mut self, actions: &Value, place: Place) {
        let actions = actions.as_array().map_or(&[][..], Vec::as_slice);
        if actions.is_empty() || actions.len() > 6 {
            self.wrong(format!("{} buttons in a row", actions.len()));
        }
        actions.iter().for_each(|action| self.action(action, place));
    }

    fn action(&mut self, action: &Value, place: Place) {
        let own: &[&str] = match action["type"].as_str().unwrap_or_default() {
            "Action.Execute" if place == Place::Message => &["verb", "data", "fallback"],
            "Action.Submit" => &["data"],
            "Action.ShowCard" => &["card"],
            other => return self.wrong(format!("an action of type {other}")),
        };
        self.keys("action", action, &[&["type", "title", "tooltip", "style"], own].concat());
        self.length("title", action["title"].as_str().unwrap_or_default(), 1, 75);
        self.optional("style", &action["style"], &["positive", "destructive"]);
        if let Some(tooltip) = action.get("tooltip") {
            self.length("tooltip", tooltip.as_str().unwrap_or_default(), 1, 75);
        }
        if let Some(card) = action.get("card") {
            self.keys("unfolded card", card, &["type", "version", "body", "actions"]);
            self.body(card, place);
            return;
        }
        self.data(action);
        if let Some(fallback) = action.get("fallback") {
            self.action(fallback, place);
            if fallback["data"]["verb"] != action["verb"] || fallback["data"]["access"] != action["data"]["access"] {
                self.wrong("a fallback that does something else");
            }
        }
    }

    /// Buttons name a verb and a thing; nothing else may be believed, so nothing else is carried.
    fn data(&mut self, action: &Value) {
        let data = &action["data"];
        self.keys("data", data, &["verb", "access", "roles", "text", "card", "form", "meta", "preview", "msteams"]);
        let verb = action["verb"].as_str().or_else(|| data["verb"].as_str()).or_else(|| data["form"].as_str());
        self.length("verb", verb.unwrap_or_default(), 1, 30);
        if let Some(msteams) = data.get("msteams")
            && *msteams != serde_json::json!({ "type": "task/fetch" })
        {
            self.wrong(format!("msteams is {msteams}"));
        }
    }

    fn input(&mut self, input: &Value) {
        let id = input["id"].as_str().unwrap_or_default().to_owned();
        if id.is_empty() || !self.inputs.insert(id.clone()) {
            self.wrong(format!("the input {id} twice"));
        }
        self.length("label", input["label"].as_str().unwrap_or_default(), 1, 520);
        let common = ["id", "label", "isRequired", "errorMessage", "value", "placeholder"];
        if input["isRequired"] == true {
            self.length("errorMessage", input["errorMessage"].as_str().unwrap_or_default(), 1, 200);
        }
        if input["type"] == "Input.Text" {
            self.element(input, &[&common[..], &["isMultiline", "maxLength", "regex"]].concat());
            let max = input["maxLength"].as_u64().unwrap_or(0);
            if max == 0 || max > 3_000 {
                self.wrong(format!("an input of at most {max} characters"));
            }
            self.length("value", input["value"].as_str().unwrap_or_default(), 0, max as usize);
            return;
        }
        self.element(input, &[&common[..], &["style", "choices", "choices.data", "isMultiSelect", "wrap"]].concat());
        self.one_of("style", &input["style"], &["compact", "filtered"]);
        let choices = input["choices"].as_array().map_or(&[][..], Vec::as_slice);
        let values: BTreeSet<&str> = choices.iter().filter_map(|choice| choice["value"].as_str()).collect();
        if values.len() != choices.len()
            || choices.len() > 100
            || choices.is_empty() && input.get("choices.data").is_none()
        {
            self.wrong(format!("{} choices of {} values", choices.len(), values.len()));
        }
        for choice in choices {
            self.keys("choice", choice, &["title", "value"]);
            self.length("choice", choice["title"].as_str().unwrap_or_default(), 1, 150);
        }
        let chosen = input["value"].as_str().into_iter();
        let several = input["isMultiSelect"] == true;
        for one in chosen.flat_map(|value| if several { value.split(',').collect() } else { vec![value] }) {
            if !values.contains(one) {
                self.wrong(format!("{one}, which is chosen, is not among the choices"));
            }
        }
    }
}
