import { describe, expect, it } from 'vitest';
import { EventBus } from '../events.ts';
import { Metrics } from './metrics.ts';

function setUp() {
  const events = new EventBus();
  const metrics = new Metrics(events, { channels: () => 7 });
  const value = async (name: string): Promise<number> => {
    const line = (await metrics.text()).split('\n').find((each) => each.startsWith(`${name} `));
    return Number(line?.split(' ').at(-1));
  };
  return { events, metrics, value };
}

const at = { epoch: 'e', offset: 0 };
const subscription = { connection: 'a', channel: 'x', log: 'x' };
const closed = { connection: 'c', user: null, reason: '', duration: 1 };

describe('the metrics', () => {
  it('count open connections and subscriptions', async () => {
    const { events, value } = setUp();
    for (const connection of ['a', 'b', 'c'])
      events.emit('connectionOpened', { connection, address: '', protocol: '' });
    events.emit('connectionClosed', { ...closed, code: 1006 });
    for (let count = 0; count < 3; count++) events.emit('subscribed', { ...subscription, start: at });
    events.emit('unsubscribed', { ...subscription, end: at, reason: 'asked' });
    expect(await value('sluice_connections')).toBe(2);
    expect(await value('sluice_connections_opened_total')).toBe(3);
    expect(await value('sluice_connections_closed_total{code="1006"}')).toBe(1);
    expect(await value('sluice_subscriptions')).toBe(2);
    expect(await value('sluice_channels')).toBe(7);
  });

  it('count messages in and out', async () => {
    const { events, value } = setUp();
    events.emit('published', { channel: 'x', id: 'm', number: 1, offset: 1, waited: 2 });
    events.emit('delivered', { channel: 'x', after: 0, offset: 1, deliveries: 10, bytes: 1_000 });
    events.emit('replayed', { connection: 'c', channel: 'x', after: 0, offset: 5, messages: 5, bytes: 500 });
    expect(await value('sluice_messages_in_total')).toBe(1);
    expect(await value('sluice_messages_out_total')).toBe(15);
    expect(await value('sluice_messages_replayed_total')).toBe(5);
    expect(await value('sluice_fanout_bytes_total')).toBe(1_000);
    expect(await value('sluice_publish_latency_seconds_bucket{le="0.005"}')).toBe(1);
    expect(await value('sluice_publish_latency_seconds_bucket{le="0.001"}')).toBe(0);
  });

  it('count errors by name', async () => {
    const { events, value } = setUp();
    events.emit('overflowed', { connection: 'c', cursors: 3 });
    events.emit('gap', { ...subscription, from: at, to: at, reason: 'retention', policy: 'replay', latest: 0 });
    events.emit('refused', { connection: 'c', command: 'publish', error: 'permission_denied', detail: '' });
    events.emit('rejected', { what: 'handshake', address: '', error: 'origin_refused', detail: '' });
    events.emit('fault', { where: '', error: new Error() });
    expect(await value('sluice_overflows_total')).toBe(1);
    expect(await value('sluice_gaps_total{reason="retention",policy="replay"}')).toBe(1);
    expect(await value('sluice_errors_total{name="permission_denied"}')).toBe(1);
    expect(await value('sluice_errors_total{name="origin_refused"}')).toBe(1);
    expect(await value('sluice_faults_total')).toBe(1);
  });

  it('explain themselves, and do not get in the way of another gateway in the same process', async () => {
    setUp();
    const { metrics } = setUp();
    const text = await metrics.text();
    const named = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(10);
    for (const name of named) expect(text).toMatch(new RegExp(`^# HELP ${name} \\S`, 'm'));
    expect(metrics.contentType).toContain('text/plain');
  });
});
