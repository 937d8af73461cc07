import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { EventBus } from '../events.ts';
import type { Registry } from '../session/registry.ts';
import type { HttpStream } from '../transport/http.ts';
import { ManualClock } from '../util/clock.ts';
import { Tap } from './tap.ts';
import { TapStream } from './tap-stream.ts';

/** A tap of a channel on one node, and its reader. */
function start() {
  const [events, clock] = [new EventBus(), new ManualClock()];
  let answerer: (question: never) => object = () => ({});
  const cluster = {
    answer: (_: string, answer: (question: never) => object) => {
      answerer = answer;
    },
    ask: async (_: string, question: unknown) => ({
      answers: [{ node: 'one', answer: answerer(question as never) }],
      missing: [],
    }),
  };
  const tap = new Tap({ cluster: cluster as never, registry: {} as Registry, events, clock, node: 'one' });
  const stream = tap.start({ target: { channel: 'chat:a' }, payloads: false, seconds: 60, by: 'tests' });
  if (!(stream instanceof TapStream)) throw new Error('the tap was refused');
  const reader = { keepsUp: true, text: '' };
  const http: HttpStream = {
    write: (bytes) => {
      reader.text += String(bytes);
      return reader.keepsUp;
    },
    end: () => {},
  };
  stream.open(http);
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 250) {
      clock.advance(250);
      for (let turn = 0; turn < 5; turn++) await nextTurn();
    }
  };
  const publish = (offset: number, id = 'm') =>
    events.emit('published', { channel: 'chat:a', id, number: offset, offset });
  const lines = () => reader.text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  return { tap, stream, reader, pass, publish, lines };
}

describe('a tap whose reader stalls', () => {
  it('shows afterwards what happened meanwhile', async () => {
    const { tap, stream, reader, pass, publish, lines } = start();
    reader.keepsUp = false;
    await pass(250);
    for (let offset = 1; offset <= 10; offset++) {
      await pass(2_000);
      publish(offset);
    }
    expect(lines()).toEqual([]);
    reader.keepsUp = true;
    stream.drained();
    await pass(500);
    expect(lines().map(({ type, offset }) => `${type} ${offset}`)).toEqual(
      Array.from({ length: 10 }, (_, at) => `published ${at + 1}`),
    );
    stream.closed();
    await pass(250);
    expect(tap.size).toBe(0);
  });

  it('says how many entries had no room', async () => {
    const { stream, reader, pass, publish, lines } = start();
    reader.keepsUp = false;
    await pass(250);
    for (let offset = 1; offset <= 2_000; offset++) publish(offset, 'm'.repeat(200));
    await pass(10_000);
    reader.keepsUp = true;
    stream.drained();
    await pass(500);
    const lost = lines().filter(({ type }) => type === 'lost');
    const shown = lines().filter(({ type }) => type === 'published').length;
    expect(lost).toEqual([{ type: 'lost', node: 'one', count: 2_000 - shown }]);
    expect(shown).toBeGreaterThan(500);
  });
});
