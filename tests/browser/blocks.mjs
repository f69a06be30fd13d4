// The page against scripted answers: every block and element, hostile text, forms, and a connection that breaks.
// Run by tests/browser/run. Needs only that the page's files are served.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { audit, clearAway, DARK, launch, PHONE, quit } from './browser.mjs';
import { message, mrkdwn, NOW, openScripted, option, plain } from './fixture.mjs';

before(launch);
afterEach(clearAway);
after(quit);

const input = (block_id, label, element, more = {}) => ({ type: 'input', block_id, label: plain(label), element: { action_id: 'v', ...element }, ...more });
const actions = (...elements) => message({ blocks: [{ type: 'actions', block_id: 'a', elements }] });
const button = (action_id, text, more = {}) => ({ type: 'button', action_id, text: plain(text), value: 'A-7K3F9Q', ...more });

const VIEW = {
  id: 'V1', hash: '1', type: 'modal', title: plain('Request access'), submit: plain('Ask'), close: plain('Cancel'),
  blocks: [
    input('role', 'Role', { type: 'static_select', options: [option('logs-read'), option('orders-write')], placeholder: plain('Find a role') }, { dispatch_action: true }),
    input('time', 'For how long', { type: 'plain_text_input', dispatch_action_config: { trigger_actions_on: ['on_character_entered'] } }, { dispatch_action: true, hint: plain('30m or 2h') }),
    input('why', 'Why', { type: 'plain_text_input', multiline: true, min_length: 12, max_length: 200 }),
    input('ticket', 'Ticket', { type: 'plain_text_input' }, { optional: true }),
    { type: 'context', block_id: 'preview', elements: [mrkdwn('Choose a role')] },
  ],
};

// ---- text -----------------------------------------------------------------------------------------------------------

const TEXTS = [
  ['*bold* _it_ ~no~ `code`', '<p><strong>bold</strong> <em>it</em> <s>no</s> <code>code</code></p>'],
  ['*both _in_ one*', '<p><strong>both <em>in</em> one</strong></p>'],
  ['2*3*4 snake_case_name a ~ b', '<p>2*3*4 snake_case_name a ~ b</p>'],
  ['`*raw*` *open', '<p><code>*raw*</code> *open</p>'],
  ['&lt;b&gt; &amp;amp;', '<p>&lt;b&gt; &amp;amp;</p>'],
  ['&gt; one\n&gt; two\nthree', '<blockquote>one<br>two</blockquote><p>three</p>'],
  ['• a\n• b', '<ul><li>a</li><li>b</li></ul>'],
  ['2. a\n3. b', '<ol start="2"><li>a</li><li>b</li></ol>'],
  ['```\nx *y*\n```z', '<div class="pre"><pre><code>x *y*</code></pre><button class="copy" type="button">Copy</button></div><p>z</p>'],
  [':lock: :no_such_thing:', '<p>🔒 :no_such_thing:</p>'],
  ['<@U2> <#C2> <!here> <@U9>', '<p><span class="mention">@bob</span> <button class="mention channel" type="button">#security</button> <span class="mention">@here</span> <span class="mention">@U9</span></p>'],
  ['<https://a.test/?q=1&amp;r|A &amp; B>', '<p><a href="https://a.test/?q=1&amp;r" target="_blank" rel="noopener noreferrer nofollow">A &amp; B</a></p>'],
  ['<mailto:x@a.test|mail>', '<p><a href="mailto:x@a.test" target="_blank" rel="noopener noreferrer nofollow">mail</a></p>'],
  ['<javascript:alert(1)|click> <data:text/html,x|y> <vbscript:z>', '<p><span>click</span> <span>y</span> <span>vbscript:z</span></p>'],
  ['<!date^0^{date_num}^javascript:alert(1)|then>', '<p><span>1970-01-01</span></p>'],
  ['<!date^nonsense^{ago}|fallback> <!date^99999999999999999^{time}|far>', '<p>fallback far</p>'],
  ['<img src=x onerror=alert(1)> &lt;script&gt;alert(1)&lt;/script&gt;', '<p><span>img src=x onerror=alert(1)</span> &lt;script&gt;alert(1)&lt;/script&gt;</p>'],
];

test('mrkdwn becomes these nodes and no others', async () => {
  const messages = TEXTS.map(([text]) => message({ text }));
  const session = await openScripted(messages);
  for (const [index, [text, html]] of TEXTS.entries()) {
    const shown = await session.page.locator(`[data-ts="${messages[index].ts}"] .rich`).evaluate((node) => node.innerHTML);
    assert.equal(shown, html, text);
  }
  assert.equal(await session.page.locator('img, script:not([src]), iframe').count(), 0);
  await session.close();
});

test('odd text takes no time', async () => {
  const texts = ['*a '.repeat(12_000), '*_~'.repeat(10_000), '<'.repeat(30_000), '`'.repeat(30_001), '&gt;'.repeat(9_000)];
  const began = Date.now();
  const session = await openScripted(texts.map((text) => message({ text })));
  assert.equal(await session.workspace.messages.count(), texts.length);
  const took = Date.now() - began;
  assert.ok(took < 30_000, `${took} ms`);
  await session.close();
});

test('rich text keeps markup as text', async () => {
  const session = await openScripted([message({ blocks: [{ type: 'rich_text', block_id: 'r', elements: [
    { type: 'rich_text_section', elements: [{ type: 'text', text: '*not bold* ' }, { type: 'text', text: 'bold', style: { bold: true } }, { type: 'user', user_id: 'U1' }, { type: 'link', url: 'javascript:alert(1)', text: 'bad' }] },
    { type: 'rich_text_list', style: 'bullet', indent: 1, elements: [{ type: 'rich_text_section', elements: [{ type: 'emoji', name: 'lock' }] }] },
  ] }] })]);
  const html = await session.page.locator('.block.rich').evaluate((node) => node.innerHTML);
  assert.equal(html, '<p>*not bold* <strong>bold</strong><span class="mention me">@alice</span><span>bad</span></p><ul data-indent="1"><li>🔒</li></ul>');
  await session.close();
});

test('time left counts down, warns, and turns red', async () => {
  // Far enough ahead that the page has been opened by then, however slow the machine.
  const start = NOW + 60;
  const session = await openScripted([message({ text: `ends <!date^${start + 125}^{ago}|soon>, asked <!date^${NOW - 90}^{ago}|before>` })]);
  const [left, asked] = [session.page.locator('.ago').nth(0), session.page.locator('.ago').nth(1)];
  const state = async () => [await left.textContent(), (await left.getAttribute('class')).split(' ').filter((name) => name === 'soon' || name === 'past').join()];
  await session.page.clock.pauseAt(start * 1000);
  await session.emit({ type: 'hello', now: start });
  await session.page.clock.runFor(2100);
  assert.deepEqual(await state(), ['in 2:03', '']);
  await session.page.clock.runFor(4000);
  assert.deepEqual(await state(), ['in 1:59', 'soon']);
  await session.page.clock.runFor(120_000);
  assert.deepEqual(await state(), ['1 s ago', 'past']);
  assert.ok(!(await asked.getAttribute('class')).includes('countdown'), 'what was past when it was said is no countdown');
  await session.close();
});

// ---- elements -------------------------------------------------------------------------------------------------------

test('a button waits for the acknowledgement, and shows what went wrong', async () => {
  const session = await openScripted([actions(button('approve', 'Approve', { style: 'primary', accessibility_label: 'Approve A-7K3F9Q' }))]);
  const approve = session.page.getByRole('button', { name: 'Approve A-7K3F9Q' });
  let release;
  session.answers.action = () => new Promise((resolve) => (release = () => resolve({ ok: false, error: 'The bot did not answer in 3 seconds.' })));
  await approve.press('Enter');
  const sent = await session.posted('action');
  assert.equal(await approve.getAttribute('aria-busy'), 'true');
  await approve.press('Enter');
  release();
  await session.page.getByRole('alert').filter({ hasText: 'did not answer in 3 seconds' }).waitFor();
  assert.equal(await approve.getAttribute('aria-busy'), null);
  assert.equal(session.posts.filter((post) => post.path === 'action').length, 1, 'a waiting button takes no second press');
  assert.deepEqual([sent.as, sent.channel, sent.action.type, sent.action.block_id, sent.action.action_id, sent.action.value], ['U1', 'C1', 'button', 'a', 'approve', 'A-7K3F9Q']);
  await audit(session.page, 'toast');
  await session.close();
});

test('a dangerous button asks first', async () => {
  const confirm = { title: plain('Revoke?'), text: mrkdwn('*At once*'), confirm: plain('Revoke it'), deny: plain('Leave it'), style: 'danger' };
  const session = await openScripted([actions(button('revoke', 'Revoke', { style: 'danger', confirm }))]);
  await session.page.getByRole('button', { name: 'Revoke' }).press('Enter');
  await session.page.getByRole('alertdialog', { name: 'Revoke?' }).waitFor();
  await audit(session.page, 'confirm');
  await session.workspace.press('Escape');
  await session.page.getByRole('alertdialog').waitFor({ state: 'detached' });
  assert.equal(session.posts.length, 0);
  await session.workspace.press('Enter', 'Enter');
  assert.equal((await session.posted('action')).action.action_id, 'revoke');
  await session.close();
});

const CHOICES = [option('5m'), option('15m'), option('1h')];
const ELEMENTS = [
  ['static select', { type: 'static_select', placeholder: plain('Less') , options: CHOICES }, async ({ page, workspace }) => {
    await page.getByRole('combobox', { name: 'Less' }).focus();
    await workspace.press('ArrowDown', 'ArrowDown', 'Enter');
  }, { selected_option: CHOICES[1] }],
  ['select, by typing', { type: 'static_select', placeholder: plain('Less'), option_groups: [{ label: plain('Short'), options: CHOICES }] }, async ({ page, workspace }) => {
    await page.getByRole('combobox', { name: 'Less' }).focus();
    await workspace.type('1h');
    await workspace.press('Enter');
  }, { selected_option: CHOICES[2] }],
  ['several of a list', { type: 'multi_static_select', placeholder: plain('Tags'), options: CHOICES }, async ({ page, workspace, posted }) => {
    await page.getByRole('combobox', { name: 'Tags' }).focus();
    await workspace.press('ArrowDown', 'Enter');
    await posted('action');
    await workspace.press('ArrowDown', 'Enter');
    await posted('action', 2);
  }, { selected_options: [CHOICES[0], CHOICES[1]] }],
  ['people', { type: 'users_select', placeholder: plain('Who') }, async ({ page, workspace }) => {
    await page.getByRole('combobox', { name: 'Who' }).focus();
    await workspace.type('bob');
    await workspace.press('Enter');
  }, { selected_user: 'U2' }],
  ['overflow menu', { type: 'overflow', options: CHOICES }, async ({ page, workspace }) => {
    await page.getByRole('button', { name: 'More actions' }).press('Enter');
    await page.getByRole('menuitem').first().waitFor();
    await workspace.press('ArrowDown', 'Enter');
  }, { selected_option: CHOICES[1] }],
  ['checkboxes', { type: 'checkboxes', options: CHOICES, initial_options: [CHOICES[2]] }, async ({ page }) => page.getByRole('checkbox', { name: '5m', exact: true }).press('Space'), { selected_options: [CHOICES[0], CHOICES[2]] }],
  ['radio buttons', { type: 'radio_buttons', options: CHOICES, initial_option: CHOICES[0] }, async ({ page }) => page.getByRole('radio', { name: '5m', exact: true }).press('ArrowDown'), { selected_option: CHOICES[1] }],
  ['date', { type: 'datepicker', placeholder: plain('Day') }, async ({ page }) => page.getByLabel('Day').fill('2026-12-24'), { selected_date: '2026-12-24' }],
  ['time', { type: 'timepicker', placeholder: plain('Hour') }, async ({ page }) => page.getByLabel('Hour').fill('14:30'), { selected_time: '14:30' }],
  ['date and time', { type: 'datetimepicker', placeholder: plain('Start') }, async ({ page }) => page.getByLabel('Start').fill('2026-12-24T14:30'), { selected_date_time: Date.UTC(2026, 11, 24, 13, 30) / 1000 }],
];

for (const [name, element, act, expected] of ELEMENTS) {
  test(`element: ${name}`, async () => {
    const session = await openScripted([actions({ action_id: 'v', ...element })]);
    await act(session);
    const { action, state } = await session.posted('action', name.startsWith('several') ? 2 : 1);
    assert.deepEqual(action, { type: element.type, block_id: 'a', action_id: 'v', ...expected });
    if (element.type !== 'overflow') assert.deepEqual(state.values.a.v, { type: element.type, ...expected });
    await session.close();
  });
}

test('an external list is searched as one types', async () => {
  const session = await openScripted([actions({ action_id: 'v', type: 'external_select', min_query_length: 1, placeholder: plain('Role') })]);
  session.answers.options = ({ query }) => ({ options: ['logs-read', 'orders-read'].filter((role) => role.includes(query)).map((role) => option(role, { description: plain('a role') })) });
  await session.page.getByRole('combobox', { name: 'Role' }).focus();
  await session.workspace.press('ArrowDown');
  await session.page.getByText('Type 1 more letter to search').waitFor();
  await session.workspace.type('orders');
  await session.page.getByRole('option', { name: 'orders-read' }).waitFor();
  await session.workspace.press('Enter');
  assert.equal((await session.posted('action')).action.selected_option.value, 'orders-read');
  assert.deepEqual((await session.posted('options')), { as: 'U1', channel: 'C1', message_ts: session.posts[0].body.message_ts, block_id: 'a', action_id: 'v', query: 'orders' });
  await session.close();
});

// ---- forms ----------------------------------------------------------------------------------------------------------

for (const [look, options] of [['light', undefined], ['dark', DARK], ['phone', PHONE]]) {
  test(`a form announces what is missing, ${look}`, async () => {
    const session = await openScripted([], options);
    await session.emit({ type: 'view', view: VIEW });
    await session.page.getByRole('dialog', { name: 'Request access' }).waitFor();
    await session.page.getByLabel('Why').fill('short');
    await session.workspace.press('Control+Enter');
    const role = session.page.getByLabel('Role');
    assert.equal(await role.getAttribute('aria-invalid'), 'true');
    assert.ok(await role.evaluate((node) => node === document.activeElement), 'the first bad field has the focus');
    const described = await role.evaluate((node) => node.getAttribute('aria-describedby').split(' ').map((id) => document.getElementById(id).textContent).join(''));
    assert.match(described, /fill this in/i);
    assert.deepEqual(await session.page.locator('.block.input.invalid .error[role=alert]').allTextContents(), ['Please fill this in.', 'Please fill this in.', 'At least 12 characters, please.']);
    await audit(session.page, `form-errors-${look}`);
    assert.equal(session.posts.filter((post) => post.path === 'view').length, 0);
    await session.close();
  });
}

test('a form is filled by keyboard, refused by the bot, mended and taken', async () => {
  const session = await openScripted([]);
  const { workspace, page } = session;
  await session.emit({ type: 'view', view: VIEW });
  session.answers.view = ({ state }) => (state.values.time.v.value === '2h' ? { result: 'closed' } : { result: 'errors', errors: { time: '“2 ours” is no duration.' } });
  await (await workspace.tabToField('Role')).press('ArrowDown');
  await workspace.press('ArrowDown', 'Enter');
  await workspace.tabToField('For how long');
  await workspace.type('2 ours');
  await workspace.tabToField('Why');
  await workspace.type('mending a stuck order');
  await workspace.press('Control+Enter');
  await page.getByRole('alert').filter({ hasText: 'is no duration' }).waitFor();
  assert.equal(await page.getByLabel('For how long').evaluate((node) => node === document.activeElement), true);
  await workspace.press('Control+a');
  await workspace.type('2h');
  await workspace.press('Enter');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  const sent = await session.posted('view', 2);
  assert.deepEqual(sent, { as: 'U1', view_id: 'V1', kind: 'submit', state: { values: {
    role: { v: { type: 'static_select', selected_option: option('orders-write') } }, time: { v: { type: 'plain_text_input', value: '2h' } },
    why: { v: { type: 'plain_text_input', value: 'mending a stuck order' } }, ticket: { v: { type: 'plain_text_input', value: null } },
  } } });
  await session.close();
});

test('a live preview keeps what one types, the caret and the focus', async () => {
  const session = await openScripted([]);
  const { page, workspace } = session;
  await session.emit({ type: 'view', view: VIEW });
  await workspace.tabToField('Why');
  await workspace.type('a reason that stays');
  const field = await workspace.tabToField('Ticket').then(() => page.getByLabel('For how long'));
  await field.focus();
  await workspace.type('30m');
  await page.clock.runFor(450);
  const sent = await session.posted('action');
  assert.deepEqual(sent.action, { type: 'plain_text_input', block_id: 'time', action_id: 'v', value: '30m' });
  assert.equal(sent.state.values.why.v.value, 'a reason that stays');
  await workspace.press('ArrowLeft', 'ArrowLeft');
  const [role, time, ...rest] = VIEW.blocks;
  const preview = { type: 'context', block_id: 'preview', elements: [mrkdwn('*Bob* will be asked')] };
  await session.emit({ type: 'view', view: { ...VIEW, hash: '2', blocks: [role, { type: 'section', block_id: 'new', text: mrkdwn('New') }, { ...time, hint: plain('At most 1h') }, ...rest.slice(0, 2), preview] } });
  await page.getByText('Bob will be asked').waitFor();
  assert.equal(await field.inputValue(), '30m');
  assert.deepEqual(await field.evaluate((node) => [node === document.activeElement, node.selectionStart]), [true, 1]);
  assert.equal(await page.getByLabel('Why').inputValue(), 'a reason that stays');
  await workspace.type('9');
  assert.equal(await field.inputValue(), '390m');
  await session.close();
});

test('a choice that is no longer offered gives way to the one proposed', async () => {
  const session = await openScripted([]);
  const choose = (options, more) => ({ ...VIEW, blocks: [input('time', 'For how long', { type: 'static_select', options, ...more }, { dispatch_action: true })] });
  await session.emit({ type: 'view', view: choose(CHOICES) });
  const field = session.page.getByLabel('For how long');
  await field.press('ArrowDown');
  await session.workspace.press('ArrowDown', 'ArrowDown', 'Enter');
  await session.posted('action');
  assert.equal(await field.inputValue(), '1h');
  await session.emit({ type: 'view', view: choose(CHOICES.slice(0, 2), { initial_option: CHOICES[1] }) });
  assert.equal(await field.inputValue(), '15m');
  await session.workspace.press('Control+Enter');
  assert.deepEqual((await session.posted('view')).state.values.time.v.selected_option, CHOICES[1]);
  await session.close();
});

test('forms stack, and Escape closes one at a time', async () => {
  const session = await openScripted([]);
  const { page, workspace } = session;
  for (const id of ['V1', 'V2', 'V3']) await session.emit({ type: 'view', view: { ...VIEW, id, title: plain(`Form ${id}`) } });
  assert.equal(await page.locator('dialog[open]').count(), 3);
  await workspace.press('Escape');
  assert.deepEqual([(await session.posted('view')).view_id, (await session.posted('view')).kind], ['V3', 'close']);
  await session.emit({ type: 'view_closed', view_id: 'V2' });
  await page.getByRole('dialog', { name: 'Form V1' }).waitFor();
  assert.equal(await page.locator('dialog[open]').count(), 1);
  await page.keyboard.press('Alt+2');
  assert.ok(await page.locator('#people [data-id=U1][aria-selected=true]').count(), 'nobody changes person behind a form');
  await workspace.press('Escape');
  await page.locator('dialog[open]').waitFor({ state: 'detached' });
  assert.equal(await workspace.focused(), 'composer-input');
  await session.close();
});

// ---- live -----------------------------------------------------------------------------------------------------------

test('messages come, change and go without reload', async () => {
  const first = message({ text: 'first' });
  const session = await openScripted([first]);
  const { page, workspace } = session;
  await session.emit({ type: 'message', channel: 'C1', message: message({ text: 'second', blocks: actions(button('go', 'Go')).blocks }) });
  const second = session.page.locator('.message').filter({ has: page.getByRole('button', { name: 'Go' }) });
  await second.waitFor();
  await page.locator('#announcements', { hasText: 'jit: second' }).waitFor({ state: 'attached' });
  await page.getByRole('button', { name: 'Go' }).focus();
  const ts = await second.getAttribute('data-ts');
  await session.emit({ type: 'changed', channel: 'C1', message: message({ ts, text: 'decided', edited: true }) });
  await workspace.message('(edited)');
  assert.equal(await page.evaluate(() => document.activeElement.dataset.ts), ts, 'a button that goes hands the focus to its message');
  await session.emit({ type: 'deleted', channel: 'C1', ts: first.ts });
  await workspace.messages.filter({ hasText: 'first' }).waitFor({ state: 'detached' });
  await session.emit({ type: 'ephemeral', channel: 'C1', message: message({ text: 'psst' }) });
  await page.getByText('Only visible to you', { exact: true }).waitFor();
  await audit(page, 'ephemeral');
  await page.getByRole('button', { name: 'Dismiss' }).press('Enter');
  await workspace.messages.filter({ hasText: 'psst' }).waitFor({ state: 'detached' });
  await session.emit({ type: 'unread', channel: 'C2', unread: 3 });
  await page.locator('#channels [data-id=C2].unread .badge', { hasText: '3' }).waitFor();
  await session.close();
});

test('a lost connection is said, and mended with all that was missed', async () => {
  const session = await openScripted([message({ text: 'before' })]);
  await session.drop();
  await session.page.locator('#offline').waitFor();
  await audit(session.page, 'offline');
  await session.page.clock.runFor(600);
  await session.page.locator('#offline').waitFor();
  session.answers.history = { messages: [message({ text: 'before' }), message({ text: 'missed' })] };
  await session.revive();
  await session.page.clock.runFor(2000);
  await session.page.locator('#offline').waitFor({ state: 'hidden' });
  await session.workspace.message('missed');
  await session.close();
});

test('an empty conversation helps on', async () => {
  const session = await openScripted([]);
  session.answers.complete = { completions: [{ insert: '/jit request ', label: '/jit request', detail: 'ask for access' }] };
  await session.page.getByText('Nothing in #access yet').waitFor();
  await audit(session.page, 'empty');
  await session.page.getByRole('button', { name: 'Start a command' }).press('Enter');
  await session.page.clock.runFor(200);
  await session.page.getByRole('option', { name: '/jit request' }).waitFor();
  await session.close();
});

// ---- keyboard -------------------------------------------------------------------------------------------------------

test('everything is reached without a mouse', async () => {
  const session = await openScripted([message({ text: 'one' }), message({ text: 'two' })]);
  const { page, workspace } = session;
  const person = () => page.locator('#people [aria-selected=true]').getAttribute('data-id');
  await page.locator('#people [data-id=U1]').focus();
  await workspace.press('ArrowDown', 'Enter');
  await page.waitForFunction(() => location.hash === '#/U2/C1');
  assert.equal(await person(), 'U2');
  await workspace.press('Alt+1');
  await page.waitForFunction(() => location.hash === '#/U1/C1');
  await page.locator('#channels [data-id=C1][aria-current=page]').waitFor();
  assert.equal(await page.locator('#people [role=option]').count(), 2, 'who is deactivated cannot be switched to');
  await workspace.press('Alt+ArrowDown');
  await page.locator('#where', { hasText: 'security' }).waitFor();
  await workspace.press('Alt+ArrowUp');
  await page.locator('#where', { hasText: 'access' }).waitFor();
  for (const region of ['people', 'messages', 'composer']) await workspace.cycleTo(region);
  await workspace.cycleTo('messages');
  await workspace.press('ArrowUp');
  assert.match(await workspace.focused(), /one/);
  await workspace.press('?');
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
  await audit(page, 'shortcuts');
  await workspace.press('Escape', 'Control+k');
  await page.getByRole('dialog', { name: 'Jump to' }).waitFor();
  await audit(page, 'switcher');
  await workspace.press('Escape', '/');
  assert.equal(await workspace.focused(), 'composer-input');
  assert.equal(await workspace.composer.inputValue(), '/');
  await session.close();
});

test('the focus is always to be seen', async () => {
  const session = await openScripted([actions(button('go', 'Go'))]);
  for (let turn = 0; turn < 18; turn += 1) {
    await session.workspace.press('Tab');
    const seen = await session.page.evaluate(() => {
      const node = document.activeElement;
      if (node === document.body) return true;
      const lit = (other) => other && (getComputedStyle(other).outlineStyle !== 'none' || getComputedStyle(other).boxShadow !== 'none');
      return lit(node) || (lit(node.parentElement) && node.matches('textarea')) || node.outerHTML;
    });
    assert.equal(seen, true);
  }
  await session.close();
});

test('the theme that was chosen is remembered', async () => {
  const session = await openScripted([]);
  const colour = () => session.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await colour();
  await session.page.getByRole('button', { name: 'Dark theme' }).press('Enter');
  const dark = await colour();
  assert.notEqual(dark, light);
  await audit(session.page, 'dark-by-choice');
  await session.page.reload();
  await session.page.locator('body.ready').waitFor();
  assert.equal(await colour(), dark);
  await session.close();
});
