// What Microsoft's own validator says of an unpacked app package: the manifest keeps to its schema, and what it names is there. Called by
// `run` with the folder and the app's id; exits 1 where something is wrong.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(process.env.JIT_MANIFEST_MODULES, 'package.json'));
const { AppManifestUtils } = require('@microsoft/app-manifest');
const [folder, app] = process.argv.slice(2);

const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
assert.deepEqual(await AppManifestUtils.validateAgainstSchema(manifest), [], 'the schema');
assert.deepEqual(readdirSync(folder).sort(), ['color.png', 'manifest.json', 'outline.png']);
assert.ok([manifest.id, manifest.bots[0].botId, manifest.composeExtensions[0].botId].every((id) => id === app), 'one app');
for (const { scopes, commands } of manifest.bots[0].commandLists) {
  assert.ok(scopes.every((scope) => manifest.bots[0].scopes.includes(scope)));
  assert.ok(commands.length <= 10 && commands.every(({ title, description }) => title.length <= 32 && description.length <= 128));
}

// What must be refused: were it taken, the check would check nothing.
for (const [what, spoil] of [
  ['an unknown key', (wrong) => { wrong.bots[0].slash = true; }],
  ['an unknown scope', (wrong) => { wrong.bots[0].scopes.push('planet'); }],
  ['no id', (wrong) => { delete wrong.id; }],
  ['a command without a description', (wrong) => { delete wrong.bots[0].commandLists[0].commands[0].description; }],
]) {
  const wrong = structuredClone(manifest);
  spoil(wrong);
  assert.notDeepEqual(await AppManifestUtils.validateAgainstSchema(wrong), [], `${what} is taken`);
}
console.log(`Teams takes the manifest, by @microsoft/app-manifest ${require('@microsoft/app-manifest/package.json').version}`);
