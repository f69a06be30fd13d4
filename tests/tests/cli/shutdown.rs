//! SIGTERM: what was acknowledged reaches its end, and the process ends in time.

use std::process::Stdio;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use jit_tests::servers::Folder;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

use crate::PATIENCE;
use crate::program::command;
use crate::site::{Plan, Site, until};

/// An orderly end takes less; container platforms kill after 10 to 30 s.
const IN_TIME: Duration = Duration::from_secs(8);

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_requests_survive_a_stop_under_load() {
    let crowd = 16;
    let site = Site::of(Plan { crowd, ..Plan::default() }).await;
    let mut service = site.serve();
    let ask = async |n: usize| {
        let text = "request orders-low for 30m because the queue has to be drained";
        let acknowledged = site.chat.command(&format!("U1{n:03}"), "dm", text).await.is_ok();
        (n, acknowledged)
    };
    let mut asking: FuturesUnordered<_> = (0..crowd).map(ask).collect();
    let mut acknowledged = Vec::new();
    while acknowledged.len() < 3 {
        let (n, yes) = asking.next().await.unwrap();
        assert!(yes, "nobody has stopped anything yet");
        acknowledged.push(n);
    }
    let begun = Instant::now();
    let stopping = async {
        tokio::task::spawn_blocking(move || {
            service.stop();
            service
        })
        .await
        .unwrap()
    };
    let (mut service, rest) = tokio::join!(stopping, asking.collect::<Vec<_>>());
    assert!(begun.elapsed() < IN_TIME, "the end took {:?}", begun.elapsed());
    assert!(service.log().contains("stopped"), "an orderly end:\n{}", service.log());
    acknowledged.extend(rest.into_iter().filter(|(_, yes)| *yes).map(|(n, _)| n));
    tokio::task::block_in_place(|| service.start_again(&[]));
    for n in acknowledged {
        until(&format!("p{n} holds what was acknowledged"), async || {
            site.holds("orders", &format!("p{n}")).then_some(())
        })
        .await;
    }
}

/// Browsers keep their streams open for ever; that must not keep the demo from ending.
#[tokio::test(flavor = "multi_thread")]
async fn open_streams_do_not_hold_up_the_end_of_the_demo() {
    let folder = Folder::new("demo");
    let data = folder.join("data").display().to_string();
    let mut demo = command();
    demo.args(["demo", "--listen", "127.0.0.1:0", "--data", &data]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut demo = demo.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(demo.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
    let address =
        line.split("http://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_else(|| panic!("{line}"));
    let mut streams = Vec::new();
    for user in ["U0001", "U0002"] {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let ask = format!("GET /playground/ui/stream?as={user} HTTP/1.1\r\nHost: {address}\r\n\r\n");
        stream.write_all(ask.as_bytes()).await.unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).await.unwrap();
        assert_eq!(&head, b"HTTP/1.1 200");
        streams.push(stream);
    }
    let begun = Instant::now();
    let pid = demo.id().unwrap().to_string();
    assert!(tokio::process::Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
    let status = tokio::time::timeout(PATIENCE, demo.wait()).await.expect("it ends").unwrap();
    assert!(status.success(), "{status}");
    assert!(begun.elapsed() < IN_TIME, "the end took {:?}", begun.elapsed());
}
