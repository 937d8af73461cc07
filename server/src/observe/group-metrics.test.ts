import { describe, expect, it } from 'vitest';
import { EventBus } from '../events.ts';
import type { GroupNumbers } from './group-metrics.ts';
import { Metrics } from './metrics.ts';

const of = { channel: 'jobs:a', group: 'queue' };
const numbers: GroupNumbers = {
  ...{ rule: 'jobs:{kind}', group: 'queue', ready: 5, inFlight: 2, delayed: 1, dead: 3, oldestAge: 1_500 },
};

function setUp(measure: () => Promise<readonly GroupNumbers[]>) {
  const events = new EventBus();
  const metrics = new Metrics(events, { channels: () => 0, groups: measure });
  const value = async (name: string): Promise<string | undefined> =>
    (await metrics.text())
      .split('\n')
      .find((each) => each.startsWith(`${name} `))
      ?.split(' ')
      .at(-1);
  return { events, value };
}

describe('the metrics of groups', () => {
  it('show the numbers by rule and group, with one look at the engine', async () => {
    let looks = 0;
    const { value } = setUp(async () => {
      looks++;
      return [numbers];
    });
    const labels = '{rule="jobs:{kind}",group="queue"}';
    expect(await value(`sluice_group_ready${labels}`)).toBe('5');
    expect(looks).toBe(1);
    expect(await value(`sluice_group_in_flight${labels}`)).toBe('2');
    expect(await value(`sluice_group_delayed${labels}`)).toBe('1');
    expect(await value(`sluice_group_dead${labels}`)).toBe('3');
    expect(await value(`sluice_group_oldest_seconds${labels}`)).toBe('1.5');
  });

  it('show the others if the engine is away', async () => {
    const { value } = setUp(() => Promise.reject(new Error('away')));
    expect(await value('sluice_consumers')).toBe('0');
  });

  it('count deliveries and what came of them', async () => {
    const { events, value } = setUp(async () => []);
    events.emit('consumerStarted', of);
    events.emit('consumerStarted', of);
    events.emit('consumerStopped', of);
    events.emit('deliveriesSent', { ...of, count: 7, repeated: 2 });
    events.emit('settled', { ...of, outcome: 'ack', count: 4, expired: 1 });
    events.emit('messagesExpired', { ...of, count: 5, dropped: 2 });
    events.emit('groupGap', { ...of, reason: 'retention' });
    events.emit('deadLettersRefused', { ...of, target: 'dead:a', error: 'unavailable' });
    events.emit('deadLetterRefused', {
      ...{ ...of, target: 'dead:a', offset: 1, error: 'payload_too_large', detail: 'why' },
    });
    expect(await value('sluice_consumers')).toBe('1');
    expect(await value('sluice_deliveries_total')).toBe('7');
    expect(await value('sluice_redeliveries_total')).toBe('2');
    expect(await value('sluice_settled_total{outcome="ack"}')).toBe('4');
    expect(await value('sluice_deliveries_expired_total')).toBe('1');
    expect(await value('sluice_group_expired_total{outcome="dead_letter"}')).toBe('3');
    expect(await value('sluice_group_expired_total{outcome="dropped"}')).toBe('2');
    expect(await value('sluice_group_gaps_total{reason="retention"}')).toBe('1');
    expect(await value('sluice_dead_letters_refused_total')).toBe('2');
  });
});
