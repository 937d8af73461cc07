/** The program of the process that holds an engine which only one process can open. */

import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { Rules } from '../channels/rules.ts';
import { complete, type Gathered } from '../config/load.ts';
import { EngineOwner } from '../engine/remote/engine-owner.ts';
import { createEngine } from '../engines.ts';
import { createLogger } from '../observe/log.ts';
import { systemClock } from '../util/clock.ts';
import { giveUp, type SupervisorLink, supervisorLink } from './supervisor-link.ts';

/** Milliseconds between two checks whether all workers have ended, after the supervisor has gone. */
const LOOK = 100;

async function run(link: SupervisorLink): Promise<void> {
  const { gathered, invented, name, enginePath: path } = link.task;
  if (path === undefined) throw new Error("the task of the engine's owner has no socket path");
  const config = await complete(gathered, { env: process.env, invented });
  const log = createLogger(config.log).child({ node: name });
  const rules = new Rules(config.channels);
  rmSync(path, { force: true }); // left by an owner that died
  const owner = new EngineOwner({
    // the supervisor, because it would restart this process
    engine: createEngine(config, systemClock, { holder: process.ppid }),
    path,
    graceOf: (channel) => rules.match(channel)?.rule.presence.grace ?? 0,
    onFault: (where, error) => log.error({ where, err: error }, 'fault'),
    onAdvice: (advice) => log.warn({ advice }, 'advice from the engine'),
  });
  const stop = async (): Promise<void> => {
    try {
      await owner.close();
    } catch (error) {
      log.error({ err: error }, 'closing the engine failed');
      process.exit(1);
    }
    process.exit(0);
  };
  // One after the other, so that the latest configuration wins.
  let adopted: Promise<void> = Promise.resolve();
  const adopt = (next: Gathered): void => {
    adopted = adopted
      .then(async () => rules.replace((await complete(next, { env: process.env, invented })).channels))
      .catch((error: unknown) => log.error({ err: error }, 'the engine keeps the rules of before the reload'));
  };
  link.listen((message) => {
    if (message.type === 'stop') void stop();
    else if (message.type === 'adopt') adopt(message.gathered);
  });
  link.onOrphaned(() => {
    const look = (): void => {
      if (owner.size > 0) setTimeout(look, LOOK);
      else void stop().finally(() => rmSync(dirname(path), { recursive: true, force: true }));
    };
    look();
  });
  await owner.start();
  link.send({ type: 'ready', port: 0, url: '' });
}

// The supervisor stops it after the workers, which need the engine while they drain.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
const link = await supervisorLink();
await run(link).catch(giveUp);
