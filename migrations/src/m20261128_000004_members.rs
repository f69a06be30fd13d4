//! People of Teams: the ids that Teams calls them by towards this app, and who was greeted.

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
        Err(DbErr::Migration("who is who in Teams would have to be learnt anew; restore a backup instead".into()))
    }
}

const STATEMENTS: &[&str] = &[
    // Who is who in Teams, as its own activities told. `place`: the team or the conversation in which somebody was seen; with it goes what was
    // learnt there. `person`: the Entra object id, in small letters. `member`: Teams' own id of them, such as `29:…`.
    "CREATE TABLE members (
        place TEXT NOT NULL,
        tenant TEXT NOT NULL,
        person TEXT NOT NULL,
        member TEXT NOT NULL,
        changed_us BIGINT NOT NULL,
        PRIMARY KEY (place, person)
    )",
    "CREATE INDEX members_person ON members (person)",
    "CREATE INDEX members_member ON members (member)",
    // When somebody was greeted in their own conversation. Whoever has the app already needs no greeting.
    "ALTER TABLE conversations ADD COLUMN greeted_us BIGINT",
    "UPDATE conversations SET greeted_us = changed_us",
];

/// Somebody who was seen in a team, and a conversation in which nobody was greeted yet.
pub const SEED: Seed = Seed {
    migration: "m20261128_000004_members",
    insert: &[
        "INSERT INTO members VALUES ('19:team@thread.tacv2', 'tenant', 'aad-1', '29:one', 1)",
        "INSERT INTO conversations (conversation, service_url, tenant, kind, person, bot, changed_us) VALUES
         ('a:2', 'https://smba.trafficmanager.net/emea', 'tenant', 'personal', 'aad-2', '28:app', 1)",
    ],
    check: &[
        "SELECT 1 FROM members WHERE person = 'aad-1' AND member = '29:one' AND place = '19:team@thread.tacv2'",
        "SELECT 1 FROM conversations WHERE conversation = 'a:2' AND greeted_us IS NULL",
    ],
};
