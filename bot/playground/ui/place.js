// Where one is, and how to get elsewhere: by the address (`#/person/conversation`), so links and reload just work.
// Used by conversation.js, home.js, live.js, app.js. Must not draw.

import { now } from './clock.js';
import { toast } from './notices.js';
import * as data from './store.js';

const { store } = data;

/** Phones and narrow windows: sidebar and panels lie over the page. */
export const narrow = () => matchMedia('(max-width: 760px)').matches;

export const address = (channel, as = store.me) => `#/${as}/${channel ?? ''}`;

export const go = {
  conversation: (id) => {
    location.hash = address(id);
  },
  /** Becomes somebody else, in the same channel, or in their own conversation with the bot. */
  person: (id) => {
    const direct = data.conversation(store.channel)?.kind === 'im';
    location.hash = address(direct ? 'dm' : store.channel, id);
  },
  step: (by) => {
    const all = ['channel', 'im'].flatMap((kind) => store.conversations.filter((other) => other.kind === kind));
    const at = all.findIndex((other) => other.id === store.channel);
    if (all.length) go.conversation(all[(at + by + all.length) % all.length].id);
  },
};

/** What text needs to know: names behind ids, and when it was said. */
export const context = (since) => ({
  me: store.me, since, person: data.person, channel: data.channel, openChannel: (id) => data.conversation(id) && go.conversation(id),
});

/** What modals need to know of the page. */
export const host = { me: () => store.me, context: () => context(now()), people: data.people, channels: () => store.boot.channels };

/** Waits for a call; a failure becomes a toast. True if it went well. */
export async function told(promise) {
  try {
    await promise;
    return true;
  } catch (error) {
    toast(error.message, 'error');
    return false;
  }
}
