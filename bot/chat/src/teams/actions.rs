//! What buttons of cards carry, both ways: a verb and an access, never a decision. [`super::render`] writes it, Teams' door reads it back.
//!
//! Three shapes say the same, because Teams sends them differently: `Action.Execute` has its verb beside its data; a dialog's button and the
//! fallback for old clients have it in the data; a button that opens a dialog says so in `msteams`.

use jit_core::id::AccessId;
use jit_core::notice::NoticeKind;
use serde_json::{Value, json};

use crate::card::{Action, Verb};

/// The verb of the button that opens the form for a request.
const REQUEST: &str = "request";
/// Where cards that were posted long ago name its one role.
const ROLE: &str = "role";
/// The verb with which a client asks for its reader's own face of a card.
const FACE: &str = "face";
/// The verb of the button that shows one's own face of a card in a dialog.
const OPEN: &str = "open";
/// The verb of the button that says a line, where a form can open.
const SAY: &str = "say";

/// What somebody pressed, or their client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pressed {
    /// A button of the product.
    Button(Action),
    /// The reader's own face of a shared card, in its place.
    Face(Shared),
    /// The same in a dialog.
    Open(Shared),
}

/// A card that many see and few may act on: enough to draw it again, for one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shared {
    /// The access that it is about.
    pub access: AccessId,
    /// Which card.
    pub card: SharedCard,
}

/// The cards of channels that have buttons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SharedCard {
    /// See [`NoticeKind::Grant`].
    Grant,
    /// See [`NoticeKind::Review`].
    Review,
}

impl SharedCard {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Grant, Self::Review];

    /// The notice that it is.
    pub fn notice(self) -> NoticeKind {
        match self {
            Self::Grant => NoticeKind::Grant,
            Self::Review => NoticeKind::Review,
        }
    }

    /// The card of a notice, where it has buttons and goes to a channel.
    pub fn of(notice: &NoticeKind) -> Option<Self> {
        Self::ALL.into_iter().find(|card| card.notice() == *notice)
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|card| card.notice().name() == text)
    }
}

impl Pressed {
    /// The verb on the wire: stable, messages posted long ago carry it.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Button(Action::On(verb, _)) => verb.as_str(),
            Self::Button(Action::Request(_)) => REQUEST,
            Self::Button(Action::Say(_)) => SAY,
            Self::Face(_) => FACE,
            Self::Open(_) => OPEN,
        }
    }

    /// What goes with the verb.
    pub fn data(&self) -> Value {
        match self {
            Self::Button(Action::On(_, access)) => json!({ "access": access.to_string() }),
            Self::Button(Action::Request(roles)) => match Action::roles_text(roles) {
                Some(roles) => json!({ "roles": roles }),
                None => json!({}),
            },
            Self::Button(Action::Say(text)) => json!({ "text": text }),
            Self::Face(shared) | Self::Open(shared) => {
                json!({ "access": shared.access.to_string(), "card": shared.card.notice().name() })
            }
        }
    }

    /// Both in one, where Teams has no place for a verb.
    pub fn data_with_verb(&self) -> Value {
        let mut data = self.data();
        data["verb"] = json!(self.verb());
        data
    }

    /// Both in one, of a button that opens a dialog: Teams sends it as `task/fetch`.
    pub fn fetch(&self) -> Value {
        let mut data = self.data_with_verb();
        data["msteams"] = json!({ "type": "task/fetch" });
        data
    }

    /// Reads `Action.Execute`: its verb, and its data.
    pub fn read(verb: &str, data: &Value) -> Option<Self> {
        let text = |key: &str| data.get(key).and_then(Value::as_str);
        let access = || text("access").and_then(|access| access.parse().ok()).map(AccessId);
        let shared = || Some(Shared { access: access()?, card: SharedCard::parse(text("card")?)? });
        match verb {
            REQUEST => Some(Self::Button(Action::Request(Action::roles_of(text("roles").or_else(|| text(ROLE)))))),
            FACE => shared().map(Self::Face),
            OPEN => shared().map(Self::Open),
            SAY => text("text").map(|text| Self::Button(Action::Say(text.to_owned()))),
            verb => Some(Self::Button(Action::On(Verb::parse(verb)?, access()?))),
        }
    }

    /// Reads what [`Pressed::data_with_verb`] and [`Pressed::fetch`] wrote.
    pub fn read_with_verb(data: &Value) -> Option<Self> {
        Self::read(data["verb"].as_str()?, data)
    }
}

/// Whether pressing it opens a dialog instead of doing it.
pub fn opens_dialog(action: &Action) -> bool {
    match action {
        Action::Request(_) | Action::Say(_) => true,
        Action::On(verb, _) => match verb {
            Verb::ApproveShorter
            | Verb::Deny
            | Verb::Ask
            | Verb::Reply
            | Verb::Extend
            | Verb::Reveal
            | Verb::Revoke
            | Verb::Justified
            | Verb::Misuse
            | Verb::Show => true,
            Verb::Approve | Verb::Claim | Verb::Done | Verb::Cancel => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn access() -> AccessId {
        AccessId(uuid::Uuid::from_u128(7))
    }

    #[test]
    fn what_is_written_is_read_back_in_every_shape() {
        let buttons = Verb::ALL.into_iter().map(|verb| Action::On(verb, access()));
        let requests = [vec![], vec!["orders-db-admin".into()], vec!["a".into(), "b".into()]].map(Action::Request);
        let shared = SharedCard::ALL.map(|card| Shared { access: access(), card });
        let faces = shared.into_iter().flat_map(|shared| [Pressed::Face(shared), Pressed::Open(shared)]);
        let said = Pressed::Button(Action::Say("request orders-db-admin".to_owned()));
        let all = buttons.chain(requests).map(Pressed::Button).chain(faces).chain([said]);
        for pressed in all {
            assert_eq!(Pressed::read(pressed.verb(), &pressed.data()), Some(pressed.clone()));
            assert_eq!(Pressed::read_with_verb(&pressed.data_with_verb()), Some(pressed.clone()));
            assert_eq!(Pressed::read_with_verb(&pressed.fetch()), Some(pressed));
        }
    }

    #[test]
    fn a_card_of_long_ago_still_names_its_role() {
        let read = Pressed::read("request", &json!({ "role": "orders-db-admin" }));
        assert_eq!(read, Some(Pressed::Button(Action::Request(vec!["orders-db-admin".into()]))));
    }

    #[test]
    fn strange_buttons_are_nothing() {
        let of = |verb: &str, access: Value| Pressed::read(verb, &json!({ "access": access }));
        for (verb, access) in [
            ("destroy", json!(access().to_string())),
            ("approve", json!("../../etc")),
            ("approve", json!(7)),
            ("face", json!(access().to_string())),
        ] {
            assert_eq!(of(verb, access.clone()), None, "{verb} {access}");
        }
        assert_eq!(Pressed::read_with_verb(&json!(["approve"])), None);
        assert_eq!(Pressed::read("approve", &Value::Null), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(verb in any::<String>(), access in any::<String>()) {
            let _ = Pressed::read(&verb, &json!({ "access": access, "card": access }));
        }
    }
}
