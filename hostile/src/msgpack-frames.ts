import { msgpack } from '@sluice/protocol/msgpack';
import type { Dice } from '../../chaos/src/dice.ts';
import { command, FORGIVEN, type Frames } from './commands.ts';

/** Heads whose length follows, with its width. */
const HEADS: readonly (readonly [number, number])[] = [
  [0xd9, 1],
  [0xda, 2],
  [0xdb, 4],
  [0xdc, 2],
  [0xdd, 4],
  [0xde, 2],
  [0xdf, 4],
  [0xc4, 1],
  [0xc6, 4],
  [0xc7, 1],
  [0xc9, 4],
];
const LENGTHS = [0, 1, 2, 15, 255, 256, 65_535, 65_536, 0x00ff_ffff, 0x7fff_ffff, 0xffff_ffff];
const VALUES = [
  'cf0020000000000001',
  'd38000000000000000',
  'cb7ff8000000000000',
  'ca7f800000',
  'c1',
  'd40501',
  'd6ff00000000',
  'a1ff',
  'a3e28228',
  '81c001',
  '819001',
  '81a95f5f70726f746f5f5f01',
];

const encode = (value: unknown): Buffer => Buffer.from(msgpack.encode(value) as Uint8Array);

/** A header that announces any length. */
function header(dice: Dice): Buffer {
  const [head, width] = dice.pick(HEADS);
  const bytes = Buffer.alloc(1 + width);
  bytes[0] = head;
  bytes.writeUIntBE(dice.pick(LENGTHS) % 256 ** width, 1, width);
  return bytes;
}

function mutate(dice: Dice, frame: Buffer): Buffer {
  const at = dice.whole(0, Math.max(0, frame.length - 1));
  switch (dice.whole(0, 3)) {
    case 0:
      return frame.subarray(0, at);
    case 1:
      frame[at] = dice.whole(0, 255);
      return frame;
    case 2:
      return Buffer.concat([frame.subarray(0, at), header(dice), frame.subarray(at)]);
    default:
      return Buffer.concat([frame.subarray(0, at), header(dice)]);
  }
}

const times = (dice: Dice, most: number, piece: () => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: dice.whole(1, most) }, piece));

function smallValues(dice: Dice, most: number): Buffer {
  const count = dice.whole(1, most);
  const head = Buffer.from([0xdd, 0, count >> 16, (count >> 8) & 255, count & 255]);
  return Buffer.concat([head, Buffer.alloc(count, dice.pick([0x01, 0x80, 0x90, 0xa0, 0xc0]))]);
}

/** Frames in MessagePack, by how they are made. */
export const MSGPACK_FRAMES: Frames = {
  'msgpack: a command': (dice, token) => encode(command(dice, token)),
  'msgpack: a command, mutated': (dice, token) => mutate(dice, encode(command(dice, token))),
  'msgpack: several commands': (dice, token) =>
    encode(Array.from({ length: dice.whole(1, 20) }, () => command(dice, token))),
  'msgpack: headers that lie': (dice) => times(dice, 60, () => header(dice)),
  'msgpack: one header, many times': (dice) => {
    const lie = header(dice);
    return Buffer.concat(Array.from({ length: dice.whole(1, 2_000) }, () => lie));
  },
  'msgpack: a command and a lie': (dice, token) =>
    Buffer.concat([Buffer.from([0x92]), encode(command(dice, token)), header(dice)]),
  'msgpack: some small values': (dice) => smallValues(dice, FORGIVEN),
  'msgpack: deep': (dice) =>
    Buffer.from(dice.pick(['91', '81a161', 'dc0001', 'df00000001a161']).repeat(dice.whole(1, 5_000)), 'hex'),
  'msgpack: an odd value as data': (dice) =>
    Buffer.concat([
      encode({ type: 'publish', id: dice.whole(1, 99), channel: 'hostile:a', data: 0 }).subarray(0, -1),
      Buffer.from(dice.pick(VALUES), 'hex'),
    ]),
  'msgpack: bytes': (dice) => Buffer.from(Array.from({ length: dice.whole(0, 200) }, () => dice.whole(0, 255))),
};

/** Frames that end the connection: each holds more nonsense than is answered. */
export const LARGE_MSGPACK: Frames = {
  'msgpack: many small values': (dice) => smallValues(dice, 100_000),
};
