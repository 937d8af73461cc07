/**
 * Two gateways in one process: one remembers what became of messages, the other does not. They publish in
 * blocks, in turns, so that disturbances of the machine affect both alike. Commands over IPC:
 *
 *   { measure: { blocks, publishes, perTurn } }   -> { measured: [[µs, …], [µs, …]] }, CPU per publish of each block
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createGateway } from '@sluice/server';
import { SECRET } from './tokens.mjs';

const CHANNEL = 'bench:0';
const DATA = { text: 'x'.repeat(100) };

const gateways = [10_000, 0].map((decisions) =>
  createGateway({
    ...{ host: '127.0.0.1', port: 0, heartbeat: '8m', drain: 0 },
    keys: [{ secret: SECRET }],
    log: { level: 'warn', decisions },
    channels: { 'bench:{n}': { allow: { '*': 'users' } } },
  }),
);

async function block(gateway, { publishes, perTurn }) {
  const before = process.cpuUsage();
  for (let done = 0; done < publishes; done++) {
    gateway.publish(CHANNEL, DATA);
    if (done % perTurn === 0) await nextTurn();
  }
  await nextTurn();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / publishes;
}

async function measure({ blocks, ...load }) {
  const figures = gateways.map(() => []);
  for (const gateway of gateways) await block(gateway, load); // compiles the code
  for (let done = 0; done < blocks; done++) {
    const order = done % 2 === 0 ? [0, 1] : [1, 0];
    for (const at of order) figures[at].push(await block(gateways[at], load));
  }
  return figures;
}

process.on('message', async (message) => {
  if (message.measure) process.send({ measured: await measure(message.measure) });
});
const started = await Promise.all(gateways.map((gateway) => gateway.start()));
process.send({ ports: started.map(({ port }) => port) });
