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
    pub slack: bool,
    pub teams: bool,
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
            (ring.slack, &self.slack),
            (ring.teams, &self.teams),
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
    pub const ALL: Self = Self {
        timers: true,
        slack: true,
        teams: true,
        entitlements: true,
        children: true,
        homes: true,
        screenings: true,
    };

    /// Those of the outboxes of some platforms.
    pub fn outbox(platforms: &[Platform]) -> Self {
        let (slack, teams) = (platforms.contains(&Platform::Slack), platforms.contains(&Platform::Teams));
        Self { slack, teams, ..Self::default() }
    }

    /// Both.
    pub fn and(self, other: Self) -> Self {
        Self {
            timers: self.timers | other.timers,
            slack: self.slack | other.slack,
            teams: self.teams | other.teams,
            entitlements: self.entitlements | other.entitlements,
            children: self.children | other.children,
            homes: self.homes | other.homes,
            screenings: self.screenings | other.screenings,
        }
    }

    /// As it travels between replicas: a letter for each bell.
    pub fn letters(self) -> String {
        let letters = [
            (self.timers, 't'),
            (self.slack, 's'),
            (self.teams, 'm'),
            (self.entitlements, 'e'),
            (self.children, 'c'),
            (self.homes, 'h'),
        ];
        letters.into_iter().filter(|(rung, _)| *rung).map(|(_, letter)| letter).collect()
    }

    /// Reads [`Ring::letters`]; letters of newer versions are ignored.
    pub fn read(letters: &str) -> Self {
        let has = |letter| letters.contains(letter);
        // Older versions have one letter for all outboxes.
        let (slack, teams) = (has('s') || has('o'), has('m') || has('o'));
        let (timers, entitlements) = (has('t'), has('e'));
        Self { timers, slack, teams, entitlements, children: has('c'), homes: has('h'), screenings: false }
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
        let teams = Ring::outbox(&[Platform::Teams]);
        assert_eq!((teams.letters().as_str(), Ring::read("m")), ("m", teams));
        assert_eq!(Ring::read("o"), Ring::outbox(&[Platform::Slack, Platform::Teams]), "as older versions ring");
    }
}
