//! Slack's limits, where rendering meets them. Lengths are in characters. Sources: Slack's Block Kit reference and slack_sdk 3.47.

/// Blocks of a message.
pub const BLOCKS: usize = 50;
/// Blocks of a view.
pub const VIEW_BLOCKS: usize = 100;
/// Text of a header.
pub const HEADER: usize = 150;
/// One text in a block. Slack allows 3000; escaping makes text longer, so less is filled.
pub const TEXT: usize = 2_900;
/// All text of a message's blocks but its buttons'. Slack refuses a little above 11,000 in all (`msg_blocks_too_long`).
pub const ALL_TEXT: usize = 8_000;
/// All text of a message's buttons.
pub const BUTTON_TEXTS: usize = 2_700;
/// The plain text of a message: an edit refuses more than 4000 (`msg_too_long`).
pub const FALLBACK: usize = 3_500;
/// A button's label and its description.
pub const BUTTON: usize = 75;
/// Buttons of one row.
pub const BUTTONS: usize = 25;
/// Title of a confirmation.
pub const CONFIRM_TITLE: usize = 100;
/// Text of a confirmation.
pub const CONFIRM_TEXT: usize = 300;
/// Button of a confirmation.
pub const CONFIRM_YES: usize = 30;
/// Title and buttons of a view.
pub const VIEW_TITLE: usize = 24;
/// Label and hint of an input.
pub const LABEL: usize = 2_000;
/// Placeholder of an input.
pub const PLACEHOLDER: usize = 150;
/// Small print, before escaping, which can make five characters of one.
pub const CONTEXT: usize = 500;
/// Text of an option.
pub const OPTION: usize = 75;
/// Value of an option.
pub const OPTION_VALUE: usize = 150;
/// Options of a select.
pub const OPTIONS: usize = 100;
/// Characters that an input may be made to take.
pub const INPUT: usize = 3_000;
/// What a view carries for us.
pub const METADATA: usize = 3_000;
