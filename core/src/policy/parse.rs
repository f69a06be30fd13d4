//! Reads a policy from its files. Every problem is told at once, with its place; what needs the directory or the
//! configuration to be judged is left to [`super::check`]. Called when the service loads or reloads, and by `jit policy`.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::document::{At, Problem, Reader, SourceFile, Table};
use crate::id::{PolicyHash, RoleName};
use crate::policy::digest::digest;
use crate::policy::exception::exception;
use crate::policy::parse_role::{role, role_name_patterns};
use crate::policy::parse_rule::{emergency, rule, who};
use crate::policy::parse_windows::{blackout, change_window};
use crate::policy::{
    Blackout, ChangeWindow, Conflict, Digest, Emergency, Limits, Listed, Parts, Place, Policy, Role, Rule, Subject,
    Visibility,
};

/// Reads all files of a policy, in whatever order they come.
pub fn parse(files: &[SourceFile]) -> Result<Policy, Vec<Problem>> {
    let mut files: Vec<&SourceFile> = files.iter().collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let mut draft = Draft::default();
    for file in &files {
        let reader = Reader::new(&file.name, &file.text);
        if let Some(document) = reader.document() {
            read(Table::root(&reader, &document), &file.name, &mut draft);
        }
        draft.problems.extend(reader.into_problems());
    }
    draft.finish(hash(&files))
}

/// SHA-256 over names and bytes, each with its length, in order of name.
fn hash(files: &[&SourceFile]) -> PolicyHash {
    let mut sum = Sha256::new();
    for part in files.iter().flat_map(|file| [&file.name, &file.text]) {
        sum.update((part.len() as u64).to_be_bytes());
        sum.update(part.as_bytes());
    }
    PolicyHash::new(hex::encode(sum.finalize()))
}

/// What was read so far.
#[derive(Default)]
struct Draft {
    roles: BTreeMap<RoleName, Role>,
    rules: Vec<Rule>,
    conflicts: Vec<Conflict>,
    emergencies: Vec<Emergency>,
    exceptions: Vec<Listed>,
    blackouts: Vec<Blackout>,
    change_windows: Vec<ChangeWindow>,
    limits: Option<(Limits, Place)>,
    security: Option<(Security, Place)>,
    visibility: Option<(Visibility, Place)>,
    problems: Vec<Problem>,
}

fn read(mut file: Table<'_, '_>, name: &str, draft: &mut Draft) {
    file.reader().take_values();
    for table in file.tables("role") {
        let (reader, at) = (table.reader(), table.at());
        if let Some(role) = role(table) {
            let role = Role { place: place(reader, name, at), ..role };
            match draft.roles.get(&role.name) {
                Some(first) => reader.problem(at, twice("role", role.name.as_str(), &first.place), None),
                None => drop(draft.roles.insert(role.name.clone(), role)),
            }
        }
    }
    for table in file.tables("rule") {
        let (reader, at) = (table.reader(), table.at());
        if let Some(rule) = rule(table) {
            let rule = Rule { place: place(reader, name, at), ..rule };
            if let Some(first) = draft.rules.iter().find(|first| first.name == rule.name) {
                reader.problem(at, twice("rule", &rule.name, &first.place), None);
            }
            draft.rules.push(rule);
        }
    }
    for table in file.tables("conflict") {
        let (reader, at) = (table.reader(), table.at());
        if let Some(conflict) = conflict(table) {
            draft.conflicts.push(Conflict { place: place(reader, name, at), ..conflict });
        }
    }
    for table in file.tables("emergency") {
        let (reader, at) = (table.reader(), table.at());
        if let Some(emergency) = emergency(table) {
            let place = place(reader, name, at);
            draft.emergencies.push(Emergency { place, ..emergency });
        }
    }
    for table in file.tables("blackout") {
        let (reader, at) = (table.reader(), table.at());
        if let Some(blackout) = blackout(table) {
            if let Some(first) = draft.blackouts.iter().find(|first| first.name == blackout.name) {
                reader.problem(at, twice("blackout", &blackout.name, &first.place), None);
            }
            draft.blackouts.push(Blackout { place: place(reader, name, at), ..blackout });
        }
    }
    for table in file.tables("change_window") {
        let (reader, at) = (table.reader(), table.at());
        if let Some(window) = change_window(table) {
            if let Some(first) = draft.change_windows.iter().find(|first| first.name == window.name) {
                reader.problem(at, twice("change window", &window.name, &first.place), None);
            }
            draft.change_windows.push(ChangeWindow { place: place(reader, name, at), ..window });
        }
    }
    for table in file.tables("exception") {
        let (reader, at) = (table.reader(), table.at());
        if let Some(exception) = exception(table) {
            draft.exceptions.push(Listed { exception, place: place(reader, name, at) });
        }
    }
    once(&mut file, name, "limits", &mut draft.limits, limits);
    once(&mut file, name, "security", &mut draft.security, security);
    once(&mut file, name, "visibility", &mut draft.visibility, visibility);
    file.finish();
}

/// A table that may stand once in all files.
fn once<T>(
    file: &mut Table<'_, '_>,
    name: &str,
    key: &'static str,
    slot: &mut Option<(T, Place)>,
    read: fn(Table<'_, '_>) -> Option<T>,
) {
    let Some(table) = file.table(key) else { return };
    let (reader, at) = (table.reader(), table.at());
    reader.take_values();
    let value = read(table);
    let place = place(reader, name, at);
    match (slot, value) {
        (Some((_, first)), _) => reader.problem(at, twice("table", key, first), None),
        (slot, Some(value)) => *slot = Some((value, place)),
        (_, None) => {}
    }
}

fn twice(kind: &str, name: &str, first: &Place) -> String {
    format!("the {kind} `{name}` stands already at {}:{}", first.file, first.line)
}

fn place(reader: &Reader<'_>, file: &str, at: usize) -> Place {
    let (line, column) = reader.position(at);
    Place { file: file.to_owned(), line, column, values: reader.take_values() }
}

fn conflict(mut table: Table<'_, '_>) -> Option<Conflict> {
    let name = table.need_text("name").and_then(|name| title(&table, "name", name));
    let patterns = table.need_texts("roles");
    let roles = patterns.and_then(|patterns| role_name_patterns(&table, patterns));
    if let Some([only]) = roles.as_deref()
        && !only.contains('*')
    {
        table.problem("a conflict is between at least two roles", None);
    }
    table.finish();
    Some(Conflict { name: name?, roles: roles?, place: Place::default() })
}

/// Who security is, and when it gets its digest.
struct Security {
    who: Vec<Subject>,
    digest: Option<Digest>,
}

impl Default for Security {
    fn default() -> Self {
        Self { who: vec![Subject::Group("security".to_owned())], digest: None }
    }
}

fn security(mut table: Table<'_, '_>) -> Option<Security> {
    let given = table.has("digest");
    let digest = table.table("digest").and_then(digest);
    let who = if given && !table.has("who") { Some(Security::default().who) } else { who(&mut table) };
    table.finish();
    Some(Security { who: who?, digest: if given { Some(digest?) } else { None } })
}

fn visibility(mut table: Table<'_, '_>) -> Option<Visibility> {
    let who = table.need_one_of("who", &[("parties", Visibility::Parties), ("everyone", Visibility::Everyone)]);
    table.finish();
    who
}

fn limits(mut table: Table<'_, '_>) -> Option<Limits> {
    let default = Limits::default();
    let max_simultaneous = table.number("max_simultaneous", 1..1001).unwrap_or(default.max_simultaneous);
    let max_simultaneous_total = table.number("max_simultaneous_total", 1..1_000_001);
    let min_duration = table.span("min_duration").map_or(default.min_duration, |span| span.value);
    let min_justification = table.number("min_justification", 0..501);
    let min_justification = min_justification.map_or(default.min_justification, |n| n as usize);
    let mut max_duration = BTreeMap::new();
    if let Some(environments) = table.table("max_duration") {
        for (environment, item) in environments.entries() {
            let read = item.value.as_str().map(crate::span::Span::parse);
            match read {
                Some(Ok(span)) if !span.is_zero() => drop(max_duration.insert(environment.to_owned(), span)),
                Some(Err(error)) => table.reader().problem(item.at, format!("`{environment}`: {error}"), None),
                _ => {
                    let what = format!("`{environment}` is a duration in quotes, longer than nothing");
                    table.reader().problem(item.at, what, Some("write for example `\"4h\"`".to_owned()));
                }
            }
        }
    }
    table.finish();
    Some(Limits { max_simultaneous, max_simultaneous_total, min_duration, min_justification, max_duration })
}

/// A text for people: something, in one line, of a length that fits on a card.
pub(super) fn title(table: &Table<'_, '_>, key: &str, text: At<String>) -> Option<String> {
    const LONGEST: usize = 120;
    let value = text.value.trim();
    let fine = !value.is_empty() && value.chars().count() <= LONGEST && !value.contains(char::is_control);
    if !fine {
        table.reader().problem(text.at, format!("`{key}` is one line of 1 to {LONGEST} characters"), None);
    }
    fine.then(|| value.to_owned())
}

impl Draft {
    /// Everything or the problems, by place.
    fn finish(self, hash: PolicyHash) -> Result<Policy, Vec<Problem>> {
        let Self { mut roles, rules, conflicts, emergencies, exceptions, blackouts, change_windows, .. } = self;
        let Self { limits, security, visibility, mut problems, .. } = self;
        if !problems.is_empty() {
            problems.sort();
            problems.dedup();
            return Err(problems);
        }
        let places = [
            ("limits", limits.as_ref().map(|(_, place)| place)),
            ("security", security.as_ref().map(|(_, place)| place)),
            ("visibility", visibility.as_ref().map(|(_, place)| place)),
        ];
        let places = places.into_iter().filter_map(|(name, place)| Some((name, place?.clone()))).collect();
        let limits = limits.map(|(limits, _)| limits).unwrap_or_default();
        let Security { who: security, digest } = security.map(|(security, _)| security).unwrap_or_default();
        let visibility = visibility.map(|(visibility, _)| visibility).unwrap_or_default();
        for role in roles.values_mut().filter(|role| role.max_duration.is_zero()) {
            role.max_duration = limits.longest_in(&role.environment);
        }
        let parts = Parts {
            hash,
            roles,
            rules,
            conflicts,
            limits,
            security,
            digest,
            visibility,
            emergencies,
            exceptions,
            blackouts,
            change_windows,
        };
        Ok(Policy::new(parts).with_places(places))
    }
}
