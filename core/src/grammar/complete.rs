//! What could come next in a line that is being typed: verbs, roles, clauses, durations. For composers; decides nothing.

use crate::grammar::clauses::{AND, Clause};
use crate::grammar::verbs::{Takes, VERBS, Verb, verb};
use crate::grammar::without_prefix;
use crate::grammar::words::words;

/// One suggestion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// Replaces the word at the end of the text, the empty one after a blank included.
    pub insert: String,
    /// What is shown.
    pub label: String,
    /// What it means; may be empty.
    pub detail: String,
}

/// The most suggestions at a time.
const MOST: usize = 12;

/// Durations that are suggested.
const DURATIONS: [&str; 6] = ["15m", "30m", "1h", "2h", "4h", "8h"];

/// Suggestions for the end of a text, with or without `/jit`; roles are those that the person may ask for.
pub fn complete(text: &str, roles: &[&str]) -> Vec<Completion> {
    let line = without_prefix(text);
    let Ok(words) = words(line) else { return Vec::new() };
    let typing = !line.is_empty() && !line.ends_with(char::is_whitespace);
    let (done, partial) = match words.split_last() {
        Some((last, done)) if typing => (done, last.text),
        _ => (words.as_slice(), ""),
    };
    let done: Vec<String> = done.iter().map(|word| word.text.to_ascii_lowercase()).collect();
    let mut found = match done.split_first() {
        None => of_verbs(partial),
        Some((first, rest)) => verb(first).map(|verb| after(verb, rest, partial, roles)).unwrap_or_default(),
    };
    found.truncate(MOST);
    found
}

fn after(verb: &Verb, done: &[String], partial: &str, roles: &[&str]) -> Vec<Completion> {
    if done.iter().any(|word| word == "because") {
        return Vec::new();
    }
    match done.last().map(String::as_str) {
        Some("for") if verb.clauses.contains(&Clause::For) => {
            return begun(partial, DURATIONS.iter().map(|duration| (*duration, "")));
        }
        Some("ticket" | "at" | "of" | "until" | "delegate") => return Vec::new(),
        Some("on") => return begun(partial, std::iter::once(("behalf of", ""))),
        Some("behalf") => return begun(partial, std::iter::once(("of", ""))),
        _ => {}
    }
    let mut found = Vec::new();
    if verb.takes == Takes::Roles && done.last().is_some_and(|word| word == AND || word.ends_with(',')) {
        return of_roles(partial, roles);
    }
    if !has_subject(done) {
        match verb.takes {
            Takes::Role | Takes::Roles => found.extend(of_roles(partial, roles)),
            Takes::Text if done.is_empty() => return of_roles(partial, roles),
            Takes::Verb => return of_verbs(partial),
            Takes::Id | Takes::IdAndText | Takes::Text | Takes::Nothing => {}
        }
    }
    // `on behalf of` is of a later version.
    let offered =
        [Clause::For, Clause::At, Clause::Ticket, Clause::Until, Clause::Delegate, Clause::Because, Clause::Drill];
    let missing = offered
        .into_iter()
        .filter(|clause| verb.clauses.contains(clause) && !done.iter().any(|word| word == clause.keyword()));
    if verb.takes != Takes::Id || has_subject(done) {
        found.extend(begun(partial, missing.map(|clause| (clause.keyword(), clause.example()))));
    }
    found
}

/// Whether a word stands there that belongs to no clause.
fn has_subject(done: &[String]) -> bool {
    let mut words = done.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "for" | "at" | "ticket" | "of" | "until" | "delegate" => drop(words.next()),
            "on" | "behalf" | "--drill" => {}
            _ => return true,
        }
    }
    false
}

fn of_verbs(partial: &str) -> Vec<Completion> {
    begun(partial, VERBS.iter().map(|verb| (verb.name, verb.summary)))
}

/// Roles that begin with the word first, then those that hold it.
fn of_roles(partial: &str, roles: &[&str]) -> Vec<Completion> {
    let partial = partial.to_lowercase();
    let (first, others): (Vec<&str>, Vec<&str>) = roles
        .iter()
        .filter(|role| role.to_lowercase().contains(&partial))
        .partition(|role| role.to_lowercase().starts_with(&partial));
    first.into_iter().chain(others).map(|role| completion(role, "")).collect()
}

fn begun<'a>(partial: &str, among: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Completion> {
    let partial = partial.to_lowercase();
    among.filter(|(word, _)| word.starts_with(&partial)).map(|(word, detail)| completion(word, detail)).collect()
}

fn completion(word: &str, detail: &str) -> Completion {
    Completion { insert: format!("{word} "), label: word.to_owned(), detail: detail.to_owned() }
}
