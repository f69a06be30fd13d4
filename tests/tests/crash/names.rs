//! The list of fail points, the source and the docs say the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use jit_bot::failpoint::ALL;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// Every `before…after` in a text.
fn between<'t>(text: &'t str, before: &str, after: &str) -> Vec<&'t str> {
    text.split(before).skip(1).filter_map(|rest| rest.split_once(after)).map(|(name, _)| name).collect()
}

#[test]
fn the_list_names_exactly_the_places_in_the_source() {
    let mut used: BTreeMap<String, usize> = BTreeMap::new();
    for path in sources(&root().join("bot/src")) {
        for name in between(&fs::read_to_string(path).unwrap(), "failpoint!(\"", "\")") {
            *used.entry(name.to_owned()).or_default() += 1;
        }
    }
    let listed: BTreeSet<&str> = ALL.iter().copied().collect();
    assert_eq!(listed.len(), ALL.len(), "each is listed once");
    assert_eq!(used.keys().map(String::as_str).collect::<BTreeSet<_>>(), listed);
}

#[test]
fn the_docs_list_every_fail_point() {
    let text = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    let (_, section) =
        text.split_once("\n## Fail points\n").expect("docs/ARCHITECTURE.md has a section \"Fail points\"");
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|(name, _)| name);
    assert_eq!(rows.collect::<Vec<_>>(), ALL, "as the code has them, in its order");
}
