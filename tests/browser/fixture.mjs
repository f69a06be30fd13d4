// A scripted workspace: the page's files come from the real server, the browser protocol from here.
// Used by blocks.mjs, to show the page what no sample bot would send. Must not need anything but a served page.

import { DESKTOP } from './browser.mjs';
import { openWorkspace } from './workspace.mjs';

export const NOW = 1_790_000_000;
export const ALICE = { id: 'U1', name: 'alice', real_name: 'Alice Ames', title: 'Engineer', deleted: false };
export const BOB = { id: 'U2', name: 'bob', real_name: 'Bob Byrne', title: 'Manager', deleted: false };
const GONE = { id: 'U3', name: 'gone', real_name: 'Gil Gone', title: 'Former engineer', deleted: true };
const BOT = { id: 'UBOT', name: 'jit' };
const CHANNELS = [{ id: 'C1', name: 'access', topic: 'Grants' }, { id: 'C2', name: 'security', topic: 'Failures' }];

export const plain = (text) => ({ type: 'plain_text', text });
export const mrkdwn = (text) => ({ type: 'mrkdwn', text });
export const option = (value, more = {}) => ({ text: plain(value), value, ...more });

let serial = 0;
/** A message of the bot in #access, a moment ago. */
export const message = (fields) => {
  serial += 1;
  return { ts: `${NOW - 60}.${String(serial).padStart(6, '0')}`, user: BOT.id, name: BOT.name, is_bot: true, text: '', ...fields };
};

/**
 * Opens the page as Alice in #access over scripted answers. Returns the session with `posts` (what the page sent, as
 * `{path, body}`), `emit(event)`, `drop()` and `revive()` for the stream, and `answers` to change replies by path.
 */
export async function openScripted(messages = [], options = DESKTOP) {
  const posts = [];
  const answers = {
    bootstrap: { team: { id: 'T1', name: 'Scripted' }, command: '/jit', now: NOW, bot: BOT, people: [ALICE, BOB, GONE], channels: CHANNELS, hints: [] },
    conversations: { conversations: [...CHANNELS.map((channel) => ({ ...channel, kind: 'channel', unread: 0, mention: false })), { id: 'D1', kind: 'im', name: 'jit', unread: 0, mention: false }] },
    history: { messages },
    complete: { completions: [] },
    message: { ok: true }, action: { ok: true }, view: { result: 'closed' }, options: { options: [] }, read: { ok: true }, home_opened: { ok: true },
  };
  const prepare = async (page) => {
    await page.clock.install({ time: NOW * 1000 });
    await page.addInitScript(() => {
      // A stream that the check plays: it connects at once, unless told to be down.
      window.streams = { down: false, all: [] };
      window.EventSource = class {
        static CLOSED = 2;
        readyState = 0;
        constructor() {
          window.streams.all.push(this);
          queueMicrotask(() => (window.streams.down ? this.fail() : this.onopen?.()));
        }
        fail() {
          this.readyState = 2;
          this.onerror?.();
        }
        close() {
          this.readyState = 2;
        }
      };
    });
    await page.route('**/playground/ui/**', async (route) => {
      const path = new URL(route.request().url()).pathname.split('/').at(-1);
      const body = route.request().postDataJSON?.();
      if (route.request().method() === 'POST' && path !== 'read') posts.push({ path, body });
      const answer = typeof answers[path] === 'function' ? await answers[path](body) : answers[path];
      await route.fulfill({ json: answer });
    });
  };
  const session = await openWorkspace(options, 'U1/C1', prepare);
  const { page } = session;
  return {
    ...session, posts, answers,
    emit: (event) => page.evaluate((data) => window.streams.all.at(-1).onmessage({ data: JSON.stringify(data) }), event),
    drop: () => page.evaluate(() => {
      window.streams.down = true;
      window.streams.all.at(-1).fail();
    }),
    revive: () => page.evaluate(() => (window.streams.down = false)),
    /** Waits until the page has posted to `path` this many times; returns the last body. */
    async posted(path, times = 1) {
      const until = Date.now() + 30_000;
      for (;;) {
        const found = posts.filter((post) => post.path === path);
        if (found.length >= times) return found.at(-1).body;
        if (Date.now() > until) throw new Error(`expected ${times} posts to ${path}, saw ${JSON.stringify(posts)}`);
        await page.evaluate(() => new Promise((resume) => requestAnimationFrame(resume)));
      }
    },
  };
}
