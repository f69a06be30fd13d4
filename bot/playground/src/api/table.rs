//! The methods served: name, scope, arguments, and the function that does it.
//! Arguments are those that slack_sdk 3.47's `WebClient` documents for the method, less the ones
//! that change what the playground cannot show (attachments, other names and icons).

use super::{Call, Outcome, chat, conversations, history, users, views};

/// One method.
pub(crate) struct Spec {
    pub name: &'static str,
    /// Scopes any of which suffices, separated by `|`; empty if none is needed.
    pub scope: &'static str,
    pub params: &'static [&'static str],
    pub required: &'static [&'static str],
    pub run: fn(&mut Call<'_>) -> Outcome,
}

const READ: &str = "channels:read|im:read";
const HISTORY: &str = "channels:history|im:history";

/// Every method, sorted by name.
pub(crate) const METHODS: &[Spec] = &[
    spec("api.test", "", &["error", "foo"], &[], users::api_test),
    spec("auth.test", "", &[], &[], users::auth_test),
    spec("chat.delete", "chat:write", &["channel", "ts", "as_user"], &["channel", "ts"], chat::delete),
    spec("chat.getPermalink", "", &["channel", "message_ts"], &["channel", "message_ts"], chat::permalink),
    spec(
        "chat.postEphemeral",
        "chat:write",
        &["channel", "user", "text", "blocks", "thread_ts", "link_names", "parse"],
        &["channel", "user"],
        chat::post_ephemeral,
    ),
    spec(
        "chat.postMessage",
        "chat:write",
        &[
            "channel",
            "text",
            "blocks",
            "thread_ts",
            "reply_broadcast",
            "metadata",
            "mrkdwn",
            "link_names",
            "parse",
            "unfurl_links",
            "unfurl_media",
        ],
        &["channel"],
        chat::post_message,
    ),
    spec(
        "chat.update",
        "chat:write",
        &["channel", "ts", "text", "blocks", "metadata", "as_user", "link_names", "parse", "reply_broadcast"],
        &["channel", "ts"],
        chat::update,
    ),
    spec(
        "conversations.history",
        HISTORY,
        &["channel", "cursor", "inclusive", "include_all_metadata", "latest", "limit", "oldest"],
        &["channel"],
        history::history,
    ),
    spec(
        "conversations.info",
        READ,
        &["channel", "include_locale", "include_num_members"],
        &["channel"],
        conversations::info,
    ),
    spec("conversations.join", "channels:join", &["channel"], &["channel"], conversations::join),
    spec("conversations.list", READ, &["cursor", "exclude_archived", "limit", "types"], &[], conversations::list),
    spec("conversations.members", READ, &["channel", "cursor", "limit"], &["channel"], conversations::members),
    spec(
        "conversations.open",
        "im:write",
        &["channel", "return_im", "users", "prevent_creation"],
        &[],
        conversations::open,
    ),
    spec(
        "conversations.replies",
        HISTORY,
        &["channel", "ts", "cursor", "inclusive", "include_all_metadata", "latest", "limit", "oldest"],
        &["channel", "ts"],
        history::replies,
    ),
    spec(
        "reactions.add",
        "reactions:write",
        &["channel", "name", "timestamp"],
        &["channel", "name", "timestamp"],
        chat::react,
    ),
    spec("team.info", "team:read", &["team", "domain"], &[], users::team_info),
    spec(
        "users.conversations",
        READ,
        &["cursor", "exclude_archived", "limit", "types", "user"],
        &[],
        conversations::of_user,
    ),
    spec("users.info", "users:read", &["user", "include_locale"], &["user"], users::info),
    spec("users.list", "users:read", &["cursor", "include_locale", "limit", "presence"], &[], users::list),
    spec("users.lookupByEmail", "users:read.email", &["email"], &["email"], users::lookup_by_email),
    spec("views.open", "", &["trigger_id", "interactivity_pointer", "view"], &["view"], views::open),
    spec("views.publish", "", &["user_id", "view", "hash"], &["user_id", "view"], views::publish),
    spec("views.push", "", &["trigger_id", "interactivity_pointer", "view"], &["view"], views::push),
    spec("views.update", "", &["view", "external_id", "view_id", "hash"], &["view"], views::update),
];

const fn spec(
    name: &'static str,
    scope: &'static str,
    params: &'static [&'static str],
    required: &'static [&'static str],
    run: fn(&mut Call<'_>) -> Outcome,
) -> Spec {
    Spec { name, scope, params, required, run }
}

pub(crate) fn find(name: &str) -> Option<&'static Spec> {
    METHODS.iter().find(|spec| spec.name == name)
}

/// The method names, for the page and the documentation.
pub fn method_names() -> impl Iterator<Item = &'static str> {
    METHODS.iter().map(|spec| spec.name)
}
