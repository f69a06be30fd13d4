//! A vendor without an account gets one for the time of an access: made, revealed to whoever holds it alone, and gone at the end.

use chrono::TimeDelta;
use jit_connectors::fake::{Call, Fault};
use jit_core::access::Access;
use jit_playground::Submission;
use jit_tests::world::{Backend, World};
use rstest::rstest;

const ROLE: &str = r#"
[[role]]
name = "orders-vendor"
title = "Orders database, for vendors"
connector = "vendors"
target = { role = "app_write" }
level = "write"
environment = "production"
risk = "medium"
owner = "erin"
max_duration = "4h"
"#;

const RULE: &str = r#"
[[rule]]
name = "vendors"
match = { roles = ["orders-vendor"] }
who = ["group:contractors", "group:engineering"]
sponsors = ["group:engineering"]
steps = [{ any = ["owner"] }]

[[emergency]]
"#;

const ASK: &str = "/jit request orders-vendor for 1h on behalf of @carl because carl repairs the export with us";

/// Carl is a contractor who has no account anywhere.
async fn start(backend: Backend) -> World {
    let world = World::start(backend).await;
    world.edit("people.toml", "groups = [\"contractors\"]", "groups = [\"contractors\"]\nkind = \"contractor\"").await;
    let first = "[[role]]\nname = \"orders-read\"";
    world.edit("policy/roles.toml", first, &format!("{ROLE}\n{first}")).await;
    world.edit("policy/rules.toml", "[[emergency]]", RULE.trim_end()).await;
    world
}

async fn live(world: &World) -> Access {
    world.idle().await;
    world.app.dispatch.store.all_open().await.expect("open").pop().expect("something is open")
}

/// The last word of the dialog that is in a line of its own: the fake's password, 32 digits.
fn password(form: &str) -> String {
    let is = |line: &&str| line.len() == 32 && line.chars().all(|c| c.is_ascii_hexdigit());
    form.lines().map(str::trim).find(is).unwrap_or_else(|| panic!("no password: {form}")).to_owned()
}

async fn reveals(world: &World, who: &str) -> String {
    world.presses(who, "Reveal…").await;
    let sent = world.submits(who, &[]).await;
    assert!(matches!(sent, Submission::Updated), "{sent:?}");
    password(&world.form_says(who, "Copy it now").await)
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn the_holder_alone_sees_the_password_and_nothing_keeps_it(#[case] backend: Backend) {
    let world = start(backend).await;
    world.says("alice", "#access", ASK).await;
    world.presses("erin", "Approve").await;
    world.sees("carl", "Reveal…").await;
    let access = live(&world).await;
    let (e, vendors) = (&access.request.entitlement, &world.targets["vendors"]);
    assert_eq!(e.account.as_str(), access.short.as_str().to_lowercase().replace("a-", "jit_a_"));
    let first = reveals(&world, "carl").await;
    assert!(vendors.signs_in(e, &first));
    let second = reveals(&world, "carl").await;
    assert!(vendors.signs_in(e, &second) && !vendors.signs_in(e, &first), "the newest alone works");

    for (who, words) in
        [("alice", "Only Carl Cole sees the password"), ("erin", "is not yours"), ("sam", "is not yours")]
    {
        let said = world.says(who, "#access", &format!("/jit reveal {}", access.short)).await;
        assert!(said.contains(words), "{who}: {said}");
    }
    let shown = world.says("sam", "#access", &format!("/jit show {}", access.short)).await;
    assert!(shown.contains("Carl Cole had a new password set and shown"), "{shown}");
    let history = world.app.dispatch.store.history(access.id).await.expect("readable");
    let revealed = history.iter().filter(|stored| stored.record.event.kind() == "revealed").count();
    assert_eq!(revealed, 2, "each is in the record, and nothing else is");

    let kept = world.all_that_is_kept().await;
    assert!(kept.contains("orders-vendor") && kept.contains("revealed"), "it is looked at");
    assert!(!kept.contains(&first) && !kept.contains(&second), "a password is kept somewhere");

    world.presses("carl", "I'm done").await;
    world.idle().await;
    assert!(!vendors.signs_in(e, &second));
    world.sees("carl", "verified gone").await;
    let late = world.says("carl", "#access", &format!("/jit reveal {}", access.short)).await;
    assert!(late.contains("is not live"), "{late}");
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn more_time_is_on_the_same_account_and_a_target_that_is_down_changes_nothing(#[case] backend: Backend) {
    let world = start(backend).await;
    world.says("alice", "#access", ASK).await;
    world.presses("erin", "Approve").await;
    let access = live(&world).await;
    let (e, vendors) = (&access.request.entitlement, &world.targets["vendors"]);
    let secret = reveals(&world, "carl").await;
    world.says("alice", "#access", &format!("/jit extend {} for 1h because it takes longer", access.short)).await;
    world.presses("erin", "Approve").await;
    world.passes(TimeDelta::minutes(61)).await;
    assert!(vendors.signs_in(e, &secret), "the account and its password go on");

    vendors.fail_always(Call::Reveal, Fault::Down);
    world.presses("carl", "Reveal…").await;
    world.submits("carl", &[]).await;
    world.form_says("carl", "is not reached").await;
    vendors.fail_next(Call::Reveal, Fault::Hang(std::time::Duration::from_secs(9)));
    world.presses("carl", "Reveal…").await;
    world.submits("carl", &[]).await;
    world.form_says("carl", "did not answer within 2 s").await;
    assert!(vendors.signs_in(e, &secret), "nothing was set");
    vendors.heal();
    let next = reveals(&world, "carl").await;
    assert!(vendors.signs_in(e, &next) && !vendors.signs_in(e, &secret));
    world.passes(TimeDelta::hours(1)).await;
    assert!(!vendors.signs_in(e, &next), "it ends");
    world.sees("carl", "verified gone").await;
    world.end().await;
}

/// A beneficiary who is not in chat has a sponsor who is: somebody must hand it over.
#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn the_sponsor_sees_it_for_somebody_who_is_not_in_chat(#[case] backend: Backend) {
    let world = start(backend).await;
    let carl = format!("slack = \"{}\"\n", jit_tests::world::slack("carl"));
    world.edit("people.toml", &carl, "").await;
    let asked = world.says("alice", "#access", &ASK.replace("@carl", "carl")).await;
    assert!(asked.contains("On behalf of"), "{asked}");
    world.presses("erin", "Approve").await;
    let access = live(&world).await;
    let secret = reveals(&world, "alice").await;
    assert!(world.targets["vendors"].signs_in(&access.request.entitlement, &secret));
    world.presses("alice", "End it").await;
    world.idle().await;
    assert!(!world.targets["vendors"].signs_in(&access.request.entitlement, &secret));
    world.end().await;
}
