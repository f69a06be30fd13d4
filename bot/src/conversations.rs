//! What is known of Teams' conversations: in the database, for Teams' deliveries and its door.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jit_chat::deliver::ChatError;
use jit_chat::teams::reference::{Kind, Member, Reference, References, ServiceUrl};
use jit_store::{Conversation, Store, StoreError};

/// The conversations of the database.
#[derive(Clone, Debug)]
pub struct Conversations(pub Store);

#[async_trait]
impl References for Conversations {
    async fn of_person(&self, person: &str) -> Result<Option<Reference>, ChatError> {
        Ok(read(self.0.conversation_with(&person.to_lowercase()).await.map_err(failed)?))
    }

    async fn of_conversation(&self, conversation: &str) -> Result<Option<Reference>, ChatError> {
        Ok(read(self.0.conversation(conversation).await.map_err(failed)?))
    }

    async fn newest(&self) -> Result<Option<Reference>, ChatError> {
        Ok(read(self.0.newest_conversation().await.map_err(failed)?))
    }

    async fn learn(&self, reference: &Reference) -> Result<(), ChatError> {
        self.0.learn_conversation(&written(reference)).await.map(drop).map_err(failed)
    }

    async fn forget(&self, conversation: &str) -> Result<(), ChatError> {
        self.0.forget_conversation(conversation).await.map_err(failed)
    }

    async fn meet(&self, member: &Member) -> Result<(), ChatError> {
        let Member { id, person, tenant, place } = member.clone();
        let member = jit_store::Member { id, person: person.to_lowercase(), tenant, place };
        self.0.learn_member(&member).await.map(drop).map_err(failed)
    }

    async fn leave(&self, place: &str) -> Result<(), ChatError> {
        self.0.forget_members(place).await.map_err(failed)
    }

    async fn members(&self, tenant: &str, people: &[String]) -> Result<BTreeMap<String, String>, ChatError> {
        let people: Vec<String> = people.iter().map(|person| person.to_lowercase()).collect();
        self.0.members(tenant, &people).await.map_err(failed)
    }

    async fn people(&self, tenant: &str, members: &[String]) -> Result<BTreeMap<String, String>, ChatError> {
        self.0.people_of_members(tenant, members).await.map_err(failed)
    }
}

/// A delivery waits for the database as it waits for chat.
fn failed(error: StoreError) -> ChatError {
    ChatError::Retry { what: error.to_string(), after: None }
}

/// What was changed by hand into something that cannot be spoken to is not known.
fn read(found: Option<Conversation>) -> Option<Reference> {
    let found = found?;
    Some(Reference {
        service_url: ServiceUrl::parse(&found.service_url)?,
        conversation: found.id,
        tenant: found.tenant,
        kind: Kind::parse(&found.kind)?,
        person: found.person,
        bot: found.bot,
    })
}

fn written(reference: &Reference) -> Conversation {
    Conversation {
        id: Reference::base(&reference.conversation).to_owned(),
        service_url: reference.service_url.as_str().to_owned(),
        tenant: reference.tenant.clone(),
        kind: reference.kind.as_str().to_owned(),
        person: reference.person.as_deref().map(str::to_lowercase),
        bot: reference.bot.clone(),
    }
}
