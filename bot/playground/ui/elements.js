// The interactive elements of Block Kit, and the state of what people put into them.
// Called by blocks.js. Must not know where it stands: the scope sends, the place labels.
//
// scope: {context, values, send(action), options(block_id, action_id, query), people(), channels()}
// place: {block, input, dispatch, optional, aria}  (input: stands in an input block; aria: label attributes)

import { h, icon, uid } from './dom.js';
import { closePopup, confirmed, openAt } from './layer.js';
import { plain, textObject, textOf } from './mrkdwn.js';
import { picker } from './picker.js';

/** Pause in typing after which `on_character_entered` is told. */
const TYPING_DELAY_MS = 400;

/** Which key of the state each kind of element fills; an array's empty value is []. */
export const STATE_KEY = {
  plain_text_input: 'value', number_input: 'value', email_text_input: 'value', url_text_input: 'value',
  static_select: 'selected_option', external_select: 'selected_option', radio_buttons: 'selected_option',
  multi_static_select: 'selected_options', multi_external_select: 'selected_options', checkboxes: 'selected_options',
  users_select: 'selected_user', multi_users_select: 'selected_users', channels_select: 'selected_channel', conversations_select: 'selected_conversation',
  datepicker: 'selected_date', timepicker: 'selected_time', datetimepicker: 'selected_date_time',
};

export const keyOf = (block, element) => `${block.block_id}/${element.action_id}`;

/** What an element holds before anybody touched it. */
export function initialState(element) {
  const key = STATE_KEY[element.type];
  const given = {
    value: element.initial_value, selected_option: element.initial_option, selected_options: element.initial_options,
    selected_user: element.initial_user, selected_users: element.initial_users, selected_channel: element.initial_channel,
    selected_conversation: element.initial_conversation, selected_date: element.initial_date, selected_time: element.initial_time,
    selected_date_time: element.initial_date_time,
  }[key];
  return { type: element.type, [key]: given ?? (key.endsWith('s') ? [] : null) };
}

/** Shows a control as waiting until `promise` settles; a waiting control ignores clicks. */
export async function pending(control, promise) {
  control.setAttribute('aria-busy', 'true');
  control.setAttribute('aria-disabled', 'true');
  try {
    return await promise;
  } finally {
    control.removeAttribute('aria-busy');
    control.removeAttribute('aria-disabled');
  }
}

async function deliver(element, scope, place, control, detail) {
  if (element.confirm && !(await confirmed(element.confirm, scope.context))) return;
  const action = { type: element.type, block_id: place.block.block_id, action_id: element.action_id, ...detail };
  await pending(control, scope.send(action));
}

/** Stores a state and, where it is asked for, tells the bot. */
function change(element, scope, place, control, state) {
  scope.values.set(keyOf(place.block, element), state);
  control.dispatchEvent(new CustomEvent('edited', { bubbles: true }));
  if (!place.input || place.dispatch) deliver(element, scope, place, control, state);
}

const stateOf = (element, scope, place) => scope.values.get(keyOf(place.block, element)) ?? initialState(element);
const attributes = (element, place) => ({ 'data-key': keyOf(place.block, element), 'data-autofocus': element.focus_on_load && 'true', ...place.aria });

/** What a screen reader says of a button; it always holds what the eye reads, so that voice control finds it. */
function spoken({ text, accessibility_label: label }) {
  const shown = textOf(text);
  if (!label) return null;
  return label.toLowerCase().includes(shown.toLowerCase()) ? label : `${shown} – ${label}`;
}

function button(element, scope, place) {
  const style = { primary: 'primary', danger: 'danger' }[element.style];
  const props = { class: style, 'data-key': keyOf(place.block, element), 'data-action': element.action_id, 'aria-label': spoken(element) };
  const detail = { value: element.value, text: element.text };
  if (element.url && /^(https?:|mailto:)/i.test(element.url)) {
    const tell = () => deliver(element, scope, place, anchor, detail);
    const anchor = h('a.button', { ...props, href: element.url, target: '_blank', rel: 'noopener noreferrer', onclick: tell }, textObject(element.text, scope.context));
    return anchor;
  }
  const node = h('button.button', { ...props, type: 'button' }, h('span', null, textObject(element.text, scope.context)));
  node.addEventListener('click', () => {
    if (!node.hasAttribute('aria-busy')) deliver(element, scope, place, node, detail);
  });
  return node;
}

function overflow(element, scope, place) {
  const id = uid('menu');
  const items = (element.options ?? []).map((option) => h('button.option', { type: 'button', role: 'menuitem', tabindex: '-1', onclick: () => choose(option) }, plain(textOf(option.text))));
  const menu = h('div.popup', { popover: 'auto', id, role: 'menu', 'aria-label': 'More actions' }, items);
  const node = h('button.button.icon-only', { type: 'button', 'aria-haspopup': 'menu', 'aria-controls': id, 'aria-expanded': 'false', 'aria-label': 'More actions', 'data-key': keyOf(place.block, element) }, icon('dots'));
  const choose = (option) => {
    closePopup(menu);
    node.focus();
    deliver(element, scope, place, node, { selected_option: option });
  };
  node.addEventListener('click', () => {
    openAt(menu, node, { width: 220 });
    items[0]?.focus();
  });
  menu.addEventListener('toggle', (event) => node.setAttribute('aria-expanded', String(event.newState === 'open')));
  menu.addEventListener('keydown', (event) => {
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      items[(to + items.length) % items.length].focus();
    } else if (event.key === 'Escape' || event.key === 'Tab') {
      event.stopPropagation();
      if (event.key === 'Escape') event.preventDefault();
      closePopup(menu);
      node.focus();
    }
  });
  return h('span.menu-holder', null, node, menu);
}

const itemOf = (option, group) => ({ value: option.value, label: textOf(option.text), detail: textOf(option.description), group, option });
const itemsOf = (element) => [
  ...(element.options ?? []).map((option) => itemOf(option)),
  ...(element.option_groups ?? []).flatMap((group) => (group.options ?? []).map((option) => itemOf(option, textOf(group.label)))),
];

function select(element, scope, place) {
  const many = element.type.startsWith('multi_');
  const external = element.type.includes('external');
  const key = STATE_KEY[element.type];
  const ids = !key.startsWith('selected_option');
  const items = external ? null : ids ? named(element, scope) : itemsOf(element);
  const listed = (value) => !items || ids || items.some((item) => item.value === value.value);
  const kept = [stateOf(element, scope, place)[key]].flat().filter(Boolean);
  // A choice that an update has taken away gives way to the one the bot proposes.
  const held = kept.every(listed) ? kept : [initialState(element)[key]].flat().filter(Boolean);
  const selected = held.map((value) => (ids ? (items.find((item) => item.value === value) ?? { value, label: value }) : itemOf(value)));
  const state = (chosen) => {
    const values = chosen.map((item) => (ids ? item.value : item.option));
    return { type: element.type, [key]: many ? values : (values[0] ?? null) };
  };
  scope.values.set(keyOf(place.block, element), state(selected));
  const search = async (query) => (await scope.options(place.block.block_id, element.action_id, query)).map((option) => itemOf(option));
  const box = picker({
    items, search: external && search, selected, many, max: element.max_selected_items, optional: place.optional || !place.input,
    minimum: element.min_query_length ?? 3, placeholder: textOf(element.placeholder) || 'Choose…', input: attributes(element, place),
    onchange: (chosen) => change(element, scope, place, box.querySelector('input'), state(chosen)),
  });
  return box;
}

function named(element, scope) {
  if (element.type.includes('users')) return scope.people().map((person) => ({ value: person.id, label: person.real_name || person.name, detail: person.title }));
  return scope.channels().map((channel) => ({ value: channel.id, label: `#${channel.name}`, detail: channel.topic }));
}

function choices(element, scope, place) {
  const radio = element.type === 'radio_buttons';
  const key = STATE_KEY[element.type];
  const name = uid('choice');
  const held = [stateOf(element, scope, place)[key]].flat().filter(Boolean).map((option) => option.value);
  const group = h('div.choices', { role: radio ? 'radiogroup' : 'group', ...place.aria });
  (element.options ?? []).forEach((option) => {
    const detail = option.description && uid('detail');
    const input = h('input', { type: radio ? 'radio' : 'checkbox', name, value: option.value, 'aria-describedby': detail, 'data-key': `${keyOf(place.block, element)}/${option.value}` });
    input.checked = held.includes(option.value);
    input.addEventListener('change', () => {
      const chosen = element.options.filter((_, at) => group.querySelectorAll('input')[at].checked);
      change(element, scope, place, group, { type: element.type, [key]: radio ? chosen[0] : chosen });
    });
    group.append(h('label.choice', null, input, h('span', null, textObject(option.text, scope.context),
      detail && h('small', { id: detail }, textObject(option.description, scope.context)))));
  });
  return group;
}

function textInput(element, scope, place) {
  const long = element.type === 'plain_text_input' && element.multiline;
  const type = { number_input: 'number', email_text_input: 'email', url_text_input: 'url' }[element.type] ?? 'text';
  const input = h(long ? 'textarea.field' : 'input.field', {
    ...attributes(element, place), type: long ? null : type, rows: long ? 3 : null, placeholder: textOf(element.placeholder) || null, autocomplete: 'off',
    maxlength: element.max_length, min: element.min_value, max: element.max_value, step: type === 'number' ? (element.is_decimal_allowed ? 'any' : '1') : null,
    value: stateOf(element, scope, place).value ?? '',
  });
  const on = element.dispatch_action_config?.trigger_actions_on ?? ['on_enter_pressed'];
  const told = place.input && place.dispatch;
  const state = () => ({ type: element.type, value: input.value || null });
  const send = () => deliver(element, scope, place, input, { value: input.value });
  let timer = 0;
  input.addEventListener('input', () => {
    scope.values.set(keyOf(place.block, element), state());
    input.dispatchEvent(new CustomEvent('edited', { bubbles: true }));
    clearTimeout(timer);
    if (told && on.includes('on_character_entered')) timer = setTimeout(send, TYPING_DELAY_MS);
  });
  input.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || !told || !on.includes('on_enter_pressed')) return;
    event.preventDefault();
    clearTimeout(timer);
    send();
  });
  scope.values.set(keyOf(place.block, element), state());
  if (!element.max_length || element.max_length > 1000) return input;
  const counter = h('span.counter', { 'aria-hidden': 'true' });
  const count = () => (counter.textContent = input.value.length ? `${input.value.length} / ${element.max_length}` : '');
  input.addEventListener('input', count);
  count();
  return h('div.counted', null, input, counter);
}

const twoDigits = (number) => String(number).padStart(2, '0');
const localMinute = (unix) => {
  const date = new Date(unix * 1000);
  return `${date.getFullYear()}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())}T${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}`;
};

function moment(element, scope, place) {
  const type = { datepicker: 'date', timepicker: 'time', datetimepicker: 'datetime-local' }[element.type];
  const key = STATE_KEY[element.type];
  const held = stateOf(element, scope, place)[key];
  const whole = type === 'datetime-local';
  const input = h('input.field.moment', { ...attributes(element, place), type, value: whole && held ? localMinute(held) : (held ?? '') });
  input.addEventListener('change', () => {
    const value = whole && input.value ? Math.floor(new Date(input.value).getTime() / 1000) : input.value || null;
    change(element, scope, place, input, { type: element.type, [key]: value });
  });
  return input;
}

const MAKERS = {
  button, overflow, checkboxes: choices, radio_buttons: choices, datepicker: moment, timepicker: moment, datetimepicker: moment,
  plain_text_input: textInput, number_input: textInput, email_text_input: textInput, url_text_input: textInput,
  static_select: select, external_select: select, multi_static_select: select, multi_external_select: select,
  users_select: select, multi_users_select: select, channels_select: select, conversations_select: select,
};

/** The control for one element; an unknown kind says so instead of hiding. */
export function control(element, scope, place) {
  const make = MAKERS[element.type];
  if (!make) return h('span.unknown', null, `[${element.type ?? 'element'} is not shown here]`);
  const aria = Object.keys(place.aria ?? {}).length ? place.aria : { 'aria-label': textOf(element.placeholder) || place.label || element.action_id };
  return make(element, scope, { ...place, aria });
}
