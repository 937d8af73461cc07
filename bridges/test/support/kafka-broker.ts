import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { JVM_BROKERS } from '../../../scripts/jvm-brokers.mjs';
import { BrokerServer, freePort } from './broker-server.ts';
import { java, javaArgs, missingJvm } from './jvm.ts';

const { kafka } = JVM_BROKERS;

/** Why the tests with Kafka are skipped; `false`: they run. */
export const noKafka = missingJvm(kafka);

/**
 * A Kafka that is broker and controller in one process.
 *
 * @param more the listener of clients is named `PLAINTEXT`
 */
export async function startKafka(more: MoreKafka = {}): Promise<BrokerServer> {
  const { controller, id } = more.cluster ?? (await newCluster());
  return BrokerServer.start(({ port, folder }) => {
    const properties = join(folder, 'server.properties');
    return {
      command: java(),
      args: javaArgs(kafka, 'kafka.Kafka', properties),
      prepare: async () => {
        const second = more.isSecond === true ? secondOf(port) : {};
        const changed = linesOf({ ...second, ...more.properties });
        writeFileSync(properties, `${propertiesOf({ port, controller, folder })}${changed}`);
        const format = javaArgs(
          kafka,
          'kafka.tools.StorageTool',
          'format',
          '-t',
          id,
          '-c',
          properties,
          ...(more.format ?? []),
        );
        await promisify(execFile)(java(), format);
      },
    };
  });
}

/** What the brokers of a cluster have in common. */
export const newCluster = async (): Promise<KafkaCluster> => ({
  controller: await freePort(),
  id: randomBytes(16).toString('base64url'),
});

/** What a broker changes that joins the first one of its cluster. */
const secondOf = (port: number) => ({
  ...{ 'process.roles': 'broker', 'node.id': '2' },
  listeners: `PLAINTEXT://127.0.0.1:${port}`,
});

const linesOf = (properties: Readonly<Record<string, string>>): string =>
  Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');

export interface KafkaCluster {
  /** The port of the controller, which is in the first broker. */
  readonly controller: number;
  readonly id: string;
}

interface MoreKafka {
  /** Default: its own. */
  readonly cluster?: KafkaCluster;
  /** Does it join the first broker of its cluster? */
  readonly isSecond?: boolean;
  readonly properties?: Readonly<Record<string, string>>;
  /** Arguments of the command that prepares its folder. */
  readonly format?: readonly string[];
}

interface Ports {
  readonly port: number;
  readonly controller: number;
  readonly folder: string;
}

function propertiesOf({ port, controller, folder }: Ports): string {
  const client = `PLAINTEXT://127.0.0.1:${port}`;
  const internal = ['offsets.topic', 'transaction.state.log', 'share.coordinator.state.topic'];
  return [
    ...['process.roles=broker,controller', 'node.id=1', `controller.quorum.voters=1@127.0.0.1:${controller}`],
    ...[`listeners=${client},CONTROLLER://127.0.0.1:${controller}`, `advertised.listeners=${client}`],
    ...['controller.listener.names=CONTROLLER', `log.dirs=${join(folder, 'data')}`, 'log.cleaner.enable=false'],
    // Otherwise each join of a group waits for three seconds.
    'group.initial.rebalance.delay.ms=0',
    // After a kill, the controller accepts the broker only when its session has ended: 9 s by default.
    ...['broker.session.timeout.ms=2000', 'broker.heartbeat.interval.ms=500'],
    ...internal.flatMap((topic) => [`${topic}.replication.factor=1`, `${topic}.num.partitions=1`]),
    ...['transaction.state.log.min.isr=1', 'share.coordinator.state.topic.min.isr=1', ''],
  ].join('\n');
}
