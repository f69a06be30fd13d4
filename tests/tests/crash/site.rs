//! One deployment to crash: a configuration folder, the chat workspace in this process, and `jit serve` in its own. Whoever acts or waits
//! here finds the service dead, starts it again, and does again what was not acknowledged, as people and supervisors do.

use std::os::unix::process::ExitStatusExt;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use jit_core::access::Access;
use jit_core::apply::apply;
use jit_playground::{Playground, StoredMessage};
use jit_store::{Clock, Store};
use jit_tests::servers::{Folder, Service, free_port};
use jit_tests::site::{ChatDoor, Configuration, workspace};
use tokio::task::JoinSet;

use crate::PATIENCE;

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// What one deployment is made of.
pub struct Plan {
    /// `[database]`, `[redis]`.
    pub database: String,
    pub redis: Option<String>,
    /// `[connectors…]`, as it stands in the file.
    pub connectors: String,
    pub people: String,
    pub policy: String,
    /// Slack ids and names.
    pub members: Vec<(String, String)>,
}

/// See the module.
pub struct Site {
    pub chat: Playground,
    pub folder: Folder,
    pub service: Mutex<Service>,
    database: String,
    /// The signals that ended the service by itself, in order.
    pub deaths: Mutex<Vec<Option<i32>>>,
    _chat_server: JoinSet<()>,
}

impl Site {
    /// Starts chat and service, the service with these variables.
    pub async fn start(folder: Folder, plan: Plan, environment: &[(&str, &str)]) -> Self {
        let (door, port) = (ChatDoor::open().await, free_port());
        let configuration = Configuration {
            port,
            database: plan.database.clone(),
            redis: plan.redis,
            slack_api: Some(door.api()),
            more: plan.connectors,
            ..Configuration::default()
        };
        let config = configuration.write(&folder, &plan.people, &plan.policy);
        let chat = Playground::new(workspace(port, &plan.members));
        let chat_server = door.serve(&chat, chat.router());
        let service = tokio::task::block_in_place(|| Service::start_with(&config, port, environment));
        Self {
            chat,
            folder,
            service: Mutex::new(service),
            database: plan.database,
            deaths: Mutex::default(),
            _chat_server: chat_server,
        }
    }

    /// The service's own database, for looking.
    pub async fn store(&self) -> Store {
        Store::open(&self.database, None, Clock::Record).await.unwrap()
    }

    /// Starts the service again if it has ended by itself.
    pub fn revive(&self) {
        tokio::task::block_in_place(|| {
            let mut service = self.service.lock().unwrap();
            if service.is_running() {
                return;
            }
            self.deaths.lock().unwrap().push(service.wait().signal());
            service.start_again(&[]);
        });
    }

    /// Types a command in the direct message, again until it is acknowledged; what was answered.
    pub async fn says(&self, user: &str, text: &str) -> String {
        let begun = Instant::now();
        loop {
            match self.chat.command(user, "dm", text).await {
                Ok(answer) => return answer.message.map(|message| message.readable()).unwrap_or_default(),
                Err(failure) => assert!(begun.elapsed() < PATIENCE, "{user} {text}: {failure}"),
            }
            tokio::time::sleep(LOOK).await;
            self.revive();
        }
    }

    /// Waits for a condition, keeping the service alive.
    pub async fn until<T>(&self, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "never: {what}\n{}", self.service.lock().unwrap().log());
            tokio::time::sleep(LOOK).await;
            self.revive();
        }
    }

    /// Waits until nothing is left to do: no access open, no timer, no notice, no entitlement.
    pub async fn rest(&self, store: &Store) {
        self.until("everything comes to rest", async || {
            let counts = store.counts().await.unwrap();
            let open: u64 = counts.accesses.values().sum();
            (open + counts.timers + counts.outbox_pending + counts.entitlements_due == 0).then_some(())
        })
        .await;
        let parked = store.parked(9).await.unwrap();
        assert!(parked.is_empty(), "parked: {:?}", parked.iter().map(|p| &p.error).collect::<Vec<_>>());
    }

    /// Every message of the bot in a person's direct message or in a channel.
    pub fn bot_messages(&self, user: &str, place: &str) -> Vec<StoredMessage> {
        let Some(id) = self.chat.conversation(user, place) else { return Vec::new() };
        self.chat.transcript(&id).into_iter().filter(|message| message.is_bot).collect()
    }
}

/// The fold of an access's events is its row.
pub async fn fold_equals_row(store: &Store, access: &Access) {
    let history = store.history(access.id).await.unwrap();
    let fold = history.iter().fold(None, |state, event| apply(state, &event.record));
    assert_eq!(fold.as_ref(), Some(access), "the fold of the events is the row");
}
