/**
 * One connection that keeps to its limits and asks for what costs most: `{ ask: { port, row,
 * seconds } }` is answered with `{ asked: figures }`.
 */
import { tokenFor } from './tokens.mjs';
import { FrameReader, openSocket, textFrame } from './wire.mjs';

const range = (length, make) => Array.from({ length }, (_, at) => make(at));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const INFO = { name: 'Ada', about: 'x'.repeat(780) };
const CAPS = Object.fromEntries(range(190, (at) => [`other:${at}:*`, ['subscribe']]));
const claims = (more = {}) => ({ role: 'member', info: INFO, caps: CAPS, ...more });

/** A connection that counts replies and can pause. */
class Asker {
  carriedOut = 0;
  refused = 0;
  answered = 0;
  waitUntil = 0;
  /** Subscriptions that have caught up. */
  lives = 0;
  #socket;
  #id = 1;

  static async connect(port, user, more) {
    const asker = new Asker();
    const reader = new FrameReader((text) => asker.#take(text));
    asker.#socket = await openSocket(port, (chunk) => reader.read(chunk));
    asker.ask([{ type: 'connect', token: tokenFor(user, claims(more)) }]);
    await asker.settled(1);
    return asker;
  }

  ask(commands) {
    const frames = commands.map((command) => textFrame(JSON.stringify({ ...command, id: this.#id++ })));
    this.#socket.write(Buffer.concat(frames));
  }

  async settled(count) {
    while (this.answered < count) await pause(1);
  }

  close() {
    this.#socket.destroy();
  }

  async caughtUp(lives, end) {
    while (this.lives < lives && performance.now() < end) await pause(1);
  }

  #take(text) {
    if (text.startsWith('{"type":"messages"')) return;
    if (text.length > 50_000) {
      if (text.includes('"type":"reply"')) this.#count(true); // pages come alone
      return;
    }
    for (const message of [JSON.parse(text)].flat()) {
      if (message.type === 'reply') this.#count(true);
      if (message.type === 'live') this.lives++;
      if (message.type !== 'error') continue;
      const { retryAfter } = message.error;
      this.#count(retryAfter === undefined);
      if (retryAfter !== undefined) this.waitUntil = performance.now() + retryAfter;
    }
  }

  #count(carriedOut) {
    this.answered++;
    if (carriedOut) this.carriedOut++;
    else this.refused++;
  }
}

let count = 0;
const alternate = (first, second) => () => (count++ % 2 === 0 ? first : second);

/** What each row asks for before it is measured, and then again and again. */
const ROWS = {
  'connect with 190 capabilities': { connects: true },
  ping: { ask: () => ({ type: 'ping' }) },
  invalid: { ask: () => ({ type: 'dance', data: 'x'.repeat(1_000) }) },
  'subscribe, unsubscribe': {
    ask: alternate({ type: 'subscribe', channel: 'new:a' }, { type: 'unsubscribe', channel: 'new:a' }),
  },
  'subscribe since a time, of 300,000 messages': {
    ask: alternate({ type: 'subscribe', channel: 'long:a', since: 1 }, { type: 'unsubscribe', channel: 'long:a' }),
  },
  'subscribe with a rewind of 60 MB': {
    ask: alternate({ type: 'subscribe', channel: 'large:a', rewind: 1e9 }, { type: 'unsubscribe', channel: 'large:a' }),
    catchUp: true,
  },
  'subscribe with a rewind of 300,000 messages': {
    ask: alternate({ type: 'subscribe', channel: 'long:a', rewind: 1e9 }, { type: 'unsubscribe', channel: 'long:a' }),
    catchUp: true,
  },
  'publish 1.2 KB with a key': {
    ask: () => ({ type: 'publish', channel: 'new:b', key: `k${count++}`, data: range(200, () => [1, [2]]) }),
  },
  'history, 1,000 large messages': { ask: () => ({ type: 'history', channel: 'large:a', limit: 1000 }) },
  'history, 1,000 small messages': { ask: () => ({ type: 'history', channel: 'small:a', limit: 1000 }) },
  'history, nested numbers': { ask: () => ({ type: 'history', channel: 'deep:a', limit: 1000 }) },
  'enter with another state of 1 KiB': {
    ask: () => ({ type: 'enter', channel: 'new:c', state: `${count++}${'x'.repeat(1_000)}` }),
  },
  'enter, leave': { ask: alternate({ type: 'enter', channel: 'new:c' }, { type: 'leave', channel: 'new:c' }) },
  'watch 500 members of 0.5 KB, unwatch': {
    full: true,
    ask: alternate({ type: 'watch', channel: 'full:a' }, { type: 'unwatch', channel: 'full:a' }),
    gap: 20,
  },
  'members, 500 of 0.5 KB': { full: true, ask: () => ({ type: 'members', channel: 'full:a', limit: 1000 }) },
  refresh: {
    holds: true,
    ask: () => ({ type: 'refresh', token: tokenFor('holder', claims({ info: { ...INFO, n: count++ } })) }),
    gap: 500,
  },
};

/** Fills a channel with members who stay. */
async function fill(port) {
  for (let at = 0; at < 500; at++) {
    const one = await Asker.connect(port, `member${at}`, { caps: {}, info: { about: 'x'.repeat(400) } });
    one.ask([{ type: 'enter', channel: 'full:a' }]);
    await one.settled(2);
  }
}

/** Subscribes to, watches and enters 1,000 channels each. */
async function hold(asker) {
  const all = range(1000, (at) => ['subscribe', 'watch', 'enter'].map((type) => ({ type, channel: `mine:${at}` })));
  for (let at = 0; at < all.length; at += 50) {
    const before = asker.answered;
    asker.ask(all.slice(at, at + 50).flat());
    await asker.settled(before + 150);
  }
}

export async function prepare({ port, row }) {
  const { full, holds } = ROWS[row];
  if (full) await fill(port);
  const asker = await Asker.connect(port, 'holder');
  if (holds) await hold(asker);
  // Cheap commands use up the burst first: only the sustained cost counts.
  while (asker.refused === 0) {
    const before = asker.answered;
    asker.ask(range(100, () => ({ type: 'ping' })));
    await asker.settled(before + 100);
  }
  return asker;
}

/** Reconnects again and again: limits per address apply if configured, limits per connection do not. */
async function connectAll({ port, seconds }) {
  const end = performance.now() + seconds * 1000;
  let connected = 0;
  for (; performance.now() < end; connected++) (await Asker.connect(port, 'guest')).close();
  return connected;
}

/** Asks as often as the gateway allows. */
export async function ask(asker, { port, row, seconds }) {
  if (ROWS[row].connects) return connectAll({ port, seconds });
  const { ask: next, gap = 0, catchUp = false } = ROWS[row];
  const end = performance.now() + seconds * 1000;
  const before = asker.carriedOut;
  while (performance.now() < end) {
    await pause(Math.max(gap, asker.waitUntil - performance.now(), 0));
    const { answered, carriedOut, lives } = asker;
    const command = next();
    asker.ask([command]);
    await asker.settled(answered + 1);
    if (asker.carriedOut === carriedOut)
      count--; // refused: the same again
    else if (catchUp && command.type === 'subscribe') await asker.caughtUp(lives + 1, end);
  }
  return asker.carriedOut - before;
}

export const rows = Object.keys(ROWS);

let asker;
// Runs only in its own process; the benchmark itself imports the names of the rows.
if (process.send)
  process.on('message', async ({ prepare: first, ask: then }) => {
    if (first !== undefined) {
      asker = await prepare(first);
      process.send({ prepared: true });
    }
    if (then !== undefined) process.send({ asked: await ask(asker, then) });
  });
