import { type Json, json, type Message } from '@sluice/protocol';
import { msgpack } from '@sluice/protocol/msgpack';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Wire } from '../protocol.ts';
import { jsonWire } from './json-wire.ts';
import { msgpackWire } from './msgpack-wire.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const data = fc
  .jsonValue({ maxDepth: 4 })
  .filter((value) => !JSON.stringify(value).includes('__proto__')) as fc.Arbitrary<Json>;
/** The publish door refuses "__proto__" as a tag's name, as in data (SPEC.md section 3.3). */
const tagName = text.filter((name) => name !== '__proto__');
const message: fc.Arbitrary<Message> = fc.record(
  {
    id: text,
    offset: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    time: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    data,
    event: text,
    tags: fc.dictionary(tagName, text),
    from: text,
  },
  { requiredKeys: ['id', 'offset', 'time', 'data'] },
);

const both = (message: Message) => ({ message, json: JSON.stringify(message) });

const decode = (wire: Wire, frame: string | Uint8Array): unknown =>
  wire.binary
    ? msgpack.decode(frame)
    : json.decode(typeof frame === 'string' ? frame : Buffer.from(frame).toString('utf8'));

describe.each([jsonWire, msgpackWire])('$subprotocol', (wire) => {
  it('joins encoded messages to the same push as encoding them together', () => {
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 40 }),
        fc.string({ minLength: 1, maxLength: 130 }),
        fc.record({ sub: fc.integer({ min: 1, max: 15 }), after: fc.maxSafeNat() }, { requiredKeys: [] }),
        (messages, epoch, { sub, after }) => {
          fc.pre(epoch.isWellFormed());
          const opening = wire.prefix('chat:lobby', epoch, {
            ...(sub === undefined ? {} : { sub }),
            ...(after === undefined ? {} : { after }),
          });
          const joined = wire.join(
            opening,
            messages.map((one) => wire.encodeMessage(both(one))),
          );
          const push = {
            type: 'messages',
            channel: 'chat:lobby',
            ...(sub === undefined ? {} : { sub }),
            epoch,
            ...(after === undefined ? {} : { after }),
          } as const;
          expect(joined).toEqual(Buffer.from(wire.encode([{ ...push, messages }])));
          const single = wire.single(opening, both(messages[0] as Message));
          expect(decode(wire, single)).toEqual(
            decode(wire, wire.encode([{ ...push, messages: messages.slice(0, 1) }])),
          );
        },
      ),
    );
  });

  it.each([1, 15, 16, 65_535, 65_536])('joins %i messages', (count) => {
    const one: Message = { id: 'm', offset: 1, time: 0, data: null };
    const part = wire.encodeMessage(both(one));
    const joined = wire.join(
      wire.prefix('a', 'e'),
      Array.from({ length: count }, () => part),
    ) as Uint8Array;
    const push = decode(wire, joined) as { messages: unknown[] };
    expect(push.messages).toHaveLength(count);
    expect(push.messages.at(-1)).toEqual(one);
  });

  it('encodes a single large message at once', () => {
    const large: Message = { id: 'm', offset: 1, time: 0, data: 'ö'.repeat(5_000) };
    const push = decode(wire, wire.single(wire.prefix('a', 'e'), both(large))) as { messages: unknown[] };
    expect(push.messages).toEqual([large]);
  });

  it('writes one message as itself, and several as an array', () => {
    const push = { type: 'live', channel: 'a' } as const;
    expect(decode(wire, wire.encode([push]))).toEqual(push);
    expect(decode(wire, wire.encode([push, push]))).toEqual([push, push]);
  });

  it('does not keep the buffer that it reads', () => {
    const frame = wire.binary
      ? Buffer.from(msgpack.encode({ type: 'publish', id: 1, channel: 'a', data: 'kept' }))
      : '{"type":"publish","id":1,"channel":"a","data":"kept"}';
    const [value] = wire.decode(frame);
    if (typeof frame !== 'string') frame.fill(0); // the transport reuses its memory
    expect(wire.parse(value)).toEqual({ command: { type: 'publish', id: 1, channel: 'a', data: 'kept' } });
  });
});

it('have different ids, for their topics', () => {
  expect(jsonWire.id).not.toBe(msgpackWire.id);
});

it('encodes the answers to publishes as JSON.stringify does', () => {
  const result = fc.record({ id: text, epoch: text, offset: fc.nat() });
  const property = fc.property(fc.array(result, { minLength: 1, maxLength: 5 }), (results) => {
    const replies = results.map((result, at) => ({ type: 'reply', id: at + 1, result }) as const);
    const pong = { type: 'reply', id: 9, result: {} } as const;
    for (const said of [replies, [...replies, pong], [pong, ...replies]]) {
      expect(jsonWire.encode(said)).toBe(JSON.stringify(said.length === 1 ? said[0] : said));
    }
  });
  fc.assert(property);
});
