import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { channelHash, readId, writeEntry, writeId } from './position.ts';

const position = fc.record({
  epoch: fc.string({ minLength: 1, maxLength: 60 }).filter((epoch) => epoch.isWellFormed()),
  offset: fc.maxSafeNat(),
});
const name = fc.stringMatching(/^[a-z0-9]{1,20}(:[a-z0-9]{1,10})?$/);

describe('the id of an event', () => {
  it('contains the position of the stream, independent of the order of channels', () => {
    fc.assert(
      fc.property(fc.dictionary(name, position, { minKeys: 1, maxKeys: 20 }), (positions) => {
        const id = writeId(
          Object.entries(positions).map(([channel, stands]) => writeEntry(channelHash(channel), stands)),
        );
        expect(id).toMatch(/^[\x21-\x7e]+$/); // fits into a header
        const read = readId(id, Object.keys(positions).reverse());
        expect(Object.fromEntries(read as Map<string, unknown>)).toEqual({ ...positions });
      }),
    );
  });

  it('omits channels that are not requested', () => {
    const id = writeId([writeEntry(channelHash('a'), { epoch: 'e', offset: 1 })]);
    expect(readId(id, ['b'])).toEqual(new Map());
  });

  it.each(['', '17', '1-', '1-a.b', '1-aaaaaaaa.1.%zz', '1-aaaaaaaa..e', `1-${'x'.repeat(12_000)}`])(
    'cannot be parsed if it is %j',
    (id) => {
      expect(readId(id, ['a'])).toBeTypeOf('string');
    },
  );

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (id) => void readId(`1-${id}`, ['a', 'b'])));
  });
});
