import { measure, servers } from '../src/fanout.mjs';
import { startPeer } from '../src/peers.mjs';
import { publish, table } from '../src/report.mjs';
import { inRounds, medianOf, rowsOf } from '../src/rounds.mjs';
import { millions, ms, number } from '../src/units.mjs';

const HEAD = ['server', 'deliveries', '× bare', 'p50', 'p99', 'CPU s / million'];

/** The servers to measure: those that need nothing, and the peers that this machine has. */
function chosen({ socketIo, centrifugo, nats }) {
  const program = (name, binary) => ({ kind: name, open: (core) => startPeer(name, binary, core) });
  return {
    'bare, publish': servers['bare, publish'],
    Sluice: servers.sluice,
    ...(socketIo ? { 'Socket.IO': { file: 'socketio-server.mjs', args: [], kind: 'socket.io' } } : {}),
    ...(centrifugo === undefined ? {} : { Centrifugo: program('centrifugo', centrifugo) }),
    ...(nats === undefined ? {} : { NATS: program('nats', nats) }),
  };
}

async function run({ subscribers, channels, rounds, seconds, steps, ...peers }) {
  const measured = chosen(peers);
  const runs = await inRounds(rounds, Object.keys(measured), async (name, round) => {
    const best = await measure(measured[name], { subscribers, channels, seconds, steps });
    console.error(`round ${round + 1}, ${name}: ${Math.round(best?.deliveriesPerSecond ?? 0)} deliveries/s`);
    return best;
  });
  const base = medianOf(runs['bare, publish'])('deliveriesPerSecond');
  const rows = rowsOf(runs, (pick) => [
    millions(pick('deliveriesPerSecond')),
    (pick('deliveriesPerSecond') / base).toFixed(2),
    ms(pick('p50')),
    ms(pick('p99')),
    pick('cpuPerMillion').toFixed(3),
  ]);
  publish(`peers-${channels}x${subscribers / channels}`, table(HEAD, rows), { subscribers, channels, runs });
}

export function peers(program) {
  program
    .command('peers')
    .description('fan-out beside other servers that this machine has')
    .option('--subscribers <n>', 'connections that receive', number, 1000)
    .option('--channels <n>', 'channels that they share', number, 1)
    .option('--rounds <n>', 'runs of each server; the table shows medians', number, 3)
    .option('--seconds <n>', 'length of one trial', number, 2)
    .option('--steps <n>', 'halvings of the last step', number, 3)
    .option('--socket-io', 'measure Socket.IO; install it first: npm install --no-save socket.io')
    .option('--centrifugo <binary>', 'measure Centrifugo 6')
    .option('--nats <binary>', 'measure nats-server 2')
    .action(run);
}
