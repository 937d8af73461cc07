import { isDeepStrictEqual } from 'node:util';
import type { Json } from '@sluice/protocol';
import type { Cluster } from '../cluster/cluster.ts';
import { publicJwk } from '../outgoing/signing-key.ts';
import { Refusal } from '../refusal.ts';
import type { WebhookConfig, WebhookEventType } from '../webhook.ts';
import { Endpoint, type EndpointBacklog, type EndpointParts } from './endpoint.ts';
import type { SenderStatus } from './sender.ts';
import type { WebhookEvent } from './webhook-event.ts';

export interface WebhooksParts extends EndpointParts {
  readonly webhooks: readonly WebhookConfig[];
  readonly cluster: Cluster;
}

/** An endpoint, as an operator sees it. */
export interface WebhookStatus extends EndpointBacklog, Omit<SenderStatus, 'sending'> {
  readonly name: string;
  readonly events: readonly WebhookEventType[];
  /** The node that sends; absent: none does at the moment. */
  readonly node?: string;
  /** Nodes that did not answer: they may not know of a change yet. Absent: all have answered. */
  readonly missing?: readonly string[];
}

/** A JSON Web Key Set. */
export interface PublicKeys {
  readonly keys: readonly Readonly<Record<string, unknown>>[];
}

/** Events that are sent again. */
export interface WebhookReplay {
  readonly events: number;
  /** Nodes that did not answer. Absent: all have answered. */
  readonly missing?: readonly string[];
}

const CHANGED = 'webhook-changed';
const STATUS = 'webhook-status';

/** The endpoints of webhooks. */
export class Webhooks {
  readonly #parts: WebhooksParts;
  #endpoints: readonly Endpoint[];
  #isStarted = false;
  /** Endpoints that were removed, and store and send what they have begun. */
  readonly #ending = new Set<Promise<void>>();

  constructor(parts: WebhooksParts) {
    this.#parts = parts;
    this.#endpoints = parts.webhooks.map((config) => new Endpoint(config, parts));
    parts.cluster.answer(CHANGED, (name) => this.#changed(name));
    parts.cluster.answer(STATUS, (name) => this.#find(String(name))?.status ?? { sending: false, failures: 0 });
  }

  get endpoints(): readonly Endpoint[] {
    return this.#endpoints;
  }

  start(): void {
    this.#isStarted = true;
    for (const endpoint of this.endpoints) endpoint.start();
  }

  async close(): Promise<void> {
    await Promise.all([...this.endpoints.map((endpoint) => endpoint.close()), ...this.#ending]);
  }

  /**
   * Applies other endpoints. One that is removed sends nothing more; its events stay as long as it
   * kept them, for an endpoint that gets its name.
   */
  replace(configs: readonly WebhookConfig[]): void {
    const before = new Map(this.endpoints.map((endpoint) => [endpoint.config.name, endpoint]));
    this.#endpoints = configs.map((config) => this.#apply(config, before.get(config.name)));
    const names = new Set(configs.map(({ name }) => name));
    for (const [name, endpoint] of before) if (!names.has(name)) this.#end(endpoint);
  }

  #apply(config: WebhookConfig, known: Endpoint | undefined): Endpoint {
    if (known !== undefined) {
      if (!isDeepStrictEqual(known.config, config)) known.configure(config);
      return known;
    }
    const added = new Endpoint(config, this.#parts);
    if (this.#isStarted) added.start();
    return added;
  }

  #end(endpoint: Endpoint): void {
    const ending = endpoint
      .close()
      .catch((error: unknown) => this.#parts.events.emit('fault', { where: 'webhooks: the end of an endpoint', error }))
      .finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  /** Does any endpoint want such events? */
  wants(type: WebhookEventType, channel?: string): boolean {
    return this.endpoints.some((endpoint) => endpoint.wants(type, channel));
  }

  /** Stores an event for the endpoints that want it. */
  record(event: WebhookEvent & { readonly type: WebhookEventType }, channel?: string): void {
    for (const endpoint of this.endpoints) if (endpoint.wants(event.type, channel)) endpoint.record(event);
  }

  /** What the endpoints have not received. It asks the engine, and no other node. */
  measure(): Promise<readonly (EndpointBacklog & { readonly name: string })[]> {
    return Promise.all(
      this.endpoints.map(async (endpoint) => ({ name: endpoint.config.name, ...(await endpoint.backlog()) })),
    );
  }

  // For operators ----------------------------------------------------------------------------------------------------

  /** All endpoints. */
  list(): Promise<readonly WebhookStatus[]> {
    return Promise.all(this.endpoints.map((endpoint) => this.#statusOf(endpoint)));
  }

  async status(name: string): Promise<WebhookStatus | Refusal> {
    const endpoint = this.#find(name);
    return endpoint === undefined ? unknown(name) : await this.#statusOf(endpoint);
  }

  async halt(name: string, halt: 'paused' | null): Promise<WebhookStatus | Refusal> {
    const endpoint = this.#find(name);
    if (endpoint === undefined) return unknown(name);
    await endpoint.halt(halt);
    const { missing } = await this.#parts.cluster.ask(CHANGED, name);
    const status = await this.#statusOf(endpoint);
    return { ...status, ...missingOf([...missing, ...(status.missing ?? [])]) };
  }

  /** Sends an event `webhook.test` behind all others. */
  test(name: string): { readonly recorded: number } | Refusal {
    const endpoint = this.#find(name);
    if (endpoint === undefined) return unknown(name);
    endpoint.record({ type: 'webhook.test', data: { webhook: name } });
    return { recorded: 1 };
  }

  /** @param since milliseconds since the Unix epoch */
  async replay(name: string, since: number): Promise<WebhookReplay | Refusal> {
    const endpoint = this.#find(name);
    if (endpoint === undefined) return unknown(name);
    const events = await endpoint.replay(since);
    const { missing } = await this.#parts.cluster.ask(CHANGED, name);
    return { events, ...missingOf(missing) };
  }

  /** The public keys of signatures `v1a`, as a JSON Web Key Set. */
  get publicKeys(): PublicKeys {
    const keys = this.endpoints.flatMap(({ config }) => config.keys.map(publicJwk).filter((key) => key !== null));
    const byValue = new Map(keys.map((key) => [key.x, key]));
    return { keys: [...byValue.values()] };
  }

  async #changed(name: Json): Promise<object> {
    await this.#find(String(name))?.changed();
    return {};
  }

  async #statusOf(endpoint: Endpoint): Promise<WebhookStatus> {
    const { name, events } = endpoint.config;
    const [backlog, { answers, missing }] = await Promise.all([
      endpoint.backlog(),
      this.#parts.cluster.ask<SenderStatus>(STATUS, name),
    ]);
    const sender = answers.find(({ answer }) => answer.sending);
    const { sending: _, ...status } = sender?.answer ?? endpoint.status;
    return { name, events, ...backlog, ...status, ...(sender && { node: sender.node }), ...missingOf(missing) };
  }

  #find(name: string): Endpoint | undefined {
    return this.endpoints.find(({ config }) => config.name === name);
  }
}

const missingOf = (nodes: readonly string[]): { readonly missing?: readonly string[] } =>
  nodes.length === 0 ? {} : { missing: [...new Set(nodes)] };

const unknown = (name: string): Refusal => new Refusal('not_found', `no webhook is called "${name.slice(0, 64)}"`);
