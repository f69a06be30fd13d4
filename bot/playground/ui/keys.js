// Shortcuts that work everywhere, and the round of regions by F6.
// Called once by app.js. Must not act while a dialog is open, except to let it be.

import { modalOpen } from './modal.js';
import { people, store } from './store.js';
import { showHelp, showSwitcher } from './switcher.js';

const visible = (node) => node.checkVisibility({ visibilityProperty: true });

/** The regions in order, each with the control that takes the focus. */
function regions() {
  const thread = document.getElementById('thread');
  const hints = document.getElementById('hints');
  return [
    [document.getElementById('people'), '[aria-selected=true]'],
    [document.querySelector('nav'), '[tabindex="0"]'],
    [document.getElementById('messages'), '.message[tabindex="0"]'],
    [document.getElementById('home'), 'button, input, a'],
    [document.getElementById('composer'), 'textarea'],
    [thread, 'textarea'],
    [hints, '.step button'],
    [document.querySelector('.topbar'), '.tools button'],
  ].filter(([region]) => visible(region));
}

function cycle(back) {
  const all = regions();
  const at = all.findIndex(([region]) => region.contains(document.activeElement));
  const [region, selector] = all[(at + (back ? -1 : 1) + all.length) % all.length];
  ([...region.querySelectorAll(selector)].find(visible) ?? region).focus();
}

const typing = (target) => target.matches?.('input, textarea, select, [contenteditable]');

/** `go`: {person(id), conversation(id), step(±1), compose(text), closeThread(): bool, closeSidebar(): bool}. */
export function wireKeys(go) {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || modalOpen()) return;
    const digit = /^Digit([1-9])$/.exec(event.code)?.[1];
    const plainKey = !event.ctrlKey && !event.metaKey && !event.altKey;
    const done = () => event.preventDefault();
    if (event.altKey && !event.ctrlKey && !event.metaKey && digit) {
      done();
      const other = people()[digit - 1];
      if (other && other.id !== store.me) go.person(other.id);
    } else if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k') {
      done();
      showSwitcher(go);
    } else if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
      done();
      go.step(event.key === 'ArrowUp' ? -1 : 1);
    } else if (event.key === 'F6') {
      done();
      cycle(event.shiftKey);
    } else if (event.key === 'Escape') {
      if (go.closeSidebar() || go.closeThread()) done();
    } else if (plainKey && !typing(event.target)) {
      if (event.key === '?') {
        done();
        showHelp();
      } else if (event.key === '/' || event.key === 'c') {
        done();
        go.compose(event.key === '/' ? '/' : '');
      }
    }
  });
}
