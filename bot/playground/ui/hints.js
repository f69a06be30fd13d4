// The "Try this" panel: who to be, what to type, what then happens.
// Called by app.js. Must not send anything: a hint only fills the composer.

import { avatar, h, icon } from './dom.js';
import { mrkdwn } from './mrkdwn.js';
import { channel, fullName, person, store } from './store.js';

const panel = document.getElementById('hints');
const toggle = document.getElementById('toggle-hints');
const CLOSED = 'jit-hints-closed';
const done = new Set();

function remembered() {
  try {
    return localStorage.getItem(CLOSED) === '1';
  } catch {
    return false;
  }
}

function remember(closed) {
  try {
    localStorage.setItem(CLOSED, closed ? '1' : '0');
  } catch {
    // Without storage the panel opens again next time.
  }
}

export const hintsOpen = () => !panel.hidden;

/** Opens or closes the panel. `byHand` is remembered, and moves the focus. */
export function openHints(open, byHand = false) {
  panel.hidden = !open;
  toggle.setAttribute('aria-expanded', String(open));
  document.body.classList.toggle('has-hints', open);
  if (!byHand) return;
  remember(!open);
  (open ? panel.querySelector('.step button') : toggle)?.focus();
}

/** Whether the panel should stand open at the start: there is room, and nobody closed it. */
export const hintsWanted = () => store.boot.hints.length > 0 && innerWidth >= 1100 && !remembered();

/** The conversation of a hint: a channel, or `dm` for the one with the bot. */
export function placeOf(hint, conversations) {
  return conversations.find((other) => other.id === hint.channel || `#${other.name}` === hint.channel || other.name === hint.channel) ?? conversations.find((other) => other.kind === 'im');
}

/** Draws the hints; `go(hint)` switches person and place and fills the composer. */
export function drawHints(go) {
  toggle.hidden = !store.boot.hints.length;
  document.getElementById('hint-list').replaceChildren(...store.boot.hints.map((hint, index) => {
    const who = person(hint.as);
    const where = channel(hint.channel);
    const place = where ? `#${where.name}` : `direct message with ${store.boot.bot.name}`;
    const action = hint.type ? 'Write it for me' : 'Take me there';
    return h('li.step', { class: done.has(index) && 'done' },
      h('span.hint-number', { 'aria-hidden': 'true' }, done.has(index) ? icon('check') : String(index + 1)),
      h('div.hint-body', null,
        h('p.hint-who', null, avatar(who, 'tiny'), h('span', null, 'As ', h('strong', null, fullName(who)), ` in ${place}`), done.has(index) && h('span.sr-only', null, ' (done)')),
        hint.type && h('p.hint-type', null, h('code', null, hint.type)),
        h('div.rich.hint-says', null, mrkdwn(hint.says ?? '', {})),
        h('button.button.small', { type: 'button', 'aria-label': `Step ${index + 1}: ${action}`, onclick: () => go(hint, index) }, action)));
  }));
}

/** Ticks the hints that `person` has now carried out. */
export function tickHints(as, text, redraw) {
  const words = (line) => line.trim().replace(/\s+/g, ' ');
  store.boot.hints.forEach((hint, index) => {
    if (hint.as === as && hint.type && words(hint.type) === words(text)) done.add(index);
  });
  redraw();
}

/** Ticks one hint by its place in the list. */
export const tickHint = (index) => done.add(index);
