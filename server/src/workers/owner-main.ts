/** The program of the process that holds an engine which only one process can hold. */

import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { Rules } from '../channels/rules.ts';
import { complete } from '../config/load.ts';
import { EngineOwner } from '../engine/remote/engine-owner.ts';
import { createEngine } from '../engines.ts';
import { createLogger } from '../observe/log.ts';
import { systemClock } from '../util/clock.ts';
import { giveUp, type SupervisorLink, supervisorLink } from './supervisor-link.ts';

/** Milliseconds between two looks at whether all workers have ended, when the supervisor is gone. */
const LOOK = 100;

async function run(link: SupervisorLink): Promise<void> {
  const { gathered, invented, name, enginePath: path } = link.task;
  if (path === undefined) throw new Error('an engine without a place to offer it at');
  const config = await complete(gathered, { env: process.env, invented });
  const log = createLogger(config.log).child({ node: name });
  const rules = new Rules(config.channels);
  rmSync(path, { force: true }); // of an owner that died
  const owner = new EngineOwner({
    engine: createEngine(config, systemClock, { holder: process.ppid }), // the supervisor, which would start this one again
    path,
    graceOf: (channel) => rules.match(channel)?.rule.presence.grace ?? 0,
    onFault: (where, error) => log.error({ where, err: error }, 'fault'),
    onAdvice: (advice) => log.warn({ advice }, 'the engine has something to say'),
  });
  const stop = async (): Promise<void> => {
    try {
      await owner.close();
    } catch (error) {
      log.error({ err: error }, 'the engine could not be closed in good order');
      process.exit(1);
    }
    process.exit(0);
  };
  link.listen((message) => {
    if (message.type === 'stop') void stop();
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

// It ends when the supervisor says so: after the workers, which still need it while they drain.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
const link = await supervisorLink();
await run(link).catch(giveUp);
