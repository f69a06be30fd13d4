//! Conversations of Teams: where one can speak, as its own activities told. Learnt by Teams' door, used by its deliveries.
//!
//! Every message teaches the same again, so what is known is only read.

use sea_orm::{DbErr, QueryResult, Value};

use crate::clock::micros;
use crate::error::{Doing, StoreError};
use crate::{Store, sql};

/// A conversation that the app is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Its id, without a thread.
    pub id: String,
    /// The address of the service that carries it.
    pub service_url: String,
    /// The tenant's id.
    pub tenant: String,
    /// What it is, in Teams' own word.
    pub kind: String,
    /// The Entra object id, in small letters, of the one with whom it is; none for groups and channels.
    pub person: Option<String>,
    /// The app's id in it.
    pub bot: String,
}

const COLUMNS: &str = "conversation, service_url, tenant, kind, person, bot";

impl Store {
    /// Keeps one, in place of an older one of the same id or person. `false`: it was known just so, and nothing was written.
    pub async fn learn_conversation(&self, it: &Conversation) -> Result<bool, StoreError> {
        const DOING: &str = "keep a conversation";
        if self.conversation(&it.id).await?.as_ref() == Some(it) {
            return Ok(false);
        }
        let transaction = self.db().begin().await.doing(DOING)?;
        let older = "DELETE FROM conversations WHERE person = $1 AND conversation <> $2";
        let values = vec![it.person.clone().into(), it.id.as_str().into()];
        sql::execute(&transaction, older, values).await.doing(DOING)?;
        let upsert = format!(
            "INSERT INTO conversations ({COLUMNS}, changed_us) VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (conversation) DO UPDATE SET service_url = excluded.service_url, tenant = excluded.tenant,
             kind = excluded.kind, person = excluded.person, bot = excluded.bot, changed_us = excluded.changed_us"
        );
        let texts = [&it.id, &it.service_url, &it.tenant, &it.kind].map(|text| Value::from(text.as_str()));
        let rest = [it.person.clone().into(), it.bot.as_str().into(), micros(self.now()).into()];
        let values = texts.into_iter().chain(rest).collect();
        sql::execute(&transaction, &upsert, values).await.doing(DOING)?;
        transaction.commit().await.doing(DOING)?;
        Ok(true)
    }

    /// The app is not there any more.
    pub async fn forget_conversation(&self, id: &str) -> Result<(), StoreError> {
        let delete = "DELETE FROM conversations WHERE conversation = $1";
        sql::execute(&self.db().writer, delete, vec![id.into()]).await.map(drop).doing("forget a conversation")
    }

    /// Notes that somebody is greeted in a conversation. `false`: they were, since the app came there, and are not once more.
    pub async fn greet(&self, id: &str) -> Result<bool, StoreError> {
        let update = "UPDATE conversations SET greeted_us = $2 WHERE conversation = $1 AND greeted_us IS NULL";
        let values = vec![id.into(), micros(self.now()).into()];
        Ok(sql::execute(&self.db().writer, update, values).await.doing("note that somebody is greeted")? > 0)
    }

    /// The greeting did not get there: the next occasion is taken.
    pub async fn not_greeted(&self, id: &str) -> Result<(), StoreError> {
        let update = "UPDATE conversations SET greeted_us = NULL WHERE conversation = $1";
        sql::execute(&self.db().writer, update, vec![id.into()]).await.map(drop).doing("note that nobody was greeted")
    }

    /// The conversation of an id.
    pub async fn conversation(&self, id: &str) -> Result<Option<Conversation>, StoreError> {
        self.find_conversation("WHERE conversation = $1", vec![id.into()]).await
    }

    /// The personal conversation with somebody, by their Entra object id in small letters.
    pub async fn conversation_with(&self, person: &str) -> Result<Option<Conversation>, StoreError> {
        self.find_conversation("WHERE person = $1", vec![person.into()]).await
    }

    /// The one that was learnt last.
    pub async fn newest_conversation(&self) -> Result<Option<Conversation>, StoreError> {
        self.find_conversation("ORDER BY changed_us DESC LIMIT 1", vec![]).await
    }

    async fn find_conversation(&self, rest: &str, values: Vec<Value>) -> Result<Option<Conversation>, StoreError> {
        const DOING: &str = "load a conversation";
        let select = format!("SELECT {COLUMNS} FROM conversations {rest}");
        let row = sql::one(&self.db().reader, &select, values).await.doing(DOING)?;
        row.as_ref().map(conversation).transpose().doing(DOING)
    }
}

fn conversation(row: &QueryResult) -> Result<Conversation, DbErr> {
    Ok(Conversation {
        id: row.try_get("", "conversation")?,
        service_url: row.try_get("", "service_url")?,
        tenant: row.try_get("", "tenant")?,
        kind: row.try_get("", "kind")?,
        person: row.try_get("", "person")?,
        bot: row.try_get("", "bot")?,
    })
}
