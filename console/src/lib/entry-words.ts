import type { TapEntry } from '../state/types.ts';
import type { Tone } from './decision-words.ts';
import { bytes, duration, many } from './words.ts';

/** Offsets greater than `after`, up to `offset`. */
function range(after: unknown, offset: unknown): string {
  const first = Number(after) + 1;
  return first >= Number(offset) ? `offset ${offset}` : `offsets ${first} to ${offset}`;
}

/** What a node did, in the words of the protocol. */
export function describeEntry(entry: TapEntry): string {
  const describe = WORDS[entry.type];
  return describe(entry as Fields);
}

// biome-ignore lint/suspicious/noExplicitAny: the fields depend on the type; docs/operations.md lists them
type Fields = any;

const WORDS: Readonly<Record<TapEntry['type'], (fields: Fields) => string>> = {
  connected: ({ address, client }) =>
    `connected from ${address ?? 'an unknown address'}${client ? ` with ${client}` : ''}`,
  closed: ({ code, reason, duration: ms }) =>
    `closed with ${code}${reason ? `: ${reason}` : ''}, after ${duration(ms)}`,
  command: ({ command, channel, id, size }) =>
    `→ ${command}${channel ? ` ${channel}` : ''}${id === undefined ? '' : ` (command ${id})`}${size ? `, ${many(size, 'character')}` : ''}`,
  refused: ({ command, channel, detail }) => `refused ${command}${channel ? ` on ${channel}` : ''}: ${detail}`,
  subscribed: ({ channel, start, filtered }) =>
    `subscribed to ${channel} after offset ${start.offset}${filtered ? ', filtered' : ''}`,
  unsubscribed: ({ channel, end, reason }) => `left ${channel} at offset ${end.offset} (${reason})`,
  published: ({ channel, offset }) => `published ${channel} offset ${offset}`,
  delivered: ({ channel, after, offset }) => `← ${channel} ${range(after, offset)}`,
  replaying: ({ channel, cause }) => `replays ${channel} (${cause})`,
  replayed: ({ channel, after, offset, messages }) =>
    `← ${channel} ${range(after, offset)}, from the log (${many(messages, 'message')})`,
  overflowed: ({ cursors }) => `the buffer is full: ${many(cursors, 'subscription')} to be replayed from the log`,
  gap: ({ channel, from, to, reason }) => {
    const first = from.epoch === to.epoch ? from.offset + 1 : 1;
    return `gap in ${channel}: ${first} to ${to.offset} (${reason})`;
  },
  state: ({ subscriptions, behind, buffered, slow }) =>
    [
      many(subscriptions, 'subscription'),
      ...(behind > 0 ? [`${behind} behind`] : []),
      `${bytes(buffered)} unread`,
      ...(slow ? ['reads too slowly'] : []),
    ].join(', '),
};

/** How alarming it is: a class of `.tag`. */
export function toneOfEntry(entry: TapEntry): Tone {
  if (entry.type === 'gap' || entry.type === 'refused') return 'bad';
  if (entry.type === 'overflowed' || entry.type === 'replaying') return 'warn';
  if (entry.type === 'state') return entry.slow === true ? 'warn' : '';
  return entry.type === 'subscribed' || entry.type === 'connected' ? 'flow' : '';
}
