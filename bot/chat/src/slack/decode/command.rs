//! Slash commands: a form. Called for `POST /slack/commands`, and for Socket Mode's envelopes.

use std::collections::HashMap;

use super::{DecodeError, Home, Inbound, Source, Way, channel};
use crate::inbound::Intent;
use crate::slack::text::plain;

/// Decodes a slash command.
pub fn command(body: &[u8], home: &Home) -> Result<Inbound, DecodeError> {
    let mut fields: HashMap<String, String> = HashMap::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        fields.entry(name.into_owned()).or_insert_with(|| value.into_owned());
    }
    read(&fields, home)
}

/// Reads the fields of a command.
pub(super) fn read(fields: &HashMap<String, String>, home: &Home) -> Result<Inbound, DecodeError> {
    let field = |name: &str| fields.get(name).map(String::as_str).filter(|value| !value.is_empty());
    if field("command").is_none() {
        return Err(DecodeError::Malformed("it is not a command"));
    }
    let user = field("user_id").ok_or(DecodeError::Malformed("the command names nobody"))?;
    home.check(Source { team: field("team_id"), enterprise: field("enterprise_id"), user_team: None })?;
    let trigger_id = field("trigger_id").map(str::to_owned);
    Ok(Inbound {
        dedupe_key: trigger_id.as_ref().map(|id| format!("slack:trigger:{id}")),
        user: user.to_owned(),
        channel: channel(field("channel_id"), field("channel_name")),
        intent: Intent::Line { text: plain(field("text").unwrap_or_default()).trim().to_owned() },
        way: Way {
            team: field("team_id").map(str::to_owned),
            conversation: field("channel_id").map(str::to_owned),
            trigger_id,
            response_url: field("response_url").map(str::to_owned),
            ..Way::default()
        },
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn home() -> Home {
        Home("T0001".to_owned())
    }

    const BODY: &str = "team_id=T0001&channel_id=C0042&channel_name=inc-42&user_id=U0001&user_name=alice&command=%2Fjit\
        &text=request+orders-db-admin+for+1h+on+behalf+of+%3C%40U0005%7Ccarl%3E+because+a+%26lt%3B+b\
        &response_url=https%3A%2F%2Fhooks.slack.com%2Fx&trigger_id=13.7.abc&is_enterprise_install=false";

    #[test]
    fn a_command_is_a_line_in_a_channel() {
        let inbound = command(BODY.as_bytes(), &home()).unwrap();
        assert_eq!(inbound.user, "U0001");
        assert_eq!(inbound.dedupe_key.as_deref(), Some("slack:trigger:13.7.abc"));
        assert_eq!(inbound.channel.as_ref().map(|c| (c.id.as_str(), c.name.as_str())), Some(("C0042", "inc-42")));
        let text = "request orders-db-admin for 1h on behalf of @U0005 because a < b".to_owned();
        assert_eq!(inbound.intent, Intent::Line { text });
    }

    #[test]
    fn a_direct_message_is_no_channel() {
        let body = BODY.replace("C0042", "D0042").replace("inc-42", "directmessage");
        let inbound = command(body.as_bytes(), &home()).unwrap();
        assert_eq!((inbound.channel, inbound.way.conversation.as_deref()), (None, Some("D0042")));
    }

    #[test]
    fn others_are_refused_and_nonsense_is_malformed() {
        let foreign = command(BODY.replace("T0001", "T0002").as_bytes(), &home());
        assert_eq!(foreign, Err(DecodeError::Foreign { team: "T0002".to_owned() }));
        assert!(matches!(command(b"", &home()), Err(DecodeError::Malformed(_))));
        assert!(matches!(command(b"command=%2Fjit&team_id=T0001", &home()), Err(DecodeError::Malformed(_))));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(body in any::<Vec<u8>>(), text in any::<String>()) {
            let _ = command(&body, &home());
            let body = serde_urlencoded::to_string([("command", "/jit"), ("user_id", "U1"), ("team_id", "T0001"), ("text", &text)]).unwrap();
            prop_assert!(command(body.as_bytes(), &home()).is_ok());
        }
    }
}
