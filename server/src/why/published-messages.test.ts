import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ids } from '../util/ids.ts';
import { PublishedMessages } from './published-messages.ts';

const CAPACITY = 5;
const place = fc.record({ channel: fc.constantFrom('chat:1', 'chat:2'), offset: fc.integer({ min: 1, max: 9 }) });

describe('the messages that were published last', () => {
  it('are found by their ids, and forgotten in the order in which they came', () => {
    fc.assert(
      fc.property(fc.array(place), (places) => {
        const ids = new Ids();
        const messages = new PublishedMessages(CAPACITY, ids);
        const added = places.map((each) => ({ id: ids.next(), number: ids.latest, ...each }));
        for (const { number, channel, offset } of added) messages.add(number, channel, offset);
        for (const { id, channel, offset } of added.slice(-CAPACITY)) {
          expect(messages.find(id)).toEqual({ id, channel, offset });
        }
        for (const { id } of added.slice(0, -CAPACITY)) expect(messages.find(id)).toBeUndefined();
      }),
    );
  });

  it('are found in whatever order they were acknowledged', () => {
    const ids = new Ids();
    const messages = new PublishedMessages(3, ids);
    const [first, second] = [ids.next(), ids.next()];
    messages.add(2, 'chat:1', 1);
    messages.add(1, 'chat:1', 2);
    expect([first, second].map((id) => messages.find(id)?.offset)).toEqual([2, 1]);
  });

  it('are none that was not published', () => {
    const ids = new Ids();
    const messages = new PublishedMessages(3, ids);
    const refused = ids.next();
    const published = ids.next();
    messages.add(ids.latest, 'chat:1', 1);
    for (const id of ['', refused, published.slice(0, -1), `${published}0`, new Ids().next()]) {
      expect(messages.find(id)).toBeUndefined();
    }
  });

  it('are none without capacity', () => {
    const ids = new Ids();
    const messages = new PublishedMessages(0, ids);
    const id = ids.next();
    messages.add(ids.latest, 'chat:1', 1);
    expect(messages.find(id)).toBeUndefined();
  });
});
