//! Bells between replicas: channel `jit:D:bells` of Redis, messages `<replica> <letters>` (see [`Ring::letters`]).
//!
//! Published with the index of timers (`timers_redis.rs`); what is lost costs a sweep's second.

use std::time::Duration;

use futures::StreamExt;
use redis::Cmd;

use crate::Store;
use crate::redis_link::RedisLink;
use crate::store::WeakStore;
use crate::wakeups::Ring;

/// How long to wait before subscribing again, and how often to see whether the store is still there.
const AGAIN: Duration = Duration::from_secs(1);

/// The command that rings at the other replicas.
pub(crate) fn publish(link: &RedisLink, ring: Ring) -> Cmd {
    let mut cmd = redis::cmd("PUBLISH");
    cmd.arg(link.key("bells")).arg(format!("{} {}", link.replica(), ring.letters()));
    cmd
}

/// Starts the task that listens; it ends with the store.
pub(crate) fn spawn(store: &Store) {
    let weak = store.downgrade();
    tokio::spawn(async move {
        while listen(&weak).await.is_some() {
            tokio::time::sleep(AGAIN).await;
        }
    });
}

/// Listens until the subscription ends; `None`: the store is gone.
async fn listen(weak: &WeakStore) -> Option<()> {
    let (client, channel, replica) = {
        let store = weak.upgrade()?;
        let link = store.redis()?;
        (link.client().clone(), link.key("bells"), link.replica().to_owned())
    };
    // Away: the caller tries again.
    let Ok(mut subscription) = client.get_async_pubsub().await else { return Some(()) };
    if subscription.subscribe(&channel).await.is_err() {
        return Some(());
    }
    // Bells rung before the subscription were missed, so all are rung.
    weak.upgrade()?.wakeups().ring(Ring::ALL);
    let mut messages = subscription.on_message();
    loop {
        let message = tokio::time::timeout(AGAIN, messages.next()).await;
        let store = weak.upgrade()?;
        let Ok(message) = message else { continue };
        let Some(message) = message else { return Some(()) };
        let words: String = message.get_payload().unwrap_or_default();
        if let Some((from, letters)) = words.split_once(' ')
            && from != replica
        {
            store.wakeups().ring(Ring::read(letters));
        }
    }
}
