// What Microsoft's own library says of every card: it understands all of it, and reads in its Markdown nothing but what is meant.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';

import { inside, read, samples } from './samples.mjs';

const require = createRequire(join(process.env.JIT_TEAMS_MODULES, 'package.json'));
const { AdaptiveCard, SerializationContext, Version, Versions } = require('adaptivecards/dist/adaptivecards.js');
const MarkdownIt = require('markdown-it');
// HTML is let through here, so that any that comes through is seen.
const markdown = new MarkdownIt({ html: true, linkify: false });

/** What Teams takes before the standard has it: elsewhere it does no harm. Source: Microsoft, "Typeahead search in Adaptive Cards". */
const TEAMS_ALONE = [
  'Property "choices.data" is supported in version 1.6, but you are using version 1.5.',
  'Unknown element type "CodeBlock". Fallback will be used if present.',
];

test('there are samples of every kind', () => {
  assert.ok(samples.length > 200, `${samples.length} samples`);
  for (const kind of ['message', 'shared', 'dialog']) assert.ok(samples.some((sample) => sample.kind === kind), kind);
});

for (const { name, kind, content } of samples) {
  test(`${name} (${kind}) is understood`, () => {
    const context = new SerializationContext(Versions.v1_5);
    const card = new AdaptiveCard();
    card.parse(content, context);
    const events = [...Array(context.eventCount).keys()].map((at) => context.getEventAt(at).message);
    assert.deepEqual(events.filter((message) => !TEAMS_ALONE.includes(message)), []);
    assert.deepEqual(card.validateProperties().validationEvents.map((event) => event.message), []);
    assert.ok(card.version.compareTo(new Version(1, 5)) === 0);
  });

  test(`${name} (${kind}) reads as it is meant`, () => {
    for (const [path, { type, text }] of inside(read(content))) {
      if (type !== 'TextBlock') continue;
      const tokens = markdown.parse(text, {});
      const kinds = new Set(tokens.flatMap((token) => [token.type, ...(token.children ?? []).map((child) => child.type)]));
      const meant = new Set(['paragraph_open', 'paragraph_close', 'inline', 'text', 'strong_open', 'strong_close']);
      assert.deepEqual([...kinds].filter((one) => !meant.has(one)), [], `${path}: ${text}`);
      const words = tokens.flatMap((token) => token.children ?? []).map((child) => child.content).join('');
      assert.ok(!words.includes('**'), `${path}: bold that is none: ${text}`);
      assert.ok(!words.replaceAll(/\{\{(DATE|TIME)\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ(, SHORT)?\)\}\}/g, '').includes('{{'), `${path}: ${text}`);
    }
  });
}
