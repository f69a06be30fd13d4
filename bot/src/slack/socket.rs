//! Socket Mode: what Slack has to tell comes over a WebSocket that we open, instead of requests that it sends. Started with the workers;
//! decodes and answers as [`crate::http`] does, and is no way out: everything we tell goes through the Web API.
//!
//! There is always one connection that is listened to. Slack refreshes connections now and then: the next is opened as soon as it says so,
//! and the old one is listened to until Slack closes it, so that nothing falls between the two. What was not acknowledged comes again on
//! the other, with the same dedupe key.

use std::time::{Duration, Instant};

use anyhow::Context;
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use jit_chat::deliver::ChatError;
use jit_chat::slack::decode::envelope::{Envelope, Frame, frame};
use jit_chat::slack::socket::SocketApi;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::react;
use crate::app::App;
use crate::metrics;

/// Opening, the greeting included.
const OPEN_WITHIN: Duration = Duration::from_secs(15);
/// Slack pings every few seconds. After so long without a word we ask, and after as long again the connection is dead.
const SILENCE: Duration = Duration::from_secs(20);
/// Waits between attempts: doubled from the first to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Socket Mode was switched off, or the token is not one for it: somebody has to mend that.
const MENDING: Duration = Duration::from_secs(60);
/// How long acknowledgements under way may take at the end.
const LAST_ANSWERS: Duration = Duration::from_secs(3);
/// Envelopes worked on at once by one connection; more wait in Slack.
const AT_ONCE: usize = 64;

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Why a connection is no longer the one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    /// Slack will close it, or has: the next, at once.
    Replace,
    /// It broke.
    Broken,
    /// Somebody switched Socket Mode off.
    Disabled,
}

/// Runs until stopped; without an `app_token` there is nothing to do.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    let Some(socket) = app.slack.as_ref().and_then(|slack| slack.socket.clone()) else {
        stop.cancelled().await;
        return;
    };
    let mut connections = JoinSet::new();
    let mut wait = FIRST_WAIT;
    let mut opened_at: Option<Instant> = None;
    while !stop.is_cancelled() {
        while connections.try_join_next().is_some() {}
        // One that is to be replaced as soon as it is open would else have us ask without end.
        if opened_at.is_some_and(|at| at.elapsed() < FIRST_WAIT) {
            rest(FIRST_WAIT, &stop).await;
        }
        opened_at = Some(Instant::now());
        let opened = tokio::select! {
            () = stop.cancelled() => break,
            opened = timeout(OPEN_WITHIN, open(&socket)) => opened.unwrap_or_else(|_| Err(Trouble::late())),
        };
        let over = match opened {
            Ok(stream) => {
                tracing::info!("Slack's socket is open");
                wait = FIRST_WAIT;
                let (leaving, left) = oneshot::channel();
                connections.spawn(listen(app.clone(), stream, leaving, stop.clone()));
                left.await.unwrap_or(Over::Broken)
            }
            Err(Trouble { what, after }) => {
                tracing::warn!(what, "Slack's socket cannot be opened; trying again");
                rest(after.unwrap_or(wait), &stop).await;
                wait = (wait * 2).min(LONGEST_WAIT);
                continue;
            }
        };
        match over {
            Over::Replace => {}
            Over::Broken => rest(FIRST_WAIT, &stop).await,
            Over::Disabled => {
                tracing::error!("Socket Mode was switched off for the app; switch it on, or take app_token out");
                rest(MENDING, &stop).await;
            }
        }
    }
    while connections.join_next().await.is_some() {}
}

async fn rest(wait: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(wait) => {}
    }
}

/// Why no connection came about; never with the address, which lets anybody in who has it.
struct Trouble {
    what: String,
    /// How long to wait, where it is known.
    after: Option<Duration>,
}

impl Trouble {
    fn late() -> Self {
        Self { what: format!("it does not answer within {} s", OPEN_WITHIN.as_secs()), after: None }
    }
}

/// Asks for an address, connects, and waits for the greeting.
async fn open(socket: &SocketApi) -> Result<Stream, Trouble> {
    let url = socket.open().await.map_err(|error| {
        let after = match &error {
            ChatError::RateLimited { after } | ChatError::Retry { after: Some(after), .. } => Some(*after),
            ChatError::Permanent { .. } => Some(MENDING),
            _ => None,
        };
        Trouble { what: format!("apps.connections.open: {error}"), after }
    })?;
    let trouble = |what: String| Trouble { what, after: None };
    let limits = WebSocketConfig::default()
        .max_message_size(Some(crate::http::MAX_BODY_BYTES))
        .max_frame_size(Some(crate::http::MAX_BODY_BYTES));
    let connected = connect_async_with_config(url.as_str(), Some(limits), true).await;
    let (mut stream, _) = connected.map_err(|error| trouble(format!("connecting: {}", kind(&error))))?;
    loop {
        match stream.next().await {
            Some(Ok(Message::Text(text))) if frame(&text) == Ok(Frame::Hello) => return Ok(stream),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Err(error)) => return Err(trouble(format!("waiting for its greeting: {}", kind(&error)))),
            _ => return Err(trouble("it does not begin with a greeting".to_owned())),
        }
    }
}

/// What went wrong, without addresses.
fn kind(error: &tokio_tungstenite::tungstenite::Error) -> String {
    use tokio_tungstenite::tungstenite::Error;
    match error {
        Error::Io(error) => format!("the connection broke ({})", error.kind()),
        Error::Http(response) => format!("HTTP {}", response.status().as_u16()),
        Error::Tls(_) => "TLS failed".to_owned(),
        Error::ConnectionClosed | Error::AlreadyClosed => "it was closed".to_owned(),
        Error::Capacity(_) => "a text is too long".to_owned(),
        _ => "it does not speak WebSocket as expected".to_owned(),
    }
}

/// Listens until the connection is closed. Says once, by `leaving`, when another should take its place.
async fn listen(app: App, stream: Stream, leaving: oneshot::Sender<Over>, stop: CancellationToken) {
    metrics::socket(1.0);
    let (sink, source) = stream.split();
    let (answers, acknowledged) = mpsc::channel(AT_ONCE);
    let writer = tokio::spawn(write(sink, acknowledged));
    let mut leaving = Some(leaving);
    let mut under_way = JoinSet::new();
    let over = read(&app, source, &answers, (&mut leaving, &mut under_way), &stop).await;
    if let Some(leaving) = leaving.take() {
        let _ = leaving.send(over);
    }
    // What was read is finished; what its acknowledgement cannot reach any more comes again, and changes nothing.
    let finished = async { while under_way.join_next().await.is_some() {} };
    if timeout(LAST_ANSWERS, finished).await.is_err() {
        tracing::warn!("acknowledgements did not get out in time; Slack sends those again");
    }
    drop(answers);
    if writer.await.is_err() {
        tracing::error!("writing to Slack's socket broke down");
    }
    metrics::socket(-1.0);
}

async fn read(
    app: &App,
    mut source: SplitStream<Stream>,
    answers: &mpsc::Sender<Message>,
    (leaving, under_way): (&mut Option<oneshot::Sender<Over>>, &mut JoinSet<()>),
    stop: &CancellationToken,
) -> Over {
    let mut silent = false;
    loop {
        while under_way.try_join_next().is_some() {}
        if under_way.len() >= AT_ONCE {
            under_way.join_next().await;
        }
        let next = tokio::select! {
            () = stop.cancelled() => return Over::Replace,
            next = timeout(SILENCE, source.next()) => next,
        };
        let message = match next {
            Err(_) if silent => {
                tracing::warn!("Slack's socket is silent; opening another");
                return Over::Broken;
            }
            Err(_) => {
                silent = true;
                if answers.send(Message::Ping(Vec::new().into())).await.is_err() {
                    return Over::Broken;
                }
                continue;
            }
            Ok(None | Some(Ok(Message::Close(_)))) => {
                if leaving.is_some() {
                    tracing::warn!("Slack's socket was closed without a word; opening another");
                }
                return Over::Broken;
            }
            Ok(Some(Err(error))) => {
                tracing::warn!(what = kind(&error), "Slack's socket broke; opening another");
                return Over::Broken;
            }
            Ok(Some(Ok(message))) => message,
        };
        silent = false;
        let Message::Text(text) = message else { continue };
        match frame(&text) {
            Ok(Frame::Envelope(envelope)) => {
                let span = tracing::info_span!("envelope", envelope_id = envelope.id, kind = envelope.kind);
                under_way.spawn(take(app.clone(), envelope, answers.clone()).instrument(span));
            }
            Ok(Frame::Disconnect { reason }) if reason == "link_disabled" => return Over::Disabled,
            Ok(Frame::Disconnect { reason }) => {
                tracing::info!(reason, "Slack will close this socket; opening the next");
                if let Some(leaving) = leaving.take() {
                    let _ = leaving.send(Over::Replace);
                }
            }
            Ok(Frame::Hello | Frame::Other) => {}
            Err(error) => tracing::warn!(error = %error, "a text on Slack's socket cannot be read"),
        }
    }
}

/// Does what an envelope wants, and acknowledges it: after the commit, as over HTTP. One that cannot be read, or is another workspace's, is
/// not acknowledged.
async fn take(app: App, envelope: Envelope, answers: mpsc::Sender<Message>) {
    let Some(slack) = app.slack.clone() else { return };
    let began = Instant::now();
    let inbound = match envelope.inbound(&slack.home) {
        Ok(inbound) => inbound,
        Err(error) => {
            metrics::envelope(&envelope.kind, "refused", began.elapsed());
            tracing::warn!(error = %error, "an envelope is not taken");
            return;
        }
    };
    let reaction = react(&app, inbound).await;
    if let Some(later) = reaction.later {
        tokio::spawn(later.run(app).in_current_span());
    }
    if reaction.ack.is_some() && !envelope.takes_answer {
        tracing::warn!("Slack takes no answer to this; it is lost");
    }
    let text = envelope.acknowledgement(reaction.ack);
    let sent = answers.send(Message::Text(text.into())).await;
    let outcome = if sent.is_ok() { "acknowledged" } else { "lost" };
    let took = began.elapsed();
    metrics::envelope(&envelope.kind, outcome, took);
    tracing::info!(took_ms = took.as_millis(), "answered");
}

/// Writes what is to be sent, until nobody can send any more; then closes.
async fn write(mut sink: SplitSink<Stream, Message>, mut acknowledged: mpsc::Receiver<Message>) {
    while let Some(message) = acknowledged.recv().await {
        if let Err(error) = sink.send(message).await.context("writing") {
            tracing::debug!(error = format!("{error:#}"), "Slack's socket takes nothing any more");
            return;
        }
    }
    // Whether Slack still hears it does not matter.
    let _ = timeout(Duration::from_secs(1), sink.close()).await;
}
