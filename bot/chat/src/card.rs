//! The Card: what a message says, in a small tree that every platform renders in its own way.
//!
//! Built by [`crate::cards`] from a notice or an answer, rendered by [`crate::slack::render`]; [`crate::fallback`] makes plain text of it.
//! It holds no markup: whatever people wrote stays inert text in every [`Inline`], so that no renderer can be tricked into reading it.

use chrono::{DateTime, Utc};
use jit_core::access::Channel;
use jit_core::id::{AccessId, PersonId, RoleName};

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Says by itself what happened to whom: it is what a notification shows.
    pub title: String,
    /// How it feels; shown beside the title, never by colour alone.
    pub tone: Tone,
    /// How much room the title takes.
    pub weight: Weight,
    /// The rest, from top to bottom.
    pub blocks: Vec<Block>,
}

/// How a card feels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tone {
    /// Plain information.
    Neutral,
    /// Something waits.
    Pending,
    /// It worked.
    Success,
    /// Look at it soon.
    Warning,
    /// Gone wrong; somebody has to look.
    Danger,
    /// Not given.
    Refused,
    /// Over; nothing to do.
    Over,
}

/// How much room a title takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Weight {
    /// A card of its own, with a heading.
    Card,
    /// A line in a conversation: the title is its first sentence.
    Line,
}

/// One block of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A paragraph.
    Text(Vec<Inline>),
    /// Label and value, one pair a line.
    Facts(Vec<(String, Vec<Inline>)>),
    /// A bulleted list.
    List(Vec<Vec<Inline>>),
    /// Small print.
    Context(Vec<Inline>),
    /// Text to be copied, every blank kept.
    Preformatted(String),
    /// A line across.
    Divider,
    /// Buttons in a row.
    Actions(Vec<Button>),
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inline {
    /// Text as it is.
    Plain(String),
    /// Stands out.
    Strong(String),
    /// A name or a command, to be typed exactly so.
    Code(String),
    /// Words that a person wrote, in quotation marks.
    Quote(String),
    /// A person, linked where the platform can; they are notified of it in a channel.
    Person(PersonId),
    /// A channel, linked where the platform can.
    Channel(Channel),
    /// An instant, in the reader's own time zone where the platform can.
    Time(DateTime<Utc>, TimeStyle),
}

/// How an instant is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeStyle {
    /// Date and time.
    At,
    /// How long from now or ago, counted by the reader's client.
    Left,
}

/// A button: what shall happen to what. Never a decision: every click is judged anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    /// What it says.
    pub label: String,
    /// What a screen reader says, where the label alone is ambiguous.
    pub description: Option<String>,
    /// What it asks for.
    pub action: Action,
    /// How it looks.
    pub style: Style,
    /// A question asked before it is sent.
    pub confirm: Option<Confirm>,
}

/// What a button asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A verb on an access.
    On(Verb, AccessId),
    /// The form for a new request, of the roles that are named.
    Request(Vec<RoleName>),
    /// Words of the `/jit` language, as if they were typed. For platforms that have no home tab and no commands of an app.
    Say(String),
}

impl Action {
    /// The roles of a request on the wire, `orders-read,logs-read`; nothing for none. No role's name has a comma.
    pub(crate) fn roles_text(roles: &[RoleName]) -> Option<String> {
        let names: Vec<&str> = roles.iter().map(RoleName::as_str).collect();
        (!names.is_empty()).then(|| names.join(","))
    }

    /// Reads them.
    pub(crate) fn roles_of(text: Option<&str>) -> Vec<RoleName> {
        text.into_iter().flat_map(|text| text.split(',')).filter(|name| !name.is_empty()).map(RoleName::new).collect()
    }
}

/// The verbs that buttons carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Agree.
    Approve,
    /// Open the form to agree for less time.
    ApproveShorter,
    /// Open the form to refuse.
    Deny,
    /// Say that one is looking at it.
    Claim,
    /// Open the form to ask the requester something.
    Ask,
    /// Open the form to answer that.
    Reply,
    /// Open the form to ask for more time.
    Extend,
    /// The holder needs it no longer.
    Done,
    /// Open the form in which a new password is set and shown.
    Reveal,
    /// Open the form to take it back.
    Revoke,
    /// Take the request back.
    Cancel,
    /// Open the form to say that a bypass was justified.
    Justified,
    /// Open the form to say that it was misuse.
    Misuse,
    /// Show all of it.
    Show,
}

/// How a button looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Style {
    /// One of several.
    Plain,
    /// The thing most people want.
    Primary,
    /// Takes something away.
    Danger,
}

/// A question before a button is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirm {
    /// At most 100 characters.
    pub title: String,
    /// At most 300 characters.
    pub text: String,
    /// What the button that goes on says; at most 30 characters.
    pub yes: String,
}

impl Verb {
    /// Every verb, for decoding and tests.
    pub const ALL: [Self; 14] = [
        Self::Approve,
        Self::ApproveShorter,
        Self::Deny,
        Self::Claim,
        Self::Ask,
        Self::Reply,
        Self::Extend,
        Self::Done,
        Self::Reveal,
        Self::Revoke,
        Self::Cancel,
        Self::Justified,
        Self::Misuse,
        Self::Show,
    ];

    /// The name on the wire: stable, messages posted long ago carry it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::ApproveShorter => "approve-shorter",
            Self::Deny => "deny",
            Self::Claim => "claim",
            Self::Ask => "ask",
            Self::Reply => "reply",
            Self::Extend => "extend",
            Self::Done => "done",
            Self::Reveal => "reveal",
            Self::Revoke => "revoke",
            Self::Cancel => "cancel",
            Self::Justified => "justified",
            Self::Misuse => "misuse",
            Self::Show => "show",
        }
    }

    /// Reads [`Verb::as_str`] back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.as_str() == text)
    }
}

impl Card {
    /// A card of its own.
    pub fn new(tone: Tone, title: impl Into<String>) -> Self {
        Self { title: title.into(), tone, weight: Weight::Card, blocks: Vec::new() }
    }

    /// A line in a conversation.
    pub fn line(tone: Tone, title: impl Into<String>) -> Self {
        Self { weight: Weight::Line, ..Self::new(tone, title) }
    }

    /// The verbs that its buttons carry, those aside that only show something.
    pub fn verbs(&self) -> impl Iterator<Item = Verb> + '_ {
        let rows = self.blocks.iter().filter_map(|block| match block {
            Block::Actions(buttons) => Some(buttons),
            _ => None,
        });
        rows.flatten().filter_map(|button| match button.action {
            Action::On(Verb::Show, _) | Action::Request(_) | Action::Say(_) => None,
            Action::On(verb, _) => Some(verb),
        })
    }

    /// Adds a paragraph; none where there is nothing to say.
    #[must_use]
    pub fn text(self, text: Line) -> Self {
        if text.0.is_empty() { self } else { self.block(Block::Text(text.0)) }
    }

    /// Adds facts; none where there are none.
    #[must_use]
    pub fn facts(self, facts: Vec<(String, Vec<Inline>)>) -> Self {
        if facts.is_empty() { self } else { self.block(Block::Facts(facts)) }
    }

    /// Adds a list; none where it is empty.
    #[must_use]
    pub fn list(self, items: Vec<Line>) -> Self {
        if items.is_empty() { self } else { self.block(Block::List(items.into_iter().map(|l| l.0).collect())) }
    }

    /// Adds small print.
    #[must_use]
    pub fn context(self, text: Line) -> Self {
        if text.0.is_empty() { self } else { self.block(Block::Context(text.0)) }
    }

    /// Adds a row of buttons; none where there are none.
    #[must_use]
    pub fn actions(self, buttons: Vec<Button>) -> Self {
        if buttons.is_empty() { self } else { self.block(Block::Actions(buttons)) }
    }

    /// Adds a block.
    #[must_use]
    pub fn block(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }
}

/// Builds a line piece by piece.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line(pub Vec<Inline>);

impl Line {
    /// Begins with text.
    pub fn new(text: impl Into<String>) -> Self {
        Self::default().plain(text)
    }

    /// Adds text.
    #[must_use]
    pub fn plain(self, text: impl Into<String>) -> Self {
        self.push(Inline::Plain(text.into()))
    }

    /// Adds text that stands out.
    #[must_use]
    pub fn strong(self, text: impl Into<String>) -> Self {
        self.push(Inline::Strong(text.into()))
    }

    /// Adds something to be typed.
    #[must_use]
    pub fn code(self, text: impl Into<String>) -> Self {
        self.push(Inline::Code(text.into()))
    }

    /// Adds words that a person wrote.
    #[must_use]
    pub fn quote(self, text: impl Into<String>) -> Self {
        self.push(Inline::Quote(text.into()))
    }

    /// Adds a person.
    #[must_use]
    pub fn person(self, id: &PersonId) -> Self {
        self.push(Inline::Person(id.clone()))
    }

    /// Adds date and time.
    #[must_use]
    pub fn at(self, at: DateTime<Utc>) -> Self {
        self.push(Inline::Time(at, TimeStyle::At))
    }

    /// Adds date and time, and how long from now.
    #[must_use]
    pub fn at_and_left(self, at: DateTime<Utc>) -> Self {
        self.at(at).plain(" (").push(Inline::Time(at, TimeStyle::Left)).plain(")")
    }

    /// Adds a line.
    #[must_use]
    pub fn then(mut self, other: Line) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Adds a sentence of the core, whose names stand in backquotes.
    #[must_use]
    pub fn sentence(self, text: &str) -> Self {
        text.split('`')
            .enumerate()
            .filter(|(_, part)| !part.is_empty())
            .fold(self, |line, (i, part)| if i % 2 == 1 { line.code(part) } else { line.plain(part) })
    }

    /// Adds a piece.
    #[must_use]
    pub fn push(mut self, inline: Inline) -> Self {
        self.0.push(inline);
        self
    }
}

impl Button {
    /// A verb on an access.
    pub fn on(verb: Verb, access: AccessId, label: impl Into<String>) -> Self {
        let action = Action::On(verb, access);
        Self { label: label.into(), description: None, action, style: Style::Plain, confirm: None }
    }

    /// Opens the form for a request.
    pub fn request(roles: impl IntoIterator<Item = RoleName>, label: impl Into<String>) -> Self {
        let action = Action::Request(roles.into_iter().collect());
        Self { label: label.into(), description: None, action, style: Style::Plain, confirm: None }
    }

    /// Says words.
    pub fn say(text: impl Into<String>, label: impl Into<String>) -> Self {
        let action = Action::Say(text.into());
        Self { label: label.into(), description: None, action, style: Style::Plain, confirm: None }
    }

    /// Makes it the one that most people want.
    #[must_use]
    pub fn primary(self) -> Self {
        Self { style: Style::Primary, ..self }
    }

    /// Makes it one that takes something away.
    #[must_use]
    pub fn danger(self) -> Self {
        Self { style: Style::Danger, ..self }
    }

    /// Says more to a screen reader.
    #[must_use]
    pub fn described(self, description: impl Into<String>) -> Self {
        Self { description: Some(description.into()), ..self }
    }

    /// Asks before it is sent.
    #[must_use]
    pub fn confirmed(self, title: &str, text: impl Into<String>, yes: &str) -> Self {
        Self { confirm: Some(Confirm { title: title.into(), text: text.into(), yes: yes.into() }), ..self }
    }
}
