import { describe, expect, it } from 'vitest';
import { MemoryEngine } from '../engine/memory/memory-engine.ts';
import { ManualClock } from '../util/clock.ts';
import type { WebhookConfig } from '../webhook.ts';
import { EventLog } from './event-log.ts';

const KEEP = { count: 10_000, age: 86_400_000 };

function start(batch = 100) {
  const clock = new ManualClock();
  const engine = new MemoryEngine({ clock });
  engine.start({ deliver: () => {} } as never);
  engine.groups.start(() => {});
  const config = { name: 'crm', batch, keep: KEEP } as unknown as WebhookConfig;
  return { clock, log: new EventLog({ config, log: engine, groups: engine.groups, now: () => clock.now() }) };
}

const datasOf = ({ events }: Awaited<ReturnType<EventLog['take']>>) => events.map(({ data }) => data);

describe('the events of an endpoint', () => {
  it('are stored once, however many nodes report them within ten minutes', async () => {
    const { log, clock } = start();
    const report = async (key?: string) => log.append({ type: 'user.online', data: 1, ...(key && { key }) });
    await report('ada 1');
    await report('ada 1');
    clock.advance(599_999);
    await report('ada 1');
    await report('ada 2');
    await report();
    await report();
    expect((await log.take()).events).toHaveLength(4);
  });

  it('are stored once for the time that a publish may be repeated, if that is longer', async () => {
    const { log, clock } = start();
    const report = async () => log.append({ type: 'message.published', data: 1, key: 'm', window: 86_400_000 });
    await report();
    clock.advance(3_600_000);
    await report();
    expect((await log.take()).events).toHaveLength(1);
  });

  it.each([
    [10, 4, [4, 4, 2]],
    [3, 100, [3]],
  ])('come in requests: %i events, %i in each', async (count, batch, sizes) => {
    const { log } = start(batch);
    for (let at = 0; at < count; at++) await log.append({ type: 'webhook.test', data: at });
    for (const size of sizes) {
      const taken = await log.take();
      expect(taken.events).toHaveLength(size);
      await log.received(taken);
    }
    expect((await log.take()).events).toEqual([]);
  });

  it('end a request with the event that passes a mebibyte', async () => {
    const { log } = start();
    const large = 'x'.repeat(400_000);
    for (let at = 0; at < 4; at++) await log.append({ type: 'webhook.test', data: large });
    const first = await log.take();
    expect(first.events).toHaveLength(3);
    await log.received(first);
    expect((await log.take()).events).toHaveLength(1);
  });

  it('come again after 15 s unless they were received', async () => {
    const { log, clock } = start();
    await log.append({ type: 'webhook.test', data: 1 });
    const taken = await log.take();
    clock.advance(10_000);
    await log.settle(taken.ids, 'extend');
    clock.advance(14_999);
    expect(datasOf(await log.take())).toEqual([]);
    clock.advance(1);
    expect(datasOf(await log.take())).toEqual([1]);
  });
});
