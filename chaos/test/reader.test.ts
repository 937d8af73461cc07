import type { Gap, Message } from '@sluice/client';
import { describe, expect, it } from 'vitest';
import { Ledger, type Payload } from '../src/ledger.ts';
import { Reader } from '../src/reader.ts';

type Event = { message: Partial<Message<Payload>> & { offset: number } } | { gap: Partial<Gap> };

/** A reader that stands at e/10 hears this; what it complains about. */
const hear = (...heard: Parameters<typeof listen>): string[] => listen(...heard).faults;

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

describe('a reader is content with', () => {
  it.each<{ what: string; channel?: string; events: Event[]; keeps?: boolean }>([
    { what: 'one after the other', events: [message(11), message(12)] },
    {
      what: 'a gap of what the log dropped',
      channel: 'short:a',
      events: [message(11), { gap: { from: at(11), to: at(15), lost: 4 } }, message(16)],
    },
    {
      what: 'the newest after a gap of a slow reader',
      channel: 'latest:a',
      events: [{ gap: { to: at(15), reason: 'slow_reader', lost: 4 } }, message(15), message(16)],
    },
    {
      what: 'a new life of an engine that forgets',
      events: [{ gap: { to: at(0, 'f'), reason: 'epoch_changed', lost: undefined } as Partial<Gap> }, message(1, 'f')],
      keeps: false,
    },
  ])('$what', ({ channel = 'safe:a', events, keeps }) => {
    expect(hear(channel, events, keeps === undefined ? {} : { keeps })).toEqual([]);
  });
});

describe('a reader counts', () => {
  it('messages, gaps, what they covered, and what the log must have dropped', () => {
    const { reader, faults } = listen('latest:a', [
      message(11),
      { gap: { from: at(11), to: at(15), lost: 4 } },
      { gap: { from: at(15), to: at(20), reason: 'slow_reader', lost: 3 } },
      message(17),
      message(20),
      message(21),
    ]);
    expect(faults).toEqual([]);
    expect(reader).toMatchObject({ heard: 4, gaps: 2, lost: 7, retired: [at(15)], position: at(21) });
  });
});

describe('a reader complains of', () => {
  it.each<{ what: string; channel?: string; events: Event[]; complaint: RegExp }>([
    { what: 'a message twice', events: [message(11), message(11)], complaint: /twice/ },
    { what: 'an old message', events: [message(9)], complaint: /twice/ },
    { what: 'a hole', events: [message(11), message(13)], complaint: /without a gap/ },
    { what: 'another life without a gap', events: [message(11), message(12, 'f')], complaint: /without a gap/ },
    { what: 'any gap where nothing may be lost', events: [{ gap: {} }], complaint: /retention/ },
    {
      what: 'a gap that begins before it',
      channel: 'short:a',
      events: [message(11), { gap: { from: at(10), to: at(15) } }],
      complaint: /but stands at/,
    },
    {
      what: 'a gap that begins behind it',
      channel: 'short:a',
      events: [{ gap: { from: at(12), to: at(15) } }],
      complaint: /but stands at/,
    },
    { what: 'a gap that goes backwards', channel: 'short:a', events: [{ gap: { to: at(9) } }], complaint: /backwards/ },
    {
      what: 'a loss by slowness where the rule replays',
      channel: 'short:a',
      events: [{ gap: { reason: 'slow_reader' } }],
      complaint: /rule says replay/,
    },
    {
      what: 'a new life of an engine that keeps all',
      channel: 'short:a',
      events: [{ gap: { to: at(3, 'f'), reason: 'epoch_changed' } }],
      complaint: /keeps all/,
    },
    {
      what: 'messages that a gap left to come and that do not come',
      channel: 'latest:a',
      events: [{ gap: { to: at(15), reason: 'slow_reader', lost: 3 } }, message(15), message(16)],
      complaint: /left messages to come/,
    },
    {
      what: 'what a gap left to come twice',
      channel: 'latest:a',
      events: [{ gap: { to: at(15), reason: 'slow_reader', lost: 3 } }, message(14), message(14)],
      complaint: /left messages to come/,
    },
    {
      what: 'what a gap left to come in another order',
      channel: 'latest:a',
      events: [{ gap: { to: at(15), reason: 'slow_reader', lost: 3 } }, message(15), message(14)],
      complaint: /left messages to come/,
    },
    {
      what: 'what a gap left to come in another life',
      channel: 'latest:a',
      events: [{ gap: { to: at(15), reason: 'slow_reader', lost: 3 } }, message(14, 'f')],
      complaint: /left messages to come/,
    },
    {
      what: 'one publish in two places',
      events: [message(11), { message: { offset: 12, data: { n: 11, by: 'ada' } } }],
      complaint: /published once/,
    },
  ])('$what', ({ channel = 'safe:a', events, complaint }) => {
    expect(hear(channel, events).join('\n')).toMatch(complaint);
  });
});

describe('the ledger', () => {
  it('notices when two readers see different messages in one place', () => {
    const ledger = new Ledger({ keeps: true });
    const seen = { channel: 'safe:a', epoch: 'e', offset: 1 };
    expect(ledger.acknowledged({ ...seen, id: 'a', n: 1 }, 'ada')).toBeUndefined();
    expect(ledger.saw({ ...seen, id: 'a', n: 1 })).toBeUndefined();
    expect(ledger.saw({ ...seen, id: 'b', n: 2 })).toMatch(/where 1 stands/);
  });

  const place = { channel: 'safe:a', epoch: 'e', offset: 7, id: 'a', n: 1 };

  it.each([
    ['another id', { id: 'b' }, /where 1 stands/],
    ['another payload under the same id', { n: 2 }, /where 1 stands/],
    ['one publish at the same offset of two epochs', { epoch: 'f' }, /stands at e\/7 too/],
    ['one publish at two offsets', { offset: 8 }, /stands at e\/7 too/],
    ['one publish in two channels', { channel: 'safe:b' }, /stands at e\/7 too/],
  ])('notices %s, from readers and from acknowledgements', (_, change, complaint) => {
    for (const first of ['saw', 'acknowledged'] as const) {
      for (const second of ['saw', 'acknowledged'] as const) {
        const ledger = new Ledger({ keeps: true });
        expect(ledger[first](place, 'ada')).toBeUndefined();
        expect(ledger[second](place, 'ada')).toBeUndefined();
        expect(ledger[second]({ ...place, ...change }, 'ada')).toMatch(complaint);
      }
    }
  });

  it('lets a publish stand in two lives of an engine that forgets, and of a channel that may lose', () => {
    for (const [keeps, channel] of [
      [false, 'safe:a'],
      [true, 'short:a'],
    ] as const) {
      const ledger = new Ledger({ keeps });
      ledger.saw({ ...place, channel });
      expect(ledger.saw({ ...place, channel, epoch: 'f' })).toBeUndefined();
      expect(ledger.saw({ ...place, channel, epoch: 'f', offset: 8 })).toMatch(/stands at f\/7 too/);
    }
  });

  it('knows what was acknowledged, by channel and life', () => {
    const ledger = new Ledger({ keeps: true });
    ledger.acknowledged(place, 'ada');
    ledger.acknowledged({ ...place, epoch: 'f', offset: 1, n: 2 }, undefined);
    ledger.acknowledged({ ...place, channel: 'safe:b', offset: 1, n: 3 }, 'ada');
    ledger.saw({ ...place, offset: 9, n: 4 });
    expect(ledger.acknowledgements).toBe(3);
    expect(ledger.of('safe:a', 'e')).toEqual([{ epoch: 'e', offset: 7, n: 1 }]);
    expect([...ledger.epochs('safe:a')]).toEqual(['e', 'f']);
  });

  it('finds no disorder between lives, between channels, or where nobody promised an order', () => {
    const ledger = new Ledger({ keeps: true });
    ledger.acknowledged({ ...place, offset: 5, n: 1 }, 'ada');
    ledger.acknowledged({ ...place, epoch: 'f', offset: 1, n: 2 }, 'ada');
    ledger.acknowledged({ ...place, channel: 'safe:b', offset: 1, n: 3 }, 'ada');
    ledger.acknowledged({ ...place, offset: 9, n: 4 }, undefined);
    ledger.acknowledged({ ...place, offset: 8, n: 5 }, undefined);
    ledger.acknowledged({ ...place, epoch: 'f', offset: 2, n: 6 }, 'ben');
    expect(ledger.disorder()).toEqual([]);
  });

  it('notices when publishes of one connection changed places', () => {
    const ledger = new Ledger({ keeps: true });
    const seen = { channel: 'safe:a', epoch: 'e' };
    ledger.acknowledged({ ...seen, offset: 2, id: 'a', n: 1 }, 'ada');
    ledger.acknowledged({ ...seen, offset: 1, id: 'b', n: 2 }, 'ada');
    expect(ledger.disorder()).toHaveLength(1);
  });
});
