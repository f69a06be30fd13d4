//! The demo's world: sample people, channels, policy, and the playground that stands for Slack. Used by `jit demo` and by the journeys.

use std::path::Path;
use std::sync::Arc;

use jit_core::grammar;
use jit_core::id::RoleName;
use jit_playground::{AnIncident, BotIdentity, Channel, Completion, Hint, Member, OnCall, Pager, Playground};
use url::Url;

use crate::app::App;

/// The sample files, by their path in the data folder.
pub const FILES: &[(&str, &str)] = &[
    ("people.toml", include_str!("../demo/people.toml")),
    ("tickets.toml", include_str!("../demo/tickets.toml")),
    ("policy/roles.toml", include_str!("../demo/policy/roles.toml")),
    ("policy/rules.toml", include_str!("../demo/policy/rules.toml")),
    ("policy/tests/demo.toml", include_str!("../demo/policy/tests/demo.toml")),
];

/// The playground's secrets. They protect nothing: it listens on loopback only and lets anybody act as anybody.
const SIGNING_SECRET: &str = "playground-signing-secret";
const BOT_TOKEN: &str = "xoxb-playground";
const TEAM: &str = "T0001";
const PAGER_TOKEN: &str = "playground-pager-token";

/// The demo's `jit.toml`.
pub fn configuration(data: &Path, base: &Url) -> String {
    let listen = base.authority();
    let quoted = |path: &Path| serde_json::Value::from(path.display().to_string()).to_string();
    format!(
        r##"[server]
listen = "{listen}"

[database]
url = {database}

[slack]
signing_secret = "{SIGNING_SECRET}"
bot_token = "{BOT_TOKEN}"
team_id = "{TEAM}"
api_url = "{base}playground/api"

[channels]
announce = "#access"
security = "#security"

[policy]
path = "policy"

[directory]
file = "people.toml"

[oncall.pagerduty]
api_url = "{base}playground/pager/"
token = "{PAGER_TOKEN}"
incident_channel = "inc-{{number}}"
refresh = "10s"
max_age = "30s"

[tickets.file]
pattern = "OPS-*"
path = "tickets.toml"
refresh = "10s"

[connectors.hosts]
kind = "ssh-ca"
ca_key_file = {ca_key}
generate = true
krl_file = {krl}
state_dir = {issued}

[connectors.sandbox]
kind = "sudoers"
dir = {sandbox}
sandbox = true
"##,
        database = serde_json::Value::from(format!("sqlite://{}", data.join("jit.db").display())),
        ca_key = quoted(&data.join("ssh-ca/ca")),
        krl = quoted(&data.join("ssh-ca/revoked.krl")),
        issued = quoted(&data.join("ssh-ca/issued")),
        sandbox = quoted(&data.join("sudoers.d")),
    )
}

/// The chat workspace of the demo, with what stands for PagerDuty.
pub fn playground(app: &App, base: &Url) -> Playground {
    let config = workspace(app, base, Arc::new(chrono::Utc::now));
    Playground::with_pager(config, pager())
}

/// Olive is on call for orders, which have an open incident.
fn pager() -> Pager {
    let pager = Pager::new(PAGER_TOKEN);
    pager.set("PORDERS", vec![OnCall::always("POLIVE", "olive@acme.test")]);
    pager.incident(AnIncident::open("PINC42", 42, "PSORDERS"));
    pager
}

/// The workspace's people are those of the demo's directory.
pub fn workspace(
    app: &App,
    base: &Url,
    clock: Arc<dyn Fn() -> chrono::DateTime<chrono::Utc> + Send + Sync>,
) -> jit_playground::Config {
    let everybody: Vec<String> = PEOPLE.iter().map(|(id, ..)| (*id).to_owned()).collect();
    let channel = |id: &str, name: &str, topic: &str| Channel {
        id: id.to_owned(),
        name: name.to_owned(),
        topic: topic.to_owned(),
        members: everybody.clone(),
        bot_member: true,
    };
    let in_force = app.dispatch.in_force.clone();
    jit_playground::Config {
        team_id: TEAM.to_owned(),
        team_name: "Acme".to_owned(),
        bot: BotIdentity {
            user_id: "U0BOT".to_owned(),
            bot_id: "B0001".to_owned(),
            app_id: "A0001".to_owned(),
            name: "jit".to_owned(),
            scopes: jit_chat::slack::manifest::SCOPES.iter().map(|(scope, _)| (*scope).to_owned()).collect(),
        },
        bot_token: BOT_TOKEN.to_owned(),
        signing_secret: SIGNING_SECRET.to_owned(),
        bot_url: base.clone(),
        command: "/jit".to_owned(),
        people: PEOPLE.iter().map(|person| member(*person)).collect(),
        channels: vec![
            channel("C0001", "access", "Who has access to what: grants, warnings, revocations"),
            channel("C0002", "security", "What security must see"),
            channel("C0003", "inc-42", "Incident 42: orders are slow"),
        ],
        hints: HINTS.iter().map(|hint| hint_of(*hint)).collect(),
        complete: Arc::new(move |user, text| {
            let snapshot = in_force.get();
            let person = snapshot.by_slack(user);
            let roles: Vec<&str> = person
                .into_iter()
                .flat_map(|person| snapshot.policy.requestable(person, &snapshot.directory))
                .map(|role| RoleName::as_str(&role.name))
                .collect();
            grammar::complete(text, &roles)
                .into_iter()
                .map(|done| Completion { insert: done.insert, label: done.label, detail: done.detail })
                .collect()
        }),
        clock,
    }
}

type Sample = (&'static str, &'static str, &'static str, &'static str);

/// Slack id, handle, name, title: the people of `people.toml`.
const PEOPLE: [Sample; 6] = [
    ("U0001", "alice", "Alice Ames", "Engineer, orders"),
    ("U0002", "bob", "Bob Baker", "Engineering manager"),
    ("U0003", "sam", "Sam Sato", "Security"),
    ("U0004", "olive", "Olive Okoye", "On call this week"),
    ("U0005", "carl", "Carl Cole", "Contractor"),
    ("U0006", "erin", "Erin Engel", "Director of engineering"),
];

/// Who, where, what to type, what then happens.
const HINTS: [Sample; 11] = [
    (
        "U0001",
        "C0001",
        "/jit request host-login for 2m because checking the disk alarm",
        "Low risk: policy agrees at once. You get a certificate by direct message, and see it end after two minutes.",
    ),
    (
        "U0001",
        "C0001",
        "/jit request orders-restart for 2m because orders are stuck since noon",
        "Medium risk: Bob gets buttons in his direct message with jit. Become Bob and approve.",
    ),
    (
        "U0004",
        "C0003",
        "/jit request orders-restart for 2m because orders hang in incident 42",
        "Olive is on call, and this is the open incident's own channel: policy agrees at once. Anywhere else Bob is asked. Resolve the incident below, and the access ends with it; take the pager down, and Bob is asked here too.",
    ),
    (
        "U0001",
        "C0003",
        "/jit request payments-admin for 2m because refunds of incident 42 hang",
        "High risk: first Bob, then Sam of security must agree.",
    ),
    (
        "U0001",
        "C0001",
        "/jit request customers-export for 10m ticket OPS-12 because the auditors need the export of March",
        "The ticket is checked first: it must be open, and Alice's own. Then Bob is asked. In tickets.toml, write `status = \"closed\"`: the access ends with its ticket.",
    ),
    (
        "U0001",
        "C0001",
        "/jit request host-login, orders-restart for 2m because disk alarm, and orders are stuck",
        "Two roles in one request: one card for Bob, one decision for both, and each ends by itself.",
    ),
    (
        "U0004",
        "C0003",
        "/jit emergency --drill payments-admin for 5m because practising what to do at night",
        "A drill of the emergency bypass: nobody is asked, #security reviews it, and nothing is changed. Without --drill it is real.",
    ),
    (
        "U0001",
        "C0001",
        "/jit request reports-restart for 2m because trying out the new role",
        "This role is only tried out: Bob decides as ever, and the host stays as it is.",
    ),
    (
        "U0002",
        "C0001",
        "/jit away until tomorrow 09:00 delegate @erin",
        "Bob is away: what waits for him waits for Erin now. `/jit back` ends it.",
    ),
    (
        "U0005",
        "C0001",
        "/jit why payments-admin",
        "Carl is a contractor: see which rule refuses, and who could change it.",
    ),
    ("U0001", "C0001", "/jit request", "No words at all: a form asks for the rest, and shows who will be asked."),
];

fn member((id, name, real_name, title): Sample) -> Member {
    Member {
        id: id.to_owned(),
        name: name.to_owned(),
        real_name: real_name.to_owned(),
        email: format!("{name}@acme.test"),
        title: title.to_owned(),
        tz: "Europe/Berlin".to_owned(),
        is_guest: false,
        deleted: false,
    }
}

fn hint_of((who, channel, text, says): Sample) -> Hint {
    Hint { who: who.to_owned(), channel: channel.to_owned(), text: text.to_owned(), says: says.to_owned() }
}
