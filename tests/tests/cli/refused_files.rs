//! Files that are no policy and no directory, by mistake or on purpose: each is refused clearly, at once, and before anything starts.

use std::time::{Duration, Instant};

use jit_tests::site::{person, role};

use crate::program::jit;
use crate::site::Site;

/// Longer than any refusal takes, on a busy machine too.
const AT_ONCE: Duration = Duration::from_secs(15);

/// `jit policy check` and `jit serve` both refuse, with these words, and do not go on at length.
async fn refused(site: &Site, words: &[&str]) {
    for verb in [&["policy", "check"][..], &["serve"]] {
        let begun = Instant::now();
        let said = jit(&[verb, &["--config", &site.config()]].concat()).await;
        said.is(2, words);
        assert!(begun.elapsed() < AT_ONCE, "{verb:?} took {:?}", begun.elapsed());
        assert!(said.err.len() < 4_000, "{verb:?} says {} bytes", said.err.len());
    }
    assert!(!site.folder.join("jit.db").exists(), "no database was made for what cannot be put in force");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_of_more_than_ten_mebibytes() {
    let site = Site::new().await;
    let comment = format!("# {}\n", "x".repeat(1022));
    // Sound, and in several files: what counts is all of them together.
    for file in 0..5 {
        site.write(&format!("policy/more-{file}.toml"), &comment.repeat(2 * 1024));
    }
    refused(&site, &["the policy is larger than 10485760 bytes in all"]).await;
    std::fs::remove_file(site.path("policy/more-0.toml")).unwrap();
    jit(&["policy", "check", "--config", &site.config()]).await.is(0, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn managers_in_a_circle_and_groups_of_groups() {
    let site = Site::new().await;
    let people = std::fs::read_to_string(site.path("people.toml")).unwrap();
    let circle = person("zoe", "U0051", "manager = \"yan\"") + &person("yan", "U0052", "manager = \"zoe\"");
    site.write("people.toml", &format!("{people}{circle}"));
    let file = site.path("people.toml");
    refused(&site, &[&file, "managers go round in a circle: zoe, yan and again zoe"]).await;

    // A group is a name that people bear: it has no members of its own, so none can contain itself.
    site.write("people.toml", &format!("{people}[[group]]\nname = \"a\"\nmembers = [\"group:a\"]\n"));
    refused(&site, &[&file, "unknown key `group` in the file"]).await;
    site.write("people.toml", &format!("{people}{}", person("zoe", "U0051", "groups = [\"group:engineering\"]")));
    refused(&site, &[&file, "the group `group:engineering` has other characters"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_lines_of_junk() {
    let site = Site::new().await;
    let file = site.path("policy/junk.toml");
    let noise =
        |line: usize| format!("{} }}}} ]] == \u{7} \u{202e}{}\n", line * 7919 % 1000, "\u{1f9e8}".repeat(line % 9));
    site.write("policy/junk.toml", &(0..1000).map(noise).collect::<String>());
    refused(&site, &[&format!("{file}:1:")]).await;

    std::fs::write(site.path("policy/junk.toml"), (0..64_000u32).map(|n| (n * 7919 % 256) as u8).collect::<Vec<_>>())
        .unwrap();
    refused(&site, &[&file, "UTF-8"]).await;

    // Deep is no way round: neither the stack nor the memory ends.
    site.write("policy/junk.toml", &format!("x = {}\n", "[".repeat(100_000)));
    refused(&site, &[&format!("{file}:1:")]).await;

    // Junk that is TOML: every line is told, with its place.
    site.write("policy/junk.toml", &(0..1000).map(|line| format!("key-{line} = {line}\n")).collect::<String>());
    let said = jit(&["policy", "check", "--config", &site.config()]).await;
    said.is(2, &[&format!("{file}:1:1: unknown key `key-0`"), &format!("{file}:1000:1: unknown key `key-999`")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_look_like_others() {
    let site = Site::new().await;
    let (policy, people) = (site.path("policy/all.toml"), site.path("people.toml"));
    let (sound, everybody) = (std::fs::read_to_string(&policy).unwrap(), std::fs::read_to_string(&people).unwrap());
    // The `о` of each is Cyrillic, as is the `а`.
    for (lookalike, words) in [
        (
            role("\u{43e}rders-low", "orders", "role = \"low\"", "low"),
            "`name`: `\\u{43e}rders-low` has other characters",
        ),
        (
            role("orders-vault", "\u{43e}rders", "role = \"low\"", "low"),
            "`connector`: `\\u{43e}rders` has other characters",
        ),
        (
            role("or\u{200b}ders-low", "orders", "role = \"low\"", "low"),
            "`name`: `or\\u{200b}ders-low` has other characters",
        ),
    ] {
        site.write("policy/all.toml", &format!("{sound}{lookalike}"));
        refused(&site, &[&policy, words]).await;
    }
    site.write("policy/all.toml", &sound.replacen("group:engineering", "group:engineering\u{430}", 1));
    let said = jit(&["policy", "check", "--config", &site.config()]).await;
    said.is(1, &[&policy, "there is no group `engineering\\u{430}`; did you mean `group:engineering`?"]);
    site.write("policy/all.toml", &sound);

    for (id, words) in [
        ("\u{430}lice", "the id `\\u{430}lice` has other characters than a-z, 0-9"),
        ("b0b", "the id `b0b`, which looks like another, is bob's already"),
    ] {
        site.write("people.toml", &format!("{everybody}{}", person(id, "U0051", "")));
        refused(&site, &[&people, words]).await;
    }
    site.write("people.toml", &format!("{everybody}{}", person("zoe", "U0051", "groups = [\"security\u{200b}\"]")));
    refused(&site, &[&people, "has other characters than letters, digits"]).await;
}
