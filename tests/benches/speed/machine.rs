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
