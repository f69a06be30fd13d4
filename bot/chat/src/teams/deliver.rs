//! The outbox worker's way to Teams: whom a notice goes to, where that is, post or edit.
//!
//! Teams has no way to look for one's own messages, and no key that makes posting idempotent. So an attempt of which nothing is known (the
//! process died between the post and our noting it, or no answer came in time) is made again, and there may be a second message. It does no
//! harm: a button carries an access and a verb, and is judged when it is pressed; but the first one is not edited any more.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jit_core::access::Platform;
use jit_core::effect::{Content, Recipient};
use jit_core::id::PersonId;
use serde_json::{Value, json};

use super::actions::{Shared, SharedCard};
use super::api::Api;
use super::reference::{Kind, Reference, References, ServiceUrl};
use super::render::{self, Viewer};
use super::text::called;
use crate::card::Card;
use crate::cards::{self, Context};
use crate::deliver::{Chat, ChatError, Delivery, Handle, Pace, Rate};

/// Longest that one delivery takes, with a new token, a new conversation and the way round by the fallback: less than the worker's lease.
const LONGEST: Duration = Duration::from_secs(15);
/// Source: Microsoft, "Optimize your bot with rate limiting in Teams": 7 messages in a second and 1800 in an hour for a conversation, 50
/// requests a second for an app in a tenant. A delivery is mostly one request, seldom three, and answers to people come beside it.
const PACE: Pace =
    Pace { conversation: Rate { per_second: 1.0, burst: 7 }, all: Some(Rate { per_second: 30.0, burst: 30 }) };
/// What the connector says of a message or a conversation that is no longer there.
const GONE: [&str; 6] =
    ["HTTP 404", "HTTP 405", "ConversationNotFound", "ActivityNotFoundInConversation", "MessageNotFound", "NotFound"];

/// Where notices to no single person go, as conversations' ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channels {
    /// Grants, warnings and revocations.
    pub announce: String,
    /// Bypasses, failures and drift.
    pub security: String,
    /// Whoever has not installed the app is told here.
    pub fallback: Option<String>,
}

/// Teams, to the outbox worker.
pub struct Teams {
    api: Api,
    channels: Channels,
    references: Arc<dyn References>,
}

/// Where something is posted.
struct Place {
    service: ServiceUrl,
    conversation: String,
    /// Has threads.
    threads: bool,
}

impl Teams {
    /// Posts as the app.
    pub fn new(api: Api, channels: Channels, references: Arc<dyn References>) -> Self {
        Self { api, channels, references }
    }

    /// For what is not a notice: answers, look-ups.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// What is known of conversations.
    pub fn references(&self) -> &dyn References {
        &*self.references
    }

    /// The service of a conversation: its own, or that of any other of the tenant.
    pub async fn service(&self, conversation: &str) -> Result<ServiceUrl, ChatError> {
        let base = Reference::base(conversation);
        let known = match self.references.of_conversation(base).await? {
            Some(known) => Some(known),
            None => self.references.newest().await?,
        };
        // Nothing is lost: it waits until somebody installs the app.
        known.map(|known| known.service_url).ok_or_else(|| ChatError::Retry {
            what: "no conversation of Teams is known yet; install the app in the team of the channels".to_owned(),
            after: None,
        })
    }

    /// The personal conversation with somebody, by their Entra object id: the one that is known, or a new one.
    pub async fn personal(&self, person: &str) -> Result<Reference, ChatError> {
        match self.references.of_person(person).await? {
            Some(known) => Ok(known),
            None => self.create(person).await,
        }
    }

    async fn create(&self, person: &str) -> Result<Reference, ChatError> {
        let service_url = self.service("").await?;
        let conversation = self.api.create_personal(&service_url, person).await?;
        let reference = Reference {
            service_url,
            conversation,
            tenant: self.api.tenant().to_owned(),
            kind: Kind::Personal,
            person: Some(person.to_owned()),
            bot: self.api.bot(),
        };
        self.references.learn(&reference).await?;
        Ok(reference)
    }

    async fn tell(&self, delivery: &Delivery<'_>, context: &Context<'_>) -> Result<Handle, ChatError> {
        let card = cards::content(&delivery.tell.content, context);
        if let Some(posted) = delivery.posted.filter(|posted| !posted.message.is_empty()) {
            let activity = self.again(delivery, &card, posted, context).await?;
            let service = self.service(&posted.conversation).await?;
            let at = (posted.conversation.as_str(), posted.message.as_str());
            match self.api.update(&service, at, &activity).await {
                Ok(()) => return Ok(posted.clone()),
                // Deleted, or the app went away meanwhile: what is to be told is told anew.
                Err(error) if is_gone(&error) || matches!(error, ChatError::NotInstalled { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        match &delivery.tell.to {
            Recipient::Announce => self.to_channel(delivery, &card, &self.channels.announce, context).await,
            Recipient::Security => self.to_channel(delivery, &card, &self.channels.security, context).await,
            Recipient::Channel(channel) if Platform::of_channel(channel) == Platform::Teams => {
                self.to_channel(delivery, &card, channel, context).await
            }
            Recipient::Channel(_) => Err(ChatError::Permanent { code: "channel_of_another_platform".to_owned() }),
            Recipient::Person(id) => {
                let person = context.directory.person(id);
                let aad = person.and_then(|person| person.teams.as_deref());
                let aad = aad.ok_or_else(|| ChatError::Permanent { code: format!("{id} has no Teams id") })?;
                match self.to_person(&card, aad, context).await {
                    Err(ChatError::NotInstalled { code }) => {
                        let told = self.to_fallback(delivery, (aad, context.directory.name(id)), context).await;
                        told.unwrap_or(Err(ChatError::NotInstalled { code }))
                    }
                    told => told,
                }
            }
        }
    }

    async fn to_channel(
        &self,
        delivery: &Delivery<'_>,
        card: &Card,
        channel: &str,
        context: &Context<'_>,
    ) -> Result<Handle, ChatError> {
        let place = self.channel(channel).await?;
        self.post(&place, &self.shared(delivery, card, context).await?, delivery.thread).await
    }

    /// What everybody in a channel sees: the same face. The buttons of an access's card are on each one's own, which the clients of those who
    /// may act ask for, as far as Teams' ids of them are known; behind another button it is there for the others.
    async fn shared(&self, delivery: &Delivery<'_>, card: &Card, context: &Context<'_>) -> Result<Value, ChatError> {
        let shared = match &delivery.tell.content {
            Content::Notice(notice) => {
                SharedCard::of(&notice.kind).map(|card| Shared { access: notice.access.id, card })
            }
            Content::Bulletin(_) => None,
        };
        let account = |id: &PersonId| context.directory.person(id)?.teams.clone();
        let people: Vec<String> = delivery.acting.iter().filter_map(account).collect();
        let acting: Vec<String> = match people.is_empty() {
            true => Vec::new(),
            false => self.references.members(self.api.tenant(), &people).await?.into_values().collect(),
        };
        let others = acting.len() < delivery.acting.len();
        Ok(render::activity(card, context, Viewer::Everybody { shared, acting: &acting, others }))
    }

    async fn to_person(&self, card: &Card, aad: &str, context: &Context<'_>) -> Result<Handle, ChatError> {
        let activity = render::activity(card, context, Viewer::One);
        let known = self.personal(aad).await?;
        let place = |of: Reference| Place { service: of.service_url, conversation: of.conversation, threads: false };
        let (conversation, there) = (known.conversation.clone(), place(known));
        match self.post(&there, &activity, None).await {
            Err(error) if is_gone(&error) || matches!(error, ChatError::NotInstalled { .. }) => {
                // It was uninstalled without our hearing of it, or is another one by now.
                self.references.forget(&conversation).await?;
                self.references.leave(&conversation).await?;
                match error {
                    ChatError::NotInstalled { .. } => Err(error),
                    _ => self.post(&place(self.create(aad).await?), &activity, None).await,
                }
            }
            told => told,
        }
    }

    /// Tells them where others read that there is something, since it can be told nowhere else; `None`: nothing is configured.
    async fn to_fallback(
        &self,
        delivery: &Delivery<'_>,
        who: (&str, &str),
        context: &Context<'_>,
    ) -> Option<Result<Handle, ChatError>> {
        let fallback = self.channels.fallback.as_deref()?;
        let activity = aloud(&delivery.tell.content, who, context);
        let told = async { self.post(&self.channel(fallback).await?, &activity, delivery.thread).await };
        Some(told.await)
    }

    /// The activity that takes the place of one that was posted, for whoever reads it there.
    async fn again(
        &self,
        delivery: &Delivery<'_>,
        card: &Card,
        posted: &Handle,
        context: &Context<'_>,
    ) -> Result<Value, ChatError> {
        let Recipient::Person(id) = &delivery.tell.to else { return self.shared(delivery, card, context).await };
        let in_fallback = self.channels.fallback.as_deref() == Some(Reference::base(&posted.conversation));
        Ok(match context.directory.person(id).and_then(|person| person.teams.as_deref()) {
            Some(aad) if in_fallback => aloud(&delivery.tell.content, (aad, context.directory.name(id)), context),
            _ => render::activity(card, context, Viewer::One),
        })
    }

    async fn channel(&self, channel: &str) -> Result<Place, ChatError> {
        let known = self.references.of_conversation(Reference::base(channel)).await?;
        let threads = known.as_ref().map_or(!channel.ends_with("@thread.v2"), |known| known.kind == Kind::Channel);
        let service = match known {
            Some(known) => known.service_url,
            None => self.service(channel).await?,
        };
        Ok(Place { service, conversation: channel.to_owned(), threads })
    }

    /// Posts, in the thread where it belongs to one that is still there.
    async fn post(&self, place: &Place, activity: &Value, under: Option<&Handle>) -> Result<Handle, ChatError> {
        let base = Reference::base(&place.conversation);
        let under = under.filter(|under| place.threads && Reference::base(&under.conversation) == base);
        let thread = under.and_then(root).map(|root| format!("{base};messageid={root}"));
        let conversation = thread.as_deref().unwrap_or(&place.conversation);
        let handle = |conversation: &str, message| Handle { conversation: conversation.to_owned(), message };
        match self.api.send(&place.service, conversation, activity).await {
            Err(error) if thread.is_some() && is_gone(&error) => {
                let posted = self.api.send(&place.service, &place.conversation, activity).await?;
                Ok(handle(&place.conversation, posted))
            }
            posted => Ok(handle(conversation, posted?)),
        }
    }
}

#[async_trait]
impl Chat for Teams {
    fn platform(&self) -> Platform {
        Platform::Teams
    }

    fn pace(&self) -> Pace {
        PACE
    }

    async fn deliver(&self, delivery: &Delivery<'_>, context: &Context<'_>) -> Result<Handle, ChatError> {
        let told = tokio::time::timeout(LONGEST, self.tell(delivery, context)).await;
        told.unwrap_or_else(|_| Err(ChatError::Unreachable { what: "no answer in time".to_owned() }))
    }
}

/// The message that a thread begins with.
fn root(under: &Handle) -> Option<&str> {
    let of_thread = under.conversation.split_once(";messageid=").map(|(_, root)| root);
    of_thread.or(Some(under.message.as_str())).filter(|root| !root.is_empty())
}

fn is_gone(error: &ChatError) -> bool {
    matches!(error, ChatError::Permanent { code } if GONE.contains(&code.as_str()))
}

/// What is said in front of everybody to somebody whom nothing can be told alone: no more than that there is something, with a mention.
fn aloud(content: &Content, (aad, name): (&str, &str), context: &Context<'_>) -> Value {
    let viewer = Viewer::Everybody { shared: None, acting: &[], others: false };
    let mut activity = render::activity(&cards::aloud::card(content), context, viewer);
    let name = called(name);
    let at = format!("<at>{name}</at>");
    if let Some(content) = activity.pointer_mut("/attachments/0/content").filter(|_| !name.is_empty()) {
        let line = format!("{at}: told here because you have not installed jit. Install it to be told in person.");
        if let Some(body) = content["body"].as_array_mut() {
            body.insert(0, json!({ "type": "TextBlock", "text": line, "wrap": true }));
        }
        let mention = json!({ "type": "mention", "text": at, "mentioned": { "id": aad, "name": name } });
        content["msteams"]["entities"] = json!([mention]);
    }
    activity
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cards::sample;

    proptest! {
        /// Whatever somebody is called, one person is mentioned, and nothing that others wrote or are called is told.
        #[test]
        fn aloud_nothing_is_said_but_that_there_is_something(name in r"[<>/at\[\]()*_`#&; a-z]{0,40}|\PC{0,40}") {
            let people = sample::people();
            let context = sample::context(&people);
            for sample in cards::samples() {
                let access = &sample.notice.access;
                let hidden = [
                    access.request.justification.text(), access.request.title.as_str(), access.request.role.as_str(),
                    context.name(&access.request.requester), context.name(&access.request.beneficiary),
                ];
                let hidden: Vec<String> = hidden.iter().map(|text| (*text).to_owned()).collect();
                let content = Content::Notice(Box::new(sample.notice));
                let activity = aloud(&content, ("aad-7", &name), &context);
                let card = &activity["attachments"][0]["content"];
                let text = activity.to_string();
                let said = text.replacen(&called(&name), "", 9);
                for hidden in hidden.iter().filter(|text| !text.is_empty() && !name.contains(text.as_str())) {
                    prop_assert!(!said.contains(hidden.as_str()), "{hidden}: {said}");
                }
                let entities = card["msteams"]["entities"].as_array().map_or(0, Vec::len);
                prop_assert_eq!(entities, usize::from(!called(&name).is_empty()));
                let line = card["body"][0]["text"].as_str().unwrap_or_default();
                prop_assert_eq!(line.matches("<at>").count(), entities, "{}", line);
                prop_assert!(!text.contains("Action.Execute"), "nothing is decided in front of everybody");
            }
        }
    }
}
