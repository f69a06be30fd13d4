//! On behalf of another: a contractor gets access that an engineer asked for. Neither of the two ever decides; both hear of it and can end it.

use chrono::TimeDelta;
use jit_tests::world::{Backend, World};
use rstest::rstest;

const RULE: &str = r#"
[[rule]]
name = "contractors"
match = { roles = ["orders-write", "orders-fix"] }
who = ["group:contractors"]
sponsors = ["group:engineering"]
steps = [{ any = ["owner", "manager"] }]
"#;

const ASK: &str = "/jit request orders-write for 1h on behalf of @carl because carl repairs the export with us";

/// Carl is a contractor whom engineers may sponsor.
async fn start(backend: Backend) -> World {
    let world = World::start(backend).await;
    world.edit("people.toml", "groups = [\"contractors\"]", "groups = [\"contractors\"]\nkind = \"contractor\"").await;
    world.edit("policy/rules.toml", "[[emergency]]", &format!("{RULE}\n[[emergency]]")).await;
    world
}

async fn short(world: &World) -> String {
    let open = world.app.dispatch.store.all_open().await.expect("open");
    open.last().expect("something is open").short.to_string()
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn both_follow_it_from_the_request_to_verified_gone(#[case] backend: Backend) {
    let world = start(backend).await;
    let asked = world.says("alice", "#access", ASK).await;
    assert!(asked.contains("On behalf of") && asked.contains("who is told as well"), "{asked}");
    let id = short(&world).await;
    world.sees("carl", "Waiting for approval").await;
    let card = world.sees("bob", "Alice Ames, for Carl Cole").await.readable();
    assert!(card.contains("Who gets it"), "{card}");
    world.says("bob", "#access", &format!("/jit ask {id} which export?")).await;
    world.sees("alice", "which export?").await;
    world.sees("carl", "which export?").await;
    world.says("carl", "#access", &format!("/jit reply {id} the nightly one")).await;
    world.sees("bob", "Carl Cole answered").await;
    world.presses("erin", "Approve").await;
    world.idle().await;
    assert!(world.holds("orders-db", "carl", "app_write") && !world.holds("orders-db", "alice", "app_write"));
    world.sees("carl", "You hold Orders database, write now").await;
    world.sees("alice", "Carl Cole holds Orders database, write now").await;
    let announced = world.channel_sees("#access", "Carl Cole holds Orders database, write").await.readable();
    assert!(announced.contains("Sponsor") && announced.contains("Alice"), "{announced}");
    for (who, line) in [("alice", "/jit mine"), ("carl", "/jit mine"), ("erin", "/jit who orders-write")] {
        let said = world.says(who, "#access", line).await;
        assert!(said.contains("Carl Cole, sponsored by Alice Ames"), "{who}: {said}");
    }
    let shown = world.says("sam", "#access", &format!("/jit show {id}")).await;
    assert!(shown.contains("Alice Ames asked for 1h on behalf of Carl Cole"), "{shown}");

    world.passes(TimeDelta::minutes(46)).await;
    world.sees("carl", "Only who asked for it on your behalf can ask for more time").await;
    world.sees("alice", "Ends soon: Orders database, write of Carl Cole").await;
    world.channel_sees("#access", "Carl Cole, sponsored by Alice Ames").await;
    let refused = world.says("carl", "#access", &format!("/jit extend {id} for 15m because it takes longer")).await;
    assert!(refused.contains("only they can ask for more time"), "{refused}");
    let more = world.says("alice", "#access", &format!("/jit extend {id} for 15m because it takes longer")).await;
    assert!(more.contains("Asked"), "{more}");
    world.presses("carl", "I'm done").await;
    world.idle().await;
    assert!(!world.holds("orders-db", "carl", "app_write"));
    world.sees("carl", "verified gone").await;
    world.sees("alice", "verified gone").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn neither_sponsor_nor_beneficiary_decides_nor_as_a_delegate(#[case] backend: Backend) {
    let world = start(backend).await;
    // Both stand in for those who have to agree, and Alice owns the role as well.
    world
        .edit(
            "policy/roles.toml",
            "risk = \"medium\"\nowner = \"erin\"",
            "risk = \"medium\"\nowner = \"group:engineering\"",
        )
        .await;
    world.says("bob", "#access", "/jit away until tomorrow 09:00 delegate @alice").await;
    world.says("alice", "#access", ASK).await;
    let id = short(&world).await;
    world.sees("olive", "Alice Ames, for Carl Cole").await;
    for who in ["alice", "carl"] {
        for line in ["approve", "claim"] {
            let said = world.says(who, "#access", &format!("/jit {line} {id}")).await;
            assert!(said.contains("Nobody decides on their own request"), "{who} {line}: {said}");
        }
        let said = world.says(who, "#access", &format!("/jit deny {id} because I changed my mind")).await;
        assert!(said.contains("Nobody decides on their own request"), "{who}: {said}");
        let pending = world.says(who, "#access", "/jit pending").await;
        assert!(pending.contains("Nothing waits for you"), "{pending}");
    }
    // A card of somebody else does not help: every click is judged anew.
    let (channel, ts) = world.button("olive", "Approve").await;
    let stolen = world.chat.click(jit_tests::world::slack("alice"), &channel, &ts, "Approve").await;
    assert!(stolen.is_err() || world.app.dispatch.store.all_open().await.expect("open")[0].votes.is_empty());
    world.says("olive", "#access", "/jit away until tomorrow 09:00 delegate @carl").await;
    world.idle().await;
    assert!(!world.saw("carl", "[Approve]"));
    let said = world.says("carl", "#access", &format!("/jit approve {id}")).await;
    assert!(said.contains("Nobody decides on their own request"), "{said}");
    world.says("olive", "#access", "/jit back").await;
    world.presses("carl", "Cancel request").await;
    world.sees("alice", "Carl Cole cancelled it").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_sponsor_is_refused_by_name_of_the_rule(#[case] backend: Backend) {
    let world = start(backend).await;
    for (who, line, expected) in [
        ("sam", "request orders-write for 1h on behalf of @carl", "The rule contractors lets group:engineering ask"),
        (
            "alice",
            "request orders-write for 1h on behalf of @olive",
            "lets nobody ask for orders-write on behalf of another",
        ),
        ("carl", "request orders-write for 1h on behalf of @alice", "lets nobody ask"),
        ("alice", "request orders-write for 1h on behalf of Carl", "is a name, and names decide nothing"),
        (
            "alice",
            "request orders-write for 1h on behalf of @c\u{430}rl",
            "What looks like somebody's id is not theirs",
        ),
        ("alice", "request orders-write for 1h on behalf of @crl", "Did you mean @carl"),
        ("bob", "request orders-fix for 10m on behalf of @carl", "Erin Engel"),
    ] {
        let said = world.says(who, "#access", &format!("/jit {line} because the export must be repaired")).await;
        assert!(said.contains(expected), "{who} {line}: {said}");
    }
    // Two of one name: neither is meant.
    world.edit("people.toml", "name = \"Olive Okoye\"", "name = \"Carl Cole\"").await;
    let said =
        world.says("alice", "#access", "/jit request orders-write for 1h on behalf of \"Carl Cole\" because x").await;
    assert!(said.contains("is what 2 people are called") && said.contains("@carl (Carl Cole)"), "{said}");

    // A contractor sponsors nobody, not even from within the right group.
    world
        .edit(
            "people.toml",
            "groups = [\"engineering\", \"sre\"]",
            "groups = [\"engineering\", \"sre\"]\nkind = \"vendor\"",
        )
        .await;
    let said = world.says("olive", "#access", ASK).await;
    assert!(said.contains("Only employees ask on behalf of others"), "{said}");
    // Saying so of oneself is asking for oneself.
    world
        .says(
            "carl",
            "#access",
            "/jit request orders-write for 1h on behalf of carl because the export must be repaired",
        )
        .await;
    let own = world.app.dispatch.store.all_open().await.expect("open").pop().expect("his own request");
    assert!(own.request.is_own());
    let said = world.says("carl", "#access", &format!("/jit approve {}", own.short)).await;
    assert!(said.contains("Nobody decides on their own request"), "{said}");
    // What he asked for himself is nobody's business who would sponsor him.
    let doubled = world.says("alice", "#access", ASK).await;
    assert!(doubled.contains("asked for already") && !doubled.contains("Cancel request"), "{doubled}");
    let attempts = world.app.dispatch.store.all_open().await.expect("open").len();
    assert_eq!(attempts, 2, "the one of bob's and his own");
    world.presses("carl", "Cancel request").await;
    world.presses("bob", "Cancel request").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn a_sponsor_who_is_the_only_one_to_ask_is_told_so(#[case] backend: Backend) {
    let world = start(backend).await;
    world
        .edit("policy/rules.toml", "steps = [{ any = [\"owner\", \"manager\"] }]", "steps = [{ any = [\"manager\"] }]")
        .await;
    let said = world.says("bob", "#access", ASK).await;
    assert!(said.contains("Bob Baker, the manager of Carl Cole, is the one who asks"), "{said}");
    assert!(said.contains("Let somebody else ask for them"), "{said}");
    world.says("alice", "#access", ASK).await;
    world.presses("bob", "Deny…").await;
    world.submits("bob", &[("reason", "not this week")]).await;
    world.sees("carl", "not this week").await;
    world.sees("alice", "not this week").await;
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn without_a_chat_identity_only_the_sponsor_hears_and_nothing_is_parked(#[case] backend: Backend) {
    let world = start(backend).await;
    world.edit("people.toml", "slack = \"U0005\"\n", "").await;
    // A mention means his account in Slack, which the directory does not know any more; his id means him.
    let asked = world.says("alice", "#access", ASK).await;
    assert!(asked.contains("The directory has no @U0005"), "{asked}");
    let asked = world.says("alice", "#access", &ASK.replace("@carl", "carl")).await;
    assert!(asked.contains("has no chat account here"), "{asked}");
    world.presses("erin", "Approve").await;
    world.idle().await;
    assert!(world.holds("orders-db", "carl", "app_write"));
    world.sees("alice", "How to use it").await;
    assert!(world.chat.dm("U0005").is_none_or(|dm| world.chat.transcript(&dm).is_empty()));
    world.passes(TimeDelta::minutes(46)).await;
    world.presses("alice", "End it").await;
    world.idle().await;
    assert!(!world.holds("orders-db", "carl", "app_write"));
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded, "alice")]
#[case(Backend::Scaled, "alice")]
#[case(Backend::Embedded, "carl")]
#[case(Backend::Scaled, "carl")]
#[case(Backend::Sockets, "carl")]
#[tokio::test(flavor = "multi_thread")]
async fn it_ends_when_either_of_the_two_leaves(#[case] backend: Backend, #[case] leaver: &str) {
    let world = start(backend).await;
    world.says("alice", "#access", ASK).await;
    world.presses("erin", "Approve").await;
    world.idle().await;
    assert!(world.holds("orders-db", "carl", "app_write"));
    let other = if leaver == "alice" { "carl" } else { "alice" };
    world.edit("people.toml", &format!("id = \"{leaver}\""), &format!("id = \"{leaver}\"\nactive = false")).await;
    world.sees(other, "disabled or no longer in the directory").await;
    world.idle().await;
    assert!(!world.holds("orders-db", "carl", "app_write"));
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[case(Backend::Scaled)]
#[case(Backend::Sockets)]
#[tokio::test(flavor = "multi_thread")]
async fn nothing_lasts_beyond_a_contract(#[case] backend: Backend) {
    let world = start(backend).await;
    // Monday, 23 November: his last day is today, which ends at 15:00 UTC on his clock.
    world
        .edit(
            "people.toml",
            "kind = \"contractor\"",
            "kind = \"contractor\"\nuntil = 2026-11-23\nzone = \"Asia/Tokyo\"",
        )
        .await;
    world.passes(TimeDelta::hours(5) + TimeDelta::minutes(30)).await;
    world.says("alice", "#access", ASK).await;
    let card = world.sees("alice", "when the contract of Carl Cole ends").await.readable();
    assert!(card.contains("Taken back at the latest"), "{card}");
    world.presses("erin", "Approve").await;
    world.idle().await;
    assert!(world.holds("orders-db", "carl", "app_write"));
    world.passes(TimeDelta::minutes(31)).await;
    assert!(!world.holds("orders-db", "carl", "app_write"));
    let said = world.says("carl", "#access", "/jit mine").await;
    assert!(said.contains("disabled") || said.contains("over"), "{said}");
    let said = world.says("alice", "#access", ASK).await;
    assert!(said.contains("The contract of Carl Cole is over"), "{said}");
    world.end().await;
}

#[rstest]
#[case(Backend::Embedded)]
#[tokio::test(flavor = "multi_thread")]
async fn the_form_asks_for_whom_where_one_may_sponsor(#[case] backend: Backend) {
    let world = start(backend).await;
    world.says("sam", "#access", "/jit request").await;
    let form = world.form_says("sam", "no role that you may ask for").await;
    assert!(!form.contains("Carl Cole"), "{form}");
    world.says("alice", "#access", "/jit request on behalf of carl for 1h").await;
    world.submits("alice", &[("role", "orders-write"), ("reason", "carl repairs the export with us")]).await;
    world.sees("carl", "Waiting for approval").await;
    let open = world.app.dispatch.store.all_open().await.expect("open").pop().expect("asked");
    assert_eq!((open.request.requester.as_str(), open.request.beneficiary.as_str()), ("alice", "carl"));
    world.presses("alice", "Cancel request").await;
    world.says("alice", "#access", "/jit request").await;
    world
        .submits(
            "alice",
            &[("whom", "carl"), ("role", "orders-write"), ("duration", "1h"), ("reason", "carl repairs the export")],
        )
        .await;
    world.idle().await;
    let open = world.app.dispatch.store.all_open().await.expect("open").pop().expect("asked");
    assert_eq!(open.request.beneficiary.as_str(), "carl");
    world.presses("carl", "Cancel request").await;
    world.end().await;
}
