//! What people do in Teams and what they see there, in the words of the journeys. A wait that ends without what was waited for is a
//! panic that shows what there is.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::book::{Dialog, Message, Scope};
use super::{APP_ID, TEAM, TENANT, Teams, card};

/// The button of a card of a channel that shows one's own face of it.
const OPEN: &str = "Open";

/// What became of a dialog that was sent.
#[derive(Clone, Debug)]
pub enum Submitted {
    /// It closed.
    Closed,
    /// It closed, and this is said.
    Said(String),
    /// It is there again, or another in its place.
    Again(Dialog),
}

impl Submitted {
    /// What is said to be wrong, by field; by the empty name what is of none of them.
    pub fn errors(&self) -> BTreeMap<String, String> {
        let Self::Again(dialog) = self else { return BTreeMap::new() };
        card::errors(&dialog.card)
    }

    /// All that it says.
    pub fn readable(&self) -> String {
        match self {
            Self::Closed => String::new(),
            Self::Said(text) => text.clone(),
            Self::Again(dialog) => dialog.readable(),
        }
    }
}

impl Dialog {
    /// All that it says.
    pub fn readable(&self) -> String {
        format!("{}\n{}", self.title, card::readable(&self.card))
    }

    /// Its fields.
    pub fn fields(&self) -> Vec<card::Field> {
        card::fields(&self.card)
    }
}

/// Whether a text holds words, in any case.
fn holds(text: &str, words: &str) -> bool {
    text.to_lowercase().contains(&words.to_lowercase())
}

impl Teams {
    // --- what people do

    /// Somebody's activity in a conversation, before it says what kind it is.
    pub fn activity(&self, who: &str, place: &str) -> Value {
        let now = self.now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        let (id, service_url) = (self.change(|state| state.book.fresh_id()), self.service_url());
        let state = self.lock();
        let member = state.book.member(who);
        let conversation =
            state.book.conversation(place).unwrap_or_else(|| panic!("no conversation is called {place}"));
        let (base, scope) = (conversation.id.clone(), conversation.scope);
        let address = if place.contains(";messageid=") { place.to_owned() } else { base.clone() };
        let mut activity = json!({
            "id": id, "channelId": "msteams", "serviceUrl": service_url, "timestamp": now, "localTimestamp": now,
            "localTimezone": "Europe/Berlin", "locale": "en-GB",
            "from": { "id": member.id(), "name": member.name, "aadObjectId": member.object_id },
            "recipient": { "id": format!("28:{APP_ID}"), "name": "jit" },
            "conversation": { "conversationType": scope.as_str(), "tenantId": TENANT, "id": address },
            "channelData": { "tenant": { "id": TENANT } },
            "entities": [{ "type": "clientInfo", "locale": "en-GB", "country": "GB", "platform": "Web", "timezone": "Europe/Berlin" }],
        });
        if scope != Scope::Personal {
            activity["conversation"]["isGroup"] = Value::Bool(true);
        }
        if scope == Scope::Channel {
            let data = json!({
                "teamsChannelId": base, "teamsTeamId": TEAM, "channel": { "id": base }, "team": { "id": TEAM }, "tenant": { "id": TENANT },
            });
            activity["channelData"] = data;
        }
        activity
    }

    /// A message as Teams makes it. Outside of personal conversations it reaches the bot because it mentions it.
    pub fn message(&self, who: &str, place: &str, text: &str) -> Value {
        let mut activity = self.activity(who, place);
        let mention = activity["conversation"]["conversationType"] != "personal";
        let text = if mention { format!("<at>jit</at> {text}") } else { text.to_owned() };
        let html = text
            .replace("<at>jit</at>", "<span itemscope=\"\" itemtype=\"http://schema.skype.com/Mention\">jit</span>");
        let more = json!({
            "type": "message", "text": text, "textFormat": "plain",
            "attachments": [{ "contentType": "text/html", "content": format!("<p>{html}</p>") }],
        });
        merge(&mut activity, more);
        if mention {
            let mentioned = json!({ "type": "mention", "text": "<at>jit</at>", "mentioned": { "id": format!("28:{APP_ID}"), "name": "jit" } });
            activity["entities"].as_array_mut().expect("a list").insert(0, mentioned);
        }
        activity
    }

    /// Types a message; nothing is waited for. In a channel it begins a thread, unless the place names one.
    pub async fn types(&self, who: &str, place: &str, text: &str) {
        let mut activity = self.message(who, place, text);
        self.change(|state| {
            let id = activity["id"].as_str().expect("it has one").to_owned();
            state.book.add(id.clone(), place, Some(who.to_owned()), activity.clone());
            let message = state.book.message(&id).expect("it was added");
            activity["conversation"]["id"] = Value::from(message.address());
        });
        let (status, answer) = self.send(&activity).await;
        assert!((200..300).contains(&status), "{text}: {status} {answer}");
    }

    /// Types a message and waits for what the bot says to it there: the first that comes after it, in a channel in its thread.
    pub async fn says(&self, who: &str, place: &str, text: &str) -> String {
        let before = self.count(place);
        self.types(who, place, text).await;
        let found = self.wait_for(|teams| {
            let state = teams.lock();
            let mut new = state.book.transcript(place).skip(before);
            new.find(|it| it.from.is_none()).map(Message::readable)
        });
        found.await.unwrap_or_else(|| panic!("{text} is not answered:\n{}", self.transcript(place)))
    }

    fn count(&self, place: &str) -> usize {
        self.lock().book.transcript(place).count()
    }

    /// Types a message again and again until the answer holds a text: for what a worker brings about within a second.
    pub async fn says_until(&self, who: &str, place: &str, text: &str, wanted: &str) -> String {
        let end = std::time::Instant::now() + super::PATIENCE;
        loop {
            let answer = self.says(who, place, text).await;
            if holds(&answer, wanted) || std::time::Instant::now() > end {
                return answer;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// Presses a button on the newest message that has one of that label in one's conversation with the bot.
    pub async fn presses(&self, who: &str, label: &str) {
        let id = self.button(who, who, label).await;
        self.press_on(who, &id, label).await;
    }

    /// Presses one in a channel or a group.
    pub async fn presses_in(&self, who: &str, place: &str, label: &str) {
        let id = self.button(who, place, label).await;
        self.press_on(who, &id, label).await;
    }

    /// What a card of a channel says to this person: their own face, in its place or in a dialog of its own.
    pub async fn face(&self, who: &str, id: &str) -> Option<Value> {
        let card = self.looks(who, id).await?;
        let buttons = card::buttons(&card);
        let Some(open) = buttons.iter().find(|button| card::label(button) == OPEN) else { return Some(card) };
        let message = self.lock().book.message(id)?.clone();
        self.change(|state| state.book.dialogs.remove(who));
        self.act(who, &message, open, open["data"].clone()).await;
        self.lock().book.dialogs.get(who).map(|dialog| dialog.card.clone())
    }

    /// The newest message of a conversation on which this person sees such a button.
    pub async fn button(&self, who: &str, place: &str, label: &str) -> String {
        let end = std::time::Instant::now() + super::PATIENCE;
        loop {
            let ids: Vec<String> = self.lock().book.transcript(place).rev().map(|it| it.id.clone()).collect();
            for id in ids {
                let seen = self.face(who, &id).await;
                if seen.is_some_and(|card| card::buttons(&card).iter().any(|button| card::label(button) == label)) {
                    return id;
                }
            }
            assert!(std::time::Instant::now() < end, "{who} has no button {label}:\n{}", self.transcript(place));
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }

    /// The card of a message as this person sees it: where it says so for them, their client asks for their own first.
    pub async fn looks(&self, who: &str, id: &str) -> Option<Value> {
        let (message, member, own) = {
            let state = self.lock();
            let message = state.book.message(id)?.clone();
            let own = state.book.views.contains_key(&(who.to_owned(), id.to_owned()));
            (message, state.book.member(who).clone(), own)
        };
        let card = message.card()?;
        let listed = card["refresh"]["userIds"].as_array().is_some_and(|ids| ids.contains(&Value::from(member.id())));
        if listed && !own {
            let action = card["refresh"]["action"].clone();
            self.execute(who, &message, action, "automatic").await;
        }
        let state = self.lock();
        state.book.seen(who, state.book.message(id)?)
    }

    /// Presses a button of a message; the status of what it sent, and what came back.
    pub async fn press_on(&self, who: &str, id: &str, label: &str) -> (u16, Value) {
        let card = self.looks(who, id).await.unwrap_or_else(|| panic!("message {id} has no card"));
        let buttons = card::buttons(&card);
        let button = buttons.iter().find(|it| card::label(it) == label);
        if button.is_none() && buttons.iter().any(|it| card::label(it) == OPEN) {
            self.face(who, id).await;
            self.submits_by(who, Some(label), &[]).await;
            return (200, Value::Null);
        }
        let button = card::confirmed(button.unwrap_or_else(|| panic!("no button {label}: {}", card::readable(&card))));
        let data = card::sent(&card, &button, &BTreeMap::new()).unwrap_or_else(|why| panic!("{label}: {why}"));
        let message = self.lock().book.message(id).expect("it was seen").clone();
        self.act(who, &message, &button, data).await
    }

    /// What a client does with a button that was pressed.
    async fn act(&self, who: &str, message: &Message, button: &Value, data: Value) -> (u16, Value) {
        match button["type"].as_str() {
            Some("Action.Execute") => {
                let mut action = button.clone();
                action["data"] = data;
                self.execute(who, message, action, "manual").await
            }
            Some("Action.Submit") if data["msteams"]["type"] == "task/fetch" => {
                let value = json!({ "data": data, "context": { "theme": "default" } });
                self.dialog(who, message, ("task/fetch", value), None).await
            }
            Some("Action.Submit") => {
                let mut activity = self.on(who, message);
                merge(&mut activity, json!({ "type": "message", "value": data }));
                self.send(&activity).await
            }
            other => panic!("nothing is sent by {other:?}"),
        }
    }

    /// An activity about a message.
    pub fn on(&self, who: &str, message: &Message) -> Value {
        let mut activity = self.activity(who, &message.address());
        activity["replyToId"] = Value::from(message.id.clone());
        activity
    }

    /// A universal action, as the activity that it becomes.
    pub fn executed(&self, who: &str, message: &Message, action: Value, trigger: &str) -> Value {
        let mut activity = self.on(who, message);
        let value = json!({ "action": action, "trigger": trigger });
        merge(&mut activity, json!({ "type": "invoke", "name": "adaptiveCard/action", "value": value }));
        activity["channelData"]["source"] = json!({ "name": "message" });
        activity
    }

    /// Sends it, and shows what comes back.
    pub async fn execute(&self, who: &str, message: &Message, action: Value, trigger: &str) -> (u16, Value) {
        let activity = self.executed(who, message, action, trigger);
        let (status, answer) = self.send(&activity).await;
        self.shown(who, message, status, &answer);
        (status, answer)
    }

    /// Shows a person what came back for a universal action.
    fn shown(&self, who: &str, message: &Message, status: u16, answer: &Value) {
        if status != 200 {
            return;
        }
        self.change(|state| match answer["type"].as_str() {
            Some(kind) if kind == card::CONTENT_TYPE => {
                let wrong = card::wrong(&answer["value"]);
                assert_eq!(wrong, None, "Teams would not show it");
                // An edit in the meantime is newer than the answer.
                let edited = state.book.message(&message.id).is_some_and(|it| it.edits > message.edits);
                if !edited {
                    state.book.views.insert((who.to_owned(), message.id.clone()), answer["value"].clone());
                }
            }
            Some("application/vnd.microsoft.activity.message") => {
                let text = answer["value"].as_str().expect("a text").to_owned();
                state.book.whispers.push((who.to_owned(), text));
            }
            Some("application/vnd.microsoft.error") => {
                let text = answer["value"]["message"].as_str().expect("a text").to_owned();
                state.book.whispers.push((who.to_owned(), text));
            }
            other => panic!("no client knows what {other:?} is: {answer}"),
        });
    }

    /// Opens the form of a command of the message extension, in a conversation.
    pub async fn opens(&self, who: &str, place: &str, command: &str) {
        let mut activity = self.activity(who, place);
        let value = json!({ "commandId": command, "commandContext": "compose", "context": { "theme": "default" } });
        merge(&mut activity, json!({ "type": "invoke", "name": "composeExtension/fetchTask", "value": value }));
        let address = activity["conversation"]["id"].as_str().expect("it has one").to_owned();
        let (status, answer) = self.send(&activity).await;
        assert_eq!(status, 200, "{command}: {answer}");
        self.dialogs(who, &answer, (Some(command.to_owned()), address));
    }

    /// Types words that lack something, and presses the button below the answer, which opens the form.
    pub async fn opens_by_words(&self, who: &str, place: &str, text: &str) {
        let before = self.count(place);
        let said = self.says(who, place, text).await;
        let answer = self.messages(place).into_iter().skip(before).find(|it| it.from.is_none()).expect("it was said");
        let buttons = answer.buttons();
        let label = buttons.first().unwrap_or_else(|| panic!("no button opens the form: {said}"));
        self.press_on(who, &answer.id, label).await;
    }

    async fn dialog(
        &self,
        who: &str,
        message: &Message,
        (name, value): (&str, Value),
        command: Option<String>,
    ) -> (u16, Value) {
        let mut activity = self.on(who, message);
        merge(&mut activity, json!({ "type": "invoke", "name": name, "value": value }));
        let address = activity["conversation"]["id"].as_str().expect("it has one").to_owned();
        let (status, answer) = self.send(&activity).await;
        if status == 200 {
            self.dialogs(who, &answer, (command, address));
        }
        (status, answer)
    }

    /// Shows what came back for a dialog.
    fn dialogs(&self, who: &str, answer: &Value, (command, conversation): (Option<String>, String)) -> Submitted {
        self.change(|state| {
            state.book.dialogs.remove(who);
            let task = &answer["task"];
            match task["type"].as_str() {
                None => Submitted::Closed,
                Some("message") => {
                    let text = task["value"].as_str().expect("a text").to_owned();
                    state.book.whispers.push((who.to_owned(), text.clone()));
                    Submitted::Said(text)
                }
                Some("continue") => {
                    let attached = &task["value"]["card"];
                    assert_eq!(attached["contentType"], card::CONTENT_TYPE, "{task}");
                    assert_eq!(card::wrong(&attached["content"]), None, "Teams would not show it");
                    let title = task["value"]["title"].as_str().expect("a dialog has a title").to_owned();
                    let dialog = Dialog { title, card: attached["content"].clone(), command, conversation };
                    state.book.dialogs.insert(who.to_owned(), dialog.clone());
                    Submitted::Again(dialog)
                }
                Some(other) => panic!("no client knows what {other} is: {answer}"),
            }
        })
    }

    /// The dialog in front of a person, once it is there.
    pub async fn form(&self, who: &str) -> Dialog {
        let found = self.wait_for(|teams| teams.lock().book.dialogs.get(who).cloned());
        found.await.unwrap_or_else(|| panic!("{who} has no form: {:?}", self.whispers(who)))
    }

    /// Fills in the dialog in front of a person and presses its first button.
    pub async fn submits(&self, who: &str, values: &[(&str, &str)]) -> Submitted {
        self.submits_by(who, None, values).await
    }

    /// Fills it in and presses the button of this label.
    pub async fn submits_by(&self, who: &str, label: Option<&str>, values: &[(&str, &str)]) -> Submitted {
        let dialog = self.form(who).await;
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let buttons = card::buttons(&dialog.card);
        let button = buttons.iter().find(|it| label.is_none_or(|label| card::label(it) == label));
        let button = card::confirmed(button.unwrap_or_else(|| panic!("nothing to send: {}", dialog.readable())));
        let data =
            card::sent(&dialog.card, &button, &values).unwrap_or_else(|why| panic!("{why}: {}", dialog.readable()));
        let mut activity = self.activity(who, &dialog.conversation);
        let context = json!({ "theme": "default" });
        let (name, value) = match &dialog.command {
            Some(command) => (
                "composeExtension/submitAction",
                json!({ "commandId": command, "commandContext": "compose", "data": data, "context": context }),
            ),
            None => ("task/submit", json!({ "data": data, "context": context })),
        };
        merge(&mut activity, json!({ "type": "invoke", "name": name, "value": value }));
        let (status, answer) = self.send(&activity).await;
        assert_eq!(status, 200, "{answer}");
        self.dialogs(who, &answer, (dialog.command, dialog.conversation))
    }

    /// Removes the app from one's own scope or from a channel, and tells the bot.
    pub async fn uninstalls(&self, who: &str, place: &str) {
        self.installation(who, place, "remove").await;
    }

    /// Installs it there, and tells the bot.
    pub async fn installs(&self, who: &str, place: &str) {
        self.installation(who, place, "add").await;
    }

    async fn installation(&self, who: &str, place: &str, action: &str) {
        let before = self.count(place);
        let own = self.lock().book.conversation(place).is_some_and(|it| it.scope == Scope::Personal);
        self.set_installed(place, action == "add");
        let mut activity = self.activity(who, place);
        merge(&mut activity, json!({ "type": "installationUpdate", "action": action }));
        let (status, answer) = self.send(&activity).await;
        assert!((200..300).contains(&status), "{status} {answer}");
        let mut update = self.activity(who, place);
        let changed = if action == "add" { "membersAdded" } else { "membersRemoved" };
        merge(&mut update, json!({ "type": "conversationUpdate" }));
        update[changed] = json!([{ "id": format!("28:{APP_ID}") }]);
        let (status, answer) = self.send(&update).await;
        assert!((200..300).contains(&status), "{status} {answer}");
        if action == "add" && own {
            let greeted = self.wait_for(|teams| (teams.count(place) > before).then_some(()));
            greeted.await.unwrap_or_else(|| panic!("{who} is not greeted"));
        }
    }

    /// Whether the app is in a conversation, without telling the bot.
    pub fn set_installed(&self, place: &str, installed: bool) {
        self.change(|state| state.book.conversation_mut(place).expect("it is there").installed = installed);
    }

    // --- what people see

    /// Waits until somebody's conversation with the bot holds a text.
    pub async fn sees(&self, who: &str, text: &str) -> Message {
        self.place_sees(who, text).await
    }

    /// Waits until a channel or a group holds a text.
    pub async fn channel_sees(&self, place: &str, text: &str) -> Message {
        self.place_sees(place, text).await
    }

    async fn place_sees(&self, place: &str, text: &str) -> Message {
        let found = self.wait_for(|teams| {
            let state = teams.lock();
            let mut said = state.book.transcript(place).rev().filter(|it| it.from.is_none());
            said.find(|it| holds(&it.readable(), text)).cloned()
        });
        found.await.unwrap_or_else(|| panic!("{place} does not see {text:?}:\n{}", self.transcript(place)))
    }

    /// Whether it does now.
    pub fn saw(&self, place: &str, text: &str) -> bool {
        self.lock().book.transcript(place).any(|it| it.from.is_none() && holds(&it.readable(), text))
    }

    /// What only this person was shown, newest last.
    pub fn whispers(&self, who: &str) -> Vec<String> {
        let state = self.lock();
        state.book.whispers.iter().filter(|(to, _)| to == who).map(|(_, text)| text.clone()).collect()
    }

    /// Waits until this person was told a text: in a whisper or in their conversation.
    pub async fn is_told(&self, who: &str, text: &str) {
        let told = |teams: &Self| teams.saw(who, text) || teams.whispers(who).iter().any(|it| holds(it, text));
        let found = self.wait_for(|teams| told(teams).then_some(())).await;
        found.unwrap_or_else(|| {
            panic!("{who} was not told {text:?}: {:?}\n{}", self.whispers(who), self.transcript(who))
        });
    }

    /// What a conversation says, answers in threads indented, buttons in brackets.
    pub fn transcript(&self, place: &str) -> String {
        let state = self.lock();
        let line = |message: &Message| {
            let indent = if message.root.as_ref().is_some_and(|root| *root != message.id) { "    ↳ " } else { "" };
            let from = message.from.as_ref().map(|who| format!("{who}: ")).unwrap_or_default();
            let edited = if message.edits > 0 { " (edited)" } else { "" };
            format!("{indent}{from}{}{edited}\n", message.readable())
        };
        state.book.transcript(place).map(line).collect()
    }

    /// The messages of a conversation, oldest first.
    pub fn messages(&self, place: &str) -> Vec<Message> {
        self.lock().book.transcript(place).cloned().collect()
    }
}

fn merge(into: &mut Value, more: Value) {
    let Value::Object(more) = more else { return };
    into.as_object_mut().expect("an activity is an object").extend(more);
}
