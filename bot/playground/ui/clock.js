// The server's clock, and times that stay true on the page ("in 4:32").
// Used by mrkdwn.js and messages.js. Must not read the machine's clock anywhere but in `now`.

import { h } from './dom.js';

let offset = 0;
const hourCycle = new Intl.DateTimeFormat(undefined, { hour: 'numeric' }).resolvedOptions().hourCycle ?? 'h23';
const format = (options) => new Intl.DateTimeFormat('en-GB', options);
const TIME = new Intl.DateTimeFormat('en-US', { hour: hourCycle.startsWith('h2') ? '2-digit' : 'numeric', minute: '2-digit', hourCycle });
const TIME_SECS = new Intl.DateTimeFormat('en-US', { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle });
const SHORT = format({ day: 'numeric', month: 'short', year: 'numeric' });
const MEDIUM = format({ day: 'numeric', month: 'long', year: 'numeric' });
const LONG = format({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
const FULL = format({ dateStyle: 'full', timeStyle: 'long' });

/** Takes the server's idea of now (unix seconds) as the truth. */
export const setNow = (server) => {
  offset = server - Date.now() / 1000;
};

/** Unix seconds by the server's clock. */
export const now = () => Date.now() / 1000 + offset;

export const clockTime = (unix) => TIME.format(unix * 1000);

const dayNumber = (unix) => {
  const date = new Date(unix * 1000);
  return Math.round(Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / 86400000);
};

/** A key that changes at local midnight. */
export const dayKey = dayNumber;

function pretty(unix, otherwise) {
  return { '-1': 'Yesterday', 0: 'Today', 1: 'Tomorrow' }[dayNumber(unix) - dayNumber(now())] ?? otherwise;
}

export const dayName = (unix) => pretty(unix, LONG.format(unix * 1000));

/** "in 4:32", "in 1 h 12 min", "now", "12 s ago". */
export function ago(unix) {
  const left = Math.round(unix - now());
  const seconds = Math.abs(left);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (seconds === 0) return 'now';
  if (left > 0) {
    if (seconds < 3600) return `in ${minutes}:${String(seconds % 60).padStart(2, '0')}`;
    if (hours < 24) return `in ${hours} h ${String(minutes % 60).padStart(2, '0')} min`;
    return `in ${Math.floor(hours / 24)} d ${hours % 24} h`;
  }
  if (seconds < 60) return `${seconds} s ago`;
  if (minutes < 60) return `${minutes} min ago`;
  return hours < 24 ? `${hours} h ago` : `${Math.floor(hours / 24)} d ago`;
}

const TOKENS = {
  date_num: (unix) => new Date(unix * 1000).toLocaleDateString('sv-SE'),
  date: (unix) => MEDIUM.format(unix * 1000),
  date_short: (unix) => SHORT.format(unix * 1000),
  date_long: (unix) => LONG.format(unix * 1000),
  date_pretty: (unix) => pretty(unix, MEDIUM.format(unix * 1000)),
  date_short_pretty: (unix) => pretty(unix, SHORT.format(unix * 1000)),
  date_long_pretty: (unix) => pretty(unix, LONG.format(unix * 1000)),
  day_divider_pretty: (unix) => dayName(unix),
  time: (unix) => TIME.format(unix * 1000),
  time_secs: (unix) => TIME_SECS.format(unix * 1000),
};

/**
 * Nodes for a date template such as `{date_short_pretty} {time} ({ago})`; an `{ago}` ticks.
 * A time still ahead of `since` (when the text was said) is a countdown: it warns and turns red.
 * Within a sentence (not at its `start`) it says "today", not "Today".
 */
export function dateNodes(unix, template, since, start = true) {
  const nodes = [];
  for (const part of template.split(/(\{[a-z_]+\})/).filter(Boolean)) {
    const token = /^\{([a-z_]+)\}$/.exec(part)?.[1];
    if (token === 'ago') {
      const attributes = { datetime: new Date(unix * 1000).toISOString(), title: FULL.format(unix * 1000), 'data-ago': unix };
      const time = h(unix > since ? 'time.ago.countdown' : 'time.ago', attributes, ago(unix));
      tick(time);
      nodes.push(time);
    } else if (token && Object.hasOwn(TOKENS, token)) {
      const words = TOKENS[token](unix);
      nodes.push(start ? words : words.replace(/^(Today|Tomorrow|Yesterday)$/, (word) => word.toLowerCase()));
    } else nodes.push(part);
    start = false;
  }
  return nodes;
}

/** Marks countdowns that stand in brackets, which need no frame of their own. Returns `nodes`. */
export function bracketed(nodes) {
  nodes.forEach((node, at) => {
    if (node instanceof Element && node.classList.contains('countdown') && typeof nodes[at - 1] === 'string' && nodes[at - 1].endsWith('(')) node.classList.add('bare');
  });
  return nodes;
}

/** A small `<time>` with the clock time of a message. */
export function stamp(unix) {
  return h('time.stamp', { datetime: new Date(unix * 1000).toISOString(), title: FULL.format(unix * 1000) }, clockTime(unix));
}

function tick(time) {
  const unix = Number(time.dataset.ago);
  const words = ago(unix);
  if (time.textContent !== words) time.textContent = words;
  if (!time.classList.contains('countdown')) return;
  const left = unix - now();
  time.classList.toggle('soon', left >= 0 && left < 120);
  time.classList.toggle('past', left < 0);
}

/** Starts the one timer that keeps every `{ago}` on the page true. */
export function startTicking() {
  const all = () => document.querySelectorAll('time[data-ago]').forEach(tick);
  const next = () => {
    all();
    setTimeout(next, 1000 - ((now() * 1000) % 1000) + 15);
  };
  next();
  document.addEventListener('visibilitychange', all);
}
