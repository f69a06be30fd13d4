//! Activities as Teams sends them, and as anybody could.

use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

use super::*;
use crate::card::Verb;
use crate::form::FormKind;

const ACCESS: &str = "01934f1e-5c00-7000-8000-000000000001";
const ALICE: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const TENANT: &str = "72f988bf-0000-4000-8000-00000000000a";
const CHANNEL_ID: &str = "19:c1@thread.tacv2";

fn home() -> Home {
    Home(TENANT.to_owned())
}

fn activity(kind: &str, more: Value) -> Value {
    let mut activity = json!({
        "type": kind, "id": "1763800000001", "channelId": "msteams", "serviceUrl": "https://smba.trafficmanager.net/emea/",
        "from": { "id": "29:alice", "name": "Bob Bell", "aadObjectId": ALICE.to_uppercase() },
        "recipient": { "id": "28:app", "name": "jit" },
        "conversation": { "id": "a:1", "conversationType": "personal", "tenantId": TENANT },
        "channelData": { "tenant": { "id": TENANT } },
    });
    merge(&mut activity, more);
    activity
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

fn in_channel(more: Value) -> Value {
    let mut activity = activity(
        "message",
        json!({
            "conversation": { "id": format!("{CHANNEL_ID};messageid=17"), "conversationType": "channel", "isGroup": true },
            "channelData": { "team": { "id": "19:t@thread.tacv2" }, "channel": { "id": CHANNEL_ID, "name": "inc-42" } },
        }),
    );
    merge(&mut activity, more);
    activity
}

fn decoded(activity: &Value) -> Inbound {
    read(activity, &home()).unwrap()
}

fn line(activity: &Value) -> String {
    match decoded(activity).intent {
        Intent::Line { text } => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_personal_message_is_a_line_of_somebody_known_by_their_object_id() {
    let inbound = decoded(&activity("message", json!({ "text": "/jit mine", "textFormat": "plain" })));
    assert_eq!(inbound.intent, Intent::Line { text: "/jit mine".to_owned() });
    assert_eq!(inbound.user, ALICE, "in small letters");
    assert_eq!(inbound.dedupe_key.as_deref(), Some("teams:a:1:1763800000001"));
    assert_eq!(inbound.channel, None);
    let reference = &inbound.way.reference;
    assert_eq!((reference.kind, reference.person.as_deref()), (Kind::Personal, Some(ALICE)));
    assert_eq!((reference.conversation.as_str(), reference.bot.as_str()), ("a:1", "28:app"));
    assert_eq!((inbound.way.takes, inbound.way.presence), (Takes::Message, Presence::There));
}

#[test]
fn in_a_channel_the_mention_is_left_out_and_the_thread_is_kept_apart() {
    let mention = json!({ "type": "mention", "text": "<at>jit</at>", "mentioned": { "id": "28:app", "name": "jit" } });
    let inbound =
        decoded(&in_channel(json!({ "text": "<at>jit</at>&nbsp;who orders-admin\n", "entities": [mention] })));
    assert_eq!(inbound.intent, Intent::Line { text: "who orders-admin".to_owned() });
    assert_eq!(inbound.channel, Some(Channel { id: CHANNEL_ID.to_owned(), name: "inc-42".to_owned() }));
    assert_eq!(inbound.way.reference.conversation, CHANNEL_ID);
    assert_eq!(inbound.way.reference.person, None, "a channel is nobody's");
    assert_eq!(inbound.way.conversation, format!("{CHANNEL_ID};messageid=17"));
}

#[rstest]
#[case::plain("request a for 1h because a <b> & &amp; c", "plain", "request a for 1h because a <b> & &amp; c")]
#[case::nothing_said("", "plain", "")]
#[case::markup("<p>mine</p>", "plain", "mine")]
#[case::markup_said("a &lt; b &amp;lt; c<br/>d", "xml", "a < b &lt; c\nd")]
#[case::a_tag_without_end("why a < b and <c", "html", "why a < b and <c")]
fn words_stay_as_they_were_written(#[case] text: &str, #[case] format: &str, #[case] expected: &str) {
    assert_eq!(line(&activity("message", json!({ "text": text, "textFormat": format }))), expected);
}

#[test]
fn others_who_are_mentioned_are_ids_and_never_names() {
    let of = |text: &str, mentioned: Value| json!({ "type": "mention", "text": text, "mentioned": mentioned });
    let entities = json!([
        of("<at>jit</at>", json!({ "id": "28:app", "name": "jit" })),
        of("<at>Carl</at>", json!({ "id": "29:carl", "name": "alice", "aadObjectId": "CCCC" })),
        of("<at>Dana</at>", json!({ "id": "29:dana" })),
        { "type": "clientInfo", "locale": "en" },
    ]);
    let text = "<at>jit</at> request a on behalf of <at>Carl</at> because <at>Dana</at> says so";
    let said = line(&in_channel(json!({ "text": text, "entities": entities })));
    assert_eq!(
        said.split_whitespace().collect::<Vec<_>>().join(" "),
        "request a on behalf of @cccc because @29:dana says so"
    );
}

/// Two people of one name are two entities; what only reads like a mention is none; ids are taken letter for letter.
#[rstest]
#[case::of_one_name("away until 9:00 delegate <at>Sam Lee</at>, <at>Sam Lee</at>", json!([["<at>Sam Lee</at>", "29:aB-1_x"], ["<at>Sam Lee</at>", "29:Ab-1_x"]]),
    "away until 9:00 delegate @29:aB-1_x, @29:Ab-1_x", &["29:aB-1_x", "29:Ab-1_x"])]
#[case::in_another_order("freeze <at>B</at> because <at>A</at> left", json!([["<at>A</at>", "29:a"], ["<at>B</at>", "29:b"]]),
    "freeze @29:b because @29:a left", &["29:b", "29:a"])]
#[case::only_text("freeze <at>Sam Lee</at> now", json!([]), "freeze <at>Sam Lee</at> now", &[])]
#[case::an_entity_without_its_text("freeze @sam", json!([["<at>Sam Lee</at>", "29:a"]]), "freeze @sam", &[])]
#[case::not_a_person("freeze <at>Finance</at>", json!([["<at>Finance</at>", "19:team@thread.tacv2"]]), "freeze <at>Finance</at>", &[])]
#[case::an_id_that_says_more("freeze <at>X</at>", json!([["<at>X</at>", "29:a because it is mine"]]), "freeze <at>X</at>", &[])]
#[case::us_twice("<at>jit</at><at>jit</at>mine", json!([["<at>jit</at>", "28:app"], ["<at>jit</at>", "28:app"]]), "mine", &[])]
fn who_is_mentioned_is_said_by_entities_alone(
    #[case] text: &str,
    #[case] mentions: Value,
    #[case] expected: &str,
    #[case] mentioned: &[&str],
) {
    let entity =
        |of: &Value| json!({ "type": "mention", "text": of[0], "mentioned": { "id": of[1], "name": "Sam Lee" } });
    let entities: Vec<Value> = mentions.as_array().unwrap().iter().map(entity).collect();
    let inbound = decoded(&activity("message", json!({ "text": text, "entities": entities })));
    assert_eq!(inbound.intent, Intent::Line { text: expected.to_owned() });
    assert_eq!(inbound.way.mentioned, mentioned);
}

#[test]
fn who_somebody_is_to_teams_is_known_by_where_they_were_seen() {
    let member = |activity: &Value| decoded(activity).way.member;
    let own = member(&activity("message", json!({ "text": "mine" }))).unwrap();
    assert_eq!([&own.id, &own.person, &own.tenant, &own.place], ["29:alice", ALICE, TENANT, "a:1"]);
    let there = member(&in_channel(json!({ "text": "mine" }))).unwrap();
    assert_eq!(there.place, "19:t@thread.tacv2", "the app is in a team, and not in one of its channels");
    let installed = member(&activity("installationUpdate", json!({ "action": "add" }))).unwrap();
    assert_eq!(installed.id, "29:alice");
    for from in [json!({ "id": "8:orgid:x" }), json!({ "id": null }), json!({ "id": "29:a b" })] {
        assert_eq!(member(&activity("message", json!({ "text": "mine", "from": from }))), None);
    }
    assert_eq!(member(&activity("typing", json!({ "from": { "aadObjectId": null } }))), None);
}

#[test]
fn channels_without_a_name_and_group_chats_are_known_by_id_alone() {
    let unnamed = decoded(&in_channel(json!({ "text": "mine", "channelData": { "channel": { "name": null } } })));
    assert_eq!(unnamed.channel, Some(Channel { id: CHANNEL_ID.to_owned(), name: String::new() }));
    let group = json!({ "id": "19:g@thread.v2", "conversationType": "groupChat", "name": "inc-42", "isGroup": true });
    let group = decoded(&activity("message", json!({ "text": "mine", "conversation": group })));
    assert_eq!(group.channel, Some(Channel { id: "19:g@thread.v2".to_owned(), name: String::new() }));
    assert_eq!((group.way.reference.kind, group.way.reference.person), (Kind::Group, None));
}

#[rstest]
#[case::of_another_tenant(json!({ "channelData": { "tenant": { "id": "other" } } }))]
#[case::the_conversations(json!({ "conversation": { "tenantId": "other" } }))]
#[case::a_guests_own(json!({ "from": { "tenantId": "other" } }))]
#[case::of_none(json!({ "channelData": { "tenant": null }, "conversation": { "tenantId": null } }))]
#[case::without_an_account(json!({ "from": { "aadObjectId": null } }))]
#[case::with_a_name_for_an_account(json!({ "from": { "aadObjectId": { "id": ALICE } } }))]
fn people_from_elsewhere_are_refused(#[case] more: Value) {
    let mut said = activity("message", json!({ "text": "mine" }));
    merge(&mut said, more);
    assert!(matches!(read(&said, &home()), Err(DecodeError::Foreign { .. })));
}

#[test]
fn the_tenant_may_be_written_in_any_case() {
    let said =
        activity("message", json!({ "text": "x", "channelData": { "tenant": { "id": TENANT.to_uppercase() } } }));
    assert!(read(&said, &home()).is_ok());
}

#[rstest]
#[case::not_from_teams(json!({ "channelId": "webchat" }))]
#[case::no_conversation(json!({ "conversation": null }))]
#[case::no_service(json!({ "serviceUrl": null }))]
#[case::a_service_that_would_get_our_token_in_the_clear(json!({ "serviceUrl": "http://smba.trafficmanager.net/emea/" }))]
#[case::no_type(json!({ "type": null }))]
#[case::no_id(json!({ "id": null, "text": "request a for 1h because b" }))]
fn what_lacks_something_needed_is_malformed(#[case] more: Value) {
    let mut said = activity("message", json!({ "text": "mine" }));
    merge(&mut said, more);
    let read = read(&said, &home());
    assert!(matches!(read, Err(DecodeError::Malformed(_) | DecodeError::Foreign { .. })), "{read:?}");
}

fn invoke(name: &str, value: Value) -> Value {
    activity("invoke", json!({ "name": name, "value": value, "replyToId": "m-7", "id": "f:9" }))
}

fn execute(verb: &str, data: Value) -> Value {
    invoke(
        "adaptiveCard/action",
        json!({ "action": { "type": "Action.Execute", "verb": verb, "data": data }, "trigger": "manual" }),
    )
}

#[test]
fn a_button_is_a_verb_on_an_access_in_each_of_its_shapes() {
    let carried = json!({ "verb": "deny", "access": ACCESS });
    let shapes = [
        (execute("deny", json!({ "access": ACCESS })), Takes::Card),
        (
            invoke(
                "task/fetch",
                json!({ "data": { "verb": "deny", "access": ACCESS, "msteams": { "type": "task/fetch" } } }),
            ),
            Takes::Dialog,
        ),
        (invoke("task/submit", json!({ "data": carried.clone() })), Takes::Dialog),
        (activity("message", json!({ "value": carried, "replyToId": "m-7" })), Takes::Message),
    ];
    for (sent, takes) in shapes {
        let inbound = decoded(&sent);
        let Intent::Button { verb, access, message } = &inbound.intent else { panic!("{inbound:?}") };
        assert_eq!((*verb, access.to_string().as_str()), (Verb::Deny, ACCESS));
        assert_eq!(message.as_ref().map(|handle| handle.message.as_str()), Some("m-7"));
        assert_eq!(inbound.way.takes, takes);
        assert!(inbound.dedupe_key.is_some());
    }
    assert_eq!(decoded(&execute("deny", json!({ "access": ACCESS }))).dedupe_key.as_deref(), Some("teams:a:1:f:9"));
}

#[rstest]
#[case::unknown_verb(execute("destroy", json!({ "access": ACCESS })))]
#[case::no_access(execute("approve", json!({})))]
#[case::not_an_access(execute("approve", json!({ "access": "../../etc" })))]
#[case::no_action(invoke("adaptiveCard/action", json!({})))]
#[case::nothing(invoke("adaptiveCard/action", Value::Null))]
#[case::a_later_kind(invoke("signin/verifyState", json!({ "state": "1" })))]
#[case::another_search(invoke("application/search", json!({ "dataset": "people", "queryText": "a" })))]
#[case::a_value_of_nobodys(activity("message", json!({ "value": { "x": 1 } })))]
#[case::typing(activity("typing", json!({})))]
#[case::a_reaction(activity("messageReaction", json!({ "reactionsAdded": [{ "type": "like" }] })))]
#[case::our_own(activity("message", json!({ "text": "mine", "from": { "id": "28:app" } })))]
#[case::a_bots(activity("message", json!({ "text": "mine", "from": { "role": "bot" } })))]
fn the_rest_is_ignored(#[case] sent: Value) {
    let inbound = decoded(&sent);
    assert_eq!((inbound.intent, inbound.dedupe_key), (Intent::Ignored, None));
}

#[test]
fn a_dialog_has_values_and_carries_its_access_but_not_its_channel() {
    let carried = json!({ "access": ACCESS, "channel": { "id": "19:inc@thread.tacv2", "name": "inc-42" } });
    let data = json!({ "form": "deny", "meta": carried, "reason": "no", "ticket": "", "msteams": {} });
    for name in ["task/submit", "composeExtension/submitAction"] {
        let inbound = decoded(&invoke(name, json!({ "data": data })));
        let Intent::Form(form) = &inbound.intent else { panic!("{inbound:?}") };
        assert_eq!(
            (form.form, form.values.get("reason"), form.values.get("ticket")),
            (FormKind::Deny, Some("no"), None)
        );
        assert_eq!(form.meta.access.map(|id| id.to_string()).as_deref(), Some(ACCESS));
        assert_eq!(form.meta.channel, None, "whoever is not in that channel would else speak from it");
        assert_eq!(inbound.way.takes, Takes::Dialog);
    }
    let mut there = in_channel(json!({ "type": "invoke", "name": "task/submit", "value": { "data": data } }));
    let Intent::Form(form) = decoded(&there).intent else { panic!("a form") };
    assert_eq!(form.meta.channel.map(|channel| channel.id).as_deref(), Some(CHANNEL_ID));
    there["value"]["data"]["preview"] = json!(true);
    let inbound = decoded(&there);
    assert!(matches!(inbound.intent, Intent::FormChanged { .. }) && inbound.dedupe_key.is_none());
}

#[test]
fn commands_of_the_message_extension_are_verbs() {
    let inbound =
        decoded(&invoke("composeExtension/fetchTask", json!({ "commandId": "request", "commandContext": "compose" })));
    assert_eq!(inbound.intent, Intent::Line { text: "request".to_owned() });
    assert_eq!((inbound.way.takes, inbound.way.reference.kind), (Takes::Dialog, Kind::Personal));
}

#[test]
fn a_chat_of_two_people_is_nobodys_conversation_with_the_app() {
    let mut used = invoke("composeExtension/fetchTask", json!({ "commandId": "request" }));
    used["conversation"]["id"] = json!("19:alice_bob@unq.gbl.spaces");
    let reference = decoded(&used).way.reference;
    assert_eq!((reference.kind, reference.person), (Kind::Group, None));
}

#[test]
fn a_line_that_needs_a_form_is_said_again_to_open_it() {
    let data = json!({ "verb": "say", "text": "request orders-admin for 1h", "msteams": { "type": "task/fetch" } });
    let inbound = decoded(&invoke("task/fetch", json!({ "data": data })));
    assert_eq!(inbound.intent, Intent::Line { text: "request orders-admin for 1h".to_owned() });
    assert_eq!(inbound.way.takes, Takes::Dialog);
}

#[test]
fn faces_and_searches_want_nothing_but_to_see() {
    let face = decoded(&execute("face", json!({ "access": ACCESS, "card": "review" })));
    assert!(matches!(&face.intent, Intent::Face { notice: jit_core::notice::NoticeKind::Review, .. }), "{face:?}");
    let search =
        decoded(&invoke("application/search", json!({ "dataset": "roles", "queryText": "ord", "kind": "search" })));
    assert!(matches!(&search.intent, Intent::Options { query, .. } if query == "ord"), "{search:?}");
    assert_eq!((face.dedupe_key, search.dedupe_key), (None, None));
}

#[rstest]
#[case("installationUpdate", json!({ "action": "add" }), Presence::Added)]
#[case("installationUpdate", json!({ "action": "remove" }), Presence::Removed)]
#[case("conversationUpdate", json!({ "membersAdded": [{ "id": "29:alice" }, { "id": "28:app" }] }), Presence::Added)]
#[case("conversationUpdate", json!({ "membersRemoved": [{ "id": "28:app" }] }), Presence::Removed)]
#[case("conversationUpdate", json!({ "membersRemoved": [{ "id": "29:alice" }] }), Presence::There)]
#[case("conversationUpdate", json!({ "channelData": { "eventType": "channelRenamed" } }), Presence::There)]
#[case("message", json!({ "text": "mine", "action": "remove" }), Presence::There)]
fn where_the_app_is_is_learnt(#[case] kind: &str, #[case] more: Value, #[case] expected: Presence) {
    let inbound = decoded(&activity(kind, more));
    assert_eq!(inbound.way.presence, expected);
}

fn json_of_any_shape() -> impl Strategy<Value = Value> {
    let words = vec![
        "type",
        "message",
        "invoke",
        "id",
        "name",
        "value",
        "text",
        "data",
        "action",
        "verb",
        "approve",
        "form",
        "deny",
        "meta",
        "access",
        "from",
        "aadObjectId",
        "conversation",
        "tenantId",
        "tenant",
        "channelData",
        "recipient",
        "entities",
        "mentioned",
        "channelId",
        "msteams",
        "serviceUrl",
        "https://smba.test/",
        "task/submit",
        "adaptiveCard/action",
        TENANT,
    ];
    let word = prop::sample::select(words);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(word.clone().prop_map(str::to_owned), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_activity_panics(any in json_of_any_shape(), kind in "message|invoke|conversationUpdate|installationUpdate") {
        let _ = read(&any, &home());
        let mut activity = activity(&kind, json!({}));
        merge(&mut activity, any);
        if let Ok(inbound) = read(&activity, &home()) {
            // Whoever does something has an account here.
            prop_assert!(inbound.intent == Intent::Ignored || !inbound.user.is_empty());
        }
    }

    #[test]
    fn no_words_panic(text in any::<String>(), format in "plain|xml|html|markdown") {
        let _ = read(&activity("message", json!({ "text": text, "textFormat": format })), &home());
        let _ = read(&activity("message", json!({ "text": format!("<p>{text}</p>"), "textFormat": format })), &home());
    }
}
