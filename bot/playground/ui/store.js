// What this page knows: who one is, where, and the messages seen so far.
// Written by app.js, read by everything that draws. Must not draw or fetch.

export const store = {
  boot: null,
  me: null,
  channel: null,
  /** 'messages' or 'home' (only in the direct message with the bot). */
  tab: 'messages',
  thread: null,
  conversations: [],
  home: null,
  /** channel -> Map(ts -> message) */
  messages: new Map(),
  /** Person id -> unread count, for the others in the list. */
  elsewhere: new Map(),
  /** `${channel}/${ts}` -> values of the inputs in that message. */
  values: new Map(),
  drafts: new Map(),
  /** ts of the first message that was unread when the conversation was opened. */
  firstUnread: null,
};

export const person = (id) => (id === store.boot.bot.id ? { ...store.boot.bot, is_bot: true } : store.boot.people.find((other) => other.id === id));
export const conversation = (id) => store.conversations.find((other) => other.id === id);
export const people = () => store.boot.people.filter((other) => !other.deleted);
export const channel = (id) => conversation(id) ?? store.boot.channels.find((other) => other.id === id);
export const fullName = (other) => other?.real_name || other?.name || 'Somebody';

const order = (a, b) => Number(a.ts) - Number(b.ts) || (a.ts < b.ts ? -1 : 1);
const isReply = (message) => message.thread_ts && message.thread_ts !== message.ts;

/** Takes a history as the truth, but keeps what it does not carry: ephemeral messages. */
export function replaceHistory(id, messages) {
  const before = store.messages.get(id) ?? new Map();
  const kept = [...before.values()].filter((message) => message.ephemeral);
  store.messages.set(id, new Map([...kept, ...messages].map((message) => [message.ts, message])));
}

export function upsert(id, message) {
  if (!store.messages.has(id)) store.messages.set(id, new Map());
  store.messages.get(id).set(message.ts, message);
}

export const remove = (id, ts) => store.messages.get(id)?.delete(ts);

/** Messages of the conversation itself, oldest first, with their replies counted. */
export function roots(id) {
  const all = [...(store.messages.get(id)?.values() ?? [])].sort(order);
  const replies = Map.groupBy ? Map.groupBy(all.filter(isReply), (message) => message.thread_ts) : grouped(all.filter(isReply));
  return all
    .filter((message) => !isReply(message))
    .map((message) => {
      const found = replies.get(message.ts) ?? [];
      return { ...message, replies: Math.max(found.length, message.reply_count ?? 0), last_reply: found.at(-1) };
    });
}

function grouped(messages) {
  const groups = new Map();
  for (const message of messages) groups.set(message.thread_ts, [...(groups.get(message.thread_ts) ?? []), message]);
  return groups;
}

/** A thread: its first message and the replies. */
export function threadOf(id, ts) {
  return [...(store.messages.get(id)?.values() ?? [])].filter((message) => message.ts === ts || message.thread_ts === ts).sort(order);
}

export const newest = (id) => [...(store.messages.get(id)?.values() ?? [])].filter((message) => !message.ephemeral).sort(order).at(-1);

/** The values of one message's inputs, for as long as the page lives. */
export function valuesOf(id, ts) {
  const key = `${id}/${ts}`;
  if (!store.values.has(key)) store.values.set(key, new Map());
  return store.values.get(key);
}
