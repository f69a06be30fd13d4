// A list of messages: in the conversation, or in the thread beside it.
// Called by app.js. Must not fetch; what people do goes out through `scopeOf` and `actions`.

import { rememberFocus, restoreFocus, showBlocks } from './blocks.js';
import { dayKey, dayName, stamp } from './clock.js';
import { avatar, h, icon } from './dom.js';
import { mrkdwn, plain } from './mrkdwn.js';
import { fullName, person } from './store.js';

/** Messages of one author closer than this share one heading. */
const TOGETHER_S = 300;
/** How near the end counts as reading along. */
const NEAR_END_PX = 120;

/**
 * `settings`: {scroller, list, jump?, scopeOf(message), actions: {reply?, dismiss}}.
 * Returns {show(messages, {firstUnread, fresh}), focusLast()}.
 */
export function messageList({ scroller, list, jump, scopeOf, actions }) {
  let before = new Map();

  function show(messages, { firstUnread = null, fresh = false } = {}) {
    const atEnd = fresh || scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_END_PX;
    const last = list.lastElementChild?.dataset.ts;
    const focus = rememberFocus(list);
    const held = focus?.node.closest('.message')?.dataset.ts;
    const after = new Map();
    const nodes = rows(messages, firstUnread).map(({ key, text, make }) => {
      const old = before.get(key);
      const node = old?.text === text ? old.node : make();
      after.set(key, { text, node });
      return node;
    });
    place(list, nodes);
    before = after;
    rove();
    if (focus && !restoreFocus(list, focus)) list.querySelector(`[data-ts="${held}"]`)?.focus({ preventScroll: true });
    const grown = messages.at(-1)?.ts !== last;
    if (atEnd) scroller.scrollTop = scroller.scrollHeight;
    if (jump) jump.hidden = atEnd || (!grown && jump.hidden);
  }

  function rows(messages, firstUnread) {
    const result = [];
    let previous = null;
    for (const message of messages) {
      const unix = Number(message.ts);
      const day = dayKey(unix);
      if (!previous || dayKey(Number(previous.ts)) !== day) {
        result.push({ key: `day-${day}`, text: dayName(unix), make: () => h('li.day', null, h('span', null, dayName(unix))) });
        previous = null;
      }
      if (message.ts === firstUnread) {
        result.push({ key: 'unread', text: '', make: () => h('li.unread-line', null, h('span', null, 'New')) });
        previous = null;
      }
      const compact = previous?.user === message.user && !message.ephemeral && !previous.ephemeral && unix - Number(previous.ts) < TOGETHER_S;
      result.push({ key: message.ts, text: JSON.stringify([message, compact]), make: () => messageNode(message, compact) });
      previous = message;
    }
    return result;
  }

  function messageNode(message, compact) {
    // Somebody who is neither a person here nor the bot: the workspace itself.
    const author = person(message.user) ?? { id: message.user, name: message.name };
    const scope = scopeOf(message);
    const head = h('div.message-head', null,
      h('strong.author', null, fullName(author)), message.is_bot && h('span.tag', null, 'bot'), stamp(Number(message.ts)));
    const ephemeral = h('div.ephemeral-note', null, icon('eye'), h('span', null, 'Only visible to you'),
      h('button.text-button', { type: 'button', onclick: () => actions.dismiss(message), 'data-key': `dismiss-${message.ts}` }, 'Dismiss'));
    const reply = actions.reply && !message.ephemeral && h('div.message-tools', null,
      h('button.icon-button', { type: 'button', 'aria-label': 'Reply in thread', title: 'Reply in thread (R)', onclick: () => actions.reply(message), 'data-key': `reply-${message.ts}` }, icon('thread')));
    const node = h('li.message', { tabindex: '-1', class: [compact && 'compact', message.ephemeral && 'ephemeral', message.is_bot && 'from-bot'].filter(Boolean).join(' ') },
      compact ? h('span.gutter', null, stamp(Number(message.ts))) : avatar(author),
      h('div.message-body', null, message.ephemeral && ephemeral, compact ? h('span.sr-only', null, `${fullName(author)}: `) : head,
        content(message, scope), message.edited && h('span.edited', null, '(edited)'), reactions(message), actions.reply && replies(message)),
      reply);
    node.dataset.ts = message.ts;
    return node;
  }

  function content(message, scope) {
    if (!message.blocks?.length) return h('div.rich', null, mrkdwn(message.text ?? '', scope.context));
    const simple = message.blocks.every((block) => ['rich_text', 'section'].includes(block.type) && !block.accessory) && message.blocks.length === 1;
    const box = h(simple ? 'div.blocks' : 'div.blocks.card');
    showBlocks(box, message.blocks, scope);
    return box;
  }

  function reactions(message) {
    if (!message.reactions?.length) return null;
    return h('ul.reactions', { 'aria-label': 'Reactions' }, message.reactions.map((name) => h('li', { title: `:${name}:` }, plain(`:${name}:`))));
  }

  function replies(message) {
    if (!message.replies) return null;
    const last = message.last_reply;
    return h('button.thread-link', { type: 'button', onclick: () => actions.reply(message), 'data-key': `thread-${message.ts}` },
      icon('thread'), h('span', null, `${message.replies} ${message.replies === 1 ? 'reply' : 'replies'}`),
      last && h('span.thread-last', null, 'last at ', stamp(Number(last.ts))));
  }

  /** One message takes Tab; the arrows move between them. */
  function rove(to) {
    const all = [...list.querySelectorAll('.message')];
    const at = to ?? all.find((node) => node.tabIndex === 0 && node.isConnected) ?? all.at(-1);
    for (const node of all) node.tabIndex = node === at ? 0 : -1;
    return at;
  }

  function keys(event) {
    const current = event.target.closest('.message');
    if (!current || event.target !== current || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = [...list.querySelectorAll('.message')];
    const at = all.indexOf(current);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      rove(all[Math.max(0, Math.min(all.length - 1, to))]).focus();
    } else if (event.key === 'Enter' || event.key.toLowerCase() === 'r') {
      event.preventDefault();
      current.querySelector('.message-tools button')?.click();
    }
  }

  list.addEventListener('keydown', keys);
  list.addEventListener('focusin', (event) => event.target.classList.contains('message') && rove(event.target));
  jump?.addEventListener('click', () => {
    scroller.scrollTop = scroller.scrollHeight;
    jump.hidden = true;
  });
  scroller.addEventListener('scroll', () => {
    if (jump && scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_END_PX) jump.hidden = true;
  });

  return { show, focusLast: () => rove([...list.querySelectorAll('.message')].at(-1))?.focus() };
}

/** Puts `nodes` into `list` in order, moving as few as possible. */
function place(list, nodes) {
  const wanted = new Set(nodes);
  [...list.children].filter((node) => !wanted.has(node)).forEach((node) => node.remove());
  let cursor = list.firstElementChild;
  for (const node of nodes) {
    if (node === cursor) cursor = cursor.nextElementSibling;
    else list.insertBefore(node, cursor);
  }
}
