// Block Kit blocks, made into DOM nodes, and kept up to date with the least disturbance.
// Called by messages.js, modal.js and home.js. Must not fetch anything: images show as their text.

import { h, uid } from './dom.js';
import { control, initialState, keyOf, STATE_KEY } from './elements.js';
import { plain, textObject, textOf } from './mrkdwn.js';
import { richText } from './richtext.js';

function section(block, scope) {
  const text = h('div.section-text.rich', null, textObject(block.text, scope.context));
  const fields = block.fields && h('div.fields', null, block.fields.map((field) => h('div.rich', null, textObject(field, scope.context))));
  const accessory = block.accessory && h('div.accessory', null, piece(block.accessory, scope, { block, label: textOf(block.text) }));
  return h('div.block.section', null, h('div.section-main', null, block.text && text, fields), accessory);
}

/** An element, or an image standing among elements. */
function piece(element, scope, place) {
  if (element.type === 'image') return h('span.image-text', { role: 'img', 'aria-label': element.alt_text ?? 'Image' }, element.alt_text ?? 'Image');
  return control(element, scope, place);
}

function input(block, scope) {
  const ids = { label: uid('label'), hint: block.hint && uid('hint'), error: uid('error'), control: uid('control') };
  const element = block.element ?? {};
  const grouped = ['checkboxes', 'radio_buttons'].includes(element.type);
  const aria = {
    'aria-labelledby': ids.label, 'aria-describedby': [ids.hint, ids.error].filter(Boolean).join(' '),
    'aria-required': grouped || block.optional ? null : 'true', id: ids.control,
  };
  const field = control(element, scope, { block, input: true, dispatch: block.dispatch_action === true, optional: block.optional === true, aria });
  return h('div.block.input', null,
    h(grouped ? 'div.label' : 'label.label', { for: grouped ? null : ids.control },
      h('span', { id: ids.label }, plain(textOf(block.label))), block.optional && h('span.optional', null, 'optional')),
    field,
    block.hint && h('p.hint', { id: ids.hint }, plain(textOf(block.hint))),
    h('p.error', { id: ids.error, role: 'alert' }));
}

const MAKERS = {
  header: (block) => h('h3.block.header', null, plain(textOf(block.text))),
  divider: () => h('hr.block.divider'),
  section,
  input,
  context: (block, scope) => h('div.block.context', null, (block.elements ?? []).map((element) =>
    element.type === 'image' ? piece(element, scope, { block }) : h('span.rich', null, textObject(element, scope.context)))),
  actions: (block, scope) => h('div.block.actions', { role: 'group', 'aria-label': 'Actions' },
    (block.elements ?? []).map((element) => piece(element, scope, { block }))),
  image: (block) => h('figure.block.image', null,
    h('div.image-text', { role: 'img', 'aria-label': block.alt_text ?? 'Image' }, block.alt_text ?? 'Image'), block.title && h('figcaption', null, plain(textOf(block.title)))),
  rich_text: (block, scope) => h('div.block.rich', null, richText(block, scope.context)),
};

function make(block, scope) {
  const node = MAKERS[block.type]?.(block, scope) ?? h('div.block.unknown', null, `[${block.type ?? 'block'} is not shown here]`);
  node.dataset.block = block.block_id;
  return node;
}

/** Gives every block an id, as Slack does, so that state can be kept by it. */
export const identified = (blocks) => (blocks ?? []).map((block, index) => (block.block_id ? block : { ...block, block_id: `b${index}` }));

/** Elements that hold state, with their blocks. */
function holders(blocks) {
  return blocks
    .flatMap((block) => [block.element, block.accessory, ...(block.elements ?? [])].filter(Boolean).map((element) => ({ block, element })))
    .filter(({ element }) => element.action_id && STATE_KEY[element.type]);
}

/** `state.values` for these blocks. */
export function stateValues(blocks, values) {
  const state = {};
  for (const { block, element } of holders(identified(blocks))) {
    state[block.block_id] ??= {};
    state[block.block_id][element.action_id] = values.get(keyOf(block, element)) ?? initialState(element);
  }
  return state;
}

const memory = new WeakMap();

/**
 * Shows `blocks` in `box`. Unchanged blocks keep their nodes; changed ones are made anew with what the person had put
 * in; focus, caret and selection stay where they were.
 */
export function showBlocks(box, blocks, scope) {
  const list = identified(blocks);
  const before = memory.get(box) ?? new Map();
  const after = new Map();
  const focus = rememberFocus(box);
  const known = new Map(holders(list).map(({ block, element }) => [keyOf(block, element), element.type]));
  for (const [key, state] of scope.values) if (known.get(key) !== state.type) scope.values.delete(key);
  const nodes = list.map((block) => {
    const text = JSON.stringify(block);
    const old = before.get(block.block_id);
    const node = old?.text === text && !after.has(block.block_id) ? old.node : make(block, scope);
    after.set(block.block_id, { text, node });
    return node;
  });
  [...box.children].filter((node) => !nodes.includes(node)).forEach((node) => node.remove());
  let cursor = box.firstElementChild;
  for (const node of nodes) {
    if (node === cursor) cursor = cursor.nextElementSibling;
    else box.insertBefore(node, cursor);
  }
  memory.set(box, after);
  restoreFocus(box, focus);
}

/** What has the focus inside `box`, by key, with its caret. */
export function rememberFocus(box) {
  const at = document.activeElement;
  if (!at || !box.contains(at)) return null;
  let caret = null;
  try {
    caret = [at.selectionStart, at.selectionEnd];
  } catch {
    // Inputs of type number or email have no caret to ask for.
  }
  return { node: at, key: at.dataset.key, caret, scroll: at.scrollTop, draft: at.getAttribute('aria-expanded') === 'true' ? at.value : null };
}

/** Puts the focus back where `rememberFocus` saw it; false if that control is gone. */
export function restoreFocus(box, focus) {
  if (!focus || document.activeElement === focus.node) return true;
  const again = focus.key && box.querySelector(`[data-key="${CSS.escape(focus.key)}"]`);
  if (!again) return false;
  again.focus({ preventScroll: true });
  if (focus.draft) again.value = focus.draft;
  again.scrollTop = focus.scroll;
  if (focus.caret?.[0] !== undefined && focus.caret?.[0] !== null) again.setSelectionRange?.(...focus.caret);
  return true;
}
