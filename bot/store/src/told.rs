//! What was told last: for a platform that puts a card in the place of another one at once, before its outbox row is delivered.

use jit_core::effect::{Slot, Tell};

use crate::error::{Doing, StoreError};
use crate::{Store, sql};

impl Store {
    /// The newest notice of a slot to a recipient ([`jit_core::effect::Recipient::key`]), delivered or not.
    pub async fn latest_tell(&self, recipient: &str, slot: &Slot) -> Result<Option<Tell>, StoreError> {
        const DOING: &str = "load what was told last";
        let select =
            "SELECT body FROM outbox WHERE access = $1 AND slot = $2 AND recipient = $3 ORDER BY id DESC LIMIT 1";
        let values = vec![slot.access.to_string().into(), slot.name.as_str().into(), recipient.into()];
        let row = sql::one(&self.db().reader, select, values).await.doing(DOING)?;
        let body = row.map(|row| row.try_get::<String>("", "body")).transpose().doing(DOING)?;
        let Some(body) = body else { return Ok(None) };
        // What cannot be read is not told by us; the outbox parks it and says so.
        Ok(self.tells([body.as_str()].into_iter()).await?.into_iter().find_map(Result::ok))
    }
}
