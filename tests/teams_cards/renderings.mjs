// Draws every card with Microsoft's own library in Chromium, narrow and wide, light and dark, and looks at what came out: nothing sticks
// out, nothing is cut off, every button and every text is there, and axe finds nothing serious. With JIT_SHOTS set a picture of each is kept.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { css, host } from './host.mjs';
import { inside, read, samples } from './samples.mjs';

const require = createRequire(join(process.env.JIT_TEAMS_MODULES, 'package.json'));
const { chromium } = require('playwright-core');
const source = (path) => readFileSync(require.resolve(path), 'utf8');
const ADAPTIVE_CARDS = source('adaptivecards/dist/adaptivecards.min.js');
const AXE = source('axe-core/axe.min.js');
const MARKDOWN = readFileSync(join(process.env.JIT_TEAMS_MODULES, 'node_modules/markdown-it/dist/markdown-it.min.js'), 'utf8');
/** The narrowest that Teams shows a card: a phone, or a meeting's side panel. */
const WIDTHS = [320, 720];

let browser;
before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.JIT_CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
});
after(() => browser?.close());

/** A page that draws one card after the other. */
async function stage(width, theme) {
  const page = await browser.newPage({ viewport: { width, height: 600 }, locale: 'en-GB', timezoneId: 'Europe/Berlin' });
  const faults = [];
  page.on('pageerror', (error) => faults.push(error.stack));
  page.on('request', (request) => faults.push(`a request: ${request.url()}`));
  await page.setContent(`<!doctype html><html lang="en"><title>A card</title><style>${css(theme)}</style><main></main></html>`);
  faults.length = 0;
  for (const script of [ADAPTIVE_CARDS, MARKDOWN, AXE]) await page.addScriptTag({ content: script });
  await page.evaluate((config) => {
    const markdown = window.markdownit({ html: false, linkify: false });
    AdaptiveCards.AdaptiveCard.onProcessMarkdown = (text, result) => {
      result.outputHtml = markdown.render(text);
      result.didProcess = true;
    };
    window.draw = (content) => {
      const card = new AdaptiveCards.AdaptiveCard();
      card.hostConfig = new AdaptiveCards.HostConfig(config);
      card.parse(content, new AdaptiveCards.SerializationContext(AdaptiveCards.Versions.v1_5));
      const drawn = card.render();
      // The library puts the name of a field that is typed into on what is around it, and leaves one that is filled in without any. Teams draws
      // this one by itself.
      for (const field of drawn.querySelectorAll('input.ac-choiceSetInput-filtered')) {
        const name = field.closest('[aria-labelledby]')?.getAttribute('aria-labelledby');
        if (name) field.setAttribute('aria-labelledby', name);
      }
      document.querySelector('main').replaceChildren(drawn);
    };
  }, host(theme));
  return { page, faults };
}

/** What sticks out of the page or is cut off in its own box. Runs in the page. */
function troubles() {
  const wrong = [];
  const edge = document.documentElement.clientWidth;
  for (const element of document.querySelectorAll('main *')) {
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    const what = `${element.className || element.tagName} “${element.textContent.slice(0, 60)}”`;
    if (box.right > edge + 0.5 || box.left < -0.5) wrong.push(`sticks out: ${what}`);
    if (style.overflow !== 'visible' && element.scrollWidth > element.clientWidth + 1 && !element.matches('input, textarea, select')) wrong.push(`is cut off: ${what}`);
    if (element.matches('.ac-textBlock, .ac-richTextBlock') && (box.height < 8 || box.width < 8)) wrong.push(`has no room: ${what}`);
  }
  return wrong;
}

/** Labels that must be on the card as it stands: those of its buttons, not of what they unfold. */
function labels(content) {
  const own = [...inside(content)].filter(([path]) => !path.includes('/card/') && !path.includes('/fallback') && !path.startsWith('/refresh'));
  return own.filter(([, object]) => object.type?.startsWith('Action.')).map(([, object]) => object.title);
}

/** Texts that must be readable; times are drawn in the reader's own way, and blanks and line ends as one blank. */
function texts(content) {
  const own = [...inside(content)].filter(([path]) => !path.includes('/card/') && !path.startsWith('/refresh'));
  const all = own.filter(([, object]) => ['TextBlock', 'TextRun'].includes(object.type)).map(([, object]) => object.text);
  return all.flatMap((text) => text.split(/\{\{[^}]*\}\}|\*\*/)).map(squeezed).filter(Boolean);
}

/** What the documents say that becomes of the times of a card: day and time of day where the page's reader is. */
function days(content) {
  const own = [...inside(content)].filter(([path, object]) => object.type === 'TextBlock' && !path.includes('/card/') && !path.startsWith('/refresh'));
  return own.flatMap(([, object]) => [...object.text.matchAll(/\{\{DATE\(([^,)]*), SHORT\)\}\} \{\{TIME\(([^)]*)\)\}\}/g)]).map(([, date, time]) => {
    assert.equal(date, time);
    const at = new Date(date);
    const zone = { timeZone: 'Europe/Berlin' };
    const day = at.toLocaleDateString('en-GB', { ...zone, day: 'numeric', weekday: 'short', month: 'short', year: 'numeric' });
    return squeezed(`${day} ${at.toLocaleTimeString('en-GB', { ...zone, hour: 'numeric', minute: '2-digit' })}`);
  });
}

const squeezed = (text) => text.replaceAll(/\s+/g, ' ').trim();

for (const theme of ['light', 'dark']) {
  for (const width of WIDTHS) {
    test(`${theme}, ${width} wide`, async (t) => {
      const { page, faults } = await stage(width, theme);
      // Colours differ by theme, and structure by nothing: once with each is enough.
      const audited = (theme === 'light') === (width > 320);
      for (const { name, kind, content } of samples) {
        await t.test(`${name} (${kind})`, async () => {
          const shown = read(content);
          await page.evaluate((card) => window.draw(card), shown);
          if (process.env.JIT_SHOTS) {
            mkdirSync(process.env.JIT_SHOTS, { recursive: true });
            await page.screenshot({ path: join(process.env.JIT_SHOTS, `${name}-${kind}-${theme}-${width}.png`), fullPage: true });
          }
          assert.deepEqual(await page.evaluate(troubles), []);
          const buttons = await page.locator('main button').allInnerTexts();
          for (const label of labels(shown)) assert.ok(buttons.includes(label), `the button “${label}” is missing among ${buttons}`);
          const said = squeezed(await page.locator('main').innerText());
          for (const text of texts(shown)) assert.ok(said.includes(text), `“${text}” cannot be read in: ${said}`);
          // A time that is written otherwise than the documents say is shown as it is written.
          assert.ok(!said.includes('{{'), `a time is not read in: ${said}`);
          for (const day of days(shown)) assert.ok(said.includes(day), `“${day}” cannot be read in: ${said}`);
          if (!audited) return;
          const findings = await page.evaluate(async () => {
            const { violations } = await axe.run(document.querySelector('main'), { resultTypes: ['violations'] });
            return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
              .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`);
          });
          assert.deepEqual(findings, []);
        });
      }
      assert.deepEqual(faults, []);
      await page.close();
    });
  }
}
