import type { Message } from '@sluice/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LoggedMessage } from './logged-message.ts';
import { placeContent, writeContent } from './message-json.ts';

const fields = fc.record(
  {
    id: fc.string(),
    data: fc.jsonValue() as fc.Arbitrary<Message['data']>,
    event: fc.string(),
    tags: fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }),
    from: fc.string(),
    origin: fc.constant({ channel: 'a:b', offset: 7 }),
    expiresAt: fc.nat(),
  },
  { requiredKeys: ['id', 'data'] },
);

describe('LoggedMessage', () => {
  it('has the same content by value and as JSON, whichever was given', () => {
    const property = fc.property(fields, fc.nat(), fc.nat(), (rest, time, offset) => {
      const message: Message = { ...rest, time, offset };
      const plain: unknown = JSON.parse(JSON.stringify(message));
      const logged = LoggedMessage.of(message);
      expect(JSON.parse(logged.json)).toEqual(plain);
      expect(LoggedMessage.read(logged.json, offset).message).toEqual(plain);
      expect(JSON.parse(placeContent(writeContent(rest), time, offset))).toEqual(plain);
      const read = LoggedMessage.read(placeContent(writeContent(rest), time, offset), offset);
      expect([read.expiresAt, logged.expiresAt]).toEqual([rest.expiresAt, rest.expiresAt]);
    });
    fc.assert(property);
  });

  it.each<[string, string]>([
    ['in its data', '{"id":"m","data":{"a":1,"expiresAt":5},"time":1,"offset":2}'],
    ['in a text', '{"id":"m","data":",\\"expiresAt\\":5","time":1,"offset":2}'],
    ['nowhere, and its data is a number', '{"id":"m","data":5,"time":1,"offset":2}'],
    ['with the time in its data', '{"id":"m","data":{"expiresAt":5,"time":1},"time":1,"offset":2}'],
  ])('does not expire if the expiry is %s', (_, text) => {
    expect(LoggedMessage.read(text, 2).expiresAt).toBeUndefined();
  });

  it('creates the missing form once', () => {
    const read = LoggedMessage.read('{"id":"m","data":{},"time":1,"offset":2}', 2);
    expect(read.message).toBe(read.message);
  });
});
