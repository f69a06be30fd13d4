//! What many see on Teams: the samples of cards that go to a channel, with who may act on them. For snapshots, validators and renderings.

use jit_core::notice::NoticeKind;

use super::actions::{Shared, SharedCard};
use super::render::Viewer;
use crate::card::Card;
use crate::cards::{self, Context};

/// Dana may act on it.
static ACTING: std::sync::LazyLock<[String; 1]> = std::sync::LazyLock::new(|| ["29:dana".to_owned()]);

/// How a card goes to a channel.
#[derive(Clone, Copy, Debug)]
pub struct InChannel {
    /// What a client asks its reader's own face with.
    pub shared: Option<Shared>,
}

impl InChannel {
    /// Everybody there.
    pub fn viewer(self) -> Viewer<'static> {
        Viewer::Everybody { shared: self.shared, acting: &*ACTING, others: false }
    }
}

/// Every sample of every notice that goes to a channel.
pub fn shared(context: &Context) -> Vec<(String, Card, InChannel)> {
    let told = cards::samples().into_iter().filter(|sample| in_channel(&sample.notice.kind));
    told.map(|sample| {
        let of = |card| Shared { access: sample.notice.access.id, card };
        let shared = SharedCard::of(&sample.notice.kind).map(of);
        (sample.name, cards::card(&sample.notice, context), InChannel { shared })
    })
    .collect()
}

fn in_channel(kind: &NoticeKind) -> bool {
    match kind {
        NoticeKind::Grant
        | NoticeKind::EndsSoon
        | NoticeKind::Ended
        | NoticeKind::Review
        | NoticeKind::ReviewDue
        | NoticeKind::ReviewOverdue
        | NoticeKind::ElevationFailed
        | NoticeKind::RevocationFailing
        | NoticeKind::RevocationStillFailing
        | NoticeKind::RevocationRecovered
        | NoticeKind::StandingRemains { .. } => true,
        NoticeKind::Request
        | NoticeKind::Approval { .. }
        | NoticeKind::StandsIn { .. }
        | NoticeKind::Reminder
        | NoticeKind::Question { .. }
        | NoticeKind::QuestionAsked { .. }
        | NoticeKind::Replied { .. }
        | NoticeKind::Approved { .. }
        | NoticeKind::Escalated { .. }
        | NoticeKind::Granted
        | NoticeKind::Warning
        | NoticeKind::Reviewed => false,
    }
}
