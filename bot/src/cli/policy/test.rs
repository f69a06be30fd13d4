//! `jit policy test`: the table tests beside a policy, judged as production judges requests. Touches neither database nor targets.

use std::path::Path;

use chrono::{DateTime, Utc};
use clap::Args;
use jit_core::decide::preview;
use jit_core::event::Actor;
use jit_core::facts::Facts;
use jit_core::policy::cases::{Case, Kind, words};
use jit_core::policy::{Judgement, SourceFile, parse_cases};
use jit_core::refusal::Refusal;
use serde_json::{Value, json};

use crate::cli::{Failure, Output, WithConfig};
use crate::snapshot::{Snapshot, SourceError, Sources, read_below};

/// The folder of a policy that has its tests.
const FOLDER: &str = "tests";

/// Which configuration.
#[derive(Debug, Args)]
pub struct Test {
    #[command(flatten)]
    with: WithConfig,
    /// How the outcomes are printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// A case, and what came of it.
struct Ran {
    case: Case,
    outcome: Result<Judgement, Refusal>,
    passed: bool,
}

impl Test {
    /// Runs every case; one that fails is a check that failed.
    pub(super) fn run(&self) -> Result<(), Failure> {
        let config = self.with.load()?;
        let sources = Sources::of(&config);
        let snapshot = super::load(&sources, &config)?;
        let cases = read(&sources.policy, &snapshot).map_err(|error| self.unreadable(error))?;
        let now = Utc::now();
        let ran: Vec<Ran> = cases.into_iter().map(|case| run(case, &snapshot, now)).collect();
        let failed = ran.iter().filter(|ran| !ran.passed).count();
        match self.output {
            Output::Json => {
                let cases: Vec<Value> = ran.iter().map(shown).collect();
                println!("{:#}", json!({ "passed": ran.len() - failed, "failed": failed, "cases": cases }));
            }
            Output::Text if ran.is_empty() => println!("{}", first_one(&sources.policy, &snapshot, now)),
            Output::Text => {
                ran.iter().filter(|ran| !ran.passed).for_each(|ran| println!("{}", line(ran)));
                println!("{} passed, {failed} failed", ran.len() - failed);
            }
        }
        if failed > 0 {
            return Err(Failure::Refused(anyhow::anyhow!("{failed} of {} cases failed", ran.len())));
        }
        Ok(())
    }

    fn unreadable(&self, error: SourceError) -> Failure {
        if let (Output::Json, SourceError::Problems(problems)) = (self.output, &error) {
            let problems: Vec<Value> = problems.iter().map(super::shown).collect();
            println!("{:#}", json!({ "problems": problems, "says": error.to_string() }));
        }
        Failure::Usage(error.into())
    }
}

/// The cases beside a policy; none where the folder is missing.
fn read(policy: &Path, snapshot: &Snapshot) -> Result<Vec<Case>, SourceError> {
    let folder = policy.join(FOLDER);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut files = read_below(&folder)?;
    for file in &mut files {
        file.name = folder.join(&file.name).display().to_string();
    }
    parse_cases(&files, &snapshot.policy, &snapshot.directory).map_err(SourceError::Problems)
}

fn run(case: Case, snapshot: &Snapshot, now: DateTime<Utc>) -> Ran {
    let (open, directory) = (case.open(), case.people(&snapshot.directory));
    let facts = Facts { directory: &directory, ticket: case.known(), ..snapshot.facts(&Actor::Timer, &open) };
    let outcome = preview(&case.ask(), &facts, case.at.unwrap_or(now));
    Ran { passed: case.expected.holds(&outcome), case, outcome }
}

/// Where, what was expected, what came out and why.
fn line(Ran { case, outcome, .. }: &Ran) -> String {
    let Case { name, place, expected, .. } = case;
    let (file, line, column) = (&place.file, place.line, place.column);
    format!("{file}:{line}:{column}: {name}: expected {expected}; came out {}", words(outcome))
}

fn shown(Ran { case, outcome, passed }: &Ran) -> Value {
    let Case { name, place, expected, .. } = case;
    json!({
        "file": place.file, "line": place.line, "column": place.column, "name": name, "passed": passed,
        "expected": expected.to_string(), "came_out": super::judged(outcome),
    })
}

/// What is said where there are no tests yet: how the first one looks, with names of this policy, and as it comes out today.
fn first_one(policy: &Path, snapshot: &Snapshot, now: DateTime<Utc>) -> String {
    let (folder, Snapshot { policy, directory, .. }) = (policy.join(FOLDER), snapshot);
    let asks = |role| directory.people().find(|person| policy.permits(role, person, directory));
    let pair = policy.roles.values().find_map(|role| Some((role.name.as_str(), asks(role)?.id.as_str())));
    let (role, person) = pair.unwrap_or(("orders-db-admin", "alice"));
    let case = |kind: Kind| {
        let (person, role, expect) = (Value::from(person), Value::from(role), kind.as_str());
        format!("[[case]]\nperson = {person}\nrole = {role}\nduration = \"10m\"\nexpect = \"{expect}\"")
    };
    let file = SourceFile { name: String::new(), text: case(Kind::Auto) };
    let read = parse_cases(&[file], policy, directory).unwrap_or_default().pop();
    let comes_out = read.map_or(Kind::Auto, |case| Kind::of(&run(case, snapshot, now).outcome));
    format!(
        "There are no tests yet: no [[case]] in {}. Begin with {}, for example:\n\n{}",
        folder.join("*.toml").display(),
        folder.join("first.toml").display(),
        case(comes_out)
    )
}
