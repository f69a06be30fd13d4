//! The text of a drop-in for sudo: what may stand in one, how it is escaped, and how ours is read again.
//! Grammar: sudoers(5). Whatever cannot be written so that it means exactly itself is refused.

use chrono::{DateTime, NaiveDateTime, SubsecRound, TimeDelta, Utc};
use jit_core::entitlement::{Entitlement, Target};
use sha2::{Digest, Sha256};

use crate::contract::Attempt;
use crate::target;

/// The keys of a target.
pub(super) const KEYS: [&str; 3] = ["commands", "run_as", "hosts"];

/// `20261121210000Z`. Source: sudoers(5), "Option_Spec", NOTBEFORE and NOTAFTER.
const TIME: &str = "%Y%m%d%H%M%SZ";

/// Before the entitlement in our drop-ins.
const NOTE: &str = "# jit-entitlement: ";

/// What a target gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    /// Absolute paths with arguments, as a person types them; none: every command.
    pub(super) commands: Vec<String>,
    pub(super) run_as: String,
    hosts: Vec<String>,
}

impl Rule {
    pub(super) fn of(target: &Target) -> Result<Self, String> {
        target::only_keys(target, &KEYS)?;
        let listed = target::optional_texts(target, "commands")?
            .ok_or("`commands` is missing; write commands = [\"/usr/bin/id\"]")?;
        let all = listed.contains(&"ALL");
        if all && listed.len() > 1 {
            return Err("`commands`: \"ALL\" stands alone".to_owned());
        }
        let commands: Vec<String> = if all { Vec::new() } else { listed.into_iter().map(str::to_owned).collect() };
        for text in &commands {
            command(text)?;
        }
        let run_as = target::optional_text(target, "run_as")?.unwrap_or("root").to_owned();
        user(&run_as).map_err(|what| format!("`run_as`: {what}"))?;
        let hosts: Vec<_> =
            target::optional_texts(target, "hosts")?.unwrap_or_default().into_iter().map(str::to_owned).collect();
        for name in &hosts {
            host(name)?;
        }
        Ok(Self { commands, run_as, hosts })
    }

    /// The whole drop-in. The end is cut to a whole second; sudo's NOTAFTER names the last second in which the rule still holds.
    pub(super) fn render(
        &self,
        e: &Entitlement,
        span: &Validity,
        password: bool,
        a: &Attempt,
    ) -> Result<String, String> {
        let account = user(e.account.as_str())?;
        let hosts = if self.hosts.is_empty() { "ALL".to_owned() } else { self.hosts.join(", ") };
        let commands: Result<Vec<_>, _> = self.commands.iter().map(|text| command(text)).collect();
        let commands = if self.commands.is_empty() { "ALL".to_owned() } else { commands?.join(", ") };
        let tag = if password { "PASSWD" } else { "NOPASSWD" };
        let note = serde_json::to_string(e).map_err(|error| error.to_string())?;
        Ok(format!(
            "# Written by jit for access {} (owner {}), which removes it at the end.\n{NOTE}{note}\n\
             {account} {hosts}=({}) NOTBEFORE={} NOTAFTER={} {tag}: {commands}\n",
            a.access,
            a.generation,
            self.run_as,
            span.from.format(TIME),
            (whole(span.until) - TimeDelta::seconds(1)).format(TIME),
        ))
    }

    /// Whether every command of the other is one of this one's, as the same user. Hosts are left out: both are on this machine.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let commands = self.commands.is_empty()
            || !other.commands.is_empty() && other.commands.iter().all(|command| self.commands.contains(command));
        commands && self.run_as == other.run_as
    }
}

/// From when until when a rule holds.
pub(super) struct Validity {
    pub(super) from: DateTime<Utc>,
    pub(super) until: DateTime<Utc>,
}

/// One of our drop-ins, read again.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// For whom and what it says that it is.
    pub(super) entitlement: Option<Entitlement>,
    /// The end that sudo reads there; none when somebody has changed the rule.
    pub(super) until: Option<DateTime<Utc>>,
    /// The rule itself.
    pub(super) rule: String,
}

impl Found {
    pub(super) fn read(text: &str) -> Self {
        let note = text.lines().find_map(|line| line.strip_prefix(NOTE));
        let rule = text.lines().find(|line| !line.starts_with('#') && !line.trim().is_empty()).unwrap_or_default();
        let last = rule.split_whitespace().find_map(|word| word.strip_prefix("NOTAFTER="));
        let last = last.and_then(|time| NaiveDateTime::parse_from_str(time, TIME).ok());
        Self {
            entitlement: note.and_then(|json| serde_json::from_str(json).ok()),
            until: last.map(|last| last.and_utc() + TimeDelta::seconds(1)),
            rule: rule.to_owned(),
        }
    }
}

/// The end as sudo knows it: whole seconds.
pub(super) fn whole(until: DateTime<Utc>) -> DateTime<Utc> {
    until.trunc_subsecs(0)
}

/// The drop-in's name: the same for the same entitlement, and without a dot, since sudo ignores names that hold one.
pub(super) fn file_name(e: &Entitlement) -> String {
    let hash = Sha256::digest(e.key().0.as_bytes());
    format!("jit-{}", hex::encode(&hash[..16]))
}

/// Whether a file's name is of our form.
pub(super) fn is_ours(name: &str) -> bool {
    name.strip_prefix("jit-").is_some_and(|hash| hash.len() == 32 && hash.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// A user's name that means a user in sudoers: not a group, a number, an alias, or a word of the grammar.
pub(super) fn user(name: &str) -> Result<&str, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.@$-".contains(c);
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    if !starts_well || !name.chars().all(plain) {
        return Err(format!("`{}` is not a user name that sudo takes literally", name.escape_debug()));
    }
    if looks_like_alias(name) || name.starts_with("Defaults") || name.ends_with("_Alias") {
        return Err(format!("`{name}` means something else than a user in sudoers"));
    }
    Ok(name)
}

/// Sudoers takes such words for aliases, `ALL` among them.
fn looks_like_alias(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

fn host(name: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    let fits = name == "ALL" || name.chars().all(plain) && !name.starts_with(['-', '.']) && !looks_like_alias(name);
    if fits { Ok(()) } else { Err(format!("`hosts`: `{}` is not a host name or \"ALL\"", name.escape_debug())) }
}

/// A command as it is written in a rule. Arguments mean exactly themselves: no wildcards, no regular expressions. A command without
/// arguments may be run with any; one that ends in ` ""` with none.
fn command(text: &str) -> Result<String, String> {
    let wrong = |why: &str| Err(format!("`commands`: `{}` {why}", text.escape_debug()));
    let (path, arguments) = text.split_once(' ').unwrap_or((text, ""));
    if !path.starts_with('/')
        || path.ends_with('/')
        || path.split('/').skip(1).any(|part| ["", ".", ".."].contains(&part))
    {
        return wrong("is not an absolute path of a program");
    }
    if path.contains(|c: char| c.is_control() || c.is_whitespace() || "*?[]!^,:=#\\\"'".contains(c)) {
        return wrong("holds a sign in its path that sudo does not take literally");
    }
    if arguments == "\"\"" {
        return Ok(text.to_owned());
    }
    if arguments.contains(|c: char| c.is_control() || "\"'\\".contains(c)) {
        return wrong("holds a quote, a backslash or a control sign");
    }
    let odd_blanks = arguments.split(' ').any(|word| word.is_empty() || word.contains(char::is_whitespace));
    if text.contains(' ') && odd_blanks {
        return wrong("has more than one blank in a row, or one at its end");
    }
    let mut escaped = path.to_owned();
    for c in text[path.len()..].chars() {
        if "*?[]!^,:=#".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    Ok(escaped)
}

#[cfg(test)]
mod tests {
    use jit_core::id::AccessId;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn entitlement(account: &str, target: serde_json::Value) -> Entitlement {
        let target = serde_json::from_value(target).unwrap();
        Entitlement { connector: "hosts".into(), account: account.into(), target, instance: None }
    }

    fn rendered(e: &Entitlement, until: DateTime<Utc>) -> Result<String, String> {
        let from = DateTime::from_timestamp(1_792_000_000, 0).unwrap();
        let attempt = Attempt { access: AccessId(Default::default()), generation: 7, deadline: from };
        Rule::of(&e.target)?.render(e, &Validity { from, until }, false, &attempt)
    }

    #[test]
    fn a_rule_is_written_and_read_again() {
        let e = entitlement("alice", json!({ "commands": ["/usr/bin/id", "/bin/echo a,b=c *"] }));
        let until = "2026-11-21T21:00:00.75Z".parse().unwrap();
        let text = rendered(&e, until).unwrap();
        let rule = text.lines().last().unwrap();
        let expected = "alice ALL=(root) NOTBEFORE=20261014174640Z NOTAFTER=20261121205959Z NOPASSWD: /usr/bin/id, /bin/echo a\\,b\\=c \\*";
        assert_eq!(rule, expected);
        let found = Found::read(&text);
        assert_eq!(found, Found { entitlement: Some(e), until: Some(whole(until)), rule: rule.to_owned() });
        assert_eq!(Found::read("").until, None);
    }

    #[test]
    fn what_sudo_would_not_take_literally_is_refused() {
        for bad in [
            json!({}),
            json!({ "commands": [] }),
            json!({ "commands": "ALL" }),
            json!({ "commands": ["ALL", "/usr/bin/id"] }),
            json!({ "commands": ["id"] }),
            json!({ "commands": ["/usr/bin/"] }),
            json!({ "commands": ["/usr/../bin/id"] }),
            json!({ "commands": ["/usr//bin/id"] }),
            json!({ "commands": ["/usr/bin/*"] }),
            json!({ "commands": ["/usr/bin/id\nALL"] }),
            json!({ "commands": ["/usr/bin/id\tx"] }),
            json!({ "commands": ["/usr/bin/id  -u"] }),
            json!({ "commands": ["/usr/bin/id "] }),
            json!({ "commands": ["/usr/bin/id \\"] }),
            json!({ "commands": ["/usr/bin/id \"a\""] }),
            json!({ "commands": ["!/usr/bin/id"] }),
            json!({ "commands": ["/usr/bin/id"], "run_as": "%wheel" }),
            json!({ "commands": ["/usr/bin/id"], "run_as": "ALL" }),
            json!({ "commands": ["/usr/bin/id"], "run_as": "root:adm" }),
            json!({ "commands": ["/usr/bin/id"], "hosts": ["a b"] }),
            json!({ "commands": ["/usr/bin/id"], "hosts": ["WEB"] }),
            json!({ "commands": ["/usr/bin/id"], "user": "x" }),
        ] {
            assert!(Rule::of(&serde_json::from_value(bad.clone()).unwrap()).is_err(), "{bad}");
        }
        for bad in [
            "",
            "%wheel",
            "#0",
            "+net",
            "ALL",
            "ADMINS",
            "Defaults",
            "User_Alias",
            "a b",
            "a,b",
            "a=b",
            "a\nb",
            "a\\b",
            "!a",
            "é",
        ] {
            assert!(user(bad).is_err(), "{bad}");
        }
        for good in ["alice", "_x", "a.b", "svc-1", "a@b.test", "Alice", "machine$"] {
            assert_eq!(user(good), Ok(good));
        }
    }

    #[test]
    fn names_of_drop_ins_are_stable_and_without_a_dot() {
        let (a, b) = (entitlement("a.b", json!({})), entitlement("a", json!({})));
        assert_eq!(file_name(&a), file_name(&a));
        assert_ne!(file_name(&a), file_name(&b));
        assert!(is_ours(&file_name(&a)) && !file_name(&a).contains('.'));
        assert!(!is_ours("jit-admin") && !is_ours("README"));
    }

    #[test]
    fn a_wider_rule_covers_a_narrower_one() {
        let rule = |target| Rule::of(&serde_json::from_value(target).unwrap()).unwrap();
        let (all, id) = (rule(json!({ "commands": ["ALL"] })), rule(json!({ "commands": ["/usr/bin/id"] })));
        let two = rule(json!({ "commands": ["/usr/bin/id", "/usr/bin/w"] }));
        let other = rule(json!({ "commands": ["ALL"], "run_as": "www" }));
        assert!(all.covers(&id) && two.covers(&id) && id.covers(&id) && all.covers(&all));
        assert!(!id.covers(&two) && !id.covers(&all) && !other.covers(&id));
    }

    proptest! {
        /// Whatever a policy or a directory holds, the drop-in keeps its three lines and its single rule.
        #[test]
        fn nothing_breaks_out_of_its_place(account in ".{0,12}", command in "/[ -~\\n\\PC]{0,24}") {
            let e = entitlement(&account, json!({ "commands": [command] }));
            if let Ok(text) = rendered(&e, DateTime::from_timestamp(1_792_003_600, 0).unwrap()) {
                prop_assert_eq!(text.lines().count(), 3);
                let found = Found::read(&text);
                prop_assert_eq!(found.entitlement.as_ref(), Some(&e));
                let unescaped = found.rule.replace("\\,", "").replace("\\:", "").replace("\\=", "").replace("\\#", "");
                prop_assert_eq!(unescaped.matches([',', '#']).count(), 0);
                prop_assert_eq!(unescaped.matches(':').count(), 1);
            }
        }
    }
}
