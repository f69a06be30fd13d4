// A whole life of an access in the browser, by keyboard alone: ask, approve as another person, see it live, see it end.
// Run by tests/browser/run against the demo, whose people and roles it names; everything else is read from the screen.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { audit, clearAway, DARK, DESKTOP, launch, PHONE, quit } from './browser.mjs';
import { openWorkspace } from './workspace.mjs';

/** The shortest access that the demo's policy gives, and some time to take it back. */
const LIFE_MS = 120_000;

before(launch);
afterEach(clearAway);
after(quit);

/** The newest message of the bot in this conversation that holds all these words. */
const lastWith = (list, ...words) => words.reduce((found, text) => found.filter({ hasText: text }), list).last();

test('asked, approved by another person, live, and verified gone', async () => {
  const { page, workspace, close } = await openWorkspace(DESKTOP);
  const why = `orders hang since ${Date.now()}`;

  await workspace.become('Alice Ames');
  await workspace.visit('#access');
  await workspace.say(`/jit request orders-restart for 1m because ${why}`);
  await workspace.visit('jit');
  const mine = lastWith(workspace.messages, 'Orders service, restart', why);
  await mine.filter({ hasText: 'Waiting for approval' }).waitFor();
  await audit(page, 'journey-waiting');

  await workspace.become('Bob Baker');
  await workspace.visit('jit');
  const card = lastWith(workspace.messages, 'Alice Ames asks for Orders service, restart', why);
  await card.waitFor();
  await audit(page, 'journey-approval');
  await workspace.pressButton(card, 'Approve');
  await lastWith(workspace.messages, 'Orders service, restart', 'Approved').waitFor();
  assert.equal(await lastWith(workspace.messages, why).getByRole('button', { name: /^Approve/ }).count(), 0, 'a decided card has no buttons to decide');

  await workspace.become('Alice Ames');
  await workspace.visit('jit');
  await mine.filter({ hasText: 'Live: Orders service, restart' }).waitFor();
  await mine.locator('.ago.countdown').first().waitFor();
  assert.match(await mine.locator('.ago.countdown').first().textContent(), /^in 0:\d\d$|^in 1:00$/);
  await audit(page, 'journey-live');

  await mine.filter({ hasText: 'verified gone' }).waitFor({ timeout: LIFE_MS });
  await audit(page, 'journey-gone');
  await workspace.visit('#access');
  await lastWith(workspace.messages, 'verified gone', 'Orders service, restart').waitFor();
  await close();
});

test('asked by the form, with a preview of who decides, and denied with a reason', async () => {
  const { page, workspace, close } = await openWorkspace(DESKTOP);
  const why = `refunds hang since ${Date.now()}`;

  await workspace.become('Alice Ames');
  await workspace.visit('#access');
  await workspace.say('/jit request');
  await workspace.tabToField('Role');
  await workspace.type('Payments');
  await workspace.press('Enter');
  await workspace.dialog.getByText(/@?bob/i).first().waitFor();
  await workspace.tabToField('Why');
  await workspace.type(why);
  await audit(page, 'journey-form');
  await workspace.press('Control+Enter');
  await workspace.dialog.waitFor({ state: 'detached' });
  await workspace.visit('jit');
  const mine = lastWith(workspace.messages, 'Payments hosts, administrator', why);
  await mine.filter({ hasText: 'Waiting for approval' }).waitFor();

  await workspace.become('Bob Baker');
  await workspace.visit('jit');
  const card = lastWith(workspace.messages, 'Alice Ames asks for Payments hosts, administrator', why);
  await card.waitFor();
  await workspace.pressButton(card, 'Deny…');
  await workspace.dialog.waitFor();
  await audit(page, 'journey-deny');
  await workspace.press('Control+Enter');
  await workspace.dialog.getByRole('alert').filter({ hasText: /./ }).first().waitFor();
  await workspace.tabToField('Why');
  await workspace.type('use the refund tool instead');
  await workspace.press('Control+Enter');
  await workspace.dialog.waitFor({ state: 'detached' });

  await workspace.become('Alice Ames');
  await workspace.visit('jit');
  await mine.filter({ hasText: 'Denied' }).filter({ hasText: 'use the refund tool instead' }).waitFor();
  await close();
});

for (const { role, title, button, question, note, verdict, told } of [
  { role: 'payments-admin', title: 'Payments hosts, administrator', button: 'Justified…', question: 'What did you look at?', note: 'the sessions match the incident', verdict: 'Justified: Olive Okoye took', told: 'Reviewed as justified' },
  { role: 'orders-restart', title: 'Orders service, restart', button: 'Misuse…', question: 'What was wrong?', note: 'no incident was open', verdict: 'Misuse: Olive Okoye took', told: 'Reviewed as misuse' },
]) {
  test(`taken in an emergency by the form, and reviewed by another person: ${button}`, async () => {
    const { page, workspace, close } = await openWorkspace(DESKTOP);
    const why = `checkout is down since ${Date.now()}`;

    await workspace.become('Olive Okoye');
    await workspace.visit('#inc-42');
    await workspace.say(`/jit emergency ${role} for 5m because ${why}`);
    await workspace.dialog.getByText('You get access at once, and nobody is asked.').waitFor();
    const reason = workspace.dialog.getByLabel('What is the emergency?', { exact: false }).first();
    assert.equal(await reason.inputValue(), why, 'what was typed is in the form');
    await audit(page, `journey-emergency-${role}`);
    await workspace.tabToField('What is the emergency?');
    await workspace.press('Control+Enter');
    await workspace.dialog.waitFor({ state: 'detached' });
    await workspace.visit('jit');
    const mine = lastWith(workspace.messages, title, why);
    await mine.filter({ hasText: `Live: ${title}` }).waitFor();

    await workspace.become('Sam Sato');
    await workspace.visit('#security');
    const card = lastWith(workspace.messages, `Olive Okoye took ${title}`, why);
    await card.filter({ hasText: 'Emergency bypass' }).waitFor();
    await audit(page, `journey-review-${role}`);
    await workspace.pressButton(card, button);
    await workspace.tabToField(question);
    await workspace.type(note);
    await audit(page, `journey-verdict-${role}`);
    await workspace.press('Control+Enter');
    await workspace.dialog.waitFor({ state: 'detached' });
    await card.filter({ hasText: verdict }).filter({ hasText: note }).waitFor();
    assert.equal(await card.getByRole('button', { name: button }).count(), 0, 'it is reviewed once');

    await workspace.become('Olive Okoye');
    await workspace.visit('jit');
    if (button === 'Misuse…') await mine.filter({ hasText: 'verified gone' }).waitFor();
    else assert.equal(await mine.filter({ hasText: `Live: ${title}` }).count(), 1, 'what was justified goes on');
    await workspace.pressButton(mine, await mine.getByRole('button', { name: /repl(y|ies)/ }).first().textContent().then((text) => text.trim()));
    await workspace.thread.filter({ hasText: told }).filter({ hasText: note }).waitFor();
    await close();
  });
}

test('home: asked, decided and given back there, while an approver asks first', async () => {
  const { page, workspace, close } = await openWorkspace(DESKTOP);
  const why = `the cache is stale since ${Date.now()}`;

  await workspace.become('Alice Ames');
  let home = await workspace.openHome();
  await audit(page, 'home-before');
  await home.getByRole('button', { name: 'Ask for access…' }).press('Enter');
  await workspace.tabToField('Role');
  await workspace.type('Orders service, restart');
  await workspace.press('Enter');
  await workspace.tabToField('Why');
  await workspace.type(why);
  await audit(page, 'home-form');
  await workspace.press('Control+Enter');
  await workspace.dialog.waitFor({ state: 'detached' });
  await home.getByText('waiting for').first().waitFor();
  await audit(page, 'home-asked');

  await workspace.become('Bob Baker');
  home = await workspace.openHome();
  await home.getByText(why).waitFor();
  await audit(page, 'home-waiting');
  await home.getByRole('button', { name: /^Ask a question/ }).last().press('Enter');
  await workspace.tabToField('Your question');
  await workspace.type('which host?');
  await audit(page, 'home-question');
  await workspace.press('Control+Enter');
  await workspace.dialog.waitFor({ state: 'detached' });

  await workspace.become('Alice Ames');
  home = await workspace.openHome();
  await home.getByText('which host?').waitFor();
  await home.getByRole('button', { name: /^Answer|^Reply/ }).last().press('Enter');
  await workspace.tabToField('Your answer');
  await workspace.type('the first one');
  await workspace.press('Control+Enter');
  await workspace.dialog.waitFor({ state: 'detached' });

  await workspace.become('Bob Baker');
  await workspace.visit('jit');
  if ((await page.locator('#tab-home').getAttribute('aria-selected')) === 'true') await page.locator('#tab-home').press('ArrowLeft');
  const card = lastWith(workspace.messages, 'Alice Ames asks for', why);
  await card.filter({ hasText: 'the first one' }).waitFor();
  await workspace.pressButton(card, "I'm looking");
  await card.filter({ hasText: 'is looking at it since' }).waitFor();
  await audit(page, 'home-card');
  await workspace.pressButton(card, 'Approve');

  await workspace.become('Alice Ames');
  home = await workspace.openHome();
  await home.getByText('live until').first().waitFor();
  await audit(page, 'home-live');
  await close();

  for (const [name, options] of [['dark', DARK], ['phone', PHONE]]) {
    const other = await openWorkspace(options, new URL(page.url()).hash.slice(2));
    await other.page.locator('#tab-messages').press('ArrowRight');
    await other.page.locator('#home').getByText('What you hold').waitFor();
    await audit(other.page, `home-${name}`);
    await other.close();
  }
});
