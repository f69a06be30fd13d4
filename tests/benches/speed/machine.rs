//! What the numbers were measured on. Printed first by every run.

use std::fs;
use std::process::Command;

/// Prints processor, memory, kernel, where the databases write, and the servers' versions.
pub fn print() {
    println!("machine");
    line("processor", &format!("{} x {}", cores(), field("/proc/cpuinfo", "model name")));
    line("memory", &field("/proc/meminfo", "MemTotal"));
    line("kernel", fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim());
    line("load before", fs::read_to_string("/proc/loadavg").unwrap_or_default().trim());
    line("disk of the databases", &last_line("df", &["-hT", &std::env::temp_dir().display().to_string()]));
    line("PostgreSQL", &last_line("psql", &["--version"]));
    line("Redis", &last_line("redis-server", &["--version"]));
    line("Rust", &last_line("rustc", &["--version"]));
    line("profile", if cfg!(debug_assertions) { "dev: the numbers mean little" } else { "release" });
}

/// The processors' time so far: all of it, and what other guests of the same host took. Source: proc(5), `/proc/stat`, the first line.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    all: u64,
    stolen: u64,
}

impl Taken {
    /// Until now.
    pub fn now() -> Self {
        let text = fs::read_to_string("/proc/stat").unwrap_or_default();
        let line = text.lines().next().unwrap_or_default();
        // User, nice, system, idle, waiting, two kinds of interrupts, stolen; guests' own time is within the first two.
        let ticks: Vec<u64> = line.split_whitespace().skip(1).take(8).filter_map(|word| word.parse().ok()).collect();
        Self { all: ticks.iter().sum(), stolen: ticks.get(7).copied().unwrap_or_default() }
    }

    /// Prints how much others took since then. What is measured beside them has longer tails than on a machine of one's own.
    pub fn print_since(self) {
        let now = Self::now();
        let share = (now.stolen - self.stolen) as f64 / (now.all - self.all).max(1) as f64;
        println!("  taken by other guests of the host meanwhile: {:.1} % of the processors' time", share * 100.0);
    }
}

fn line(name: &str, value: &str) {
    println!("  {name:<24}{value}");
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn field(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.split_once(':').map(|(_, value)| value.trim()));
    value.unwrap_or("unknown").to_owned()
}

fn last_line(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).lines().last().unwrap_or("unknown").to_owned()
}
