// The pager below the hints: the provider of on-call rotations, to be driven by hand.
// Called by app.js. Must not know what the bot makes of it.

import * as api from './api.js';
import { h } from './dom.js';
import { told } from './place.js';

const section = document.getElementById('pager');

/** Draws it where the workspace has one. */
export function drawPager(pager) {
  section.hidden = !pager;
  if (!pager) return;
  const incident = `Incident ${pager.incidents.map((number) => `#${number}`).join(', ')}`;
  section.replaceChildren(
    h('h3', null, 'The pager'),
    h('p.pager-says', null, 'What PagerDuty would be: jit asks it every ten seconds who is on call, and what is wrong.'),
    row(`${incident} is ${pager.open ? 'open' : 'resolved'}`, pager.open ? 'Resolve it' : 'Open it again', { open: !pager.open }),
    row(pager.down ? 'It is down: after half a minute nobody is on call' : 'It answers', pager.down ? 'Bring it back' : 'Take it down', { down: !pager.down }));
}

function row(says, label, change) {
  const drive = async () => {
    drawPager(await api.drivePager(change));
    section.querySelector(`[data-key="${Object.keys(change)[0]}"]`)?.focus();
  };
  return h('div.pager-row', null,
    h('span', { role: 'status' }, says),
    h('button.button.small', { type: 'button', 'data-key': Object.keys(change)[0], onclick: () => told(drive()) }, label));
}
