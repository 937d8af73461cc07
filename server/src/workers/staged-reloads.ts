import type { Gathered } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import type { Gateway } from '../gateway.ts';
import type { StagedReload } from '../reload.ts';
import type { SupervisorLink } from './supervisor-link.ts';

/** The part of a worker in a reload of all workers: prepares it, then applies it or not. */
export class StagedReloads {
  readonly #link: Pick<SupervisorLink, 'send'>;
  readonly #gateway: Pick<Gateway, 'stageReload'>;
  readonly #configFrom: (gathered: Gathered) => Promise<Config>;
  readonly #staged = new Map<number, Promise<StagedReload>>();

  constructor(
    link: Pick<SupervisorLink, 'send'>,
    gateway: Pick<Gateway, 'stageReload'>,
    configFrom: (gathered: Gathered) => Promise<Config>,
  ) {
    this.#link = link;
    this.#gateway = gateway;
    this.#configFrom = configFrom;
  }

  async stage(id: number, gathered: Gathered): Promise<void> {
    const staged = this.#configFrom(gathered).then((config) => this.#gateway.stageReload(config));
    this.#staged.set(id, staged);
    try {
      await staged;
      this.#link.send({ type: 'reloadStaged', id });
    } catch (error) {
      this.#staged.delete(id);
      this.#link.send({ type: 'reloadStaged', id, problem: error instanceof Error ? error.message : String(error) });
    }
  }

  /** Does nothing for a reload that could not be staged. */
  async end(id: number, commit: boolean): Promise<void> {
    const staged = await this.#staged.get(id)?.catch(() => undefined); // its problem was reported
    this.#staged.delete(id);
    if (staged === undefined) return;
    if (commit) this.#link.send({ type: 'reloadCommitted', id, report: await staged.commit() });
    else await staged.abort();
  }
}
