// The page against a live playground: what a newcomer meets, live delivery, and axe in each state.
// Run by tests/browser/run. Must work with any sample workspace: it reads people, channels and hints from the server.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { audit, BASE, clearAway, DARK, DESKTOP, launch, PHONE, quit } from './browser.mjs';
import { openWorkspace } from './workspace.mjs';

let boot;

before(async () => {
  boot = await (await fetch(`${BASE}/playground/ui/bootstrap`)).json();
  await launch();
});
afterEach(clearAway);
after(quit);

const people = () => boot.people.filter((person) => !person.deleted);
const firstName = (person) => (person.real_name || person.name).split(' ')[0];

/** A form that `/jit request` opened, in this page. */
async function openForm({ workspace }) {
  await workspace.say(`${boot.command} request`);
  await workspace.dialog.getByRole('heading').first().waitFor();
}

/** A message of the bot that holds a card, or the help if there is none yet. */
async function meetTheBot({ workspace, page }) {
  await workspace.visit(boot.bot.name);
  await workspace.say(`${boot.command} help`);
  await page.locator('.message.from-bot').first().waitFor();
}

for (const [look, options] of [['light', DESKTOP], ['dark', DARK], ['phone', PHONE]]) {
  test(`first page, ${look}`, async () => {
    const session = await openWorkspace(options);
    assert.match(await session.page.title(), /jit playground/);
    assert.equal(await session.page.locator('#team-name').textContent(), boot.team.name);
    await audit(session.page, `first-${look}`);
    await session.close();
  });

  test(`conversation with the bot's cards, ${look}`, async () => {
    const session = await openWorkspace(options);
    await meetTheBot(session);
    await audit(session.page, `cards-${look}`);
    await session.close();
  });

  test(`open form, ${look}`, async () => {
    const session = await openWorkspace(options);
    await openForm(session);
    await audit(session.page, `modal-${look}`);
    await session.workspace.press('Escape');
    await session.page.locator('dialog[open]').waitFor({ state: 'detached' });
    assert.equal(await session.workspace.focused(), 'composer-input', 'closing gives the focus back');
    await session.workspace.type('on I write');
    assert.equal(await session.workspace.composer.inputValue(), 'on I write');
    await session.close();
  });

  test(`open thread, ${look}`, async () => {
    const session = await openWorkspace(options);
    const text = `a thread in ${look}`;
    await session.workspace.say(text);
    await session.workspace.pressButton(await session.workspace.message(text), 'Reply in thread');
    await session.page.locator('#thread-input').waitFor();
    await session.workspace.type('first reply');
    await session.workspace.press('Enter');
    await session.workspace.thread.filter({ hasText: 'first reply' }).waitFor();
    await (await session.workspace.message(text)).getByRole('button', { name: '1 reply' }).waitFor({ state: look === 'phone' ? 'attached' : 'visible' });
    await audit(session.page, `thread-${look}`);
    await session.workspace.press('Escape');
    await session.page.locator('#thread').waitFor({ state: 'hidden' });
    await session.close();
  });
}

test('phone: people and conversations are in a drawer', async () => {
  const session = await openWorkspace(PHONE);
  assert.equal(await session.page.locator('#people').isVisible(), false);
  await session.page.locator('#open-sidebar').tap();
  await session.page.locator('#people').waitFor();
  await audit(session.page, 'drawer-phone');
  await session.page.locator('#people').getByText(firstName(people()[1])).tap();
  await session.page.locator('#people').waitFor({ state: 'hidden' });
  await session.page.waitForFunction((id) => location.hash.startsWith(`#/${id}/`), people()[1].id);
  const width = await session.page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 390, `nothing is wider than the phone, but something is ${width}`);
  await session.close();
});

test('a message reaches another person without reload, with an unread mark', async () => {
  const [writer, reader] = people();
  const places = async (person) => (await (await fetch(`${BASE}/playground/ui/conversations?as=${person.id}`)).json()).conversations;
  const mine = await places(reader);
  const shared = (await places(writer)).filter((place) => place.kind === 'channel' && mine.some((other) => other.id === place.id))[0];
  const elsewhere = mine.find((place) => place.id !== shared.id);
  const one = await openWorkspace(DESKTOP, `${writer.id}/${shared.id}`);
  const two = await openWorkspace(DESKTOP, `${reader.id}/${elsewhere.id}`);
  const text = 'the door is <open> & *wide*';
  await one.workspace.say(text);
  const mark = two.page.locator(`#channels [data-id="${shared.id}"]`);
  await mark.locator('.badge').waitFor();
  assert.ok(await mark.evaluate((node) => node.classList.contains('unread')));
  await two.workspace.visit(`#${shared.name}`);
  const shown = await two.workspace.message('the door is <open> & wide');
  assert.equal(await shown.locator('strong', { hasText: 'wide' }).count(), 1);
  await mark.locator('.badge').waitFor({ state: 'detached' });
  await one.workspace.say('and live');
  await two.workspace.message('and live');
  await two.page.locator('#announcements', { hasText: 'and live' }).waitFor({ state: 'attached' });
  await one.close();
  await two.close();
});

test('hints switch the person and fill the composer, but send nothing', async () => {
  const session = await openWorkspace(DESKTOP);
  const hint = boot.hints.find((other) => other.type);
  assert.ok(hint, 'the workspace has hints');
  await session.workspace.cycleTo('hints');
  await session.workspace.press('Enter');
  await session.page.waitForFunction((text) => document.getElementById('composer-input').value === text, hint.type);
  await session.page.locator(`#people [data-id="${hint.as}"][aria-selected=true]`).waitFor();
  assert.equal(await session.workspace.focused(), 'composer-input');
  await session.page.locator('#close-hints').focus();
  await session.workspace.press('Enter');
  await session.page.locator('#hints').waitFor({ state: 'hidden' });
  await session.page.reload();
  await session.page.locator('body.ready').waitFor();
  assert.equal(await session.page.locator('#hints').isVisible(), false, 'closing is remembered');
  await session.close();
});

test('commands and roles are completed', async () => {
  const session = await openWorkspace(DESKTOP);
  const { workspace, page } = session;
  await workspace.toComposer();
  await workspace.type(`${boot.command} req`);
  await page.getByRole('listbox', { name: 'Completions' }).getByRole('option').first().waitFor();
  assert.equal(await workspace.composer.getAttribute('aria-expanded'), 'true');
  await audit(page, 'completion');
  await workspace.press('Tab');
  await page.waitForFunction((text) => document.getElementById('composer-input').value.startsWith(text), `${boot.command} request `);
  await page.getByRole('listbox', { name: 'Completions' }).getByRole('option').first().waitFor();
  await workspace.press('ArrowDown');
  const chosen = await page.evaluate(() => document.getElementById(document.getElementById('composer-input').getAttribute('aria-activedescendant')).querySelector('.option-label').textContent);
  await workspace.press('Enter');
  assert.ok((await workspace.composer.inputValue()).includes(chosen.trim().split(' ')[0]), `"${chosen}" is taken`);
  await session.close();
});

test('the server forbids foreign code, and the page needs none', async () => {
  const answer = await fetch(`${BASE}/playground/`);
  const policy = answer.headers.get('content-security-policy') ?? '';
  for (const rule of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"]) assert.ok(policy.includes(rule), `${rule} is missing in "${policy}"`);
  assert.ok(!policy.includes('unsafe'), policy);
});
