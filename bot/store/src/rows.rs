//! An access as a row: the snapshot and the columns it is searched by.

use chrono::{DateTime, Utc};
use jit_core::access::{Access, State};
use jit_core::entitlement::EntitlementKey;
use jit_core::facts::OpenAccess;
use jit_core::id::{AccessId, PersonId, RoleName, ShortId};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Value};

use crate::clock::{instant, micros};
use crate::error::StoreError;
use crate::events::version;
use crate::sql;

/// The text of a document. Ours always serialize; the error is for a mistake in a type.
pub(crate) fn document<T: serde::Serialize>(value: &T, what: &str) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|source| StoreError::Corrupt { what: what.to_owned(), source })
}

/// Adds the row; `false`: its id or its short id is there already.
pub(crate) async fn insert<C: ConnectionTrait>(
    db: &C,
    access: &Access,
    end_children: bool,
    body: String,
) -> Result<bool, DbErr> {
    let (request, open) = (&access.request, OpenAccess::from(access));
    let values: Vec<Value> = vec![
        access.id.to_string().into(),
        access.short.as_str().into(),
        version(access.version).into(),
        access.state_name().into(),
        request.beneficiary.as_str().into(),
        request.requester.as_str().into(),
        request.role.as_str().into(),
        access.entitlement().map(|entitlement| entitlement.key().0).into(),
        request.extends.as_ref().map(|e| e.parent.to_string()).into(),
        open.until.map(micros).into(),
        failing(access).into(),
        end_children.into(),
        micros(access.requested_at).into(),
        body.into(),
        access.review_due().map(micros).into(),
        access.activated_at.map(micros).into(),
        misused_at(access).map(micros).into(),
        open.starts.map(micros).into(),
        access.is_tied().into(),
    ];
    let insert = format!(
        "INSERT INTO accesses (id, short, version, state, beneficiary, requester, role, entitlement, extends, until_us,
         failing, end_children, requested_us, body, review_us, activated_us, misuse_us, starts_us, tied)
         VALUES ({}) ON CONFLICT DO NOTHING",
        sql::list(1, values.len())
    );
    Ok(sql::execute(db, &insert, values).await? == 1)
}

/// Compares and sets the row; `false`: it has another version. What was asked never changes.
pub(crate) async fn update<C: ConnectionTrait>(
    db: &C,
    (before, access): (&Access, &Access),
    end_children: bool,
    body: String,
) -> Result<bool, DbErr> {
    let update = "UPDATE accesses SET version = $3, state = $4, until_us = $5, failing = $6,
                  end_children = (end_children OR $7), body = $8, review_us = $9,
                  activated_us = $10, misuse_us = $11, starts_us = $12, tied = $13 WHERE id = $1 AND version = $2";
    let open = OpenAccess::from(access);
    let values = vec![
        access.id.to_string().into(),
        version(before.version).into(),
        version(access.version).into(),
        access.state_name().into(),
        open.until.map(micros).into(),
        failing(access).into(),
        end_children.into(),
        body.into(),
        access.review_due().map(micros).into(),
        access.activated_at.map(micros).into(),
        misused_at(access).map(micros).into(),
        open.starts.map(micros).into(),
        access.is_tied().into(),
    ];
    Ok(sql::execute(db, update, values).await? == 1)
}

/// When a review found misuse.
fn misused_at(access: &Access) -> Option<DateTime<Utc>> {
    let verdict = access.review.as_ref()?.verdict.as_ref()?;
    verdict.misuse.then_some(verdict.at)
}

fn failing(access: &Access) -> bool {
    matches!(&access.state, State::Revoking(revoking) if revoking.failing.is_some())
}

/// The columns that [`open`] reads.
pub(crate) const OPEN_COLUMNS: &str = "id, short, beneficiary, role, state, starts_us, until_us, extends, entitlement";

/// An open access out of its columns alone.
pub(crate) fn open(row: &QueryResult) -> Result<OpenAccess, DbErr> {
    let short: String = row.try_get("", "short")?;
    let extends: Option<String> = row.try_get("", "extends")?;
    Ok(OpenAccess {
        id: id(row, "id")?,
        short: ShortId::parse(&short).ok_or_else(|| DbErr::Type(format!("`{short}` is no short id")))?,
        beneficiary: PersonId::new(row.try_get::<String>("", "beneficiary")?),
        role: RoleName::new(row.try_get::<String>("", "role")?),
        state: row.try_get("", "state")?,
        starts: row.try_get::<Option<i64>>("", "starts_us")?.map(instant),
        until: row.try_get::<Option<i64>>("", "until_us")?.map(instant),
        extends: extends.as_deref().map(parse_id).transpose()?,
        entitlement: row.try_get::<Option<String>>("", "entitlement")?.map(EntitlementKey),
    })
}

/// An access id in a column.
pub(crate) fn id(row: &QueryResult, column: &str) -> Result<AccessId, DbErr> {
    parse_id(&row.try_get::<String>("", column)?)
}

/// An access id of its text.
pub(crate) fn parse_id(text: &str) -> Result<AccessId, DbErr> {
    text.parse().map(AccessId).map_err(|_| DbErr::Type(format!("`{text}` is no access id")))
}
