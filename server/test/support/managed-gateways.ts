import { afterEach } from 'vitest';
import type { ConfigInput } from '../../src/config/config.ts';
import { MemoryEngine } from '../../src/engine/memory/memory-engine.ts';
import { MemoryNodes } from '../../src/engine/memory/memory-nodes.ts';
import { type RealGateway, startGateway } from './real-gateway.ts';
import { SECRET } from './tokens.ts';

export const KEYS = {
  root: 'an-API-key-that-only-tests-know',
  chats: 'a-key-that-manages-chats-only',
  reader: 'a-key-for-the-history-of-chats',
};

export const MANAGED: ConfigInput = {
  keys: [{ secret: SECRET }],
  channels: {
    'chat:{room}': { allow: { '*': 'users' }, history: true, presence: { grace: 0 } },
    'news:{topic}': { allow: { subscribe: 'users' } },
  },
  apiKeys: [
    { name: 'root', secret: KEYS.root },
    { name: 'chats', secret: KEYS.chats, caps: { 'chat:*': ['manage'] } },
    { name: 'reader', secret: KEYS.reader, caps: { 'chat:*': ['history'] } },
  ],
};

const gateways: RealGateway[] = [];
afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.stop()));
});

/** Starts a gateway that stops when the test ends. */
export async function startManaged(
  config: ConfigInput = {},
  parts: Parameters<typeof startGateway>[1] = {},
): Promise<RealGateway> {
  const gateway = await startGateway({ ...MANAGED, ...config }, parts);
  gateways.push(gateway);
  return gateway;
}

/** Nodes in this process that can be cut off: they receive nothing. */
class CutNodes extends MemoryNodes {
  deaf = false;

  override open(address: string, listener: Parameters<MemoryNodes['open']>[1]) {
    return super.open(address, {
      ...listener,
      received: (from, message) => {
        if (!this.deaf) listener.received(from, message);
      },
    });
  }
}

/** Two nodes that have no log in common, but can ask each other. */
export async function startTwo(nodes = new CutNodes(), config: ConfigInput = {}) {
  class NodeEngine extends MemoryEngine {
    override readonly nodes = nodes;
  }
  const one = await startManaged({ ...config, node: 'one' }, { engine: new NodeEngine() });
  const two = await startManaged({ ...config, node: 'two' }, { engine: new NodeEngine() });
  return { one, two, nodes };
}

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests compare it as a whole
  readonly json: any;
}

interface Call {
  readonly bearer?: string;
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Calls the HTTP API of a gateway. */
export async function call(
  { url }: RealGateway,
  path: string,
  { bearer = KEYS.root, body, method = body === undefined ? 'GET' : 'POST', headers = {} }: Call = {},
): Promise<Answer> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    headers: { Authorization: `Bearer ${bearer}`, ...headers },
  });
  return { status: response.status, json: await response.json() };
}

/** Reads a list page by page. */
export async function readAll<T>(gateway: RealGateway, path: string, name: string): Promise<T[]> {
  const all: T[] = [];
  let cursor = '';
  for (let pages = 0; pages < 1_000; pages++) {
    const { json } = await call(gateway, `${path}${cursor}`);
    all.push(...(json[name] as T[]));
    if (json.next === undefined) return all;
    cursor = `&cursor=${String(json.next)}`;
  }
  throw new Error('the list has no end');
}
