/** The messages that bridges and bare clients pass on. */
import { PAD } from '../flow.mjs';

/** Messages on their way at the same time: the default `inFlight` of a bridge. */
export const IN_FLIGHT = 256;
export const CHANNEL = 'bridged';

/** The body of message `n`: 100 bytes of data and its number. */
export const bodyOf = (n) => JSON.stringify({ n, pad: PAD });

/** The headers that a bridge gives a message, with a prefix for the attributes of a CloudEvent. */
export function headersOf(n, prefix) {
  const id = `${CHANNEL}/bench/${n}`;
  const own = { 'sluice-origin': 'sluice', 'sluice-channel': CHANNEL, 'sluice-offset': `${n}`, 'sluice-id': id };
  const attributes = {
    ...{ specversion: '1.0', id, source: 'sluice', type: 'sluice.message', subject: CHANNEL },
    ...{ time: new Date().toISOString(), messageid: `message-${n}` },
  };
  const named = Object.entries(attributes).map(([name, value]) => [`${prefix}${name}`, value]);
  return { ...own, ...Object.fromEntries(named) };
}

/** Numbers 1 to `count` in groups of `size`. */
export function* groupsOf(count, size) {
  for (let from = 1; from <= count; from += size) {
    yield Array.from({ length: Math.min(size, count - from + 1) }, (_, at) => from + at);
  }
}

/** Sends messages 1 to `count` with at most `IN_FLIGHT` that are not confirmed. @param send `(n) => Promise` */
export async function inWindow(count, send, onDone = () => {}) {
  let next = 1;
  const lane = async () => {
    while (next <= count) {
      await send(next++);
      onDone(1);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}

/** Collects what arrives in a turn, and calls back with all of it. */
export function perTurn(work) {
  let items = [];
  return (item) => {
    if (items.push(item) > 1) return;
    setImmediate(() => {
      const all = items;
      items = [];
      work(all);
    });
  };
}
