// The playground's page in the words of somebody who uses it with the keyboard.
// Used by page.mjs and journey.mjs. Must only press keys and read what is shown; no clicks, no waiting by the clock.

import assert from 'node:assert/strict';

import { newPage, PAGE } from './browser.mjs';

/** Opens the workspace; `at` is `person/conversation` as in the address, or nothing. */
export async function openWorkspace(options, at = '', prepare) {
  const session = await newPage(options, prepare);
  await session.page.goto(`${PAGE}${at && `#/${at}`}`);
  await session.page.locator('body.ready').waitFor();
  return { ...session, workspace: new Workspace(session.page) };
}

export class Workspace {
  constructor(page) {
    this.page = page;
    this.messages = page.locator('#message-list > .message');
    this.thread = page.locator('#thread-list > .message');
    this.dialog = page.locator('dialog[open]').last();
    this.composer = page.locator('#composer-input');
  }

  press(...keys) {
    return keys.reduce((before, key) => before.then(() => this.page.keyboard.press(key)), Promise.resolve());
  }

  type(text) {
    return this.page.keyboard.type(text);
  }

  /** What has the focus, as an accessible-enough description. */
  focused() {
    return this.page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent?.trim() || document.activeElement?.tagName);
  }

  /** Becomes a person by the quick switcher. */
  async become(name) {
    const selected = this.page.locator('#people [aria-selected=true]');
    if ((await selected.textContent()).includes(name)) return;
    await this.jump(name);
    await selected.filter({ hasText: name }).waitFor();
    await this.page.locator('#where', { hasNotText: '…' }).waitFor();
  }

  /** Opens a conversation by the quick switcher: `#access`, or the bot's name. */
  async visit(name) {
    await this.jump(name);
    await this.page.locator('#where', { hasText: name.replace('#', '') }).waitFor();
  }

  /** Opens the home tab of the conversation with the bot; gives it. */
  async openHome() {
    await this.visit('jit');
    const tab = this.page.locator('#tab-home');
    if ((await tab.getAttribute('aria-selected')) !== 'true') await this.page.locator('#tab-messages').press('ArrowRight');
    const home = this.page.locator('#home');
    await home.getByText('What you hold').waitFor();
    return home;
  }

  async jump(name) {
    await this.press('Control+k');
    await this.dialog.getByRole('combobox').waitFor();
    await this.type(name);
    await this.dialog.getByRole('option', { selected: true }).filter({ hasText: name }).waitFor();
    await this.press('Enter');
    await this.page.locator('dialog.switcher').waitFor({ state: 'detached' });
  }

  /** Writes into the composer and sends. */
  async say(text) {
    await this.toComposer();
    await this.type(text);
    await this.press('Escape', 'Enter');
    await this.page.waitForFunction(() => document.getElementById('composer-input').value === '');
  }

  /** Brings the focus into the composer by F6 alone. */
  async toComposer() {
    if (await this.page.evaluate(() => document.activeElement?.closest('.picker') !== null)) await this.press('Escape');
    await this.cycleTo('composer');
  }

  /** Presses F6 until the focus stands inside the element with this id. */
  async cycleTo(id) {
    for (let turn = 0; turn < 10; turn += 1) {
      if (await this.page.evaluate((wanted) => document.getElementById(wanted).contains(document.activeElement), id)) return;
      await this.press('F6');
    }
    assert.fail(`F6 never reaches #${id}`);
  }

  /** The last message that holds `text`, once it is there. */
  async message(text) {
    const found = this.messages.filter({ hasText: text }).last();
    await found.waitFor();
    return found;
  }

  /** Presses a button of a message: F6 to the messages, arrows to this one, Tab to the button, Enter. */
  async pressButton(message, name) {
    const ts = await message.getAttribute('data-ts');
    await this.cycleTo('messages');
    await this.press('End');
    const here = () => this.page.evaluate(() => document.activeElement.closest('.message')?.dataset.ts);
    for (let turn = await this.messages.count(); turn > 0 && (await here()) !== ts; turn -= 1) await this.press('ArrowUp');
    assert.equal(await here(), ts, 'the arrows reach the message');
    await this.tabTo(name, () => here().then((now) => now === ts));
    await this.press('Enter');
  }

  /** Presses Tab until a control of this name has the focus, as long as `within` holds. */
  async tabTo(name, within = async () => true) {
    for (let turn = 0; turn < 40; turn += 1) {
      const names = await this.page.evaluate(() => [document.activeElement.getAttribute('aria-label'), document.activeElement.textContent.trim()]);
      if (names.includes(name)) return;
      await this.press('Tab');
      if (!(await within())) break;
    }
    assert.fail(`Tab never reaches "${name}"`);
  }

  /** Moves by Tab to the field with this label inside the open dialog. */
  async tabToField(label) {
    const field = this.dialog.getByLabel(label, { exact: false }).first();
    await field.waitFor();
    for (let turn = 0; turn < 40; turn += 1) {
      if (await field.evaluate((node) => node === document.activeElement || node.contains(document.activeElement))) return field;
      await this.press('Tab');
    }
    return assert.fail(`Tab never reaches the field "${label}"`);
  }
}
