import type { NodeReload } from './api/routes/reload.ts';
import type { ReplaceableApiKeys, ReplaceableVerifier } from './auth/replaceable.ts';
import { createApiKeys } from './auth/secrets.ts';
import type { Verifier } from './auth/token.ts';
import { type Differences, differencesOf, LIVE_LIMITS } from './config/differences.ts';
import type { Config } from './config/schema.ts';
import type { ArrivalLimits } from './session/arrival-limits.ts';
import { PermissionReview } from './session/permission-review.ts';
import type { Services } from './session/services.ts';

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
  /** Refuses a configuration that this gateway cannot apply, and starts what it needs, before anything is changed. */
  readonly prepare: (config: Config) => Promise<void>;
  /** Webhooks have changed. */
  readonly replaceWebhooks: (config: Config) => void;
  /** The secrets of tickets have changed. */
  readonly replaceSecrets: (config: Config) => void;
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
   * Resolves when everything that is no longer allowed has ended.
   *
   * @throws ConfigError or EngineUnavailable; then nothing has changed
   */
  async apply(config: Config): Promise<ReloadReport> {
    const change = this.#last.then(() => this.#change(config));
    this.#last = change.catch(() => {}); // reported to the caller
    const differences = await change;
    this.#parts.services.events.emit('reloaded', differences);
    await this.#review();
    return differences;
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

  async #change(config: Config): Promise<Differences> {
    const { services, prepare, createVerifier } = this.#parts;
    const { rules, groups } = services;
    const differences = differencesOf(this.#config, config);
    // Everything that may fail comes first.
    const apiKeys = createApiKeys(config.apiKeys);
    const verifier = createVerifier(config);
    try {
      await prepare(config);
    } catch (error) {
      verifier.close();
      throw error;
    }
    this.#config = config;
    this.#parts.inForce.config = config;
    rules.replace(config.channels);
    groups?.reload();
    if (concerns(differences, 'hooks')) services.hooks.replace(config.hooks);
    if (concerns(differences, 'webhooks')) this.#parts.replaceWebhooks(config);
    this.#replaceKeys(differences, { verifier, apiKeys });
    this.#replaceLimits(config);
    return differences;
  }

  /** Not waited for by a later reload, whose rules replace those that functions may still be asked about. */
  #review(): Promise<void> {
    const { services } = this.#parts;
    const connected = services.registry.all().filter(({ state }) => state === 'connected');
    return PermissionReview.ofRules(connected, services).run();
  }

  /** Only if they differ: a new verifier has forgotten which tokens were verified, and the keys that it fetched. */
  #replaceKeys(
    { changes }: Pick<Differences, 'changes'>,
    next: { verifier: Verifier; apiKeys: ReturnType<typeof createApiKeys> },
  ): void {
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
