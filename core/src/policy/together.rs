//! One route for several requests that are decided together: every vote that one of them needs is among its votes, and nobody gives two.
//!
//! Called when a bundle is asked for, and when its members are judged again. What each of them needs is judged in [`super::evaluate`].

use std::collections::BTreeSet;

use crate::access::{Request, Unasked};
use crate::directory::Directory;
use crate::id::PersonId;
use crate::policy::quorum::short_step;
use crate::policy::{EscalateTo, Judgement, Policy, Route, Step, Subject};
use crate::span::Span;

/// What people are asked for several requests together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Together {
    /// Who must agree, one step after another; empty when policy agrees to all of them by itself.
    pub steps: Vec<Step>,
    /// Per step, whom it would ask now.
    pub approvers: Vec<Vec<PersonId>>,
    /// The shortest of their times until approvers are reminded.
    remind_after: Span,
    /// The longest of their times until further people are asked.
    escalate_after: Span,
    /// Whom every one of them would ask further.
    escalate_to: Vec<EscalateTo>,
    /// The shortest of their times to decide.
    timeout: Span,
}

impl Together {
    /// The route of one of them: its own rule, and the steps and times of all.
    pub fn route(&self, own: &Route) -> Route {
        Route {
            steps: self.steps.clone(),
            remind_after: self.remind_after,
            escalate_after: self.escalate_after,
            escalate_to: self.escalate_to.clone(),
            timeout: self.timeout,
            ..own.clone()
        }
    }
}

impl Policy {
    /// The route of several requests together; the strictest is to come first, since its steps come first. `None` when there are not enough
    /// people for it, though there are for each alone.
    pub(crate) fn together(&self, judged: &[(&Request, &Judgement)], directory: &Directory) -> Option<Together> {
        // With as few votes as there can be; where there are not the people for that, with more.
        [true, false].into_iter().find_map(|narrow| self.walked(judged, narrow, directory))
    }

    fn walked(&self, judged: &[(&Request, &Judgement)], narrow: bool, directory: &Directory) -> Option<Together> {
        let mut steps = Vec::new();
        for (request, judgement) in judged {
            cover(&mut steps, &self.without_owner(&judgement.route.steps, request), narrow);
        }
        // Of those that policy agrees to by itself nothing is asked, so they say nothing on how.
        let asking = judged.iter().filter(|(_, judgement)| !judgement.route.is_auto());
        let (request, first) = asking.clone().next().or(judged.first())?;
        let routes = || asking.clone().map(|(request, judgement)| (*request, &judgement.route));
        let climbs = |request: &Request, route: &Route| self.climbs_without_owner(&route.escalate_to, request);
        let mut escalate_to = climbs(request, &first.route);
        for (request, route) in routes() {
            let also = climbs(request, route);
            escalate_to.retain(|to| also.contains(to));
        }
        let shortest = |of: fn(&Route) -> Span| routes().map(|(_, route)| of(route)).fold(of(&first.route), Ord::min);
        let longest = |of: fn(&Route) -> Span| routes().map(|(_, route)| of(route)).fold(of(&first.route), Ord::max);
        let mut together = Together {
            approvers: Vec::new(),
            remind_after: shortest(|route| route.remind_after),
            escalate_after: longest(|route| route.escalate_after),
            escalate_to,
            timeout: shortest(|route| route.timeout),
            steps,
        };
        let asked: Vec<_> = together.steps.iter().map(|step| self.asking(step, request, directory)).collect();
        let counted: Vec<BTreeSet<PersonId>> = together
            .steps
            .iter()
            .zip(&asked)
            .map(|(step, asking)| {
                let mut people: BTreeSet<PersonId> = asking.people.keys().cloned().collect();
                let away = asking.skipped.values().any(|why| matches!(why, Unasked::Away { .. }));
                if away && people.len() < step.count as usize {
                    let from: Vec<PersonId> = asking.people.keys().chain(asking.skipped.keys()).cloned().collect();
                    people.extend(self.escalation(&together.escalate_to, &from, request, directory));
                }
                people
            })
            .collect();
        let counted: Vec<BTreeSet<&PersonId>> = counted.iter().map(|people| people.iter().collect()).collect();
        if short_step(&together.steps, &counted).is_some() {
            return None;
        }
        together.approvers = asked.into_iter().map(|asking| asking.people.into_keys().collect()).collect();
        Some(together)
    }

    /// Whether whoever may vote in a step of a route, as one of its people, may also in a step of a request.
    pub(crate) fn is_covered(&self, step: &Step, of: &Request, by: &Step) -> bool {
        covers(by, &self.without_owner(std::slice::from_ref(step), of)[0])
    }

    /// Steps that name the role's owner by name: what `owner` means depends on the role.
    fn without_owner(&self, steps: &[Step], request: &Request) -> Vec<Step> {
        let named = |subject: &Subject| self.named_owner(subject, request);
        steps.iter().map(|step| Step { any: step.any.iter().map(named).collect(), ..step.clone() }).collect()
    }

    fn climbs_without_owner(&self, to: &[EscalateTo], request: &Request) -> Vec<EscalateTo> {
        let named = |to: &EscalateTo| match to {
            EscalateTo::Subject(subject) => EscalateTo::Subject(self.named_owner(subject, request)),
            EscalateTo::ManagerOfApprover => EscalateTo::ManagerOfApprover,
        };
        to.iter().map(named).collect()
    }

    fn named_owner(&self, subject: &Subject, request: &Request) -> Subject {
        match subject {
            Subject::Owner => self.owner_of(request).unwrap_or(Subject::Owner),
            subject => subject.clone(),
        }
    }
}

/// Adds to a route what it lacks for further steps: none of their votes may be another's, and each must be by somebody who may give it.
///
/// A vote of a step counts for another whose people are all of its people or more. So what is covered stays covered, whoever leaves or joins.
/// Where only some are people of both, a step may be narrowed to those, so that their votes count for both.
fn cover(route: &mut Vec<Step>, more: &[Step], narrow: bool) {
    let mut free: Vec<u32> = route.iter().map(|step| step.count).collect();
    // The one that the fewest steps cover first, so that no other takes its votes without need.
    let mut order: Vec<&Step> = more.iter().collect();
    order.sort_by_key(|step| route.iter().filter(|by| covers(by, step)).count());
    let mut lacking: Vec<(&Step, u32)> = Vec::new();
    for step in order {
        let mut left = step.count;
        for (_, free) in route.iter().zip(&mut free).filter(|(by, _)| covers(by, step)) {
            let taken = left.min(*free);
            (left, *free) = (left - taken, *free - taken);
        }
        if left > 0 && !(narrow && narrowed(route, &mut free, (step, left))) {
            lacking.push((step, left));
        }
    }
    // In the order of the policy.
    for step in more {
        let Some((_, left)) = lacking.iter().find(|(lacking, _)| std::ptr::eq(*lacking, step)) else { continue };
        match route.iter_mut().find(|by| covers(by, step) && covers(step, by)) {
            Some(same) => same.count += left,
            None => route.push(Step { count: *left, ..step.clone() }),
        }
    }
}

/// Narrows a step none of whose votes is taken, and which has as many, to those whose votes count for both; whether there is one.
fn narrowed(route: &mut [Step], free: &mut [u32], (step, left): (&Step, u32)) -> bool {
    let both = |by: &Step| -> Vec<Subject> { by.any.iter().filter(|one| step.any.contains(one)).cloned().collect() };
    let fits = |(by, free): &(&mut Step, &mut u32)| by.count == left && **free == left && !both(by).is_empty();
    let Some((by, free)) = route.iter_mut().zip(free).find(fits) else { return false };
    *by = Step { any: both(by), count: left, delegation: by.delegation && step.delegation };
    *free = 0;
    true
}

/// Whether every vote of a step could be one of another.
fn covers(by: &Step, step: &Step) -> bool {
    by.any.iter().all(|subject| step.any.contains(subject)) && (step.delegation || !by.delegation)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::policy::quorum::matched;

    fn step(any: &[&str], count: u32) -> Step {
        let any = any.iter().map(|group| Subject::Group((*group).to_owned())).collect();
        Step { any, count, delegation: true }
    }

    fn covered(routes: &[&[Step]]) -> Vec<Step> {
        made(routes, false)
    }

    fn made(routes: &[&[Step]], narrow: bool) -> Vec<Step> {
        let mut steps = Vec::new();
        routes.iter().for_each(|route| cover(&mut steps, route, narrow));
        steps
    }

    #[test]
    fn whoever_may_for_both_is_asked_once() {
        let (ab, bc, c) = (step(&["a", "b"], 1), step(&["b", "c"], 1), step(&["c"], 1));
        let one = std::slice::from_ref;
        assert_eq!(made(&[one(&ab), one(&bc)], true), vec![step(&["b"], 1)]);
        assert_eq!(made(&[one(&ab), one(&c)], true), vec![ab.clone(), c.clone()], "nobody may for both");
        assert_eq!(made(&[one(&ab), one(&bc), one(&c)], true), vec![step(&["b"], 1), c.clone()]);
        assert_eq!(
            made(&[&[ab.clone(), c.clone()], &[bc.clone(), ab.clone()]], true),
            vec![ab.clone(), c],
            "none twice"
        );
        let two = step(&["b", "c"], 2);
        assert_eq!(made(&[one(&ab), one(&two)], true), vec![ab, two], "one vote is not two");
    }

    #[test]
    fn what_is_covered_is_asked_once_and_what_is_not_is_added() {
        let (a, b, either) = (step(&["a"], 1), step(&["b"], 1), step(&["a", "b"], 1));
        let two = |a: &Step| Step { count: 2, ..a.clone() };
        let one = std::slice::from_ref;
        assert_eq!(covered(&[one(&a), one(&a)]), vec![a.clone()]);
        assert_eq!(covered(&[one(&a), one(&b)]), vec![a.clone(), b.clone()]);
        assert_eq!(covered(&[one(&a), one(&either)]), vec![a.clone()], "whoever is of a is of a or b");
        assert_eq!(covered(&[one(&either), one(&a)]), vec![either.clone(), a.clone()], "and not the other way round");
        assert_eq!(covered(&[one(&a), one(&two(&a))]), vec![two(&a)], "two, and not one and two");
        assert_eq!(covered(&[&[a.clone(), b.clone()], &[either.clone(), a.clone()]]), vec![a.clone(), b.clone()]);
        assert_eq!(covered(&[&[], one(&a)]), vec![a.clone()]);
        let by_themselves = Step { delegation: false, ..a.clone() };
        assert_eq!(covered(&[one(&by_themselves), one(&a)]), vec![by_themselves.clone()]);
        assert_eq!(covered(&[one(&a), one(&by_themselves)]), vec![a, by_themselves], "where nobody may stand in");
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let groups = prop::sample::subsequence(vec!["a", "b", "c"], 1..=3);
        prop::collection::vec((groups, 1u32..3).prop_map(|(any, count)| step(&any, count)), 0..4)
    }

    proptest! {
        /// Whoever walks the route, by distinct people of its steps, has walked each of those it was made of.
        #[test]
        fn whoever_has_walked_it_has_walked_each(
            routes in prop::collection::vec(steps(), 1..5),
            choices in prop::collection::vec(0usize..3, 64),
            narrow in any::<bool>(),
        ) {
            let refs: Vec<&[Step]> = routes.iter().map(Vec::as_slice).collect();
            let together = made(&refs, narrow);
            // Everybody belongs to one group, the one for which they were chosen.
            let mut choices = choices.into_iter().cycle();
            let voters: Vec<(PersonId, Subject)> = together
                .iter()
                .flat_map(|step| (0..step.count).map(move |_| step))
                .zip(0..)
                .map(|(step, number)| {
                    let group = step.any[choices.next().unwrap() % step.any.len()].clone();
                    (PersonId::new(format!("p{number}")), group)
                })
                .collect();
            for route in &routes {
                let people: Vec<BTreeSet<&PersonId>> = route
                    .iter()
                    .map(|step| voters.iter().filter(|(_, group)| step.any.contains(group)).map(|(id, _)| id).collect())
                    .collect();
                let quorum: u32 = route.iter().map(|step| step.count).sum();
                prop_assert_eq!(matched(route, &people), quorum, "{:?} by {:?}", route, together);
            }
            let most: u32 = routes.iter().flatten().map(|step| step.count).sum();
            prop_assert!(together.iter().map(|step| step.count).sum::<u32>() <= most);
        }
    }
}
