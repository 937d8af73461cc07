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
    });
    fc.assert(property);
  });

  it('creates the missing form once', () => {
    const read = LoggedMessage.read('{"id":"m","data":{},"time":1,"offset":2}', 2);
    expect(read.message).toBe(read.message);
  });
});
