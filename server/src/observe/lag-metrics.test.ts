import { describe, expect, it } from 'vitest';
import { EventBus } from '../events.ts';
import { ManualClock } from '../util/clock.ts';
import { VERSION } from '../util/version.ts';
import { LoopWatch } from './lag-metrics.ts';
import { Metrics } from './metrics.ts';

function setUp(lags: Record<string, number> = {}) {
  const events = new EventBus();
  const clock = new ManualClock();
  const cursorLag = () => new Map(Object.entries(lags));
  const loopLag = () => ({ median: 0.001, p99: 0.01, max: 0.2 });
  const metrics = new Metrics(events, { channels: () => 0, clock, cursorLag, loopLag, engine: 'memory' });
  const lines = async (name: string) => (await metrics.text()).split('\n').filter((line) => line.startsWith(name));
  const deliver = (age: number) =>
    events.emit('delivered', {
      ...{ channel: 'chat:a', rule: 'chat:{room}', after: 0, offset: 1, deliveries: 1, bytes: 1 },
      oldest: { message: { time: clock.now() - age } },
    });
  return { clock, lines, deliver, lags };
}

describe('the metrics of what is late', () => {
  it('measure a delivery by the time stamp of its oldest message, at most every 50 ms', async () => {
    const { clock, lines, deliver } = setUp();
    deliver(40);
    deliver(9_000);
    clock.advance(50);
    deliver(-5);
    expect(await lines('sluice_delivery_lag_seconds_count')).toEqual([
      'sluice_delivery_lag_seconds_count{rule="chat:{room}"} 2',
    ]);
    expect(await lines('sluice_delivery_lag_seconds_sum')).toEqual([
      'sluice_delivery_lag_seconds_sum{rule="chat:{room}"} 0.04',
    ]);
  });

  it('have the slowest cursor by rule, as long as one is behind', async () => {
    const { lines, lags } = setUp({ 'chat:{room}': 12 });
    expect(await lines('sluice_cursor_lag')).toEqual(['sluice_cursor_lag_messages{rule="chat:{room}"} 12']);
    delete lags['chat:{room}'];
    expect(await lines('sluice_cursor_lag')).toEqual([]);
  });

  it('have the lag of the event loop, and what runs', async () => {
    const { lines } = setUp();
    expect(await lines('sluice_event_loop')).toEqual([
      'sluice_event_loop_lag_seconds{quantile="0.5"} 0.001',
      'sluice_event_loop_lag_seconds{quantile="0.99"} 0.01',
      'sluice_event_loop_lag_seconds{quantile="1"} 0.2',
    ]);
    expect(await lines('sluice_build_info')).toEqual([
      `sluice_build_info{version="${VERSION}",node_version="${process.versions.node}",engine="memory"} 1`,
    ]);
  });
});

it('the watch of the event loop notices that it was blocked', async () => {
  const watch = new LoopWatch();
  expect(watch.read()).toEqual({ median: 0, p99: 0, max: 0 });
  watch.start();
  for (let max = 0; max < 0.05; max = watch.read().max) {
    await new Promise((resolve) => setTimeout(resolve, 25));
    const until = performance.now() + 100;
    while (performance.now() < until);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  watch.stop();
});
