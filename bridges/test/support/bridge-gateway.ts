import type { ConfigInput, Gateway } from '@sluice/server';
import { parseConfig } from '@sluice/server/cli-support';
import { afterEach } from 'vitest';
import { assemble, type Parts } from '../../../server/src/assemble.ts';
import { Gateway as GatewayOfParts } from '../../../server/src/gateway.ts';
import { hurriedBridges } from './hurried-bridges.ts';

const gateways = new Set<Gateway>();

afterEach(async () => {
  await Promise.all([...gateways].map((gateway) => gateway.close()));
  gateways.clear();
});

const API_KEY = 'an-api-key-that-only-these-tests-know';

/** What the gateways of these tests have in common. */
export const GATEWAY: ConfigInput = {
  ...{ port: 0, host: '127.0.0.1', anonymous: true, log: { level: 'silent' }, drain: 0 },
  apiKeys: [{ name: 'test', secret: API_KEY }],
};

/** Starts a gateway with bridges, which is closed after the test. */
export async function startGateway(config: ConfigInput, parts: Partial<Parts> = {}): Promise<BridgeGateway> {
  const whole = parseConfig({ ...GATEWAY, ...config } as ConfigInput);
  const gateway = new GatewayOfParts(assemble(whole, { bridges: hurriedBridges, ...parts }));
  gateways.add(gateway);
  const { url } = await gateway.start();
  return new BridgeGateway(gateway, url);
}

interface Read {
  readonly offset: number;
  readonly data: unknown;
  readonly event?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** The status of a bridge, as the API tells it. */
interface Status {
  readonly name: string;
  readonly state: string;
  /** That runs it. */
  readonly node: string | null;
  readonly error: string | null;
  readonly counts: Readonly<Record<string, number | undefined>>;
  readonly lag: number | null;
}

/** A started gateway, seen by a backend. */
export class BridgeGateway {
  readonly #gateway: Gateway;
  readonly #url: string;

  constructor(gateway: Gateway, url: string) {
    this.#gateway = gateway;
    this.#url = url;
  }

  async get<T>(path: string): Promise<T> {
    return (await this.#call('GET', path)) as T;
  }

  async post(path: string, body: object = {}): Promise<void> {
    await this.#call('POST', path, { body, headers: { 'content-type': 'application/json' } });
  }

  async #call(
    method: 'GET' | 'POST',
    path: string,
    { headers, body: sent }: { readonly headers?: Record<string, string>; readonly body?: object } = {},
  ): Promise<unknown> {
    const response = await fetch(`${this.#url}/api/v1${path}`, {
      method,
      headers: { ...headers, authorization: `Bearer ${API_KEY}` },
      ...(sent !== undefined && { body: JSON.stringify(sent) }),
    });
    const body: unknown = await response.json();
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(body)}`);
    return body;
  }

  /** All messages of a channel, oldest first. */
  async messages(channel: string): Promise<readonly Read[]> {
    const all: Read[] = [];
    for (;;) {
      const after = all.at(-1)?.offset ?? 0;
      const path = `/channels/${encodeURIComponent(channel)}/messages?after=${after}&limit=1000`;
      const { messages } = await this.get<{ messages: readonly Read[] }>(path);
      if (messages.length === 0) return all;
      all.push(...messages);
    }
  }

  async data(channel: string): Promise<readonly unknown[]> {
    return (await this.messages(channel)).map(({ data }) => data);
  }

  publish(channel: string, data: Parameters<Gateway['publish']>[1], options: Parameters<Gateway['publish']>[2] = {}) {
    return this.#gateway.publish(channel, data, options);
  }

  /** The status of a bridge. */
  async bridge(name: string): Promise<Status> {
    const { bridges } = await this.get<{ bridges: readonly Status[] }>('/bridges');
    const found = bridges.find((each) => each.name === name);
    if (found === undefined) throw new Error(`there is no bridge "${name}"`);
    return found;
  }

  consume(...args: Parameters<Gateway['consume']>): ReturnType<Gateway['consume']> {
    return this.#gateway.consume(...args);
  }

  async close(): Promise<void> {
    gateways.delete(this.#gateway);
    await this.#gateway.close();
  }
}
