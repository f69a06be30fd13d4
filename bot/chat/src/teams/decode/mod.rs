//! What Teams sends, as an [`Inbound`]. Called with bodies whose token [`super::verify`] believes; holds the rest of the token against them.
//!
//! Tolerant: what is not known is left alone ([`Intent::Ignored`]). Strict where it matters: what the token does not speak for and people of
//! another tenant are refused, people are known by their Entra object id alone, and a body that cannot be read is an error, never a panic.

mod invoke;
#[cfg(test)]
mod tests;
mod text;

use jit_core::access::Channel;
use serde_json::Value;

use super::actions::Pressed;
use super::dialog;
use super::reference::{Kind, Member, Reference, ServiceUrl};
use super::verify::{Rejected, Verified};
use crate::card::Action;
use crate::deliver::Handle;
use crate::inbound::{self, Intent, Submission};

/// The only channel of the Bot Framework that is served.
const CHANNEL: &str = "msteams";

/// One thing that somebody did in Teams.
pub type Inbound = inbound::Inbound<Way>;

/// How Teams is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// Where it happened.
    pub reference: Reference,
    /// Whether the app has come there, is there, or has left.
    pub presence: Presence,
    /// Who did it, as Teams calls them.
    pub member: Option<Member>,
    /// The team or the conversation that the app is in, for what is learnt there of people.
    pub place: String,
    /// The ids of people who are mentioned, as they stand in the words behind an `@`.
    pub mentioned: Vec<String>,
    /// The conversation, with its thread: where an answer to all belongs.
    pub conversation: String,
    /// The message that a button or a form stands in.
    pub card: Option<String>,
    /// What kind of answer it takes.
    pub takes: Takes,
}

/// What an activity says of the app itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Presence {
    /// It is there.
    There,
    /// It was just added.
    Added,
    /// It was removed: nothing can be said there any more.
    Removed,
}

/// What kind of answer an activity takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Takes {
    /// None: what is to be said is a message of its own.
    Message,
    /// A card in place of the one that the button stands in, or a sentence for the one who pressed it.
    Card,
    /// A dialog, or a sentence in one.
    Dialog,
    /// Choices for a field.
    Choices,
}

/// Why a body was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It cannot be read: 400.
    #[error("cannot read what Teams sent: {0}")]
    Malformed(&'static str),
    /// The token does not speak for it: 401.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// It is of another tenant, or of somebody who is of none: 403.
    #[error("tenant {tenant} is not served here")]
    Foreign {
        /// Which.
        tenant: String,
    },
}

/// Whose people are served: a tenant's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home(pub String);

/// Decodes an activity that comes with a token.
pub fn activity(body: &[u8], verified: &Verified, home: &Home) -> Result<Inbound, DecodeError> {
    let activity: Value = serde_json::from_slice(body).map_err(|_| DecodeError::Malformed("it is not JSON"))?;
    let said = |key| text(&activity, &[key]).unwrap_or_default();
    verified.vouches_for(said("serviceUrl"), said("channelId"))?;
    read(&activity, home)
}

/// Reads an activity that its token speaks for.
fn read(activity: &Value, home: &Home) -> Result<Inbound, DecodeError> {
    let kind = text(activity, &["type"]).ok_or(DecodeError::Malformed("it has no type"))?;
    if text(activity, &["channelId"]) != Some(CHANNEL) {
        return Err(DecodeError::Malformed("it does not come from Teams"));
    }
    let tenant = home.check(activity)?;
    let conversation = text(activity, &["conversation", "id"]).ok_or(DecodeError::Malformed("it is said nowhere"))?;
    let user = text(activity, &["from", "aadObjectId"]).map(str::to_lowercase);
    let reference = reference(activity, (conversation, tenant), user.as_deref())?;
    let said = (kind == "message").then(|| self::text::said(activity));
    let (intent, takes) = match (kind, &said) {
        (_, Some(said)) => (message(activity, &said.text), Takes::Message),
        ("invoke", _) => invoke::read(activity),
        _ => (Intent::Ignored, Takes::Message),
    };
    let by_app =
        text(activity, &["from", "role"]) == Some("bot") || text(activity, &["from", "id"]) == Some(&reference.bot);
    let intent = if by_app { Intent::Ignored } else { intent };
    if user.is_none() && intent != Intent::Ignored {
        return Err(DecodeError::Foreign { tenant: "of somebody without an account".to_owned() });
    }
    let id = text(activity, &["id"]);
    if id.is_none() && !matches!(intent, Intent::Ignored | Intent::Options { .. } | Intent::Face { .. }) {
        return Err(DecodeError::Malformed("the activity has no id"));
    }
    let presence = presence(activity, kind, &reference.bot);
    // In a team it comes to nobody in particular: whoever wants it has it in its own chat.
    let upgraded = text(activity, &["action"]) == Some("add-upgrade");
    let installed = presence == Presence::Added && !upgraded && reference.kind == Kind::Personal && user.is_some();
    let intent = if installed { Intent::Installed } else { intent };
    let channel = channel(activity, reference.kind);
    let place = text(activity, &["channelData", "team", "id"]).unwrap_or(&reference.conversation).to_owned();
    let way = Way {
        presence,
        member: member(activity, (user.as_deref(), &reference.tenant, &place)),
        place,
        mentioned: said.map(|said| said.mentioned).unwrap_or_default(),
        reference,
        conversation: conversation.to_owned(),
        card: text(activity, &["replyToId"]).map(str::to_owned),
        takes,
    };
    Ok(Inbound {
        dedupe_key: id.filter(|_| intent.changes()).map(|id| format!("teams:{conversation}:{id}")),
        user: user.unwrap_or_default(),
        intent: here(intent, channel.as_ref()),
        channel,
        way,
    })
}

impl Home {
    /// Whatever says of which tenant it is must say ours, and something must: guests from elsewhere have their own in `from`.
    fn check(&self, activity: &Value) -> Result<String, DecodeError> {
        let places: [&[&str]; 3] =
            [&["channelData", "tenant", "id"], &["conversation", "tenantId"], &["from", "tenantId"]];
        let mut said = places.into_iter().filter_map(|place| text(activity, place)).peekable();
        let foreign = |tenant: &str| DecodeError::Foreign { tenant: tenant.chars().take(40).collect() };
        if said.peek().is_none() {
            return Err(foreign("of an unknown id"));
        }
        match said.find(|tenant| !tenant.eq_ignore_ascii_case(&self.0)) {
            Some(other) => Err(foreign(other)),
            None => Ok(self.0.clone()),
        }
    }
}

fn reference(
    activity: &Value,
    (conversation, tenant): (&str, String),
    user: Option<&str>,
) -> Result<Reference, DecodeError> {
    let service_url = text(activity, &["serviceUrl"]).and_then(ServiceUrl::parse);
    let service_url = service_url.ok_or(DecodeError::Malformed("its service has no address that we would speak to"))?;
    let kind = text(activity, &["conversation", "conversationType"]).and_then(Kind::parse);
    // Where the message extension is used the app need not be: a chat of two is theirs, and not one with the app.
    let extension = text(activity, &["name"]).is_some_and(|name| name.starts_with("composeExtension/"));
    let kind = match kind {
        Some(Kind::Personal) if extension && !conversation.starts_with("a:") => Some(Kind::Group),
        kind => kind,
    };
    let kind = kind.unwrap_or_else(|| match () {
        () if text(activity, &["channelData", "team", "id"]).is_some() => Kind::Channel,
        () if activity["conversation"]["isGroup"] == true || conversation.starts_with("19:") => Kind::Group,
        () => Kind::Personal,
    });
    Ok(Reference {
        service_url,
        conversation: Reference::base(conversation).to_owned(),
        tenant,
        kind,
        person: user.filter(|_| kind == Kind::Personal).map(str::to_owned),
        bot: text(activity, &["recipient", "id"]).unwrap_or_default().to_owned(),
    })
}

/// Who did it, where both of their ids are there.
fn member(activity: &Value, (user, tenant, place): (Option<&str>, &str, &str)) -> Option<Member> {
    let id = text(activity, &["from", "id"]).filter(|id| Member::is_id(id))?;
    let [id, person, tenant, place] = [id, user?, tenant, place].map(str::to_owned);
    Some(Member { id, person, tenant, place })
}

/// A channel as policy sees it. Teams does not always tell its name, and group chats are named by whoever likes to: these have none, which
/// no pattern of names holds.
fn channel(activity: &Value, kind: Kind) -> Option<Channel> {
    let id = match kind {
        Kind::Personal => return None,
        Kind::Group => text(activity, &["conversation", "id"]),
        Kind::Channel => text(activity, &["channelData", "channel", "id"])
            .or_else(|| text(activity, &["channelData", "teamsChannelId"]))
            .or_else(|| text(activity, &["conversation", "id"])),
    };
    let name = text(activity, &["channelData", "channel", "name"]).filter(|_| kind == Kind::Channel);
    Some(Channel { id: Reference::base(id?).to_owned(), name: name.unwrap_or_default().to_owned() })
}

/// What a form carries comes back by way of the client, so where it happened is not taken from there.
fn here(mut intent: Intent, channel: Option<&Channel>) -> Intent {
    if let Intent::Form(form) | Intent::FormChanged { form, .. } = &mut intent {
        form.meta.channel = channel.cloned();
    }
    intent
}

fn presence(activity: &Value, kind: &str, bot: &str) -> Presence {
    let names_us = |members: &str| {
        activity[members].as_array().into_iter().flatten().any(|member| text(member, &["id"]) == Some(bot))
    };
    match (kind, text(activity, &["action"])) {
        ("installationUpdate", Some("add" | "add-upgrade")) => Presence::Added,
        ("installationUpdate", Some("remove" | "remove-upgrade")) => Presence::Removed,
        ("conversationUpdate", _) if names_us("membersAdded") => Presence::Added,
        ("conversationUpdate", _) if names_us("membersRemoved") => Presence::Removed,
        _ => Presence::There,
    }
}

/// Words; or a button of a card in a client that knows no better than to send a message.
fn message(activity: &Value, said: &str) -> Intent {
    match data(&activity["value"], handle(activity)) {
        Some(pressed) => pressed,
        None if activity["value"].is_object() && text(activity, &["text"]).is_none() => Intent::Ignored,
        None => Intent::Line { text: said.to_owned() },
    }
}

/// What a button or a dialog sends.
fn data(data: &Value, message: Option<Handle>) -> Option<Intent> {
    match dialog::sent(data) {
        Some(sent) => Some(submitted(sent)),
        None => Pressed::read_with_verb(data).map(|pressed| self::pressed(pressed, message)),
    }
}

fn submitted(sent: dialog::Sent) -> Intent {
    let form = Box::new(Submission { form: sent.form, values: sent.values, meta: sent.meta });
    match sent.preview {
        true => Intent::FormChanged { form, field: String::new() },
        false => Intent::Form(form),
    }
}

fn pressed(pressed: Pressed, message: Option<Handle>) -> Intent {
    match pressed {
        Pressed::Button(Action::On(verb, access)) => Intent::Button { verb, access, message },
        Pressed::Button(Action::Request(roles)) => Intent::RequestForm { roles },
        Pressed::Button(Action::Say(text)) => Intent::Line { text },
        Pressed::Face(shared) | Pressed::Open(shared) => {
            Intent::Face { access: shared.access, notice: shared.card.notice() }
        }
    }
}

/// The message that a button stands in.
fn handle(activity: &Value) -> Option<Handle> {
    let conversation = text(activity, &["conversation", "id"])?.to_owned();
    Some(Handle { conversation, message: text(activity, &["replyToId"])?.to_owned() })
}

/// The text at a path of keys, unless it is empty.
fn text<'a>(value: &'a Value, path: &[&str]) -> Option<&'a str> {
    path.iter().try_fold(value, |value, key| value.get(key))?.as_str().filter(|text| !text.is_empty())
}
