//! Every sample of every card, answer and dialog: as words, as Slack's and as Teams' JSON, and within the limits of both.

mod limits;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jit_chat::card::{Block, Card, Verb};
use jit_chat::cards::{self, sample};
use jit_chat::slack::{render, view};
use jit_chat::teams::reference::Member;
use jit_chat::teams::render::Viewer;
use jit_chat::teams::{self, dialog};
use jit_chat::{fallback, forms};
use jit_core::notice::Notice;

fn all_cards() -> Vec<(String, Card)> {
    let people = sample::people();
    cards::all(&sample::context(&people))
}

#[test]
fn every_card_reads_and_renders_as_it_did() {
    let people = sample::people();
    let context = sample::context(&people);
    for (name, card) in all_cards() {
        let blocks = serde_json::to_string_pretty(&render::message(&card, &context).blocks).unwrap();
        insta::assert_snapshot!(name, format!("{}\n\n{blocks}", fallback::text(&card, &context)));
    }
    for (name, form) in forms::samples(&context) {
        insta::assert_snapshot!(name, serde_json::to_string_pretty(&view::modal(&form, &context)).unwrap());
    }
}

/// What Teams shows: to one person, and of what goes to a channel to everybody there.
#[test]
fn every_card_renders_for_teams_as_it_did() {
    let people = sample::people();
    let context = sample::context(&people);
    for (name, card) in all_cards() {
        let content = teams::render::content(&card, &context, Viewer::One);
        insta::assert_snapshot!(format!("teams-{name}"), serde_json::to_string_pretty(&content).unwrap());
    }
    for (name, card, shared) in teams::samples::shared(&context) {
        let content = teams::render::content(&card, &context, shared.viewer());
        insta::assert_snapshot!(format!("teams-{name}-shared"), serde_json::to_string_pretty(&content).unwrap());
    }
    for (name, form) in forms::samples(&context) {
        let task = dialog::task(&form, &context, &BTreeMap::new());
        insta::assert_snapshot!(format!("teams-{name}"), serde_json::to_string_pretty(&task).unwrap());
    }
}

#[test]
fn every_card_is_within_teams_limits() {
    let people = sample::people();
    let context = sample::context(&people);
    let none = Vec::<String>::new();
    // As long as an id may be, and longer than they are.
    let many: Vec<String> = (0..61).map(|n| format!("29:{n:0177}")).collect();
    assert!(many.iter().all(|id| Member::is_id(id)));
    for (name, card) in all_cards() {
        for viewer in [Viewer::One, Viewer::Everybody { shared: None, acting: &[], others: false }] {
            let activity = teams::render::activity(&card, &context, viewer);
            assert_eq!(limits::teams::activity(&activity), none, "{name} to {viewer:?}");
        }
        assert_eq!(limits::teams::task(&dialog::answer(&card, &context)), none, "{name} as a dialog");
    }
    for (name, card, shared) in teams::samples::shared(&context) {
        for (acting, others) in [(0, true), (1, false), (60, false), (60, true), (61, false)] {
            let viewer = Viewer::Everybody { shared: shared.shared, acting: &many[..acting], others };
            let activity = teams::render::activity(&card, &context, viewer);
            assert_eq!(limits::teams::activity(&activity), none, "{name} for {acting}");
        }
        if let Some(shared) = shared.shared {
            let own = teams::render::face(&card, &context, (shared, &many[0]));
            let activity = serde_json::json!({
                "type": "message", "summary": name, "attachments": [{ "contentType": teams::render::CONTENT_TYPE, "content": own }],
            });
            assert_eq!(limits::teams::activity(&activity), none, "{name} as one's own");
        }
    }
    for (name, form) in forms::samples(&context) {
        let wrong = form.fields.iter().map(|field| (field.id, "Not *that*.".to_owned())).collect();
        for errors in [BTreeMap::new(), wrong] {
            assert_eq!(limits::teams::task(&dialog::task(&form, &context, &errors)), none, "{name}");
        }
    }
}

/// In a channel nobody sees a button that acts; who may act asks for their own face, or opens it.
#[test]
fn what_many_see_has_no_button_that_acts_and_leads_to_one_that_has() {
    let people = sample::people();
    let context = sample::context(&people);
    let many: Vec<String> = (0..61).map(|n| format!("29:number-{n}")).collect();
    let mut led = 0;
    for (name, card, sample) in teams::samples::shared(&context) {
        let Viewer::Everybody { shared, acting, .. } = sample.viewer() else { panic!("{name} is for one") };
        let acts = card.blocks.iter().any(|block| matches!(block, Block::Actions(_)));
        let text = |acting, others| {
            teams::render::content(&card, &context, Viewer::Everybody { shared, acting, others }).to_string()
        };
        let opens = |acting, others| text(acting, others).contains(r#""title":"Open""#);
        for verb in Verb::ALL {
            assert!(!text(acting, true).contains(&format!(r#""verb":"{}""#, verb.as_str())), "{name}: {verb:?}");
        }
        assert_eq!(text(acting, false).contains(r#""userIds":["29:dana"]"#), acts, "{name}");
        assert!(!opens(acting, false), "{name}: all who may act are asked for");
        assert!(opens(acting, true) == acts && opens(&[], false) == acts && opens(&many, false) == acts, "{name}");
        assert!(!text(&many, false).contains(&many[60]), "{name}: more than Teams takes");
        assert!(!acts || shared.is_some(), "{name} has buttons that nobody can reach");
        led += usize::from(acts);
    }
    assert!(led > 5);
}

#[test]
fn every_card_is_within_slacks_limits() {
    let people = sample::people();
    let context = sample::context(&people);
    for (name, card) in all_cards() {
        let message = render::message(&card, &context);
        assert_eq!(limits::message(&message.text, &message.blocks), Vec::<String>::new(), "{name}");
    }
    for (name, form) in forms::samples(&context) {
        assert_eq!(limits::view(&view::modal(&form, &context)), Vec::<String>::new(), "{name}");
    }
    for (name, card) in all_cards() {
        assert_eq!(limits::view(&view::answer(&card, &context)), Vec::<String>::new(), "{name} as a dialog");
        assert_eq!(limits::home(&view::home(&card, &context)), Vec::<String>::new(), "{name} as a home");
    }
}

#[test]
fn names_are_unique_and_no_snapshot_is_left_over() {
    let people = sample::people();
    let context = sample::context(&people);
    let cards = all_cards().into_iter().map(|(name, _)| name);
    let names: Vec<String> = cards.chain(forms::samples(&context).into_iter().map(|(name, _)| name)).collect();
    let shared = teams::samples::shared(&context).into_iter().map(|(name, ..)| format!("{name}-shared"));
    let of_teams: Vec<String> = names.iter().cloned().chain(shared).map(|name| format!("teams-{name}")).collect();
    let unique: BTreeSet<String> = names.iter().chain(&of_teams).cloned().collect();
    assert_eq!(unique.len(), names.len() + of_teams.len());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let left_over: Vec<String> = files
        .filter(|file| file.ends_with(".snap"))
        .filter(|file| !unique.contains(file.trim_start_matches("cards__").trim_end_matches(".snap")))
        .collect();
    assert_eq!(left_over, Vec::<String>::new());
}

/// The words that promise most are said only when the inspection proved it.
#[test]
fn verified_gone_is_said_of_nothing_else() {
    use jit_core::access::{Outcome, Proof, State};
    let people = sample::people();
    let context = sample::context(&people);
    let mut said = 0;
    for sample in cards::samples() {
        let text = fallback::text(&cards::card(&sample.notice, &context), &context).to_lowercase();
        let claims = text.replace("until it is verified gone", "").contains("verified gone");
        let proven = matches!(&sample.notice.access.state, State::Closed(closed)
            if matches!(closed.outcome, Outcome::Ended { proof: Proof::Gone { .. }, .. }));
        assert!(proven || !claims, "{}: {text}", sample.name);
        said += usize::from(claims);
    }
    assert!(said > 5);
}

/// Nobody may take a rehearsal for the real thing, nor the real thing for a rehearsal: whatever is told, in whatever state.
#[test]
fn every_card_of_a_rehearsal_says_that_nothing_is_changed_and_no_other_does() {
    use jit_core::access::Rehearsal;
    let people = sample::people();
    let context = sample::context(&people);
    let says = |notice: &Notice, why: &str| {
        let card = cards::card(notice, &context);
        let text = fallback::text(&card, &context);
        let place = notice.access.request.entitlement.connector.as_str();
        let words = ["is", "was"].map(|be| format!("{why}: nothing {be} changed in {place}."));
        card.title.starts_with(&format!("{why}: ")) && words.iter().any(|words| text.contains(words))
    };
    for mut sample in cards::samples() {
        sample.notice.access.request.rehearsal = None;
        assert!(!says(&sample.notice, "Drill") && !says(&sample.notice, "Pilot"), "{}", sample.name);
        for (rehearsal, why) in [(Rehearsal::Drill, "Drill"), (Rehearsal::Pilot, "Pilot")] {
            let access = sample::rehearsed(sample.notice.access.clone(), rehearsal);
            assert!(says(&Notice { access, ..sample.notice.clone() }, why), "{} as a {why}", sample.name);
        }
    }
}

/// Decided cards have no button that decides; see the issue of stale cards that still act.
#[test]
fn buttons_that_decide_stand_only_on_open_cards() {
    use jit_chat::card::{Action, Block, Verb};
    use jit_core::access::{Access, State};
    let people = sample::people();
    let context = sample::context(&people);
    for sample in cards::samples() {
        let card = cards::card(&sample.notice, &context);
        let verbs: Vec<Verb> = card
            .blocks
            .iter()
            .filter_map(|block| if let Block::Actions(buttons) = block { Some(buttons) } else { None })
            .flatten()
            .filter_map(|button| if let Action::On(verb, _) = button.action { Some(verb) } else { None })
            .collect();
        for verb in verbs {
            let fits = match verb {
                Verb::Approve | Verb::ApproveShorter | Verb::Deny | Verb::Claim | Verb::Ask | Verb::Reply => {
                    matches!(sample.notice.access.state, State::Pending(_))
                }
                // Of several roles in one request: all that is left of it.
                Verb::Cancel => {
                    let left = |access: &Access| {
                        matches!(access.state, State::Scheduled(_) | State::Elevating(_) | State::Active(_))
                    };
                    let bundle = &sample.notice.bundle;
                    matches!(
                        sample.notice.access.state,
                        State::Screening(_) | State::Pending(_) | State::Scheduled(_) | State::Elevating(_)
                    ) || (!bundle.is_empty() && (left(&sample.notice.access) || bundle.iter().any(left)))
                }
                Verb::Revoke => matches!(sample.notice.access.state, State::Elevating(_) | State::Active(_)),
                Verb::Reveal => matches!(sample.notice.access.state, State::Active(_)),
                // What goes on as an extension is live as that.
                Verb::Extend | Verb::Done => {
                    matches!(sample.notice.access.state, State::Active(_)) || sample.notice.extended.is_some()
                }
                Verb::Justified | Verb::Misuse => sample.notice.access.review_due().is_some(),
                Verb::Show => true,
            };
            assert!(fits, "{}: {verb:?}", sample.name);
        }
    }
}
