//! `{ env = "NAME" }` and `{ file = "path" }`: values that come from elsewhere, put into the text before it is read, so that every
//! key may use them and every error still names its line.

use std::path::Path;

use toml_edit::{Item, Value};

use super::ConfigError;

/// The text with every such value put in, and the values, so that no error shows one.
pub(super) struct Filled {
    pub text: String,
    secrets: Vec<String>,
}

impl Filled {
    /// The message without any value that came from elsewhere.
    pub fn redact(&self, message: &str) -> String {
        self.secrets.iter().filter(|secret| !secret.is_empty()).fold(message.to_owned(), |message, secret| {
            let quoted = format!("{secret:?}");
            message.replace(&quoted, "(hidden)").replace(secret, "(hidden)")
        })
    }
}

/// Puts the values in, last first, so that the earlier places stay where they are. No line is added or taken.
pub(super) fn fill(
    text: &str,
    file: &str,
    base: &Path,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Filled, ConfigError> {
    let line_of = |at: usize| text[..at.min(text.len())].matches('\n').count() + 1;
    let document = toml_edit::Document::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(span.start));
        ConfigError(format!("{file}:{line}: {}", error.message().replace('\n', " ")))
    })?;
    let mut places = Vec::new();
    collect(document.as_item(), &mut places);
    places.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
    let mut filled = Filled { text: text.to_owned(), secrets: Vec::new() };
    for (span, source) in places {
        let at = |what: String| ConfigError(format!("{file}:{}: {what}", line_of(span.start)));
        let value = match &source {
            Source::Environment(name) => {
                environment(name).ok_or_else(|| at(format!("the environment has no {name}; set it before starting")))?
            }
            Source::File(path) => std::fs::read_to_string(base.join(path))
                .map_err(|error| at(format!("{path} cannot be read: {error}")))?,
        };
        let value = value.trim_end_matches(['\r', '\n']).to_owned();
        let literal = toml_edit::value(&value).to_string();
        // A value with line breaks may come out as a multi-line literal; JSON's escapes are TOML's, on one line.
        let literal =
            if literal.contains('\n') { serde_json::Value::from(value.as_str()).to_string() } else { literal };
        filled.text.replace_range(span, literal.trim());
        filled.secrets.push(value);
    }
    Ok(filled)
}

enum Source {
    Environment(String),
    File(String),
}

fn collect(item: &Item, places: &mut Vec<(std::ops::Range<usize>, Source)>) {
    match item {
        Item::Table(table) => table.iter().for_each(|(_, item)| collect(item, places)),
        Item::ArrayOfTables(tables) => {
            tables.iter().flat_map(|table| table.iter()).for_each(|(_, item)| collect(item, places));
        }
        Item::Value(value) => collect_value(value, places),
        Item::None => {}
    }
}

fn collect_value(value: &Value, places: &mut Vec<(std::ops::Range<usize>, Source)>) {
    match value {
        Value::InlineTable(table) => match (source(table), table.span()) {
            (Some(source), Some(span)) => places.push((span, source)),
            _ => table.iter().for_each(|(_, value)| collect_value(value, places)),
        },
        Value::Array(array) => array.iter().for_each(|value| collect_value(value, places)),
        _ => {}
    }
}

/// Exactly one key, `env` or `file`, with a text.
fn source(table: &toml_edit::InlineTable) -> Option<Source> {
    let mut entries = table.iter();
    let (key, value) = entries.next()?;
    if entries.next().is_some() {
        return None;
    }
    let text = value.as_str()?.to_owned();
    match key {
        "env" => Some(Source::Environment(text)),
        "file" => Some(Source::File(text)),
        _ => None,
    }
}
