//! What is done beside the acknowledgement: it needs the network. Failures are logged: whoever is concerned sees that nothing came, and every
//! one of these can be done again.

use jit_chat::deliver::ChatError;
use jit_chat::teams::decode::{Presence, Way};
use jit_chat::teams::deliver::Teams as Chat;
use jit_chat::teams::reference::{Kind, Reference};
use serde_json::{Value, json};

use crate::app::App;

/// What is left to do.
#[derive(Debug)]
pub enum Later {
    /// Nothing but to know the conversation from now on.
    Learn {
        /// Which.
        reference: Reference,
    },
    /// Says something where it was asked, to everybody.
    Here {
        /// Where.
        way: Box<Way>,
        /// What.
        activity: Value,
    },
    /// Says something to whoever asked, where nobody else sees it.
    Alone {
        /// Their Entra object id.
        person: String,
        /// Where they asked.
        way: Box<Way>,
        /// What.
        activity: Value,
        /// In place of this message.
        instead: Option<String>,
    },
}

impl Later {
    /// Does it.
    pub async fn run(self, app: App) {
        let Some(teams) = app.teams.as_ref() else { return };
        let chat = &*teams.chat;
        let reference = match &self {
            Self::Learn { reference } => reference,
            Self::Here { way, .. } | Self::Alone { way, .. } => &way.reference,
        };
        let there = match &self {
            Self::Learn { .. } => true,
            Self::Here { way, .. } | Self::Alone { way, .. } => way.presence == Presence::There,
        };
        if there && let Err(error) = chat.references().learn(reference).await {
            tracing::warn!(%error, "a conversation of Teams was not noted; the next message tells it again");
        }
        let said = match self {
            Self::Learn { .. } => Ok(()),
            Self::Here { way, activity } => here(chat, &way, &activity).await,
            Self::Alone { way, activity, instead, .. } if way.reference.kind == Kind::Personal => {
                own(chat, &way, &activity, instead.as_deref()).await
            }
            Self::Alone { person, way, activity, .. } => aside(chat, (&person, &way), &activity).await,
        };
        if let Err(error) = said {
            tracing::warn!(%error, "an answer did not reach Teams");
        }
    }
}

async fn here(chat: &Chat, way: &Way, activity: &Value) -> Result<(), ChatError> {
    chat.api().send(&way.reference.service_url, &way.conversation, activity).await.map(drop)
}

/// In one's own conversation; in the place of a message that is still there, else below.
async fn own(chat: &Chat, way: &Way, activity: &Value, instead: Option<&str>) -> Result<(), ChatError> {
    let Some(message) = instead else { return here(chat, way, activity).await };
    let at = (way.conversation.as_str(), message);
    match chat.api().update(&way.reference.service_url, at, activity).await {
        Err(ChatError::Permanent { .. }) => here(chat, way, activity).await,
        done => done,
    }
}

/// To somebody who asked where others read: an answer can hold what is none of their business, so it goes to the person, and here only that it did.
async fn aside(chat: &Chat, (person, way): (&str, &Way), activity: &Value) -> Result<(), ChatError> {
    let told = match chat.personal(person).await {
        Ok(own) => chat.api().send(&own.service_url, &own.conversation, activity).await.map(drop),
        Err(error) => Err(error),
    };
    let text = match &told {
        Ok(()) => "I have answered in our own chat.",
        Err(ChatError::NotInstalled { .. }) => {
            "I cannot answer you here, where others read, nor in person: add the app jit for yourself, and ask me there."
        }
        Err(_) => return told,
    };
    here(chat, way, &json!({ "type": "message", "text": text })).await
}
