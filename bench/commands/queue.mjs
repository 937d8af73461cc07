import { compareFlows, QUICK } from '../src/measure-flow.mjs';
import { number, numbers } from '../src/units.mjs';

/** All of them store messages and acknowledge publishes; consumers acknowledge each message. */
const systems = ({ consumers, folder }) => ({
  'Sluice, memory': { system: 'sluice', kind: 'queue', engine: 'memory', consumers },
  'JetStream, memory': { system: 'nats', kind: 'queue', storage: 'memory', consumers, folder },
  'Sluice, durable': { system: 'sluice', kind: 'queue', engine: 'durable', consumers, folder },
  'JetStream, file': { system: 'nats', kind: 'queue', storage: 'file', consumers, folder },
  'RabbitMQ, classic': { system: 'rabbitmq', kind: 'queue', type: 'classic', consumers, folder },
  'RabbitMQ, quorum': { system: 'rabbitmq', kind: 'queue', type: 'quorum', consumers, folder },
});

function run({ quick, windows = [1, 64, 512], seconds, rounds, ...options }) {
  return compareFlows('queue', systems(options), { windows, seconds, rounds, ...(quick ? QUICK : {}) });
}

export function queue(program) {
  program
    .command('queue')
    .description(
      'messages that are published, delivered and acknowledged, beside RabbitMQ and NATS JetStream if this machine has them',
    )
    .option('--windows <n...>', 'messages on their way at a time', numbers)
    .option('--consumers <n>', 'consumers', number, 4)
    .option('--seconds <n>', 'length of one run', number, 3)
    .option('--rounds <n>', 'runs; the table shows medians', number, 3)
    .option('--folder <path>', 'where the files of the servers go: on the disk that is meant')
    .option('--quick', 'one short run with 64 messages on their way', false)
    .action(run);
}
