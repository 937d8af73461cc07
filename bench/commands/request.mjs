import { compareFlows, QUICK } from '../src/measure-flow.mjs';
import { number, numbers } from '../src/units.mjs';

const systems = ({ responders }) => ({
  Sluice: { system: 'sluice', kind: 'requests', engine: 'memory', responders },
  NATS: { system: 'nats', kind: 'requests', responders },
});

function run({ quick, windows = [1, 64, 512], seconds, rounds, ...options }) {
  return compareFlows('request', systems(options), { windows, seconds, rounds, ...(quick ? QUICK : {}) });
}

export function request(program) {
  program
    .command('request')
    .description('requests and their replies, beside NATS if this machine has it')
    .option('--windows <n...>', 'requests on their way at a time', numbers)
    .option('--responders <n>', 'responders', number, 4)
    .option('--seconds <n>', 'length of one run', number, 3)
    .option('--rounds <n>', 'runs; the table shows medians', number, 3)
    .option('--quick', 'one short run with 64 requests on their way', false)
    .action(run);
}
