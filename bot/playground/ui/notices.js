// What the page says by itself: toasts, the banner of a lost connection, announcements to screen readers.
// Called by app.js and modal.js. Must not decide anything.

import { h, icon } from './dom.js';

/** How long a toast that needs no answer stays. */
const TOAST_MS = 6000;
const MOST_TOASTS = 3;

const region = h('div.toasts', { popover: 'manual', role: 'region', 'aria-label': 'Notices' });

/** Shows a short notice; errors stay until dismissed and are announced at once. */
export function toast(text, level = 'info') {
  const error = level === 'error' || level === 'warning';
  const home = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document.body;
  if (region.parentElement !== home) home.append(region);
  if (!region.matches(':popover-open')) region.showPopover();
  const drop = () => {
    node.remove();
    if (!region.childElementCount) region.hidePopover();
  };
  const node = h('div.toast', { class: error ? 'bad' : 'good', role: error ? 'alert' : 'status' });
  region.append(node);
  while (region.childElementCount > MOST_TOASTS) region.firstElementChild.remove();
  // Filled after it stands in the page: only then do readers announce it.
  requestAnimationFrame(() => node.append(h('span', null, text), h('button.icon-button', { type: 'button', 'aria-label': 'Dismiss notice', onclick: drop }, icon('close'))));
  if (!error) setTimeout(drop, TOAST_MS);
}

/** Takes the toasts out of a dialog that is about to go. */
export function rescueToasts(dialog) {
  if (!dialog.contains(region)) return;
  document.body.append(region);
  if (region.childElementCount) region.showPopover();
}

/** Says a new message to screen readers, politely. */
export function announce(text) {
  const log = document.getElementById('announcements');
  log.append(h('p', null, text));
  while (log.childElementCount > 20) log.firstElementChild.remove();
}

/** Shows or hides the banner of a lost connection. */
export function connection(up) {
  document.getElementById('offline').hidden = up;
  document.body.classList.toggle('is-offline', !up);
}
