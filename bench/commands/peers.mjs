import { servers } from '../src/fanout.mjs';
import { startPeer } from '../src/peers.mjs';
import { compare, withSize } from './fanout.mjs';

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

export function peers(program) {
  withSize(program.command('peers').description('fan-out beside other servers that this machine has'))
    .option('--socket-io', 'measure Socket.IO; install it first: npm install --no-save socket.io')
    .option('--centrifugo <binary>', 'measure Centrifugo 6')
    .option('--nats <binary>', 'measure nats-server 2')
    .action((options) => compare('peers', chosen(options), options));
}
