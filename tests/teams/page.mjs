// Microsoft's own client with its own page, in two people's hands: one asks, the other approves, and both see their cards change.
// Started by tests/tests/journeys/teams_client.rs, which serves everything; says what it did, and ends with 0 when it saw what it should.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { JIT_CHROMIUM, JIT_MODULES, JIT_REQUESTER, JIT_APPROVER, JIT_SHOTS } = process.env;
const require = createRequire(join(JIT_MODULES, 'package.json'));
const { chromium } = require('playwright-core');

/** Longest wait for anything a person would notice. */
const PATIENCE_MS = 60_000;
const ARGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

const browser = await chromium.launch({ executablePath: JIT_CHROMIUM, args: ARGS });

/** A person's page of the client, in their chat with the bot. What it would fetch from elsewhere (fonts) it does not get. */
async function open(url) {
  const page = await (await browser.newContext({ locale: 'en-GB' })).newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.route((to) => !['127.0.0.1', 'localhost'].includes(to.hostname), (route) => route.abort());
  await page.goto(url);
  await page.getByRole('treeitem', { name: /Personal Chat/ }).click();
  await page.getByRole('textbox').first().waitFor();
  return page;
}

const shoot = async (page, name) => JIT_SHOTS && (await page.screenshot({ path: join(JIT_SHOTS, `teams-${name}.png`) }));

let requester, approver;
try {
  requester = await open(JIT_REQUESTER);
  approver = await open(JIT_APPROVER);

  await requester.getByRole('textbox').first().click();
  await requester.keyboard.type('/jit request orders-write for 1h because the export is broken since noon');
  await requester.keyboard.press('Enter');
  await requester.getByText('Waiting for approval').first().waitFor();
  await shoot(requester, 'asked');
  console.log('asked');

  await approver.getByText('the export is broken since noon').first().waitFor();
  await shoot(approver, 'to-approve');
  await approver.getByRole('button', { name: 'Approve', exact: true }).last().click();
  await approver.getByRole('button', { name: 'Approve', exact: true }).waitFor({ state: 'detached' });
  await approver.getByText(/Approved/).first().waitFor();
  await shoot(approver, 'approved');
  console.log('approved');

  await requester.getByText(/Live: Orders database, write/).first().waitFor();
  assert.equal(await requester.getByText('Waiting for approval').count(), 0, 'the card was changed in its place');
  await shoot(requester, 'live');
  console.log('live');

  await requester.getByRole('button', { name: "I'm done" }).last().click();
  await requester.getByText('End it now?').first().waitFor();
  await requester.getByRole('button', { name: 'End it now', exact: true }).last().click();
  await requester.getByText('verified gone').first().waitFor();
  await shoot(requester, 'gone');
  console.log('gone');
} catch (failure) {
  for (const [who, page] of Object.entries({ requester, approver })) {
    if (!page) continue;
    await shoot(page, `failed-${who}`);
    console.log(`== what the ${who} sees\n${await page.evaluate(() => document.body.innerText)}`);
  }
  throw failure;
} finally {
  await browser.close();
}
