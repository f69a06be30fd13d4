//! The Events API: JSON. Called for `POST /slack/events`, and for Socket Mode's envelopes.

use serde_json::Value;

use super::{DecodeError, Home, Inbound, Source, Way, text};
use crate::inbound::Intent;
use crate::slack::text::plain;

/// Decodes an event.
pub fn event(body: &[u8], home: &Home) -> Result<Inbound, DecodeError> {
    let body: Value = serde_json::from_slice(body).map_err(|_| DecodeError::Malformed("the event is not JSON"))?;
    read(&body, home)
}

/// Reads an event.
pub(super) fn read(body: &Value, home: &Home) -> Result<Inbound, DecodeError> {
    match text(body, &["type"]) {
        Some("url_verification") => {
            let challenge = text(body, &["challenge"]).ok_or(DecodeError::Malformed("there is no challenge"))?;
            Ok(Inbound::ignored(Way { challenge: Some(challenge.to_owned()), ..Way::default() }))
        }
        Some("event_callback") => callback(body, home),
        Some(_) => Ok(Inbound::ignored(Way::default())),
        None => Err(DecodeError::Malformed("the event has no type")),
    }
}

fn callback(body: &Value, home: &Home) -> Result<Inbound, DecodeError> {
    let event = &body["event"];
    let user_team = text(event, &["user_team"]).or_else(|| text(event, &["source_team"]));
    home.check(Source { team: text(body, &["team_id"]), enterprise: text(body, &["enterprise_id"]), user_team })?;
    let Some(user) = text(event, &["user"]) else { return Ok(Inbound::ignored(Way::default())) };
    let intent = intent(event);
    if intent == Intent::Ignored {
        return Ok(Inbound::ignored(Way::default()));
    }
    let id = text(body, &["event_id"]).ok_or(DecodeError::Malformed("the event has no id"))?;
    Ok(Inbound {
        dedupe_key: Some(format!("slack:event:{id}")),
        user: user.to_owned(),
        channel: None,
        intent,
        way: Way {
            team: text(body, &["team_id"]).map(str::to_owned),
            conversation: text(event, &["channel"]).map(str::to_owned),
            ..Way::default()
        },
    })
}

fn intent(event: &Value) -> Intent {
    // Our own messages come back as events too; edits and joins are messages with a subtype.
    let by_person = text(event, &["bot_id"]).is_none() && text(event, &["subtype"]).is_none();
    let said = || plain(text(event, &["text"]).unwrap_or_default()).trim().to_owned();
    match text(event, &["type"]) {
        Some("app_home_opened") if text(event, &["tab"]).is_none_or(|tab| tab == "home") => Intent::Home,
        Some("message") if by_person && text(event, &["channel_type"]) == Some("im") => {
            Intent::Line { text: without_mention(&said()) }
        }
        Some("app_mention") if by_person => Intent::Line { text: without_mention(&said()) },
        _ => Intent::Ignored,
    }
}

/// `@U0BOT request …` without the mention that got our attention.
fn without_mention(text: &str) -> String {
    let rest = text.split_once(char::is_whitespace).map_or("", |(_, rest)| rest);
    if text.starts_with('@') { rest.trim().to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn decoded(event: Value) -> Result<Inbound, DecodeError> {
        let body = json!({ "type": "event_callback", "team_id": "T0001", "event_id": "Ev1", "event": event });
        super::event(body.to_string().as_bytes(), &Home("T0001".to_owned()))
    }

    #[rstest]
    #[case::direct_message(json!({ "type": "message", "channel_type": "im", "user": "U1", "channel": "D1", "text": "mine" }), "mine")]
    #[case::mention(json!({ "type": "app_mention", "user": "U1", "channel": "C1", "text": "<@U0BOT> help &amp; more" }), "help & more")]
    #[case::mention_alone(json!({ "type": "app_mention", "user": "U1", "channel": "C1", "text": "<@U0BOT>" }), "")]
    fn what_people_say_is_a_line(#[case] event: Value, #[case] expected: &str) {
        let inbound = decoded(event).unwrap();
        assert_eq!(inbound.intent, Intent::Line { text: expected.to_owned() });
        assert_eq!(inbound.dedupe_key.as_deref(), Some("slack:event:Ev1"));
    }

    #[rstest]
    #[case::our_own(json!({ "type": "message", "channel_type": "im", "user": "U1", "bot_id": "B1", "text": "x" }))]
    #[case::edited(json!({ "type": "message", "channel_type": "im", "user": "U1", "subtype": "message_changed" }))]
    #[case::in_a_channel(json!({ "type": "message", "channel_type": "channel", "user": "U1", "text": "x" }))]
    #[case::messages_tab(json!({ "type": "app_home_opened", "user": "U1", "tab": "messages" }))]
    #[case::unknown(json!({ "type": "emoji_changed" }))]
    #[case::nothing(Value::Null)]
    fn the_rest_is_ignored(#[case] event: Value) {
        assert_eq!(decoded(event).unwrap().intent, Intent::Ignored);
    }

    #[test]
    fn home_challenge_and_foreigners() {
        assert_eq!(
            decoded(json!({ "type": "app_home_opened", "user": "U1", "tab": "home" })).unwrap().intent,
            Intent::Home
        );
        let home = Home("T0001".to_owned());
        let challenge = event(br#"{"type":"url_verification","challenge":"c"}"#, &home).unwrap();
        assert_eq!((challenge.intent, challenge.way.challenge.as_deref()), (Intent::Ignored, Some("c")));
        let foreign =
            json!({ "type": "message", "channel_type": "im", "user": "U1", "user_team": "T0002", "text": "x" });
        assert_eq!(decoded(foreign), Err(DecodeError::Foreign { team: "T0002".to_owned() }));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(body in any::<Vec<u8>>()) {
            let _ = event(&body, &Home("T0001".to_owned()));
        }
    }
}
