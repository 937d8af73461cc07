import type { AppConfig } from './config/config.ts';
import type { Gateway } from './gateway.ts';
import type { PreparedReload, Reload } from './reload.ts';
import { waitForAll } from './util/run-all.ts';

/** One of the apps that share the process of a gateway. */
export interface NamedApp {
  readonly name: string;
  readonly gateway: Gateway;
  readonly reload: Reload;
  /** Ends its connections. Its engine stays open: other apps may still have work for it. */
  readonly drain: () => Promise<void>;
  /** Why it accepts no connections; not what its own data cause, such as a full store. */
  readonly whyClosed: () => string | undefined;
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

  /** Why one of them accepts no connections. */
  get whyClosed(): string | undefined {
    for (const { name, whyClosed } of this.#apps) {
      const reason = whyClosed();
      if (reason !== undefined) return `app "${name}": ${reason}`;
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

  drain(): Promise<void> {
    return waitForAll(this.#apps.map(({ drain }) => drain()));
  }

  close(): Promise<void> {
    return waitForAll(this.#apps.map(({ gateway }) => gateway.close()));
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
        discardAll(prepared);
        throw error;
      }
    }
    return prepared;
  }
}

/** Forgets what was prepared. */
export function discardAll(prepared: readonly PreparedReload[]): void {
  for (const reload of prepared) reload.discard();
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
