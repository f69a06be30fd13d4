//! What people do: the same code for the browser and for tests. Each act is checked against what
//! the person could see and press, sent to the bot, and its answer applied.

mod action;
mod command;
mod events;
mod message;
mod options;
mod payload;
mod submit;

pub use command::CommandAnswer;
pub use submit::Submission;

pub(crate) use action::Place;

use crate::{failure::Failure, playground::Playground};

impl Playground {
    /// The conversation a person means; they must be able to act in it.
    pub(crate) fn place(&self, user: &str, name_or_id: &str) -> Result<String, Failure> {
        self.acting(user)?;
        self.conversation(user, name_or_id)
            .ok_or_else(|| Failure::not_possible(format!("{user} is in no conversation {name_or_id}")))
    }

    /// A person who can act.
    pub(crate) fn acting(&self, user: &str) -> Result<(), Failure> {
        match self.read(|world| world.person(user).map(|p| p.deleted)) {
            Some(false) => Ok(()),
            Some(true) => Err(Failure::not_possible(format!("{user} is deactivated"))),
            None => Err(Failure::not_possible(format!("there is no person {user}"))),
        }
    }

    pub(crate) fn response_url(&self, token: &str) -> String {
        format!("{}/playground/response/{token}", self.base_url())
    }
}
