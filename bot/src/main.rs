//! The `jit` binary: reads the command line and runs it.

use clap::Parser;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    jit_bot::install_crypto();
    jit_bot::failpoint::arm_from_environment();
    jit_bot::cli::run(jit_bot::cli::Cli::parse()).await
}
