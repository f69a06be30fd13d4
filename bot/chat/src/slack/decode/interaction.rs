//! Buttons, menus and dialogs: JSON within a form. Called for `POST /slack/interactions`, and for Socket Mode's envelopes.

use std::collections::BTreeMap;

use jit_core::id::AccessId;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{DecodeError, Home, Inbound, Source, View, Way, channel, text};
use crate::card::{Action, Verb};
use crate::deliver::Handle;
use crate::form::{FormKind, Meta, Values};
use crate::inbound::{Intent, Submission};

/// Decodes an interaction.
pub fn interaction(body: &[u8], home: &Home) -> Result<Inbound, DecodeError> {
    let payload = url::form_urlencoded::parse(body).find(|(name, _)| name == "payload");
    let (_, payload) = payload.ok_or(DecodeError::Malformed("there is no payload"))?;
    let payload: Value =
        serde_json::from_str(&payload).map_err(|_| DecodeError::Malformed("the payload is not JSON"))?;
    self::payload(&payload, home)
}

/// Decodes an interaction's payload.
pub(super) fn payload(payload: &Value, home: &Home) -> Result<Inbound, DecodeError> {
    let user = text(payload, &["user", "id"]).ok_or(DecodeError::Malformed("the payload names nobody"))?;
    let team = text(payload, &["team", "id"]);
    let enterprise = text(payload, &["enterprise", "id"]).or_else(|| text(payload, &["team", "enterprise_id"]));
    home.check(Source { team, enterprise, user_team: text(payload, &["user", "team_id"]) })?;
    let trigger_id = text(payload, &["trigger_id"]).map(str::to_owned);
    let (intent, view) = (intent(payload), view(&payload["view"]));
    let conversation = text(payload, &["channel", "id"]).or_else(|| text(payload, &["container", "channel_id"]));
    Ok(Inbound {
        dedupe_key: dedupe_key(&intent, trigger_id.as_deref(), view.as_ref()),
        user: user.to_owned(),
        channel: channel(conversation, text(payload, &["channel", "name"])),
        intent,
        way: Way {
            team: team.map(str::to_owned),
            conversation: conversation.map(str::to_owned),
            trigger_id,
            response_url: text(payload, &["response_url"]).map(str::to_owned),
            view,
            challenge: None,
        },
    })
}

/// A dialog that is sent again after its errors were mended has the same view and hash, so what was filled in counts too.
fn dedupe_key(intent: &Intent, trigger_id: Option<&str>, view: Option<&View>) -> Option<String> {
    match intent {
        Intent::Form(form) => {
            let mut digest = Sha256::new();
            for (field, value) in &form.values.0 {
                for part in [field, value] {
                    digest.update(part.len().to_be_bytes());
                    digest.update(part.as_bytes());
                }
            }
            let View { id, hash } = view?;
            Some(format!("slack:view:{id}:{hash}:{}", hex::encode(&digest.finalize()[..16])))
        }
        Intent::Options { .. } | Intent::Ignored => None,
        _ => trigger_id.map(|id| format!("slack:trigger:{id}")),
    }
}

fn intent(payload: &Value) -> Intent {
    match text(payload, &["type"]) {
        Some("block_actions") => actions(payload),
        Some("view_submission") => {
            submission(&payload["view"]).map_or(Intent::Ignored, |form| Intent::Form(Box::new(form)))
        }
        Some("block_suggestion") => Intent::Options {
            form: text(payload, &["view", "callback_id"]).and_then(FormKind::parse),
            field: text(payload, &["action_id"]).unwrap_or_default().to_owned(),
            query: text(payload, &["value"]).unwrap_or_default().to_owned(),
        },
        // `view_closed`, shortcuts, and whatever Slack thinks of next.
        _ => Intent::Ignored,
    }
}

fn actions(payload: &Value) -> Intent {
    let action = &payload["actions"][0];
    let name = text(action, &["action_id"]).unwrap_or_default();
    if let Some(form) = submission(&payload["view"]) {
        return Intent::FormChanged { form: Box::new(form), field: name.to_owned() };
    }
    // Further buttons of the same verb in a message are `show#2`, `show#3`.
    let name = name.split('#').next().unwrap_or_default();
    let value = text(action, &["value"]);
    if name == "request" {
        return Intent::RequestForm { roles: Action::roles_of(value) };
    }
    let access = value.and_then(|value| value.parse().ok()).map(AccessId);
    match Verb::parse(name).zip(access) {
        Some((verb, access)) => Intent::Button { verb, access, message: message(payload) },
        None => Intent::Ignored,
    }
}

/// The message that a button stands in, where it can be edited: one that only this person sees cannot.
fn message(payload: &Value) -> Option<Handle> {
    let container = &payload["container"];
    if container["is_ephemeral"] == Value::Bool(true) {
        return None;
    }
    let conversation = text(container, &["channel_id"])?.to_owned();
    Some(Handle { conversation, message: text(container, &["message_ts"])?.to_owned() })
}

fn view(view: &Value) -> Option<View> {
    let id = text(view, &["id"])?.to_owned();
    Some(View { id, hash: text(view, &["hash"]).unwrap_or_default().to_owned() })
}

/// A dialog without an id is none.
fn submission(dialog: &Value) -> Option<Submission> {
    view(dialog)?;
    Some(Submission {
        form: FormKind::parse(text(dialog, &["callback_id"])?)?,
        values: values(&dialog["state"]["values"]),
        meta: text(dialog, &["private_metadata"])
            .and_then(|meta| serde_json::from_str::<Meta>(meta).ok())
            .unwrap_or_default(),
    })
}

/// A block and its element bear the field's name.
fn values(state: &Value) -> Values {
    let mut values = BTreeMap::new();
    for (field, elements) in state.as_object().into_iter().flatten() {
        let element =
            elements.as_object().and_then(|elements| elements.get(field).or_else(|| elements.values().next()));
        if let Some(value) = element.and_then(value) {
            values.insert(field.clone(), value);
        }
    }
    Values(values)
}

fn value(element: &Value) -> Option<String> {
    let plain =
        ["value", "selected_user", "selected_channel", "selected_conversation", "selected_date", "selected_time"];
    if let Some(chosen) = element["selected_options"].as_array() {
        let values: Vec<&str> = chosen.iter().filter_map(|option| text(option, &["value"])).collect();
        return (!values.is_empty()).then(|| values.join(","));
    }
    let chosen = || text(element, &["selected_option", "value"]);
    plain.iter().find_map(|key| text(element, &[key])).or_else(chosen).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    const ACCESS: &str = "01934f1e-5c00-7000-8000-000000000001";

    fn decoded(payload: Value) -> Result<Inbound, DecodeError> {
        let body = serde_urlencoded::to_string([("payload", payload.to_string())]).unwrap();
        interaction(body.as_bytes(), &Home("T0001".to_owned()))
    }

    fn from_alice(kind: &str, rest: Value) -> Value {
        let mut payload = json!({
            "type": kind, "trigger_id": "13.7.abc", "team": { "id": "T0001" }, "user": { "id": "U0001", "team_id": "T0001" },
        });
        for (key, value) in rest.as_object().unwrap() {
            payload[key] = value.clone();
        }
        payload
    }

    fn pressed(action_id: &str, value: Value, ephemeral: bool) -> Value {
        from_alice(
            "block_actions",
            json!({
                "actions": [{ "type": "button", "action_id": action_id, "block_id": "x", "value": value }],
                "container": { "type": "message", "message_ts": "17.1", "channel_id": "D7", "is_ephemeral": ephemeral },
                "channel": { "id": "D7", "name": "directmessage" }, "response_url": "https://hooks.slack.com/x",
            }),
        )
    }

    #[test]
    fn a_button_is_a_verb_on_an_access() {
        let inbound = decoded(pressed("deny#3", json!(ACCESS), false)).unwrap();
        let Intent::Button { verb, access, message } = inbound.intent else { panic!("{inbound:?}") };
        assert_eq!((verb, access.to_string().as_str()), (Verb::Deny, ACCESS));
        assert_eq!(message, Some(Handle { conversation: "D7".to_owned(), message: "17.1".to_owned() }));
        assert_eq!(inbound.dedupe_key.as_deref(), Some("slack:trigger:13.7.abc"));
        assert_eq!((inbound.way.conversation.as_deref(), inbound.channel), (Some("D7"), None));
        let ephemeral = decoded(pressed("show", json!(ACCESS), true)).unwrap();
        assert!(matches!(ephemeral.intent, Intent::Button { message: None, .. }));
    }

    #[rstest]
    #[case::unknown_verb("destroy", json!(ACCESS))]
    #[case::no_access("approve", json!("../../etc"))]
    #[case::no_value("approve", Value::Null)]
    #[case::number("approve", json!(7))]
    fn strange_buttons_are_ignored(#[case] action: &str, #[case] value: Value) {
        assert_eq!(decoded(pressed(action, value, false)).unwrap().intent, Intent::Ignored);
    }

    #[test]
    fn the_button_for_a_new_request_names_its_roles() {
        let form = |value| decoded(pressed("request", value, false)).unwrap().intent;
        let roles = |names: &[&str]| Intent::RequestForm { roles: names.iter().map(|name| (*name).into()).collect() };
        assert_eq!(form(json!("orders-db-admin")), roles(&["orders-db-admin"]));
        assert_eq!(form(json!("orders-db-admin,logs-read")), roles(&["orders-db-admin", "logs-read"]));
        assert_eq!(form(Value::Null), roles(&[]));
    }

    fn view(reason: &str) -> Value {
        json!({
            "id": "V1", "hash": "h1", "type": "modal", "callback_id": "deny", "private_metadata": format!(r#"{{"access":"{ACCESS}"}}"#),
            "state": { "values": {
                "reason": { "reason": { "type": "plain_text_input", "value": reason } },
                "duration": { "duration": { "type": "static_select", "selected_option": { "value": "30m" } } },
                "ticket": { "ticket": { "type": "plain_text_input", "value": null } },
            } },
        })
    }

    #[test]
    fn a_dialog_has_values_and_carries_its_access() {
        let inbound = decoded(from_alice("view_submission", json!({ "view": view("no") }))).unwrap();
        let Intent::Form(form) = &inbound.intent else { panic!("{inbound:?}") };
        assert_eq!(
            (form.form, form.values.get("reason"), form.values.get("ticket")),
            (FormKind::Deny, Some("no"), None)
        );
        assert_eq!(form.values.duration(), Some(Ok(jit_core::span::Span::minutes(30))));
        assert_eq!(form.meta.access.map(|id| id.to_string()).as_deref(), Some(ACCESS));
    }

    #[test]
    fn of_several_that_are_chosen_none_is_lost() {
        let chosen = |roles: &[&str]| {
            let options: Vec<Value> = roles.iter().map(|role| json!({ "value": role })).collect();
            let element = json!({ "type": "multi_static_select", "selected_options": options });
            let view = json!({
                "id": "V1", "hash": "h1", "callback_id": "request", "state": { "values": { "role": { "role": element } } },
            });
            let Intent::Form(form) = decoded(from_alice("view_submission", json!({ "view": view }))).unwrap().intent
            else {
                panic!("not a form")
            };
            form.values.roles().iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(chosen(&["orders-db-admin", "host-login"]), ["orders-db-admin", "host-login"]);
        assert_eq!(chosen(&["host-login"]), ["host-login"]);
        assert!(chosen(&[]).is_empty());
    }

    #[test]
    fn sent_twice_is_one_deed_and_mended_is_another() {
        let key = |reason| decoded(from_alice("view_submission", json!({ "view": view(reason) }))).unwrap().dedupe_key;
        assert_eq!(key("no"), key("no"));
        assert_ne!(key("no"), key("no, because of the freeze"));
    }

    #[test]
    fn changes_in_a_dialog_are_told_with_all_its_values() {
        let change =
            json!({ "view": view("x"), "actions": [{ "action_id": "duration" }], "container": { "type": "view" } });
        let inbound = decoded(from_alice("block_actions", change)).unwrap();
        let Intent::FormChanged { form, field } = inbound.intent else { panic!("not a change") };
        assert_eq!((field.as_str(), form.values.get("reason")), ("duration", Some("x")));
        assert_eq!(inbound.way.view, Some(View { id: "V1".to_owned(), hash: "h1".to_owned() }));
    }

    #[test]
    fn org_wide_installs_have_no_team() {
        let mut payload = pressed("approve", json!(ACCESS), false);
        payload["team"] = Value::Null;
        payload["enterprise"] = json!({ "id": "E1" });
        assert!(matches!(decoded(payload.clone()).unwrap().intent, Intent::Button { .. }));
        payload["user"]["team_id"] = json!("T0002");
        assert_eq!(decoded(payload), Err(DecodeError::Foreign { team: "T0002".to_owned() }));
    }

    #[test]
    fn what_is_unknown_is_ignored_and_what_is_broken_is_malformed() {
        assert_eq!(decoded(from_alice("message_action", json!({}))).unwrap().intent, Intent::Ignored);
        assert_eq!(decoded(from_alice("view_closed", json!({ "view": view("x") }))).unwrap().intent, Intent::Ignored);
        for body in ["", "payload=", "payload=%7B", "payload=null", "payload=[]"] {
            let decoded = interaction(body.as_bytes(), &Home("T0001".to_owned()));
            assert!(matches!(decoded, Err(DecodeError::Malformed(_))), "{body}: {decoded:?}");
        }
    }

    fn json_of_any_shape() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-z_#]{0,12}".prop_map(Value::from),
            Just(json!("block_actions")),
            Just(json!("view_submission")),
            Just(json!("T0001")),
        ];
        let key = prop::sample::select(vec![
            "type",
            "user",
            "id",
            "team",
            "view",
            "state",
            "values",
            "actions",
            "action_id",
            "value",
            "container",
            "callback_id",
            "x",
        ]);
        leaf.prop_recursive(5, 64, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_payload_panics(payload in json_of_any_shape(), bytes in any::<Vec<u8>>()) {
            let _ = decoded(payload);
            let _ = interaction(&bytes, &Home("T0001".to_owned()));
        }
    }
}
