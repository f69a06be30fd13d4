// The playground's page: starts it, follows the address, and wires the parts together.
// Loaded by index.html. Must not draw details itself; each part has its module.

import * as api from './api.js';
import { setNow, startTicking } from './clock.js';
import { closeThread, compose, drawSidebar, focusLastMessage, leave, loadConversations, markRead, openConversation, openTab, whenSent } from './conversation.js';
import { avatar, icon } from './dom.js';
import { openSidebar, wireDrawer, wireTheme } from './drawer.js';
import { drawHints, hintsOpen, hintsWanted, openHints, placeOf, tickHint, tickHints } from './hints.js';
import { wireKeys } from './keys.js';
import { listen, retryNow, stopListening, watchElsewhere } from './live.js';
import { closeAllViews } from './modal.js';
import { announce, connection } from './notices.js';
import { drawPager } from './pager.js';
import { address, go, narrow, told } from './place.js';
import { wireSidebar } from './sidebar.js';
import * as data from './store.js';
import { MOD, showHelp, showSwitcher } from './switcher.js';

const { store } = data;
const $ = (id) => document.getElementById(id);
/** Pause between attempts to reach a server that is not there yet. */
const START_RETRY_MS = 1000;

/** Becomes a person: their stream, their conversations; `wanted` is a conversation, or `dm`. */
async function bePerson(id, wanted) {
  stopListening();
  closeAllViews();
  leave(id);
  await loadConversations();
  if (store.me !== id) return;
  listen(id);
  const first = data.conversation(wanted) ?? store.conversations.find((other) => wanted === 'dm' && other.kind === 'im') ?? store.conversations[0];
  history.replaceState(null, '', address(first?.id));
  if (first) await openConversation(first.id);
  else drawSidebar();
  announce(`You are now ${data.fullName(data.person(id))}.`);
}

/** Goes where the address says. */
async function route() {
  const [, as, channel] = location.hash.split('/');
  const me = data.people().some((other) => other.id === as) ? as : (store.me ?? data.people()[0]?.id);
  if (!me) return;
  openSidebar(false);
  if (me !== store.me) await told(bePerson(me, channel));
  else if (data.conversation(channel) && channel !== store.channel) await told(openConversation(channel));
}

/** Switches to the hint's person and place, and fills the composer; sending is left to the person. */
async function takeHint(hint, index) {
  if (hint.as !== store.me && !(await told(bePerson(hint.as, hint.channel)))) return;
  const place = placeOf(hint, store.conversations);
  if (place && place.id !== store.channel) await openConversation(place.id);
  if (place) history.replaceState(null, '', address(place.id));
  if (store.tab !== 'messages') openTab('messages');
  if (narrow()) openHints(false);
  if (hint.type) return void compose(hint.type);
  tickHint(index);
  drawHints(takeHint);
  return focusLastMessage();
}

function wire() {
  $('workspace-mark').append(avatar({ is_bot: true }));
  for (const [id, name] of Object.entries({ 'close-sidebar': 'close', 'close-thread': 'close', 'close-hints': 'close', 'open-help': 'keyboard' })) $(id).append(icon(name));
  document.querySelectorAll('.send').forEach((button) => button.append(icon('send')));
  $('toggle-hints').prepend(icon('bulb'));
  $('jump-newest').append(icon('arrowDown'));
  $('jump-keys').textContent = `${MOD} K`;
  $('close-thread').addEventListener('click', closeThread);
  $('toggle-hints').addEventListener('click', () => openHints(!hintsOpen(), true));
  $('close-hints').addEventListener('click', () => openHints(false, true));
  $('open-help').addEventListener('click', showHelp);
  $('jump-to').addEventListener('click', () => showSwitcher(go));
  $('reconnect').addEventListener('click', retryNow);
  wireTabs();
  wireSkipLinks();
  document.addEventListener('visibilitychange', () => store.channel && markRead());
  addEventListener('online', retryNow);
  addEventListener('hashchange', route);
  wireSidebar();
  wireDrawer();
  wireTheme();
  wireKeys({ ...go, compose, closeThread, closeSidebar: () => document.body.classList.contains('has-sidebar') && openSidebar(false) });
  whenSent((as, text) => tickHints(as, text, () => drawHints(takeHint)));
}

function wireTabs() {
  for (const tab of ['messages', 'home']) $(`tab-${tab}`).addEventListener('click', () => openTab(tab));
  $('tabs').addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    event.preventDefault();
    openTab(store.tab === 'home' ? 'messages' : 'home');
    $(`tab-${store.tab}`).focus();
  });
}

/** Skip links move the focus; the address belongs to person and place. */
function wireSkipLinks() {
  document.querySelectorAll('.skip-links a').forEach((anchor) => anchor.addEventListener('click', (event) => {
    event.preventDefault();
    const target = $(anchor.hash.slice(1));
    (target.querySelector('[tabindex="0"]') ?? target).focus();
  }));
}

/** What the workspace is made of; waits for a server that is still starting. */
async function bootstrap() {
  for (;;) {
    try {
      return await api.bootstrap();
    } catch {
      connection(false);
      await new Promise((resume) => setTimeout(resume, START_RETRY_MS));
    }
  }
}

async function start() {
  wire();
  store.boot = await bootstrap();
  connection(true);
  setNow(store.boot.now);
  $('team-name').textContent = store.boot.team.name;
  drawHints(takeHint);
  openHints(hintsWanted());
  drawPager(store.boot.pager);
  startTicking();
  await route();
  document.body.classList.add('ready');
  if (matchMedia('(pointer: fine)').matches) $('composer-input').focus();
  watchElsewhere();
}

start();
