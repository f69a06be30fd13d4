//! Teams' limits, where rendering meets them. Lengths are in characters unless they say bytes. Sources: Microsoft's "Format your bot
//! messages", "Universal Actions for Adaptive Cards", "Typeahead search in Adaptive Cards" and "Dialogs".

/// A card, as JSON. Teams takes messages of 28 KB everywhere; the rest is for the summary and for what addressing a message adds.
pub const CARD_BYTES: usize = 23_500;
/// One text in a block.
pub const TEXT: usize = 2_900;
/// A title.
pub const TITLE: usize = 200;
/// The plain text of a message, for notifications.
pub const SUMMARY: usize = 600;
/// A button's label and its description.
pub const BUTTON: usize = 75;
/// Buttons side by side: what Teams shows without hiding some of them behind "…".
pub const BUTTONS: usize = 6;
/// A confirmation's text.
pub const CONFIRM: usize = 300;
/// People whose clients ask for a face of their own.
pub const REFRESHED: usize = 60;
/// A dialog's title.
pub const DIALOG_TITLE: usize = 64;
/// Label and hint of an input.
pub const LABEL: usize = 250;
/// Placeholder of an input.
pub const PLACEHOLDER: usize = 150;
/// What a choice says.
pub const CHOICE: usize = 150;
/// What a choice sends.
pub const CHOICE_VALUE: usize = 150;
/// Choices that an answer to a search holds; Teams shows no more.
pub const FOUND: usize = 15;
/// Characters that an input may be made to take.
pub const INPUT: usize = 3_000;
/// What a dialog carries for us, as JSON.
pub const META: usize = 2_000;
