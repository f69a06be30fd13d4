//! Bells: something changed, workers look at once instead of at their next sweep.
//!
//! Rung by commits of this process, and through Redis by other replicas'. Losing one costs a second, never more.

use jit_core::access::Platform;
use tokio::sync::Notify;

/// One bell for each kind of work. A bell rung while nobody waits is heard by the next who does; one waiter per kind hears it.
#[derive(Debug, Default)]
pub struct Wakeups {
    /// Timers were set.
    pub timers: Notify,
    /// An entitlement wants attention.
    pub entitlements: Notify,
    /// The extensions of some access are to be ended with it.
    pub children: Notify,
    /// A home tab is to be drawn.
    pub homes: Notify,
    slack: Notify,
    teams: Notify,
    /// Something is to be looked up outside.
    pub screenings: Notify,
}

/// Which bells to ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ring {
    pub timers: bool,
    pub outbox: bool,
    pub entitlements: bool,
    pub children: bool,
    pub homes: bool,
    /// Stays in this process: whoever decided looks, and others when they sweep and nobody has.
    pub screenings: bool,
}

impl Wakeups {
    /// Notices were queued, or a conversation is free for the next: one bell for each platform's worker.
    pub fn outbox(&self, platform: Platform) -> &Notify {
        if platform == Platform::Teams { &self.teams } else { &self.slack }
    }

    pub(crate) fn ring(&self, ring: Ring) {
        let bells = [
            (ring.timers, &self.timers),
            (ring.outbox, &self.slack),
            (ring.outbox, &self.teams),
            (ring.entitlements, &self.entitlements),
            (ring.children, &self.children),
            (ring.homes, &self.homes),
            (ring.screenings, &self.screenings),
        ];
        bells.into_iter().filter(|(rung, _)| *rung).for_each(|(_, bell)| bell.notify_one());
    }
}

impl Ring {
    /// Every bell.
    pub const ALL: Self =
        Self { timers: true, outbox: true, entitlements: true, children: true, homes: true, screenings: true };

    /// Both.
    pub fn and(self, other: Self) -> Self {
        Self {
            timers: self.timers | other.timers,
            outbox: self.outbox | other.outbox,
            entitlements: self.entitlements | other.entitlements,
            children: self.children | other.children,
            homes: self.homes | other.homes,
            screenings: self.screenings | other.screenings,
        }
    }

    /// As it travels between replicas: a letter for each bell.
    pub fn letters(self) -> String {
        let letters =
            [(self.timers, 't'), (self.outbox, 'o'), (self.entitlements, 'e'), (self.children, 'c'), (self.homes, 'h')];
        letters.into_iter().filter(|(rung, _)| *rung).map(|(_, letter)| letter).collect()
    }

    /// Reads [`Ring::letters`]; letters of newer versions are ignored.
    pub fn read(letters: &str) -> Self {
        let has = |letter| letters.contains(letter);
        let (timers, outbox, entitlements) = (has('t'), has('o'), has('e'));
        Self { timers, outbox, entitlements, children: has('c'), homes: has('h'), screenings: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings_travel_as_letters() {
        let ring = Ring { timers: true, children: true, ..Ring::default() };
        assert_eq!(ring.letters(), "tc");
        assert_eq!(Ring::read("tc?"), ring);
    }
}
