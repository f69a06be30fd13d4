//! The statements that the PostgreSQL connector sends, and the quoting of what goes into them.

use std::time::Duration;

use tokio_postgres::types::Type;
use tokio_postgres::{Error, SimpleQueryMessage};

use super::connect::Session;
use crate::contract::ConnectorError;

/// The longest name in bytes. Source: PostgreSQL, NAMEDATALEN - 1. A longer one would be cut silently and mean another role.
const LONGEST_NAME: usize = 63;

/// Refuses names that PostgreSQL would not keep as they are.
pub(super) fn name(name: &str) -> Result<&str, String> {
    if name.is_empty() || name.len() > LONGEST_NAME || name.contains('\0') {
        return Err(format!("`{}` is not a PostgreSQL name: 1 to {LONGEST_NAME} bytes, no NUL", name.escape_debug()));
    }
    Ok(name)
}

/// An identifier in double quotes.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Grants membership; already a member is a notice only.
pub(super) fn grant(role: &str, account: &str) -> String {
    format!("GRANT {} TO {}", quote(role), quote(account))
}

/// The statement with a time-out of its own, in the same round trip: the server stops it even when nobody listens any more, and before
/// we stop listening, so that nothing acts after the deadline.
pub(super) fn within(left: Duration, statement: &str) -> String {
    format!("SET LOCAL statement_timeout = {}; {statement}", (left * 3 / 4).as_millis().clamp(1, 600_000))
}

/// Takes membership away. From version 16 on each grantor's grant is a row of its own and is taken by name.
pub(super) async fn revoke(session: &Session, role: &str, account: &str, left: Duration) -> Result<(), Error> {
    let plain = format!("REVOKE {} FROM {}", quote(role), quote(account));
    if session.version < 16 {
        return session.client.batch_execute(&within(left, &plain)).await;
    }
    let grantors = "SELECT g.rolname::text FROM pg_auth_members m \
        JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles u ON u.oid = m.member JOIN pg_roles g ON g.oid = m.grantor \
        WHERE r.rolname = $1 AND u.rolname = $2";
    let rows = session.client.query_typed(grantors, &[(&role, Type::TEXT), (&account, Type::TEXT)]).await?;
    for row in rows {
        let by = format!("{plain} GRANTED BY {}", quote(row.try_get(0)?));
        session.client.batch_execute(&within(left, &by)).await?;
    }
    Ok(())
}

/// From version 16 on a membership may be for administration alone, which gives nothing of the role.
fn useful(session: &Session) -> &'static str {
    if session.version < 16 { "true" } else { "(a.inherit_option OR a.set_option)" }
}

/// Whether the account is a member of the role: directly, or through other roles that somebody else made it a member of. What we gave
/// is another entitlement and answers for itself. A role or an account that does not exist is not held.
pub(super) async fn is_member(session: &Session, role: &str, account: &str) -> Result<bool, Error> {
    let useful = useful(session);
    // From version 16 on what a superuser grants is recorded as granted by the first one, whose oid is 10.
    let sql = format!(
        "WITH RECURSIVE up(role) AS ( \
            SELECT a.roleid FROM pg_auth_members a JOIN pg_roles u ON u.oid = a.member, pg_roles me \
                WHERE u.rolname = $2 AND {useful} AND me.rolname = current_user \
                AND a.grantor <> me.oid AND NOT (me.rolsuper AND a.grantor = 10) \
            UNION SELECT a.roleid FROM pg_auth_members a JOIN up ON a.member = up.role WHERE {useful}) \
         SELECT EXISTS (SELECT 1 FROM pg_auth_members a JOIN pg_roles u ON u.oid = a.member JOIN pg_roles r ON r.oid = a.roleid \
                WHERE u.rolname = $2 AND r.rolname = $1 AND {useful}) \
            OR EXISTS (SELECT 1 FROM up JOIN pg_roles r ON r.oid = up.role WHERE r.rolname = $1)"
    );
    session.client.query_typed_one(&sql, &[(&role, Type::TEXT), (&account, Type::TEXT)]).await?.try_get(0)
}

/// Every member of the role, also through other roles.
pub(super) async fn members(session: &Session, role: &str) -> Result<Vec<String>, Error> {
    let useful = useful(session);
    let sql = format!(
        "WITH RECURSIVE m(member) AS ( \
            SELECT a.member FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid WHERE r.rolname = $1 AND {useful} \
            UNION SELECT a.member FROM pg_auth_members a JOIN m ON a.roleid = m.member WHERE {useful}) \
         SELECT u.rolname::text FROM m JOIN pg_roles u ON u.oid = m.member ORDER BY 1"
    );
    let rows = session.client.query_typed(&sql, &[(&role, Type::TEXT)]).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// Tells every session of the account to end; the process ids told.
pub(super) async fn terminate(session: &Session, account: &str) -> Result<Vec<i32>, Error> {
    let sql =
        "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1 AND pid <> pg_backend_pid()";
    let rows = session.client.query_typed(sql, &[(&account, Type::TEXT)]).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// How many of these sessions still run.
pub(super) async fn count(session: &Session, account: &str, pids: &[i32]) -> Result<i64, Error> {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE usename = $1 AND pid = ANY($2)";
    session.client.query_typed_one(sql, &[(&account, Type::TEXT), (&pids, Type::INT4_ARRAY)]).await?.try_get(0)
}

/// What our login may do.
pub(super) struct Rights {
    login: String,
    standby: bool,
    superuser: bool,
    grants: bool,
    signals: bool,
}

/// Reads what our login may do.
pub(super) async fn rights(session: &Session) -> Result<Rights, Error> {
    // Up to version 15 CREATEROLE alone grants any role; later only ADMIN OPTION does.
    let createrole = if session.version < 16 { "r.rolcreaterole OR" } else { "" };
    let sql = format!(
        "SELECT current_user::text, pg_is_in_recovery(), r.rolsuper, {createrole} EXISTS (SELECT 1 FROM pg_auth_members m \
            WHERE m.admin_option AND pg_has_role(current_user, m.member, 'USAGE')), \
         pg_has_role(current_user, 'pg_signal_backend', 'USAGE') FROM pg_roles r WHERE r.rolname = current_user"
    );
    let mut rows = session.client.simple_query(&sql).await?.into_iter();
    let row = rows.find_map(|message| if let SimpleQueryMessage::Row(row) = message { Some(row) } else { None });
    let yes = |column| row.as_ref().and_then(|row| row.get(column)) == Some("t");
    Ok(Rights {
        login: row.as_ref().and_then(|row| row.get(0)).unwrap_or_default().to_owned(),
        standby: yes(1),
        superuser: yes(2),
        grants: yes(3),
        signals: yes(4),
    })
}

impl Rights {
    /// What is missing, with the statement that mends it.
    pub(super) fn check(&self) -> Result<(), ConnectorError> {
        let login = quote(&self.login);
        if self.standby {
            return Err(ConnectorError::permanent(
                "this server is a standby: point the connector's `url` to the primary",
            ));
        }
        if !self.superuser && !self.grants {
            return Err(ConnectorError::permanent(format!(
                "{login} may grant no role. For each role of the policy: GRANT role TO {login} WITH ADMIN OPTION;"
            )));
        }
        if !self.superuser && !self.signals {
            return Err(ConnectorError::permanent(format!(
                "{login} may not end other people's sessions: GRANT pg_signal_backend TO {login};"
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted() {
        assert_eq!(grant("app_admin", "alice"), r#"GRANT "app_admin" TO "alice""#);
        assert_eq!(quote(r#"x"; DROP ROLE y; --"#), r#""x""; DROP ROLE y; --""#);
    }

    #[test]
    fn missing_rights_are_told_with_what_mends_them() {
        let rights = Rights { login: "bot".into(), standby: false, superuser: false, grants: true, signals: true };
        assert!(rights.check().is_ok());
        let says = |rights: Rights| rights.check().unwrap_err().to_string();
        assert!(says(Rights { grants: false, login: "bot".into(), ..rights }).contains("WITH ADMIN OPTION"));
        let rights = Rights { login: "bot".into(), standby: false, superuser: false, grants: true, signals: false };
        assert!(says(rights).contains("GRANT pg_signal_backend TO \"bot\""));
        let rights = Rights { login: "bot".into(), standby: true, superuser: true, grants: true, signals: true };
        assert!(says(rights).contains("standby"));
        assert!(
            Rights { login: "a".into(), standby: false, superuser: true, grants: false, signals: false }
                .check()
                .is_ok()
        );
    }
}
