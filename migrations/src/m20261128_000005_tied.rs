//! What ends with an incident or a ticket is found without reading everything that is open.

use sea_orm::DbErr;
use sea_orm_migration::{MigrationTrait, SchemaManager};

use crate::{Seed, sql};

/// See the module.
pub struct Migration;

impl sea_orm_migration::MigrationName for Migration {
    fn name(&self) -> &str {
        SEED.migration
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        sql::run(manager.get_connection(), STATEMENTS).await
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("an older version reads the database as it is; there is nothing to take back".into()))
    }
}

const STATEMENTS: &[&str] = &[
    // Whether it ends with something that is looked up outside. Of what an older version wrote it is not known: it is looked at.
    "ALTER TABLE accesses ADD COLUMN tied BOOLEAN NOT NULL DEFAULT TRUE",
    "CREATE INDEX accesses_tied ON accesses (requested_us, id) WHERE tied AND state <> 'closed'",
];

/// What an older replica writes while this one runs beside it, and what this one writes.
pub const SEED: Seed = Seed {
    migration: "m20261128_000005_tied",
    insert: &[
        "INSERT INTO accesses (id, short, version, state, beneficiary, requester, role, failing, end_children, requested_us, body)
         VALUES ('0193a5f0-0000-7000-8000-0000000000a1', 'old', 1, 'pending', 'ann', 'ann', 'db', FALSE, FALSE, 1, '{}')",
        "INSERT INTO accesses (id, short, version, state, beneficiary, requester, role, failing, end_children, requested_us, body, tied)
         VALUES ('0193a5f0-0000-7000-8000-0000000000a2', 'new', 1, 'pending', 'ann', 'ann', 'db', FALSE, FALSE, 1, '{}', FALSE)",
    ],
    check: &[
        "SELECT 1 FROM accesses WHERE tied AND short = 'old'",
        "SELECT 1 FROM accesses WHERE NOT tied AND short = 'new'",
    ],
};
