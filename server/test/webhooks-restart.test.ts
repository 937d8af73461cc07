import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createClient } from '@sluice/client';
import { afterEach, describe, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import { bundle } from './support/bundle.ts';
import { HookEndpoint } from './support/hook-endpoint.ts';
import { ServeProcess } from './support/serve-process.ts';
import { tokenFor } from './support/tokens.ts';

const KEY = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const EVENTS = ['user.online', 'user.offline', 'channel.occupied', 'channel.vacated'];

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

interface SentEvent {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
}

async function setUp() {
  const data = await mkdtemp(join(tmpdir(), 'sluice-webhooks-'));
  cleanUp.push(() => rm(data, { recursive: true, force: true }));
  const endpoint = await HookEndpoint.start((_, response) => void response.writeHead(204).end());
  cleanUp.push(() => endpoint.close());
  const config = {
    ...{ engine: 'durable', durable: { data }, privateTargets: ['127.0.0.0/8'] },
    webhooks: { crm: { url: endpoint.url, events: EVENTS, debounce: '2s', keys: [{ key: KEY }] } },
  };
  /** Events by their ids: one whose delivery was not confirmed before a crash is sent again. */
  const events = (): string[] => {
    const all = endpoint.requests.flatMap(({ body }) => body as unknown as readonly SentEvent[]);
    return [...new Map(all.map((event) => [event.id, event])).values()].map(
      ({ type, subject }) => `${type} ${subject}`,
    );
  };
  const until = (check: () => unknown) => vi.waitFor(check, { timeout: 90_000, interval: 50 });
  /** Each once, in any order. */
  const received = (expected: readonly string[]) =>
    until(() => expect(events().toSorted()).toEqual(expected.toSorted()));
  return { config, received };
}

async function connect(url: string, user: string, channel: string) {
  const client = createClient({ url: `${url.replace('http', 'ws')}/ws`, token: () => tokenFor(user), WebSocket });
  cleanUp.push(() => client.close());
  await client.channel(channel).subscribe(() => {}).ready;
  return client;
}

const BEFORE = ['user.online ada', 'user.online ben', 'channel.occupied chat:a', 'channel.occupied chat:b'];
/** Ben did not return. */
const AFTER = [...BEFORE, 'user.offline ben', 'channel.vacated chat:b'];
const GONE = [...AFTER, 'user.offline ada', 'channel.vacated chat:a'];

describe('after a crash, the durable engine', () => {
  it('reports those that do not return, and not those that do', { timeout: 180_000 }, async () => {
    const { config, received } = await setUp();
    const program = await bundle('webhook-node.ts');
    cleanUp.push(() => program.remove());
    const start = async () => {
      const child = spawn(process.execPath, [program.path, JSON.stringify(config)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      cleanUp.push(() => child.kill('SIGKILL'));
      const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
      const kill = async () => {
        child.kill('SIGKILL');
        await once(child, 'exit');
      };
      return { kill, url: line.replace('localhost', '127.0.0.1') };
    };
    const first = await start();
    const [ada, ben] = [await connect(first.url, 'ada', 'chat:a'), await connect(first.url, 'ben', 'chat:b')];
    await received(BEFORE);
    await first.kill();
    for (const client of [ada, ben]) client.close();

    const second = await start();
    const back = await connect(second.url, 'ada', 'chat:a');
    await received(AFTER);
    await second.kill();
    back.close();

    await start();
    await received(GONE);
  });

  it.skipIf(process.platform !== 'linux')('does so with workers, too', { timeout: 180_000 }, async () => {
    const { config, received } = await setUp();
    const start = async () => {
      const gateway = new ServeProcess(config);
      cleanUp.push(() => gateway.end());
      return { gateway, url: await gateway.url() };
    };
    const first = await start();
    const [ada, ben] = [await connect(first.url, 'ada', 'chat:a'), await connect(first.url, 'ben', 'chat:b')];
    await received(BEFORE);
    await first.gateway.end();
    for (const client of [ada, ben]) client.close();

    const second = await start();
    await connect(second.url, 'ada', 'chat:a');
    await received(AFTER);
  });
});
