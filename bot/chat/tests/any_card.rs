//! Cards of any shape and any words: always within the limits of Slack and of Teams, and nobody's words are markup.

#[expect(dead_code, reason = "homes are checked beside the samples")]
mod limits;

use jit_chat::card::{Block, Button, Card, Inline, Line, TimeStyle, Tone, Verb, Weight};
use jit_chat::cards::sample;
use jit_chat::form::{Choice, Field, Form, FormKind, Input, Meta};
use jit_chat::slack::{render, view};
use jit_chat::teams;
use jit_chat::teams::render::Viewer;
use jit_core::access::Channel;
use jit_core::id::{AccessId, PersonId};
use proptest::prelude::*;

/// What people type when they mean harm, among what they type otherwise.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[<>!@#|*_~`&: a-z\n]{0,60}",
        Just("<!channel>".to_owned()),
        Just("<https://evil.test|click me>".to_owned()),
        Just("<!date^0^{date}|x>".to_owned()),
        Just("*approved* by `bob` :white_check_mark:".to_owned()),
        Just("<at>Alice Ames</at> [click](https://evil.test) **x** _y_ &lt;at&gt;".to_owned()),
        Just("{{DATE(2026-01-01T00:00:00Z, SHORT)}}\n# x\n- y\n1. z\n> w".to_owned()),
        Just(String::new()),
        (0..6_000usize).prop_map(|n| "&".repeat(n)),
    ]
}

fn inline() -> impl Strategy<Value = Inline> {
    prop_oneof![
        words().prop_map(Inline::Plain),
        words().prop_map(Inline::Strong),
        words().prop_map(Inline::Code),
        words().prop_map(Inline::Quote),
        prop_oneof![Just("alice".to_owned()), words()].prop_map(|id| Inline::Person(PersonId::new(id))),
        (words(), words()).prop_map(|(id, name)| Inline::Channel(Channel { id, name })),
        (0..8_000_000_000_000i64).prop_map(|at| {
            Inline::Time(chrono::DateTime::from_timestamp(at, 0).unwrap_or_else(sample::now), TimeStyle::Left)
        }),
    ]
}

fn line() -> impl Strategy<Value = Vec<Inline>> {
    prop::collection::vec(inline(), 0..5)
}

fn button() -> impl Strategy<Value = Button> {
    (prop::sample::select(Verb::ALL.to_vec()), any::<u128>(), words(), words()).prop_map(|(verb, id, label, more)| {
        let access = AccessId(uuid::Uuid::from_u128(id));
        Button::on(verb, access, label).described(more.clone()).confirmed(&more, more.clone(), &more)
    })
}

fn block() -> impl Strategy<Value = Block> {
    prop_oneof![
        line().prop_map(Block::Text),
        prop::collection::vec((words(), line()), 0..12).prop_map(Block::Facts),
        prop::collection::vec(line(), 0..12).prop_map(Block::List),
        line().prop_map(Block::Context),
        words().prop_map(Block::Preformatted),
        Just(Block::Divider),
        prop::collection::vec(button(), 0..30).prop_map(Block::Actions),
    ]
}

fn card() -> impl Strategy<Value = Card> {
    (
        words(),
        prop_oneof![4 => prop::collection::vec(block(), 0..12), 1 => prop::collection::vec(block(), 50..70)],
        any::<bool>(),
    )
        .prop_map(|(title, blocks, line)| Card {
            title,
            tone: Tone::Pending,
            weight: if line { Weight::Line } else { Weight::Card },
            blocks,
        })
}

fn field(id: &'static str, input: impl Strategy<Value = Input>) -> impl Strategy<Value = Field> {
    (words(), input, any::<bool>()).prop_map(move |(label, input, optional)| Field {
        id,
        hint: Some(label.clone()),
        label,
        input,
        optional,
        live: optional,
    })
}

fn form() -> impl Strategy<Value = Form> {
    let select =
        (prop::collection::vec(("[a-z]{1,200}", words()), 0..120), any::<bool>(), prop::option::of(1..10usize))
            .prop_map(|(options, external, max)| {
                let mut options: Vec<Choice> =
                    options.into_iter().map(|(value, label)| Choice { value, label }).collect();
                options.sort_by(|a, b| a.value.cmp(&b.value));
                options.dedup_by(|a, b| a.value[..a.value.len().min(149)] == b.value[..b.value.len().min(149)]);
                // The last ones, and more than may be.
                let mut last = options.iter().rev().map(|choice| choice.value.clone());
                match max {
                    None => Input::Select { selected: last.next(), options, external },
                    Some(max) => Input::MultiSelect { selected: last.take(12).collect(), options, max, external },
                }
            });
    let text = (words(), 0..5_000usize, 0..5_000usize).prop_map(|(initial, min, max)| Input::Text {
        multiline: true,
        min,
        max,
        placeholder: Some(initial.clone()),
        initial: Some(initial),
    });
    (words(), field("role", select), field("reason", text), prop::collection::vec(block(), 0..60), words()).prop_map(
        |(title, role, reason, preview, name)| Form {
            kind: FormKind::Request,
            submit: Some(title.clone()),
            title,
            intro: vec![],
            fields: vec![role, reason],
            preview,
            meta: Meta { channel: Some(Channel { id: "C1".to_owned(), name }), ..Meta::default() },
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_card_is_within_the_limits(card in card()) {
        let people = sample::people();
        let message = render::message(&card, &sample::context(&people));
        prop_assert_eq!(limits::message(&message.text, &message.blocks), Vec::<String>::new());
    }

    #[test]
    fn any_card_is_within_teams_limits(card in card(), one in any::<bool>()) {
        let people = sample::people();
        let context = sample::context(&people);
        let viewer = if one { Viewer::One } else { Viewer::Everybody { shared: None, acting: &[], others: false } };
        let activity = teams::render::activity(&card, &context, viewer);
        prop_assert_eq!(limits::teams::activity(&activity), Vec::<String>::new());
        prop_assert_eq!(limits::teams::task(&teams::dialog::answer(&card, &context)), Vec::<String>::new());
    }

    #[test]
    fn any_dialog_is_within_teams_limits(form in form(), wrong in words()) {
        let people = sample::people();
        let errors = [("reason", wrong.clone()), ("elsewhere", wrong)].into();
        let task = teams::dialog::task(&form, &sample::context(&people), &errors);
        prop_assert_eq!(limits::teams::task(&task), Vec::<String>::new());
    }

    /// A text that is too long costs a card words, never a button.
    #[test]
    fn no_text_costs_a_card_its_buttons(words in prop::collection::vec(words(), 0..12), n in 1..20usize) {
        let access = AccessId(uuid::Uuid::nil());
        let buttons = Verb::ALL.into_iter().cycle().take(n).map(|verb| Button::on(verb, access, verb.as_str()));
        let long = words.into_iter().fold(Card::new(Tone::Neutral, "x"), |card, words| {
            card.text(Line::new("𝄞".repeat(3_000)).quote(words.clone())).list(vec![Line::new(words); 12])
        });
        let people = sample::people();
        let content = teams::render::content(&long.actions(buttons.collect()), &sample::context(&people), Viewer::One);
        let rows = content["body"].as_array().into_iter().flatten().filter_map(|part| part["actions"].as_array());
        prop_assert_eq!(rows.map(Vec::len).sum::<usize>(), n);
    }

    #[test]
    fn any_form_is_within_the_limits(form in form()) {
        let people = sample::people();
        prop_assert_eq!(limits::view(&view::modal(&form, &sample::context(&people))), Vec::<String>::new());
    }

    /// All that people write is inert: no token but our own times, nothing that formats.
    #[test]
    fn words_are_never_markup(words in words()) {
        let card = Card::line(Tone::Neutral, words.clone()).context(Line::new(words.clone()).quote(words.clone()));
        let people = sample::people();
        let message = render::message(&card, &sample::context(&people));
        prop_assert!(!message.text.contains(['<', '>', '*', '`', '~']));
        for block in message.blocks.iter().filter(|block| block["type"] == "context") {
            let text = block["elements"][0]["text"].as_str().unwrap_or_default();
            prop_assert!(!text.contains(['<', '>', '*', '`', '~']), "{}", text);
        }
    }

    /// The same on Teams, where a line with a time or a mention is Markdown, and all others are rich text.
    #[test]
    fn words_are_never_markup_on_teams(words in words(), name in words()) {
        let line = || Line::new(words.clone()).strong(name.clone()).code(words.clone()).quote(words.clone());
        let marked = line().at(sample::now()).person(&PersonId::new("alice")).then(line());
        let card = Card::new(Tone::Neutral, words.clone()).text(line()).text(marked.clone()).context(marked);
        let people = sample::people();
        let viewer = Viewer::Everybody { shared: None, acting: &[], others: false };
        let activity = teams::render::activity(&card, &sample::context(&people), viewer);
        prop_assert_eq!(limits::teams::activity(&activity), Vec::<String>::new());
        let content = &activity["attachments"][0]["content"];
        let ids: Vec<_> = content["msteams"]["entities"].as_array().into_iter().flatten().map(|e| &e["mentioned"]["id"]).collect();
        prop_assert!(ids.len() <= 1, "only Alice is mentioned: {:?}", ids);
    }
}
