//! The shape that the architecture promises, checked: which crate may use which, what the core must do without, and that every file says
//! what it is for. A test of the source, called by nobody; it must not depend on how a rule is kept, only that it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Who may use whom inside the workspace. The siblings in the middle never meet.
const ARROWS: [(&str, &[&str]); 8] = [
    ("jit-core", &[]),
    ("jit-migrations", &[]),
    ("jit-connectors", &["jit-core"]),
    ("jit-chat", &["jit-core"]),
    ("jit-store", &["jit-core", "jit-migrations"]),
    ("jit-playground", &["jit-core"]),
    ("jit-bot", &["jit-core", "jit-connectors", "jit-chat", "jit-store", "jit-playground"]),
    (
        "jit-tests",
        &["jit-core", "jit-connectors", "jit-chat", "jit-store", "jit-playground", "jit-bot", "jit-migrations"],
    ),
];

/// What would bring a runtime, a network, a database or chance into the core.
const NOT_IN_CORE: [&str; 10] =
    ["tokio", "async-std", "sqlx", "sea-orm", "tokio-postgres", "redis", "reqwest", "hyper", "axum", "rand"];

/// How the core would read a clock, make chance or reach outside.
const NOT_IN_CORE_SOURCE: [&str; 10] = [
    "Utc::now",
    "Local::now",
    "Instant::now",
    "SystemTime::now",
    "rand::",
    "Uuid::now_v7",
    "Uuid::new_v4",
    "std::fs",
    "std::net",
    "std::env",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn cargo(args: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO")).args(args).args(["--offline", "--locked"]).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_str().unwrap();
        if path.is_dir() && !name.starts_with('.') && name != "target" && name != "node_modules" {
            found.extend(sources(&path));
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn crates_use_only_what_the_architecture_lets_them() {
    let metadata: serde_json::Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version", "1"])).unwrap();
    let mut found = BTreeMap::new();
    for package in metadata["packages"].as_array().unwrap() {
        let own: BTreeSet<_> = package["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .map(|dependency| dependency["name"].as_str().unwrap())
            .filter(|name| name.starts_with("jit-"))
            .collect();
        found.insert(package["name"].as_str().unwrap(), own);
    }
    let allowed: BTreeMap<_, BTreeSet<_>> =
        ARROWS.into_iter().map(|(name, uses)| (name, uses.iter().copied().collect())).collect();
    assert_eq!(
        found.keys().collect::<Vec<_>>(),
        allowed.keys().collect::<Vec<_>>(),
        "a crate came or went: say who may use it"
    );
    for (name, uses) in &found {
        let beyond: Vec<_> = uses.difference(&allowed[name]).collect();
        assert!(beyond.is_empty(), "{name} uses {beyond:?}, which the architecture forbids");
    }
}

#[test]
fn the_core_does_without_runtime_network_database_and_chance() {
    let tree = cargo(&["tree", "-p", "jit-core", "-e", "normal", "--prefix", "none", "--format", "{p}"]);
    let crates: BTreeSet<_> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(crates.contains("jit-core"));
    let forbidden: Vec<_> = NOT_IN_CORE.into_iter().filter(|name| crates.contains(name)).collect();
    assert!(forbidden.is_empty(), "jit-core depends on {forbidden:?}");

    let is_test = |file: &PathBuf| file.components().any(|part| part.as_os_str() == "tests");
    for file in sources(&root().join("core/src")).into_iter().filter(|file| !is_test(file)) {
        let whole = fs::read_to_string(&file).unwrap();
        let text = whole.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for forbidden in NOT_IN_CORE_SOURCE {
            assert!(!text.contains(forbidden), "{} says {forbidden}", file.display());
        }
    }
}

#[test]
fn every_source_file_says_what_it_is_for() {
    let files = sources(&root());
    assert!(files.len() > 50);
    let silent: Vec<_> =
        files.into_iter().filter(|file| !fs::read_to_string(file).unwrap().starts_with("//! ")).collect();
    assert!(silent.is_empty(), "these files do not open with `//!`: {silent:?}");
}

/// Socket Mode is a door like HTTP: a journey that goes over both databases goes over it as well.
#[test]
fn journeys_go_over_sockets_too() {
    let mut seen = 0;
    // Socket Mode is Slack's: what is only of Teams has a door of its own.
    let of_teams = |file: &Path| file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("teams"));
    for file in sources(&root().join("tests/tests/journeys")).into_iter().filter(|file| !of_teams(file)) {
        let text = fs::read_to_string(&file).unwrap();
        for test in text.split("#[rstest]").skip(1).filter_map(|test| test.split("async fn ").next()) {
            let over = |backend: &str| test.contains(&format!("#[case(Backend::{backend}"));
            if over("Embedded") && over("Scaled") {
                assert!(over("Sockets"), "{}: a journey without Socket Mode:{test}", file.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 40, "only {seen} journeys go over every backend");
}
