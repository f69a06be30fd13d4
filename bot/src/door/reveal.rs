//! Reveal: a new password is set at the target and is in the answer to the press alone. It goes through no queue, no table and no log.

use std::time::Duration;

use chrono::Utc;
use jit_chat::form::{Form, FormKind};
use jit_chat::forms::{self, Shown};
use jit_chat::inbound::Submission;
use jit_connectors::contract::{Attempt, ConnectorError, Credentials};
use jit_core::access::Access;
use jit_core::command::Command;
use secrecy::ExposeSecret;

use super::{Outcome, told, with_context};
use crate::app::App;
use crate::dispatch::ActError;
use crate::metrics;
use crate::verbs::Speaker;

/// How long the target may take: chat waits three seconds for the answer, and this is the answer.
const WITHIN: Duration = Duration::from_secs(2);

/// The form was sent: what it says next.
pub(super) async fn submitted(app: &App, speaker: &Speaker, form: &Submission) -> Outcome {
    let Some(id) = form.meta.access else { return Outcome::Nothing };
    let verbs = app.verbs();
    let access = match verbs.shown(speaker, id).await {
        Ok(access) => access,
        Err(error) => return Outcome::Said(error.answer(super::forms::verb(FormKind::Reveal))),
    };
    let command = Command::Reveal { by: speaker.id().clone() };
    // Recorded before the target is asked: nobody sees what the record does not tell of.
    let revealed = match app.dispatch.act(id, command, &speaker.actor(), speaker.dedupe.as_deref()).await {
        // The answer to what was sent twice is the first one's alone, which the record tells of.
        Ok(acted) if !acted.changed => Err("That was answered already. Reveal once more to see a new one.".to_owned()),
        Ok(acted) => set(app, &acted.access).await.map_err(|error| error.to_string()),
        Err(error) => Err(refused(error)),
    };
    let form = with_context(app, |_| match &revealed {
        Ok(credentials) => shown(&access, credentials),
        Err(why) => forms::not_revealed(&access, why),
    });
    Outcome::Followed(Box::new(form))
}

fn shown(access: &Access, credentials: &Credentials) -> Form {
    let Credentials { facts, how, secret } = credentials;
    forms::revealed(access, &Shown { facts, how, secret: secret.expose_secret() })
}

fn refused(error: ActError) -> String {
    let refusal = told(error, "reveal");
    format!("{} {}", refusal.what, refusal.next)
}

/// Sets a new password at the target.
async fn set(app: &App, access: &Access) -> Result<Credentials, ConnectorError> {
    let e = &access.request.entitlement;
    let gone = || ConnectorError::permanent(format!("the configuration has no connector `{}`", e.connector));
    let connector = app.registry.get(&e.connector).ok_or_else(gone)?;
    let deadline = Utc::now() + WITHIN;
    let attempt = Attempt { access: access.id, generation: 0, deadline };
    let late = || {
        let within = WITHIN.as_secs();
        ConnectorError::retry(format!("`{}` did not answer within {within} s. The access is as it was.", e.connector))
    };
    let done = tokio::time::timeout(WITHIN, connector.reveal(e, &attempt)).await.unwrap_or_else(|_| Err(late()));
    let outcome = match &done {
        Ok(_) => "ok",
        Err(error) if error.is_permanent() => "permanent",
        Err(_) => "retry",
    };
    metrics::connector_call(e.connector.as_str(), "reveal", outcome);
    if let Err(error) = &done {
        tracing::warn!(access = %access.id, %error, "a password could not be set");
    }
    done
}
