import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createIds } from '../util/ids.ts';
import { type MessagePlace, PublishedMessages } from './published-messages.ts';

const CAPACITY = 5;

const place = fc.record<MessagePlace>({
  // Ids that contain one another, other scripts, and an id that is too long to be remembered.
  id: fc.constantFrom('', 'a', 'b', 'ab', 'ba', 'aab', 'é', 'éé', '\u0001a', 'x'.repeat(31), 'x'.repeat(32)),
  channel: fc.constantFrom('chat:1', 'chat:2'),
  offset: fc.integer({ min: 1, max: 9 }),
});

describe('the messages that were published last', () => {
  it('are found by their ids, and forgotten in the order in which they came', () => {
    fc.assert(
      fc.property(fc.uniqueArray(place, { selector: ({ id }) => id }), (places) => {
        const messages = new PublishedMessages(CAPACITY);
        const kept = places.filter(({ id }) => id.length < 32);
        for (const each of places) messages.add(each);
        for (const each of kept.slice(-CAPACITY)) expect(messages.find(each.id)).toEqual(each);
        for (const each of kept.slice(0, -CAPACITY)) expect(messages.find(each.id)).toBeUndefined();
      }),
    );
  });

  it('have the ids of the gateway', () => {
    const nextId = createIds();
    const messages = new PublishedMessages(3);
    const ids = Array.from({ length: 4 }, nextId);
    for (const [at, id] of ids.entries()) messages.add({ id, channel: 'chat:1', offset: at + 1 });
    expect(ids.map((id) => messages.find(id)?.offset)).toEqual([undefined, 2, 3, 4]);
  });

  it('are none that was not published', () => {
    const messages = new PublishedMessages(3);
    messages.add({ id: 'abc', channel: 'chat:1', offset: 1 });
    for (const id of ['', 'ab', 'bc', 'abcd', 'x'.repeat(40)]) expect(messages.find(id)).toBeUndefined();
  });

  it('are none without capacity', () => {
    const messages = new PublishedMessages(0);
    messages.add({ id: 'abc', channel: 'chat:1', offset: 1 });
    expect(messages.find('abc')).toBeUndefined();
  });
});
