// The sidebar: who one is, and where one can go.
// Called by app.js. Must not fetch; choices go out through the given functions.

import { avatar, h, icon } from './dom.js';
import { fullName, people, store } from './store.js';

const peopleBox = document.getElementById('people');
const places = { channel: document.getElementById('channels'), im: document.getElementById('direct') };

/** Draws the list of people; `choose(id)` is called when one is picked. */
export function drawPeople(choose) {
  const focused = peopleBox.contains(document.activeElement) && document.activeElement.dataset.id;
  peopleBox.replaceChildren(...people().map((other, index) => {
    const self = other.id === store.me;
    const unread = self ? 0 : (store.elsewhere.get(other.id) ?? 0);
    const node = h('div.person', { role: 'option', 'aria-selected': String(self), tabindex: self ? '0' : '-1', onclick: () => choose(other.id), 'data-id': other.id },
      avatar(other),
      h('span.person-text', null, h('span.person-name', null, fullName(other)), h('span.person-title', null, other.title)),
      unread > 0 && h('span.badge', null, String(unread), h('span.sr-only', null, ' unread')),
      index < 9 && h('kbd', { 'aria-hidden': 'true' }, `Alt ${index + 1}`));
    return node;
  }));
  if (focused) peopleBox.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
}

/** Draws channels and direct messages; `address(id)` makes the link of one. */
export function drawConversations(address) {
  for (const [kind, list] of Object.entries(places)) {
    const focused = list.contains(document.activeElement) && document.activeElement.dataset.id;
    const fitting = store.conversations.filter((other) => other.kind === kind);
    list.replaceChildren(...fitting.map((other) => {
      const here = other.id === store.channel;
      const unread = here && document.visibilityState === 'visible' ? 0 : other.unread;
      return h('li', null, h('a.conversation', {
        href: address(other.id), 'aria-current': here && 'page', tabindex: here ? '0' : '-1', 'data-id': other.id, class: unread > 0 && 'unread',
      }, kind === 'im' ? avatar({ ...store.boot.bot, is_bot: true }, 'small') : icon('hash'), h('span.conversation-name', null, other.name),
      unread > 0 && h('span.badge', { class: (other.mention || kind === 'im') && 'strong' }, String(unread), h('span.sr-only', null, ' unread'))));
    }));
    if (focused) list.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
  }
  const links = allLinks();
  if (links.length && !links.some((link) => link.tabIndex === 0)) links[0].tabIndex = 0;
}

const allLinks = () => [...document.querySelectorAll('.conversations .conversation')];

function arrows(event, nodes) {
  const at = nodes.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: nodes.length - 1 }[event.key];
  if (at < 0 || to === undefined || event.altKey) return;
  event.preventDefault();
  nodes[(to + nodes.length) % nodes.length].focus();
}

/** Arrow keys inside the lists, Enter and Space to be somebody; called once. */
export function wireSidebar() {
  peopleBox.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      event.target.click();
    } else arrows(event, [...peopleBox.children]);
  });
  for (const list of Object.values(places)) list.addEventListener('keydown', (event) => arrows(event, allLinks()));
}
