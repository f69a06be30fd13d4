//! Runs a playground by itself, for bots and tests in other languages:
//! `playground [LISTEN] [BOT_URL]`, by default `127.0.0.1:0` and `http://127.0.0.1:3000`.
//! Prints its address and what a bot needs, one `key=value` a line, then serves until it is ended.

use std::{env, error::Error, sync::Arc};

use chrono::Utc;
use jit_playground::{BotIdentity, Channel, Completion, Config, Hint, Member, Playground};
use tokio::net::TcpListener;
use url::Url;

const TOKEN: &str = "xoxb-playground";
const SECRET: &str = "playground-signing-secret";
const SCOPES: &[&str] = &[
    "app_mentions:read",
    "channels:history",
    "channels:join",
    "channels:read",
    "chat:write",
    "commands",
    "im:history",
    "im:read",
    "im:write",
    "team:read",
    "users:read",
    "users:read.email",
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let listen = args.next().unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let bot = args.next().unwrap_or_else(|| "http://127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(&listen).await?;
    let address = format!("http://{}", listener.local_addr()?);
    let playground = Playground::new(sample(Url::parse(&bot)?));
    playground.set_base_url(Url::parse(&address)?);
    println!("address={address}");
    println!("api={address}/playground/api/");
    println!("token={TOKEN}");
    println!("signing_secret={SECRET}");
    axum::serve(listener, playground.router()).await?;
    Ok(())
}

/// Three people (one of them gone) and two channels, one without the bot.
fn sample(bot_url: Url) -> Config {
    let person = |id: &str, name: &str, real_name: &str, deleted: bool| Member {
        id: id.to_owned(),
        name: name.to_owned(),
        real_name: real_name.to_owned(),
        email: format!("{name}@acme.test"),
        title: "Sample".to_owned(),
        tz: "Europe/Berlin".to_owned(),
        is_guest: false,
        deleted,
    };
    let channel = |id: &str, name: &str, bot_member| Channel {
        id: id.to_owned(),
        name: name.to_owned(),
        topic: format!("All about {name}"),
        members: vec!["U0001".to_owned(), "U0002".to_owned()],
        bot_member,
    };
    Config {
        team_id: "T0001".to_owned(),
        team_name: "Acme".to_owned(),
        bot: BotIdentity {
            user_id: "U0BOT".to_owned(),
            bot_id: "B0BOT".to_owned(),
            app_id: "A0BOT".to_owned(),
            name: "jit".to_owned(),
            scopes: SCOPES.iter().map(|s| (*s).to_owned()).collect(),
        },
        bot_token: TOKEN.to_owned(),
        signing_secret: SECRET.to_owned(),
        bot_url,
        command: "/jit".to_owned(),
        people: vec![
            person("U0001", "alice", "Alice Ames", false),
            person("U0002", "bob", "Bob Burns", false),
            person("U0003", "carol", "Carol Cole", true),
        ],
        channels: vec![channel("C0001", "access", true), channel("C0002", "random", false)],
        hints: vec![Hint {
            who: "U0001".to_owned(),
            channel: "C0001".to_owned(),
            text: "/jit help".to_owned(),
            says: "The bot answers with what it can do.".to_owned(),
        }],
        complete: Arc::new(|_, text| {
            let help = "/jit help";
            let begun = help.starts_with(text) && !text.is_empty();
            let proposal = Completion {
                insert: help.to_owned(),
                label: "help".to_owned(),
                detail: "What the bot can do".to_owned(),
            };
            if begun { vec![proposal] } else { Vec::new() }
        }),
        clock: Arc::new(Utc::now),
    }
}
