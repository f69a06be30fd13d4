//! The nearest known name to one that is not known: one judgement of likeness for the whole product.

/// The most alike of the names, unless none is alike enough to be what was meant.
pub fn nearest<'a>(word: &str, among: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    among
        .map(|name| (strsim::jaro_winkler(&word, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

/// Jaro-Winkler likeness from which a suggestion helps; below, it puzzles.
const ALIKE: f64 = 0.82;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typos_find_their_word_and_nonsense_finds_none() {
        let verbs = ["request", "approve", "deny", "revoke"];
        assert_eq!(nearest("requst", verbs.into_iter()), Some("request"));
        assert_eq!(nearest("APROVE", verbs.into_iter()), Some("approve"));
        assert_eq!(nearest("xyzzy", verbs.into_iter()), None);
        assert_eq!(nearest("", verbs.into_iter()), None);
    }
}
