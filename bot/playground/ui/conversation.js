// The conversation in the middle, the thread beside it, and the header above.
// Called by live.js and app.js. Must not follow the stream or switch persons.

import * as api from './api.js';
import { stateValues } from './blocks.js';
import { now } from './clock.js';
import { composer } from './composer.js';
import { avatar, h, icon } from './dom.js';
import { openHints } from './hints.js';
import { clearHome, drawHome } from './home.js';
import { messageList } from './messages.js';
import { toast } from './notices.js';
import { address, context, go, narrow, told } from './place.js';
import { drawConversations, drawPeople } from './sidebar.js';
import * as data from './store.js';

const { store } = data;
const $ = (id) => document.getElementById(id);
const bot = () => ({ ...store.boot.bot, is_bot: true });

/** Counts navigations, so that a late answer for an earlier place is dropped. */
let turn = 0;

// ---- lists ----------------------------------------------------------------------------------------------------------

function scopeOf(message) {
  const { me: as, channel } = store;
  const values = data.valuesOf(channel, message.ts);
  const place = { as, channel, message_ts: message.ts, ...(message.ephemeral && { ephemeral: true }) };
  return {
    values, people: data.people, channels: () => store.boot.channels,
    context: context(message.edited ? now() : Number(message.ts)),
    send: (action) => told(api.sendAction({ ...place, state: { values: stateValues(message.blocks ?? [], values) }, action })),
    options: (block_id, action_id, query) => api.options({ as, channel, message_ts: message.ts, block_id, action_id, query }),
  };
}

const dismiss = (message) => {
  data.remove(store.channel, message.ts);
  drawMessages();
  $('composer-input').focus();
};
const mainList = messageList({ scroller: $('messages'), list: $('message-list'), jump: $('jump-newest'), scopeOf, actions: { reply: (message) => openThread(message.ts), dismiss } });
const threadList = messageList({ scroller: $('thread-scroll'), list: $('thread-list'), scopeOf, actions: { dismiss } });

export const focusLastMessage = () => mainList.focusLast();

/** Draws the messages of this place; `fresh` scrolls to the end whatever one was reading. */
export function drawMessages(options) {
  const messages = data.roots(store.channel);
  mainList.show(messages, { firstUnread: store.firstUnread, ...options });
  $('empty').hidden = messages.length > 0;
  if (!messages.length) drawEmpty();
  if (store.thread) threadList.show(data.threadOf(store.channel, store.thread), { fresh: options?.fresh });
}

function drawEmpty() {
  const here = data.conversation(store.channel);
  const direct = here?.kind === 'im';
  const { command, hints } = store.boot;
  $('empty').replaceChildren(
    direct ? avatar(bot(), 'large') : h('span.empty-face', { 'aria-hidden': 'true' }, icon('hash')),
    h('p.empty-title', null, direct ? `This is you and ${here.name}` : `Nothing in #${here?.name ?? ''} yet`),
    h('p', null, 'Write ', h('code', null, `${command} request`), ' to ask for access, or ', h('code', null, `${command} help`), ' to see all it can do.'),
    h('div.empty-actions', null, h('button.button.primary', { type: 'button', onclick: () => compose(`${command} `) }, 'Start a command'),
      hints.length > 0 && h('button.button', { type: 'button', onclick: () => openHints(true, true) }, 'Show me what to try')));
}

// ---- header and sidebar ---------------------------------------------------------------------------------------------

export function drawSidebar() {
  drawPeople(go.person);
  drawConversations(address);
  const me = data.fullName(data.person(store.me));
  const here = data.conversation(store.channel);
  const unread = store.conversations.reduce((sum, other) => sum + (other.id === store.channel ? 0 : other.unread), 0);
  const waiting = unread + [...store.elsewhere.values()].reduce((sum, count) => sum + count, 0);
  $('open-sidebar').classList.toggle('has-unread', waiting > 0);
  $('open-sidebar').replaceChildren(icon('menu'), avatar(data.person(store.me), 'tiny'), h('span.sr-only', null, `People and conversations. You are ${me}${waiting ? `. ${waiting} unread` : ''}`));
  document.title = `${unread ? `(${unread}) ` : ''}${here ? `${here.kind === 'im' ? '' : '#'}${here.name} · ` : ''}${me} · jit playground`;
}

function drawHeader() {
  const here = data.conversation(store.channel);
  const direct = here?.kind === 'im';
  const home = direct && store.tab === 'home';
  const me = data.fullName(data.person(store.me));
  const to = direct ? here.name : `#${here?.name ?? ''}`;
  $('where').replaceChildren(direct ? avatar(bot(), 'small') : icon('hash'), h('span', null, here?.name ?? '…'));
  $('topic').textContent = here?.topic ?? (direct ? 'Only you see this conversation' : '');
  $('tabs').hidden = !direct;
  for (const tab of ['messages', 'home']) {
    $(`tab-${tab}`).setAttribute('aria-selected', String(tab === store.tab));
    $(`tab-${tab}`).tabIndex = tab === store.tab ? 0 : -1;
  }
  $('messages').hidden = home;
  $('home').hidden = !home;
  $('composer').hidden = home;
  if (home) $('jump-newest').hidden = true;
  $('composer-label').textContent = `Message to ${to}, as ${me}`;
  $('composer-input').placeholder = `Message ${to} as ${me.split(' ')[0]}${narrow() ? '' : ', or / for commands'}`;
}

export function openTab(tab) {
  store.tab = tab;
  drawHeader();
  if (tab === 'home') {
    drawHome();
    told(api.homeOpened(store.me));
  } else drawMessages({ fresh: true });
}

// ---- places ---------------------------------------------------------------------------------------------------------

/** Tells the server that this place is read, if somebody is looking. */
export function markRead() {
  const last = data.newest(store.channel);
  const here = data.conversation(store.channel);
  if (!last || !here || document.visibilityState !== 'visible') return;
  here.unread = 0;
  here.mention = false;
  drawSidebar();
  // The next message or visit says it again.
  api.markRead(store.me, store.channel, last.ts).catch(() => {});
}

export async function openConversation(id) {
  turn += 1;
  const mine = turn;
  const before = data.conversation(id);
  const unread = before?.unread ?? 0;
  store.channel = id;
  store.firstUnread = null;
  if (before?.kind !== 'im') store.tab = 'messages';
  closeThread();
  mainComposer.fill(store.drafts.get(`${store.me}/${id}`) ?? '');
  drawHeader();
  drawSidebar();
  drawMessages({ fresh: true });
  await loadHistory();
  if (mine !== turn) return;
  const others = data.roots(id).filter((message) => message.user !== store.me && !message.ephemeral);
  store.firstUnread = unread > 0 && unread < others.length ? others.at(-unread).ts : null;
  drawMessages({ fresh: true });
  markRead();
}

/** Reads the messages of this place; an answer that comes after one left is dropped. */
export async function loadHistory() {
  const mine = turn;
  const { me, channel } = store;
  try {
    const messages = await api.history(me, channel);
    if (mine === turn) data.replaceHistory(channel, messages);
  } catch (error) {
    if (mine === turn && !document.body.classList.contains('is-offline')) toast(error.message, 'error');
  }
}

export async function loadConversations() {
  const { me } = store;
  const list = await api.conversations(me);
  if (me === store.me) store.conversations = list;
}

/** Empties the page for another person. */
export function leave(id) {
  turn += 1;
  closeThread();
  clearHome();
  Object.assign(store, { me: id, channel: null, conversations: [], messages: new Map(), values: new Map(), tab: 'messages' });
  store.elsewhere.delete(id);
  drawSidebar();
}

// ---- thread ---------------------------------------------------------------------------------------------------------

export function openThread(ts) {
  store.thread = ts;
  $('thread').hidden = false;
  document.body.classList.add('has-thread');
  const here = data.conversation(store.channel);
  $('thread-where').textContent = here?.kind === 'im' ? `with ${here.name}` : `in #${here?.name}`;
  threadComposer.fill('');
  threadList.show(data.threadOf(store.channel, ts), { fresh: true });
  $('thread-input').focus();
}

/** Closes the thread; true if one was open. */
export function closeThread() {
  if (!store.thread) return false;
  const ts = store.thread;
  const inside = $('thread').contains(document.activeElement);
  store.thread = null;
  $('thread').hidden = true;
  document.body.classList.remove('has-thread');
  if (inside) (document.querySelector(`#message-list [data-ts="${CSS.escape(ts)}"]`) ?? $('composer-input')).focus();
  return true;
}

// ---- writing --------------------------------------------------------------------------------------------------------

let onsent = () => {};
/** Calls `listener(person, text)` after every message that was taken. */
export const whenSent = (listener) => {
  onsent = listener;
};

const send = (thread) => async (text) => {
  const { me, channel } = store;
  const sent = await told(api.sendMessage({ as: me, channel, text, ...(thread() && { thread_ts: thread() }) }));
  if (sent) onsent(me, text);
  return sent;
};
const mainComposer = composer({ form: $('composer'), input: $('composer-input'), me: () => store.me, send: send(() => null), draft: (text) => store.drafts.set(`${store.me}/${store.channel}`, text) });
const threadComposer = composer({ form: $('thread-composer'), input: $('thread-input'), me: () => store.me, send: send(() => store.thread) });

/** Puts `text` into the composer and the caret behind it; a command just begun gets its completions. */
export function compose(text) {
  if (store.tab !== 'messages') openTab('messages');
  if (text) mainComposer.fill(text);
  mainComposer.focus();
  if (/^\/\S*\s*$/.test(text)) $('composer-input').dispatchEvent(new Event('input'));
}
