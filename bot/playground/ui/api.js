// Everything that crosses the wire between this page and the playground's server.
// Called by app.js and what it wires. Must not touch the page.

const BASE = '/playground/ui';
const RETRY_MS = [500, 1000, 2000, 4000];

async function call(path, init) {
  let answer;
  try {
    answer = await fetch(BASE + path, init);
  } catch {
    throw new Error('The playground does not answer. Is it still running?');
  }
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok || body.ok === false) throw new Error(body.error || `The playground answered ${answer.status}.`);
  return body;
}

const get = (path, query = {}) => call(`${path}?${new URLSearchParams(query)}`, {});
const post = (path, body) =>
  call(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

export const bootstrap = () => get('/bootstrap');
export const conversations = (as) => get('/conversations', { as }).then((body) => body.conversations);
export const history = (as, channel) => get('/history', { as, channel }).then((body) => body.messages);
export const complete = (as, text) => get('/complete', { as, text }).then((body) => body.completions);
export const sendMessage = (body) => post('/message', body);
export const sendAction = (body) => post('/action', body);
export const sendView = (body) => post('/view', body);
export const options = (body) => post('/options', body).then((answer) => answer.options ?? []);
export const markRead = (as, channel, ts) => post('/read', { as, channel, ts });
export const drivePager = (change) => post('/pager', change).then((body) => body.pager);
export const homeOpened = (as) => post('/home_opened', { as });

/**
 * Follows the live stream of one person until `.close()`. `onup` runs at each (re)connection, `ondown` at each loss,
 * `onevent` for everything else. Reconnects for ever, with a growing pause.
 */
export function follow(as, { onup, ondown, onevent }) {
  let source = null;
  let timer = 0;
  let failures = 0;
  let closed = false;
  const connect = () => {
    clearTimeout(timer);
    source = new EventSource(`${BASE}/stream?${new URLSearchParams({ as })}`);
    source.onopen = () => {
      failures = 0;
      onup();
    };
    source.onmessage = (message) => onevent(JSON.parse(message.data));
    source.onerror = () => {
      source.close();
      if (closed) return;
      ondown();
      timer = setTimeout(connect, RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]);
      failures += 1;
    };
  };
  connect();
  return {
    close() {
      closed = true;
      clearTimeout(timer);
      source.close();
    },
    /** Tries at once, for example when the person asks for it. */
    retry: () => !closed && source.readyState === EventSource.CLOSED && connect(),
  };
}
