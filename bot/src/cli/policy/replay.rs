//! `jit policy replay`: past requests judged again, as production judges them, under a policy that is not yet in force. Reads the database
//! and nothing else of the outside; writes nothing.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use jit_core::decide::preview;
use jit_core::event::Actor;
use jit_core::facts::{Facts, InUse, OpenAccess};
use jit_core::incident::OnDuty;
use jit_core::policy::cases::Kind;
use jit_core::policy::{Judgement, Policy, Question};
use jit_core::refusal::Refusal;
use jit_core::span::Span;
use jit_core::ticket::Known;
use jit_store::{Clock, Store};
use secrecy::ExposeSecret;

use super::past::{Again, Asked, Past, Was};
use super::report::{Report, Verdict};
use crate::cli::{Failure, Output, WithConfig};
use crate::config::Config;
use crate::snapshot::{Snapshot, Sources};

/// Which past, under which policy.
#[derive(Debug, Args)]
pub struct Replay {
    #[command(flatten)]
    with: WithConfig,
    /// How far back.
    #[arg(long, default_value = "30d", value_name = "DURATION")]
    since: Span,
    /// The folder of the policy to judge by; the configured one unless given.
    #[arg(long, value_name = "DIR")]
    policy: Option<PathBuf>,
    /// Exit with 1 when an outcome would change.
    #[arg(long)]
    fail_on_change: bool,
    /// How the outcomes are printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

impl Replay {
    /// Judges everything since then, and lists what would change.
    pub(super) async fn run(self) -> Result<(), Failure> {
        crate::logs::text();
        let config = self.with.load()?;
        let mut sources = Sources::of(&config);
        if let Some(folder) = &self.policy {
            sources.policy.clone_from(folder);
        }
        let mut snapshot = super::load(&sources, &config)?;
        // Who is on call today was not on call then.
        OnDuty::default().put(&mut snapshot.directory);
        let store = open(&config).await?;
        let since = store.now() - self.since.delta();
        let mut report = Report::begin(self.output, since, &snapshot.policy.hash)?;
        let mut past = Past::since(&store, since).await.map_err(anyhow::Error::from)?;
        loop {
            let events = past.page().await.map_err(anyhow::Error::from)?;
            if events.is_empty() {
                break;
            }
            let mut judged = Vec::new();
            for event in events {
                if let Some(mut asked) = past.asked(&event.record) {
                    past.looked_up(&mut asked).await.map_err(anyhow::Error::from)?;
                    let verdict = verdict(&asked, &mut snapshot, &past);
                    judged.push((asked, verdict));
                }
                past.apply(&event.record);
            }
            report.add(&store, judged).await?;
        }
        let changed = report.end()?;
        if self.fail_on_change && changed > 0 {
            return Err(Failure::Refused(anyhow::anyhow!("{changed} outcomes would change")));
        }
        Ok(())
    }
}

/// The store, without bringing it to this version and without a right to write.
async fn open(config: &Config) -> Result<Store, Failure> {
    if let Some(file) = config.sqlite_file().filter(|file| !file.exists()) {
        return Err(Failure::Usage(anyhow::anyhow!(
            "there is no database {}; name the service's own configuration with --config",
            file.display()
        )));
    }
    let url = jit_store::reading(config.database.url.expose_secret());
    let opened = Store::open(&url, None, Clock::Record).await;
    let cannot = || match config.sqlite_file() {
        Some(file) => format!("the database {} cannot be read; if it is new, run `jit migrate` first", file.display()),
        None => "the database of `database.url` cannot be read; check the address, and that the server runs".to_owned(),
    };
    let store = opened.with_context(cannot).map_err(Failure::Usage)?;
    let lacking = store.pending_migrations().await.map_err(anyhow::Error::from)?;
    if !lacking.is_empty() {
        let lacking = lacking.join(", ");
        return Err(Failure::Usage(anyhow::anyhow!("the database lacks {lacking}; run `jit migrate` first")));
    }
    Ok(store)
}

/// What would come of it today, compared with what came of it then. Whoever was on call then is on call in the snapshot from here on.
fn verdict(asked: &Asked, snapshot: &mut Snapshot, past: &Past<'_>) -> Verdict {
    let request = match &asked.request {
        Ok(request) => request,
        Err(why) => return Verdict::Unknown((*why).to_owned()),
    };
    if let Some(gone) = asked.roles.iter().find(|role| snapshot.policy.role(role).is_none()) {
        // Whoever was refused would be refused.
        return match asked.was {
            Was::Refused { .. } => Verdict::Same,
            Was::Routed(_) => Verdict::Unknown(format!("the policy has no role `{gone}`")),
        };
    }
    let mut people = [&request.ask.requester, &request.ask.beneficiary].into_iter();
    if let Some(person) = people.find(|person| snapshot.directory.person(person).is_none()) {
        return Verdict::Unknown(format!("`{person}` is not in the directory any more"));
    }
    let recorded = request.on_duty.clone().unwrap_or_default();
    let asks = |role| {
        let (rotations, services) = snapshot.policy.asks_about(role);
        !(rotations.is_empty() && services.is_empty())
    };
    if asked.roles.iter().any(asks) {
        recorded.put(&mut snapshot.directory);
    }
    let outcome = judge(request, snapshot, &past.open_of(&request.ask.beneficiary), asked.at);
    if alike(&asked.was, &outcome) {
        Verdict::Same
    } else if !asked.roles.iter().all(|role| recorded.answers(role, &snapshot.policy)) {
        Verdict::Unknown("the policy asks who was on call, which is not in the record".to_owned())
    } else if request.finding.is_none() && goes_by_its_ticket(&snapshot.policy, asked, request) {
        Verdict::Unknown("the policy goes by its ticket, which was not looked up then".to_owned())
    } else {
        Verdict::Changed(outcome)
    }
}

/// Whether what a ticket is like decides about a request that names one. Where it was not looked up, the record does not say.
fn goes_by_its_ticket(policy: &Policy, asked: &Asked, request: &Again) -> bool {
    let goes = |role| policy.rules_of(role).any(|rule| rule.ticket_terms.demand_anything());
    request.ask.ticket.is_some() && asked.roles.iter().any(goes)
}

/// Judges as requests and extensions are judged when they are made; what is frozen now is no matter of policy.
fn judge(
    Again { ask, chain, finding, .. }: &Again,
    snapshot: &Snapshot,
    open: &[OpenAccess],
    at: chrono::DateTime<chrono::Utc>,
) -> Result<Judgement, Refusal> {
    let people = || Some((snapshot.directory.person(&ask.requester)?, snapshot.directory.person(&ask.beneficiary)?));
    // An extension is judged on its chain; that it gives the same as then is no matter of this policy, which gave nothing then.
    if let (Some(_), Some(role), Some((requester, beneficiary))) = (chain, snapshot.policy.role(&ask.role), people()) {
        let question = Question {
            role,
            requester,
            beneficiary,
            duration: ask.duration,
            chain: chain.map(|(chain, _)| chain),
            ticket: ask.ticket.as_deref(),
            known: Known::Found(finding.as_ref()),
            justification: ask.justification.text(),
            channel: ask.origin.channel.as_ref(),
            now: at,
            start: chain.map(|(_, start)| start),
            in_use: InUse::default(),
            together: &[],
            agreed: false,
            by_rotation: true,
        };
        return snapshot.policy.judge(&question, &snapshot.directory, open);
    }
    let facts = snapshot.facts(&Actor::Timer, open);
    preview(ask, &Facts { ticket: Known::Found(finding.as_ref()), ..facts }, at)
}

/// The same kind of outcome; for approvals also the same steps.
fn alike(was: &Was, now: &Result<Judgement, Refusal>) -> bool {
    match (was, now) {
        (Was::Refused { .. }, Err(_)) => true,
        (Was::Routed(route), Ok(judgement)) => {
            Kind::of_route(route) == Kind::of(now) && route.steps == judgement.route.steps
        }
        _ => false,
    }
}
