import type { NodeReload } from './api/routes/reload.ts';
import { type Apps, discardAll } from './apps.ts';
import type { ReplaceableApiKeys, ReplaceableVerifier } from './auth/replaceable.ts';
import { createApiKeys } from './auth/secrets.ts';
import type { Verifier } from './auth/token.ts';
import { type Differences, LIVE_LIMITS } from './config/differences.ts';
import type { Config } from './config/schema.ts';
import type { ArrivalLimits } from './session/arrival-limits.ts';
import { PermissionReview } from './session/permission-review.ts';
import type { Services } from './session/services.ts';

export type { NodeReload };

/** What a reload did: `changes` are in force, `restart` names options that need a restart. */
export type ReloadReport = Differences;

/** The settings of sessions, whose limits a reload replaces. */
export type LiveSettings = Omit<Config, 'limits'> & { limits: Config['limits'] };

export interface ReloadParts {
  readonly services: Services;
  readonly settings: LiveSettings;
  /** The configuration in force, for those who show it. */
  readonly inForce: { config: Config };
  readonly verifier: ReplaceableVerifier;
  readonly apiKeys: ReplaceableApiKeys;
  readonly arrivals: ArrivalLimits;
  /** Makes the verifier for other keys. */
  readonly createVerifier: (config: Config) => Verifier;
  /** Refuses a configuration that this gateway cannot apply, and reads what it needs. Changes nothing. */
  readonly prepare: (config: Config) => Promise<void>;
  /** The rules of a configuration, with what the bridges that run need until the restart. */
  readonly rulesOf: (config: Config) => Config['channels'];
  /** Webhooks have changed. */
  readonly replaceWebhooks: (config: Config) => void;
  /** Replaces the recurring schedules. */
  readonly replaceSchedules: (config: Config) => Promise<void>;
  /** The secrets of tickets have changed. */
  readonly replaceSecrets: (config: Config) => void;
  /** What differs between two configurations of this app. */
  readonly differencesOf: (before: Config, next: Config) => Differences;
  /** The other apps of the process, whose reloads belong to this one. */
  readonly apps: Apps;
}

/** A reload of one app that was checked: what may fail has succeeded. Exactly one of its methods is called. */
export interface PreparedReload {
  /** Applies it. Resolves when everything that is no longer allowed has ended. */
  commit(): Promise<void>;
  /** Forgets what was prepared. Cannot fail. */
  discard(): void;
}

/** What verifies tokens and API keys. */
interface Secrets {
  readonly verifier: Verifier;
  readonly apiKeys: ReturnType<typeof createApiKeys>;
}

/** A reload that can no longer fail. */
export interface StagedReload {
  /** Applies it. Resolves when everything that is no longer allowed has ended. */
  commit(): Promise<ReloadReport>;
  /** Leaves everything as it was. */
  abort(): Promise<void>;
}

const NO_SOURCE =
  'this node does not read a configuration that it could read again: restart it, or call Gateway.reload in its program';

/** Applies other configurations to a running gateway, one after the other, each completely or not at all. */
export class Reload {
  readonly #parts: ReloadParts;
  #config: Config;
  #last: Promise<unknown> = Promise.resolve();
  /** Reads the configuration of this node again. */
  source: (() => Promise<Config>) | undefined;

  constructor(config: Config, parts: ReloadParts) {
    this.#config = config;
    this.#parts = parts;
  }

  /** The configuration in force, with the options that need a restart as they are in the last reload. */
  get config(): Config {
    return this.#config;
  }

  /**
   * Applies it to all apps of the process, or to none. Resolves when everything that is no longer
   * allowed has ended.
   *
   * @throws ConfigError or EngineUnavailable; then nothing has changed
   */
  async apply(config: Config): Promise<ReloadReport> {
    return (await this.stage(config)).commit();
  }

  /**
   * The first half of a reload: everything that may fail. Nothing has changed yet, and every other
   * reload waits until this one is committed or aborted.
   *
   * @throws ConfigError or EngineUnavailable
   */
  stage(config: Config): Promise<StagedReload> {
    const staged = this.#last.then(() => this.#stage(config));
    this.#last = staged.then(
      ({ settled }) => settled,
      () => {}, // reported to the caller
    );
    return staged;
  }

  async #stage(config: Config): Promise<StagedReload & { readonly settled: Promise<void> }> {
    const differences = this.#parts.differencesOf(this.#config, config);
    const prepared = await this.#prepareAll(config);
    let settle = () => {};
    const settled = new Promise<void>((resolve) => {
      settle = resolve;
    });
    return {
      settled,
      commit: async () => {
        const ended = prepared.map((reload) => reload.commit());
        settle(); // later reloads replace the rules that functions may still be asked about
        await Promise.all(ended);
        return differences;
      },
      abort: async () => {
        discardAll(prepared);
        settle();
      },
    };
  }

  async #prepareAll(config: Config): Promise<PreparedReload[]> {
    const own = await this.prepare(config);
    try {
      return [own, ...(await this.#parts.apps.prepare(config.apps))];
    } catch (error) {
      own.discard();
      throw error;
    }
  }

  /** Reads the configuration again, for any node that asks. */
  async again(): Promise<NodeReload> {
    if (this.source === undefined) return { ok: false, problem: NO_SOURCE };
    try {
      return { ok: true, ...(await this.apply(await this.source())) };
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      this.#parts.services.events.emit('reloadFailed', { problem });
      return { ok: false, problem };
    }
  }

  /**
   * Does everything that may fail, for this app only.
   *
   * @throws ConfigError or EngineUnavailable; then nothing has changed
   */
  async prepare(config: Config): Promise<PreparedReload> {
    const { prepare, createVerifier } = this.#parts;
    const apiKeys = createApiKeys(config.apiKeys);
    const verifier = createVerifier(config);
    try {
      await prepare(config);
    } catch (error) {
      verifier.close();
      throw error;
    }
    return {
      commit: () => this.#commit(config, { verifier, apiKeys }),
      discard: () => verifier.close(),
    };
  }

  async #commit(config: Config, secrets: Secrets): Promise<void> {
    const { services, inForce, differencesOf } = this.#parts;
    const { rules, groups } = services;
    const differences = differencesOf(this.#config, config);
    this.#config = config;
    inForce.config = config;
    rules.replace(this.#parts.rulesOf(config));
    groups?.reload();
    if (concerns(differences, 'hooks')) services.hooks.replace(config.hooks);
    if (concerns(differences, 'webhooks')) this.#parts.replaceWebhooks(config);
    this.#replaceKeys(differences, secrets);
    this.#replaceLimits(config);
    const schedules = this.#parts.replaceSchedules(config);
    services.events.emit('reloaded', differences);
    await Promise.all([schedules, this.#review()]);
  }

  #review(): Promise<void> {
    const { services } = this.#parts;
    const connected = services.registry.all().filter(({ state }) => state === 'connected');
    return PermissionReview.ofRules(connected, services).run();
  }

  /** Only if they differ: a new verifier has forgotten which tokens were verified, and the keys that it fetched. */
  #replaceKeys({ changes }: Differences, next: Secrets): void {
    const keys = changes.includes('keys: changed');
    const apiKeys = concerns({ changes }, 'apiKeys');
    if (keys) this.#parts.verifier.replace(next.verifier);
    else next.verifier.close();
    if (apiKeys) this.#parts.apiKeys.replace(next.apiKeys);
    if (keys || apiKeys) this.#parts.replaceSecrets(this.#config);
  }

  #replaceLimits({ limits }: Config): void {
    const { settings, arrivals } = this.#parts;
    const before = settings.limits;
    settings.limits = { ...before, ...Object.fromEntries(LIVE_LIMITS.map((name) => [name, limits[name]])) };
    const { connectionRate: rate, connectionRatePerAddress: each } = limits;
    const isSame = rate?.perSecond === before.connectionRate?.perSecond;
    if (isSame && each?.perSecond === before.connectionRatePerAddress?.perSecond) return;
    arrivals.replace(limits);
  }
}

const concerns = ({ changes }: Pick<Differences, 'changes'>, option: string): boolean =>
  changes.some((change) => change.startsWith(`${option}:`));
