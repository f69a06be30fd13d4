//! Who is mentioned: Teams names people by its own ids, or by their object ids, and the language by their canonical ones. Of a name nothing is
//! made: several people can have one, and everybody can choose theirs.

use std::collections::BTreeMap;

use jit_chat::deliver::ChatError;
use jit_chat::inbound::Intent;
use jit_chat::teams::decode::Inbound;

use crate::app::App;

/// What follows a mention without a blank is no part of it.
const AFTER: [char; 9] = [',', ';', '.', ':', '!', '?', ')', '"', '\''];

/// The same, with everybody who is mentioned and known by their canonical id. Who is not stays what Teams calls them, which is nobody.
pub(super) async fn named(app: &App, inbound: &Inbound) -> Result<Inbound, ChatError> {
    let (Intent::Line { text }, Some(teams)) = (&inbound.intent, &app.teams) else { return Ok(inbound.clone()) };
    let mentioned = &inbound.way.mentioned;
    if mentioned.is_empty() {
        return Ok(inbound.clone());
    }
    let accounts = teams.chat.references().people(&inbound.way.reference.tenant, mentioned).await?;
    let snapshot = app.dispatch.in_force.get();
    let person = |id: &String| snapshot.directory.by_teams(accounts.get(id).unwrap_or(id));
    let known: BTreeMap<&str, &str> =
        mentioned.iter().filter_map(|id| Some((id.as_str(), person(id)?.id.as_str()))).collect();
    let text = text.split_inclusive(char::is_whitespace).map(|word| in_place(word, &known)).collect();
    Ok(Inbound { intent: Intent::Line { text }, ..inbound.clone() })
}

/// A word with the blank after it.
fn in_place(word: &str, known: &BTreeMap<&str, &str>) -> String {
    let (before, rest) = word.split_once('@').unwrap_or((word, ""));
    let id = rest.trim_end().trim_end_matches(AFTER);
    match known.get(id) {
        Some(person) => format!("{before}@{person}{}", &rest[id.len()..]),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_ids_of_those_who_are_mentioned_are_replaced() {
        let known = BTreeMap::from([("29:dana", "dana"), ("29:dan", "dan")]);
        for (word, named) in [
            ("@29:dana", "@dana"),
            ("@29:dana, ", "@dana, "),
            ("(@29:dan)\n", "(@dan)\n"),
            ("@29:danae", "@29:danae"),
            ("29:dana", "29:dana"),
            ("@carl ", "@carl "),
            ("@", "@"),
            ("", ""),
        ] {
            assert_eq!(in_place(word, &known), named, "{word:?}");
        }
    }
}
