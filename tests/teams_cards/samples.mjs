// Every sample of every card and dialog on Teams, as `samples --teams` prints them, one JSON object a line: `{ name, content }` and what
// the message around it says. Used by the suites here; must not know what a card says.

import { readFileSync } from 'node:fs';

/** All of them. */
export const samples = readFileSync(process.env.JIT_TEAMS_SAMPLES, 'utf8').trim().split('\n').map((line) => JSON.parse(line));

/** Every object within a value, with the path to it. */
export function* inside(value, path = '') {
  if (value === null || typeof value !== 'object') return;
  if (!Array.isArray(value)) yield [path, value];
  for (const [key, within] of Object.entries(value)) yield* inside(within, `${path}/${key}`);
}

/** The same card as Teams shows it to a reader: its mentions are names. */
export function read(content) {
  const names = (content.msteams?.entities ?? []).map(({ text, mentioned }) => [text, mentioned.name]);
  const shown = structuredClone(content);
  for (const [, object] of inside(shown)) {
    if (object.type !== 'TextBlock') continue;
    for (const [text, name] of names) object.text = object.text.replaceAll(text, name);
  }
  return shown;
}
