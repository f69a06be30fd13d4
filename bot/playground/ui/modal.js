// Modals: the stack of views that the bot opened for this person.
// Called by app.js. Must not interpret a view beyond Block Kit; the bot decides what a submit means.

import { sendAction, sendView, options } from './api.js';
import { identified, showBlocks, stateValues } from './blocks.js';
import { h, icon, uid } from './dom.js';
import { pending } from './elements.js';
import { plain, textOf } from './mrkdwn.js';
import { rescueToasts, toast } from './notices.js';

const REQUIRED = 'Please fill this in.';
const DOM_CODES = { typeMismatch: 'This does not have the right form.', badInput: 'This is not a number.', rangeUnderflow: 'This is too small.', rangeOverflow: 'This is too large.', stepMismatch: 'Whole numbers only.' };

const stack = [];

/** Opens a view, or brings an open one up to date. `host`: {me(), context(), people(), channels()}. */
export function showView(view, host) {
  const known = stack.find((open) => open.view.id === view.id);
  if (known) known.update(view);
  else stack.push(open(view, host));
}

/** Closes a view without telling anyone: the bot or the server already knows. */
export function closeView(id) {
  const at = stack.findIndex((open) => open.view.id === id);
  if (at >= 0) stack.splice(at, 1)[0].remove();
}

export const modalOpen = () => stack.length > 0 || document.querySelector('dialog[open]') !== null;
export const closeAllViews = () => [...stack].forEach((open) => closeView(open.view.id));

function open(first, host) {
  const as = host.me();
  const ids = { title: uid('title') };
  const title = h('h2', { id: ids.title });
  const body = h('div.modal-body');
  const submit = h('button.button.primary', { type: 'submit' });
  const cancel = h('button.button', { type: 'button', onclick: () => dismiss() });
  const form = h('form', { novalidate: true, autocomplete: 'off' },
    h('div.modal-head', null, title, h('button.icon-button', { type: 'button', 'aria-label': 'Close', onclick: () => dismiss() }, icon('close'))),
    body, h('div.modal-foot', null, cancel, submit));
  const dialog = h('dialog.modal', { 'aria-labelledby': ids.title }, form);
  const opener = document.activeElement;
  const self = { view: null, update, remove };
  const scope = {
    values: new Map(), context: host.context(), people: host.people, channels: host.channels,
    options: (block_id, action_id, query) => options({ as, view_id: self.view.id, block_id, action_id, query }),
    send: (action) => work(sendAction({ as, view_id: self.view.id, state: state(), action })),
  };
  let working = 0;

  const state = () => ({ values: stateValues(self.view.blocks ?? [], scope.values) });

  async function work(promise) {
    working += 1;
    dialog.classList.toggle('working', working > 0);
    try {
      return await promise;
    } catch (error) {
      toast(error.message, 'error');
      return null;
    } finally {
      working -= 1;
      dialog.classList.toggle('working', working > 0);
    }
  }

  function update(view) {
    if (!self.view) seed(view.state?.values);
    self.view = view;
    title.replaceChildren(...plain(textOf(view.title) || 'Form'));
    submit.hidden = !view.submit;
    submit.replaceChildren(h('span', null, ...plain(textOf(view.submit) || 'Submit')));
    cancel.replaceChildren(...plain(textOf(view.close) || (view.submit ? 'Cancel' : 'Close')));
    showBlocks(body, view.blocks ?? [], scope);
  }

  function seed(values) {
    for (const [block, actions] of Object.entries(values ?? {}))
      for (const [action, held] of Object.entries(actions)) if (held) scope.values.set(`${block}/${action}`, held);
  }

  function remove() {
    rescueToasts(dialog);
    // Not closed first: Chromium then gives the focus back without a caret, and typing goes nowhere.
    dialog.remove();
    const back = opener?.isConnected ? opener : document.getElementById('composer-input');
    back?.focus({ preventScroll: true });
  }

  async function dismiss() {
    const id = self.view.id;
    closeView(id);
    await sendView({ as, view_id: id, kind: 'close', state: state() }).catch((error) => toast(error.message, 'error'));
  }

  function fail(errors) {
    body.querySelectorAll('.block.input').forEach((block) => setError(block, errors[block.dataset.block] ?? ''));
    const shown = [...body.querySelectorAll('.block.input.invalid')];
    const unknown = Object.entries(errors).filter(([id]) => !shown.some((block) => block.dataset.block === id));
    unknown.forEach(([, text]) => toast(text, 'error'));
    shown[0]?.querySelector('[aria-invalid], input, textarea, select, button')?.focus();
  }

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (submit.hidden || submit.hasAttribute('aria-busy')) return;
    const errors = missing(self.view, state().values, body);
    fail(errors);
    if (Object.keys(errors).length) return;
    const answer = await pending(submit, work(sendView({ as, view_id: self.view.id, kind: 'submit', state: state() })));
    if (answer?.result === 'errors') fail(answer.errors ?? {});
    if (answer?.result === 'closed') closeView(self.view.id);
  });
  body.addEventListener('edited', (event) => setError(event.target.closest('.block.input'), ''));
  dialog.addEventListener('cancel', (event) => {
    event.preventDefault();
    dismiss();
  });
  dialog.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
    }
  });

  document.body.append(dialog);
  update(first);
  dialog.showModal();
  (body.querySelector('[data-autofocus]') ?? body.querySelector('input:not([type=radio]), input:checked, textarea, button') ?? (submit.hidden ? cancel : submit)).focus();
  return self;
}

/** Puts an error under a field, or takes it away. */
function setError(block, text) {
  if (!block) return;
  const control = block.querySelector('[role=radiogroup], [role=group], input, textarea');
  block.classList.toggle('invalid', text !== '');
  const error = block.querySelector('.error');
  if (error.textContent !== text) error.textContent = text;
  if (text) control?.setAttribute('aria-invalid', 'true');
  else control?.removeAttribute('aria-invalid');
}

/** What Slack's own client refuses before the bot hears of it: empty required fields, lengths, numbers. */
function missing(view, values, body) {
  const errors = {};
  for (const block of identified(view.blocks).filter((other) => other.type === 'input')) {
    const element = block.element ?? {};
    const { type: _, ...held } = values[block.block_id]?.[element.action_id] ?? {};
    const value = Object.values(held)[0];
    const empty = value === null || value === undefined || value === '' || value.length === 0;
    const field = body.querySelector(`[data-block="${CSS.escape(block.block_id)}"] .field`);
    const broken = Object.keys(DOM_CODES).find((code) => field?.validity?.[code]);
    if (broken) errors[block.block_id] = DOM_CODES[broken];
    else if (empty && !block.optional) errors[block.block_id] = REQUIRED;
    else if (!empty && element.min_length && value.length < element.min_length) errors[block.block_id] = `At least ${element.min_length} characters, please.`;
  }
  return errors;
}
