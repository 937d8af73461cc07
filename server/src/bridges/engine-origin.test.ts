import { describe, expect, it } from 'vitest';
import { EngineUnavailable, type Log } from '../engine/engine.ts';
import { MemoryEngine } from '../engine/memory/memory-engine.ts';
import { ManualClock } from '../util/clock.ts';
import { readEngineOrigin } from './engine-origin.ts';

const clock = new ManualClock();
const read = (log: Log) => readEngineOrigin({ log, clock });

describe('the origin that an engine keeps', () => {
  it('is the same for all who use it, also if they ask at the same time', async () => {
    const log = new MemoryEngine({ clock });
    const origins = await Promise.all([read(log), read(log), read(log)]);
    expect(origins[0]).toMatch(/^sluice-[0-9a-z]{12}$/);
    expect(new Set([...origins, await read(log)]).size).toBe(1);
  });

  it('differs from that of another engine', async () => {
    expect(await read(new MemoryEngine({ clock }))).not.toBe(await read(new MemoryEngine({ clock })));
  });

  it('is still there years later', async () => {
    const log = new MemoryEngine({ clock });
    const origin = await read(log);
    clock.advance(9 * 365 * 86_400_000);
    expect(await read(log)).toBe(origin);
  });

  it('is not known while the engine is away', async () => {
    const away = { read: () => Promise.reject(new EngineUnavailable('away')) } as unknown as Log;
    expect(await read(away)).toBeUndefined();
  });
});
