//! On-call rotations and incidents: each rotation and service that the policy names is looked at once, as the service does, and whoever is
//! on call must be somebody here.

use chrono::Utc;

use super::Findings;
use crate::config::Config;
use crate::oncall::Oncall;
use crate::snapshot::Snapshot;

pub(super) async fn look(config: &Config, snapshot: &Snapshot, findings: &mut Findings) {
    let oncall = match Oncall::of(config) {
        Ok(oncall) => oncall,
        Err(error) => return findings.wrong("on call", format!("{error:#}")),
    };
    for (source, user, person) in oncall.lost_ids(&snapshot.directory) {
        let mend = "Mend it, or add the person to people.toml.";
        findings.wrong(
            format!("on call {source}"),
            format!("oncall_ids: `{user}` is `{person}`, who is not there. {mend}"),
        );
    }
    for rotation in snapshot.policy.rotations() {
        let what = format!("on call {rotation}");
        let now = Utc::now();
        let turns = match oncall.look(&rotation, now).await {
            Ok(turns) => turns,
            Err(error) => {
                let source = rotation.split_once('/').map_or(rotation.as_str(), |(source, _)| source);
                let mend =
                    format!("Check [oncall.{source}]. Until it is mended, nobody counts as on call by this rotation.");
                findings.wrong(what, format!("{source} {error}. {mend}"));
                continue;
            }
        };
        let strangers = oncall.strangers(&rotation, &turns, &snapshot.directory, now);
        if !strangers.is_empty() {
            let mend = "Give the person that address in people.toml, or name the user id in oncall_ids.";
            findings.wrong(what, format!("on call, and nobody active here: {}. {mend}", strangers.join(", ")));
            continue;
        }
        let people = oncall.people(&rotation, &turns, &snapshot.directory, now);
        let names: Vec<&str> = people.iter().map(|id| snapshot.directory.name(id)).collect();
        findings.fine(what, if names.is_empty() { "nobody is on call now".to_owned() } else { names.join(", ") });
    }
    for service in snapshot.policy.services() {
        let what = format!("incidents of {service}");
        match oncall.incidents(&service).await {
            Ok(open) if open.is_empty() => findings.fine(what, "none is open now"),
            Ok(open) => {
                let titles: Vec<&str> = open.iter().map(|incident| incident.title.as_str()).collect();
                findings.fine(what, format!("open: {}", titles.join(", ")));
            }
            Err(error) => {
                let source = service.split_once('/').map_or(service.as_str(), |(source, _)| source);
                let mend = format!("Check [oncall.{source}]. Until it is mended, no incident of it counts as open.");
                findings.wrong(what, format!("{source} {error}. {mend}"));
            }
        }
    }
}
