import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LoggedMessage } from '../engine/logged-message.ts';
import { jsonWire } from '../protocols/native/json-wire.ts';
import { msgpackWire } from '../protocols/native/msgpack-wire.ts';
import type { Wire } from '../protocols/protocol.ts';
import { batchedBytes, countForOneTurn, type JoinedFrame, joinFrames } from './frames.ts';

/** From here on the transport does not batch. */
const BIG = 16_384;
const FANOUT = { batchLimit: BIG };
const MOST = batchedBytes(FANOUT);
const CHANNEL = 'c'.repeat(200);
const EPOCH = 'e'.repeat(40);

const messages = fc
  .array(
    fc.tuple(
      fc.constantFrom('x', 'ж', '👋', '\u0001'),
      fc.oneof(fc.nat(200), fc.nat(9_000), fc.integer({ min: 15_500, max: 16_500 }), fc.constantFrom(20_000)),
    ),
    { maxLength: 40 },
  )
  .map((list) =>
    list.map(([unit, size], at) =>
      LoggedMessage.of({ id: `m${at}`, offset: at + 1, time: 1, data: unit.repeat(size) }),
    ),
  );

const framesOf = (wire: Wire, list: readonly LoggedMessage[]) => [
  ...joinFrames(wire, { prefix: wire.prefix(CHANNEL, EPOCH), messages: list }, MOST),
];

const asText = ({ bytes, last }: JoinedFrame): string => `${last} ${Buffer.from(bytes).toString('base64')}`;

describe.each([jsonWire, msgpackWire])('frames of $subprotocol', (wire) => {
  it('hold every message once, in order, and are small unless one message is not', () => {
    fc.assert(
      fc.property(messages, (list) => {
        let last = 0;
        for (const frame of framesOf(wire, list)) {
          if (frame.bytes.byteLength >= BIG) expect(frame.last - last).toBe(1);
          expect(frame.last).toBeGreaterThan(last);
          last = frame.last;
        }
        expect(last).toBe(list.length);
      }),
    );
  });

  it('are made of parts that are there already, too', () => {
    fc.assert(
      fc.property(messages, (list) => {
        const parts = list.map((message) => wire.encodeMessage(message));
        const joined = [...joinFrames(wire, { prefix: wire.prefix(CHANNEL, EPOCH), messages: list, parts }, MOST)];
        expect(joined.map(asText)).toEqual(framesOf(wire, list).map(asText));
      }),
    );
  });

  it('of one turn have no large one behind a small one', () => {
    fc.assert(
      fc.property(messages, (list) => {
        const parts = list.map((message) => wire.encodeMessage(message));
        const count = countForOneTurn(parts, FANOUT);
        expect(count).toBeGreaterThanOrEqual(Math.min(1, list.length));
        const sizes = framesOf(wire, list.slice(0, count)).map(({ bytes }) => bytes.byteLength);
        const small = sizes.findIndex((size) => size < BIG);
        if (small !== -1) for (const size of sizes.slice(small)) expect(size).toBeLessThan(BIG);
      }),
    );
  });

  it('are encoded one at a time, as they are taken', () => {
    let encoded = 0;
    const counting: Wire = {
      ...wire,
      encodeMessage: (message) => {
        encoded++;
        return wire.encodeMessage(message);
      },
    };
    const list = Array.from({ length: 100 }, (_, at) =>
      LoggedMessage.of({ id: 'm', offset: at + 1, time: 1, data: 'x'.repeat(1_000) }),
    );
    joinFrames(counting, { prefix: counting.prefix('a', 'e'), messages: list }, MOST).next();
    expect(encoded).toBeLessThan(20);
  });
});
