//! The limits Slack puts on blocks, views and messages. Each constant names where it was read:
//! `sdk` is slack_sdk 3.47 (`models/blocks`, `models/views`), `types` is @slack/types 3.2 (doc
//! comments), `docs` is Slack's reference pages. Lengths are in Unicode characters.

/// Blocks in one message. Source: docs, "Blocks".
pub(crate) const MESSAGE_BLOCKS: usize = 50;
/// Blocks in one view. Source: types, `BaseView.blocks`.
pub(crate) const VIEW_BLOCKS: usize = 100;
/// `block_id`. Source: sdk, `Block.block_id_max_length`.
pub(crate) const BLOCK_ID: usize = 255;
/// `action_id`. Source: sdk, `InteractiveElement.action_id_max_length`.
pub(crate) const ACTION_ID: usize = 255;
/// Text of a text object, where its place names no lower limit. Source: types, `PlainTextElement.text`.
pub(crate) const TEXT: usize = 3000;
/// Section text. Source: sdk, `SectionBlock.text_max_length`.
pub(crate) const SECTION_TEXT: usize = 3000;
/// Fields of a section. Source: sdk, `SectionBlock.fields_max_length`.
pub(crate) const SECTION_FIELDS: usize = 10;
/// Text of one field. Source: types, `SectionBlock.fields`.
pub(crate) const FIELD_TEXT: usize = 2000;
/// Header text. Source: sdk, `HeaderBlock.text_max_length`.
pub(crate) const HEADER_TEXT: usize = 150;
/// Elements of an actions block. Source: sdk, `ActionsBlock.elements_max_length`.
pub(crate) const ACTIONS: usize = 25;
/// Elements of a context block. Source: sdk, `ContextBlock.elements_max_length`.
pub(crate) const CONTEXT: usize = 10;
/// Label and hint of an input. Source: sdk, `InputBlock.label_max_length`.
pub(crate) const INPUT_LABEL: usize = 2000;
/// Text of a markdown block. Source: sdk, `MarkdownBlock.text_max_length`.
pub(crate) const MARKDOWN_TEXT: usize = 12_000;
/// Image address. Source: sdk, `ImageBlock.image_url_max_length`.
pub(crate) const IMAGE_URL: usize = 3000;
/// Alternative text of an image. Source: sdk, `ImageBlock.alt_text_max_length`.
pub(crate) const ALT_TEXT: usize = 2000;
/// Title of an image block. Source: sdk, `ImageBlock.title_max_length`.
pub(crate) const IMAGE_TITLE: usize = 2000;
/// Button text and accessibility label. Source: sdk, `ButtonElement.text_max_length`.
pub(crate) const BUTTON_TEXT: usize = 75;
/// Button value. Source: sdk, `ButtonElement.value_max_length`.
pub(crate) const BUTTON_VALUE: usize = 2000;
/// Address of a button or overflow option. Source: sdk, `ButtonElement.url_max_length`.
pub(crate) const URL: usize = 3000;
/// Placeholder. Source: sdk, `InputInteractiveElement.placeholder_max_length`.
pub(crate) const PLACEHOLDER: usize = 150;
/// Option text and description. Source: sdk, `Option.label_max_length`.
pub(crate) const OPTION_TEXT: usize = 75;
/// Option value. Source: sdk, `Option.value_max_length` (types still says 75).
pub(crate) const OPTION_VALUE: usize = 150;
/// Options, and option groups, of a select. Source: sdk, `StaticSelectElement.options_max_length`.
pub(crate) const SELECT_OPTIONS: usize = 100;
/// Options of checkboxes and radio buttons. Source: types, `Checkboxes.options`.
pub(crate) const CHOICES: usize = 10;
/// Options of an overflow menu, at least one. Source: sdk, `OverflowMenuElement.options_max_length`.
pub(crate) const OVERFLOW: usize = 5;
/// Confirmation title. Source: sdk, `ConfirmObject.title_max_length`.
pub(crate) const CONFIRM_TITLE: usize = 100;
/// Confirmation text. Source: sdk, `ConfirmObject.text_max_length`.
pub(crate) const CONFIRM_TEXT: usize = 300;
/// Confirmation buttons. Source: sdk, `ConfirmObject.confirm_max_length`.
pub(crate) const CONFIRM_BUTTON: usize = 30;
/// Largest `min_length` and `max_length` of a text input. Source: types, `PlainTextInput.min_length`.
pub(crate) const INPUT_LENGTH: i64 = 3000;
/// View title, submit and close. Source: types, `ModalView.title`.
pub(crate) const VIEW_TITLE: usize = 24;
/// `private_metadata`. Source: types, `BaseView.private_metadata`.
pub(crate) const PRIVATE_METADATA: usize = 3000;
/// `callback_id`. Source: types, `BaseView.callback_id`.
pub(crate) const CALLBACK_ID: usize = 255;
/// `external_id`. Source: docs, "views.open".
pub(crate) const EXTERNAL_ID: usize = 255;
/// A view as JSON, in bytes. Source: docs, "views.open", `view_too_large` (250 KB).
pub(crate) const VIEW_BYTES: usize = 250 * 1024;
/// Views in a person's stack. Source: docs, "views.push" (`push_limit_reached`).
pub(crate) const VIEW_STACK: usize = 3;
/// Text of a posted message. Source: docs, "chat.postMessage", `msg_too_long`.
pub(crate) const MESSAGE_TEXT: usize = 40_000;
/// Text of an edited message. Source: docs, "chat.update", `msg_too_long`.
pub(crate) const UPDATE_TEXT: usize = 4_000;
/// All text within a message's blocks. Slack documents 12,000 for markdown and refuses a little
/// below that in other blocks (`msg_blocks_too_long`, slackapi/bolt-js 2867); the lowest refusal
/// reported there is 11,341.
pub(crate) const BLOCKS_TEXT: usize = 11_000;
/// Message metadata as JSON, in bytes. Slack publishes no figure (`metadata_too_large`); this is
/// an assumption on the safe side.
pub(crate) const METADATA_BYTES: usize = 8 * 1024;
