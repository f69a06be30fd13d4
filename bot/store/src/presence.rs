//! Presence: which processes are still there, so that the leases of one that is gone come back at once and not only when they end.
//!
//! With PostgreSQL every process keeps one session open under its own name; the server closes it with the process, however that ends.
//! SQLite is one machine's: there the process id, which begins the name, tells. In doubt a process counts as being there: its leases
//! then end by themselves. To take one for gone that is not is safe as well: generations fence what it writes, and what its calls may
//! still bring about is waited for ([`crate::LeasedEntitlement::quiet_at`]). Notices are left to their leases: a post under way
//! cannot be fenced.

use std::collections::BTreeSet;
use std::path::Path;

use sea_orm::{DbErr, QueryResult};

use crate::clock::micros;
use crate::error::{Doing, StoreError};
use crate::wakeups::Ring;
use crate::{Store, sql};

const DOING: &str = "give back the leases of processes that are gone";

/// A name for this process: `<process id>-<random>`. PostgreSQL keeps 63 bytes of it, which is more.
pub(crate) fn name() -> String {
    format!("{}-{:032x}", std::process::id(), rand::random::<u128>())
}

impl Store {
    /// Gives back what is leased to processes that are gone; how many timers and entitlements those were. An owner of an
    /// entitlement that saw nothing but ends (nothing is to be held, and nothing was wished since it came) gave nothing, so that none of
    /// its calls need be waited for.
    pub async fn reclaim(&self) -> Result<u64, StoreError> {
        let gone = self.gone().await.doing(DOING)?;
        if gone.is_empty() {
            return Ok(0);
        }
        let now_us = micros(self.now());
        let list = sql::list(2, gone.len());
        let values = || {
            let mut values = vec![now_us.into()];
            values.extend(gone.iter().map(|name| name.as_str().into()));
            values
        };
        let entitlements = format!(
            "UPDATE entitlements SET lease_us = 0, lease_owner = NULL,
             quiet_us = CASE WHEN lease_us > quiet_us AND (marks <> leased_marks OR EXISTS (
                 SELECT 1 FROM accesses WHERE accesses.entitlement = entitlements.key
                 AND accesses.state IN ('elevating', 'active'))) THEN lease_us ELSE quiet_us END
             WHERE lease_us > $1 AND lease_owner IN ({list})"
        );
        let timers = format!(
            "UPDATE timers SET lease_us = 0, lease_owner = NULL WHERE lease_us > $1 AND lease_owner IN ({list})"
        );
        let mut back = sql::execute(&self.db().writer, &entitlements, values()).await.doing(DOING)?;
        back += sql::execute(&self.db().writer, &timers, values()).await.doing(DOING)?;
        self.ring(Ring { timers: true, entitlements: true, ..Ring::default() });
        Ok(back)
    }

    /// Those who lease something and are not there.
    async fn gone(&self) -> Result<BTreeSet<String>, DbErr> {
        let select = "SELECT lease_owner FROM entitlements WHERE lease_us > $1
                      UNION SELECT lease_owner FROM timers WHERE lease_us > $1";
        let rows = sql::query(&self.db().writer, select, vec![micros(self.now()).into()]).await?;
        let mut owners = names(&rows, "lease_owner")?;
        owners.retain(|owner| owner != self.name() && process_id(owner).is_some());
        if owners.is_empty() {
            return Ok(owners);
        }
        match &self.db().presence {
            Some(session) => {
                // Asked on the session itself, which is so kept open, or opened anew.
                let there = "SELECT application_name FROM pg_stat_activity WHERE application_name IS NOT NULL";
                let there = names(&sql::query(session, there, vec![]).await?, "application_name")?;
                owners.retain(|owner| !there.contains(owner));
            }
            None => owners.retain(|owner| is_gone(owner)),
        }
        Ok(owners)
    }
}

fn names(rows: &[QueryResult], column: &str) -> Result<BTreeSet<String>, DbErr> {
    let name = |row: &QueryResult| row.try_get::<Option<String>>("", column);
    Ok(rows.iter().map(name).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// The beginning of a process's name; none for names of others.
fn process_id(name: &str) -> Option<u32> {
    name.split_once('-')?.0.parse().ok()
}

/// Whether the process of that name, on this machine, has ended. One with our own process id is an earlier one, as in a container.
fn is_gone(name: &str) -> bool {
    let Some(pid) = process_id(name) else { return false };
    let process = |pid: u32| Path::new("/proc").join(pid.to_string());
    pid == std::process::id() || process(std::process::id()).exists() && !process(pid).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_process_with_our_own_id_is_gone_and_a_living_one_is_not() {
        assert!(is_gone(&name()));
        assert!(is_gone("99999999-ab"), "process ids end at 2^22");
        assert!(!is_gone("1-ab"), "the first process is always there");
        assert!(!is_gone("worker") && !is_gone("some-worker"), "not a name of ours: its leases end by themselves");
    }
}
