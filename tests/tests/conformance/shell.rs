//! A session that is a process: it answers every line, as long as it lives.

use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use jit_connectors::testkit::Session;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Says who it is each time it is asked.
pub const LOOP: &str = "while read -r line; do id -un; done";

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(10);

/// The open session.
pub struct Shell {
    _child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    expected: String,
}

impl Shell {
    /// Starts a program that runs [`LOOP`] as the user expected.
    pub fn start(command: std::process::Command, expected: &str) -> Self {
        let mut command = Command::from(command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().expect("the program is installed");
        let (input, output) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        Self { _child: child, input, output: BufReader::new(output).lines(), expected: expected.to_owned() }
    }
}

#[async_trait]
impl Session for Shell {
    async fn works(&mut self) -> bool {
        if self.input.write_all(b"\n").await.is_err() {
            return false;
        }
        match tokio::time::timeout(ANSWER, self.output.next_line()).await {
            Ok(Ok(Some(line))) => line == self.expected,
            Ok(_) => false,
            Err(_) => panic!("a session that neither answers nor ends"),
        }
    }
}
