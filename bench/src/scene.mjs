/** Plays a scene on a fresh gateway, and watches the gateway's memory. */
import { setPriority } from 'node:os';
import { answer, cpuSeconds, residentBytes, start, stop } from './processes.mjs';

export async function playScene(scene, options) {
  const player = start('play.mjs', 1);
  try {
    // Then the player's code is compiled, and only the gateway is cold.
    if (options.rehearsal !== undefined) await playOnFreshGateway(player, scene, options.rehearsal);
    return await playOnFreshGateway(player, scene, options);
  } finally {
    await stop(player);
  }
}

async function playOnFreshGateway(player, scene, options) {
  const server = start('sluice-server.mjs', 0, options.args ?? []);
  const beside = start('play.mjs', 1);
  let most = 0;
  const watching = setInterval(() => {
    most = Math.max(most, residentBytes(server));
  }, 100);
  try {
    const port = await answer(server, 'port');
    const before = residentBytes(server);
    // Somebody else who is busy with the same gateway, in a process of its own. It must not take
    // the CPU from those who are measured on the same core: in life it has a machine of its own.
    setPriority(beside.pid, 19);
    if (options.warm) {
      player.send({ play: { scene: 'warmUp', port } });
      await answer(player, 'played');
    }
    if (options.beside !== undefined)
      beside.send({ play: { scene: options.beside, port, seconds: options.seconds + 2 } });
    player.send({ play: { scene, port, server: server.pid, ...options } });
    const figures = await answer(player, 'played');
    return { ...figures, residentGrowth: most - before, cpu: cpuSeconds(server) };
  } finally {
    clearInterval(watching);
    await stop(beside);
    await stop(server);
  }
}
