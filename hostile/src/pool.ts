import { Dice } from '../../chaos/src/dice.ts';
import type { Frames } from './commands.ts';
import { JSON_FRAMES, LARGE_JSON } from './json-frames.ts';
import { LARGE_MSGPACK, MSGPACK_FRAMES } from './msgpack-frames.ts';
import { OPCODES, wsFrame } from './ws-frames.ts';

/** A frame, ready to be written. */
export interface PooledFrame {
  readonly kind: string;
  readonly bytes: Buffer;
}

/** How often something else than a plain data frame is made. */
const SPLIT = 0.05;
const CONTROL = 0.05;
const WRONG_KIND = 0.02;
/**
 * Kinds of which the first is far cheaper and looks most like a client: it is made this many times
 * as often as the others.
 */
const WEIGHT = 6;

const EMPTY = new Uint8Array(0);
const toBytes = (payload: string | Uint8Array): Uint8Array =>
  typeof payload === 'string' ? Buffer.from(payload) : payload;

/** The frames of a round; the same seed makes the same ones. */
export class Pool {
  readonly binary: boolean;
  readonly #frames: readonly PooledFrame[];

  constructor({ seed, binary, size, token }: { seed: number; binary: boolean; size: number; token: string }) {
    this.binary = binary;
    const dice = new Dice(seed);
    const makers = binary ? MSGPACK_FRAMES : JSON_FRAMES;
    const kinds = Object.keys(makers).flatMap((kind, at) => Array.from({ length: at < 2 ? WEIGHT : 1 }, () => kind));
    this.#frames = Array.from({ length: size }, () => make(dice, { kind: dice.pick(kinds), makers, binary, token }));
  }

  take(dice: Dice): PooledFrame {
    return dice.pick(this.#frames);
  }

  /** What ends a connection: it breaks RFC 6455, or holds more nonsense than is answered. */
  last(dice: Dice): PooledFrame {
    if (dice.next() < 0.5) return { kind: 'a violation of RFC 6455', bytes: violation(dice) };
    const [kind, maker] = dice.pick(Object.entries(this.binary ? LARGE_MSGPACK : LARGE_JSON));
    const opcode = this.binary ? OPCODES.binary : OPCODES.text;
    return { kind, bytes: wsFrame({ opcode, payload: toBytes(maker(dice, '')) }) };
  }
}

interface Making {
  readonly kind: string;
  readonly makers: Frames;
  readonly binary: boolean;
  readonly token: string;
}

function make(dice: Dice, { kind, makers, binary, token }: Making): PooledFrame {
  const payload = toBytes((makers[kind] as Frames[string])(dice, token));
  const own = binary ? OPCODES.binary : OPCODES.text;
  const other = binary ? OPCODES.text : OPCODES.binary;
  const chance = dice.next();
  if (chance < SPLIT) return { kind: `${kind}, in fragments`, bytes: split(dice, payload, own) };
  if (chance < SPLIT + CONTROL) return { kind: 'ping or pong', bytes: control(dice) };
  // Invalid UTF-8 would end the connection: RFC 6455 section 8.1.
  const wrong = chance < SPLIT + CONTROL + WRONG_KIND && isText(payload);
  return { kind, bytes: wsFrame({ opcode: wrong ? other : own, payload }) };
}

function isText(payload: Uint8Array): boolean {
  return Buffer.from(payload.buffer, payload.byteOffset, payload.length).equals(
    Buffer.from(Buffer.from(payload).toString()),
  );
}

function control(dice: Dice): Buffer {
  return wsFrame({ opcode: dice.pick([OPCODES.ping, OPCODES.pong]), payload: Buffer.alloc(dice.whole(0, 125), 'p') });
}

/** One message in several frames, with control frames between them. */
function split(dice: Dice, payload: Uint8Array, opcode: number): Buffer {
  const pieces: Buffer[] = [];
  let at = 0;
  for (let left = dice.whole(1, 5); left >= 0; left--) {
    const end = left === 0 ? payload.length : dice.whole(at, payload.length);
    const part = at === end ? EMPTY : payload.subarray(at, end);
    pieces.push(
      wsFrame({ opcode: pieces.length === 0 ? opcode : OPCODES.continuation, payload: part, fin: left === 0 }),
    );
    if (left > 0 && dice.next() < 0.3) pieces.push(control(dice));
    at = end;
  }
  return Buffer.concat(pieces);
}

/** What breaks RFC 6455. */
function violation(dice: Dice): Buffer {
  const payload = Buffer.alloc(dice.whole(0, 20), 'v');
  const { text, binary, close, ping, continuation } = OPCODES;
  return dice.pick([
    wsFrame({ opcode: text, payload, masked: false }),
    wsFrame({ opcode: text, payload, reserved: dice.whole(1, 7) }),
    wsFrame({ opcode: dice.pick([3, 7, 11, 15]), payload }),
    wsFrame({ opcode: continuation, payload }),
    wsFrame({ opcode: binary, payload, length: dice.pick([300_000, 2 ** 31, 2 ** 40, 2 ** 53]) }),
    wsFrame({ opcode: ping, payload, fin: false }),
    wsFrame({ opcode: ping, payload: Buffer.alloc(126) }),
    wsFrame({ opcode: close, payload: Buffer.from([dice.whole(0, 255), dice.whole(0, 255), ...payload]) }),
    wsFrame({ opcode: close, payload: Buffer.from([3]) }),
    wsFrame({ opcode: text, payload: Buffer.from([0xff, 0xfe]) }),
  ]);
}
