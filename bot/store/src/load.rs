//! Load: accesses by whatever the shell needs them by, with people's texts put back. Reads only.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use jit_core::access::{Access, Bundle};
use jit_core::advice::{LOOKED_AT, Past};
use jit_core::facts::{InUse, OpenAccess, Unreviewed};
use jit_core::id::{AccessId, ConnectorName, PersonId, RoleName, ShortId};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Value};

use crate::error::{Doing, StoreError};
use crate::{Store, rows, sql, texts};

const DOING: &str = "load accesses";
const OPEN: &str = "WHERE state <> 'closed' ORDER BY requested_us, id";

/// An access that ends with one of its people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependent {
    /// Which.
    pub id: AccessId,
    /// In which version.
    pub version: u64,
    /// Whether it waits for people to decide.
    pub waits: bool,
    /// Beneficiary and requester.
    pub people: [PersonId; 2],
}

impl Store {
    /// By key.
    pub async fn access(&self, id: AccessId) -> Result<Option<Access>, StoreError> {
        Ok(self.accesses("WHERE id = $1", vec![id.to_string().into()]).await?.pop())
    }

    /// By the id that people see.
    pub async fn by_short(&self, short: &ShortId) -> Result<Option<Access>, StoreError> {
        Ok(self.accesses("WHERE short = $1", vec![short.as_str().into()]).await?.pop())
    }

    /// The other accesses of a bundle than one, in the order in which they were named; those that cannot be read are left out.
    pub async fn bundle(&self, bundle: &Bundle, but: AccessId) -> Result<Vec<Access>, StoreError> {
        let ids: Vec<String> =
            bundle.members.iter().map(|member| member.id).filter(|id| *id != but).map(|id| id.to_string()).collect();
        let rest = format!("WHERE id IN ({})", sql::list(1, ids.len()));
        let mut others = self.listed(&rest, ids.into_iter().map(Value::from).collect()).await?;
        let place = |access: &Access| bundle.members.iter().position(|member| member.id == access.id);
        others.sort_by_key(place);
        Ok(others)
    }

    /// What a person asked for or has, newest first; with `open_only` what is not over.
    pub async fn by_person(&self, person: &PersonId, open_only: bool, max: u32) -> Result<Vec<Access>, StoreError> {
        let open = if open_only { "AND state <> 'closed'" } else { "" };
        let rest =
            format!("WHERE (beneficiary = $1 OR requester = $1) {open} ORDER BY requested_us DESC, id DESC LIMIT $2");
        self.listed(&rest, vec![person.as_str().into(), i64::from(max).into()]).await
    }

    /// Everything open of a beneficiary, and the person's version for [`crate::Commit::person_version`].
    pub async fn open_of(&self, beneficiary: &PersonId) -> Result<(Vec<OpenAccess>, u64), StoreError> {
        // One statement sees one state of the database: whatever is committed later makes this commit a conflict, never a mistake.
        let select = format!(
            "SELECT of_person, open.* FROM (SELECT 1 AS one) AS always
             LEFT JOIN (SELECT version AS of_person FROM persons WHERE id = $1) AS person ON TRUE
             LEFT JOIN (SELECT {}, requested_us FROM accesses WHERE beneficiary = $1 AND state <> 'closed') AS open ON TRUE
             ORDER BY requested_us, id",
            rows::OPEN_COLUMNS
        );
        let rows = sql::query(&self.db().reader, &select, vec![beneficiary.as_str().into()]).await.doing(DOING)?;
        let version = rows.first().map(|row| row.try_get::<Option<i64>>("", "of_person")).transpose().doing(DOING)?;
        let is_open = |row: &&QueryResult| !matches!(row.try_get::<Option<String>>("", "id"), Ok(None));
        let open = rows.iter().filter(is_open).map(rows::open).collect::<Result<_, _>>().doing(DOING)?;
        Ok((open, version.flatten().and_then(|v| u64::try_from(v).ok()).unwrap_or(0)))
    }

    /// How many accesses are held by all people together within a time, but for one, of a role and in all; with the versions of both for
    /// [`crate::Commit::shared_versions`]. Their keys hold a colon, which no person's id does.
    pub async fn in_use(
        &self,
        role: &RoleName,
        but: AccessId,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<(InUse, Vec<(String, u64)>), StoreError> {
        let db = &self.db().reader;
        let mut versions = vec![("all:".to_owned(), 0), (format!("role:{role}"), 0)];
        // The versions first: whatever is committed between the reads makes this commit a conflict, never a mistake.
        for (key, version) in &mut versions {
            let values = vec![key.as_str().into()];
            let row = sql::one(db, "SELECT version FROM persons WHERE id = $1", values).await.doing(DOING)?;
            let found: Option<i64> = row.map(|row| row.try_get("", "version")).transpose().doing(DOING)?;
            *version = found.and_then(|found| u64::try_from(found).ok()).unwrap_or(0);
        }
        let select = "SELECT count(*) AS in_all, count(CASE WHEN role = $1 THEN 1 END) AS of_role FROM accesses AS held
                      WHERE state <> 'closed' AND state IN ('scheduled', 'elevating', 'active', 'revoking') AND id <> $2
                      AND (starts_us IS NULL OR starts_us < $4) AND (until_us IS NULL OR until_us > $3)
                      AND entitlement IS NOT NULL
                      AND NOT EXISTS (SELECT 1 FROM accesses AS child WHERE child.extends = held.id
                          AND child.state IN ('elevating', 'active', 'revoking'))";
        let (from, to) = (crate::clock::micros(from), crate::clock::micros(to));
        let values = vec![role.as_str().into(), but.to_string().into(), from.into(), to.into()];
        let row = sql::one(db, select, values).await.doing(DOING)?;
        let count = |row: &QueryResult, column| -> Result<u64, DbErr> {
            Ok(u64::try_from(row.try_get::<i64>("", column)?).unwrap_or(0))
        };
        let read = |row: &QueryResult| -> Result<_, DbErr> {
            Ok(InUse { of_role: count(row, "of_role")?, in_all: count(row, "in_all")? })
        };
        let in_use = row.as_ref().map(read).transpose().doing(DOING)?.unwrap_or_default();
        Ok((in_use, versions))
    }

    /// The extensions of an access, oldest first, those that are over included.
    pub async fn children(&self, parent: AccessId) -> Result<Vec<Access>, StoreError> {
        self.accesses("WHERE extends = $1 ORDER BY requested_us, id", vec![parent.to_string().into()]).await
    }

    /// Who holds a role now: everything of it that is elevating, active or being revoked.
    pub async fn holders_of(&self, role: &RoleName) -> Result<Vec<Access>, StoreError> {
        let rest = "WHERE role = $1 AND state IN ('elevating', 'active', 'revoking') AND state <> 'closed'
                    ORDER BY requested_us, id";
        self.listed(rest, vec![role.as_str().into()]).await
    }

    /// Everything that waits for people, oldest first; who may decide is core's to say.
    pub async fn pending(&self) -> Result<Vec<Access>, StoreError> {
        let rest = "WHERE state = 'pending' AND state <> 'closed' ORDER BY requested_us, id";
        self.listed(rest, vec![]).await
    }

    /// Everything that waits for something to be looked up outside, oldest first.
    pub async fn screening(&self) -> Result<Vec<Access>, StoreError> {
        let rest = "WHERE state = 'screening' AND state <> 'closed' ORDER BY requested_us, id";
        self.listed(rest, vec![]).await
    }

    /// Everything that is not over and ends with an incident or a ticket ([`Access::is_tied`]), oldest first.
    pub async fn tied(&self) -> Result<Vec<Access>, StoreError> {
        self.listed("WHERE tied AND state <> 'closed' ORDER BY requested_us, id", vec![]).await
    }

    /// What was agreed and waits for its start, the oldest first.
    pub async fn scheduled(&self) -> Result<Vec<AccessId>, StoreError> {
        let select = "SELECT id FROM accesses WHERE state = 'scheduled' ORDER BY requested_us, id";
        let rows = sql::query(&self.db().reader, select, vec![]).await.doing(DOING)?;
        rows.iter().map(|row| rows::id(row, "id")).collect::<Result<_, _>>().doing(DOING)
    }

    /// Everything that is not over and can be read, oldest first; see [`Store::unreadable_open`].
    pub async fn all_open(&self) -> Result<Vec<Access>, StoreError> {
        self.listed(OPEN, vec![]).await
    }

    /// The ids of what is not over and cannot be read: somebody has to look at it by hand.
    pub async fn unreadable_open(&self) -> Result<Vec<String>, StoreError> {
        let (_, unreadable) = read(&self.db().reader, OPEN, vec![]).await?;
        Ok(unreadable.into_iter().map(|(id, _)| id).collect())
    }

    /// The connectors through which something was given, or may have been, that is not yet proven gone.
    pub async fn connectors_in_use(&self) -> Result<BTreeSet<ConnectorName>, StoreError> {
        let select = "SELECT DISTINCT connector FROM entitlements WHERE EXISTS (
                          SELECT 1 FROM accesses WHERE accesses.entitlement = entitlements.key
                          AND accesses.state IN ('elevating', 'active', 'revoking'))";
        let rows = sql::query(&self.db().reader, select, vec![]).await.doing(DOING)?;
        let name = |row: &QueryResult| row.try_get::<String>("", "connector").map(ConnectorName::new);
        rows.iter().map(name).collect::<Result<_, _>>().doing(DOING)
    }

    /// The emergency bypasses of a person that wait for their review, the first due first.
    pub async fn unreviewed(&self, beneficiary: &PersonId) -> Result<Vec<Unreviewed>, StoreError> {
        let select = "SELECT short, review_us, entitlement IS NULL AS rehearsed FROM accesses
                      WHERE beneficiary = $1 AND review_us IS NOT NULL ORDER BY review_us";
        let rows = sql::query(&self.db().reader, select, vec![beneficiary.as_str().into()]).await.doing(DOING)?;
        let read = |row: &QueryResult| -> Result<_, DbErr> {
            let short: String = row.try_get("", "short")?;
            let short = ShortId::parse(&short).ok_or_else(|| DbErr::Type(format!("`{short}` is no short id")))?;
            let due = crate::clock::instant(row.try_get("", "review_us")?);
            Ok(Unreviewed { short, due, rehearsed: row.try_get("", "rehearsed")? })
        };
        rows.iter().map(read).collect::<Result<_, _>>().doing(DOING)
    }

    /// What is known of a beneficiary's past in a role, for advice: one query, whatever there is. Without the access of this id.
    pub async fn past_of(&self, person: &PersonId, role: &RoleName, without: AccessId) -> Result<Past, StoreError> {
        let select = format!(
            "SELECT 'asked' AS kind, us FROM (SELECT requested_us AS us FROM accesses
                 WHERE beneficiary = $1 AND id <> $3 ORDER BY requested_us DESC LIMIT {LOOKED_AT}) AS asked
             UNION ALL SELECT 'use' AS kind, us FROM (SELECT activated_us AS us FROM accesses
                 WHERE beneficiary = $1 AND role = $2 AND activated_us IS NOT NULL AND extends IS NULL
                 AND entitlement IS NOT NULL
                 ORDER BY activated_us DESC LIMIT {LOOKED_AT}) AS uses
             UNION ALL SELECT 'misuse' AS kind, us FROM (SELECT misuse_us AS us FROM accesses
                 WHERE beneficiary = $1 AND misuse_us IS NOT NULL AND entitlement IS NOT NULL ORDER BY misuse_us DESC LIMIT {LOOKED_AT}) AS misuse
             ORDER BY us DESC"
        );
        let values = vec![person.as_str().into(), role.as_str().into(), without.to_string().into()];
        let rows = sql::query(&self.db().reader, &select, values).await.doing(DOING)?;
        let mut past = Past::default();
        for row in rows {
            let kind: String = row.try_get("", "kind").doing(DOING)?;
            let at = crate::clock::instant(row.try_get("", "us").doing(DOING)?);
            match kind.as_str() {
                "asked" => past.asked.push(at),
                "use" => past.uses.push(at),
                _ => past.misuse.push(at),
            }
        }
        Ok(past)
    }

    /// Every emergency bypass that waits for its review, the first due first.
    pub async fn to_review(&self) -> Result<Vec<Access>, StoreError> {
        self.listed("WHERE review_us IS NOT NULL ORDER BY review_us, id", vec![]).await
    }

    /// On whom everything depends that is neither over nor being taken back, out of columns alone.
    pub async fn dependents(&self) -> Result<Vec<Dependent>, StoreError> {
        let select = "SELECT id, version, state, beneficiary, requester FROM accesses
                      WHERE state <> 'closed' AND state IN ('screening', 'pending', 'scheduled', 'elevating', 'active') ORDER BY id";
        let rows = sql::query(&self.db().reader, select, vec![]).await.doing(DOING)?;
        let read = |row: &QueryResult| -> Result<_, DbErr> {
            let person = |column| row.try_get::<String>("", column).map(PersonId::new);
            Ok(Dependent {
                id: rows::id(row, "id")?,
                version: u64::try_from(row.try_get::<i64>("", "version")?).unwrap_or(0),
                waits: row.try_get::<String>("", "state")? == "pending",
                people: [person("beneficiary")?, person("requester")?],
            })
        };
        rows.iter().map(read).collect::<Result<_, _>>().doing(DOING)
    }

    /// What was first verified to be held within a time, its end excluded, the oldest first.
    pub async fn activated(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<AccessId>, StoreError> {
        let select =
            "SELECT id FROM accesses WHERE activated_us >= $1 AND activated_us < $2 AND entitlement IS NOT NULL
                      ORDER BY activated_us, id";
        let values = vec![crate::clock::micros(from).into(), crate::clock::micros(until).into()];
        let rows = sql::query(&self.db().reader, select, values).await.doing(DOING)?;
        rows.iter().map(|row| rows::id(row, "id")).collect::<Result<_, _>>().doing(DOING)
    }

    /// These accesses as far as they can be read, in no order.
    pub async fn readable(&self, ids: &[AccessId]) -> Result<Vec<Access>, StoreError> {
        let rest = format!("WHERE id IN ({})", sql::list(1, ids.len()));
        self.listed(&rest, ids.iter().map(|id| id.to_string().into()).collect()).await
    }

    /// One page of everything, newest first: the ones asked before `before` (the last one of the page before).
    pub async fn page(&self, before: Option<&Access>, max: u32) -> Result<Vec<Access>, StoreError> {
        let max = i64::from(max).into();
        let Some(before) = before else {
            return self.accesses("ORDER BY requested_us DESC, id DESC LIMIT $1", vec![max]).await;
        };
        let rest = "WHERE (requested_us, id) < ($1, $2) ORDER BY requested_us DESC, id DESC LIMIT $3";
        let requested = crate::clock::micros(before.requested_at).into();
        self.accesses(rest, vec![requested, before.id.to_string().into(), max]).await
    }

    /// Parents whose extensions are still to be ended with them ([`jit_core::effect::Effect::EndChildren`]). Survives crashes:
    /// they stay here until [`Store::children_ended`].
    pub async fn ending_parents(&self, max: u32) -> Result<Vec<AccessId>, StoreError> {
        let select = "SELECT id FROM accesses WHERE end_children ORDER BY id LIMIT $1";
        let rows = sql::query(&self.db().reader, select, vec![i64::from(max).into()]).await.doing(DOING)?;
        rows.iter().map(|row| rows::id(row, "id")).collect::<Result<_, _>>().doing(DOING)
    }

    /// The extensions of this parent were ended.
    pub async fn children_ended(&self, parent: AccessId) -> Result<(), StoreError> {
        let update = "UPDATE accesses SET end_children = FALSE WHERE id = $1 AND end_children";
        sql::execute(&self.db().writer, update, vec![parent.to_string().into()])
            .await
            .map(drop)
            .doing("note that extensions were ended")
    }

    async fn accesses(&self, rest: &str, values: Vec<Value>) -> Result<Vec<Access>, StoreError> {
        accesses(&self.db().reader, rest, values).await
    }

    /// Like [`Self::accesses`] for lists, which go on without what cannot be read: it is logged, and must not hide the others.
    async fn listed(&self, rest: &str, values: Vec<Value>) -> Result<Vec<Access>, StoreError> {
        let (accesses, unreadable) = read(&self.db().reader, rest, values).await?;
        unreadable.iter().for_each(|(_, error)| tracing::error!(%error, "left out of a list"));
        Ok(accesses)
    }
}

/// Accesses by the rest of a SELECT; all of them or an error.
pub(crate) async fn accesses<C: ConnectionTrait>(
    db: &C,
    rest: &str,
    values: Vec<Value>,
) -> Result<Vec<Access>, StoreError> {
    let (accesses, unreadable) = read(db, rest, values).await?;
    unreadable.into_iter().next().map_or(Ok(accesses), |(_, error)| Err(error))
}

/// Ids of rows that cannot be read, and why.
type Unreadable = Vec<(String, StoreError)>;

/// Accesses by the rest of a SELECT, and those that cannot be read.
async fn read<C: ConnectionTrait>(
    db: &C,
    rest: &str,
    values: Vec<Value>,
) -> Result<(Vec<Access>, Unreadable), StoreError> {
    let rows = sql::query(db, &format!("SELECT id, body FROM accesses {rest}"), values).await.doing(DOING)?;
    let bodies = rows.iter().map(|row| Ok((row.try_get("", "id")?, row.try_get("", "body")?)));
    let bodies: Vec<(String, String)> = bodies.collect::<Result<_, DbErr>>().doing(DOING)?;
    let mut unreadable = Unreadable::new();
    let mut refuse = |id: &str, source| {
        unreadable.push((id.to_owned(), StoreError::Corrupt { what: format!("access {id}"), source }));
    };
    let (mut ids, mut documents) = (Vec::with_capacity(bodies.len()), Vec::with_capacity(bodies.len()));
    for (id, body) in &bodies {
        match serde_json::from_str(body) {
            Ok(document) => {
                ids.push(id);
                documents.push(document);
            }
            Err(error) => refuse(id, error),
        }
    }
    texts::hydrate(db, &mut documents).await.doing(DOING)?;
    let mut accesses = Vec::with_capacity(documents.len());
    for (id, document) in ids.into_iter().zip(documents) {
        match serde_json::from_value(document) {
            Ok(access) => accesses.push(access),
            Err(error) => refuse(id, error),
        }
    }
    Ok((accesses, unreadable))
}
