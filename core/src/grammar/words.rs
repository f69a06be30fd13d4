//! Cuts a line into words; quoted text is one word. Straight, typographic and angle quotes count; apostrophes do not.

use crate::refusal::{Code, Refusal};

/// The longest line that is read. Source: Slack cuts what a slash command sends at 4,000 characters.
pub const LONGEST_LINE: usize = 4_000;

/// A word and where it stands in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word<'a> {
    /// Without quotes.
    pub text: &'a str,
    pub quoted: bool,
    /// Bytes of the line, quotes included.
    pub start: usize,
    pub end: usize,
}

impl Word<'_> {
    /// Whether it is this keyword, in any case. Quoted text never is.
    pub fn is(&self, keyword: &str) -> bool {
        !self.quoted && bare(self.text).eq_ignore_ascii_case(keyword)
    }
}

/// Without the punctuation that people put after a word.
pub(super) fn bare(word: &str) -> &str {
    word.trim_end_matches([',', ';'])
}

/// What closes a quotation, in order of preference; empty for what opens none.
fn closers(opening: char) -> &'static [char] {
    match opening {
        '"' => &['"', '”', '“'],
        '“' => &['”', '"', '“'],
        '”' => &['”', '"'],
        '„' => &['“', '”', '"'],
        '«' => &['»'],
        '‘' => &['’'],
        '\'' => &['\''],
        '`' => &['`'],
        _ => &[],
    }
}

/// The words of a line; refused when a quotation is never closed.
pub(super) fn words(line: &str) -> Result<Vec<Word<'_>>, Refusal> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(first) = line[at..].chars().next() {
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let word = match quoted(line, at, first)? {
            Some(word) => word,
            None => {
                let end = line[at..].find(char::is_whitespace).map_or(line.len(), |length| at + length);
                Word { text: &line[at..end], quoted: false, start: at, end }
            }
        };
        at = word.end;
        words.push(word);
    }
    Ok(words)
}

/// A quotation that begins here. A lone apostrophe or backquote begins a plain word.
fn quoted(line: &str, start: usize, opening: char) -> Result<Option<Word<'_>>, Refusal> {
    let closers = closers(opening);
    let inside = start + opening.len_utf8();
    let closing = closers.iter().find_map(|closer| close(line, inside, *closer).map(|at| (at, closer.len_utf8())));
    match closing {
        Some((at, length)) => Ok(Some(Word { text: &line[inside..at], quoted: true, start, end: at + length })),
        None if closers.is_empty() || matches!(opening, '\'' | '‘' | '`' | '”') => Ok(None),
        None => {
            let from: String = line[start..].chars().take(20).collect();
            Err(Refusal::new(
                Code::NotUnderstood,
                format!("A quotation mark is never closed: {from}"),
                "Close it, or leave it out.",
            ))
        }
    }
}

/// The first closer that ends a word.
fn close(line: &str, from: usize, closer: char) -> Option<usize> {
    line[from..].match_indices(closer).map(|(at, _)| from + at).find(|at| {
        let next = line[at + closer.len_utf8()..].chars().next();
        next.is_none_or(|c| c.is_whitespace() || matches!(c, ',' | '.' | ';' | ':' | '!' | '?' | ')'))
    })
}

/// The text between two words of the line, as it was written; one quotation alone loses its quotes.
pub(super) fn between<'a>(line: &'a str, words: &[Word<'a>]) -> &'a str {
    match words {
        [] => "",
        [only] => only.text.trim(),
        [first, .., last] => line[first.start..last.end].trim(),
    }
}

/// A text such that [`words`] reads it as one: quoted with the first marks that it does not hold itself.
pub(super) fn quote(text: &str) -> String {
    let pairs = [('"', '"'), ('“', '”'), ('«', '»'), ('‘', '’')];
    match pairs.into_iter().find(|(open, close)| !text.contains(*open) && !text.contains(*close)) {
        Some((open, close)) => format!("{open}{text}{close}"),
        None => format!("\"{}\"", text.replace(['"', '“', '”'], "'")),
    }
}
