import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { JVM_BROKERS } from '../../../scripts/jvm-brokers.mjs';
import { BrokerServer } from './broker-server.ts';
import { java, javaArgs, missingJvm } from './jvm.ts';

const { elasticmq } = JVM_BROKERS;

/** Why the tests with ElasticMQ are skipped; `false`: they run. */
export const noElasticmq = missingJvm(elasticmq);

/** An ElasticMQ, which speaks the protocol of SQS. Queues and messages survive a restart. */
export const startElasticmq = (): Promise<BrokerServer> =>
  BrokerServer.start(({ port, folder }) => {
    const config = join(folder, 'elasticmq.conf');
    return {
      command: java(),
      args: [`-Dconfig.file=${config}`, ...javaArgs(elasticmq, 'org.elasticmq.server.Main')],
      prepare: async () => writeFileSync(config, configOf(port, folder)),
    };
  });

const configOf = (port: number, folder: string): string => `
include classpath("application.conf")
node-address { protocol = http, host = 127.0.0.1, port = ${port}, context-path = "" }
rest-sqs { enabled = true, bind-port = ${port}, bind-hostname = "127.0.0.1", sqs-limits = strict }
rest-stats { enabled = false }
# Without a delay: otherwise a kill loses what was confirmed in the last second.
messages-storage { enabled = true, uri = "jdbc:h2:${join(folder, 'messages')};WRITE_DELAY=0" }
`;
