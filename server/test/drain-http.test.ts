import type { Json } from '@sluice/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { RealGateway } from './support/real-gateway.ts';

const API_KEY = 'an-API-key-that-only-tests-know';
const LEASE = '/api/v1/channels/jobs/groups/queue/lease';

let running: RealGateway | undefined;

afterEach(() => running?.stop());

async function start() {
  const gateway = new RealGateway({
    ...{ httpPort: 0, drain: '5s' },
    channels: { jobs: { queue: true }, ask: { requests: { timeout: '1m' } } },
    apiKeys: [{ name: 'backend', secret: API_KEY }],
  });
  running = gateway;
  const { port, httpPort } = await gateway.gateway.start();
  const post = (at: number | undefined, path: string, body: object, accept = '*/*') =>
    fetch(`http://127.0.0.1:${at}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${API_KEY}`, accept },
      body: JSON.stringify(body),
    });
  return { gateway: gateway.gateway, ports: { first: port, second: httpPort }, post };
}

describe.each(['first', 'second'] as const)('a gateway that drains, on its %s port', (name) => {
  it('answers a lease that waits', async () => {
    const { gateway, ports, post } = await start();
    const response = await post(ports[name], LEASE, { wait: 20_000 });
    const closed = gateway.close();
    expect(await response.json()).toEqual({ group: 'queue', deliveries: [] });
    await closed;
  });

  it('sends all replies of a streamed request', async () => {
    const { gateway, ports, post } = await start();
    let goOn: () => void = () => {};
    const rest = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    gateway.respond('ask', async function* (): AsyncGenerator<Json> {
      yield 1;
      await rest;
      yield 2;
    });
    const body = { channel: 'ask', data: null };
    const response = await post(ports[name], '/api/v1/request', body, 'application/x-ndjson');
    const closed = gateway.close();
    await expect(post(ports[name], '/health/live', {})).rejects.toThrow(); // nothing listens any more
    goOn();
    expect((await response.text()).trim().split('\n')).toEqual(['{"data":1}', '{"data":2}', '{"end":true}']);
    await closed;
  });
});
