//! SQL statements: one text for both databases, with `$1` placeholders.
//!
//! Called by the modules of this crate. Statements are built of constants and placeholders only, never of values.

use std::fmt::Write;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value};

/// Most values of one IN list or one insert: under SQLite's 32,766 variables and PostgreSQL's 65,535.
pub(crate) const CHUNK: usize = 1000;

/// Runs a statement; how many rows it touched.
pub(crate) async fn execute<C: ConnectionTrait>(db: &C, sql: &str, values: Vec<Value>) -> Result<u64, DbErr> {
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Ok(db.execute_raw(statement).await?.rows_affected())
}

/// Runs a query.
pub(crate) async fn query<C: ConnectionTrait>(
    db: &C,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<QueryResult>, DbErr> {
    db.query_all_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await
}

/// Runs a query for at most one row.
pub(crate) async fn one<C: ConnectionTrait>(
    db: &C,
    sql: &str,
    values: Vec<Value>,
) -> Result<Option<QueryResult>, DbErr> {
    db.query_one_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await
}

/// `$3, $4` for two values from the third on.
pub(crate) fn list(from: usize, count: usize) -> String {
    let mut text = String::new();
    for n in from..from + count {
        let comma = if n == from { "" } else { ", " };
        write!(text, "{comma}${n}").expect("a String takes everything");
    }
    text
}

/// `($1, $2), ($3, $4)` for two rows of two values.
pub(crate) fn rows(count: usize, width: usize) -> String {
    (0..count).map(|row| format!("({})", list(1 + row * width, width))).collect::<Vec<_>>().join(", ")
}

/// `id IN (…)`, looked up one id after the other. Of a list in a query PostgreSQL believes what it likes about its length, and reads through
/// the whole table where it believes in a long one; of an array it never does.
pub(crate) fn among(backend: DbBackend, select: &str) -> String {
    match backend {
        DbBackend::Sqlite => format!("id IN ({select})"),
        _ => format!("id = ANY(ARRAY({select}))"),
    }
}

/// What a lease's inner query ends in, so that two workers never wait for each other. SQLite has one writer.
pub(crate) fn skip_locked(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => "",
        _ => "FOR UPDATE SKIP LOCKED",
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn placeholders_are_numbered_through() {
        assert_eq!(super::list(3, 2), "$3, $4");
        assert_eq!(super::rows(2, 2), "($1, $2), ($3, $4)");
    }
}
