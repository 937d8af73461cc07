import { NO_WEBHOOKS, readReplay } from './api/routes/webhooks.ts';
import { checkText, orThrow, perform } from './program-checks.ts';
import type { Clock } from './util/clock.ts';
import type { PublicKeys, WebhookReplay, WebhookStatus, Webhooks } from './webhooks/webhooks.ts';

/**
 * The endpoints of webhooks: the operations of the HTTP API for the embedding program. Methods reject
 * with a `SluiceError` of the catalogue, for example `not_found`.
 *
 * @example
 * ```ts
 * for (const { name, failures } of await gateway.manage.webhooks.list()) {
 *   if (failures > 100) await gateway.manage.webhooks.pause(name);
 * }
 * ```
 */
export class ProgramWebhooks {
  readonly #webhooks: Webhooks | undefined;
  readonly #clock: Clock;

  /** @param webhooks absent: the engine has no consumer groups, so there are none */
  constructor(webhooks: Webhooks | undefined, clock: Clock) {
    this.#webhooks = webhooks;
    this.#clock = clock;
  }

  /** The state of all endpoints. */
  list(): Promise<readonly WebhookStatus[]> {
    return perform(() => this.#webhooks?.list() ?? []);
  }

  /** The public keys of signatures `v1a`, as a JSON Web Key Set. */
  publicKeys(): PublicKeys {
    return this.#webhooks?.publicKeys ?? { keys: [] };
  }

  /** Sends an event `webhook.test` behind all others. */
  async test(name: string): Promise<void> {
    await perform(() => this.#find(name).test(name));
  }

  /** Sends nothing to the endpoint until it is resumed, on all nodes. */
  pause(name: string): Promise<WebhookStatus> {
    return perform(() => this.#find(name).halt(name, 'paused'));
  }

  /** Sends again, on all nodes. */
  resume(name: string): Promise<WebhookStatus> {
    return perform(() => this.#find(name).halt(name, null));
  }

  /**
   * Sends again what was stored since a time.
   *
   * @param from milliseconds since the Unix epoch; 0: everything that is kept
   */
  replay(name: string, from: number): Promise<WebhookReplay> {
    return perform(() => {
      const since = orThrow(readReplay(from, this.#clock.now()));
      return this.#find(name).replay(name, since);
    });
  }

  #find(name: string): Webhooks {
    checkText('name', name);
    return orThrow(this.#webhooks ?? NO_WEBHOOKS);
  }
}
