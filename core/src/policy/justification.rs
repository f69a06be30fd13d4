//! Justifications that say nothing: too short, or typed to get past the field.

use crate::policy::faults::Fault;
use crate::refusal::Code;

/// Words that alone explain nothing. A justification of only these is refused.
const EMPTY_WORDS: &[&str] = &[
    "a",
    "access",
    "again",
    "because",
    "blah",
    "debug",
    "debugging",
    "fix",
    "foo",
    "bar",
    "i",
    "it",
    "just",
    "me",
    "my",
    "need",
    "needed",
    "no",
    "none",
    "now",
    "pls",
    "please",
    "quick",
    "reason",
    "reasons",
    "required",
    "some",
    "something",
    "stuff",
    "temp",
    "test",
    "testing",
    "tests",
    "the",
    "thing",
    "things",
    "this",
    "to",
    "urgent",
    "want",
    "work",
    "xxx",
    "yes",
    "asap",
    "lorem",
    "ipsum",
];

/// Rows of keyboards (US, German, French), forwards; runs along them are no words.
const ROWS: &[&str] = &[
    "1234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
];

/// What is wrong with a justification; `minimum` in characters, blanks around it not counted.
pub(super) fn fault(text: &str, minimum: usize) -> Option<Fault> {
    let text = text.trim();
    let refused = |what: String| {
        let next = "say what you need it for, for example `because the orders index is broken`";
        Some(Fault::new(Code::Justification, what, next))
    };
    if text.is_empty() {
        return refused("no justification is given".to_owned());
    }
    let length = text.chars().count();
    if length < minimum {
        return refused(format!("the justification has {length} of at least {minimum} characters"));
    }
    if says_nothing(text) {
        return refused("the justification explains nothing".to_owned());
    }
    None
}

fn says_nothing(text: &str) -> bool {
    let text = text.to_lowercase();
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let distinct: std::collections::BTreeSet<&str> = words.iter().copied().collect();
    words.iter().all(|word| EMPTY_WORDS.contains(word) || is_noise(word)) || (words.len() >= 3 && distinct.len() == 1)
}

/// Repeated letters, repeated chunks (`asdasdasd`), or a run along the keyboard.
fn is_noise(word: &str) -> bool {
    let letters: Vec<char> = word.chars().collect();
    if letters.len() == 1 || letters.iter().all(|c| c.is_numeric()) {
        return true;
    }
    if letters.len() == 2 {
        return false;
    }
    let repeats = |n: usize| letters.iter().zip(letters.iter().skip(n)).all(|(a, b)| a == b);
    (1..=letters.len() / 2).any(|n| n <= 4 && repeats(n)) || is_keyboard_walk(&letters)
}

/// Made of runs of at least three neighbours on one row, in either direction: `asdf`, `qwerty`, `asdfqwer`.
fn is_keyboard_walk(letters: &[char]) -> bool {
    let beside = |a: char, b: char| {
        ROWS.iter().any(|row| {
            row.as_bytes().windows(2).any(|w| {
                let (x, y) = (char::from(w[0]), char::from(w[1]));
                (x, y) == (a, b) || (y, x) == (a, b)
            })
        })
    };
    letters.len() >= 4 && letters.chunks(4).all(|run| run.len() < 2 || run.windows(2).all(|w| beside(w[0], w[1])))
}

#[cfg(test)]
mod tests {
    use super::fault;

    #[test]
    fn texts_that_say_nothing_are_refused() {
        for text in [
            "",
            "   ",
            "asdf",
            "asdf asdf asdf",
            "test",
            "test test test",
            "testing testing",
            "because because",
            "because I need it now",
            "aaaaaaaaaaaaaaa",
            "qwertyuiop asdfghjkl",
            "asdfasdfasdf",
            "asdfqwerasdf",
            "please please please",
            "...............",
            "1234567890123",
            "deploy deploy deploy",
            "ASDASDASDASD",
            "x x x x x x x x",
            "lkjhgfdsa lkjh",
            "🔥🔥🔥🔥🔥🔥🔥🔥🔥🔥🔥🔥🔥",
        ] {
            assert!(fault(text, 12).is_some(), "{text}");
        }
    }

    #[test]
    fn honest_texts_pass() {
        for text in [
            "incident 42: orders are stuck",
            "the index for orders is broken",
            "OPS-12 rotate keys",
            "fix the login bug",
            "test the restore of backup 7",
            "Datenbankumzug am Wochenende",
            "データベースの修復が必要です。至急",
            "banana bread recipes",
            "need to debug billing",
        ] {
            assert_eq!(fault(text, 12), None, "{text}");
        }
    }
}
