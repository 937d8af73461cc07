import type { AppConfig } from './config/config.ts';
import type { Gateway } from './gateway.ts';
import type { PreparedReload, Reload } from './reload.ts';

/** One of the apps that share the process of a gateway. */
export interface NamedApp {
  readonly name: string;
  readonly gateway: Gateway;
  readonly reload: Reload;
  /** `true`, or why it accepts no new connections. */
  readonly isReady: () => true | string;
}

/** The apps besides the default one. They start before it opens the port, and stop with it. */
export class Apps {
  readonly #apps: readonly NamedApp[];

  constructor(apps: readonly NamedApp[]) {
    this.#apps = apps;
  }

  /** @throws Error if there is none of this name */
  get(name: string): Gateway {
    const app = this.#apps.find((each) => each.name === name);
    if (app !== undefined) return app.gateway;
    const known = this.#apps.map((each) => `"${each.name}"`).join(', ') || 'none';
    throw new Error(`there is no app "${name}". Its apps are: ${known}`);
  }

  /** Why one of them accepts no new connections. */
  get trouble(): string | undefined {
    for (const { name, isReady } of this.#apps) {
      const state = isReady();
      if (state !== true) return `app "${name}": ${state}`;
    }
    return undefined;
  }

  /** One after the other, so that a failure names its app. The port is not open yet. */
  async start(): Promise<void> {
    for (const { name, gateway } of this.#apps) {
      await gateway.start().catch((cause: unknown) => {
        throw new Error(`the app "${name}" cannot start: ${messageOf(cause)}`, { cause });
      });
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#apps.map(({ gateway }) => gateway.close()));
  }

  /**
   * Prepares the reload of each app that the configuration still has. An app that was added or removed
   * needs a restart.
   *
   * @throws as `Reload.prepare`; then nothing has changed
   */
  async prepare(configs: readonly AppConfig[]): Promise<PreparedReload[]> {
    const prepared: PreparedReload[] = [];
    for (const { name, reload } of this.#apps) {
      const next = configs.find((app) => app.name === name);
      if (next === undefined) continue;
      try {
        prepared.push(await reload.prepare(next.config));
      } catch (error) {
        await discardAll(prepared);
        throw error;
      }
    }
    return prepared;
  }
}

/** Undoes what preparing has started. */
export async function discardAll(prepared: readonly PreparedReload[]): Promise<void> {
  for (const reload of prepared) await reload.discard();
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
