import { describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../util/clock.ts';
import { testEngine } from '../conformance/engine-conformance.ts';
import { MemoryEngine } from './memory-engine.ts';

testEngine('memory', (clock) => new MemoryEngine({ clock }));

const KEEP = { retention: { count: 10, age: 60_000 }, window: 60_000 };
const HOUR = 3_600_000;

function start() {
  const clock = new ManualClock();
  const engine = new MemoryEngine({ clock });
  engine.start({ deliver: () => {} });
  let count = 0;
  const append = (channel: string, options: Parameters<MemoryEngine['append']>[2] = KEEP) =>
    engine.append(channel, { id: `m${++count}`, time: clock.now(), data: null }, options);
  return { clock, engine, append };
}

describe('the memory engine', () => {
  it('answers at once', () => {
    const { engine, append } = start();
    expect(append('a')).not.toBeInstanceOf(Promise);
    expect(engine.read('a', 0, 1)).not.toBeInstanceOf(Promise);
  });

  it('reads the clock once for each append, with a key and without', () => {
    const { clock, append } = start();
    append('a'); // makes the log
    const monotonic = vi.spyOn(clock, 'monotonic');
    for (const options of [KEEP, { ...KEEP, key: 'k' }, { ...KEEP, key: 'k' }]) {
      monotonic.mockClear();
      append('a', options);
      expect(monotonic).toHaveBeenCalledTimes(1);
    }
  });

  it('begins a new epoch in every run', () => {
    expect(start().append('a').epoch).not.toBe(start().append('a').epoch);
  });

  it('removes a log that was unused for an hour, and never uses its epoch again', () => {
    const { clock, engine, append } = start();
    const { epoch } = append('a');
    clock.advance(HOUR + 61_000);
    expect(engine.size).toBe(0);
    expect(append('a')).toMatchObject({ offset: 1 });
    expect(engine.read('a', 0, 0).epoch).not.toBe(epoch);
  });

  it.each<[string, (world: ReturnType<typeof start>) => void]>([
    ['watched', ({ engine, append }) => [append('a'), engine.watch('a')]],
    ['not empty', ({ append }) => append('a', { retention: { count: 1, age: 100 * HOUR }, window: 0 })],
    ['keeping a key in mind', ({ append }) => append('a', { retention: null, window: 100 * HOUR, key: 'k' })],
  ])('keeps a log that is %s', (_, use) => {
    const world = start();
    use(world);
    const { epoch, head } = world.engine.read('a', 0, 0);
    world.clock.advance(3 * HOUR);
    expect(world.engine.read('a', 0, 0)).toMatchObject({ epoch, head });
  });

  it('stores nothing for channels that were only read', () => {
    const { engine } = start();
    for (let at = 0; at < 1_000; at++) {
      engine.read(`a${at}`, 0, 10);
      engine.seek(`a${at}`, 0);
    }
    expect(engine.size).toBe(0);
  });

  it('frees expired messages of unused channels', () => {
    const { clock, engine, append } = start();
    append('a');
    engine.watch('a');
    clock.advance(62_000);
    expect(engine.held).toBe(0);
  });

  it('comes round to every log, however many there are', () => {
    const { clock, engine, append } = start();
    for (let at = 0; at < 12_000; at++) append(`a${at}`);
    clock.advance(60_000 + 5_000);
    expect(engine.held).toBe(0);
  });
});
