// Builds DOM nodes and icons. Used by every module here.
// Must never parse markup: text from the server only ever becomes text nodes.

let serial = 0;

/** A fresh element id, for aria references. */
export const uid = (prefix = 'e') => `${prefix}-${(serial += 1)}`;

/**
 * `h('button.primary', {type: 'button', onclick: f, 'aria-label': 'x'}, 'text', node, [more])`.
 * `on*` functions become listeners, `true` an empty attribute, `false`/`null`/`undefined` none.
 */
export function h(spec, props, ...children) {
  const [tag, ...classes] = spec.split('.');
  const element = document.createElement(tag || 'div');
  if (classes.length) element.classList.add(...classes);
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (key === 'class') element.classList.add(...String(value).split(' ').filter(Boolean));
    else if (key === 'value') element.value = value;
    else element.setAttribute(key, value === true ? '' : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// Stroked 20×20 outlines, drawn for this page.
const ICONS = {
  menu: 'M3 5.5h14M3 10h14M3 14.5h14',
  close: 'M5 5l10 10M15 5L5 15',
  back: 'M12 4.5L6.5 10l5.5 5.5',
  down: 'M5.5 8l4.5 4.5L14.5 8',
  arrowDown: 'M10 4v12M5.5 11.5L10 16l4.5-4.5',
  hash: 'M7.5 3.5L6 16.5M14 3.5l-1.5 13M3.5 7.5h13.5M3 12.5h13.5',
  thread: 'M4 4.5h12a1 1 0 011 1v7a1 1 0 01-1 1H9.5L6 16.5v-3H4a1 1 0 01-1-1v-7a1 1 0 011-1z',
  send: 'M3.5 10L16.5 4l-4 12.5-3.2-5.3z M9.3 11.2L16.5 4',
  eye: 'M2 10s3-5 8-5 8 5 8 5-3 5-8 5-8-5-8-5z M10 12.2a2.2 2.2 0 100-4.4 2.2 2.2 0 000 4.4z',
  sun: 'M10 13.5a3.5 3.5 0 100-7 3.5 3.5 0 000 7z M10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.3 4.3l1.1 1.1M14.6 14.6l1.1 1.1M4.3 15.7l1.1-1.1M14.6 5.4l1.1-1.1',
  moon: 'M16.5 12A7 7 0 018 3.5a7 7 0 108.5 8.5z',
  keyboard: 'M3 5.5h14a1 1 0 011 1v7a1 1 0 01-1 1H3a1 1 0 01-1-1v-7a1 1 0 011-1z M5.5 8.5h.01M8.5 8.5h.01M11.5 8.5h.01M14.5 8.5h.01M6.5 11.5h7',
  bulb: 'M7.5 15h5M8.5 17.5h3M10 2.5a5 5 0 00-3 9c.6.5.9 1 .9 1.7v.3h4.2v-.3c0-.7.3-1.2.9-1.7a5 5 0 00-3-9z',
  check: 'M4 10.5l4 4 8-9',
  dots: 'M5 10h.01M10 10h.01M15 10h.01',
  search: 'M9 14.5a5.5 5.5 0 100-11 5.5 5.5 0 000 11z M13 13l4 4',
  clock: 'M10 17a7 7 0 100-14 7 7 0 000 14z M10 6v4.2l2.8 1.8',
  home: 'M3.5 9.5L10 3.5l6.5 6v7h-4.5v-4h-4v4H3.5z',
};

/** A decorative line icon; name it through its button's label. */
export function icon(name) {
  const ns = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(ns, 'svg');
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('aria-hidden', 'true');
  svg.classList.add('icon');
  const path = document.createElementNS(ns, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

/** The bot's face: a dial with a slice of time left. */
function botMark() {
  const ns = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(ns, 'svg');
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.classList.add('mark');
  for (const [d, name] of [['M10 17.2a7.2 7.2 0 100-14.4 7.2 7.2 0 000 14.4z', 'ring'], ['M10 10V4.8a5.2 5.2 0 014.5 7.8z', 'slice']]) {
    const path = document.createElementNS(ns, 'path');
    path.setAttribute('d', d);
    path.setAttribute('class', name);
    svg.append(path);
  }
  return svg;
}

/** Initials of a person, or the bot's mark; decorative, the name stands beside it. */
export function avatar(person, extra = '') {
  const name = person?.real_name || person?.name || '?';
  const box = h('span.avatar', { 'aria-hidden': 'true', class: extra });
  if (person?.is_bot) {
    box.classList.add('bot');
    box.append(botMark());
    return box;
  }
  const words = name.split(/[\s.]+/).filter(Boolean);
  box.append((words.length > 1 ? words[0][0] + words.at(-1)[0] : name.slice(0, 2)).toUpperCase());
  let sum = 0;
  for (const letter of person?.id ?? name) sum = (sum * 31 + letter.codePointAt(0)) >>> 0;
  box.dataset.hue = person?.hue ?? sum % 8;
  return box;
}
