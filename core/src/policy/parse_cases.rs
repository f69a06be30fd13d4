//! Reads the table tests of a policy: `[[case]]` tables. Every problem is told at once, with its place: unknown keys, and people, roles and
//! rules that policy and directory do not have, since a test of a name that nobody has would prove nothing. Called by `jit policy test`.

use std::collections::BTreeSet;

use toml_edit::{Item, Value};

use crate::access::Channel;
use crate::directory::{Directory, Rotations};
use crate::document::{At, Problem, Reader, SourceFile, Table, did_you_mean};
use crate::id::{PersonId, RoleName};
use crate::incident::{Incident, Incidents, OwnChannel};
use crate::policy::cases::{Case, Expected, Kind};
use crate::policy::parse::title;
use crate::policy::{FILLED, Parts, Place, Policy, Rule, Subject};
use crate::refusal::Code;
use crate::span::Span;
use crate::ticket::{Assignee, Finding, Ticket};

/// How long is asked for where a case does not say.
const DURATION: Span = Span::hours(1);

/// Reads all cases, in order of file name and position.
pub fn parse_cases(files: &[SourceFile], policy: &Policy, directory: &Directory) -> Result<Vec<Case>, Vec<Problem>> {
    let mut files: Vec<&SourceFile> = files.iter().collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let (mut cases, mut problems) = (Vec::new(), Vec::new());
    for file in files {
        let reader = Reader::new(&file.name, &file.text);
        if let Some(document) = reader.document() {
            let mut root = Table::root(&reader, &document);
            for table in root.tables("case") {
                let (line, column) = reader.position(table.at());
                let place = Place { file: file.name.clone(), line, column, ..Place::default() };
                cases.extend(Known { policy, directory }.case(table).map(|case| Case { place, ..case }));
            }
            root.finish();
        }
        problems.extend(reader.into_problems());
    }
    problems.sort();
    problems.dedup();
    if problems.is_empty() { Ok(cases) } else { Err(problems) }
}

/// What names may mean.
struct Known<'a> {
    policy: &'a Policy,
    directory: &'a Directory,
}

impl Known<'_> {
    fn case(&self, mut table: Table<'_, '_>) -> Option<Case> {
        let name = table.text("name").and_then(|name| title(&table, "name", name));
        let person = table.need_text("person").and_then(|name| self.person(&table, name));
        let given = table.has("beneficiary");
        let beneficiary = table.text("beneficiary").and_then(|name| self.person(&table, name));
        let role = table.need_text("role").and_then(|name| self.role(&table, name));
        let duration = table.span("duration").map_or(DURATION, |span| span.value);
        let at = table.instant("at");
        let start = table.instant("start");
        let channel = table.text("channel").map(|name| channel(&name.value));
        let ticket = table.text("ticket").map(|ticket| ticket.value);
        let finding = self.finding(&mut table);
        let justification = table.text("justification").map_or_else(|| FILLED.to_owned(), |text| text.value);
        let holds = self.roles(&mut table, "holds");
        let pending = self.roles(&mut table, "pending");
        let oncall = self.oncall(&mut table);
        let incidents = self.incidents(&mut table);
        let expected = self.expected(&mut table);
        table.finish();
        let (person, role) = (person?, role?);
        Some(Case {
            name: name.unwrap_or_else(|| format!("{person} asks for {role}")),
            place: Place::default(),
            beneficiary: if given { beneficiary? } else { person.clone() },
            person,
            role,
            duration,
            at,
            start,
            channel,
            ticket,
            finding: finding?,
            justification,
            holds: holds?,
            pending: pending?,
            oncall: oncall?,
            incidents: incidents?,
            expected: expected?,
        })
    }

    fn expected(&self, table: &mut Table<'_, '_>) -> Option<Expected> {
        let kinds = [Kind::Auto, Kind::Approval, Kind::Refused].map(|kind| (kind.as_str(), kind));
        let kind = table.need_one_of("expect", &kinds);
        let rule = table.text("rule").and_then(|name| self.rule(table, name));
        let approvers = table.text_lists("approvers").and_then(|steps| {
            let step = |people: Vec<At<String>>| people.into_iter().map(|name| self.person(table, name)).collect();
            steps.into_iter().map(step).collect::<Option<Vec<BTreeSet<PersonId>>>>()
        });
        let code = table.text("code").and_then(|name| code(table, &name));
        let says = table.text("says").map(|says| says.value);
        let approves = table.has("approvers");
        let refuses = ["code", "says"].into_iter().find(|key| table.has(key));
        match kind {
            Some(Kind::Auto | Kind::Refused) if approves => {
                table.problem("`approvers` are of `expect = \"approval\"`", None);
            }
            Some(Kind::Auto | Kind::Approval) if let Some(key) = refuses => {
                table.problem(format!("`{key}` is of `expect = \"refused\"`"), None);
            }
            _ => {}
        }
        Some(Expected { kind: kind?, rule, approvers, code, says })
    }

    /// `ticket_is = "open"`, `ticket_assignee = "alice"`: what the source of the ticket says.
    fn finding(&self, table: &mut Table<'_, '_>) -> Option<Option<Finding>> {
        let given = table.has("ticket_is");
        let assigned = table.has("ticket_assignee");
        let is = table.one_of("ticket_is", &[("open", Some(true)), ("closed", Some(false)), ("missing", None)]);
        let person = table.text("ticket_assignee").and_then(|name| self.person(table, name));
        if (given && !table.has("ticket")) || (assigned && !matches!(is, Some(Some(_)))) {
            let hint = "write for example `ticket = \"OPS-12\"`, `ticket_is = \"open\"`, `ticket_assignee = \"alice\"`";
            table.problem(
                "`ticket_is` says how a `ticket` stands, and `ticket_assignee` whose it is",
                Some(hint.to_owned()),
            );
        }
        let Some(open) = is.filter(|_| !assigned || person.is_some()) else {
            return (!given && !assigned).then_some(None);
        };
        let Some(open) = open else { return Some(Some(Finding::Missing)) };
        let assignee = person.map(|person| Assignee { name: person.to_string(), person: Some(person) });
        let status = if open { "open" } else { "closed" }.to_owned();
        Some(Some(Finding::Ticket(Ticket { title: String::new(), status, open, assignee })))
    }

    fn person(&self, table: &Table<'_, '_>, name: At<String>) -> Option<PersonId> {
        let ids = || self.directory.people().map(|person| person.id.as_str());
        known(table, &name, "person", ids).then(|| PersonId::new(name.value))
    }

    fn role(&self, table: &Table<'_, '_>, name: At<String>) -> Option<RoleName> {
        let names = || self.policy.roles.keys().map(RoleName::as_str);
        known(table, &name, "role", names).then(|| RoleName::new(name.value))
    }

    fn roles(&self, table: &mut Table<'_, '_>, key: &'static str) -> Option<Vec<RoleName>> {
        if !table.has(key) {
            return Some(Vec::new());
        }
        table.texts_or_none(key)?.into_iter().map(|name| self.role(table, name)).collect()
    }

    /// `{ "source/schedule" = ["olive"] }`: of rotations that the policy names.
    fn oncall(&self, table: &mut Table<'_, '_>) -> Option<Rotations> {
        if !table.has("oncall") {
            return Some(Rotations::new());
        }
        let rotations = table.table("oncall")?;
        let mut oncall = Rotations::new();
        for (rotation, At { value, at }) in rotations.entries() {
            let name = At { value: rotation.to_owned(), at };
            let named = known(&rotations, &name, "rule with the rotation", || self.rotations());
            let people =
                value.as_array().and_then(|people| people.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
            let Some(people) = people else {
                let hint = Some(format!("write for example `\"{rotation}\" = [\"alice\"]`"));
                rotations.reader().problem(
                    at,
                    format!("`{rotation}` in `oncall` of [[case]] is a list of people"),
                    hint,
                );
                continue;
            };
            let person = |id: &str| self.person(&rotations, At { value: id.to_owned(), at });
            let people = people.into_iter().map(person).collect::<Option<BTreeSet<PersonId>>>();
            oncall.extend(people.filter(|_| named).map(|people| (rotation.to_owned(), people)));
        }
        Some(oncall)
    }

    /// `{ "source/service" = ["42", { id = "43", channel = "inc-43" }] }`: open ones, of services that the policy names.
    fn incidents(&self, table: &mut Table<'_, '_>) -> Option<Incidents> {
        if !table.has("incidents") {
            return Some(Incidents::new());
        }
        let services = table.table("incidents")?;
        let named = self.policy.services();
        let mut incidents = Incidents::new();
        for (service, At { value, at }) in services.entries() {
            let name = At { value: service.to_owned(), at };
            let fine =
                known(&services, &name, "rule with incidents of the service", || named.iter().map(String::as_str));
            match open_ones(value) {
                Some(open) if fine => drop(incidents.insert(service.to_owned(), open)),
                Some(_) => {}
                None => {
                    let hint =
                        Some(format!("write for example `\"{service}\" = [{{ id = \"42\", channel = \"inc-42\" }}]`"));
                    let what = format!("`{service}` in `incidents` of [[case]] is a list of open incidents");
                    services.reader().problem(at, what, hint);
                }
            }
        }
        Some(incidents)
    }

    /// The rotations that rules and emergencies name.
    fn rotations(&self) -> impl Iterator<Item = &str> {
        let Parts { rules, emergencies, .. } = &**self.policy;
        let of_emergencies = emergencies.iter().flat_map(|emergency| &emergency.who);
        rules.iter().flat_map(Rule::subjects).chain(of_emergencies).filter_map(Subject::rotation)
    }

    /// A rule, or `role NAME`: what refuses where the role itself does.
    fn rule(&self, table: &Table<'_, '_>, name: At<String>) -> Option<String> {
        let of_role = |role: &str| self.policy.role(&RoleName::from(role)).is_some();
        let names = || self.policy.rules.iter().map(|rule| rule.name.as_str());
        let fine = name.value.strip_prefix("role ").is_some_and(of_role) || known(table, &name, "rule", names);
        fine.then_some(name.value)
    }
}

/// Incidents by their ids, some with their own channel.
fn open_ones(value: &Item) -> Option<Vec<Incident>> {
    let one = |value: &Value| match value {
        Value::String(id) => Some((id.value().clone(), None)),
        Value::InlineTable(table) => {
            let channel = table.get("channel").map(|channel| channel.as_str().map(str::to_owned));
            let alone = table.iter().all(|(key, _)| matches!(key, "id" | "channel"));
            let id = table.get("id")?.as_str()?.to_owned();
            alone.then_some(())?;
            Some((id, channel.map_or(Some(None), |channel| channel.map(Some))?))
        }
        _ => None,
    };
    let incident = |(id, channel): (String, Option<String>)| Incident {
        title: format!("#{id}"),
        channel: channel.map(|name| OwnChannel::written(&name)),
        id,
    };
    value.as_array()?.iter().map(|value| one(value).map(incident)).collect()
}

fn known<'a, I: Iterator<Item = &'a str>>(
    table: &Table<'_, '_>,
    name: &At<String>,
    kind: &str,
    names: impl Fn() -> I,
) -> bool {
    let found = names().any(|known| known == name.value);
    if !found {
        let what = format!("there is no {kind} `{}`", name.value);
        table.reader().problem(name.at, what, did_you_mean(&name.value, names()));
    }
    found
}

/// Named as people name it, with or without `#`.
fn channel(name: &str) -> Channel {
    let name = name.strip_prefix('#').unwrap_or(name).to_owned();
    Channel { id: name.clone(), name }
}

/// A stable code of a refusal.
fn code(table: &Table<'_, '_>, name: &At<String>) -> Option<Code> {
    let read = serde_json::from_value::<Code>(name.value.as_str().into());
    if let Err(error) = &read {
        // serde lists every name there is, in backquotes, after the one that it was given.
        let told = error.to_string();
        let names = told.split_once(", expected").map_or("", |(_, names)| names).split('`').skip(1).step_by(2);
        let what = format!("there is no code `{}` of a refusal", name.value);
        table.reader().problem(name.at, what, did_you_mean(&name.value, names));
    }
    read.ok()
}
