// The box one writes in, with completion of commands and roles.
// Called by app.js for the conversation and for the thread. Must not know what a command means: the server completes.

import { complete } from './api.js';
import { h, uid } from './dom.js';
import { closePopup, openAt } from './layer.js';

/** Pause in typing after which completions are asked for. */
const ASK_DELAY_MS = 90;

/** `settings`: {form, input, me(), send(text): Promise<bool>, draft?(text)}. Returns {fill(text), clear()}. */
export function composer({ form, input, me, send, draft }) {
  const id = uid('completions');
  const popup = h('div.popup.completions', { popover: 'manual', id, role: 'listbox', 'aria-label': 'Completions' });
  const button = form.querySelector('button[type=submit]');
  let items = [];
  let active = -1;
  let turn = 0;
  let timer = 0;
  form.append(popup);
  for (const [name, value] of Object.entries({ role: 'combobox', 'aria-autocomplete': 'list', 'aria-haspopup': 'listbox', 'aria-controls': id, 'aria-expanded': 'false' })) input.setAttribute(name, value);
  const open = () => popup.matches(':popover-open');

  function hide() {
    turn += 1;
    clearTimeout(timer);
    active = -1;
    closePopup(popup);
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  }

  function ask() {
    clearTimeout(timer);
    turn += 1;
    const mine = turn;
    const text = input.value;
    if (!text.startsWith('/') || text.includes('\n') || input.selectionEnd < text.length) {
      hide();
      return;
    }
    timer = setTimeout(async () => {
      const found = await complete(me(), text).catch(() => []);
      if (mine !== turn || document.activeElement !== input) return;
      items = found;
      if (items.length) paint();
      else hide();
    }, ASK_DELAY_MS);
  }

  function paint() {
    popup.replaceChildren(...items.map((item, at) => h('div.option', {
      role: 'option', id: uid('completion'), 'aria-selected': 'false', onmousedown: (event) => event.preventDefault(), onclick: () => accept(at),
    }, h('span.option-label', null, item.label), item.detail && h('span.option-detail', null, item.detail))));
    openAt(popup, input.parentElement, { above: true });
    input.setAttribute('aria-expanded', 'true');
    mark(-1);
  }

  function mark(index) {
    active = index;
    [...popup.children].forEach((node, at) => {
      node.classList.toggle('active', at === index);
      node.setAttribute('aria-selected', String(at === index));
      if (at === index) node.scrollIntoView({ block: 'nearest' });
    });
    if (index >= 0) input.setAttribute('aria-activedescendant', popup.children[index].id);
    else input.removeAttribute('aria-activedescendant');
  }

  /** A completion that starts with "/" is the whole line; any other replaces the word being typed. */
  function accept(index) {
    const { insert } = items[index];
    input.value = insert.startsWith('/') ? insert : input.value.replace(/\S*$/, '') + insert;
    hide();
    changed();
    input.focus();
    input.setSelectionRange(input.value.length, input.value.length);
    ask();
  }

  function changed() {
    input.style.height = 'auto';
    input.style.height = `${Math.min(input.scrollHeight, 180)}px`;
    button.classList.toggle('ready', input.value.trim() !== '');
    draft?.(input.value);
  }

  async function submit() {
    const text = input.value.trim();
    if (!text || form.hasAttribute('aria-busy')) return;
    hide();
    form.setAttribute('aria-busy', 'true');
    const sent = await send(text);
    form.removeAttribute('aria-busy');
    if (sent && input.value.trim() === text) fill('');
  }

  function fill(text) {
    input.value = text;
    changed();
    hide();
  }

  input.addEventListener('input', () => {
    changed();
    ask();
  });
  input.addEventListener('blur', hide);
  input.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    if (open() && (event.key === 'ArrowDown' || event.key === 'ArrowUp') && !event.altKey) {
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      mark(active < 0 ? (step > 0 ? 0 : items.length - 1) : (active + step + items.length) % items.length);
    } else if (open() && event.key === 'Tab' && !event.shiftKey) {
      event.preventDefault();
      accept(Math.max(0, active));
    } else if (open() && event.key === 'Enter' && active >= 0) {
      event.preventDefault();
      accept(active);
    } else if (open() && event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      hide();
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      submit();
    }
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit();
  });
  return { fill, focus: () => input.focus() };
}
