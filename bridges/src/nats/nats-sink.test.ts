import * as transport from '@nats-io/transport-node';
import type { OutboundBridge } from '@sluice/server/bridging';
import { describe, expect, it } from 'vitest';
import type { SinkRecord } from '../sink.ts';
import type { NatsClient } from './nats-connection.ts';
import { NatsSink } from './nats-sink.ts';

interface Published {
  readonly subject: string;
  readonly headers: transport.MsgHdrs;
}

/** What the sink publishes of a record, with the real headers of the client. */
async function publish(record: Partial<SinkRecord>, subject: string): Promise<Published> {
  const published: Published[] = [];
  const jetstream = () => ({
    publish: async (to: string, _: Buffer, { headers }: { readonly headers: transport.MsgHdrs }) => {
      published.push({ subject: to, headers });
    },
  });
  const connect = async () => ({ close: async () => {}, closed: () => new Promise(() => {}) });
  const client = { transport: { ...transport, connect }, jetstream: { jetstream } } as unknown as NatsClient;
  const config = { connection: { url: 'nats://localhost' }, to: { subject } } as unknown as OutboundBridge;
  const sink = await new NatsSink(client, config).open();
  await sink.send([
    {
      ...{ id: 'c/e/1', channel: 'c', epoch: 'e', offset: 1, event: undefined, tags: {}, headers: {} },
      ...{ contentType: 'application/json', body: Buffer.from('1') },
      ...record,
    },
  ]);
  const [first] = published;
  if (first === undefined) throw new Error('nothing was published');
  return first;
}

it.each([
  ['audit.{event}', 'signed.in', 'audit.signed.in'],
  ['audit.{event}', '.', 'audit._'],
  ['audit.{event}.{channel}', '..', 'audit._.c'],
  ['{event}', '.', '_'],
  ['{event}', '.a..b.', 'a.b'],
  ['{event}', '*.>', '_._'],
  ['{event}', 'a b\r\nc\0', 'a_b__c_'],
  ['{event}', '$JS.API.STREAM.DELETE.ORDERS', '_JS.API.STREAM.DELETE.ORDERS'],
  ['{event}', '.$JS', '_JS'],
  ['$KV.audit.{event}', 'a', '$KV.audit.a'],
])('the subject "%s" of the event "%s" is one that NATS accepts', async (template, event, expected) => {
  expect((await publish({ event }, template)).subject).toBe(expected);
});

it('the event is a header', async () => {
  expect((await publish({ event: 'signed-in' }, 'audit')).headers.get('event')).toBe('signed-in');
  expect((await publish({}, 'audit')).headers.has('event')).toBe(false);
});

it('tags whose names become the same header keep their values', async () => {
  const { headers } = await publish({ tags: { é: '1', è: '2\r\nx: y', plain: '' } }, 'audit');
  expect(headers.values('sluice-tag-_')).toEqual(['1', '2 x: y']);
  expect(headers.get('sluice-tag-plain')).toBe('');
});

describe('a subject that nobody answers for', () => {
  const send = async (find: () => Promise<string>, confirmed: (at: number) => void = () => {}) => {
    const jetstream = () => ({
      publish: async (subject: string) => {
        if (subject === 'audit.none') throw new Error('no responders: audit.none');
      },
    });
    const jetstreamManager = async () => ({ streams: { find } });
    const connect = async () => ({ close: async () => {}, closed: () => new Promise(() => {}) });
    const client = { transport: { ...transport, connect }, jetstream: { jetstream, jetstreamManager } };
    const config = { connection: { url: 'nats://localhost' }, to: { subject: 'audit.{event}' } };
    const sink = await new NatsSink(client as unknown as NatsClient, config as unknown as OutboundBridge).open();
    const records = ['a', 'none', 'b'].map((event, at) => ({
      ...{ id: `c/e/${at}`, channel: 'c', epoch: 'e', offset: at, event, tags: {}, headers: {} },
      ...{ contentType: 'application/json', body: Buffer.from('1') },
    }));
    await sink.send(records, confirmed);
  };

  it('has no stream: the message is reported, and the others are confirmed', async () => {
    const confirmed: number[] = [];
    const sending = send(
      () => Promise.reject(new Error('no stream matches subject')),
      (at) => confirmed.push(at),
    );
    const message = 'no stream has the subject "audit.none"';
    await expect(sending).rejects.toMatchObject({ name: 'Unroutable', ids: ['c/e/1'], message });
    expect(confirmed).toEqual([0, 2]);
  });

  it.each([
    ['has a stream', async () => 'audit'],
    ['is unknown', () => Promise.reject(new Error('no responders'))],
  ])('%s: the server may be away', async (_, find) => {
    await expect(send(find)).rejects.toThrow('no stream answers for the subject "audit.none", or JetStream is off');
  });
});

it('a batch with a message that is too large for the server is not sent at all', async () => {
  const published: string[] = [];
  const jetstream = () => ({ publish: async (subject: string) => void published.push(subject) });
  const connect = async () => ({
    ...{ close: async () => {}, closed: () => new Promise(() => {}) },
    info: { max_payload: 1_000 },
  });
  const client = { transport: { ...transport, connect }, jetstream: { jetstream } } as unknown as NatsClient;
  const config = { connection: { url: 'nats://localhost' }, to: { subject: 'audit' } } as unknown as OutboundBridge;
  const sink = await new NatsSink(client, config).open();
  const record = (at: number, size: number, tags = {}): SinkRecord => ({
    ...{ id: `c/e/${at}`, channel: 'c', epoch: 'e', offset: at, event: undefined, tags, headers: {} },
    ...{ contentType: 'application/json', body: Buffer.alloc(size) },
  });
  const records = [record(1, 10), record(2, 990), record(3, 500, { long: 'x'.repeat(500) }), record(4, 900)];
  await expect(sink.send(records)).rejects.toMatchObject({ name: 'TooLarge', ids: ['c/e/2', 'c/e/3'] });
  expect(published).toEqual([]);
});
