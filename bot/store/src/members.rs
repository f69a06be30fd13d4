//! Who is who in Teams: the ids that it calls people by towards this app, beside their Entra object ids. Learnt by Teams' door from its own
//! activities, used to resolve mentions and to say whose clients may ask for a face of their own.
//!
//! An id is known from a place, a team or a conversation, and goes with it.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::Value;

use crate::clock::micros;
use crate::error::{Doing, StoreError};
use crate::{Store, sql};

/// Somebody, as seen in a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The team or the conversation.
    pub place: String,
    /// The tenant's id.
    pub tenant: String,
    /// Their Entra object id, in small letters.
    pub person: String,
    /// Teams' id of them, such as `29:…`.
    pub id: String,
}

impl Store {
    /// Keeps one, in place of an older one of the same person there. `false`: it was known just so, and nothing was written.
    pub async fn learn_member(&self, it: &Member) -> Result<bool, StoreError> {
        const DOING: &str = "keep who somebody is in Teams";
        let texts = || [&it.place, &it.person, &it.id, &it.tenant].map(|text| Value::from(text.as_str()));
        let select = "SELECT 1 FROM members WHERE place = $1 AND person = $2 AND member = $3 AND tenant = $4";
        if sql::one(&self.db().reader, select, texts().to_vec()).await.doing(DOING)?.is_some() {
            return Ok(false);
        }
        let upsert = "INSERT INTO members (place, person, member, tenant, changed_us) VALUES ($1, $2, $3, $4, $5)
                      ON CONFLICT (place, person) DO UPDATE SET member = excluded.member, tenant = excluded.tenant,
                      changed_us = excluded.changed_us";
        let values = texts().into_iter().chain([micros(self.now()).into()]).collect();
        sql::execute(&self.db().writer, upsert, values).await.doing(DOING)?;
        Ok(true)
    }

    /// The app is not there any more.
    pub async fn forget_members(&self, place: &str) -> Result<(), StoreError> {
        let delete = "DELETE FROM members WHERE place = $1";
        sql::execute(&self.db().writer, delete, vec![place.into()]).await.map(drop).doing("forget who was in a place")
    }

    /// Teams' ids of people of a tenant, by their object ids; the newest of each. Who is not known is left out.
    pub async fn members(&self, tenant: &str, people: &[String]) -> Result<BTreeMap<String, String>, StoreError> {
        // Later ones take the place of earlier ones.
        Ok(self.known((tenant, "person"), people).await?.into_iter().collect())
    }

    /// The object ids of those whom Teams calls so. An id that was ever somebody else's is nobody's.
    pub async fn people_of_members(
        &self,
        tenant: &str,
        ids: &[String],
    ) -> Result<BTreeMap<String, String>, StoreError> {
        let mut people: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (person, id) in self.known((tenant, "member"), ids).await? {
            people.entry(id).or_default().insert(person);
        }
        let only = |(id, people): (String, BTreeSet<String>)| {
            Some((id, people.first().filter(|_| people.len() == 1)?.clone()))
        };
        Ok(people.into_iter().filter_map(only).collect())
    }

    /// People and their ids, where a column holds one of these; the newest last.
    async fn known(
        &self,
        (tenant, column): (&str, &'static str),
        wanted: &[String],
    ) -> Result<Vec<(String, String)>, StoreError> {
        const DOING: &str = "look who somebody is in Teams";
        let mut known = Vec::new();
        for wanted in wanted.chunks(sql::CHUNK) {
            let list = sql::list(2, wanted.len());
            let select = format!(
                "SELECT person, member FROM members WHERE tenant = $1 AND {column} IN ({list}) ORDER BY changed_us, place"
            );
            let values = std::iter::once(tenant.into()).chain(wanted.iter().map(|it| it.as_str().into())).collect();
            for row in sql::query(&self.db().reader, &select, values).await.doing(DOING)? {
                let read = || Ok((row.try_get("", "person")?, row.try_get("", "member")?));
                known.push(read().doing(DOING)?);
            }
        }
        Ok(known)
    }
}
