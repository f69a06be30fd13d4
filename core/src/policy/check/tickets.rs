//! Tickets: what a rule demands of one can only be known where there is a source of tickets.

use super::Check;
use crate::policy::Rule;

impl Check<'_> {
    pub(super) fn tickets(&mut self) {
        let policy = self.policy;
        if self.directory.ticket_sources().is_empty() {
            policy.rules.iter().for_each(|rule| self.unsourced(rule));
        }
    }

    fn unsourced(&mut self, rule: &Rule) {
        let terms = rule.ticket_terms;
        let keys = [("ticket_open", terms.open), ("ticket_assigned", terms.assigned), ("end_with_ticket", terms.ends)];
        if let Some((key, _)) = keys.into_iter().find(|(_, set)| *set) {
            let hint = "add for example [tickets.jira] to jit.toml".to_owned();
            self.error(&rule.place, key, format!("`{key}` needs a source of tickets, and there is none"), Some(hint));
        }
    }
}
