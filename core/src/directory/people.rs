//! Reads `people.toml`, the embedded directory. Every problem is told at once, with its place.
//!
//! What must hold for identity to mean anything is refused here: one person per id, chat account, address, target
//! account and SSH key; managers who exist and do not go round in circles.

mod keys;

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono_tz::Tz;

use crate::access::Platform;
use crate::directory::{Directory, Person};
use crate::document::{At, Position, Problem, Reader, Table, did_you_mean, spelled};
use crate::id::{AccountName, ConnectorName, PersonId};

/// The longest id, name, address or account.
const LONGEST: usize = 120;

/// Words that mean something else where a person may stand.
const RESERVED: [&str; 5] = ["manager", "owner", "manager-of-approver", "everyone", "me"];

/// Reads everybody; `connectors`, where known, are what `accounts` may name.
pub fn parse_people(
    name: &str,
    text: &str,
    connectors: Option<&BTreeSet<ConnectorName>>,
) -> Result<Directory, Vec<Problem>> {
    let reader = Reader::new(name, text);
    let mut found = Vec::new();
    if let Some(document) = reader.document() {
        let mut file = Table::root(&reader, &document);
        for table in file.tables("person") {
            reader.take_values();
            found.extend(person(table, connectors).map(|(person, at)| Found {
                person,
                at,
                values: reader.take_values(),
            }));
        }
        file.finish();
        unique(&reader, &found);
        managers(&reader, &found);
    }
    let mut problems = reader.into_problems();
    if problems.is_empty() {
        return Ok(Directory::new(found.into_iter().map(|found| found.person)));
    }
    problems.sort();
    problems.dedup();
    Err(problems)
}

/// A person, and where they and their values stand.
struct Found {
    person: Person,
    at: usize,
    values: BTreeMap<String, Position>,
}

fn person(mut table: Table<'_, '_>, connectors: Option<&BTreeSet<ConnectorName>>) -> Option<(Person, usize)> {
    let at = table.at();
    let id = table.need_text("id").and_then(|text| person_id(&table, &text));
    let name = table.need_text("name").and_then(|text| line(&table, "name", text));
    let email =
        optional(&mut table, "email", |text| text.contains('@') && !text.contains(char::is_whitespace), "an address");
    let slack =
        optional(&mut table, "slack", is_slack_id, "a Slack user id such as `U0001`; names and handles decide nothing");
    let teams = optional(&mut table, "teams", |text| !text.contains(char::is_whitespace), "an Entra object id");
    let chat = chat(&mut table, (&slack, &teams));
    let manager = table.text("manager").map(|text| PersonId::new(text.value));
    let groups = groups(&mut table);
    let active = if table.has("active") { table.boolean("active") } else { Some(true) };
    let zone = if table.has("zone") { table.zone("zone") } else { Some(Tz::UTC) };
    let accounts = accounts(&mut table, connectors);
    let ssh_keys = ssh_keys(&mut table);
    table.finish();
    let person = Person {
        id: id?,
        name: name?,
        email: email?,
        slack: slack?,
        teams: teams?,
        chat: chat?,
        manager,
        groups: groups?,
        active: active?,
        zone: zone?,
        accounts: accounts?,
        ssh_keys: ssh_keys?,
        oncall: BTreeSet::new(),
    };
    Some((person, at))
}

/// Small ASCII letters, digits, `.`, `_` and `-` only: ids of other alphabets could look like somebody else's.
fn person_id(table: &Table<'_, '_>, text: &At<String>) -> Option<PersonId> {
    let id = &text.value;
    let shown: String = spelled(id).chars().take(60).collect();
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    if !(1..=64).contains(&id.len()) || !id.chars().all(fine) {
        let what = format!("the id `{shown}` has other characters than a-z, 0-9 and . _ - (1 to 64)");
        table.reader().problem(text.at, what, None);
        return None;
    }
    if RESERVED.contains(&id.as_str()) {
        table.reader().problem(text.at, format!("`{shown}` is a word of policy and cannot be an id"), None);
        return None;
    }
    Some(PersonId::new(id.as_str()))
}

/// One line of text for people.
fn line(table: &Table<'_, '_>, key: &str, text: At<String>) -> Option<String> {
    let value = text.value.trim();
    let fine = (1..=LONGEST).contains(&value.chars().count()) && !value.contains(char::is_control);
    if !fine {
        table.reader().problem(text.at, format!("`{key}` is one line of 1 to {LONGEST} characters"), None);
    }
    fine.then(|| value.to_owned())
}

/// A key that may be missing: the outer option is `None` when it is wrong.
fn optional(
    table: &mut Table<'_, '_>,
    key: &'static str,
    fine: impl Fn(&str) -> bool,
    expected: &str,
) -> Option<Option<String>> {
    if !table.has(key) {
        return Some(None);
    }
    let text = table.text(key)?;
    let at = text.at;
    let value = line(table, key, text)?;
    if fine(&value) {
        return Some(Some(value));
    }
    table.reader().problem(at, format!("`{key}` is {expected}, not `{value}`"), None);
    None
}

/// The platform that they prefer, on which they must be.
fn chat(
    table: &mut Table<'_, '_>,
    (slack, teams): (&Option<Option<String>>, &Option<Option<String>>),
) -> Option<Option<Platform>> {
    if !table.has("chat") {
        return Some(None);
    }
    let text = table.text("chat")?;
    let (platform, id) = match text.value.as_str() {
        "slack" => (Platform::Slack, slack),
        "teams" => (Platform::Teams, teams),
        _ => {
            table.reader().problem(text.at, "`chat` is \"slack\" or \"teams\"".to_owned(), None);
            return None;
        }
    };
    if *id == Some(None) {
        let what = format!("`chat` is `{0}`, and there is no key `{0}` with their id there", text.value);
        table.reader().problem(text.at, what, None);
        return None;
    }
    Some(Some(platform))
}

/// Source: Slack, user ids begin with `U` or, for accounts of an Enterprise organisation, with `W`.
fn is_slack_id(text: &str) -> bool {
    let rest = text.strip_prefix(['U', 'W']);
    rest.is_some_and(|rest| rest.len() >= 2 && rest.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()))
}

fn groups(table: &mut Table<'_, '_>) -> Option<BTreeSet<String>> {
    if !table.has("groups") {
        return Some(BTreeSet::new());
    }
    let read: Vec<Option<String>> = table
        .texts_or_none("groups")?
        .into_iter()
        .map(|text| {
            let at = text.at;
            let name = line(table, "groups", text)?;
            let fine = name.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
            if !fine {
                let what =
                    format!("the group `{}` has other characters than letters, digits and . _ - /", spelled(&name));
                table.reader().problem(at, what, None);
            }
            fine.then_some(name)
        })
        .collect();
    read.into_iter().collect()
}

fn accounts(
    table: &mut Table<'_, '_>,
    connectors: Option<&BTreeSet<ConnectorName>>,
) -> Option<BTreeMap<ConnectorName, AccountName>> {
    if !table.has("accounts") {
        return Some(BTreeMap::new());
    }
    let inner = table.table("accounts")?;
    let mut accounts = BTreeMap::new();
    let mut fine = true;
    for (connector, item) in inner.entries() {
        let account =
            item.value.as_str().map(str::trim).filter(|account| {
                (1..=LONGEST).contains(&account.chars().count()) && !account.contains(char::is_control)
            });
        let Some(account) = account else {
            inner.reader().problem(item.at, format!("the account in `{connector}` is one line of text"), None);
            fine = false;
            continue;
        };
        let connector = ConnectorName::new(connector);
        if let Some(known) = connectors.filter(|known| !known.contains(&connector)) {
            let hint = did_you_mean(connector.as_str(), known.iter().map(ConnectorName::as_str));
            inner.reader().problem(item.at, format!("there is no connector `{connector}`"), hint);
            fine = false;
        }
        accounts.insert(connector, AccountName::new(account));
    }
    fine.then_some(accounts)
}

fn ssh_keys(table: &mut Table<'_, '_>) -> Option<Vec<String>> {
    if !table.has("ssh_keys") {
        return Some(Vec::new());
    }
    let read: Vec<Option<String>> = table
        .texts_or_none("ssh_keys")?
        .into_iter()
        .map(|text| match keys::check(&text.value) {
            Ok(()) => Some(text.value.trim().to_owned()),
            Err(what) => {
                table.reader().problem(text.at, what, None);
                None
            }
        })
        .collect();
    read.into_iter().collect()
}

/// Notes what two people share that only one can have.
fn unique(reader: &Reader<'_>, found: &[Found]) {
    let mut owners: HashMap<(Identity<'_>, Cow<'_, str>), &PersonId> = HashMap::new();
    for found in found {
        for (identity, key) in identities(&found.person) {
            match owners.entry((identity, key)) {
                Entry::Occupied(first) => {
                    let (path, what) = identity.told(&found.person, &first.key().1);
                    let place = found.values.get(&path).copied();
                    problem_at(reader, place, found.at, format!("{what} is {}'s already", first.get()));
                }
                Entry::Vacant(free) => drop(free.insert(&found.person.id)),
            }
        }
    }
}

/// What must be one person's alone.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Identity<'a> {
    Id,
    /// What an id passes for when it is read quickly.
    Look,
    Email,
    Slack,
    Teams,
    Account(&'a ConnectorName),
    SshKey,
}

/// Everything of a person that must be theirs alone, as it is compared.
fn identities(person: &Person) -> Vec<(Identity<'_>, Cow<'_, str>)> {
    let mut all = vec![(Identity::Id, person.id.as_str().into()), (Identity::Look, look(person.id.as_str()))];
    all.extend(person.email.iter().map(|email| (Identity::Email, email.to_lowercase().into())));
    all.extend(person.slack.iter().map(|id| (Identity::Slack, id.into())));
    all.extend(person.teams.iter().map(|id| (Identity::Teams, id.to_lowercase().into())));
    let accounts = person.accounts.iter();
    all.extend(accounts.map(|(connector, account)| (Identity::Account(connector), account.as_str().into())));
    all.extend(person.ssh_keys.iter().map(|key| (Identity::SshKey, material(key).into())));
    all
}

impl Identity<'_> {
    /// Where it stands, and its name for messages.
    fn told(self, person: &Person, key: &str) -> (String, String) {
        let named = |path: &str, value: Option<&str>| (path.to_owned(), format!("{path} `{}`", value.unwrap_or(key)));
        match self {
            Self::Id => named("id", None),
            Self::Look => ("id".to_owned(), format!("the id `{}`, which looks like another,", person.id)),
            Self::Email => named("email", person.email.as_deref()),
            Self::Slack => named("slack", None),
            Self::Teams => named("teams", person.teams.as_deref()),
            Self::Account(connector) => {
                (format!("accounts.{connector}"), format!("the account `{key}` in `{connector}`"))
            }
            Self::SshKey => {
                let index = person.ssh_keys.iter().position(|own| material(own) == key).unwrap_or_default();
                (format!("ssh_keys.{index}"), "this SSH key".to_owned())
            }
        }
    }
}

/// The key itself, without its kind and comment.
fn material(key: &str) -> &str {
    key.split_whitespace().nth(1).unwrap_or(key)
}

/// `0` passes for `o` and `1` for `l` when read quickly.
fn look(id: &str) -> Cow<'_, str> {
    if id.contains(['0', '1']) { id.replace('0', "o").replace('1', "l").into() } else { id.into() }
}

fn problem_at(reader: &Reader<'_>, place: Option<Position>, at: usize, what: String) {
    reader.problem_at(place.unwrap_or_else(|| reader.position(at)), what, None);
}

/// Notes managers who do not exist, and circles.
fn managers(reader: &Reader<'_>, found: &[Found]) {
    let by_id: HashMap<&PersonId, usize> =
        found.iter().enumerate().map(|(number, found)| (&found.person.id, number)).collect();
    let place = |one: &Found| one.values.get("manager").copied().unwrap_or_else(|| reader.position(one.at));
    for one in found {
        if let Some(manager) = one.person.manager.as_ref().filter(|manager| !by_id.contains_key(manager)) {
            let hint = did_you_mean(manager.as_str(), by_id.keys().map(|id| id.as_str()));
            reader.problem_at(place(one), format!("there is no person `{manager}`"), hint);
        }
    }
    let manager = |number: usize| found[number].person.manager.as_ref().and_then(|id| by_id.get(id).copied());
    for circle in circles(found.len(), manager) {
        let names: Vec<&str> = circle.iter().map(|number| found[*number].person.id.as_str()).collect();
        let what = format!("managers go round in a circle: {} and again {}", names.join(", "), names[0]);
        reader.problem_at(place(&found[circle[0]]), what, None);
    }
}

/// Each circle on the ways from one to the next, from its lowest number on. Everyone is walked through once.
fn circles(count: usize, next: impl Fn(usize) -> Option<usize>) -> Vec<Vec<usize>> {
    let mut walked = vec![false; count];
    let mut circles = Vec::new();
    for start in 0..count {
        let (mut way, mut at) = (Vec::new(), Some(start));
        while let Some(number) = at.filter(|number| !walked[*number]) {
            walked[number] = true;
            way.push(number);
            at = next(number);
        }
        let met = at.and_then(|again| way.iter().position(|number| *number == again));
        if let Some(met) = met {
            let mut circle = way.split_off(met);
            let lowest = (0..circle.len()).min_by_key(|place| circle[*place]).unwrap_or(0);
            circle.rotate_left(lowest);
            circles.push(circle);
        }
    }
    circles
}
