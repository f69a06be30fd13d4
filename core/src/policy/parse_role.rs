//! Reads `[[role]]`, and the names and subjects that other tables share with it. Called by [`super::parse`] alone.

use std::collections::{BTreeMap, BTreeSet};

use toml_edit::{Item, Value};

use crate::document::{At, Table, spelled};
use crate::entitlement::Target;
use crate::grammar::is_keyword;
use crate::id::{ConnectorName, RoleName};
use crate::policy::parse::title;
use crate::policy::{Level, Place, Risk, Role, Subject};
use crate::span::Span;

pub(super) const LEVELS: &[(&str, Level)] =
    &[("read-only", Level::ReadOnly), ("write", Level::Write), ("admin", Level::Admin)];
pub(super) const RISKS: &[(&str, Risk)] = &[("low", Risk::Low), ("medium", Risk::Medium), ("high", Risk::High)];

/// The longest name. Source: Slack, 75 characters for an option of a select menu.
const LONGEST_NAME: usize = 64;

/// One role; `max_duration` is nothing where it was left out, the environment's fills it in.
pub(super) fn role(mut table: Table<'_, '_>) -> Option<Role> {
    let name = table.need_text("name").and_then(|text| role_name(&table, text));
    let title_given = table.has("title");
    let title = table.text("title").and_then(|text| title(&table, "title", text));
    let connector = table.need_text("connector").and_then(|text| plain(&table, "connector", text));
    let target = target(&mut table);
    let level = table.need_one_of("level", LEVELS);
    let environment = table.need_text("environment").and_then(|text| plain(&table, "environment", text));
    let risk = table.need_one_of("risk", RISKS);
    let owner = table.need_text("owner").and_then(|text| owner(&table, text));
    let tags = table.texts_or_none("tags").unwrap_or_default();
    let tags: Option<BTreeSet<String>> = tags.into_iter().map(|tag| plain(&table, "tags", tag)).collect();
    let max_duration = table.span("max_duration").map_or(Span::default(), |span| span.value);
    let max_simultaneous = table.number("max_simultaneous", 1..1_000_001);
    let pilot = table.boolean("pilot").unwrap_or(false);
    table.finish();
    let name = name?;
    Some(Role {
        title: if title_given { title? } else { name.as_str().to_owned() },
        name,
        connector: ConnectorName::new(connector?),
        target: target?,
        level: level?,
        environment: environment?,
        risk: risk?,
        owner: owner?,
        tags: tags?,
        max_duration,
        max_simultaneous,
        pilot,
        place: Place::default(),
    })
}

fn role_name(table: &Table<'_, '_>, text: At<String>) -> Option<RoleName> {
    if is_keyword(&text.value) {
        let what = format!("`{}` is a word of the language and cannot name a role", text.value);
        table.reader().problem(text.at, what, None);
        return None;
    }
    plain(table, "name", text).map(RoleName::new)
}

/// A name that can be typed and not be mistaken: ASCII letters, digits, `.`, `_`, `-` and `/`.
pub(super) fn plain(table: &Table<'_, '_>, key: &str, text: At<String>) -> Option<String> {
    let fine = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    if (1..=LONGEST_NAME).contains(&text.value.len()) && text.value.chars().all(fine) {
        return Some(text.value);
    }
    let shown: String = spelled(&text.value).chars().take(LONGEST_NAME).collect();
    let what =
        format!("`{key}`: `{shown}` has other characters than letters, digits and . _ - / (1 to {LONGEST_NAME})");
    table.reader().problem(text.at, what, None);
    None
}

/// Patterns over role names.
pub(super) fn role_name_patterns(table: &Table<'_, '_>, patterns: Vec<At<String>>) -> Option<Vec<String>> {
    let stars = |text: At<String>| {
        let without = At { value: text.value.replace('*', "x"), at: text.at };
        plain(table, "roles", without).map(|_| text.value)
    };
    patterns.into_iter().map(stars).collect()
}

/// Who owns: a person or a group.
pub(super) fn owner(table: &Table<'_, '_>, text: At<String>) -> Option<Subject> {
    let allowed = |subject: &Subject| matches!(subject, Subject::Person(_) | Subject::Group(_));
    subject(table, &text, allowed, "an owner is a person or a `group:`")
}

/// A subject of a kind that is allowed here.
pub(super) fn subject(
    table: &Table<'_, '_>,
    text: &At<String>,
    allowed: impl Fn(&Subject) -> bool,
    otherwise: &str,
) -> Option<Subject> {
    match Subject::try_from(text.value.clone()) {
        Ok(subject) if allowed(&subject) => Some(subject),
        Ok(subject) => {
            table.reader().problem(text.at, format!("`{subject}` cannot stand here; {otherwise}"), None);
            None
        }
        Err(error) => {
            table.reader().problem(text.at, error, None);
            None
        }
    }
}

fn target(table: &mut Table<'_, '_>) -> Option<Target> {
    if !table.has("target") {
        return Some(Target::default());
    }
    let inner = table.table("target")?;
    // Every value is looked at, so that each wrong one is told.
    let read: Vec<_> = inner.entries().map(|(key, item)| (key.to_owned(), json_item(&inner, key, item))).collect();
    read.into_iter().map(|(key, value)| Some((key, value?))).collect::<Option<BTreeMap<_, _>>>().map(Target)
}

fn json_item(table: &Table<'_, '_>, key: &str, item: At<&Item>) -> Option<serde_json::Value> {
    let value = item.value.clone().into_value().ok().and_then(|value| json(&value));
    if value.is_none() {
        let what = format!("`target.{key}` is a text, a whole number, true or false, or lists and tables of them");
        table.reader().problem(item.at, what, None);
    }
    value
}

/// Without fractions and dates: what is hashed must have one form only.
fn json(value: &Value) -> Option<serde_json::Value> {
    Some(match value {
        Value::String(text) => text.value().as_str().into(),
        Value::Integer(number) => (*number.value()).into(),
        Value::Boolean(flag) => (*flag.value()).into(),
        Value::Array(array) => array.iter().map(json).collect::<Option<Vec<_>>>()?.into(),
        Value::InlineTable(table) => {
            let entries = table.iter().map(|(key, value)| Some((key.to_owned(), json(value)?)));
            entries.collect::<Option<serde_json::Map<_, _>>>()?.into()
        }
        Value::Float(_) | Value::Datetime(_) => return None,
    })
}
