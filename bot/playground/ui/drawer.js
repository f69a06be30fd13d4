// The page's own furniture: the sidebar as a drawer on narrow windows, and the theme toggle.
// Called by app.js. Must not know messages.

import { icon } from './dom.js';
import { narrow } from './place.js';

const $ = (id) => document.getElementById(id);

/** Opens or closes the drawer; true if it was open. */
export function openSidebar(wanted) {
  const open = wanted && narrow();
  const was = document.body.classList.contains('has-sidebar');
  document.body.classList.toggle('has-sidebar', open);
  $('shade').hidden = !open;
  $('open-sidebar').setAttribute('aria-expanded', String(open));
  for (const part of ['main', 'thread', 'hints']) $(part).inert = open;
  if (open) ($('people').querySelector('[aria-selected=true]') ?? $('close-sidebar')).focus();
  else if (was && $('sidebar').contains(document.activeElement)) $('open-sidebar').focus();
  return was;
}

export function wireDrawer() {
  $('open-sidebar').addEventListener('click', () => openSidebar(true));
  $('close-sidebar').addEventListener('click', () => openSidebar(false));
  $('shade').addEventListener('click', () => openSidebar(false));
  addEventListener('resize', () => !narrow() && document.body.classList.contains('has-sidebar') && openSidebar(false));
}

/** Light and dark: the system's wish until somebody chooses, then the choice. */
export function wireTheme() {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const root = document.documentElement;
  const isDark = () => (root.dataset.theme ?? (system.matches ? 'dark' : 'light')) === 'dark';
  const draw = () => {
    $('toggle-theme').replaceChildren(icon(isDark() ? 'sun' : 'moon'));
    $('toggle-theme').setAttribute('aria-pressed', String(isDark()));
  };
  $('toggle-theme').addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark';
    try {
      localStorage.setItem('jit-theme', root.dataset.theme);
    } catch {
      // Without storage the choice lasts as long as the page.
    }
    draw();
  });
  system.addEventListener('change', draw);
  draw();
}
