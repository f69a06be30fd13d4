//! Microsoft Teams: whether the app gets tokens, whether what Teams sends can be checked, and whether channels and people can be reached.

use chrono::Utc;
use jit_chat::deliver::ChatError;
use jit_chat::teams::deliver::Teams as TeamsChat;
use jit_chat::teams::keys::Keys;
use jit_core::access::Platform;
use jit_core::directory::Person;
use jit_store::Store;

use super::{Findings, skewed};
use crate::app;
use crate::config::{Config, teams::Teams};
use crate::snapshot::Snapshot;

pub(super) async fn look(
    (config, teams): (&Config, &Teams),
    snapshot: Option<&Snapshot>,
    store: Option<&Store>,
    findings: &mut Findings,
) {
    keys(teams, findings).await;
    // Who can be reached is remembered in the database.
    let Some(store) = store else { return };
    let chat = match app::teams_of(teams, config, store) {
        Ok(teams) => teams.chat,
        Err(error) => return findings.wrong("teams", format!("{error:#}")),
    };
    match chat.api().tokens().probe().await {
        Ok(date) => {
            findings.fine("teams token", "can be had");
            if let Some(there) = date {
                skewed("clock against Microsoft", (there - Utc::now()).abs(), findings);
            }
        }
        Err(error) => {
            let mend = "Check teams.app_id, teams.tenant_id and the app's secret or certificate: Certificates & secrets of its \
                        registration in Entra.";
            return findings.wrong("teams token", format!("{error}. {mend}"));
        }
    }
    match chat.references().newest().await {
        Ok(Some(_)) => findings.fine("teams conversations", "known"),
        Ok(None) => {
            let mend = "Start `jit serve`, then install the app in the team of the channels, or write to it in Teams.";
            return findings.wrong("teams conversations", format!("none is known yet, so nothing can be said. {mend}"));
        }
        Err(error) => return findings.wrong("teams conversations", error.to_string()),
    }
    let places = [("announce", &config.channels.announce), ("security", &config.channels.security)];
    let places = places.map(|(key, place)| (key, place.on(Platform::Teams)));
    for (key, id) in places.into_iter().chain(config.channels.fallback.as_deref().map(|id| ("fallback", id))) {
        channel(&chat, (key, id), findings).await;
    }
    if let Some(snapshot) = snapshot {
        people(&chat, config, snapshot, findings).await;
    }
}

/// Without the keys nothing that Teams sends is believed.
async fn keys(teams: &Teams, findings: &mut Findings) {
    let fetched = match Keys::new(teams.openid_metadata_url.clone()) {
        Ok(keys) => keys.fetch().await.map_err(|error| error.to_string()),
        Err(_) => Err("the HTTP client cannot be made".to_owned()),
    };
    let mend = "Check teams.openid_metadata_url, and that this machine reaches it.";
    findings.note("teams keys", fetched.map(|keys| format!("{} published", keys.len())), mend);
}

async fn channel(chat: &TeamsChat, (key, id): (&str, &str), findings: &mut Findings) {
    let what = format!("channels.{key} {id}");
    let found: Result<(), ChatError> = async {
        let service = chat.service(id).await?;
        chat.api().look(&service, id).await
    }
    .await;
    let mend = match &found {
        Err(ChatError::NotInstalled { .. }) => "Install the app in the channel's team.".to_owned(),
        _ => {
            format!("Take the id, such as 19:…@thread.tacv2, out of \"Get link to channel\", and mend channels.{key}.")
        }
    };
    findings.note(what, found.map(|()| "the app is in it".to_owned()), &mend);
}

/// Everybody who is told in Teams has a conversation, or can get one.
async fn people(chat: &TeamsChat, config: &Config, snapshot: &Snapshot, findings: &mut Findings) {
    // Whoever has left, or whose contract is over, is told nothing.
    let here = |person: &&Person| person.teams.is_some() && snapshot.directory.active(&person.id).is_some();
    let (mut reached, mut without, mut strange) = (0, Vec::new(), Vec::new());
    for person in snapshot.directory.people().filter(here) {
        let Some(aad) = person.teams.as_deref() else { continue };
        match chat.personal(aad).await {
            Ok(_) => reached += 1,
            Err(ChatError::NotInstalled { .. }) => without.push(person.id.as_str()),
            Err(ChatError::Permanent { code }) => strange.push(format!("{} ({code})", person.id)),
            Err(error) => return findings.wrong("people in Teams", format!("{error}. Try again later.")),
        }
    }
    if without.is_empty() && strange.is_empty() {
        return findings.fine("people in Teams", format!("all {reached} can be reached"));
    }
    if !without.is_empty() {
        let until = match config.channels.fallback {
            Some(_) => "until then they are told in channels.fallback",
            None => "until then they are told nothing there; channels.fallback would name a channel for it",
        };
        let mend = format!("Install it for them, best by a setup policy in the Teams admin centre; {until}.");
        findings.wrong("people in Teams", format!("without the app: {}. {mend}", without.join(", ")));
    }
    if !strange.is_empty() {
        let mend = "Mend `teams` in people.toml: it is the Entra object id.";
        findings.wrong("people in Teams", format!("not found: {}. {mend}", strange.join(", ")));
    }
}
