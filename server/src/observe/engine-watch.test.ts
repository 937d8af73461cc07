import { expect, it } from 'vitest';
import { EventBus } from '../events.ts';
import { ManualClock } from '../util/clock.ts';
import { EngineWatch } from './engine-watch.ts';

it('reports once that the engine is away, and once that it is back', () => {
  const clock = new ManualClock();
  const events = new EventBus();
  const results: unknown[] = [];
  events.on('engineTroubled', (event) => results.push(event));
  events.on('engineRecovered', (event) => results.push(event));
  const engine: { name: string; trouble: string | undefined } = { name: 'redis', trouble: undefined };
  const watch = new EngineWatch(engine, { events, clock });
  watch.start();
  clock.advance(5_000);
  expect(results).toEqual([]);
  engine.trouble = 'it is away';
  clock.advance(5_000);
  expect(results).toEqual([{ engine: 'redis', trouble: 'it is away' }]);
  engine.trouble = undefined;
  clock.advance(5_000);
  expect(results.slice(1)).toEqual([{ engine: 'redis', duration: 5_000 }]);
  watch.stop();
  engine.trouble = 'it is away again';
  clock.advance(5_000);
  expect(results).toHaveLength(2);
});
