//! How much of a card fits into a message. A card is drawn, measured, and drawn again with less room until it fits: texts go first, then what
//! only old clients need; buttons go last.

use serde_json::Value;

/// What a drawing may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Characters, and [`Room::RUN`] for every piece of text.
    pub text: usize,
    /// Elements of the card.
    pub parts: usize,
    /// People who are linked; more are named.
    pub mentions: usize,
    /// Choices of each select of a dialog; more are searched for.
    pub choices: usize,
    /// Buttons.
    pub buttons: usize,
    /// Characters of buttons and their confirmations.
    pub button_text: usize,
    /// Buttons say again what they do for clients that do not know `Action.Execute`.
    pub fallbacks: bool,
}

impl Room {
    /// What a piece of text costs beside its characters.
    pub const RUN: usize = 40;
    /// Nearly every card fits into the first; anything fits into the last.
    const ALL: [Self; 7] = [
        Self { text: 12_000, parts: 200, mentions: 30, choices: 100, buttons: 60, button_text: 8_000, fallbacks: true },
        Self { text: 7_000, parts: 150, mentions: 30, choices: 100, buttons: 60, button_text: 8_000, fallbacks: true },
        Self { text: 7_000, parts: 150, mentions: 20, choices: 100, buttons: 60, button_text: 8_000, fallbacks: false },
        Self { text: 4_000, parts: 100, mentions: 10, choices: 60, buttons: 40, button_text: 4_000, fallbacks: false },
        Self { text: 2_000, parts: 60, mentions: 10, choices: 40, buttons: 30, button_text: 3_000, fallbacks: false },
        Self { text: 1_200, parts: 40, mentions: 5, choices: 20, buttons: 20, button_text: 2_000, fallbacks: false },
        Self { text: 600, parts: 20, mentions: 0, choices: 10, buttons: 10, button_text: 1_000, fallbacks: false },
    ];

    /// The first drawing of at most so many bytes.
    pub fn fit(bytes: usize, draw: impl Fn(Self) -> Value) -> Value {
        let [first, less @ ..] = Self::ALL;
        less.into_iter().fold(draw(first), |drawn, room| if size(&drawn) > bytes { draw(room) } else { drawn })
    }
}

/// Bytes as JSON.
fn size(value: &Value) -> usize {
    value.to_string().len()
}
