//! What somebody probably meant: the one similarity function of the workspace, for verbs, roles, keys and names alike.

/// The longest word that is compared; longer ones are no typos of any name.
const LONGEST: usize = 80;

/// The most similar name, if it is similar enough that a typo explains the difference; nonsense gets none.
///
/// Case does not matter. At most one edit (a letter more, less, other, or two swapped) in words of three to five letters,
/// two up to eight, three beyond; or the word begins exactly one of the names and has three letters or more.
pub fn nearest<'a>(word: &str, among: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.trim().to_lowercase();
    let edits = match word.chars().take(LONGEST + 1).count() {
        0 | 81.. => return None,
        1..=2 => 0,
        3..=5 => 1,
        6..=8 => 2,
        _ => 3,
    };
    let mut best: Option<(usize, &str)> = None;
    let mut begun: Vec<&str> = Vec::new();
    for name in among {
        let lower = name.to_lowercase();
        if lower.len() > 4 * LONGEST {
            continue;
        }
        if edits > 0 && lower.starts_with(&word) {
            begun.push(name);
        }
        let distance = strsim::damerau_levenshtein(&word, &lower);
        if distance <= edits && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, name));
        }
    }
    best.map(|(_, name)| name).or(if begun.len() == 1 { begun.first().copied() } else { None })
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn typos_find_their_name_and_nonsense_none() {
        let names = ["request", "approve", "mine", "done", "orders-db-admin", "orders-db-reader"];
        for (word, expected) in [
            ("requst", Some("request")),
            ("REQUEST", Some("request")),
            ("aprove", Some("approve")),
            ("mien", Some("mine")),
            ("orders-db-admn", Some("orders-db-admin")),
            ("orders-admin", Some("orders-db-admin")),
            ("req", Some("request")),
            ("orders", None),
            ("xyzzy", None),
            ("do", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, names.into_iter()), expected, "{word}");
        }
        assert_eq!(nearest(&"a".repeat(10_000), names.into_iter()), None);
    }
}
