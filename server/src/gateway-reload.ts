import { differencesOf, differencesOfApp } from './config/differences.ts';
import type { Config } from './config/schema.ts';
import type { Engine } from './engine/engine.ts';
import { checkEngine } from './engine-checks.ts';
import { Reload, type ReloadParts } from './reload.ts';
import type { WebhookSide } from './webhooks/create-webhooks.ts';

export interface GatewayReloadParts extends Omit<ReloadParts, 'prepare' | 'replaceSchedules' | 'differencesOf'> {
  readonly config: Config;
  readonly engine: Engine;
  readonly webhooks: WebhookSide | undefined;
  /** Is it one of `apps`? */
  readonly isNamed: boolean;
  /** Is the start of the engine not over? Then it does what a configuration needs of the engine. */
  readonly isStarting: () => boolean;
}

/** What a gateway reads from its engine for its configuration: at its start, and for each reload. */
export class GatewayReload {
  readonly reload: Reload;
  readonly #parts: GatewayReloadParts;
  #hasSchedules = false;

  constructor(parts: GatewayReloadParts) {
    this.#parts = parts;
    const { config, isNamed } = parts;
    this.reload = new Reload(config, {
      ...parts,
      prepare: (next) => this.#prepare(next),
      replaceSchedules: (next) => this.#replaceSchedules(next),
      differencesOf: isNamed ? differencesOfApp : differencesOf,
    });
  }

  async startSchedules(): Promise<void> {
    await this.#readSchedules(this.reload.config);
    this.#hasSchedules = true;
    // Of the reload that was committed meanwhile, if there was one.
    await this.#recurring.configure(this.reload.config.schedules);
  }

  async startWebhooks(): Promise<void> {
    const { webhooks } = this.#parts;
    if (webhooks === undefined) return;
    await webhooks.sources.start();
    webhooks.webhooks.start();
  }

  /** Reads what a configuration needs, and changes nothing. Before the engine has started, its start does the rest. */
  async #prepare(config: Config): Promise<void> {
    const { engine, webhooks, isStarting } = this.#parts;
    checkEngine(engine, config);
    if (isStarting()) return;
    await this.#readSchedules(config);
    await webhooks?.sources.prepare(config.webhooks.flatMap(({ events }) => events));
  }

  async #readSchedules({ channels, schedules: recurring }: Config): Promise<void> {
    const isUsed = recurring !== undefined || channels.some(({ schedule }) => schedule !== null);
    if (isUsed) await this.#parts.services.schedules.start();
  }

  /** Before the start of the engine has come to it, the start does it. */
  async #replaceSchedules({ schedules }: Config): Promise<void> {
    if (this.#hasSchedules) await this.#recurring.configure(schedules);
  }

  get #recurring() {
    return this.#parts.services.schedules.recurring;
  }
}
