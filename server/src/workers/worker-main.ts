/** The program of a worker: a gateway that shares its port with others. */

import { assemble, createTransport } from '../assemble.ts';
import { complete, type Gathered } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { RemoteEngine } from '../engine/remote/remote-engine.ts';
import { Gateway } from '../gateway.ts';
import { procDescriptors } from '../observe/descriptors.ts';
import { createLogger } from '../observe/log.ts';
import type { NodeReload } from '../reload.ts';
import { StagedReloads } from './staged-reloads.ts';
import { giveUp, type SupervisorLink, supervisorLink } from './supervisor-link.ts';

/** Milliseconds beyond the drain after which a worker without a supervisor exits. */
const TO_END = 5_000;

class Worker {
  readonly #link: SupervisorLink;
  readonly #scrapes = new Map<number, (text: string | null) => void>();
  readonly #reloads = new Map<number, (result: NodeReload) => void>();
  #count = 0;

  constructor(link: SupervisorLink) {
    this.#link = link;
  }

  async run(): Promise<void> {
    const { gathered, name, machine, enginePath } = this.#link.task;
    const config = await this.#configFrom(gathered);
    const assembly = assemble(config, {
      transport: createTransport(name === `${machine}/1` ? config : without(config), undefined, { shared: true }),
      descriptors: procDescriptors(),
      log: createLogger(config.log).child({ node: name }),
      ...(enginePath === undefined ? {} : { engine: new RemoteEngine({ path: enginePath }) }),
    });
    const gateway = new Gateway({
      ...assembly,
      scrape: () => this.#scrape(),
      reloadAll: () => this.#reloadAll(),
    });
    const reload = new StagedReloads(this.#link, gateway, (next) => this.#configFrom(next));
    assembly.services.events.on('drainAsked', ({ node }) => {
      if (node === machine) this.#link.send({ type: 'leaving' });
    });
    const fault = (where: string) => (error: unknown) => void assembly.services.events.emit('fault', { where, error });
    const stop = (): void => void gateway.close().catch(fault('stop'));
    this.#link.onOrphaned(() => {
      setTimeout(() => process.exit(1), config.drain + TO_END).unref();
      stop();
    });
    process.on('SIGTERM', stop); // sent to this worker alone: it drains, and is replaced
    this.#link.listen((message) => {
      if (message.type === 'stop') stop();
      else if (message.type === 'scraped') this.#scraped(message.id, message.text);
      else if (message.type === 'reloaded') this.#reloaded(message.id, message.result);
      else if (message.type === 'stageReload') void reload.stage(message.id, message.gathered);
      else if (message.type === 'endReload') reload.end(message.id, message.commit).catch(fault('reload'));
      else if (message.type === 'count') {
        assembly.metrics
          .snapshot()
          .then((snapshot) => this.#link.send({ type: 'counted', id: message.id, snapshot }))
          .catch(fault('metrics'));
      }
    });
    const address = await gateway.start();
    this.#link.send({ type: 'ready', ...address });
    await gateway.stopped;
    this.#link.send({ type: 'counted', id: 0, snapshot: await assembly.metrics.snapshot() });
    process.disconnect?.();
    // The process exits by itself when no work is left. This covers handles that a library has left
    // open.
    setTimeout(() => process.exit(0), 1000).unref();
  }

  /** A scrape covers the whole machine, whichever worker receives it. */
  #scrape(): Promise<string> {
    return new Promise((resolve, reject) => {
      const id = ++this.#count;
      const settle = (text: string | null): void =>
        text === null ? reject(new Error('the metrics of the workers could not be added up')) : resolve(text);
      this.#scrapes.set(id, settle);
      this.#link.send({ type: 'scrape', id });
    });
  }

  async #configFrom(gathered: Gathered): Promise<Config> {
    const { invented, name, port } = this.#link.task;
    return { ...(await complete(gathered, { env: process.env, invented })), node: name, port };
  }

  /** A reload covers the whole machine, too. */
  #reloadAll(): Promise<NodeReload> {
    return new Promise((resolve) => {
      const id = ++this.#count;
      this.#reloads.set(id, resolve);
      this.#link.send({ type: 'reload', id });
    });
  }

  #reloaded(id: number, result: NodeReload): void {
    this.#reloads.get(id)?.(result);
    this.#reloads.delete(id);
  }

  #scraped(id: number, text: string | null): void {
    this.#scrapes.get(id)?.(text);
    this.#scrapes.delete(id);
  }
}

/** The second port cannot be shared: only the first worker opens it. */
function without({ httpPort: _, ...config }: Config): Config {
  return config;
}

process.on('SIGINT', () => {}); // Ctrl+C reaches all processes of a terminal; the supervisor decides
const link = await supervisorLink();
await new Worker(link).run().catch(giveUp);
