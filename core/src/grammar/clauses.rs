//! Clauses of a line: `for 2h`, `ticket OPS-12`, `because …`, in any order.
//!
//! **What `because` takes.** Everything to the end of the line, except a tail that consists of well-formed clauses only,
//! each of a kind that the verb knows and the line has not given before. So `because the index for orders is broken` is
//! text, and in `because the index is broken for 2h ticket OPS-12` the last four words are two clauses. Where
//! two readings remain (`because it was down for 2h for 1h`) the line is refused, with the advice to quote the text.

use crate::grammar::duration::duration;
use crate::grammar::nearest;
use crate::grammar::time;
use crate::grammar::verbs::{Takes, Verb};
use crate::grammar::words::{Word, bare, between};
use crate::refusal::{Code, Refusal};
use crate::span::Span;

/// Joins the last two of a list.
pub(super) const AND: &str = "and";

/// The kinds of clauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clause {
    For,
    At,
    OnBehalfOf,
    Ticket,
    Until,
    Delegate,
    Because,
    /// `--drill`: says all by itself.
    Drill,
}

/// What a line says besides its verb.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub subject: Option<String>,
    /// Further ones of a list.
    pub more: Vec<String>,
    pub duration: Option<Span>,
    pub at: Option<String>,
    pub on_behalf_of: Option<String>,
    pub ticket: Option<String>,
    pub until: Option<String>,
    pub delegate: Option<String>,
    pub because: Option<String>,
    pub drill: bool,
    given: Vec<Clause>,
}

impl Clause {
    pub const ALL: [Self; 8] =
        [Self::For, Self::At, Self::OnBehalfOf, Self::Ticket, Self::Until, Self::Delegate, Self::Because, Self::Drill];

    pub fn keyword(self) -> &'static str {
        match self {
            Self::For => "for",
            Self::At => "at",
            Self::OnBehalfOf => "on behalf of",
            Self::Ticket => "ticket",
            Self::Until => "until",
            Self::Delegate => "delegate",
            Self::Because => "because",
            Self::Drill => "--drill",
        }
    }

    pub fn example(self) -> &'static str {
        match self {
            Self::For => "for 1h",
            Self::At => "at 14:00",
            Self::OnBehalfOf => "on behalf of @carol",
            Self::Ticket => "ticket OPS-12",
            Self::Until => "until Mon 09:00",
            Self::Delegate => "delegate @carol",
            Self::Because => "because the orders index is broken",
            Self::Drill => "--drill",
        }
    }

    /// The clause whose keyword these words begin with, and how many words the keyword has.
    fn begins(words: &[Word<'_>]) -> Option<(Self, usize)> {
        Self::ALL.into_iter().find_map(|clause| {
            let keyword = clause.keyword().split(' ');
            let length = keyword.clone().count();
            let is =
                |(part, word): (&str, &Word<'_>)| if clause == Self::Drill { is_drill(word) } else { word.is(part) };
            let same = words.len() >= length && keyword.zip(words).all(is);
            same.then_some((clause, length))
        })
    }
}

/// `--drill`, also with the dash that phones and editors make of two.
fn is_drill(word: &Word<'_>) -> bool {
    let name = word.text.trim_start_matches(['-', '–', '—']);
    !word.quoted && name.len() < word.text.len() && bare(name).eq_ignore_ascii_case("drill")
}

/// Reads everything after the verb.
pub(super) fn read<'a>(verb: &Verb, line: &'a str, words: &[Word<'a>]) -> Result<Said, Refusal> {
    let mut said = Said::default();
    let mut at = 0;
    let mut goes_on = false;
    while at < words.len() {
        let rest = &words[at..];
        let in_list = goes_on;
        goes_on = false;
        at += match Clause::begins(rest) {
            Some((clause, length)) => {
                if !verb.clauses.contains(&clause) {
                    return Err(foreign(verb, clause));
                }
                if said.given.contains(&clause) {
                    return Err(twice(clause));
                }
                said.given.push(clause);
                length + said.take(clause, verb, line, &rest[length..])?
            }
            None if verb.takes == Takes::Roles && (said.subject.is_none() || in_list || and(&rest[0])) => {
                if in_list && is_slip(verb, rest) {
                    return Err(stray(verb, &rest[0]));
                }
                goes_on = said.name(&rest[0], rest.get(1));
                1
            }
            None if said.subject.is_none() && verb.takes != Takes::Nothing => {
                said.subject = Some(bare(rest[0].text).to_owned());
                1
            }
            None => return Err(stray(verb, &rest[0])),
        };
    }
    Ok(said)
}

/// What stands between the last two of a list.
fn and(word: &Word<'_>) -> bool {
    word.is(AND) || word.is("&")
}

/// Whether what would be one more of a list is rather a keyword with a slip in it: text follows that is no part of a list.
fn is_slip(verb: &Verb, words: &[Word<'_>]) -> bool {
    let follows = words.get(1).is_some_and(|next| !and(next) && Clause::begins(&words[1..]).is_none());
    let keywords = verb.clauses.iter().map(|clause| clause.keyword()).filter(|keyword| !keyword.contains(' '));
    follows && !words[0].text.ends_with(',') && nearest(words[0].text, keywords).is_some()
}

impl Said {
    /// Takes one word of a list; whether the list goes on after it.
    fn name(&mut self, word: &Word<'_>, next: Option<&Word<'_>>) -> bool {
        let goes_on = word.text.ends_with(',') && !word.quoted;
        // A comma after a quotation is a word of its own.
        if and(word) || (bare(word.text).is_empty() && !word.quoted) {
            return true;
        }
        let names: Vec<&str> = if word.quoted { vec![word.text] } else { word.text.split(',').map(bare).collect() };
        for name in names.into_iter().filter(|name| !name.is_empty()) {
            match &self.subject {
                None => self.subject = Some(name.to_owned()),
                Some(_) => self.more.push(name.to_owned()),
            }
        }
        goes_on || next.is_some_and(|next| and(next) || next.text.starts_with(','))
    }

    /// No clauses.
    pub fn only(subject: &str) -> Self {
        Self { subject: (!subject.is_empty()).then(|| subject.to_owned()), ..Self::default() }
    }

    /// Reads a clause's value; how many words it has.
    fn take<'a>(&mut self, clause: Clause, verb: &Verb, line: &'a str, rest: &[Word<'a>]) -> Result<usize, Refusal> {
        if clause == Clause::Drill {
            self.drill = true;
            return Ok(0);
        }
        if clause == Clause::Because {
            let length = text_length(verb, &self.given, rest)?;
            if verb.clauses.contains(&Clause::Drill) && rest[..length].iter().any(is_drill) {
                return Err(amid());
            }
            let text = between(line, &rest[..length]);
            self.because = (!text.is_empty()).then(|| text.to_owned());
            return Ok(length);
        }
        let Some(first) = rest.first().filter(|_| Clause::begins(rest).is_none()) else { return Err(empty(clause)) };
        if clause == Clause::For {
            let (span, length) = duration(rest).ok_or_else(|| no_duration(first))?;
            self.duration = Some(span);
            return Ok(length);
        }
        let length = match clause {
            Clause::At | Clause::Until => 1 + rest[1..].iter().take_while(|word| is_time(word)).count(),
            Clause::Delegate if first.is("to") && rest.len() > 1 => 2,
            _ => 1,
        };
        let from = if clause == Clause::Delegate { length - 1 } else { 0 };
        let value = bare(between(line, &rest[from..length])).to_owned();
        if value.is_empty() {
            return Err(empty(clause));
        }
        match clause {
            Clause::At => self.at = Some(value),
            Clause::OnBehalfOf => self.on_behalf_of = Some(value.trim_start_matches('@').to_owned()),
            Clause::Until => self.until = Some(value),
            Clause::Delegate => self.delegate = Some(value.trim_start_matches('@').to_owned()),
            _ => self.ticket = Some(value),
        }
        Ok(length)
    }
}

/// How many words the text of `because` has; see the module's rule.
fn text_length(verb: &Verb, given: &[Clause], words: &[Word<'_>]) -> Result<usize, Refusal> {
    for start in 0..words.len() {
        let Some(kinds) = tail(verb, given, &words[start..]) else { continue };
        // The text itself ends in a clause of a kind that follows: which one was meant?
        let before = (0..start).rev().take(5).find_map(|at| {
            let (clause, length) = shaped(&words[at..])?;
            (at + length == start && kinds.contains(&clause)).then_some(clause)
        });
        return before.map_or(Ok(start), |clause| Err(twice(clause)));
    }
    Ok(words.len())
}

/// The kinds of clauses, when these words are nothing but well-formed clauses that may still be given.
fn tail(verb: &Verb, given: &[Clause], words: &[Word<'_>]) -> Option<Vec<Clause>> {
    let mut kinds: Vec<Clause> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let (clause, length) = shaped(&words[at..])?;
        if kinds.contains(&clause) || given.contains(&clause) || !verb.clauses.contains(&clause) {
            return None;
        }
        kinds.push(clause);
        at += length;
    }
    (!kinds.is_empty()).then_some(kinds)
}

/// A clause whose value has the form that its keyword asks for, and its length in words.
fn shaped(words: &[Word<'_>]) -> Option<(Clause, usize)> {
    let (clause, keyword) = Clause::begins(words)?;
    if clause == Clause::Drill {
        return Some((clause, keyword));
    }
    let value = &words[keyword..];
    let first = value.first()?;
    let length = match clause {
        Clause::For => duration(value)?.1,
        Clause::At | Clause::Until => is_time(first).then(|| value.iter().take_while(|word| is_time(word)).count())?,
        Clause::OnBehalfOf | Clause::Delegate => first.text.starts_with('@').then_some(1)?,
        Clause::Ticket => first.text.chars().any(|c| c.is_ascii_digit()).then_some(1)?,
        Clause::Because | Clause::Drill => return None,
    };
    Some((clause, keyword + length))
}

fn is_time(word: &Word<'_>) -> bool {
    time::is_time(word.text)
}

fn foreign(verb: &Verb, clause: Clause) -> Refusal {
    Refusal::new(
        Code::NotUnderstood,
        format!("`{}` takes no `{}`.", verb.name, clause.keyword()),
        format!("Write for example `/jit {}`.", verb.example),
    )
}

/// Nobody who typed it may get the real thing.
fn amid() -> Refusal {
    let next = "Write `/jit emergency --drill ROLE for 30m because …`, or put text that holds it in quotes.";
    Refusal::new(Code::NotUnderstood, "`--drill` stands amid the text.", next)
}

fn twice(clause: Clause) -> Refusal {
    Refusal::new(
        Code::NotUnderstood,
        format!("`{}` stands there twice.", clause.keyword()),
        format!("Say it once; put text that holds the word `{}` in quotes.", clause.keyword()),
    )
}

fn empty(clause: Clause) -> Refusal {
    Refusal::new(
        Code::NotUnderstood,
        format!("Nothing follows `{}`.", clause.keyword()),
        format!("Write for example `{}`.", clause.example()),
    )
}

fn no_duration(word: &Word<'_>) -> Refusal {
    if word.text.starts_with('@') {
        let next = "Leave the person out: whoever needs access asks for it. Durations are like 90s, 15m, 2h or 1h30m.";
        return Refusal::new(Code::NotUnderstood, "`for` says for how long, not for whom.", next);
    }
    let text = shown(word.text);
    let number = !text.is_empty() && text.len() < 4 && text.bytes().all(|b| b.is_ascii_digit());
    let next = if number {
        format!("Write for example `for {text}h` or `for {text}m`.")
    } else {
        "Write durations like 90s, 15m, 2h, 1h30m or 1d.".to_owned()
    };
    Refusal::new(Code::NotUnderstood, format!("`{text}` is not a duration."), next)
}

fn stray(verb: &Verb, word: &Word<'_>) -> Refusal {
    let text = shown(word.text);
    let known = verb.clauses.iter().map(|clause| clause.keyword());
    let next = if duration(std::slice::from_ref(word)).is_some() && verb.clauses.contains(&Clause::For) {
        format!("Write `for {text}` for a duration.")
    } else if let Some(keyword) = nearest(&text, known.filter(|keyword| !keyword.contains(' '))) {
        format!("Did you mean `{keyword}`?")
    } else if verb.clauses.contains(&Clause::Because) {
        format!("Reasons begin with `because`; write for example `/jit {}`.", verb.example)
    } else {
        format!("Write for example `/jit {}`.", verb.example)
    };
    Refusal::new(Code::NotUnderstood, format!("`{text}` was not understood after `{}`.", verb.name), next)
}

/// What somebody typed, cut for a message.
pub(super) fn shown(text: &str) -> String {
    let short: String = text.chars().filter(|c| !c.is_control() && *c != '`').take(40).collect();
    if text.chars().count() > 40 { format!("{short}…") } else { short }
}
