//! One case per rule of the validator, what must pass, and a property that nothing panics it.

use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use super::{Surface, check_blocks, check_suggestions, check_view, fill_ids, limits};

fn plain(text: &str) -> Value {
    json!({ "type": "plain_text", "text": text })
}

fn mrkdwn(text: &str) -> Value {
    json!({ "type": "mrkdwn", "text": text })
}

fn button(id: &str) -> Value {
    json!({ "type": "button", "action_id": id, "text": plain("Press") })
}

fn option(value: &str) -> Value {
    json!({ "text": plain("Label"), "value": value })
}

fn actions(elements: Value) -> Value {
    json!({ "type": "actions", "elements": elements })
}

fn input(element: Value) -> Value {
    json!({ "type": "input", "block_id": "b", "label": plain("Label"), "element": element })
}

fn modal(blocks: Value) -> Value {
    json!({ "type": "modal", "title": plain("Title"), "submit": plain("Go"), "blocks": blocks })
}

fn long(n: usize) -> String {
    "ä".repeat(n)
}

/// The only problem of a message made of this block.
fn problem(block: Value) -> String {
    let found = check_blocks(std::slice::from_ref(&block), Surface::Message);
    assert_eq!(found.len(), 1, "{block}: {found:?}");
    found[0].clone()
}

fn fine(block: Value) {
    assert_eq!(check_blocks(&[block], Surface::Message), Vec::<String>::new());
}

#[test]
fn everything_a_message_may_hold_passes() {
    let blocks = [
        json!({ "type": "header", "block_id": "h", "text": { "type": "plain_text", "text": "T", "emoji": true } }),
        json!({ "type": "section", "text": { "type": "mrkdwn", "text": "*t*", "verbatim": true },
            "fields": [mrkdwn("a"), plain("b")], "expand": true,
            "accessory": { "type": "overflow", "action_id": "o",
                "options": [{ "text": plain("x"), "value": "x", "url": "https://example.test" }] } }),
        json!({ "type": "divider" }),
        json!({ "type": "context", "elements": [mrkdwn("c"), { "type": "image", "image_url": "u", "alt_text": "a" }] }),
        json!({ "type": "image", "slack_file": { "id": "F1" }, "alt_text": "a", "title": plain("t") }),
        json!({ "type": "markdown", "text": "# hello" }),
        json!({ "type": "rich_text", "elements": [
            { "type": "rich_text_section", "elements": [
                { "type": "text", "text": "t", "style": { "bold": true } }, { "type": "user", "user_id": "U1" },
                { "type": "link", "url": "https://example.test", "text": "x" } ] },
            { "type": "rich_text_list", "style": "bullet", "indent": 1, "elements": [
                { "type": "rich_text_section", "elements": [{ "type": "emoji", "name": "wave" }] } ] },
            { "type": "rich_text_preformatted", "border": 0, "elements": [{ "type": "text", "text": "x" }] } ] }),
        actions(json!([
            { "type": "button", "action_id": "a1", "text": plain("Go"), "value": "v", "style": "danger",
              "url": "https://example.test", "accessibility_label": "go",
              "confirm": { "title": plain("t"), "text": mrkdwn("x"), "confirm": plain("y"), "deny": plain("n") } },
            { "type": "static_select", "action_id": "a2", "placeholder": plain("p"), "options": [option("1")],
              "initial_option": option("1") },
            { "type": "static_select", "action_id": "a3",
              "option_groups": [{ "label": plain("g"), "options": [option("1")] }] },
            { "type": "external_select", "action_id": "a4", "min_query_length": 0 },
            { "type": "users_select", "action_id": "a5", "initial_user": "U1" },
            { "type": "conversations_select", "action_id": "a6", "filter": { "include": ["im"] } },
            { "type": "datepicker", "action_id": "a7", "initial_date": "2026-02-28" },
            { "type": "timepicker", "action_id": "a8", "initial_time": "23:59", "timezone": "UTC" },
            { "type": "datetimepicker", "action_id": "a9", "initial_date_time": 1_700_000_000 },
            { "type": "radio_buttons", "action_id": "a10", "options": [{ "text": mrkdwn("*x*"), "value": "1" }] },
            { "type": "checkboxes", "action_id": "a11", "options": [option("1"), option("2")],
              "initial_options": [option("2")] },
        ])),
    ];
    assert_eq!(check_blocks(&blocks, Surface::Message), Vec::<String>::new());
}

#[test]
fn everything_a_modal_may_hold_passes() {
    let view = json!({
        "type": "modal", "title": plain("T"), "submit": plain("S"), "close": plain("C"), "private_metadata": "m",
        "callback_id": "c", "external_id": "e", "clear_on_close": true, "notify_on_close": true, "blocks": [
            { "type": "input", "label": plain("l"), "hint": plain("h"), "optional": true, "dispatch_action": true,
              "element": { "type": "plain_text_input", "action_id": "p", "multiline": true, "min_length": 1,
                "max_length": 3000, "initial_value": "v", "placeholder": plain("p"), "focus_on_load": true,
                "dispatch_action_config": { "trigger_actions_on": ["on_character_entered"] } } },
            { "type": "input", "label": plain("l"), "element": { "type": "email_text_input", "action_id": "e" } },
            { "type": "input", "label": plain("l"), "element": { "type": "url_text_input", "action_id": "u" } },
            { "type": "input", "label": plain("l"), "element": { "type": "number_input", "action_id": "n",
                "is_decimal_allowed": false, "min_value": "1", "max_value": "9", "initial_value": "2" } },
            { "type": "input", "label": plain("l"), "element": { "type": "multi_static_select", "action_id": "m",
                "options": [option("1")], "max_selected_items": 1 } },
            { "type": "input", "label": plain("l"), "element": { "type": "multi_users_select", "action_id": "mu",
                "initial_users": ["U1"] } },
        ]
    });
    assert_eq!(check_view(&view, "modal"), Vec::<String>::new());
    let home = json!({ "type": "home", "blocks": [actions(json!([button("x")]))], "private_metadata": "" });
    assert_eq!(check_view(&home, "home"), Vec::<String>::new());
}

#[rstest]
#[case(json!({ "type": "section" }), "missing required field: text [json-pointer:/blocks/0]")]
#[case(json!({ "type": "section", "text": plain("") }), "must be more than 0 characters [json-pointer:/blocks/0/text/text]")]
#[case(json!({ "type": "section", "text": plain(&long(3001)) }), "must be less than 3001 characters [json-pointer:/blocks/0/text/text]")]
#[case(json!({ "type": "section", "text": "bare" }), "must be an object [json-pointer:/blocks/0/text]")]
#[case(json!({ "type": "section", "text": plain("x"), "colour": 1 }), "invalid additional property: colour [json-pointer:/blocks/0]")]
#[case(json!({ "type": "section", "text": { "type": "plain_text", "text": "x", "verbatim": true } }), "invalid additional property: verbatim [json-pointer:/blocks/0/text]")]
#[case(json!({ "type": "section", "text": { "type": "mrkdwn", "text": "x", "emoji": true } }), "invalid additional property: emoji [json-pointer:/blocks/0/text]")]
#[case(json!({ "type": "section", "text": { "type": "html", "text": "x" } }), "must be plain_text or mrkdwn [json-pointer:/blocks/0/text/type]")]
#[case(json!({ "type": "section", "fields": [] }), "no less than 1 items allowed [json-pointer:/blocks/0/fields]")]
#[case(json!({ "type": "section", "fields": vec![plain("x"); 11] }), "no more than 10 items allowed [json-pointer:/blocks/0/fields]")]
#[case(json!({ "type": "section", "fields": [plain(&long(2001))] }), "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]")]
#[case(json!({ "type": "section", "text": plain("x"), "accessory": { "type": "plain_text_input", "action_id": "a" } }), "unsupported type: plain_text_input [json-pointer:/blocks/0/accessory]")]
#[case(json!({ "type": "section", "text": plain("x"), "block_id": long(256) }), "must be less than 256 characters [json-pointer:/blocks/0/block_id]")]
#[case(json!({ "type": "section", "text": plain("x"), "block_id": 7 }), "must be a string [json-pointer:/blocks/0/block_id]")]
#[case(json!({ "type": "section", "text": plain("x"), "expand": "yes" }), "must be a boolean [json-pointer:/blocks/0/expand]")]
#[case(json!({ "type": "header", "text": mrkdwn("x") }), "must be plain_text [json-pointer:/blocks/0/text/type]")]
#[case(json!({ "type": "header", "text": plain(&long(151)) }), "must be less than 151 characters [json-pointer:/blocks/0/text/text]")]
#[case(json!({ "type": "context", "elements": [] }), "no less than 1 items allowed [json-pointer:/blocks/0/elements]")]
#[case(json!({ "type": "context", "elements": vec![plain("x"); 11] }), "no more than 10 items allowed [json-pointer:/blocks/0/elements]")]
#[case(json!({ "type": "context", "elements": [button("a")] }), "unsupported type: button [json-pointer:/blocks/0/elements/0]")]
#[case(json!({ "type": "image", "image_url": "u" }), "missing required field: alt_text [json-pointer:/blocks/0]")]
#[case(json!({ "type": "image", "alt_text": "a" }), "missing required field: image_url [json-pointer:/blocks/0]")]
#[case(json!({ "type": "image", "alt_text": "a", "image_url": long(3001) }), "must be less than 3001 characters [json-pointer:/blocks/0/image_url]")]
#[case(json!({ "type": "markdown", "text": long(12_001) }), "must be less than 12001 characters [json-pointer:/blocks/0/text]")]
#[case(json!({ "type": "divider", "text": plain("x") }), "invalid additional property: text [json-pointer:/blocks/0]")]
#[case(json!({ "type": "carousel" }), "unsupported type: carousel [json-pointer:/blocks/0]")]
#[case(json!({}), "missing required field: type [json-pointer:/blocks/0]")]
#[case(json!("text"), "missing required field: type [json-pointer:/blocks/0]")]
#[case(input(json!({ "type": "plain_text_input", "action_id": "a" })), "unsupported type: input [json-pointer:/blocks/0]")]
#[case(actions(json!([])), "no less than 1 items allowed [json-pointer:/blocks/0/elements]")]
#[case(json!({ "type": "actions" }), "missing required field: elements [json-pointer:/blocks/0]")]
#[case(json!({ "type": "rich_text", "elements": [{ "type": "rich_text_list", "elements": [{ "type": "rich_text_section", "elements": [] }] }] }), "missing required field: style [json-pointer:/blocks/0/elements/0]")]
#[case(json!({ "type": "rich_text", "elements": [{ "type": "rich_text_section", "elements": [{ "type": "text", "text": "x", "style": { "loud": true } }] }] }), "invalid additional property: loud [json-pointer:/blocks/0/elements/0/elements/0/style]")]
#[case(json!({ "type": "rich_text", "elements": [{ "type": "rich_text_section", "elements": [{ "type": "script" }] }] }), "unsupported type: script [json-pointer:/blocks/0/elements/0/elements/0]")]
fn blocks_are_refused(#[case] block: Value, #[case] expected: &str) {
    assert_eq!(problem(block), expected);
}

#[rstest]
#[case(json!({ "type": "button", "action_id": "a" }), "missing required field: text [json-pointer:/E]")]
#[case(json!({ "type": "button", "action_id": "a", "text": mrkdwn("x") }), "must be plain_text [json-pointer:/E/text/type]")]
#[case(json!({ "type": "button", "action_id": "a", "text": plain(&long(76)) }), "must be less than 76 characters [json-pointer:/E/text/text]")]
#[case(json!({ "type": "button", "action_id": "a", "text": plain("x"), "value": long(2001) }), "must be less than 2001 characters [json-pointer:/E/value]")]
#[case(json!({ "type": "button", "action_id": "a", "text": plain("x"), "url": long(3001) }), "must be less than 3001 characters [json-pointer:/E/url]")]
#[case(json!({ "type": "button", "action_id": "a", "text": plain("x"), "style": "green" }), "must be one of: primary, danger [json-pointer:/E/style]")]
#[case(json!({ "type": "button", "action_id": long(256), "text": plain("x") }), "must be less than 256 characters [json-pointer:/E/action_id]")]
#[case(json!({ "type": "button", "action_id": "a", "text": plain("x"), "disabled": true }), "invalid additional property: disabled [json-pointer:/E]")]
#[case(json!({ "type": "button", "action_id": "a", "text": plain("x"), "value": { "id": 1 } }), "must be a string [json-pointer:/E/value]")]
#[case(json!({ "type": "button", "action_id": "a", "text": plain("x"), "confirm": { "text": plain("x"), "confirm": plain("y"), "deny": plain("n") } }), "missing required field: title [json-pointer:/E/confirm]")]
#[case(json!({ "type": "button", "action_id": "a", "text": plain("x"), "confirm": { "title": plain(&long(101)), "text": plain("x"), "confirm": plain("y"), "deny": plain("n") } }), "must be less than 101 characters [json-pointer:/E/confirm/title/text]")]
#[case(json!({ "type": "button", "action_id": "a", "text": plain("x"), "confirm": { "title": plain("t"), "text": plain(&long(301)), "confirm": plain("y"), "deny": plain("n") } }), "must be less than 301 characters [json-pointer:/E/confirm/text/text]")]
#[case(json!({ "type": "button", "action_id": "a", "text": plain("x"), "confirm": { "title": plain("t"), "text": plain("x"), "confirm": plain(&long(31)), "deny": plain("n") } }), "must be less than 31 characters [json-pointer:/E/confirm/confirm/text]")]
#[case(json!({ "type": "static_select", "action_id": "a" }), "missing required field: options [json-pointer:/E]")]
#[case(json!({ "type": "static_select", "action_id": "a", "options": vec![option("1"); 101] }), "no more than 100 items allowed [json-pointer:/E/options]")]
#[case(json!({ "type": "static_select", "action_id": "a", "options": [option("1")], "option_groups": [] }), "only one of options and option_groups is allowed [json-pointer:/E]")]
#[case(json!({ "type": "static_select", "action_id": "a", "options": [{ "text": mrkdwn("x"), "value": "1" }] }), "must be plain_text [json-pointer:/E/options/0/text/type]")]
#[case(json!({ "type": "static_select", "action_id": "a", "options": [{ "text": plain(&long(76)), "value": "1" }] }), "must be less than 76 characters [json-pointer:/E/options/0/text/text]")]
#[case(json!({ "type": "static_select", "action_id": "a", "options": [{ "text": plain("x"), "value": long(151) }] }), "must be less than 151 characters [json-pointer:/E/options/0/value]")]
#[case(json!({ "type": "static_select", "action_id": "a", "options": [{ "text": plain("x"), "value": "1", "description": plain(&long(76)) }] }), "must be less than 76 characters [json-pointer:/E/options/0/description/text]")]
#[case(json!({ "type": "static_select", "action_id": "a", "options": [{ "text": plain("x"), "value": "1", "url": "u" }] }), "invalid additional property: url [json-pointer:/E/options/0]")]
#[case(json!({ "type": "static_select", "action_id": "a", "options": [option("1")], "initial_option": option("2") }), "must be one of the provided options [json-pointer:/E/initial_option]")]
#[case(json!({ "type": "static_select", "action_id": "a", "options": [option("1")], "placeholder": plain(&long(151)) }), "must be less than 151 characters [json-pointer:/E/placeholder/text]")]
#[case(json!({ "type": "static_select", "action_id": "a", "options": [option("1")], "focus_on_load": true }), "is only allowed in views [json-pointer:/E/focus_on_load]")]
#[case(json!({ "type": "overflow", "action_id": "a", "options": vec![option("1"); 6] }), "no more than 5 items allowed [json-pointer:/E/options]")]
#[case(json!({ "type": "overflow", "action_id": "a", "options": [] }), "no less than 1 items allowed [json-pointer:/E/options]")]
#[case(json!({ "type": "checkboxes", "action_id": "a", "options": vec![option("1"); 11] }), "no more than 10 items allowed [json-pointer:/E/options]")]
#[case(json!({ "type": "checkboxes", "action_id": "a", "options": [option("1")], "initial_options": [option("1"), option("1")] }), "must be one of the provided options [json-pointer:/E/initial_options/1]")]
#[case(json!({ "type": "radio_buttons", "action_id": "a", "options": [option("1")], "initial_options": [option("1")] }), "invalid additional property: initial_options [json-pointer:/E]")]
#[case(json!({ "type": "datepicker", "action_id": "a", "initial_date": "2026-02-30" }), "must be in the format YYYY-MM-DD [json-pointer:/E/initial_date]")]
#[case(json!({ "type": "timepicker", "action_id": "a", "initial_time": "24:00" }), "must be in the format HH:mm [json-pointer:/E/initial_time]")]
#[case(json!({ "type": "external_select", "action_id": "a", "min_query_length": "1" }), "must be an integer [json-pointer:/E/min_query_length]")]
#[case(json!({ "type": "conversations_select", "action_id": "a", "filter": {} }), "no less than 1 properties allowed [json-pointer:/E/filter]")]
#[case(json!({ "type": "conversations_select", "action_id": "a", "filter": { "include": ["dm"] } }), "must be one of: im, mpim, private, public [json-pointer:/E/filter/include/0]")]
#[case(json!({ "type": "plain_text_input", "action_id": "a" }), "unsupported type: plain_text_input [json-pointer:/E]")]
#[case(json!({ "type": "image", "alt_text": "a", "image_url": "u" }), "unsupported type: image [json-pointer:/E]")]
#[case(json!({ "type": "slider", "action_id": "a" }), "unsupported type: slider [json-pointer:/E]")]
#[case(json!({ "action_id": "a" }), "missing required field: type [json-pointer:/E]")]
fn elements_are_refused(#[case] element: Value, #[case] expected: &str) {
    assert_eq!(problem(actions(json!([element]))), expected.replace("/E", "/blocks/0/elements/0"));
}

#[rstest]
#[case(json!({ "type": "plain_text_input", "action_id": "a", "min_length": 3001 }), "must be between 0 and 3000 [json-pointer:/E/min_length]")]
#[case(json!({ "type": "plain_text_input", "action_id": "a", "max_length": 0 }), "must be between 1 and 3000 [json-pointer:/E/max_length]")]
#[case(json!({ "type": "plain_text_input", "action_id": "a", "min_length": 9, "max_length": 8 }), "must not be greater than max_length [json-pointer:/E/min_length]")]
#[case(json!({ "type": "plain_text_input", "action_id": "a", "dispatch_action_config": { "trigger_actions_on": ["on_blur"] } }), "must be one of: on_enter_pressed, on_character_entered [json-pointer:/E/dispatch_action_config/trigger_actions_on/0]")]
#[case(json!({ "type": "number_input", "action_id": "a" }), "missing required field: is_decimal_allowed [json-pointer:/E]")]
#[case(json!({ "type": "number_input", "action_id": "a", "is_decimal_allowed": true, "min_value": "one" }), "must be a number [json-pointer:/E/min_value]")]
#[case(json!({ "type": "email_text_input", "action_id": "a", "multiline": true }), "invalid additional property: multiline [json-pointer:/E]")]
#[case(json!({ "type": "button", "action_id": "a", "text": plain("x") }), "unsupported type: button [json-pointer:/E]")]
#[case(json!({ "type": "multi_static_select", "action_id": "a", "options": [option("1")], "max_selected_items": 0 }), "must be between 1 and 100 [json-pointer:/E/max_selected_items]")]
fn inputs_are_refused(#[case] element: Value, #[case] expected: &str) {
    let found = check_view(&modal(json!([input(element)])), "modal");
    assert_eq!(found, [expected.replace("/E", "/blocks/0/element")]);
}

#[rstest]
#[case(json!({ "title": plain(&long(25)) }), "must be less than 25 characters [json-pointer:/title/text]")]
#[case(json!({ "submit": plain(&long(25)) }), "must be less than 25 characters [json-pointer:/submit/text]")]
#[case(json!({ "close": mrkdwn("x") }), "must be plain_text [json-pointer:/close/type]")]
#[case(json!({ "private_metadata": long(3001) }), "must be less than 3001 characters [json-pointer:/private_metadata]")]
#[case(json!({ "callback_id": long(256) }), "must be less than 256 characters [json-pointer:/callback_id]")]
#[case(json!({ "external_id": long(256) }), "must be less than 256 characters [json-pointer:/external_id]")]
#[case(json!({ "notify_on_close": 1 }), "must be a boolean [json-pointer:/notify_on_close]")]
#[case(json!({ "type": "home" }), "must be modal [json-pointer:/type]")]
#[case(json!({ "id": "V1" }), "invalid additional property: id [json-pointer:]")]
#[case(json!({ "blocks": {} }), "must be an array [json-pointer:/blocks]")]
#[case(json!({ "blocks": [{ "type": "markdown", "text": "x" }] }), "unsupported type: markdown [json-pointer:/blocks/0]")]
fn views_are_refused(#[case] change: Value, #[case] expected: &str) {
    let mut view = modal(json!([]));
    for (key, value) in change.as_object().unwrap() {
        view[key] = value.clone();
    }
    assert_eq!(check_view(&view, "modal"), [expected]);
}

#[test]
fn views_need_title_blocks_and_a_submit_for_inputs() {
    assert_eq!(
        check_view(&json!({ "type": "modal" }), "modal"),
        ["missing required field: title [json-pointer:]", "missing required field: blocks [json-pointer:]"]
    );
    let mut view = modal(json!([input(json!({ "type": "plain_text_input", "action_id": "a" }))]));
    view.as_object_mut().unwrap().remove("submit");
    assert_eq!(check_view(&view, "modal"), ["input blocks need a view with `submit` [json-pointer:/blocks/0]"]);
    let home = json!({ "type": "home", "title": plain("x"), "blocks": [] });
    assert_eq!(check_view(&home, "home"), ["invalid additional property: title [json-pointer:]"]);
    assert_eq!(check_view(&json!([]), "home"), ["must be an object [json-pointer:]"]);
}

#[test]
fn only_one_element_is_focused() {
    let field = |id: &str| {
        let element = json!({ "type": "plain_text_input", "action_id": id, "focus_on_load": true });
        json!({ "type": "input", "label": plain("l"), "element": element })
    };
    let found = check_view(&modal(json!([field("a"), field("b")])), "modal");
    assert_eq!(found, ["only one element may be focused on load [json-pointer:/blocks/1/element/focus_on_load]"]);
}

#[test]
fn numbers_of_blocks_and_elements_are_limited() {
    let many = |n: usize| vec![json!({ "type": "divider" }); n];
    assert!(check_blocks(&many(limits::MESSAGE_BLOCKS), Surface::Message).is_empty());
    assert_eq!(check_blocks(&many(51), Surface::Message), ["no more than 50 items allowed [json-pointer:/blocks]"]);
    assert!(check_view(&modal(json!(many(limits::VIEW_BLOCKS))), "modal").is_empty());
    let found = check_view(&modal(json!(many(101))), "modal");
    assert!(found.iter().all(|p| p == "no more than 100 items allowed [json-pointer:/blocks]") && !found.is_empty());
    let buttons = |n: usize| (0..n).map(|i| button(&i.to_string())).collect::<Value>();
    fine(actions(buttons(25)));
    assert_eq!(problem(actions(buttons(26))), "no more than 25 items allowed [json-pointer:/blocks/0/elements]");
}

#[test]
fn ids_are_unique_in_the_whole_message() {
    let block = |id: &str| json!({ "type": "divider", "block_id": id });
    assert_eq!(
        check_blocks(&[block("a"), block("b"), block("a")], Surface::Message),
        ["`block_id` is not unique: a [json-pointer:/blocks/2/block_id]"]
    );
    assert_eq!(
        check_blocks(&[actions(json!([button("x")])), actions(json!([button("x")]))], Surface::Message),
        ["`action_id` is not unique: x [json-pointer:/blocks/1/elements/0/action_id]"]
    );
}

#[test]
fn suggestions_are_checked() {
    assert!(check_suggestions(&json!({ "options": [] })).is_empty());
    assert!(check_suggestions(&json!({ "options": [option("1")] })).is_empty());
    assert!(!check_suggestions(&json!({ "options": vec![option("1"); 101] })).is_empty());
    assert!(!check_suggestions(&json!({})).is_empty());
    assert!(!check_suggestions(&json!({ "options": [{ "text": "bare", "value": "1" }] })).is_empty());
}

#[test]
fn missing_ids_are_filled_in_and_given_ones_kept() {
    let mut blocks = vec![
        actions(json!([{ "type": "button", "text": plain("x") }, button("mine")])),
        json!({ "type": "section", "block_id": "s", "text": plain("x"),
            "accessory": { "type": "image", "alt_text": "a", "image_url": "u" } }),
    ];
    fill_ids(&mut blocks);
    assert!(blocks[0]["block_id"].is_string() && blocks[0]["elements"][0]["action_id"].is_string());
    assert_eq!(blocks[0]["elements"][1]["action_id"], "mine");
    assert_eq!(blocks[1]["block_id"], "s");
    assert!(blocks[1]["accessory"].get("action_id").is_none());
    assert!(check_blocks(&blocks, Surface::Message).is_empty());
}

/// Any JSON, with the words the validator looks for mixed in.
fn any_json() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "type",
        "text",
        "elements",
        "element",
        "accessory",
        "options",
        "option_groups",
        "blocks",
        "section",
        "actions",
        "button",
        "plain_text",
        "mrkdwn",
        "input",
        "static_select",
        "rich_text",
        "rich_text_section",
        "modal",
        "initial_options",
        "confirm",
        "action_id",
        "block_id",
        "label",
        "value",
        "title",
        "context",
        "checkboxes",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(word.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn nothing_panics_it(value in any_json()) {
        let mut blocks = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
        for surface in [Surface::Message, Surface::Modal { submit: true }, Surface::Home] {
            check_blocks(&blocks, surface);
        }
        check_view(&value, "modal");
        check_view(&value, "home");
        check_suggestions(&value);
        super::text_length(&value);
        fill_ids(&mut blocks);
        let given = json!({ "blocks": blocks });
        let state = crate::form::carry_over(&given, &value);
        let _ = crate::form::merge(&blocks, &state, &value);
        crate::form::check_submission(&blocks, &state);
        for field in crate::form::fields(&blocks) {
            let _ = crate::form::accept(&field, &value);
        }
    }
}
