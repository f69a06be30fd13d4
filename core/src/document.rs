//! A TOML file read key by key, with positions: what policy and people files share.
//!
//! Reading never stops at the first problem: each is noted with file, line, column and, where a name is nearly right, the
//! right one. A table must be finished: keys that nobody asked for are unknown, and refused.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use chrono::{DateTime, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use toml_edit::{Document, Item, TableLike, TomlError, Value};

use crate::grammar::nearest;
use crate::span::Span;

/// Something wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// As the caller named it.
    pub file: String,
    /// From 1; 0 when it is about the file as a whole.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong, a clause.
    pub what: String,
    /// What would be right, a clause.
    pub hint: Option<String>,
    /// Whether it keeps the file from being loaded.
    pub severity: Severity,
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It must not be loaded.
    Error,
    /// It may be meant; worth a look.
    Warning,
}

/// A file, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// For messages and for the order of files; relative to where people look.
    pub name: String,
    /// Its content.
    pub text: String,
}

/// Line and column, both from 1.
pub(crate) type Position = (usize, usize);

impl Problem {
    /// Whether it keeps the file from being loaded.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Problem {
    /// `policy/prod.toml:12:5: unknown key …; did you mean …?`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        let mark = if self.severity == Severity::Warning { "warning: " } else { "" };
        write!(f, ": {mark}{}", self.what)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "; {hint}"))
    }
}

/// The hint for a name that is nearly right.
pub(crate) fn did_you_mean<'a>(word: &str, among: impl Iterator<Item = &'a str>) -> Option<String> {
    nearest(word, among).map(|name| format!("did you mean `{name}`?"))
}

/// A name as ASCII spells it, so that a letter of another alphabet shows that it is one.
pub(crate) fn spelled(name: &str) -> String {
    let mut spelled = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_ascii_graphic() || c == ' ' {
            spelled.push(c);
        } else {
            spelled.extend(c.escape_default());
        }
    }
    spelled
}

/// One file while it is read.
pub(crate) struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    line_starts: Vec<usize>,
    problems: RefCell<Vec<Problem>>,
    values: RefCell<BTreeMap<String, Position>>,
}

/// A value and the byte where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct At<T> {
    pub value: T,
    pub at: usize,
}

impl<'a> Reader<'a> {
    pub fn new(file: &'a str, text: &'a str) -> Self {
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { file, text, line_starts, problems: RefCell::default(), values: RefCell::default() }
    }

    /// Reads the text; a syntax error becomes a problem.
    pub fn document(&self) -> Option<Document<&'a str>> {
        Document::parse(self.text).map_err(|error| self.syntax(&error)).ok()
    }

    fn syntax(&self, error: &TomlError) {
        let at = error.span().map_or(0, |span| span.start);
        let message = error.message().lines().collect::<Vec<_>>().join(", ");
        self.problem(at, message, None);
    }

    pub fn problem(&self, at: usize, what: impl Into<String>, hint: Option<String>) {
        self.problem_at(self.position(at), what, hint);
    }

    /// Like [`Reader::problem`], for a position that was kept.
    pub fn problem_at(&self, (line, column): Position, what: impl Into<String>, hint: Option<String>) {
        let (file, what) = (self.file.to_owned(), what.into());
        self.problems.borrow_mut().push(Problem { file, line, column, what, hint, severity: Severity::Error });
    }

    /// Line and column of a byte.
    pub fn position(&self, at: usize) -> Position {
        let line = self.line_starts.partition_point(|start| *start <= at).max(1);
        let start = self.line_starts[line - 1];
        let column = self.text.get(start..at).map_or(1, |before| before.chars().count() + 1);
        (line, column)
    }

    /// Positions of the values read since the last call.
    pub fn take_values(&self) -> BTreeMap<String, Position> {
        self.values.take()
    }

    pub fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }
}

/// The title of the outermost table.
const ROOT: &str = "the file";

/// One table of a file. `'a` is the document, `'r` the reader.
pub(crate) struct Table<'a, 'r> {
    reader: &'r Reader<'r>,
    table: &'a dyn TableLike,
    /// For messages: `[[role]]`.
    title: String,
    /// For positions: `steps.0.`.
    path: String,
    at: usize,
    asked: BTreeSet<&'static str>,
}

fn start(span: Option<Range<usize>>) -> Option<usize> {
    span.map(|span| span.start)
}

impl<'a, 'r> Table<'a, 'r> {
    pub fn root(reader: &'r Reader<'r>, document: &'a Document<&str>) -> Self {
        let title = ROOT.to_owned();
        Self { reader, table: document.as_table(), title, path: String::new(), at: 0, asked: BTreeSet::new() }
    }

    /// The byte where it stands.
    pub fn at(&self) -> usize {
        self.at
    }

    pub fn reader(&self) -> &'r Reader<'r> {
        self.reader
    }

    /// Notes a problem about the table itself.
    pub fn problem(&self, what: impl Into<String>, hint: Option<String>) {
        self.reader.problem(self.at, what, hint);
    }

    /// Whether a key is given; asking makes it a known one.
    pub fn has(&mut self, key: &'static str) -> bool {
        self.asked.insert(key);
        self.table.contains_key(key)
    }

    /// A key's value, and where it stands.
    fn get(&mut self, key: &'static str) -> Option<At<&'a Item>> {
        self.asked.insert(key);
        let (name, value) = self.table.get_key_value(key)?;
        let at = start(value.span()).or_else(|| start(name.span())).unwrap_or(self.at);
        self.note(key, at);
        Some(At { value, at })
    }

    fn note(&self, path: &str, at: usize) {
        self.reader.values.borrow_mut().insert([&self.path, path].concat(), self.reader.position(at));
    }

    /// Notes that a key which must be given is not.
    fn need<T>(&self, key: &str, value: Option<T>) -> Option<T> {
        if value.is_none() && !self.table.contains_key(key) {
            self.problem(format!("{} needs `{key}`", self.title), None);
        }
        value
    }

    fn wrong(&self, key: &str, at: usize, expected: &str, found: &str) {
        self.reader.problem(at, format!("`{key}` in {} is {}, not {found}", self.title, expected), None);
    }

    pub fn text(&mut self, key: &'static str) -> Option<At<String>> {
        let At { value, at } = self.get(key)?;
        match value.as_str() {
            Some(text) => Some(At { value: text.to_owned(), at }),
            None => {
                self.wrong(key, at, "a text", found(value));
                None
            }
        }
    }

    pub fn need_text(&mut self, key: &'static str) -> Option<At<String>> {
        let value = self.text(key);
        self.need(key, value)
    }

    pub fn boolean(&mut self, key: &'static str) -> Option<bool> {
        let At { value, at } = self.get(key)?;
        let read = value.as_bool();
        if read.is_none() {
            self.wrong(key, at, "true or false", found(value));
        }
        read
    }

    /// A whole number within bounds.
    pub fn number(&mut self, key: &'static str, bounds: Range<u32>) -> Option<u32> {
        let At { value, at } = self.get(key)?;
        let Some(number) = value.as_integer() else {
            self.wrong(key, at, "a whole number", found(value));
            return None;
        };
        let read = u32::try_from(number).ok().filter(|number| bounds.contains(number));
        if read.is_none() {
            let what =
                format!("`{key}` in {} is from {} to {}, not {number}", self.title, bounds.start, bounds.end - 1);
            self.reader.problem(at, what, None);
        }
        read
    }

    /// A duration longer than nothing.
    pub fn span(&mut self, key: &'static str) -> Option<At<Span>> {
        let At { value, at } = self.get(key)?;
        let Some(text) = value.as_str() else {
            let hint = value.as_integer().map(|n| format!("write for example `\"{n}h\"` or `\"{n}m\"`"));
            let what = format!("`{key}` in {} is a duration in quotes, not {}", self.title, found(value));
            self.reader.problem(at, what, hint);
            return None;
        };
        match Span::parse(text) {
            Ok(span) if !span.is_zero() => Some(At { value: span, at }),
            Ok(_) => {
                self.reader.problem(at, format!("`{key}` in {} is longer than nothing", self.title), None);
                None
            }
            Err(error) => {
                self.reader.problem(at, format!("`{key}` in {}: {error}", self.title), None);
                None
            }
        }
    }

    /// An instant with its zone: RFC 3339 in quotes, or TOML's own date and time.
    pub fn instant(&mut self, key: &'static str) -> Option<DateTime<Utc>> {
        let At { value, at } = self.get(key)?;
        let text = value.as_str().map(str::to_owned).or_else(|| value.as_datetime().map(ToString::to_string));
        let Some(text) = text else {
            self.wrong(key, at, "a time", found(value));
            return None;
        };
        let read = DateTime::parse_from_rfc3339(text.trim()).map(|read| read.to_utc());
        if read.is_err() {
            let what = format!("`{key}` in {} is no time with a zone: `{text}`", self.title);
            self.reader.problem(at, what, Some("write for example `2026-11-23T09:30:00+01:00`".to_owned()));
        }
        read.ok()
    }

    /// An IANA time zone.
    pub fn zone(&mut self, key: &'static str) -> Option<Tz> {
        let At { value, at } = self.text(key)?;
        let zone = value.parse::<Tz>().ok();
        if zone.is_none() {
            let what = format!("`{}` is no time zone", value.escape_debug().take(60).collect::<String>());
            let hint = did_you_mean(&value, TZ_VARIANTS.iter().map(|zone| zone.name()));
            self.reader.problem(at, what, hint.or(Some("write one like `Europe/Berlin` or `UTC`".to_owned())));
        }
        zone
    }

    pub fn need_zone(&mut self, key: &'static str) -> Option<Tz> {
        let value = self.zone(key);
        self.need(key, value)
    }

    /// A day or a local time, in quotes or as TOML's own: as it is written.
    pub fn need_local(&mut self, key: &'static str) -> Option<At<String>> {
        let value = self.get(key);
        let At { value, at } = self.need(key, value)?;
        let text = value.as_str().map(str::to_owned).or_else(|| value.as_datetime().map(ToString::to_string));
        if text.is_none() {
            self.wrong(key, at, "a day or a time", found(value));
        }
        text.map(|value| At { value, at })
    }

    /// One or several texts: `"a"` or `["a", "b"]`, never none.
    pub fn texts(&mut self, key: &'static str) -> Option<Vec<At<String>>> {
        let texts = self.texts_or_none(key)?;
        if texts.is_empty() {
            let at = start(self.table.get(key).and_then(Item::span)).unwrap_or(self.at);
            self.reader.problem(at, format!("`{key}` in {} names nothing", self.title), None);
            return None;
        }
        Some(texts)
    }

    /// Like [`Table::texts`], and `[]` is fine.
    pub fn texts_or_none(&mut self, key: &'static str) -> Option<Vec<At<String>>> {
        let At { value, at } = self.get(key)?;
        if let Some(text) = value.as_str() {
            self.note(&format!("{key}.0"), at);
            return Some(vec![At { value: text.to_owned(), at }]);
        }
        let Some(array) = value.as_array() else {
            self.wrong(key, at, "a list of texts", found(value));
            return None;
        };
        let mut texts = Vec::new();
        for (index, value) in array.iter().enumerate() {
            let at = start(value.span()).unwrap_or(at);
            self.note(&format!("{key}.{index}"), at);
            match value.as_str() {
                Some(text) => texts.push(At { value: text.to_owned(), at }),
                None => self.wrong(key, at, "a list of texts", value.type_name()),
            }
        }
        // What could not be read was said. A rest of nothing would be said to name nothing, which it does not.
        (array.is_empty() || !texts.is_empty()).then_some(texts)
    }

    /// Lists of texts: `[["a"], ["b", "c"]]`; none is empty.
    pub fn text_lists(&mut self, key: &'static str) -> Option<Vec<Vec<At<String>>>> {
        let At { value, at } = self.get(key)?;
        let inner = |value: &Value| {
            let texts = value.as_array().filter(|texts| !texts.is_empty())?.iter();
            let text = |text: &Value| {
                let at = start(text.span()).unwrap_or(at);
                text.as_str().map(|text| At { value: text.to_owned(), at })
            };
            texts.map(text).collect::<Option<Vec<_>>>()
        };
        let lists = value.as_array().filter(|lists| !lists.is_empty());
        let lists = lists.and_then(|lists| lists.iter().map(inner).collect::<Option<Vec<_>>>());
        if lists.is_none() {
            let hint = Some(format!("write for example `{key} = [[\"a\"], [\"b\", \"c\"]]`"));
            self.reader.problem(at, format!("`{key}` in {} is a list of lists of texts", self.title), hint);
        }
        lists
    }

    pub fn need_texts(&mut self, key: &'static str) -> Option<Vec<At<String>>> {
        let value = self.texts(key);
        self.need(key, value)
    }

    /// A text that is one of these.
    pub fn one_of<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        self.choose(key, &text, choices)
    }

    pub fn need_one_of<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let value = self.one_of(key, choices);
        self.need(key, value)
    }

    /// One or several of these.
    pub fn some_of<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<Vec<T>> {
        self.texts(key)?.iter().map(|text| self.choose(key, text, choices)).collect()
    }

    fn choose<T: Copy>(&self, key: &str, text: &At<String>, choices: &[(&str, T)]) -> Option<T> {
        let chosen = choices.iter().find(|(name, _)| *name == text.value).map(|(_, value)| *value);
        if chosen.is_none() {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            let what = format!("`{key}` in {} is one of {}, not `{}`", self.title, names.join(", "), text.value);
            self.reader.problem(text.at, what, did_you_mean(&text.value, names.into_iter()));
        }
        chosen
    }

    /// A table of its own, inline or not.
    pub fn table(&mut self, key: &'static str) -> Option<Table<'a, 'r>> {
        let At { value, at } = self.get(key)?;
        match value.as_table_like() {
            Some(table) if self.is_root() => Some(self.inner(format!("[{key}]"), String::new(), table, at)),
            Some(table) => Some(self.inner(format!("`{key}` of {}", self.title), format!("{key}."), table, at)),
            None => {
                self.wrong(key, at, "a table `{ … }`", found(value));
                None
            }
        }
    }

    pub fn need_table(&mut self, key: &'static str) -> Option<Table<'a, 'r>> {
        let value = self.table(key);
        self.need(key, value)
    }

    /// `[[key]]`, or a list of inline tables.
    pub fn tables(&mut self, key: &'static str) -> Vec<Table<'a, 'r>> {
        let Some(At { value, at }) = self.get(key) else { return Vec::new() };
        let tables: Vec<(&'a dyn TableLike, Option<usize>)> = match value {
            Item::ArrayOfTables(array) => {
                array.iter().map(|table| (table as &dyn TableLike, start(table.span()))).collect()
            }
            Item::Value(Value::Array(array)) if array.iter().all(Value::is_inline_table) => array
                .iter()
                .filter_map(|value| Some((value.as_inline_table()? as &dyn TableLike, start(value.span()))))
                .collect(),
            other => {
                let hint = Some(format!("write `[[{key}]]`, or `{key} = [ {{ … }} ]`"));
                let what = format!("`{key}` in {} is a list of tables, not {}", self.title, found(other));
                self.reader.problem(at, what, hint);
                return Vec::new();
            }
        };
        let top = self.is_root();
        let title = if top { format!("[[{key}]]") } else { format!("`{key}` of {}", self.title) };
        let inner = |(index, (table, own)): (usize, (_, Option<usize>))| {
            let path = if top { String::new() } else { format!("{key}.{index}.") };
            let at = own.unwrap_or(at);
            self.note(path.trim_end_matches('.'), at);
            self.inner(title.clone(), path, table, at)
        };
        tables.into_iter().enumerate().map(inner).collect()
    }

    fn is_root(&self) -> bool {
        self.title == ROOT
    }

    fn inner(&self, title: String, path: String, table: &'a dyn TableLike, at: usize) -> Table<'a, 'r> {
        let path = format!("{}{path}", self.path);
        Table { reader: self.reader, table, title, path, at, asked: BTreeSet::new() }
    }

    /// Every key with its value and where it stands, whatever the keys are; nothing is unknown then.
    pub fn entries(&self) -> impl Iterator<Item = (&'a str, At<&'a Item>)> {
        let (table, own) = (self.table, self.at);
        table.iter().map(move |(key, value)| {
            let of_key = start(table.key(key).and_then(toml_edit::Key::span));
            let at = of_key.or_else(|| start(value.span())).unwrap_or(own);
            self.note(key, at);
            (key, At { value, at })
        })
    }

    /// Refuses the keys that nobody asked for.
    pub fn finish(self) {
        for (key, value) in self.table.iter() {
            if self.asked.contains(key) {
                continue;
            }
            let of_key = start(self.table.key(key).and_then(toml_edit::Key::span));
            let at = of_key.or_else(|| start(value.span())).unwrap_or(self.at);
            let what = format!("unknown key `{key}` in {}", self.title);
            self.reader.problem(at, what, did_you_mean(key, self.asked.iter().copied()));
        }
    }
}

/// What a value is, for messages.
fn found(item: &Item) -> &'static str {
    match item {
        Item::None => "nothing",
        Item::Table(_) => "a table",
        Item::ArrayOfTables(_) => "a list of tables",
        Item::Value(value) => match value {
            Value::String(_) => "a text",
            Value::Integer(_) => "a number",
            Value::Float(_) => "a fraction",
            Value::Boolean(_) => "true or false",
            Value::Datetime(_) => "a date",
            Value::Array(_) => "a list",
            Value::InlineTable(_) => "a table",
        },
    }
}
