//! Where a key stands in the configuration's text, so that every error names its line. Called while it is read; finds, never judges.

use toml_edit::{Document, Item, Key, TableLike, Value};

/// The line of a byte, from 1.
pub(super) fn line(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

/// The first key of that name at or after a byte, as near as one can tell which one is meant.
pub(super) fn of_key(text: &str, name: &str, from: usize) -> Option<usize> {
    let document = Document::parse(text).ok()?;
    let mut found = Vec::new();
    keys(document.as_table(), name, &mut found);
    found.into_iter().filter(|at| *at >= from).min()
}

/// The key at the end of a path of keys.
pub(super) fn of_path(text: &str, path: &[&str]) -> Option<usize> {
    let document = Document::parse(text).ok()?;
    let (last, tables) = path.split_last()?;
    let table =
        tables.iter().try_fold(document.as_table() as &dyn TableLike, |table, key| table.get(key)?.as_table_like())?;
    table.get_key_value(last).and_then(|(key, item)| start(key).or_else(|| item.span().map(|span| span.start)))
}

fn start(key: &Key) -> Option<usize> {
    key.span().map(|span| span.start)
}

fn keys(table: &dyn TableLike, name: &str, found: &mut Vec<usize>) {
    for (key, item) in table.iter() {
        if key == name {
            found.extend(table.get_key_value(key).and_then(|(key, _)| start(key)));
        }
        match item {
            Item::ArrayOfTables(tables) => tables.iter().for_each(|table| keys(table, name, found)),
            Item::Value(Value::Array(array)) => {
                array.iter().filter_map(Value::as_inline_table).for_each(|table| keys(table, name, found));
            }
            item => item.as_table_like().into_iter().for_each(|table| keys(table, name, found)),
        }
    }
}
