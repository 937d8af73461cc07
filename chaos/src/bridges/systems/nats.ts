import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers as makeHeaders, nanos } from '@nats-io/transport-node';
import { BROKERS } from '../../../../bridges/test/support/brokers.ts';
import type { Sent } from '../judge.ts';
import { type Produced, type SoakSystem, sentOf } from './system.ts';

const SOURCE = 'SOAK_IN';
const TARGET = 'SOAK_OUT';
/** Milliseconds for which the streams recognise repeats, and for a confirm. */
const WINDOW = 3_600_000;
const CONFIRM = 2_000;

type Connection = Awaited<ReturnType<typeof connect>>;

export const natsSoak: SoakSystem = {
  ...{ broker: BROKERS.nats, kill: 'SIGKILL', deduplicates: true },
  open: async ({ port }) => {
    const connection = await connect({
      ...{ servers: `127.0.0.1:${port}`, maxReconnectAttempts: -1, reconnectTimeWait: 50, ignoreClusterUpdates: true },
    });
    const manager = await jetstreamManager(connection);
    for (const name of [SOURCE, TARGET]) {
      await manager.streams.add({ name, subjects: [name], duplicate_window: nanos(WINDOW) });
    }
    return {
      connection: { nats: { url: `nats://127.0.0.1:${port}` } },
      from: { stream: SOURCE },
      to: { subject: TARGET, envelope: 'raw' },
      key: '{header:key}',
      produce: (messages) => produce(connection, messages),
      sent: () => readAll(connection),
      close: () => connection.close(),
    };
  },
};

/** One after the other: the client would send what is on its way after a lost connection. */
async function produce(connection: Connection, messages: readonly Produced[]): Promise<void> {
  const client = jetstream(connection);
  for (const { n, key, body } of messages) {
    const headers = makeHeaders();
    headers.set('key', key);
    await client.publish(SOURCE, body, { headers, msgID: `${n}`, timeout: CONFIRM });
  }
}

async function readAll(connection: Connection): Promise<readonly Sent[]> {
  const { state } = await (await jetstreamManager(connection)).streams.info(TARGET);
  if (state.messages === 0) return [];
  const consumer = await jetstream(connection).consumers.get(TARGET); // ordered, from the first message
  const all: Sent[] = [];
  for await (const { data, headers, seq } of await consumer.consume()) {
    const named = (headers?.keys() ?? []).map((name) => [name, headers?.get(name) ?? '']);
    all.push(sentOf(Object.fromEntries(named), new TextDecoder().decode(data)));
    if (seq >= state.last_seq) break;
  }
  return all;
}
