//! What can go wrong in the store.

use sea_orm::DbErr;
use serde_json::Value;

/// The database did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A statement failed.
    #[error("the database failed to {doing}")]
    Database {
        /// What was attempted, for example `load an access`.
        doing: &'static str,
        /// The driver's error.
        source: DbErr,
    },
    /// A stored document cannot be read: it was changed by hand, or by a newer version.
    #[error("{what} in the database cannot be read")]
    Corrupt {
        /// Which document.
        what: String,
        /// What serde says.
        source: serde_json::Error,
    },
    /// The database was used by a newer version of this program.
    #[error("the database has migrations that this version does not know ({}); use the newer version again", .0.join(", "))]
    Newer(Vec<String>),
    /// Neither `sqlite:` nor `postgres:`.
    #[error("the database's address starts with neither sqlite:// nor postgres://")]
    Address,
    /// What is reached is no PostgreSQL with a session for each connection.
    #[error(
        "a pooler is between us and PostgreSQL, and {0}. Point database.url to PostgreSQL itself, or to a pool in session mode \
         whose role has our settings (docs/operations.md, \"Behind a pooler\")"
    )]
    Pooler(String),
    /// Redis' address cannot be read.
    #[error("the address of Redis cannot be used")]
    RedisAddress(#[source] redis::RedisError),
}

/// Why nothing was committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Somebody else was first: load again, decide again.
    #[error("the access or the person has changed since it was loaded")]
    Conflict,
    /// The dedupe key was seen before; here is what was answered then.
    #[error("this was committed before")]
    Duplicate {
        /// The answer stored with the first one.
        answer: Option<Value>,
    },
    /// The short id belongs to another access: make another one.
    #[error("the short id is taken")]
    ShortIdTaken,
    /// The database failed. It may or may not have been committed: the same dedupe key tells when tried again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Names what was attempted.
pub(crate) trait Doing<T> {
    fn doing(self, what: &'static str) -> Result<T, StoreError>;
}

impl<T> Doing<T> for Result<T, DbErr> {
    fn doing(self, doing: &'static str) -> Result<T, StoreError> {
        self.map_err(|source| StoreError::Database { doing, source })
    }
}

/// The transaction lost against another one and was rolled back whole: deciding again is safe.
/// Source: PostgreSQL, appendix "Error codes", 40001 and 40P01.
pub(crate) fn lost_to_another(error: &DbErr) -> bool {
    let (DbErr::Exec(runtime) | DbErr::Query(runtime)) = error else { return false };
    let sea_orm::RuntimeErr::SqlxError(error) = runtime else { return false };
    let code = error.as_database_error().and_then(|e| e.code());
    code.is_some_and(|code| code == "40001" || code == "40P01")
}
