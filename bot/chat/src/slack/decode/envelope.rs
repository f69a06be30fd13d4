//! Socket Mode: JSON texts on a WebSocket. An envelope holds what would else have been the body of a request, and is read by the same
//! decoders. Called by the shell's socket; what is not known is left alone, what cannot be read is an error and never a panic.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{DecodeError, Home, Inbound, Way, command, event, interaction, text};

/// One text from Slack.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// The connection is ready.
    Hello,
    /// This connection will be closed, or Socket Mode was switched off (`link_disabled`).
    Disconnect {
        /// `warning`, `refresh_requested` or `link_disabled`.
        reason: String,
    },
    /// Something happened; wants to be acknowledged.
    Envelope(Envelope),
    /// Nothing that we know.
    Other,
}

/// Something that happened, with the id to acknowledge it by.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    /// Goes back in the acknowledgement.
    pub id: String,
    /// `slash_commands`, `interactive` or `events_api`.
    pub kind: String,
    /// Whether the acknowledgement may say something.
    pub takes_answer: bool,
    payload: Value,
}

/// Reads a text.
pub fn frame(body: &str) -> Result<Frame, DecodeError> {
    let mut body: Value = serde_json::from_str(body).map_err(|_| DecodeError::Malformed("the text is not JSON"))?;
    let kind = text(&body, &["type"]).ok_or(DecodeError::Malformed("the text has no type"))?.to_owned();
    match kind.as_str() {
        "hello" => return Ok(Frame::Hello),
        "disconnect" => {
            let reason = text(&body, &["reason"]).unwrap_or("unknown").chars().take(40).collect();
            return Ok(Frame::Disconnect { reason });
        }
        _ => {}
    }
    let Some(id) = text(&body, &["envelope_id"]).map(str::to_owned) else { return Ok(Frame::Other) };
    let takes_answer = body["accepts_response_payload"] == true;
    Ok(Frame::Envelope(Envelope { id, kind, takes_answer, payload: body["payload"].take() }))
}

impl Envelope {
    /// What somebody did.
    pub fn inbound(&self, home: &Home) -> Result<Inbound, DecodeError> {
        match self.kind.as_str() {
            "slash_commands" => {
                let fields = self.payload.as_object().ok_or(DecodeError::Malformed("the command is no object"))?;
                let told = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
                command::read(&fields.iter().filter_map(told).collect::<HashMap<_, _>>(), home)
            }
            "interactive" => interaction::payload(&self.payload, home),
            "events_api" => event::read(&self.payload, home),
            _ => Ok(Inbound::ignored(Way::default())),
        }
    }

    /// The acknowledgement; with an answer where Slack takes one.
    pub fn acknowledgement(&self, answer: Option<Value>) -> String {
        let mut body = json!({ "envelope_id": self.id });
        if let Some(answer) = answer.filter(|_| self.takes_answer) {
            body["payload"] = answer;
        }
        body.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::inbound::Intent;

    fn home() -> Home {
        Home("T0001".to_owned())
    }

    fn enveloped(kind: &str, payload: Value) -> Envelope {
        let body = json!({ "envelope_id": "e-1", "type": kind, "accepts_response_payload": true, "payload": payload });
        match frame(&body.to_string()).unwrap() {
            Frame::Envelope(envelope) => envelope,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_in_an_envelope_is_what_a_request_would_have_said() {
        let fields = [
            ("team_id", "T0001"),
            ("channel_id", "C0042"),
            ("channel_name", "inc-42"),
            ("user_id", "U0001"),
            ("command", "/jit"),
            ("text", "request a for 1h because a &lt; b"),
            ("trigger_id", "13.7.abc"),
            ("response_url", "https://hooks.slack.com/x"),
        ];
        let body = serde_urlencoded::to_string(fields).unwrap();
        let payload: Value = fields.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        assert_eq!(enveloped("slash_commands", payload).inbound(&home()), command::command(body.as_bytes(), &home()));

        let event = json!({
            "type": "event_callback", "team_id": "T0001", "event_id": "Ev1",
            "event": { "type": "message", "channel_type": "im", "user": "U0001", "channel": "D1", "text": "mine" },
        });
        let over_http = super::super::event(event.to_string().as_bytes(), &home());
        assert_eq!(enveloped("events_api", event).inbound(&home()), over_http);
        assert_eq!(enveloped("later", json!({})).inbound(&home()).unwrap().intent, Intent::Ignored);
        let foreign = json!({ "command": "/jit", "user_id": "U1", "team_id": "T0002" });
        assert!(matches!(enveloped("slash_commands", foreign).inbound(&home()), Err(DecodeError::Foreign { .. })));
    }

    #[test]
    fn an_answer_goes_only_where_slack_takes_one() {
        let envelope = enveloped("slash_commands", json!({}));
        assert_eq!(envelope.acknowledgement(None), r#"{"envelope_id":"e-1"}"#);
        assert_eq!(envelope.acknowledgement(Some(json!({}))), r#"{"envelope_id":"e-1","payload":{}}"#);
        let envelope = Envelope { takes_answer: false, ..envelope };
        assert_eq!(envelope.acknowledgement(Some(json!({}))), r#"{"envelope_id":"e-1"}"#);
    }

    #[test]
    fn what_slack_says_of_the_connection_is_known() {
        assert_eq!(frame(r#"{"type":"hello","num_connections":1}"#), Ok(Frame::Hello));
        let disconnect = Frame::Disconnect { reason: "refresh_requested".to_owned() };
        assert_eq!(frame(r#"{"type":"disconnect","reason":"refresh_requested"}"#), Ok(disconnect));
        assert_eq!(frame(r#"{"type":"later"}"#), Ok(Frame::Other));
        assert!(frame("<html>").is_err() && frame("{}").is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(body in any::<String>(), kind in "[a-z_]{0,12}", inner in "[a-z\":{},\\[\\]0-9]{0,40}") {
            let _ = frame(&body);
            let whole = format!("{{\"type\":\"{kind}\",\"envelope_id\":\"e\",\"payload\":{inner}}}");
            if let Ok(Frame::Envelope(envelope)) = frame(&whole) {
                let _ = envelope.inbound(&home());
            }
        }
    }
}
