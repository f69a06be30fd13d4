// The playground's page: wires state, stream, lists, composer and panels together.
// Loaded by index.html. Must not draw details itself; each part has its module.

import * as api from './api.js';
import { showBlocks, stateValues } from './blocks.js';
import { now, setNow, startTicking } from './clock.js';
import { composer } from './composer.js';
import { avatar, h, icon } from './dom.js';
import { drawHints, hintsOpen, hintsWanted, openHints, placeOf, tickHint, tickHints } from './hints.js';
import { wireKeys } from './keys.js';
import { messageList } from './messages.js';
import { closeAllViews, closeView, showView } from './modal.js';
import { words } from './mrkdwn.js';
import { announce, connection, toast } from './notices.js';
import { drawConversations, drawPeople, wireSidebar } from './sidebar.js';
import * as data from './store.js';
import { MOD, showHelp, showSwitcher } from './switcher.js';

const { store } = data;
const $ = (id) => document.getElementById(id);
/** How often the unread counts of the other people are asked for. */
const ELSEWHERE_MS = 4000;

let stream = null;
/** Counts navigations, so that a late answer for an earlier place is dropped. */
let turn = 0;

const context = (since) => ({
  me: store.me, person: data.person, channel: (id) => data.channel(id), openChannel: (id) => data.conversation(id) && go.conversation(id), since,
});
const host = { me: () => store.me, context: () => context(now()), people: data.people, channels: () => store.boot.channels };

async function told(promise) {
  try {
    await promise;
    return true;
  } catch (error) {
    toast(error.message, 'error');
    return false;
  }
}

// ---- messages -------------------------------------------------------------------------------------------------------

function scopeOf(message) {
  const channel = store.channel;
  const as = store.me;
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
};
const mainList = messageList({ scroller: $('messages'), list: $('message-list'), jump: $('jump-newest'), scopeOf, actions: { reply: (message) => openThread(message.ts), dismiss } });
const threadList = messageList({ scroller: $('thread-scroll'), list: $('thread-list'), scopeOf, actions: { dismiss } });

function drawMessages(options) {
  const messages = data.roots(store.channel);
  mainList.show(messages, { firstUnread: store.firstUnread, ...options });
  $('empty').hidden = messages.length > 0;
  if (!messages.length) drawEmpty();
  if (store.thread) threadList.show(data.threadOf(store.channel, store.thread), { fresh: options?.fresh });
}

function drawEmpty() {
  const here = data.conversation(store.channel);
  const bot = here?.kind === 'im';
  $('empty').replaceChildren(
    bot ? avatar({ ...store.boot.bot, is_bot: true }, 'large') : h('span.empty-face', { 'aria-hidden': 'true' }, icon('hash')),
    h('p.empty-title', null, bot ? `This is you and ${here.name}` : `Nothing in #${here?.name ?? ''} yet`),
    h('p', null, 'Write ', h('code', null, `${store.boot.command} request`), ' to ask for access, or ', h('code', null, `${store.boot.command} help`), ' to see all it can do.'),
    h('div.empty-actions', null, h('button.button.primary', { type: 'button', onclick: () => go.compose(`${store.boot.command} `) }, 'Start a command'),
      store.boot.hints.length > 0 && h('button.button', { type: 'button', onclick: () => openHints(true, true) }, 'Show me what to try')));
}

function markRead() {
  const last = data.newest(store.channel);
  const here = data.conversation(store.channel);
  if (!last || !here || document.visibilityState !== 'visible') return;
  here.unread = 0;
  here.mention = false;
  drawSidebar();
  api.markRead(store.me, store.channel, last.ts).catch(() => {});
}

// ---- places ---------------------------------------------------------------------------------------------------------

const address = (channel, as = store.me) => `#/${as}/${channel ?? ''}`;
const drawSidebar = () => {
  drawPeople((id) => go.person(id));
  drawConversations(address);
  const unread = store.conversations.reduce((sum, other) => sum + (other.id === store.channel ? 0 : other.unread), 0);
  const here = data.conversation(store.channel);
  document.title = `${unread ? `(${unread}) ` : ''}${here ? `${here.kind === 'im' ? '' : '#'}${here.name} · ` : ''}${data.fullName(data.person(store.me))} · jit playground`;
};

function drawPlace() {
  const here = data.conversation(store.channel);
  const im = here?.kind === 'im';
  const home = im && store.tab === 'home';
  $('where').replaceChildren(...(im ? [avatar({ ...store.boot.bot, is_bot: true }, 'small')] : [icon('hash')]), h('span', null, here?.name ?? '…'));
  $('topic').textContent = here?.topic ?? (im ? 'Only you see this conversation' : '');
  $('tabs').hidden = !im;
  for (const tab of ['messages', 'home']) {
    const selected = tab === store.tab;
    $(`tab-${tab}`).setAttribute('aria-selected', String(selected));
    $(`tab-${tab}`).tabIndex = selected ? 0 : -1;
  }
  $('messages').hidden = home;
  $('home').hidden = !home;
  $('composer').hidden = home;
  if (home) $('jump-newest').hidden = true;
  const to = im ? here.name : `#${here?.name ?? ''}`;
  $('composer-label').textContent = `Message to ${to}, as ${data.fullName(data.person(store.me))}`;
  $('composer-input').placeholder = `Message ${to} as ${data.fullName(data.person(store.me)).split(' ')[0]}, or / for commands`;
}

async function openConversation(id) {
  turn += 1;
  const mine = turn;
  const before = data.conversation(id);
  const unread = before?.unread ?? 0;
  store.channel = id;
  store.firstUnread = null;
  if (before?.kind !== 'im') store.tab = 'messages';
  closeThread();
  mainComposer.fill(store.drafts.get(`${store.me}/${id}`) ?? '');
  drawPlace();
  drawSidebar();
  drawMessages({ fresh: true });
  await loadHistory(mine);
  if (mine !== turn) return;
  const roots = data.roots(id).filter((message) => message.user !== store.me && !message.ephemeral);
  store.firstUnread = unread > 0 && unread < roots.length ? roots.at(-unread).ts : null;
  drawMessages({ fresh: true });
  markRead();
}

async function loadHistory(mine) {
  const { me, channel } = store;
  try {
    const messages = await api.history(me, channel);
    if (mine === turn) data.replaceHistory(channel, messages);
  } catch (error) {
    if (mine === turn && !document.body.classList.contains('is-offline')) toast(error.message, 'error');
  }
}

async function loadConversations() {
  const { me } = store;
  const list = await api.conversations(me);
  if (me === store.me) store.conversations = list;
}

/** Becomes another person: another stream, another set of conversations. */
async function bePerson(id, wanted) {
  stream?.close();
  closeAllViews();
  closeThread();
  Object.assign(store, { me: id, channel: null, home: null, conversations: [], messages: new Map(), values: new Map(), tab: 'messages' });
  store.elsewhere.delete(id);
  drawSidebar();
  await loadConversations();
  if (store.me !== id) return;
  listen(id);
  const first = data.conversation(wanted) ?? store.conversations.find((other) => wanted === 'dm' && other.kind === 'im') ?? store.conversations[0];
  history.replaceState(null, '', address(first?.id));
  if (first) await openConversation(first.id);
  announce(`You are now ${data.fullName(data.person(id))}.`);
}

async function route() {
  const [, as, channel] = location.hash.split('/');
  const me = data.people().some((other) => other.id === as) ? as : (store.me ?? data.people()[0]?.id);
  if (!me) return;
  openSidebar(false);
  try {
    if (me !== store.me) await bePerson(me, channel);
    else if (data.conversation(channel) && channel !== store.channel) await openConversation(channel);
  } catch (error) {
    toast(error.message, 'error');
  }
}

// ---- live -----------------------------------------------------------------------------------------------------------

function listen(as) {
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

/** After a lost connection: everything that may have changed is read again. */
async function catchUp() {
  try {
    await loadConversations();
    await loadHistory(turn);
    if (store.tab === 'home') api.homeOpened(store.me).catch(() => {});
    drawSidebar();
    drawMessages();
    markRead();
  } catch {
    // The stream reports the next loss; it tries again then.
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
  unread: ({ channel, unread }) => {
    const here = data.conversation(channel);
    if (!here) return void loadConversations().then(drawSidebar);
    here.unread = channel === store.channel && document.visibilityState === 'visible' ? 0 : unread;
    drawSidebar();
    return undefined;
  },
  toast: ({ level, text }) => toast(text, level),
};

function gone(channel, ts) {
  data.remove(channel, ts);
  if (channel === store.channel) drawMessages();
}

function arrived(channel, message) {
  data.upsert(channel, message);
  if (!data.conversation(channel)) loadConversations().then(drawSidebar);
  if (message.user !== store.me) {
    const place = data.conversation(channel);
    const where = channel === store.channel ? '' : ` in ${place?.kind === 'im' ? 'direct message' : `#${place?.name}`}`;
    announce(`${message.ephemeral ? 'Only visible to you. ' : ''}${data.fullName(data.person(message.user)) ?? message.name}${where}: ${words(message.text ?? '', context(now()))}`);
  }
  if (channel !== store.channel) return;
  drawMessages({ fresh: message.user === store.me || message.ephemeral === true });
  markRead();
}

async function lookElsewhere() {
  if (document.visibilityState === 'visible' && !document.body.classList.contains('is-offline')) {
    const others = data.people().filter((other) => other.id !== store.me);
    const counts = await Promise.all(others.map((other) => api.conversations(other.id).then((list) => list.filter((place) => place.kind === 'im' || place.mention).reduce((sum, place) => sum + place.unread, 0), () => 0)));
    const changed = others.filter((other, index) => (store.elsewhere.get(other.id) ?? 0) !== counts[index]);
    others.forEach((other, index) => store.elsewhere.set(other.id, counts[index]));
    if (changed.length) drawSidebar();
  }
  setTimeout(lookElsewhere, ELSEWHERE_MS);
}

// ---- home, thread, sidebar ------------------------------------------------------------------------------------------

const homeValues = new Map();

function drawHome() {
  const box = $('home-blocks');
  const as = store.me;
  if (!store.home?.blocks?.length) return void box.replaceChildren(h('div.empty', null, h('p.empty-title', null, 'Nothing at home yet'), h('p', null, 'Your access and your requests show here.')));
  box.querySelector('.empty')?.remove();
  const view = store.home;
  return showBlocks(box, view.blocks, {
    values: homeValues, context: context(now()), people: data.people, channels: () => store.boot.channels,
    send: (action) => told(api.sendAction({ as, view_id: view.id, state: { values: stateValues(view.blocks, homeValues) }, action })),
    options: (block_id, action_id, query) => api.options({ as, view_id: view.id, block_id, action_id, query }),
  });
}

function openTab(tab) {
  store.tab = tab;
  drawPlace();
  if (tab === 'home') {
    drawHome();
    told(api.homeOpened(store.me));
  } else drawMessages({ fresh: true });
}

function openThread(ts) {
  store.thread = ts;
  $('thread').hidden = false;
  document.body.classList.add('has-thread');
  const here = data.conversation(store.channel);
  $('thread-where').textContent = here?.kind === 'im' ? `with ${here.name}` : `in #${here?.name}`;
  threadComposer.fill('');
  threadList.show(data.threadOf(store.channel, ts), { fresh: true });
  $('thread-input').focus();
}

function closeThread() {
  if (!store.thread) return false;
  const ts = store.thread;
  const inside = $('thread').contains(document.activeElement);
  store.thread = null;
  $('thread').hidden = true;
  document.body.classList.remove('has-thread');
  if (inside) (document.querySelector(`#message-list [data-ts="${CSS.escape(ts)}"]`) ?? $('composer-input')).focus();
  return true;
}

function openSidebar(open) {
  const narrow = matchMedia('(max-width: 760px)').matches;
  const was = document.body.classList.contains('has-sidebar');
  document.body.classList.toggle('has-sidebar', open && narrow);
  $('shade').hidden = !(open && narrow);
  $('open-sidebar').setAttribute('aria-expanded', String(open && narrow));
  for (const part of ['main', 'thread', 'hints']) $(part).inert = open && narrow;
  if (open && narrow) ($('people').querySelector('[aria-selected=true]') ?? $('close-sidebar')).focus();
  else if (was) $('open-sidebar').focus();
  return was;
}

// ---- wiring ---------------------------------------------------------------------------------------------------------

const send = (thread_ts) => async (text) => {
  const { me, channel } = store;
  const sent = await told(api.sendMessage({ as: me, channel, text, ...(thread_ts() && { thread_ts: thread_ts() }) }));
  if (sent) tickHints(me, text, () => drawHints(takeHint));
  return sent;
};
const mainComposer = composer({ form: $('composer'), input: $('composer-input'), me: () => store.me, send: send(() => null), draft: (text) => store.drafts.set(`${store.me}/${store.channel}`, text) });
const threadComposer = composer({ form: $('thread-composer'), input: $('thread-input'), me: () => store.me, send: send(() => store.thread) });

async function takeHint(hint, index) {
  try {
    if (hint.as !== store.me) await bePerson(hint.as);
    const place = placeOf(hint, store.conversations);
    if (place && place.id !== store.channel) await openConversation(place.id);
    if (place) history.replaceState(null, '', address(place.id));
  } catch (error) {
    toast(error.message, 'error');
    return;
  }
  if (store.tab !== 'messages') openTab('messages');
  if (matchMedia('(max-width: 760px)').matches) openHints(false);
  if (hint.type) go.compose(hint.type);
  else {
    tickHint(index);
    drawHints(takeHint);
    mainList.focusLast();
  }
}

const go = {
  person: (id) => {
    const im = store.conversations.find((other) => other.id === store.channel)?.kind === 'im';
    location.hash = address(im ? 'dm' : store.channel, id);
  },
  conversation: (id) => {
    location.hash = address(id);
  },
  step: (by) => {
    const all = [...store.conversations.filter((other) => other.kind === 'channel'), ...store.conversations.filter((other) => other.kind === 'im')];
    const at = all.findIndex((other) => other.id === store.channel);
    if (all.length) go.conversation(all[(at + by + all.length) % all.length].id);
  },
  compose: (text) => {
    if (store.tab !== 'messages') openTab('messages');
    if (text) mainComposer.fill(text);
    mainComposer.focus();
    if (text === '/') $('composer-input').dispatchEvent(new Event('input'));
  },
  closeThread,
  closeSidebar: () => document.body.classList.contains('has-sidebar') && openSidebar(false),
};

function wireTheme() {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const isDark = () => (document.documentElement.dataset.theme ?? (dark.matches ? 'dark' : 'light')) === 'dark';
  const draw = () => {
    $('toggle-theme').replaceChildren(icon(isDark() ? 'sun' : 'moon'));
    $('toggle-theme').setAttribute('aria-pressed', String(isDark()));
  };
  $('toggle-theme').addEventListener('click', () => {
    document.documentElement.dataset.theme = isDark() ? 'light' : 'dark';
    try {
      localStorage.setItem('jit-theme', document.documentElement.dataset.theme);
    } catch {
      // Without storage the choice lasts as long as the page.
    }
    draw();
  });
  dark.addEventListener('change', draw);
  draw();
}

function wire() {
  $('workspace-mark').append(avatar({ is_bot: true }));
  for (const [id, name] of Object.entries({ 'open-sidebar': 'menu', 'close-sidebar': 'close', 'close-thread': 'close', 'close-hints': 'close', 'open-help': 'keyboard' })) $(id).append(icon(name));
  document.querySelectorAll('.send').forEach((button) => button.append(icon('send')));
  $('toggle-hints').prepend(icon('bulb'));
  $('jump-newest').append(icon('arrowDown'));
  $('jump-keys').textContent = `${MOD} K`;
  $('open-sidebar').addEventListener('click', () => openSidebar(true));
  $('close-sidebar').addEventListener('click', () => openSidebar(false));
  $('shade').addEventListener('click', () => openSidebar(false));
  $('close-thread').addEventListener('click', closeThread);
  $('toggle-hints').addEventListener('click', () => openHints(!hintsOpen(), true));
  $('close-hints').addEventListener('click', () => openHints(false, true));
  $('open-help').addEventListener('click', showHelp);
  $('jump-to').addEventListener('click', () => showSwitcher(go));
  $('reconnect').addEventListener('click', () => stream?.retry());
  for (const tab of ['messages', 'home']) $(`tab-${tab}`).addEventListener('click', () => openTab(tab));
  $('tabs').addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    event.preventDefault();
    openTab(store.tab === 'home' ? 'messages' : 'home');
    $(`tab-${store.tab}`).focus();
  });
  document.querySelectorAll('.skip-links a').forEach((anchor) => anchor.addEventListener('click', (event) => {
    event.preventDefault();
    const target = $(anchor.hash.slice(1));
    (target.querySelector('[tabindex="0"]') ?? target).focus();
  }));
  document.addEventListener('visibilitychange', markRead);
  addEventListener('online', () => stream?.retry());
  addEventListener('hashchange', route);
  addEventListener('resize', () => matchMedia('(min-width: 761px)').matches && document.body.classList.contains('has-sidebar') && openSidebar(false));
  wireSidebar();
  wireKeys(go);
  wireTheme();
}

async function start() {
  wire();
  for (;;) {
    try {
      store.boot = await api.bootstrap();
      break;
    } catch {
      connection(false);
      await new Promise((resume) => setTimeout(resume, 1000));
    }
  }
  connection(true);
  setNow(store.boot.now);
  $('team-name').textContent = store.boot.team.name;
  drawHints(takeHint);
  openHints(hintsWanted());
  startTicking();
  await route();
  document.body.classList.add('ready');
  if (matchMedia('(pointer: fine)').matches) $('composer-input').focus();
  lookElsewhere();
}

start();
