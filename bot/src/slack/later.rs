//! What is done beside the acknowledgement: it needs the network.

use jit_chat::deliver::ChatError;
use jit_chat::inbound::Intent;
use jit_chat::slack::decode::Inbound;
use jit_chat::slack::render::Message;
use serde_json::Value;

use crate::app::App;

/// One call to Slack.
#[derive(Debug)]
pub enum Later {
    /// Opens a dialog; when that fails, says so.
    Open {
        /// Lives three seconds.
        trigger_id: String,
        /// The dialog.
        view: Value,
        /// Where to say that it could not be opened.
        response_url: Option<String>,
        /// What is said then.
        instead: Message,
    },
    /// Replaces a dialog, unless it has changed since.
    Update {
        /// The view.
        view_id: String,
        /// As it was.
        hash: String,
        /// As it shall be.
        view: Value,
    },
    /// Shows a home tab to somebody for whom none is kept.
    Home {
        /// Slack's id of them.
        user: String,
        /// The view.
        view: Value,
    },
    /// Says something to the speaker alone.
    Respond {
        /// Slack's address for answers.
        url: String,
        /// What is said.
        message: Message,
    },
    /// Answers a direct message, or a mention in a channel.
    Say {
        /// Where.
        conversation: String,
        /// In a channel: to this person alone.
        user: Option<String>,
        /// What is said.
        message: Message,
    },
}

impl Later {
    /// The way back to a speaker; from a home tab, where there is no conversation, a dialog.
    pub(super) fn say(inbound: &Inbound, message: Message, dialog: Value) -> Option<Self> {
        if let Some(url) = inbound.way.response_url.clone() {
            return Some(Self::Respond { url, message });
        }
        let Some(conversation) = inbound.way.conversation.clone() else {
            let trigger_id = inbound.way.trigger_id.clone()?;
            return Some(Self::Open { trigger_id, view: dialog, response_url: None, instead: message });
        };
        let direct = conversation.starts_with('D') && matches!(inbound.intent, Intent::Line { .. });
        let user = (!direct).then(|| inbound.user.clone());
        Some(Self::Say { conversation, user, message })
    }

    /// Does it. Failures are logged: whoever is concerned sees that nothing came, and every one of these can be done again.
    pub async fn run(self, app: App) {
        let Some(slack) = app.slack.as_ref() else { return };
        let api = slack.chat.api();
        let outcome = match &self {
            Self::Open { trigger_id, view, .. } => api.open_view(trigger_id, view).await.map(drop),
            Self::Update { view_id, hash, view } => api.update_view(view_id, hash, view).await,
            Self::Home { user, view } => api.publish_view(user, view).await,
            Self::Respond { url, message } => api.respond(url, message).await,
            Self::Say { conversation, user: Some(user), message } => {
                api.post_ephemeral(conversation, user, message).await
            }
            Self::Say { conversation, user: None, message } => {
                api.post_message(conversation, message, None, &Value::Null).await.map(drop)
            }
        };
        match (outcome, self) {
            (Ok(()), _) => {}
            // Somebody typed on while the preview was made; the next change brings the next preview.
            (Err(ChatError::Permanent { code }), Self::Update { .. }) if code == "hash_conflict" => {}
            (Err(error), Self::Open { response_url: Some(url), instead, .. }) => {
                tracing::warn!(error = %error, "a dialog could not be opened");
                if let Err(error) = api.respond(&url, &instead).await {
                    tracing::warn!(error = %error, "nor could that be said");
                }
            }
            (Err(error), _) => tracing::warn!(error = %error, "an answer did not reach Slack"),
        }
    }
}
