import type { GapReason } from '@sluice/protocol';
import { describe, expect, it } from 'vitest';
import { FILTERED, parityOf } from '../src/channels.ts';
import { FilteredReader } from '../src/filtered-reader.ts';
import { Ledger } from '../src/ledger.ts';

const at = (offset: number, epoch = 'e') => ({ epoch, offset });

/** A reader that begins at e/10 of a channel whose messages 1 to 20 are acknowledged at their numbers. */
function createReader({ keeps = true } = {}) {
  const faults: string[] = [];
  const ledger = new Ledger({ keeps });
  for (let n = 1; n <= 20; n++) ledger.acknowledged({ channel: FILTERED, ...at(n), id: `e${n}`, n }, undefined);
  const reader = new FilteredReader({ channel: FILTERED, ledger, keeps, onFault: (text) => faults.push(text) });
  reader.begin(at(10));
  const receive = (offset: number, { epoch = 'e', n = offset, parity = parityOf(n) as string } = {}) =>
    reader.message({
      ...{ id: `${epoch}${offset}`, channel: FILTERED, time: 0, data: { n, by: 'ada' }, tags: { parity } },
      ...{ epoch, offset },
    });
  const receiveAll = (...offsets: number[]) => {
    for (const offset of offsets) receive(offset);
  };
  const miss = (from: ReturnType<typeof at>, to: ReturnType<typeof at>, reason: GapReason) =>
    reader.gap({ channel: FILTERED, from, to, reason, lost: undefined });
  return { reader, faults, receive, receiveAll, miss, ledger };
}

describe('a filtered reader', () => {
  it('accepts each message that matches, and misses none at the end', () => {
    const { reader, faults, receiveAll } = createReader();
    receiveAll(12, 14, 16, 18, 20);
    expect(faults).toEqual([]);
    expect(reader.missing(at(20))).toEqual([]);
    expect(reader).toMatchObject({ received: 5, gaps: 0, position: at(20) });
  });

  it('lists the messages that match and did not arrive', () => {
    const { reader, receiveAll } = createReader();
    receiveAll(12, 16, 20);
    expect(reader.missing(at(20))).toEqual([expect.stringMatching(/14 at 14/), expect.stringMatching(/18 at 18/)]);
  });

  it('is incomplete in another epoch than that of the head', () => {
    expect(createReader().reader.missing(at(3, 'f'))).toEqual([expect.stringMatching(/the head is f\/3/)]);
  });

  it.each<[string, (reader: ReturnType<typeof createReader>) => void, RegExp]>([
    ['a message that does not match', ({ receive }) => receive(11), /does not match/],
    ['a message whose tag does not match', ({ receive }) => receive(12, { parity: 'odd' }), /does not match/],
    ['a message twice', ({ receiveAll }) => receiveAll(12, 12), /twice/],
    ['messages out of order', ({ receiveAll }) => receiveAll(14, 12), /twice or late/],
    ['another epoch without a gap', ({ receive }) => receive(22, { epoch: 'f', n: 22 }), /without a gap/],
    ['a gap', ({ miss }) => miss(at(10), at(12), 'retention'), /a gap from e\/10 to e\/12/],
    ['a new epoch of an engine that keeps its data', ({ miss }) => miss(at(10), at(0, 'f'), 'epoch_changed'), /a gap/],
    ['another message at a position', ({ receive }) => receive(12, { n: 24 }), /another client saw 12/],
  ])('reports %s', (_, play, complaint) => {
    const played = createReader();
    play(played);
    expect(played.faults.join('\n')).toMatch(complaint);
  });

  it('begins again in a new epoch of an engine that loses its data', () => {
    const { reader, faults, receive, miss, ledger } = createReader({ keeps: false });
    receive(12);
    // It had passed the messages 13 to 15, of which 14 had expired with the engine.
    miss(at(15), at(0, 'f'), 'epoch_changed');
    ledger.acknowledged({ channel: FILTERED, ...at(1, 'f'), id: 'f1', n: 32 }, undefined);
    ledger.acknowledged({ channel: FILTERED, ...at(2, 'f'), id: 'f2', n: 34 }, undefined);
    receive(1, { epoch: 'f', n: 32 });
    expect(faults).toEqual([]);
    expect(reader.missing(at(2, 'f'))).toEqual([expect.stringMatching(/34 at 2/)]);
  });

  it('reports a gap that begins before its position', () => {
    const { faults, receive, miss } = createReader({ keeps: false });
    receive(12);
    miss(at(30), at(0, 'f'), 'epoch_changed');
    miss(at(9, 'g'), at(0, 'h'), 'epoch_changed');
    expect(faults).toEqual([expect.stringMatching(/but its position is f\/0/)]);
  });
});
