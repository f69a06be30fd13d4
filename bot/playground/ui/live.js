// What happens elsewhere, shown here: the stream of events, and the unread counts of the other people.
// Called by app.js. Must not switch places by itself.

import * as api from './api.js';
import { now, setNow } from './clock.js';
import { drawMessages, drawSidebar, loadConversations, loadHistory, markRead } from './conversation.js';
import { drawHome } from './home.js';
import { closeView, showView } from './modal.js';
import { words } from './mrkdwn.js';
import { announce, connection, toast } from './notices.js';
import { context, host } from './place.js';
import * as data from './store.js';

const { store } = data;
/** How often the unread counts of the other people are asked for. */
const ELSEWHERE_MS = 4000;

let stream = null;

/** Follows the events of one person, instead of those of the one before. */
export function listen(as) {
  stream?.close();
  let first = true;
  stream = api.follow(as, {
    onup: () => {
      connection(true);
      if (!first) catchUp();
      first = false;
    },
    ondown: () => connection(false),
    onevent: (event) => store.me === as && EVENTS[event.type]?.(event),
  });
}

export const stopListening = () => stream?.close();
export const retryNow = () => stream?.retry();

/** After a lost connection: everything that may have changed is read again. */
async function catchUp() {
  try {
    await loadConversations();
    await loadHistory();
    if (store.tab === 'home') await api.homeOpened(store.me);
    drawSidebar();
    drawMessages();
    markRead();
  } catch (error) {
    // If the connection is lost once more, the stream tells, and this runs again.
    if (!document.body.classList.contains('is-offline')) toast(error.message, 'error');
  }
}

const EVENTS = {
  hello: (event) => setNow(event.now),
  message: ({ channel, message }) => arrived(channel, message),
  ephemeral: ({ channel, message }) => arrived(channel, { ...message, ephemeral: true }),
  changed: ({ channel, message }) => {
    data.upsert(channel, message);
    if (channel === store.channel) drawMessages();
  },
  deleted: ({ channel, ts }) => gone(channel, ts),
  ephemeral_gone: ({ channel, ts }) => gone(channel, ts),
  view: ({ view }) => showView(view, host),
  view_closed: ({ view_id }) => closeView(view_id),
  home: ({ view }) => {
    store.home = view;
    drawHome();
  },
  unread: ({ channel, unread }) => counted(channel, unread),
  toast: ({ level, text }) => toast(text, level),
};

function gone(channel, ts) {
  data.remove(channel, ts);
  if (channel === store.channel) drawMessages();
}

async function discover() {
  await loadConversations().catch(() => {});
  drawSidebar();
}

function counted(channel, unread) {
  const place = data.conversation(channel);
  if (!place) return void discover();
  const looking = channel === store.channel && document.visibilityState === 'visible';
  place.unread = looking ? 0 : unread;
  return drawSidebar();
}

function arrived(channel, message) {
  data.upsert(channel, message);
  if (!data.conversation(channel)) discover();
  if (message.user !== store.me) say(channel, message);
  if (channel !== store.channel) return;
  drawMessages({ fresh: message.user === store.me || message.ephemeral === true });
  markRead();
}

function say(channel, message) {
  const place = data.conversation(channel);
  const where = channel === store.channel ? '' : place?.kind === 'im' ? ' in a direct message' : ` in #${place?.name ?? channel}`;
  const author = data.person(message.user);
  announce(`${message.ephemeral ? 'Only visible to you. ' : ''}${author ? data.fullName(author) : message.name}${where}: ${words(message.text ?? '', context(now()))}`);
}

/** Keeps the unread marks of the other people true, for as long as the page is looked at. */
export async function watchElsewhere() {
  if (document.visibilityState === 'visible' && !document.body.classList.contains('is-offline')) {
    const others = data.people().filter((other) => other.id !== store.me);
    const counts = await Promise.all(others.map((other) => waitingFor(other.id)));
    const changed = others.some((other, index) => (store.elsewhere.get(other.id) ?? 0) !== counts[index]);
    others.forEach((other, index) => other.id !== store.me && store.elsewhere.set(other.id, counts[index]));
    if (changed) drawSidebar();
  }
  setTimeout(watchElsewhere, ELSEWHERE_MS);
}

async function waitingFor(id) {
  const list = await api.conversations(id).catch(() => []);
  return list.filter((place) => place.kind === 'im' || place.mention).reduce((sum, place) => sum + place.unread, 0);
}
