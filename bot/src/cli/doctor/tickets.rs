//! Tickets: each source is asked once whether it takes our key, and whoever it is told about must be somebody here.

use super::Findings;
use crate::config::Config;
use crate::snapshot::Snapshot;
use crate::tickets::Tickets;

pub(super) async fn look(config: &Config, snapshot: &Snapshot, findings: &mut Findings) {
    let tickets = match Tickets::of(config) {
        Ok(tickets) => tickets,
        Err(error) => return findings.wrong("tickets", format!("{error:#}")),
    };
    for (source, user, person) in tickets.lost_ids(&snapshot.directory) {
        let mend = "Mend it, or add the person to people.toml.";
        findings
            .wrong(format!("tickets {source}"), format!("user_ids: `{user}` is `{person}`, who is not there. {mend}"));
    }
    for source in tickets.names() {
        let what = format!("tickets {source}");
        match tickets.check(source).await {
            Ok(says) => findings.fine(what, says),
            Err(error) => {
                let mend = format!(
                    "Check [tickets.{source}]. Until it is mended, what needs an open ticket of it is refused, and nothing ends with one."
                );
                findings.wrong(what, format!("{source} {error}. {mend}"));
            }
        }
    }
}
