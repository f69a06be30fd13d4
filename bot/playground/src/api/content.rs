//! The content of a message as the bot sends it: text, blocks, metadata, thread. Read and checked
//! for the Web API, for response addresses, and for answers to commands.

use serde_json::Value;

use super::{Args, Refused, refuse};
use crate::blocks::{self, Surface, limits};

/// Checked content.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Content {
    pub text: Option<String>,
    pub blocks: Option<Vec<Value>>,
    pub metadata: Option<Value>,
}

impl Content {
    /// `no_text` unless there is something to show.
    pub(crate) fn not_empty(self) -> Result<Self, Refused> {
        let text = self.text.as_ref().is_some_and(|t| !t.trim().is_empty());
        let blocks = self.blocks.as_ref().is_some_and(|b| !b.is_empty());
        if text || blocks { Ok(self) } else { Err(refuse("no_text")) }
    }
}

/// Reads `text`, `blocks` and `metadata`; `max_text` in characters.
pub(crate) fn read_content(args: &Args, max_text: usize) -> Result<Content, Refused> {
    let text = args.text("text")?;
    if text.as_ref().is_some_and(|t| t.chars().count() > max_text) {
        return Err(refuse("msg_too_long"));
    }
    Ok(Content { text, blocks: read_blocks(args)?, metadata: read_metadata(args)? })
}

fn read_blocks(args: &Args) -> Result<Option<Vec<Value>>, Refused> {
    let Some(value) = args.structure("blocks", "invalid_blocks_format")? else { return Ok(None) };
    let Value::Array(mut list) = value else { return Err(refuse("invalid_blocks_format")) };
    let problems = blocks::check_blocks(&list, Surface::Message);
    if !problems.is_empty() {
        return Err(refuse("invalid_blocks").because(problems));
    }
    if list.iter().map(blocks::text_length).sum::<usize>() > limits::BLOCKS_TEXT {
        return Err(refuse("msg_blocks_too_long"));
    }
    blocks::fill_ids(&mut list);
    Ok(Some(list))
}

/// `{event_type, event_payload}`, nothing else. Errors as in Slack's "chat.postMessage".
fn read_metadata(args: &Args) -> Result<Option<Value>, Refused> {
    let Some(value) = args.structure("metadata", "invalid_metadata_format")? else { return Ok(None) };
    let Some(map) = value.as_object() else { return Err(refuse("invalid_metadata_format")) };
    let event_type = map.get("event_type").and_then(Value::as_str).unwrap_or_default();
    let named = !event_type.is_empty() && event_type.chars().all(|c| c.is_ascii_alphanumeric() || "_-.:".contains(c));
    let payload = map.get("event_payload").is_some_and(Value::is_object);
    if !named || !payload || map.len() != 2 {
        return Err(refuse("invalid_metadata_schema"));
    }
    if value.to_string().len() > limits::METADATA_BYTES {
        return Err(refuse("metadata_too_large"));
    }
    Ok(Some(value))
}
