// `rich_text` blocks, made into DOM nodes.
// Called by blocks.js. Must not read markup in text: in rich text, text is text.

import { bracketed, dateNodes } from './clock.js';
import { h } from './dom.js';
import { EMOJI } from './emoji.js';
import { channelLink, link, mention, preformatted } from './mrkdwn.js';

const STYLES = [['code', 'code'], ['bold', 'strong'], ['italic', 'em'], ['strike', 's'], ['underline', 'u']];

function styled(nodes, style) {
  return STYLES.reduce((inner, [key, tag]) => (style?.[key] ? [h(tag, null, inner)] : inner), nodes);
}

function broken(text) {
  return String(text ?? '').split('\n').flatMap((line, index) => (index ? [h('br'), line] : [line]));
}

const LEAVES = {
  text: (leaf) => broken(leaf.text),
  link: (leaf) => [link(leaf.url ?? '', [leaf.text || leaf.url || ''])],
  user: (leaf, context) => [mention(leaf.user_id ?? '', '', context)],
  channel: (leaf, context) => [channelLink(leaf.channel_id ?? '', '', context)],
  usergroup: (leaf) => [h('span.mention', null, `@${leaf.usergroup_id ?? 'group'}`)],
  broadcast: (leaf) => [h('span.mention', null, `@${leaf.range ?? 'here'}`)],
  emoji: (leaf) => [Object.hasOwn(EMOJI, leaf.name) ? EMOJI[leaf.name] : `:${leaf.name}:`],
  color: (leaf) => [h('code', null, leaf.value ?? '')],
  date: (leaf, context, first) => dateNodes(Number(leaf.timestamp) || 0, leaf.format ?? '{date_short_pretty} {time}', context.since ?? Infinity, first),
};

const leaves = (list, context) =>
  bracketed((list ?? []).flatMap((leaf, index) => styled(LEAVES[leaf.type]?.(leaf, context, index === 0) ?? broken(leaf.text), leaf.style)));

function part(element, context) {
  switch (element.type) {
    case 'rich_text_list': {
      const list = h(element.style === 'ordered' ? 'ol' : 'ul', { start: element.offset ? element.offset + 1 : null },
        (element.elements ?? []).map((item) => h('li', null, leaves(item.elements, context))));
      list.dataset.indent = Math.min(element.indent ?? 0, 4);
      return list;
    }
    case 'rich_text_quote':
      return h('blockquote', null, leaves(element.elements, context));
    case 'rich_text_preformatted':
      return preformatted(leaves(element.elements, context));
    default:
      return h('p', null, leaves(element.elements, context));
  }
}

/** The nodes of one `rich_text` block. */
export const richText = (block, context) => (block.elements ?? []).map((element) => part(element, context));
