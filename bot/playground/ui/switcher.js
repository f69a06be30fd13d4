// Two small dialogs: the quick switcher, and the list of shortcuts.
// Called by keys.js and app.js. Must not fetch.

import { avatar, h, icon, uid } from './dom.js';
import { fullName, people, store } from './store.js';

const APPLE = /Mac|iPhone|iPad/.test(navigator.platform);
export const MOD = APPLE ? '⌘' : 'Ctrl';
const ALT = APPLE ? '⌥' : 'Alt';

const SHORTCUTS = [
  ['Be somebody else', [`${ALT} 1`, '…', `${ALT} 9`]],
  ['Jump to a conversation or person', [`${MOD} K`]],
  ['Previous or next conversation', [`${ALT} ↑`, `${ALT} ↓`]],
  ['Next or previous region of the page', ['F6', 'Shift F6']],
  ['Write a message', ['C']],
  ['Write a command', ['/']],
  ['Move between messages', ['↑', '↓']],
  ['Open the thread of a message', ['R', 'Enter']],
  ['Take a completion', ['Tab', '↓ Enter']],
  ['Submit a form', [`${MOD} Enter`]],
  ['Close a form, list or thread', ['Esc']],
  ['This list', ['?']],
];

function dialogWith(title, className, ...content) {
  const id = uid('title');
  const before = document.activeElement;
  const dialog = h('dialog.modal', { 'aria-labelledby': id, class: className });
  const close = () => {
    // Not closed first: Chromium then gives the focus back without a caret, and typing goes nowhere.
    dialog.remove();
    if (before?.isConnected) before.focus({ preventScroll: true });
  };
  dialog.append(h('div.modal-head', null, h('h2', { id }, title), h('button.icon-button', { type: 'button', 'aria-label': 'Close', onclick: close }, icon('close'))), ...content);
  dialog.addEventListener('cancel', (event) => {
    event.preventDefault();
    close();
  });
  dialog.addEventListener('click', (event) => event.target === dialog && close());
  document.body.append(dialog);
  dialog.showModal();
  return { dialog, close };
}

/** The list of shortcuts. */
export function showHelp() {
  const rows = SHORTCUTS.map(([what, keys]) => h('div', null, h('dt', null, what), h('dd', null, keys.map((key) => (key === '…' ? '…' : h('kbd', null, key))))));
  dialogWith('Keyboard shortcuts', 'help', h('div.modal-body', null, h('dl.shortcuts', null, rows)));
}

/** Finds a conversation or a person by a few letters. `go`: {conversation(id), person(id)}. */
export function showSwitcher(go) {
  const id = uid('results');
  let found = [];
  let active = 0;
  const all = [
    ...store.conversations.map((other) => ({ label: other.kind === 'im' ? other.name : `#${other.name}`, detail: other.topic ?? 'Direct message', unread: other.unread, face: () => icon(other.kind === 'im' ? 'thread' : 'hash'), run: () => go.conversation(other.id) })),
    ...people().filter((other) => other.id !== store.me).map((other) => ({ label: fullName(other), detail: `Be ${fullName(other).split(' ')[0]} · ${other.title}`, unread: store.elsewhere.get(other.id), face: () => avatar(other, 'tiny'), run: () => go.person(other.id) })),
  ];
  const list = h('div.results', { role: 'listbox', id, 'aria-label': 'Conversations and people' });
  const input = h('input.field', { type: 'text', role: 'combobox', 'aria-expanded': 'true', 'aria-controls': id, 'aria-autocomplete': 'list', 'aria-label': 'Jump to a conversation or person', placeholder: 'Name of a channel or person', autocomplete: 'off', spellcheck: 'false' });
  const { close } = dialogWith('Jump to', 'switcher', h('div.modal-body', null, h('div.search-field', null, icon('search'), input), list));

  const choose = (item) => {
    close();
    item?.run();
  };
  const paint = () => {
    const sought = input.value.trim().toLowerCase().replace(/^#/, '');
    found = all.filter((item) => `${item.label} ${item.detail}`.toLowerCase().includes(sought)).sort((a, b) => (b.unread ?? 0) - (a.unread ?? 0));
    active = 0;
    list.replaceChildren(...(found.length ? found : [{ label: 'Nothing by that name', face: () => null }]).map((item, index) => h('div.option', { role: 'option', id: uid('result'), 'aria-selected': String(index === 0 && found.length > 0), 'aria-disabled': found.length ? null : 'true', onmousedown: (event) => event.preventDefault(), onclick: () => item.run && choose(item) },
      item.face(), h('span.option-label', null, item.label), h('span.option-detail', null, item.detail), item.unread > 0 && h('span.badge', null, String(item.unread), h('span.sr-only', null, ' unread')))));
    mark();
  };
  const mark = () => {
    [...list.children].forEach((node, index) => {
      node.classList.toggle('active', index === active && found.length > 0);
      node.setAttribute('aria-selected', String(index === active && found.length > 0));
      if (index === active) node.scrollIntoView({ block: 'nearest' });
    });
    input.setAttribute('aria-activedescendant', list.children[active]?.id ?? '');
  };
  input.addEventListener('input', paint);
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') {
      event.preventDefault();
      choose(found[active]);
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (found.length) active = (active + (event.key === 'ArrowDown' ? 1 : -1) + found.length) % found.length;
      mark();
    }
  });
  paint();
  input.focus();
}
