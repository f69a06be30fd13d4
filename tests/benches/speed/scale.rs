//! A company of a size: 1,000 roles, 200 rules, 2,000 people, as the files that a deployment has. Called by the benches of decisions and
//! of reloading.

use std::fmt::Write;

use jit_core::entitlement::Capabilities;

/// How many roles; every tenth of a hundred teams' own.
pub const ROLES: usize = 1_000;
/// How many rules.
pub const RULES: usize = 2 * TEAMS;
/// How many people.
pub const PEOPLE: usize = 2_000;

const TEAMS: usize = 100;
const TOP: usize = PEOPLE - 1;

/// The name of a role; the people of [`team`] may ask for it.
pub fn role(number: usize) -> String {
    format!("team-{}-role-{number}", team(number))
}

/// Whose a role is, or where a person works.
fn team(number: usize) -> usize {
    number % TEAMS
}

/// Each team has ten roles and two rules of its own; every role matches both.
pub fn policy() -> String {
    let mut text = String::new();
    for number in 0..ROLES {
        let (name, risk) = (role(number), ["low", "medium", "high"][number % 3]);
        let environment = ["production", "staging"][number % 2];
        let _ = write!(
            text,
            "[[role]]\nname = \"{name}\"\ntitle = \"Role {number}\"\nconnector = \"db\"\ntarget = {{ role = \"r{number}\" }}\n\
             level = \"write\"\nenvironment = \"{environment}\"\nrisk = \"{risk}\"\nowner = \"person-1\"\ntags = [\"pii\"]\n\
             max_duration = \"4h\"\n"
        );
    }
    for team in 0..TEAMS {
        let _ = write!(
            text,
            "[[rule]]\nname = \"team {team}, at once\"\nmatch = {{ roles = [\"team-{team}-*\"], risk = [\"low\", \"medium\"] }}\n\
             who = [\"group:team-{team}\"]\nauto_approve = {{ up_to = \"15m\" }}\n\
             [[rule]]\nname = \"team {team}\"\nmatch = {{ roles = [\"team-{team}-*\"] }}\nwho = [\"group:team-{team}\"]\n\
             steps = [ {{ any = [\"manager\"] }}, {{ any = [\"group:security\"], count = 1 }} ]\nmax_duration = \"4h\"\n\
             ticket = \"required\"\n"
        );
    }
    text
}

/// Everybody: each is managed by the next, and the last, whom nobody manages, asks for nothing. Nine work in security.
pub fn people() -> String {
    let mut text = String::new();
    for number in 0..PEOPLE {
        let groups = match number {
            TOP => "\"security\"".to_owned(),
            _ if number % 250 == 0 => format!("\"team-{}\", \"security\"", team(number)),
            _ => format!("\"team-{}\"", team(number)),
        };
        let _ = write!(
            text,
            "[[person]]\nid = \"person-{number}\"\nname = \"Person {number}\"\nslack = \"UT{number:06}\"\n\
             groups = [{groups}]\naccounts = {{ db = \"team-account{number}\" }}\n"
        );
        if number != TOP {
            let _ = writeln!(text, "manager = \"person-{}\"", number + 1);
        }
    }
    text
}

/// What the roles' connector can do.
pub fn capabilities() -> Capabilities {
    Capabilities {
        native_expiry: false,
        ends_sessions: true,
        composes: true,
        lists_holders: true,
        standing_possible: true,
        makes_accounts: false,
    }
}
