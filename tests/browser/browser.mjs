// Chromium, and a guard over every page: console errors, failed requests and strangers' hosts fail the check.
// Used by every suite here. Must not know what a page shows.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(process.env.JIT_BROWSER_MODULES ?? '.', 'package.json'));
const { chromium } = require('playwright-core');
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** Where the playground is; its page is below it. */
export const BASE = new URL(process.env.JIT_URL ?? 'http://127.0.0.1:8080').origin;
export const PAGE = `${BASE}/playground/`;

export const DESKTOP = { viewport: { width: 1280, height: 800 } };
export const DARK = { ...DESKTOP, colorScheme: 'dark' };
export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

/** Longest wait for anything a person would notice. */
const PATIENCE_MS = 30_000;

let browser = null;
/** Pages that are open: after a check, those of a failed one. */
const sessions = new Set();

/** Starts Chromium once per suite. */
export async function launch() {
  browser = await chromium.launch({
    executablePath: process.env.JIT_CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

export const quit = () => browser?.close();

/**
 * A page of its own, with nothing remembered. `prepare(page)` runs before the first request. The returned `faults` is
 * what went wrong so far; `close()` fails if anything did.
 */
export async function newPage(options = DESKTOP, prepare = async () => {}) {
  const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'Europe/Berlin', ...options });
  const page = await context.newPage();
  const faults = [];
  page.setDefaultTimeout(PATIENCE_MS);
  page.on('console', (line) => line.type() === 'error' && faults.push(`console: ${line.text()}`));
  page.on('pageerror', (error) => faults.push(`script: ${error.stack}`));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.origin !== BASE && url.protocol !== 'data:') faults.push(`stranger: ${url.href}`);
  });
  page.on('requestfailed', (request) => {
    // A stream ends when its page or person goes; that is no failure.
    const ended = request.url().includes('/ui/stream') && request.failure()?.errorText === 'net::ERR_ABORTED';
    if (!ended) faults.push(`request: ${request.method()} ${request.url()} ${request.failure()?.errorText}`);
  });
  page.on('response', (response) => response.status() >= 400 && faults.push(`answer: ${response.status()} ${response.url()}`));
  await prepare(page);
  const session = {
    page,
    faults,
    async close() {
      sessions.delete(session);
      await context.close();
      assert.deepEqual(faults, [], 'the page must be free of errors');
    },
  };
  sessions.add(session);
  return session;
}

/** Closes the pages of checks that failed; with JIT_SHOTS set a picture of each is kept. Called between checks. */
export async function clearAway() {
  for (const { page, faults } of sessions) {
    await shoot(page, `failed-${Date.now()}`);
    if (faults.length) console.log(`the page of the failed check had: ${faults.join('; ')}`);
    await page.context().close();
  }
  sessions.clear();
}

async function shoot(page, name) {
  if (!process.env.JIT_SHOTS) return;
  mkdirSync(process.env.JIT_SHOTS, { recursive: true });
  await page.screenshot({ path: join(process.env.JIT_SHOTS, `${name}.png`) });
}

/** Runs axe; anything serious or critical fails. With JIT_SHOTS set it also keeps a picture named `name`. */
export async function audit(page, name) {
  await shoot(page, name);
  // An animation half-way has colours that nobody is meant to read.
  await page.waitForFunction(() => document.getAnimations().every((animation) => animation.playState !== 'running' || animation.effect.getTiming().iterations === Infinity));
  const findings = await page.evaluate(async (source) => {
    // The page's policy forbids foreign scripts; the debugger's own evaluation is not bound by it.
    const axe = window.axe ?? new Function(`${source}; return window.axe`)();
    const { violations } = await axe.run(document, { resultTypes: ['violations'] });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, impact, nodes }) => `${impact}: ${id}: ${nodes.map((node) => `${node.html.slice(0, 200)} ${node.failureSummary}`).join(' | ')}`);
  }, AXE);
  assert.deepEqual(findings, [], `axe on "${name}"`);
}
