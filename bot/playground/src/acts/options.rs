//! A person types into an external select; the bot proposes options.

use serde_json::{Value, json};

use super::action::Place;
use crate::{blocks, failure::Failure, form, playground::Playground};

impl Playground {
    /// The options the bot offers for a query.
    ///
    /// # Errors
    /// `NotPossible` if there is no such select; otherwise what the bot did wrong.
    pub(crate) async fn suggest(
        &self,
        user: &str,
        place: Place,
        (block_id, action_id): (&str, &str),
        query: &str,
    ) -> Result<Vec<Value>, Failure> {
        self.acting(user)?;
        let payload = self.read(|world| {
            let found = world.at(user, &place)?;
            let field = form::find(&found.blocks, block_id, action_id);
            let external = field.is_some_and(|f| f.kind().ends_with("external_select"));
            if !external {
                return Err(Failure::not_possible(format!("{action_id} is no external select")));
            }
            let mut payload = world.payload("block_suggestion", user);
            payload["block_id"] = json!(block_id);
            payload["action_id"] = json!(action_id);
            payload["value"] = json!(query);
            world.describe(&mut payload, &place, &found);
            Ok(payload)
        })?;
        let answer = self.interact(&payload).await?;
        let bad = |error: &str, messages| Failure::BadAnswer { error: error.to_owned(), messages };
        let body: Value = serde_json::from_slice(&answer.body).map_err(|_| bad("invalid_json", Vec::new()))?;
        let problems = blocks::check_suggestions(&body);
        if !problems.is_empty() {
            return Err(bad("invalid_arguments", problems));
        }
        Ok(blocks::elements::options_of(&body).into_iter().cloned().collect())
    }

    /// The labels and values the bot offers in a view's external select, for tests.
    ///
    /// # Errors
    /// As the browser's request: `NotPossible`, or what the bot did wrong.
    pub async fn suggestions(
        &self,
        user: &str,
        view_id: &str,
        action_id: &str,
        query: &str,
    ) -> Result<Vec<Value>, Failure> {
        let place = Place::View { id: view_id.to_owned() };
        let block_id = self.read(|world| {
            let found = world.at(user, &place)?;
            let field = form::fields(&found.blocks).into_iter().find(|f| f.action_id == action_id);
            let block_id = field.map(|f| f.block_id.to_owned());
            block_id.ok_or_else(|| Failure::not_possible(format!("there is no {action_id}")))
        })?;
        self.suggest(user, place, (&block_id, action_id), query).await
    }
}
