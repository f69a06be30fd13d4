//! Whether a route can be walked to its end: every step needs enough people, and nobody counts twice across steps. Asked when a request is
//! judged, when a policy is checked, and at every vote.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::PersonId;
use crate::policy::Step;

/// The first step for which there are not enough distinct people, given those of the steps before; `None`: all fine.
///
/// Exact: a maximum matching of votes to people (Kuhn's augmenting paths). Steps with at least as many people as there
/// are votes in all never run short and are left out, so the matching stays as small as the quorum.
pub(crate) fn short_step(steps: &[Step], eligible: &[BTreeSet<&PersonId>]) -> Option<usize> {
    let quorum: u64 = steps.iter().map(|step| u64::from(step.count)).sum();
    let mut taken: BTreeMap<&PersonId, usize> = BTreeMap::new();
    for (index, step) in steps.iter().enumerate() {
        if eligible[index].len() as u64 >= quorum {
            continue;
        }
        if (eligible[index].len() as u64) < u64::from(step.count) {
            return Some(index);
        }
        for _ in 0..step.count {
            if !take(index, eligible, &mut taken, &mut BTreeSet::new()) {
                return Some(index);
            }
        }
    }
    None
}

/// How many votes of the steps these people can give, nobody more than one.
pub(crate) fn matched(steps: &[Step], people: &[BTreeSet<&PersonId>]) -> u32 {
    let mut taken: BTreeMap<&PersonId, usize> = BTreeMap::new();
    let mut votes = 0;
    for (index, step) in steps.iter().enumerate() {
        // More votes than people never match.
        for _ in 0..step.count.min(u32::try_from(people[index].len()).unwrap_or(u32::MAX)) {
            votes += u32::from(take(index, people, &mut taken, &mut BTreeSet::new()));
        }
    }
    votes
}

/// Finds a person for one more vote of a step, moving others to other people where that helps.
fn take<'a>(
    step: usize,
    eligible: &[BTreeSet<&'a PersonId>],
    taken: &mut BTreeMap<&'a PersonId, usize>,
    tried: &mut BTreeSet<&'a PersonId>,
) -> bool {
    for person in &eligible[step] {
        if !tried.insert(person) {
            continue;
        }
        let free = match taken.get(person).copied() {
            None => true,
            Some(other) => take(other, eligible, taken, tried),
        };
        if free {
            taken.insert(person, step);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn people(names: &[u8]) -> BTreeSet<PersonId> {
        names.iter().map(|n| PersonId::new(n.to_string())).collect()
    }

    fn short(steps: &[(u32, Vec<u8>)]) -> Option<usize> {
        let sets: Vec<_> = steps.iter().map(|(_, names)| people(names)).collect();
        let refs: Vec<BTreeSet<&PersonId>> = sets.iter().map(|set| set.iter().collect()).collect();
        let steps: Vec<Step> =
            steps.iter().map(|(count, _)| Step { any: vec![], count: *count, delegation: true }).collect();
        short_step(&steps, &refs)
    }

    #[test]
    fn nobody_counts_twice() {
        assert_eq!(short(&[(1, vec![1]), (1, vec![1])]), Some(1));
        assert_eq!(short(&[(1, vec![1, 2]), (1, vec![1])]), None);
        assert_eq!(short(&[(1, vec![1]), (1, vec![1, 2])]), None);
        assert_eq!(short(&[(2, vec![1, 2]), (1, vec![2, 3]), (1, vec![1, 3])]), Some(2));
        assert_eq!(short(&[(1, vec![])]), Some(0));
        assert_eq!(short(&[]), None);
    }

    /// Every way of choosing, the slow way.
    fn possible(steps: &[(u32, Vec<u8>)], used: &BTreeSet<u8>) -> bool {
        let Some(((count, names), rest)) = steps.split_first() else { return true };
        if *count == 0 {
            return possible(rest, used);
        }
        let fewer = [&[(count - 1, names.clone())], rest].concat();
        names.iter().filter(|n| !used.contains(n)).any(|n| {
            let mut used = used.clone();
            used.insert(*n);
            possible(&fewer, &used)
        })
    }

    /// The most votes that can be given, the slow way.
    fn most(steps: &[(u32, Vec<u8>)], used: &BTreeSet<u8>) -> u32 {
        let Some(((count, names), rest)) = steps.split_first() else { return 0 };
        let without = most(rest, used);
        if *count == 0 {
            return without;
        }
        let fewer = [&[(count - 1, names.clone())], rest].concat();
        let with = names.iter().filter(|n| !used.contains(n)).map(|n| {
            let mut used = used.clone();
            used.insert(*n);
            1 + most(&fewer, &used)
        });
        with.chain([without]).max().unwrap_or(0)
    }

    proptest! {
        #[test]
        fn as_exact_as_trying_everything(
            steps in prop::collection::vec((1u32..3, prop::collection::vec(0u8..5, 0..5)), 0..4),
        ) {
            let can = possible(&steps, &BTreeSet::new());
            prop_assert_eq!(short(&steps).is_none(), can);
            let sets: Vec<_> = steps.iter().map(|(_, names)| people(names)).collect();
            let refs: Vec<BTreeSet<&PersonId>> = sets.iter().map(|set| set.iter().collect()).collect();
            let all: Vec<Step> = steps.iter().map(|(count, _)| Step { any: vec![], count: *count, delegation: true }).collect();
            let (votes, quorum) = (matched(&all, &refs), all.iter().map(|step| step.count).sum::<u32>());
            prop_assert_eq!(votes == quorum, can);
            prop_assert_eq!(votes, most(&steps, &BTreeSet::new()));
        }
    }
}
