//! Prints every sample of every card, answer and dialog, one JSON object a line, for other people's validators; with `--text`, as the plain
//! text that a notification or a screen reader gets; with `--manifest`, the manifest for `https://jit.example.com`.

use jit_chat::cards::{self, sample};
use jit_chat::slack::{manifest, render, view};
use jit_chat::{fallback, forms};
use serde_json::json;

fn main() {
    let people = sample::people();
    let context = sample::context(&people);
    let asked_for = |option: &str| std::env::args().any(|argument| argument == option);
    if asked_for("--manifest") {
        let url = "https://jit.example.com".parse().expect("a valid address");
        println!("{}", serde_json::to_string_pretty(&manifest::manifest(&url)).expect("JSON prints"));
        return;
    }
    for (name, card) in cards::all(&context) {
        if asked_for("--text") {
            println!("── {name}\n{}\n", fallback::text(&card, &context));
        } else {
            let message = render::message(&card, &context);
            println!("{}", json!({ "name": name, "text": message.text, "blocks": message.blocks }));
        }
    }
    if !asked_for("--text") {
        for (name, card) in cards::home::samples(&context) {
            println!("{}", json!({ "name": format!("{name} as a view"), "view": view::home(&card, &context) }));
        }
        for (name, form) in forms::samples(&context) {
            println!("{}", json!({ "name": name, "view": view::modal(&form, &context) }));
        }
    }
}
