//! What is done beside the acknowledgement: it needs the network. Failures are logged: whoever is concerned sees that nothing came, and every
//! one of these can be done again.

use std::time::Duration;

use jit_chat::deliver::ChatError;
use jit_chat::teams::decode::Way;
use jit_chat::teams::deliver::Teams as Chat;
use jit_chat::teams::reference::Kind;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::app::App;

/// Greetings in a second and at once: a tenth of what Teams takes of an app.
const GREETINGS: (f64, u32) = (5.0, 10);
/// They wait for each other, in order.
static TURN: Semaphore = Semaphore::const_new(1);
/// How often a greeting is tried.
const ATTEMPTS: u32 = 5;
/// Half of the first wait between two attempts; each is twice the one before.
const WAIT: Duration = Duration::from_millis(500);

/// Something that is still to be said.
#[derive(Debug)]
pub struct Later {
    /// Of copies of the same deed, one is answered.
    pub once: Option<String>,
    /// Where they asked.
    pub way: Way,
    /// To whom.
    pub to: Whom,
    /// What.
    pub activity: Value,
    /// It is a greeting: one that does not get there is said at the next occasion.
    pub greets: bool,
}

/// Who reads it.
#[derive(Debug)]
pub enum Whom {
    /// Everybody there.
    Everybody,
    /// Whoever asked.
    Alone {
        /// Their Entra object id.
        person: String,
        /// In place of this message.
        instead: Option<String>,
    },
}

impl Later {
    /// Says it.
    pub async fn run(self, app: App) {
        let Some(teams) = app.teams.as_ref() else { return };
        if let Some(key) = &self.once {
            match app.dispatch.store.remember(&format!("{key}:answered"), None).await {
                Ok(true) => {}
                Ok(false) => return,
                // Twice is better than never.
                Err(error) => tracing::warn!(%error, "whether this was answered before is not known"),
            }
        }
        let (chat, way) = (&*teams.chat, &self.way);
        if self.greets {
            turn(&app).await;
        }
        let mut said = self.say(chat).await;
        for attempt in 1..ATTEMPTS {
            let Some(wait) = self.again(&said, attempt) else { break };
            tokio::time::sleep(wait).await;
            said = self.say(chat).await;
        }
        if let Err(error) = said {
            tracing::warn!(%error, "an answer did not reach Teams");
            if self.greets {
                let again = app.dispatch.store.not_greeted(&way.reference.conversation).await;
                again.unwrap_or_else(|error| tracing::warn!(%error, "somebody was not greeted, and will not be"));
            }
        }
    }

    async fn say(&self, chat: &Chat) -> Result<(), ChatError> {
        let way = &self.way;
        match &self.to {
            Whom::Everybody => here(chat, way, &self.activity).await,
            Whom::Alone { instead, .. } if way.reference.kind == Kind::Personal => {
                own(chat, way, &self.activity, instead.as_deref()).await
            }
            Whom::Alone { person, .. } => aside(chat, (person, way), &self.activity).await,
        }
    }

    /// How long to wait before it is said again: whoever asked something asks again, whoever was greeted does not. Not where it may have got there.
    fn again(&self, said: &Result<(), ChatError>, attempt: u32) -> Option<Duration> {
        match said {
            Err(ChatError::RateLimited { after } | ChatError::Retry { after: Some(after), .. }) => Some(*after),
            Err(ChatError::Retry { after: None, .. }) => Some(WAIT * 2_u32.pow(attempt)),
            _ => None,
        }
        .filter(|_| self.greets)
    }
}

/// Waits until one more may be greeted. Where an administrator gives the app to everybody there are thousands at once, and notices must not wait for
/// them.
async fn turn(app: &App) {
    let _turn = TURN.acquire().await;
    let (per_second, burst) = GREETINGS;
    while let Some(wait) = app.dispatch.store.budget("teams:greetings", per_second, burst).await {
        tokio::time::sleep(wait).await;
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
