//! The first schema: persons, accesses, events, texts, timers, entitlements, outbox, messages, replays.

use sea_orm::{ConnectionTrait, DbBackend, DbErr};
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
        let db = manager.get_connection();
        sql::run(db, TABLES).await?;
        sql::run(db, INDEXES).await?;
        match db.get_database_backend() {
            DbBackend::Sqlite => sql::run(db, APPEND_ONLY_SQLITE).await,
            _ => sql::run(db, APPEND_ONLY_POSTGRES).await,
        }
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("the first schema is not undone: it holds the evidence; restore a backup instead".into()))
    }
}

const TABLES: &[&str] = &[
    // One row per beneficiary: decisions about a person (limits, conflicts, duplicates) compare and set its version.
    "CREATE TABLE persons (
        id TEXT PRIMARY KEY,
        version BIGINT NOT NULL
    )",
    // The snapshot (`body`) and what is searched by. `extends` is the parent of an extension. `end_children`: its extensions are
    // still to be ended with it. `review_us`: by when an emergency bypass is to be reviewed, until it is. `misuse_us`: when a review
    // found misuse. `entitlement`: what it may hold; NULL when it is only rehearsed, so that nothing which looks for what targets must hold
    // can find it.
    "CREATE TABLE accesses (
        id TEXT PRIMARY KEY,
        short TEXT NOT NULL UNIQUE,
        version BIGINT NOT NULL,
        state TEXT NOT NULL,
        beneficiary TEXT NOT NULL,
        requester TEXT NOT NULL,
        role TEXT NOT NULL,
        entitlement TEXT,
        extends TEXT REFERENCES accesses (id),
        until_us BIGINT,
        failing BOOLEAN NOT NULL,
        end_children BOOLEAN NOT NULL,
        requested_us BIGINT NOT NULL,
        body TEXT NOT NULL,
        review_us BIGINT,
        activated_us BIGINT,
        misuse_us BIGINT
    )",
    // Append-only. `bytes` are the canonical bytes that `sha256` is of; the other columns repeat parts of them for search.
    "CREATE TABLE events (
        position {identity},
        access TEXT REFERENCES accesses (id),
        version BIGINT NOT NULL,
        at_us BIGINT NOT NULL,
        kind TEXT NOT NULL,
        person TEXT,
        bytes {bytes} NOT NULL,
        sha256 {bytes} NOT NULL,
        UNIQUE (access, version)
    )",
    // What people wrote, beside the events that hold only the salted digest. Erasing empties salt and body.
    "CREATE TABLE texts (
        digest TEXT PRIMARY KEY,
        access TEXT,
        salt {bytes},
        body TEXT,
        erased_us BIGINT
    )",
    "CREATE TABLE timers (
        access TEXT NOT NULL REFERENCES accesses (id),
        kind TEXT NOT NULL,
        generation BIGINT NOT NULL,
        due_us BIGINT NOT NULL,
        lease_owner TEXT,
        lease_us BIGINT NOT NULL DEFAULT 0,
        PRIMARY KEY (access, kind)
    )",
    // The write-ahead: enough by itself to revoke. `generation` counts leases and fences their owners; `marks` counts the wishes to
    // look again, so that one that comes while a worker is at it is not lost (`leased_marks`: as many as it saw).
    "CREATE TABLE entitlements (
        key TEXT PRIMARY KEY,
        connector TEXT NOT NULL,
        account TEXT NOT NULL,
        target TEXT NOT NULL,
        instance TEXT,
        baseline TEXT,
        generation BIGINT NOT NULL DEFAULT 0,
        marks BIGINT NOT NULL DEFAULT 1,
        leased_marks BIGINT NOT NULL DEFAULT 0,
        due_us BIGINT,
        lease_owner TEXT,
        lease_us BIGINT NOT NULL DEFAULT 0,
        quiet_us BIGINT NOT NULL DEFAULT 0,
        failures BIGINT NOT NULL DEFAULT 0,
        last_error TEXT
    )",
    // `access` is an access, or the own key of a bulletin. States: queued, delivered, superseded, parked; `done_us` is set for the last
    // three. `revision` counts the contents that a queued row has had: a newer notice for its slot becomes its content.
    "CREATE TABLE outbox (
        id {identity},
        recipient TEXT NOT NULL,
        access TEXT NOT NULL,
        slot TEXT NOT NULL,
        body TEXT NOT NULL,
        state TEXT NOT NULL,
        revision BIGINT NOT NULL DEFAULT 0,
        created_us BIGINT NOT NULL,
        due_us BIGINT NOT NULL,
        done_us BIGINT,
        attempts BIGINT NOT NULL DEFAULT 0,
        lease_owner TEXT,
        lease_us BIGINT NOT NULL DEFAULT 0,
        error TEXT
    )",
    // Where each slot's message was posted.
    "CREATE TABLE messages (
        recipient TEXT NOT NULL,
        access TEXT NOT NULL,
        slot TEXT NOT NULL,
        platform TEXT NOT NULL,
        conversation TEXT NOT NULL,
        ts TEXT NOT NULL,
        changed_us BIGINT NOT NULL,
        PRIMARY KEY (recipient, access, slot)
    )",
    // Who has opened their home tab, and since when it is to be drawn anew. `marks` counts the wishes to, so that one that comes
    // while a worker is at it is not lost.
    "CREATE TABLE homes (
        person TEXT PRIMARY KEY,
        due_us BIGINT,
        marks BIGINT NOT NULL DEFAULT 1,
        attempts BIGINT NOT NULL DEFAULT 0,
        lease_us BIGINT NOT NULL DEFAULT 0
    )",
    // The kill switch: what is frozen now, one row per scope.
    // What was told once and for all, such as that an exception ends soon.
    "CREATE TABLE reminders (
        key TEXT PRIMARY KEY,
        at_us BIGINT NOT NULL
    )",
    "CREATE TABLE freezes (
        scope TEXT PRIMARY KEY,
        body TEXT NOT NULL
    )",
    // One row: which deployment this is, so that several can share one Redis.
    "CREATE TABLE deployment (
        id TEXT PRIMARY KEY
    )",
    "INSERT INTO deployment (id) VALUES ({random})",
    // Dedupe keys of what came in, with what was answered. Pruned.
    "CREATE TABLE replays (
        key TEXT PRIMARY KEY,
        answer TEXT,
        at_us BIGINT NOT NULL
    )",
];

const INDEXES: &[&str] = &[
    "CREATE INDEX accesses_open_beneficiary ON accesses (beneficiary) WHERE state <> 'closed'",
    "CREATE INDEX accesses_open_role ON accesses (role) WHERE state <> 'closed'",
    "CREATE INDEX accesses_open_state ON accesses (state) WHERE state <> 'closed'",
    "CREATE INDEX accesses_unsettled ON accesses (entitlement) WHERE state IN ('elevating', 'active', 'revoking')",
    "CREATE INDEX accesses_beneficiary ON accesses (beneficiary, requested_us)",
    "CREATE INDEX accesses_requester ON accesses (requester, requested_us)",
    "CREATE INDEX accesses_requested ON accesses (requested_us)",
    "CREATE INDEX accesses_extends ON accesses (extends) WHERE extends IS NOT NULL",
    "CREATE INDEX accesses_review ON accesses (beneficiary) WHERE review_us IS NOT NULL",
    "CREATE INDEX accesses_used ON accesses (beneficiary, role, activated_us)
     WHERE activated_us IS NOT NULL AND extends IS NULL",
    "CREATE INDEX accesses_misused ON accesses (beneficiary, misuse_us) WHERE misuse_us IS NOT NULL",
    "CREATE INDEX accesses_end_children ON accesses (id) WHERE end_children",
    "CREATE INDEX events_at ON events (at_us)",
    "CREATE INDEX events_kind ON events (kind, position)",
    "CREATE INDEX texts_access ON texts (access)",
    "CREATE INDEX timers_due ON timers (due_us)",
    "CREATE INDEX entitlements_due ON entitlements (due_us) WHERE due_us IS NOT NULL",
    "CREATE INDEX outbox_queue ON outbox (recipient, id) WHERE state = 'queued'",
    "CREATE INDEX outbox_slot ON outbox (access, slot, recipient)",
    "CREATE INDEX outbox_parked ON outbox (id) WHERE state = 'parked'",
    "CREATE INDEX homes_due ON homes (due_us) WHERE due_us IS NOT NULL",
    "CREATE INDEX messages_access ON messages (access)",
    "CREATE INDEX replays_at ON replays (at_us)",
];

const APPEND_ONLY_SQLITE: &[&str] = &[
    "CREATE TRIGGER events_never_change BEFORE UPDATE ON events
     BEGIN SELECT RAISE(ABORT, 'events are append-only'); END",
    "CREATE TRIGGER events_never_go BEFORE DELETE ON events
     BEGIN SELECT RAISE(ABORT, 'events are append-only'); END",
];

const APPEND_ONLY_POSTGRES: &[&str] = &[
    "CREATE FUNCTION events_are_append_only() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN RAISE EXCEPTION 'events are append-only'; END $$",
    "CREATE TRIGGER events_never_change BEFORE UPDATE OR DELETE OR TRUNCATE ON events
     FOR EACH STATEMENT EXECUTE FUNCTION events_are_append_only()",
];

/// An active access with everything around it. `unhex` and `decode` differ between the databases, so bytes stay plain text here.
pub const SEED: Seed = Seed {
    migration: "m20261121_000001_initial",
    insert: &[
        "INSERT INTO persons VALUES ('alice', 3)",
        "INSERT INTO accesses VALUES ('0193a5f0-0000-7000-8000-000000000001', 'A-2AAAAA', 3, 'active', 'alice', 'alice',
         'orders-db-admin', 'orders-db/alice/{\"role\":\"app_admin\"}', NULL, 1763800000000000, FALSE, FALSE,
         1763790000000000, '{}', 1763880000000000, 1763795000000000, NULL)",
        "INSERT INTO events (access, version, at_us, kind, person, bytes, sha256) VALUES
         ('0193a5f0-0000-7000-8000-000000000001', 1, 1763790000000000, 'requested', 'alice', CAST('{}' AS {bytes}),
          CAST('sum' AS {bytes}))",
        "INSERT INTO texts VALUES ('aa', '0193a5f0-0000-7000-8000-000000000001', CAST('salt' AS {bytes}), 'why', NULL)",
        "INSERT INTO timers (access, kind, generation, due_us) VALUES
         ('0193a5f0-0000-7000-8000-000000000001', 'end', 3, 1763800000000000)",
        "INSERT INTO entitlements (key, connector, account, target, baseline, due_us) VALUES
         ('orders-db/alice/{\"role\":\"app_admin\"}', 'orders-db', 'alice', '{\"role\":\"app_admin\"}', 'absent', NULL)",
        "INSERT INTO outbox (recipient, access, slot, body, state, created_us, due_us) VALUES
         ('announce', '0193a5f0-0000-7000-8000-000000000001', 'grant', '{}', 'queued', 1, 1)",
        "INSERT INTO messages VALUES
         ('person:alice', '0193a5f0-0000-7000-8000-000000000001', 'request', 'slack', 'D1', '1.2', 1)",
        "INSERT INTO replays VALUES ('slack:trigger:1', NULL, 1)",
        "INSERT INTO homes (person, due_us) VALUES ('alice', 1763790000000000)",
        "INSERT INTO freezes VALUES ('everything', '{}')",
        "INSERT INTO reminders VALUES ('exception/soon/orders-db-admin/person:alice/1', 1)",
    ],
    check: &[
        "SELECT 1 FROM persons WHERE id = 'alice' AND version = 3",
        "SELECT 1 FROM accesses WHERE short = 'A-2AAAAA' AND state = 'active' AND until_us = 1763800000000000
         AND review_us = 1763880000000000 AND activated_us = 1763795000000000 AND misuse_us IS NULL",
        "SELECT 1 FROM events WHERE access = '0193a5f0-0000-7000-8000-000000000001' AND version = 1
         AND bytes = CAST('{}' AS {bytes})",
        "SELECT 1 FROM texts WHERE digest = 'aa' AND body = 'why'",
        "SELECT 1 FROM timers WHERE kind = 'end' AND generation = 3 AND due_us = 1763800000000000 AND lease_us = 0",
        "SELECT 1 FROM entitlements WHERE baseline = 'absent' AND connector = 'orders-db' AND marks = 1",
        "SELECT 1 FROM outbox WHERE recipient = 'announce' AND state = 'queued'",
        "SELECT 1 FROM messages WHERE recipient = 'person:alice' AND ts = '1.2'",
        "SELECT 1 FROM deployment",
        "SELECT 1 FROM replays WHERE key = 'slack:trigger:1'",
        "SELECT 1 FROM homes WHERE person = 'alice' AND due_us = 1763790000000000 AND marks = 1 AND lease_us = 0",
        "SELECT 1 FROM freezes WHERE scope = 'everything' AND body = '{}'",
        "SELECT 1 FROM reminders WHERE at_us = 1",
    ],
};
