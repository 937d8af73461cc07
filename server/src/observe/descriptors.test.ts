import { describe, expect, it } from 'vitest';
import { EventBus } from '../events.ts';
import { ManualClock } from '../util/clock.ts';
import { DescriptorWatch, procDescriptors } from './descriptors.ts';
import { Metrics } from './metrics.ts';

function setUp({
  limit = 1_000,
  open = 20,
  wanted = 100,
}: {
  limit?: number | undefined;
  open?: number;
  wanted?: number;
} = {}) {
  const clock = new ManualClock();
  const events = new EventBus();
  const received: [string, object][] = [];
  for (const name of ['descriptorsCounted', 'descriptorsUnknown', 'descriptorsLow', 'descriptorsAmple'] as const) {
    events.on(name, (event) => received.push([name, event]));
  }
  const system = { open, counts: 0 };
  const source = {
    limit: () => limit,
    open: () => {
      system.counts++;
      return system.open;
    },
  };
  const watch = new DescriptorWatch({ source, events, clock, wanted });
  watch.start();
  /** This many connections arrive; accepted ones stay open. */
  const come = (count: number): number => {
    let stayed = 0;
    for (let n = 0; n < count; n++) {
      system.open++;
      if (watch.arrived()) stayed++;
      else system.open--;
    }
    return stayed;
  };
  return { clock, received, system, watch, come };
}

describe('the watch over file descriptors', () => {
  it('reports at start how many connections the limit allows', () => {
    const { received } = setUp();
    expect(received).toEqual([['descriptorsCounted', { limit: 1_000, connections: 930, expected: 10_000 }]]);
    expect(setUp({ wanted: 50_000 }).received[0]?.[1]).toMatchObject({ expected: 50_000 });
    expect(setUp({ limit: 1_048_576 }).received[0]?.[1]).toMatchObject({ connections: 1_048_576 - 512 - 20 });
  });

  it('refuses WebSockets shortly below the limit, and reports once when that begins and when it ends', () => {
    const { clock, received, system, watch } = setUp();
    system.open = 949;
    clock.advance(1_000);
    expect(watch.isLow).toBe(false);
    system.open = 950;
    clock.advance(1_000);
    expect(watch.isLow).toBe(true);
    clock.advance(5_000);
    system.open = 901;
    clock.advance(5_000);
    expect(watch.isLow).toBe(true); // not to and fro
    system.open = 899;
    clock.advance(100);
    expect(watch.isLow).toBe(false);
    expect(received.slice(1)).toEqual([
      ['descriptorsLow', { open: 950, limit: 1_000 }],
      ['descriptorsAmple', { open: 899, limit: 1_000 }],
    ]);
  });

  it('notices within a burst that there are too few, without counting at each connection', () => {
    const { system, watch, come } = setUp();
    come(5_000);
    expect(watch.isLow).toBe(true);
    expect(system.open).toBeLessThan(1_000);
    expect(system.counts).toBeLessThan(20);
  });

  it('lets connections in again when there is room', () => {
    const { clock, system, watch, come } = setUp();
    come(5_000);
    expect(come(1)).toBe(0);
    system.open = 30;
    clock.advance(100);
    expect([watch.isLow, come(1)]).toEqual([false, 1]);
  });

  it('is not deceived by many short connections', () => {
    const { system, watch, received } = setUp();
    for (let n = 0; n < 50_000; n++) expect(watch.arrived()).toBe(true);
    expect(received).toHaveLength(1);
    expect(system.counts).toBeLessThan(100);
  });

  it('keeps room for HTTP where the limit is tiny', () => {
    const { received, watch, come, system } = setUp({ limit: 64, open: 30 });
    expect(received[0]?.[1]).toMatchObject({ connections: 64 - 16 - 30 });
    come(100);
    expect(watch.isLow).toBe(true);
    expect(system.open).toBe(59); // a quarter of the reserve is left to the system
  });

  it('leaves no timer behind', () => {
    const { clock, watch } = setUp();
    watch.stop();
    expect(clock.running).toBe(0);
  });

  it('reports that it cannot watch if the system does not provide the numbers, and refuses no connection', async () => {
    const clock = new ManualClock();
    const events = new EventBus();
    const received: string[] = [];
    events.on('descriptorsUnknown', () => received.push('unknown'));
    const source = { limit: () => undefined, open: () => Number.NaN };
    const watch = new DescriptorWatch({ source, events, clock, wanted: 0 });
    watch.start();
    expect([received, watch.arrived(), watch.isLow, watch.state, clock.running]).toEqual([
      ['unknown'],
      true,
      false,
      undefined,
      0,
    ]);
    const text = await new Metrics(events, { channels: () => 0, descriptors: () => watch.state }).text();
    expect(text).not.toMatch(/^sluice_file_descriptors\S* /m);
    expect(text).toContain('# TYPE sluice_file_descriptors gauge');
  });

  it('are gauges: the open ones and the limit', async () => {
    const { watch } = setUp({ open: 42 });
    const text = await new Metrics(new EventBus(), { channels: () => 0, descriptors: () => watch.state }).text();
    expect(text).toContain('\nsluice_file_descriptors 42\n');
    expect(text).toContain('\nsluice_file_descriptors_limit 1000\n');
  });

  it.runIf(process.platform === 'linux')('reads what Linux says', () => {
    const source = procDescriptors();
    expect(source.open()).toBeGreaterThan(3);
    expect(source.limit()).toBeGreaterThan(source.open());
  });
});
