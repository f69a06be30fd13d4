// Small surfaces above the page: pop-ups placed at a control, and yes/no dialogs.
// Used by picker.js, elements.js, composer.js, modal.js. Must not know any message or view.

import { h, uid } from './dom.js';
import { plain, textObject, textOf } from './mrkdwn.js';

/** Shows `popup` (a manual popover) at `anchor`, below it or above where there is more room. */
export function openAt(popup, anchor, { above = false, width = null } = {}) {
  if (!popup.matches(':popover-open')) popup.showPopover();
  const place = () => {
    const box = anchor.getBoundingClientRect();
    const under = innerHeight - box.bottom - 12;
    const over = box.top - 12;
    const up = above ? over > 120 : under < Math.min(popup.scrollHeight, 260) && over > under;
    const wide = Math.min(width ?? Math.max(box.width, 220), innerWidth - 16);
    popup.style.width = `${wide}px`;
    popup.style.maxHeight = `${Math.min(up ? over : under, 340)}px`;
    popup.style.left = `${Math.max(8, Math.min(box.left, innerWidth - wide - 8))}px`;
    popup.style.top = up ? 'auto' : `${box.bottom + 6}px`;
    popup.style.bottom = up ? `${innerHeight - box.top + 6}px` : 'auto';
  };
  place();
  popup.replace?.();
  addEventListener('resize', place);
  addEventListener('scroll', place, true);
  popup.replace = () => {
    removeEventListener('resize', place);
    removeEventListener('scroll', place, true);
  };
}

export function closePopup(popup) {
  popup.replace?.();
  popup.replace = null;
  if (popup.isConnected && popup.matches(':popover-open')) popup.hidePopover();
}

/** Asks before an action (Block Kit's `confirm` object). Resolves to true or false. */
export function confirmed(confirm, context) {
  return new Promise((resolve) => {
    const title = uid('confirm');
    const text = uid('confirm-text');
    const answer = (yes) => {
      // Not closed first: Chromium then gives the focus back without a caret, and typing goes nowhere.
      dialog.remove();
      before?.focus?.();
      resolve(yes);
    };
    const before = document.activeElement;
    const deny = h('button.button', { type: 'button', onclick: () => answer(false) }, textOf(confirm.deny) || 'Cancel');
    const yes = h('button.button', { type: 'button', class: confirm.style === 'danger' ? 'danger' : 'primary', onclick: () => answer(true) },
      textOf(confirm.confirm) || 'Yes');
    const dialog = h('dialog.modal.confirm', { 'aria-labelledby': title, 'aria-describedby': text, role: 'alertdialog' },
      h('div.modal-head', null, h('h2', { id: title }, plain(textOf(confirm.title)))),
      h('div.modal-body.rich', { id: text }, textObject(confirm.text, context)),
      h('div.modal-foot', null, deny, yes));
    dialog.addEventListener('cancel', (event) => {
      event.preventDefault();
      answer(false);
    });
    document.body.append(dialog);
    dialog.showModal();
    yes.focus();
  });
}
