//! Prints every sample of every card, answer and dialog, one JSON object a line, for other people's validators; with `--teams`, as
//! Teams gets them; with `--text`, as the plain text that a notification or a screen reader gets; with `--manifest`, the manifest for
//! `https://jit.example.com`.

use std::collections::BTreeMap;

use jit_chat::cards::{self, Context, sample};
use jit_chat::slack::{manifest, render, view};
use jit_chat::teams::{self, dialog, render::Viewer};
use jit_chat::{fallback, forms};
use serde_json::{Value, json};

fn main() {
    let people = sample::people();
    let context = sample::context(&people);
    let asked_for = |option: &str| std::env::args().any(|argument| argument == option);
    if asked_for("--manifest") {
        let url = "https://jit.example.com".parse().expect("a valid address");
        println!("{}", serde_json::to_string_pretty(&manifest::manifest(&url)).expect("JSON prints"));
        return;
    }
    if asked_for("--teams") {
        return teams_samples(&context);
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

/// Of each message what one person sees; of what goes to a channel also what everybody sees; of each dialog also with errors.
fn teams_samples(context: &Context) {
    let message = |name: &str, kind: &str, activity: Value| {
        let content = &activity["attachments"][0]["content"];
        println!("{}", json!({ "name": name, "kind": kind, "content": content, "activity": activity }));
    };
    let of_dialog = |name: &str, task: Value| {
        println!("{}", json!({ "name": name, "kind": "dialog", "content": task["task"]["value"]["card"]["content"] }));
    };
    for (name, card) in cards::all(context) {
        message(&name, "message", teams::render::activity(&card, context, Viewer::One));
        if name.starts_with("answer-show") {
            of_dialog(&name, dialog::answer(&card, context));
        }
    }
    for (name, card, sample) in teams::samples::shared(context) {
        message(&name, "shared", teams::render::activity(&card, context, sample.viewer()));
        let opened = Viewer::Everybody { shared: sample.shared, acting: &[], others: true };
        if sample.shared.is_some() {
            message(&format!("{name}-opened"), "shared", teams::render::activity(&card, context, opened));
        }
    }
    for (name, form) in forms::samples(context) {
        let errors =
            form.fields.iter().map(|field| (field.id, "What is wrong with it, and what would be right.".to_owned()));
        of_dialog(&name, dialog::task(&form, context, &BTreeMap::new()));
        of_dialog(&format!("{name}-wrong"), dialog::task(&form, context, &errors.collect()));
    }
}
