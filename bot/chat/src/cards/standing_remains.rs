//! To security: a grant ended, but the person holds the same as standing access, which jit never takes.

use jit_core::notice::{Notice, NoticeKind};
use jit_core::policy::Exception;

use super::sample::{self, Sample};
use super::{Context, words};
use crate::card::{Card, Line, Tone};

/// Words it.
pub fn card(notice: &Notice, exception: &Option<Exception>, context: &Context) -> Card {
    let access = &notice.access;
    let (title, holder) = (&access.request.title, words::holder_of(access, context));
    let known = match exception {
        None => Line::new(
            "No exception in the policy lists it. If it should not be there, remove it at the system; if it should, list it with an owner and an end.",
        ),
        Some(exception) => Line::new(format!(
            "It is listed as an exception until {}: ",
            exception.last_day()
        ))
        .plain(&exception.reason)
        .plain(format!(". {} answers for it.", words::owner(&exception.owner.to_string(), context))),
    };
    let tone = if exception.is_some() { Tone::Neutral } else { Tone::Warning };
    Card::new(tone, format!("Standing access remains: {title} of {holder}"))
        .text(
            Line::new(format!("{holder} held the same before the grant "))
                .code(access.short.as_str())
                .plain(", so jit did not take it away at the end."),
        )
        .text(known)
        .facts(words::by_hand(access))
        .context(words::small_print(access))
}

pub fn samples() -> Vec<Sample> {
    use jit_core::access::Proof;
    let of = |state: &str, exception| {
        Sample::new(state, NoticeKind::StandingRemains { exception }, sample::expired(Proof::RemainsStanding))
    };
    vec![of("expired", None), of("listed", Some(sample::exception(false)))]
}
