// The Home tab in the direct message with the bot.
// Called by conversation.js and live.js. Must not keep anything but what people put into its controls.

import * as api from './api.js';
import { showBlocks, stateValues } from './blocks.js';
import { now } from './clock.js';
import { h } from './dom.js';
import { context, told } from './place.js';
import { people, store } from './store.js';

const box = document.getElementById('home-blocks');
const values = new Map();

/** Draws the view that the bot last published for this person. */
export function drawHome() {
  const view = store.home;
  if (!view?.blocks?.length) {
    showBlocks(box, [], { values });
    box.replaceChildren(h('div.empty', null, h('p.empty-title', null, 'Nothing here'), h('p', null, `${store.boot.bot.name} has put nothing on its home page. What it has to say is under Messages.`)));
    return;
  }
  box.querySelector('.empty')?.remove();
  const place = { as: store.me, view_id: view.id };
  showBlocks(box, view.blocks, {
    values, context: context(now()), people, channels: () => store.boot.channels,
    send: (action) => told(api.sendAction({ ...place, state: { values: stateValues(view.blocks, values) }, action })),
    options: (block_id, action_id, query) => api.options({ ...place, block_id, action_id, query }),
  });
}

/** Forgets what stood in the controls: another person looks. */
export function clearHome() {
  values.clear();
  store.home = null;
  showBlocks(box, [], { values });
}
