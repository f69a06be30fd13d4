//! Words: one file per notice, and [`answers`] for what a person is told at once.
//!
//! A notice's file has `card` (what it says, in every state of the access it may be told in) and `samples` (those states, for the
//! snapshots). Adding a notice: its variant in `jit_core::notice`, its file here, and its line below.

mod advice;
pub mod aloud;
pub mod answers;
mod bulletins;
mod bundle;
mod button;
pub mod home;
mod outcome;
pub mod sample;
pub(crate) mod words;

use chrono::{DateTime, Utc};
use jit_core::access::Access;
use jit_core::directory::Directory;
use jit_core::effect::Content;
use jit_core::id::PersonId;
use jit_core::notice::{Notice, NoticeKind};

use crate::card::{Block, Card, Line};
use sample::Sample;

/// What wording needs to know beside the notice.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// For names, and for the platform's ids.
    pub directory: &'a Directory,
    /// For "in 15m" where the platform does not count itself.
    pub now: DateTime<Utc>,
}

impl<'a> Context<'a> {
    /// The name for people to read.
    pub fn name(&self, id: &'a PersonId) -> &'a str {
        self.directory.name(id)
    }
}

/// Words whatever a message says.
pub fn content(content: &Content, context: &Context) -> Card {
    match content {
        Content::Notice(notice) => card(notice, context),
        Content::Bulletin(bulletin) => bulletins::card(bulletin, context),
    }
}

/// Every card and every answer of the product, by name: for snapshots, validators and the docs.
pub fn all(context: &Context) -> Vec<(String, Card)> {
    let notices = samples().into_iter().map(|sample| (sample.name, card(&sample.notice, context)));
    let bulletins = bulletins::samples().into_iter().map(|(name, told)| (name, bulletins::card(&told, context)));
    let answers = answers::samples().into_iter().map(|(name, answer)| (name, answers::card(&answer, context)));
    notices.chain(bulletins).chain(answers).chain(home::samples(context)).chain(aloud::samples()).collect()
}

/// Says of a rehearsal that it is one, in the title and in words; nothing of what is real.
fn mark(mut card: Card, access: &Access) -> Card {
    let (Some(why), Some(untouched)) = (words::rehearsal(access), words::untouched(access)) else { return card };
    card.title = format!("{why}: {}", card.title);
    let line = Line::default().strong(untouched);
    card.blocks.insert(0, Block::Text(line.0));
    card
}

macro_rules! notices {
    ($($kind:ident $({ $($field:ident),+ })? => $module:ident,)+) => {
        $(mod $module;)+

        /// Words a notice. What is only rehearsed is marked here, so that no card can leave it out.
        pub fn card(notice: &Notice, context: &Context) -> Card {
            let notice = &bundle::spread(notice);
            let card = match &notice.kind {
                $(NoticeKind::$kind $({ $($field),+ })? => $module::card(notice, $($($field,)+)? context),)+
            };
            mark(card, &notice.access)
        }

        /// Every notice in every state worth looking at.
        pub fn samples() -> Vec<Sample> {
            [$((stringify!($module), $module::samples()),)+]
                .into_iter()
                .flat_map(|(notice, samples)| samples.into_iter().map(move |sample| sample.of(notice)))
                .collect()
        }
    };
}

notices! {
    Request => request,
    Approval { step } => approval,
    StandsIn { away } => stands_in,
    Reminder => reminder,
    Question { index } => question,
    QuestionAsked { index } => question_asked,
    Replied { to } => replied,
    Approved { by, at_most } => approved,
    Escalated { to } => escalated,
    Granted => granted,
    Grant => grant,
    Warning => warning,
    EndsSoon => ends_soon,
    Ended => ended,
    Review => review,
    ReviewDue => review_due,
    ReviewOverdue => review_overdue,
    Reviewed => reviewed,
    ElevationFailed => elevation_failed,
    RevocationFailing => revocation_failing,
    RevocationStillFailing => revocation_still_failing,
    RevocationRecovered => revocation_recovered,
    StandingRemains { exception } => standing_remains,
}
