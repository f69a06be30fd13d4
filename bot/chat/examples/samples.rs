//! Prints every sample of every card and dialog, one JSON object a line, for other people's validators; with `--text`, as the plain text
//! that a notification or a screen reader gets.

use jit_chat::cards::{self, sample};
use jit_chat::fallback;
use jit_chat::slack::render;
use serde_json::json;

fn main() {
    let people = sample::people();
    let context = sample::context(&people);
    let as_text = std::env::args().any(|argument| argument == "--text");
    for sample in cards::samples() {
        let card = cards::card(&sample.notice, &context);
        if as_text {
            println!("── {}\n{}\n", sample.name, fallback::text(&card, &context));
        } else {
            let message = render::message(&card, &context);
            println!("{}", json!({ "name": sample.name, "text": message.text, "blocks": message.blocks }));
        }
    }
}
