// The combobox behind every select of Block Kit: one or many, from a list or from the bot.
// Called by elements.js. Must not know views or messages; it tells its owner by `onchange`.

import { h, icon, uid } from './dom.js';
import { closePopup, openAt } from './layer.js';

/** Pause in typing after which an external list is asked again. */
const SEARCH_DELAY_MS = 200;

/**
 * An item is {value, label, detail?, group?}. `settings`: items | search(query), selected [items], many, max, optional,
 * minimum (letters before a search), placeholder, onchange(items), and aria attributes in `input`.
 */
export function picker(settings) {
  const id = uid('list');
  let selected = [...settings.selected];
  let shown = [];
  let active = -1;
  let asked = 0;
  let timer = 0;
  const open = () => popup.matches(':popover-open');

  const input = h('input.field', {
    ...settings.input, type: 'text', role: 'combobox', autocomplete: 'off', spellcheck: 'false', placeholder: settings.placeholder,
    'aria-autocomplete': 'list', 'aria-expanded': 'false', 'aria-controls': id, 'aria-haspopup': 'listbox',
  });
  const popup = h('div.popup', { popover: 'manual', id, role: 'listbox', 'aria-label': settings.input['aria-label'] ?? 'Options', 'aria-multiselectable': settings.many && 'true' });
  const chips = h('ul.chips', { 'aria-label': 'Selected', hidden: true });
  const box = h('div.picker', null, settings.many && chips, h('div.picker-input', null, input, icon('down')), popup);

  const settle = () => {
    input.value = settings.many ? '' : (selected[0]?.label ?? '');
    input.placeholder = settings.many && selected.length ? 'Add another' : (settings.placeholder ?? '');
    chips.hidden = !selected.length;
    chips.replaceChildren(...selected.map((item) => h('li.chip', null, item.label,
      h('button', { type: 'button', 'aria-label': `Remove ${item.label}`, onclick: () => toggle(item, true) }, icon('close')))));
  };

  const toggle = (item, focus) => {
    const held = selected.some((other) => other.value === item.value);
    if (!settings.many) selected = [item];
    else if (held) selected = selected.filter((other) => other.value !== item.value);
    else if (selected.length < (settings.max ?? Infinity)) selected = [...selected, item];
    settle();
    settings.onchange(selected);
    if (settings.many && open()) show('');
    else hide();
    if (focus) input.focus();
  };

  const mark = (index) => {
    active = index;
    [...popup.querySelectorAll('[role=option]')].forEach((node, at) => {
      node.classList.toggle('active', at === index);
      if (at === index) {
        input.setAttribute('aria-activedescendant', node.id);
        node.scrollIntoView({ block: 'nearest' });
      }
    });
    if (index < 0) input.removeAttribute('aria-activedescendant');
  };

  const option = (item) => h('div.option', {
    id: uid('option'), role: 'option', 'aria-selected': String(selected.some((other) => other.value === item.value)),
    // Keeps the focus in the field, so that leaving it can mean leaving.
    onmousedown: (event) => event.preventDefault(), onclick: () => toggle(item, true),
  }, h('span.option-label', null, item.label), item.detail && h('span.option-detail', null, item.detail), icon('check'));

  const paint = (items, note) => {
    shown = items;
    const nodes = [];
    for (const item of items) {
      if (item.group && nodes.at(-1)?.dataset?.group !== item.group) {
        const group = h('div.option-group', { role: 'group', 'aria-label': item.group }, h('span.option-head', { 'aria-hidden': 'true' }, item.group));
        group.dataset.group = item.group;
        nodes.push(group);
      }
      if (item.group) nodes.at(-1).append(option(item));
      else nodes.push(option(item));
    }
    if (!items.length) nodes.push(h('div.option.none', { role: 'option', 'aria-disabled': 'true', 'aria-selected': 'false' }, note));
    popup.replaceChildren(...nodes);
    mark(items.length ? Math.max(0, items.findIndex((item) => item.value === selected[0]?.value)) : -1);
    input.setAttribute('aria-expanded', 'true');
    openAt(popup, box.querySelector('.picker-input'));
  };

  const show = (query) => {
    const sought = query.trim().toLowerCase();
    if (settings.items) {
      const fits = (item) => `${item.label} ${item.detail ?? ''} ${item.group ?? ''}`.toLowerCase().includes(sought);
      return paint(settings.items.filter(fits), 'Nothing fits');
    }
    const missing = (settings.minimum ?? 0) - sought.length;
    if (missing > 0) return paint([], `Type ${missing} more letter${missing > 1 ? 's' : ''} to search`);
    if (!open()) paint([], 'Searching…');
    clearTimeout(timer);
    asked += 1;
    const turn = asked;
    timer = setTimeout(async () => {
      const items = await settings.search(query.trim()).catch(() => null);
      if (turn !== asked || document.activeElement !== input) return;
      paint(items ?? [], items ? 'Nothing found' : 'The search failed. Type to try again.');
    }, SEARCH_DELAY_MS);
    return undefined;
  };

  const hide = () => {
    asked += 1;
    clearTimeout(timer);
    closePopup(popup);
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  };

  const leave = () => {
    if (!settings.many && settings.optional && !input.value.trim() && selected.length) {
      selected = [];
      settings.onchange(selected);
    }
    hide();
    settle();
  };

  input.addEventListener('input', () => show(input.value));
  input.addEventListener('click', () => (open() ? hide() : show('')));
  input.addEventListener('focus', () => input.select());
  input.addEventListener('blur', leave);
  input.addEventListener('keydown', (event) => {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
    if (event.key in steps && !event.altKey) {
      event.preventDefault();
      if (!open()) show('');
      else if (shown.length) mark(Math.abs(steps[event.key]) === 1 ? (active + steps[event.key] + shown.length) % shown.length : Math.max(0, Math.min(shown.length - 1, active + steps[event.key])));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      if (!open()) show('');
      else if (shown[active]) toggle(shown[active], true);
    } else if (event.key === 'Tab' && open() && shown[active] && input.value.trim() && input.value !== selected[0]?.label) {
      toggle(shown[active], false);
    } else if (event.key === 'Escape' && open()) {
      event.preventDefault();
      event.stopPropagation();
      hide();
      settle();
    } else if (event.key === 'Backspace' && settings.many && !input.value && selected.length) toggle(selected.at(-1), true);
  });
  settle();
  return box;
}
