import { fileURLToPath } from 'node:url';
import { JVM_BROKERS, type JvmBroker } from '../../../scripts/jvm-brokers.mjs';
import { BrokerServer, freePort } from './broker-server.ts';
import { java, javaArgs, missingJvm } from './jvm.ts';
import { eventually } from './retry.ts';

/** One of the two brokers with the name ActiveMQ. */
export interface ActiveMqBroker {
  readonly title: string;
  /** Why its tests are skipped; `false`: they run. */
  readonly skip: string | false;
  /** Does it recognise a message that is sent again? */
  readonly deduplicates: boolean;
  readonly start: () => Promise<BrokerServer>;
}

/** Where a server tells how many messages a queue has. */
const counters = new WeakMap<BrokerServer, number>();

/** The number of messages of a queue, with those that were delivered and not acknowledged. */
export async function countOf(server: BrokerServer, queue: string): Promise<number> {
  const response = await eventually(() => fetch(`http://127.0.0.1:${counters.get(server)}/${queue}`));
  return Number(await response.text());
}

/** @param program a `.java` file beside this one */
const startWith = (broker: JvmBroker, program: string) => async () => {
  const counter = await freePort();
  const path = fileURLToPath(new URL(program, import.meta.url));
  const server = await BrokerServer.start(({ port, folder }) => ({
    ...{ command: java(), args: javaArgs(broker, path, folder, `${port}`, `${counter}`) },
  }));
  counters.set(server, counter);
  return server;
};

const { artemis, classic } = JVM_BROKERS;

export const ACTIVEMQS: readonly ActiveMqBroker[] = [
  {
    ...{ title: 'ActiveMQ Artemis', skip: missingJvm(artemis), deduplicates: true },
    start: startWith(artemis, 'Artemis.java'),
  },
  {
    ...{ title: 'ActiveMQ Classic', skip: missingJvm(classic), deduplicates: false },
    start: startWith(classic, 'Classic.java'),
  },
];
