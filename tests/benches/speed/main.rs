//! How fast it is: `tests/bench` runs this on the release build. Prints the machine, distributions, and ratios to a baseline of the same
//! run, and ends with 1 when a goal is missed. Everything real: PostgreSQL with durable commits, Redis, signed HTTP, the built service.
//!
//! Arguments name the benches to run (`decision`, `reload`, `acknowledge`, `teams`, `approve`, `lateness`); none means all.

mod acknowledge;
mod approve;
mod client;
mod decision;
mod distribution;
mod lateness;
mod machine;
mod reload;
mod scale;
mod slack;
mod teams;
mod world;

use machine::Taken;
use world::World;

fn main() {
    // Cargo itself passes `--bench`.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let want = |name: &str| wanted.is_empty() || wanted.iter().any(|wish| wish == name);
    machine::print();
    let mut met = true;
    if want("decision") {
        println!("\ndecision: 1,000 roles, 200 rules, 2,000 people, 500 live grants");
        let before = Taken::now();
        met &= decision::run();
        before.print_since();
    }
    if want("reload") {
        println!("\nreload: 1,000 roles, 200 rules, 2,000 people");
        let before = Taken::now();
        met &= reload::read();
        before.print_since();
    }
    if ["acknowledge", "teams", "approve", "lateness", "reload"].into_iter().any(want) {
        rustls::crypto::ring::default_provider().install_default().expect("nobody installed another before");
        let runtime = tokio::runtime::Runtime::new().expect("threads can be made");
        met &= runtime.block_on(served(&want));
    }
    std::process::exit(i32::from(!met));
}

/// The benches that need the service.
async fn served(want: &impl Fn(&str) -> bool) -> bool {
    let world = World::start().await;
    let mut met = true;
    if want("reload") {
        println!("\nreload: with 6,000 people more, while people type");
        let before = Taken::now();
        met &= reload::meanwhile(&world).await;
        before.print_since();
    }
    if want("acknowledge") {
        let before = Taken::now();
        met &= acknowledge::run(&world).await;
        before.print_since();
    }
    if want("teams") {
        let before = Taken::now();
        met &= teams::run(&world).await;
        before.print_since();
    }
    if want("approve") {
        println!("\napprove: the click to verified in PostgreSQL");
        let before = Taken::now();
        met &= approve::run(&world).await;
        before.print_since();
    }
    if want("lateness") {
        println!("\nlateness: 1,000 ends over 20 s, timers through Redis");
        let before = Taken::now();
        met &= lateness::run(&world).await;
        before.print_since();
    }
    met
}
