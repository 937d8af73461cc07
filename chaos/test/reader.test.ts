import type { Gap, Message } from '@sluice/client';
import { describe, expect, it } from 'vitest';
import { Ledger, type Payload } from '../src/ledger.ts';
import { Reader } from '../src/reader.ts';

type Event = { message: Partial<Message<Payload>> & { offset: number } } | { gap: Partial<Gap> };

/** A reader at e/10 receives these events; returns its faults. */
const faultsOf = (...events: Parameters<typeof listen>): string[] => listen(...events).faults;

function listen(
  channel: string,
  events: readonly Event[],
  { keeps = true } = {},
): { faults: string[]; reader: Reader } {
  const faults: string[] = [];
  const reader = new Reader({ channel, ledger: new Ledger({ keeps }), keeps, onFault: (text) => faults.push(text) });
  reader.position = { epoch: 'e', offset: 10 };
  for (const event of events) {
    if ('message' in event) {
      const { offset, epoch = 'e' } = event.message;
      const message = { id: `${epoch}${offset}`, channel, time: 0, data: { n: offset, by: 'ada' }, epoch };
      reader.message({ ...message, ...event.message });
    } else reader.gap({ channel, lost: 1, reason: 'retention', from: at(10), to: at(11), ...event.gap });
  }
  return { faults, reader };
}

const at = (offset: number, epoch = 'e') => ({ epoch, offset });
const message = (offset: number, epoch = 'e'): Event => ({ message: { offset, epoch } });

describe('a reader accepts', () => {
  it.each<{ what: string; channel?: string; events: Event[]; keeps?: boolean }>([
    { what: 'consecutive messages', events: [message(11), message(12)] },
    {
      what: 'a gap of messages that the log dropped',
      channel: 'short:a',
      events: [message(11), { gap: { from: at(11), to: at(15), lost: 4 } }, message(16)],
    },
    {
      what: 'the newest messages after a gap of a slow reader',
      channel: 'latest:a',
      events: [{ gap: { to: at(15), reason: 'slow_reader', lost: 4 } }, message(15), message(16)],
    },
    {
      what: 'a new epoch of an engine that loses data',
      events: [{ gap: { to: at(0, 'f'), reason: 'epoch_changed', lost: undefined } as Partial<Gap> }, message(1, 'f')],
      keeps: false,
    },
  ])('$what', ({ channel = 'safe:a', events, keeps }) => {
    expect(faultsOf(channel, events, keeps === undefined ? {} : { keeps })).toEqual([]);
  });
});

describe('a reader counts', () => {
  it('messages, gaps, the messages that they covered, and those that the log must have dropped', () => {
    const { reader, faults } = listen('latest:a', [
      message(11),
      { gap: { from: at(11), to: at(15), lost: 4 } },
      { gap: { from: at(15), to: at(20), reason: 'slow_reader', lost: 3 } },
      message(17),
      message(20),
      message(21),
    ]);
    expect(faults).toEqual([]);
    expect(reader).toMatchObject({ received: 4, gaps: 2, lost: 7, retired: [at(15)], position: at(21) });
  });
});

describe('a reader reports', () => {
  it.each<{ what: string; channel?: string; events: Event[]; complaint: RegExp }>([
    { what: 'a message twice', events: [message(11), message(11)], complaint: /twice/ },
    { what: 'an old message', events: [message(9)], complaint: /twice/ },
    { what: 'a hole', events: [message(11), message(13)], complaint: /without a gap/ },
    { what: 'another epoch without a gap', events: [message(11), message(12, 'f')], complaint: /without a gap/ },
    { what: 'any gap if nothing may be lost', events: [{ gap: {} }], complaint: /retention/ },
    {
      what: 'a gap that begins before its position',
      channel: 'short:a',
      events: [message(11), { gap: { from: at(10), to: at(15) } }],
      complaint: /but its position is/,
    },
    {
      what: 'a gap that begins after its position',
      channel: 'short:a',
      events: [{ gap: { from: at(12), to: at(15) } }],
      complaint: /but its position is/,
    },
    { what: 'a gap that goes backwards', channel: 'short:a', events: [{ gap: { to: at(9) } }], complaint: /backwards/ },
    {
      what: 'a loss by slowness although the rule replays',
      channel: 'short:a',
      events: [{ gap: { reason: 'slow_reader' } }],
      complaint: /rule says replay/,
    },
    {
      what: 'a new epoch of an engine that keeps its data',
      channel: 'short:a',
      events: [{ gap: { to: at(3, 'f'), reason: 'epoch_changed' } }],
      complaint: /keeps all/,
    },
    {
      what: 'messages that a gap announced and that do not follow',
      channel: 'latest:a',
      events: [{ gap: { to: at(15), reason: 'slow_reader', lost: 3 } }, message(15), message(16)],
      complaint: /announced later messages/,
    },
    {
      what: 'messages that follow a gap twice',
      channel: 'latest:a',
      events: [{ gap: { to: at(15), reason: 'slow_reader', lost: 3 } }, message(14), message(14)],
      complaint: /announced later messages/,
    },
    {
      what: 'messages that follow a gap out of order',
      channel: 'latest:a',
      events: [{ gap: { to: at(15), reason: 'slow_reader', lost: 3 } }, message(15), message(14)],
      complaint: /announced later messages/,
    },
    {
      what: 'messages that follow a gap in another epoch',
      channel: 'latest:a',
      events: [{ gap: { to: at(15), reason: 'slow_reader', lost: 3 } }, message(14, 'f')],
      complaint: /announced later messages/,
    },
    {
      what: 'one publish at two positions',
      events: [message(11), { message: { offset: 12, data: { n: 11, by: 'ada' } } }],
      complaint: /published once/,
    },
  ])('$what', ({ channel = 'safe:a', events, complaint }) => {
    expect(faultsOf(channel, events).join('\n')).toMatch(complaint);
  });
});

describe('the ledger', () => {
  it('detects that two readers see different messages at one position', () => {
    const ledger = new Ledger({ keeps: true });
    const seen = { channel: 'safe:a', epoch: 'e', offset: 1 };
    expect(ledger.acknowledged({ ...seen, id: 'a', n: 1 }, 'ada')).toBeUndefined();
    expect(ledger.saw({ ...seen, id: 'a', n: 1 })).toBeUndefined();
    expect(ledger.saw({ ...seen, id: 'b', n: 2 })).toMatch(/another client saw 1 there/);
  });

  const place = { channel: 'safe:a', epoch: 'e', offset: 7, id: 'a', n: 1 };

  it.each([
    ['another id', { id: 'b' }, /another client saw 1 there/],
    ['another payload under the same id', { n: 2 }, /another client saw 1 there/],
    ['one publish at the same offset of two epochs', { epoch: 'f' }, /also at e\/7/],
    ['one publish at two offsets', { offset: 8 }, /also at e\/7/],
    ['one publish in two channels', { channel: 'safe:b' }, /also at e\/7/],
  ])('detects %s, from readers and from acknowledgements', (_, change, complaint) => {
    for (const first of ['saw', 'acknowledged'] as const) {
      for (const second of ['saw', 'acknowledged'] as const) {
        const ledger = new Ledger({ keeps: true });
        expect(ledger[first](place, 'ada')).toBeUndefined();
        expect(ledger[second](place, 'ada')).toBeUndefined();
        expect(ledger[second]({ ...place, ...change }, 'ada')).toMatch(complaint);
      }
    }
  });

  it('accepts a publish in two epochs of an engine that loses data, and of a channel that may lose messages', () => {
    for (const [keeps, channel] of [
      [false, 'safe:a'],
      [true, 'short:a'],
    ] as const) {
      const ledger = new Ledger({ keeps });
      ledger.saw({ ...place, channel });
      expect(ledger.saw({ ...place, channel, epoch: 'f' })).toBeUndefined();
      expect(ledger.saw({ ...place, channel, epoch: 'f', offset: 8 })).toMatch(/also at f\/7/);
    }
  });

  it('lists acknowledged messages by channel and epoch', () => {
    const ledger = new Ledger({ keeps: true });
    ledger.acknowledged(place, 'ada');
    ledger.acknowledged({ ...place, epoch: 'f', offset: 1, n: 2 }, undefined);
    ledger.acknowledged({ ...place, channel: 'safe:b', offset: 1, n: 3 }, 'ada');
    ledger.saw({ ...place, offset: 9, n: 4 });
    expect(ledger.acknowledgements).toBe(3);
    expect(ledger.of('safe:a', 'e')).toEqual([{ epoch: 'e', offset: 7, n: 1 }]);
    expect([...ledger.epochs('safe:a')]).toEqual(['e', 'f']);
  });

  it('ignores the order between epochs, between channels, and without a lane', () => {
    const ledger = new Ledger({ keeps: true });
    ledger.acknowledged({ ...place, offset: 5, n: 1 }, 'ada');
    ledger.acknowledged({ ...place, epoch: 'f', offset: 1, n: 2 }, 'ada');
    ledger.acknowledged({ ...place, channel: 'safe:b', offset: 1, n: 3 }, 'ada');
    ledger.acknowledged({ ...place, offset: 9, n: 4 }, undefined);
    ledger.acknowledged({ ...place, offset: 8, n: 5 }, undefined);
    ledger.acknowledged({ ...place, epoch: 'f', offset: 2, n: 6 }, 'ben');
    expect(ledger.disorder()).toEqual([]);
  });

  it('detects publishes of one connection in the wrong order', () => {
    const ledger = new Ledger({ keeps: true });
    const seen = { channel: 'safe:a', epoch: 'e' };
    ledger.acknowledged({ ...seen, offset: 2, id: 'a', n: 1 }, 'ada');
    ledger.acknowledged({ ...seen, offset: 1, id: 'b', n: 2 }, 'ada');
    expect(ledger.disorder()).toHaveLength(1);
  });
});
