//! Several chat platforms: which one carries a notice and a message; the conversations of Teams that the app is in.

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
        Err(DbErr::Migration("what is queued for a second platform would be lost; restore a backup instead".into()))
    }
}

const STATEMENTS: &[&str] = &[
    // What was queued before there was another platform is Slack's.
    "ALTER TABLE outbox ADD COLUMN platform TEXT NOT NULL DEFAULT 'slack'",
    "DROP INDEX outbox_queue",
    "CREATE INDEX outbox_queue ON outbox (platform, recipient, id) WHERE state = 'queued'",
    // A slot of a channel that everybody reads has a message on each platform. SQLite cannot change a key: the table is made anew.
    "CREATE TABLE messages_anew (
        recipient TEXT NOT NULL,
        access TEXT NOT NULL,
        slot TEXT NOT NULL,
        platform TEXT NOT NULL,
        conversation TEXT NOT NULL,
        ts TEXT NOT NULL,
        changed_us BIGINT NOT NULL,
        PRIMARY KEY (recipient, access, slot, platform)
    )",
    "INSERT INTO messages_anew (recipient, access, slot, platform, conversation, ts, changed_us)
     SELECT recipient, access, slot, platform, conversation, ts, changed_us FROM messages",
    "DROP TABLE messages",
    "ALTER TABLE messages_anew RENAME TO messages",
    "CREATE INDEX messages_access ON messages (access)",
    // Where one can speak in Teams, as its own activities told. `person`: the Entra object id, in small letters, of the one with whom a
    // personal conversation is; each has one.
    "CREATE TABLE conversations (
        conversation TEXT PRIMARY KEY,
        service_url TEXT NOT NULL,
        tenant TEXT NOT NULL,
        kind TEXT NOT NULL,
        person TEXT,
        bot TEXT NOT NULL,
        changed_us BIGINT NOT NULL
    )",
    "CREATE UNIQUE INDEX conversations_person ON conversations (person) WHERE person IS NOT NULL",
    "CREATE INDEX conversations_changed ON conversations (changed_us)",
];

/// One message on each platform, one notice that waits for Teams, and where to speak there.
pub const SEED: Seed = Seed {
    migration: "m20261127_000002_platforms",
    insert: &[
        "INSERT INTO outbox (platform, recipient, access, slot, body, state, created_us, due_us) VALUES
         ('teams', 'security', '0193a5f0-0000-7000-8000-000000000002', 'freeze', '{}', 'queued', 1, 1)",
        "INSERT INTO messages (platform, recipient, access, slot, conversation, ts, changed_us) VALUES
         ('slack', 'announce', '0193a5f0-0000-7000-8000-000000000002', 'grant', 'C1', '1.2', 1),
         ('teams', 'announce', '0193a5f0-0000-7000-8000-000000000002', 'grant', '19:a@thread.tacv2', '17', 1)",
        "INSERT INTO conversations VALUES
         ('a:1', 'https://smba.trafficmanager.net/emea', 'tenant', 'personal', 'aad-1', '28:app', 1)",
    ],
    check: &[
        "SELECT 1 FROM outbox WHERE platform = 'teams' AND recipient = 'security' AND state = 'queued'",
        "SELECT 1 FROM messages WHERE platform = 'slack' AND recipient = 'announce' AND ts = '1.2'",
        "SELECT 1 FROM messages WHERE platform = 'teams' AND recipient = 'announce' AND ts = '17'",
        "SELECT 1 FROM conversations WHERE person = 'aad-1' AND conversation = 'a:1' AND kind = 'personal'",
        // Whoever has the app already needs no greeting.
        "SELECT 1 FROM conversations WHERE conversation = 'a:1' AND greeted_us = 1",
    ],
};
