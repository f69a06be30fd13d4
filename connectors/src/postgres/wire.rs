//! The statements that the PostgreSQL connector sends, and the quoting of what goes into them.

use std::time::Duration;

use tokio_postgres::types::Type;
use tokio_postgres::{Error, Row, SimpleQueryMessage};

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

/// Who our login is, and whether the account is one whose sessions we could never end.
pub(super) struct Parties {
    pub(super) superuser: bool,
    /// A superuser holds every role already, and only superusers end a superuser's sessions.
    pub(super) out_of_reach: bool,
}

/// Reads them.
pub(super) async fn parties(session: &Session, account: &str) -> Result<Parties, Error> {
    let sql = "SELECT me.rolsuper, coalesce((SELECT u.rolsuper FROM pg_roles u WHERE u.rolname = $1), false) \
        FROM pg_roles me WHERE me.rolname = current_user";
    let row = session.client.query_typed_one(sql, &[(&account, Type::TEXT)]).await?;
    let (superuser, account_is): (bool, bool) = (row.try_get(0)?, row.try_get(1)?);
    Ok(Parties { superuser, out_of_reach: account_is && !superuser })
}

/// Grants membership; already a member is a notice only. From version 16 on each grantor's grant stands for itself: ours is made in our
/// own name and with `SET ROLE`, whatever others granted (a superuser's counts as the first superuser's, whoever it is).
pub(super) fn grant(version: u32, parties: &Parties, role: &str, account: &str) -> String {
    let plain = format!("GRANT {} TO {}", quote(role), quote(account));
    match (version < 16, parties.superuser) {
        (true, _) => plain,
        (false, true) => format!("{plain} WITH SET TRUE"),
        (false, false) => format!("{plain} WITH SET TRUE GRANTED BY CURRENT_USER"),
    }
}

/// The statement with a time-out of its own, in the same round trip: the server stops it even when nobody listens any more, and before
/// we stop listening, so that nothing acts after the deadline.
pub(super) fn within(left: Duration, statement: &str) -> String {
    format!("SET LOCAL statement_timeout = {}; {statement}", (left * 3 / 4).as_millis().clamp(1, 600_000))
}

/// One way in which an account holds a role: a role that it was made a member of, and which is that role or leads there.
pub(super) struct Way {
    via: String,
    grantor: String,
    ours: bool,
    /// `SET ROLE` works, else the rights are inherited only.
    pub(super) set: bool,
}

impl Way {
    /// What we gave as another role is that entitlement's, and answers for itself.
    pub(super) fn counts(&self, role: &str) -> bool {
        self.via == role || !self.ours
    }

    /// How somebody else takes it away, where it is not ours to take.
    fn mend(&self, session: &Session, account: &str) -> String {
        let plain = format!("REVOKE {} FROM {}", quote(&self.via), quote(account));
        if session.version < 16 { plain } else { format!("{plain} GRANTED BY {}", quote(&self.grantor)) }
    }
}

/// Whether a membership (`a`) gives the member's `SET ROLE`, and whether its rights are inherited. From version 16 on each says so for
/// itself; one for administration alone gives neither.
fn gives(session: &Session) -> (&'static str, &'static str) {
    if session.version < 16 { ("true", "true") } else { ("a.set_option", "a.inherit_option") }
}

/// Every way in which the account holds the role, directly or through other roles: `SET ROLE` as far as memberships allow it, and what
/// is inherited from there. A role or an account that does not exist is not held.
pub(super) async fn ways(session: &Session, role: &str, account: &str) -> Result<Vec<Way>, Error> {
    let (set, inherit) = gives(session);
    // From version 16 on what a superuser grants is recorded as granted by the first one, whose oid is 10.
    let first = if session.version < 16 { "false" } else { "me.rolsuper AND p.grantor = 10" };
    let sql = format!(
        "WITH RECURSIVE p(via, grantor, role, settable) AS ( \
            SELECT a.roleid, a.grantor, a.roleid, {set} FROM pg_auth_members a JOIN pg_roles u ON u.oid = a.member \
                WHERE u.rolname = $2 AND ({set} OR {inherit}) \
            UNION SELECT p.via, p.grantor, a.roleid, p.settable AND {set} FROM pg_auth_members a JOIN p ON a.member = p.role \
                WHERE p.settable AND {set} OR {inherit}) \
         SELECT v.rolname::text, coalesce(g.rolname::text, ''), bool_or(p.grantor = me.oid OR {first}), bool_or(p.settable) \
            FROM p JOIN pg_roles r ON r.oid = p.role JOIN pg_roles v ON v.oid = p.via LEFT JOIN pg_roles g ON g.oid = p.grantor, \
                pg_roles me \
            WHERE r.rolname = $1 AND me.rolname = current_user GROUP BY 1, 2 ORDER BY 1, 2"
    );
    let rows = session.client.query_typed(&sql, &[(&role, Type::TEXT), (&account, Type::TEXT)]).await?;
    let way = |row: &Row| {
        Ok(Way { via: row.try_get(0)?, grantor: row.try_get(1)?, ours: row.try_get(2)?, set: row.try_get(3)? })
    };
    rows.iter().map(way).collect()
}

/// Takes away what we gave; what is left then, and is not ours to take, with the statements that take it. Up to version 15 there is one
/// membership whoever granted it; later each grantor's stands for itself, and ours alone is taken.
pub(super) async fn revoke(session: &Session, role: &str, account: &str, left: Duration) -> Result<Vec<String>, Error> {
    let plain = format!("REVOKE {} FROM {}", quote(role), quote(account));
    let sql = if session.version < 16 {
        plain
    } else if parties(session, account).await?.superuser {
        // Also what we gave before our login became a superuser.
        format!("{plain}; {plain} GRANTED BY CURRENT_USER")
    } else {
        format!("{plain} GRANTED BY CURRENT_USER")
    };
    session.client.batch_execute(&within(left, &sql)).await?;
    let ways = ways(session, role, account).await?;
    Ok(ways.iter().filter(|way| way.counts(role)).map(|way| way.mend(session, account)).collect())
}

/// Every member of the role, also through other roles.
pub(super) async fn members(session: &Session, role: &str) -> Result<Vec<String>, Error> {
    let (set, inherit) = gives(session);
    // Walked from the role down: above what is only inherited, everything must be inherited or set; above what is only set, set.
    let sql = format!(
        "WITH RECURSIVE m(member, inherited) AS ( \
            SELECT a.member, {inherit} FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid \
                WHERE r.rolname = $1 AND ({set} OR {inherit}) \
            UNION SELECT a.member, m.inherited AND {inherit} FROM pg_auth_members a JOIN m ON a.roleid = m.member \
                WHERE {set} OR m.inherited AND {inherit}) \
         SELECT DISTINCT u.rolname::text FROM m JOIN pg_roles u ON u.oid = m.member ORDER BY 1"
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
    creates: bool,
}

/// Reads what our login may do.
pub(super) async fn rights(session: &Session) -> Result<Rights, Error> {
    // Up to version 15 CREATEROLE alone grants any role; later only ADMIN OPTION does, and our grants are in our own name.
    let grants = if session.version < 16 {
        "r.rolcreaterole OR EXISTS (SELECT 1 FROM pg_auth_members m \
            WHERE m.admin_option AND pg_has_role(current_user, m.member, 'USAGE'))"
    } else {
        "EXISTS (SELECT 1 FROM pg_auth_members m WHERE m.admin_option AND m.member = r.oid)"
    };
    let sql = format!(
        "SELECT current_user::text, pg_is_in_recovery(), r.rolsuper, {grants}, \
         pg_has_role(current_user, 'pg_signal_backend', 'USAGE'), r.rolcreaterole FROM pg_roles r WHERE r.rolname = current_user"
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
        creates: yes(5),
    })
}

impl Rights {
    /// The same for logins that are made.
    pub(super) fn check_creates(&self) -> Result<(), ConnectorError> {
        if self.superuser || self.creates {
            return Ok(());
        }
        let login = quote(&self.login);
        Err(ConnectorError::permanent(format!("{login} may make no logins: ALTER ROLE {login} CREATEROLE;")))
    }

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
        let parties = |superuser| Parties { superuser, out_of_reach: false };
        let (old, new) = (
            |superuser| grant(15, &parties(superuser), "app_admin", "alice"),
            |superuser| grant(16, &parties(superuser), "app_admin", "alice"),
        );
        assert_eq!(old(false), r#"GRANT "app_admin" TO "alice""#);
        assert_eq!(new(true), r#"GRANT "app_admin" TO "alice" WITH SET TRUE"#);
        assert_eq!(new(false), r#"GRANT "app_admin" TO "alice" WITH SET TRUE GRANTED BY CURRENT_USER"#);
        assert_eq!(quote(r#"x"; DROP ROLE y; --"#), r#""x""; DROP ROLE y; --""#);
    }

    #[test]
    fn missing_rights_are_told_with_what_mends_them() {
        let rights = Rights {
            login: "bot".into(),
            standby: false,
            superuser: false,
            grants: true,
            signals: true,
            creates: false,
        };
        assert!(rights.check().is_ok());
        let says = |rights: Rights| rights.check().unwrap_err().to_string();
        assert!(says(Rights { grants: false, login: "bot".into(), ..rights }).contains("WITH ADMIN OPTION"));
        let rights = Rights {
            login: "bot".into(),
            standby: false,
            superuser: false,
            grants: true,
            signals: false,
            creates: false,
        };
        assert!(says(rights).contains("GRANT pg_signal_backend TO \"bot\""));
        let rights =
            Rights { login: "bot".into(), standby: true, superuser: true, grants: true, signals: true, creates: false };
        assert!(says(rights).contains("standby"));
        assert!(
            Rights {
                login: "a".into(),
                standby: false,
                superuser: true,
                grants: false,
                signals: false,
                creates: false
            }
            .check()
            .is_ok()
        );
    }
}
