import type { Dice } from '../../chaos/src/dice.ts';

/** Makes the payload of a frame; the same dice make the same one. */
export type Frames = { readonly [kind: string]: (dice: Dice, token: string) => string | Uint8Array };

/** Entries of a frame that may be invalid; with more the connection is closed at once. SPEC.md section 8.1. */
export const FORGIVEN = 90;

const TYPES = [
  'connect',
  'refresh',
  'subscribe',
  'unsubscribe',
  'publish',
  'history',
  'enter',
  'leave',
  'watch',
  'unwatch',
  'members',
  'ping',
  'fly',
] as const;
const CHANNELS = [
  'hostile:a',
  'hostile:b',
  'kept:a',
  'kept:b',
  'nowhere',
  'a::b',
  '',
  'user:ada',
  'hostile:~FF',
  'hostile:ü',
];
const ODD: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1.5,
  2 ** 53,
  '',
  'x',
  '\ud800',
  [],
  {},
  [[]],
  { a: 1 },
  1e300,
  'y'.repeat(300),
];

/** A command that is right, or nearly right. */
export function command(dice: Dice, token: string): Record<string, unknown> {
  const made: Record<string, unknown> = {
    type: dice.pick(TYPES),
    id: dice.whole(1, 1_000),
    channel: dice.pick(CHANNELS.slice(0, dice.next() < 0.7 ? 4 : CHANNELS.length)),
    data: dice.pick([1, 'text', { a: [1, { b: null }] }, 'z'.repeat(dice.whole(0, 500))]),
  };
  if (dice.next() < 0.2) made.token = dice.pick([token, `${token}x`, 'a.b.c', '']);
  if (dice.next() < 0.2) made[dice.pick(['rewind', 'since', 'limit', 'after', 'before', 'series'])] = dice.whole(0, 50);
  if (dice.next() < 0.1) made.position = { epoch: 'e', offset: dice.whole(0, 50) };
  if (dice.next() < 0.1) made.tags = { a: 'b' };
  if (dice.next() < 0.1) made.state = dice.pick(ODD);
  if (dice.next() < 0.3) made[dice.pick([...Object.keys(made), 'key', 'event', 'extra'])] = dice.pick(ODD);
  return made;
}
