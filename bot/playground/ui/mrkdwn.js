// Slack's mrkdwn and plain text, made into DOM nodes.
// Called by blocks.js and messages.js. Must never use innerHTML; links lead only to http, https and mailto.
//
// `context` is {me, person(id), channel(id), openChannel(id), since}: how ids get names, and when the text was said.

import { bracketed, dateNodes } from './clock.js';
import { h } from './dom.js';
import { EMOJI } from './emoji.js';

/** Longest stretch searched for a closing mark; keeps odd input from costing quadratic time. */
const REACH = 3000;
const DEPTH = 6;
/** Characters of preformatted text beyond which it is shown in part. */
const LONG = 600;
const MARKS = { '*': 'strong', _: 'em', '~': 's' };
const WORD = /[\p{L}\p{N}]/u;
const ENTITIES = { '&lt;': '<', '&gt;': '>', '&amp;': '&' };

const decode = (text) => text.replace(/&(?:lt|gt|amp);/g, (entity) => ENTITIES[entity]);
const emojify = (text) => text.replace(/:([a-z0-9_+-]{1,40}):/g, (whole, name) => (Object.hasOwn(EMOJI, name) ? EMOJI[name] : whole));

/** Plain text: line breaks and emoji, nothing else. */
export function plain(text, emoji = true) {
  return (emoji ? emojify(text) : text).split('\n').flatMap((line, index) => (index ? [h('br'), line] : [line]));
}

/** A text object of Block Kit (`mrkdwn` or `plain_text`). */
export function textObject(object, context) {
  if (!object) return [];
  return object.type === 'mrkdwn' ? mrkdwn(object.text ?? '', context) : plain(object.text ?? '', object.emoji !== false);
}

/** Text of a text object without any markup, for labels. */
export function textOf(object) {
  if (!object) return '';
  if (object.type !== 'mrkdwn') return emojify(object.text ?? '');
  return words(object.text ?? '');
}

/** mrkdwn without its marks, for announcements and labels. */
export function words(text, context) {
  const box = h('div', null, mrkdwn(text, context ?? {}));
  box.querySelectorAll('.copy').forEach((button) => button.remove());
  box.querySelectorAll('br').forEach((line) => line.replaceWith(' '));
  return box.textContent.replace(/\s+/g, ' ').trim();
}

/** mrkdwn as block nodes: paragraphs, quotes, lists, preformatted text. */
export function mrkdwn(text, context) {
  return text
    .split(/```([\s\S]*?)```/)
    .flatMap((part, index) => (index % 2 ? [preformatted([bare(part.replace(/^\n|\n$/g, ''))])] : lines(part, context)));
}

/** Text to be used as it is, with a button that copies it. */
export function preformatted(nodes) {
  const code = h('code', null, nodes);
  const copy = h('button.copy', { type: 'button', onclick: () => copied(copy, code.textContent) }, 'Copy');
  // A long text scrolls in its own box, which the keyboard must reach then.
  const long = code.textContent.length > LONG;
  return h('div.pre', null, h('pre', { class: long && 'long', tabindex: long ? '0' : null }, code), copy);
}

async function copied(button, text) {
  // Refused where the browser asks for permission and does not get it; the text can still be marked by hand.
  const done = await navigator.clipboard?.writeText(text).then(() => true, () => false);
  button.textContent = done ? 'Copied' : 'Not allowed here';
}

const KINDS = [
  ['quote', /^(?:&gt;|>) ?/],
  ['bullet', /^\s*[•◦▪-] +/],
  ['number', /^\s*\d{1,3}[.)] +/],
];

function lines(part, context) {
  const groups = [];
  for (const line of part.split('\n')) {
    const [kind, prefix] = KINDS.find(([, pattern]) => pattern.test(line)) ?? [line.trim() ? 'text' : 'blank', /^/];
    if (groups.at(-1)?.kind === kind) groups.at(-1).lines.push(line.replace(prefix, ''));
    else groups.push({ kind, lines: [line.replace(prefix, '')], first: line });
  }
  return groups.flatMap(({ kind, lines: body, first }) => {
    if (kind === 'blank') return [];
    if (kind === 'bullet') return [h('ul', null, body.map((line) => h('li', null, inline(line, context))))];
    if (kind === 'number') return [h('ol', { start: parseInt(first, 10) || 1 }, body.map((line) => h('li', null, inline(line, context))))];
    const broken = body.flatMap((line, index) => (index ? [h('br'), ...inline(line, context)] : inline(line, context)));
    return [h(kind === 'quote' ? 'blockquote' : 'p', null, broken)];
  });
}

/** Inline mrkdwn of one line. */
export function inline(text, context, depth = 0) {
  const nodes = [];
  let plainText = '';
  const flush = () => {
    if (plainText) nodes.push(decode(emojify(plainText)));
    plainText = '';
  };
  for (let at = 0; at < text.length; ) {
    const found = token(text, at, context, depth);
    if (found) {
      flush();
      nodes.push(...found.nodes);
      at = found.end;
    } else {
      plainText += text[at];
      at += 1;
    }
  }
  flush();
  return bracketed(nodes);
}

function token(text, at, context, depth) {
  const mark = text[at];
  if (mark === '`') {
    const end = text.indexOf('`', at + 1);
    return end > at + 1 ? { nodes: [h('code', null, bare(text.slice(at + 1, end)))], end: end + 1 } : null;
  }
  if (mark === '<') {
    const end = text.indexOf('>', at + 1);
    return end > at + 1 ? { nodes: special(text.slice(at + 1, end), context, at === 0), end: end + 1 } : null;
  }
  if (!MARKS[mark] || depth >= DEPTH) return null;
  const end = closing(text, at, mark);
  return end ? { nodes: [h(MARKS[mark], null, inline(text.slice(at + 1, end), context, depth + 1))], end: end + 1 } : null;
}

/** Where the mark opened at `at` closes, or 0: marks hug their words, and stand at word edges. */
function closing(text, at, mark) {
  if ((at && WORD.test(text[at - 1])) || /[\s]/.test(text[at + 1] ?? ' ') || text[at + 1] === mark) return 0;
  const limit = Math.min(text.length, at + REACH);
  for (let end = at + 1; end < limit; end += 1) {
    const skip = { '<': '>', '`': '`' }[text[end]];
    if (skip) {
      const to = text.indexOf(skip, end + 1);
      if (to > 0) end = to;
    } else if (text[end] === mark && !/\s/.test(text[end - 1]) && !WORD.test(text[end + 1] ?? ' ')) return end;
  }
  return 0;
}

/** Text inside code: what stands between angle brackets shows its label, or itself. */
function bare(text) {
  return decode(text.replace(/<([^>\n]*)>/g, (_, body) => body.split('|').at(-1)));
}

function special(body, context, first) {
  const bar = body.indexOf('|');
  const target = bar < 0 ? body : body.slice(0, bar);
  const label = bar < 0 ? '' : body.slice(bar + 1);
  if (target.startsWith('@')) return [mention(target.slice(1), label, context)];
  if (target.startsWith('#')) return [channelLink(target.slice(1), label, context)];
  if (target.startsWith('!date^')) return date(target.split('^'), label, context, first);
  if (target.startsWith('!')) return [h('span.mention', null, `@${label || target.slice(1).split('^')[0]}`)];
  return [link(decode(target), label ? inline(label, context, DEPTH) : [decode(target).replace(/^mailto:/, '')])];
}

/** An anchor if the address is one we follow, else the label alone. */
export function link(address, label) {
  let url = null;
  try {
    url = new URL(address);
  } catch {
    // Not an address: only its label shows.
  }
  if (!url || !['http:', 'https:', 'mailto:'].includes(url.protocol)) return h('span', null, label);
  return h('a', { href: url.href, target: '_blank', rel: 'noopener noreferrer nofollow' }, label);
}

export function mention(id, label, context) {
  const name = context.person?.(id)?.name || label || id;
  return h(id === context.me ? 'span.mention.me' : 'span.mention', null, `@${decode(name)}`);
}

export function channelLink(id, label, context) {
  const name = `#${decode(context.channel?.(id)?.name || label || id)}`;
  if (!context.openChannel || !context.channel?.(id)) return h('span.mention', null, name);
  return h('button.mention.channel', { type: 'button', onclick: () => context.openChannel(id) }, name);
}

function date([, unix, template, address], fallback, context, first) {
  const seconds = Number(unix);
  // The range a JavaScript Date can hold.
  if (!/^-?\d{1,13}$/.test(unix ?? '') || !template || Math.abs(seconds) > 8.64e12) return [decode(fallback)];
  const nodes = dateNodes(seconds, decode(template), context.since ?? Infinity, first);
  return address ? [link(decode(address), nodes)] : nodes;
}
