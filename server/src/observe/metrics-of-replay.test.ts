import { describe, expect, it } from 'vitest';
import { EventBus } from '../events.ts';
import { Metrics } from './metrics.ts';

/** The samples after some events, by name and labels. */
async function after(emit: (events: EventBus) => void): Promise<Map<string, number>> {
  const events = new EventBus();
  const metrics = new Metrics(events, { channels: () => 3 });
  emit(events);
  const lines = (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

const START = { epoch: 'e', offset: 0 };
const GAP = { connection: 'c', channel: 'a', from: START, to: START, policy: 'latest', latest: 4 } as const;

describe('metrics, by label', () => {
  it('of replays: turns by cause, messages, bytes', async () => {
    const samples = await after((events) => {
      for (const cause of ['start', 'slow_reader', 'slow_reader', 'feed'] as const) {
        events.emit('replaying', { connection: 'c', channel: 'a', cause });
      }
      events.emit('replayed', { connection: 'c', channel: 'a', after: 0, offset: 5, messages: 5, bytes: 700 });
      events.emit('replayed', { connection: 'c', channel: 'b', after: 0, offset: 1, messages: 1, bytes: 50 });
    });
    expect(samples.get('sluice_replay_turns_total{cause="slow_reader"}')).toBe(2);
    expect(samples.get('sluice_replay_turns_total{cause="start"}')).toBe(1);
    expect(samples.get('sluice_replay_turns_total{cause="feed"}')).toBe(1);
    expect(samples.get('sluice_messages_replayed_total')).toBe(6);
    expect(samples.get('sluice_messages_out_total')).toBe(6);
    expect(samples.get('sluice_replayed_bytes_total')).toBe(750);
  });

  it('of gaps: by reason and policy; messages in a gap count as sent', async () => {
    const samples = await after((events) => {
      events.emit('gap', { ...GAP, reason: 'slow_reader' });
      events.emit('gap', { ...GAP, reason: 'retention', policy: 'replay', latest: 0 });
    });
    expect(samples.get('sluice_gaps_total{reason="slow_reader",policy="latest"}')).toBe(1);
    expect(samples.get('sluice_gaps_total{reason="retention",policy="replay"}')).toBe(1);
    expect(samples.get('sluice_messages_out_total')).toBe(4);
  });

  it('of connections, subscriptions and channels', async () => {
    const samples = await after((events) => {
      for (const connection of ['a', 'b']) {
        events.emit('connectionOpened', { connection, address: '', protocol: '' });
        events.emit('subscribed', { connection, channel: 'a', log: 'a', start: START });
      }
      events.emit('connectionClosed', { connection: 'a', user: null, code: 4007, reason: 'flood', duration: 1 });
      events.emit('unsubscribed', { connection: 'a', channel: 'a', log: 'a', end: START, reason: 'asked' });
    });
    expect(samples.get('sluice_connections')).toBe(1);
    expect(samples.get('sluice_connections_opened_total')).toBe(2);
    expect(samples.get('sluice_connections_closed_total{code="4007"}')).toBe(1);
    expect(samples.get('sluice_subscriptions')).toBe(1);
    expect(samples.get('sluice_channels')).toBe(3);
  });

  it('of presence, refusals and faults', async () => {
    const samples = await after((events) => {
      events.emit('presenceSent', { channel: 'a', bytes: 80 });
      events.emit('refused', { connection: 'c', command: 'publish', error: 'rate_limited', detail: '' });
      events.emit('rejected', { what: 'handshake', address: '', error: 'too_many_connections', detail: '' });
      events.emit('overflowed', { connection: 'c', cursors: 2 });
      events.emit('fault', { where: 'here', error: new Error('test') });
    });
    expect(samples.get('sluice_presence_bytes_total')).toBe(80);
    expect(samples.get('sluice_errors_total{name="rate_limited"}')).toBe(1);
    expect(samples.get('sluice_errors_total{name="too_many_connections"}')).toBe(1);
    expect(samples.get('sluice_overflows_total')).toBe(1);
    expect(samples.get('sluice_faults_total')).toBe(1);
  });
});
