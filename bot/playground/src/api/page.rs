//! Cursors: how long lists are cut into pages. Used by every method that lists.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{Args, Outcome, Refused, args::invalid, refuse};

/// Items of a page when `limit` is absent. Source: Slack, "Pagination".
const DEFAULT: usize = 100;
/// Largest `limit`. Source: Slack, "conversations.list".
const MAX: i64 = 1000;

/// Reads `limit`.
pub(super) fn limit(args: &Args) -> Result<usize, Refused> {
    match args.number("limit")? {
        None | Some(0) => Ok(DEFAULT),
        Some(n) if (1..=MAX).contains(&n) => Ok(usize::try_from(n).unwrap_or(DEFAULT)),
        Some(_) => Err(refuse("invalid_limit")),
    }
}

/// What a cursor holds: the position the next page starts at. Opaque and padded, as Slack's are, so
/// that a client which does not encode it fails here too.
pub(super) fn read_cursor(args: &Args, kind: &str) -> Result<Option<String>, Refused> {
    let Some(cursor) = args.text("cursor")?.filter(|c| !c.is_empty()) else { return Ok(None) };
    let plain = STANDARD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let position = plain.and_then(|p| p.strip_prefix(&format!("{kind}:")).map(|at| at.trim_end().to_owned()));
    position.map(Some).ok_or_else(|| refuse("invalid_cursor"))
}

pub(super) fn cursor(kind: &str, position: &str) -> String {
    let mut plain = format!("{kind}:{position}");
    if plain.len() % 3 == 0 {
        plain.push(' ');
    }
    STANDARD.encode(plain)
}

/// One page of a list under `key`; cursors are positions in the list.
pub(super) fn page(args: &Args, key: &str, items: Vec<Value>) -> Outcome {
    let limit = limit(args)?;
    let start = match read_cursor(args, "next")? {
        Some(position) => position.parse::<usize>().map_err(|_| invalid("invalid cursor"))?,
        None => 0,
    };
    let total = items.len();
    let items: Vec<Value> = items.into_iter().skip(start).take(limit).collect();
    let end = start.saturating_add(items.len());
    let next = if end < total { cursor("next", &end.to_string()) } else { String::new() };
    Ok(json!({ key: items, "response_metadata": { "next_cursor": next } }))
}
