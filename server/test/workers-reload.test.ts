import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, it } from 'vitest';
import { HookEndpoint } from './support/hook-endpoint.ts';
import { ServeProcess } from './support/serve-process.ts';

const KEYS = [7, 8].map((fill) => `whsec_${Buffer.alloc(32, fill).toString('base64')}`) as [string, string];
const open = { '*': 'users' } as const;
const CHANNELS = { 'chat:{room}': { allow: open, history: true } };

const gateways: ServeProcess[] = [];
const endpoints: HookEndpoint[] = [];
afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.end()));
  await Promise.all(endpoints.splice(0).map((endpoint) => endpoint.close()));
});

function launch(config: Record<string, unknown> = {}): ServeProcess {
  const gateway = new ServeProcess({ channels: CHANNELS, privateTargets: ['127.0.0.0/8'], ...config });
  gateways.push(gateway);
  return gateway;
}

const reload = async (
  gateway: ServeProcess,
): Promise<{ status: number; nodes: readonly Record<string, unknown>[] }> => {
  const response = await gateway.request('/api/v1/reload', {});
  const { nodes } = (await response.json()) as { nodes: readonly Record<string, unknown>[] };
  return { status: response.status, nodes: nodes.toSorted((a, b) => (String(a.node) < String(b.node) ? -1 : 1)) };
};

/** The error with which a subscription is refused, on each worker; `ok` if it is not. */
async function subscribeOnAll(gateway: ServeProcess, channel: string): Promise<string[]> {
  const outcomes: string[] = [];
  for (const worker of ['m/1', 'm/2']) {
    const client = await gateway.clientOn(worker, `user of ${worker}`);
    const subscription = client.channel(channel).subscribe(() => {});
    outcomes.push(
      await subscription.ready.then(
        () => 'ok',
        (error: Error) => error.name,
      ),
    );
    client.close();
  }
  return outcomes;
}

describe.skipIf(process.platform !== 'linux')('workers', () => {
  it('ask signed hooks, and use other ones after a reload at SIGHUP', async () => {
    const [yes, no] = [
      await HookEndpoint.start(() => ({ allow: true })),
      await HookEndpoint.start(() => ({ allow: false })),
    ];
    endpoints.push(yes, no);
    const hook = ({ url }: HookEndpoint, key: string) => ({ url, on: ['subscribe'], timeout: '10s', keys: [{ key }] });
    const gateway = await launch({ hooks: { app: hook(yes, KEYS[0]) } }).start();
    expect(await subscribeOnAll(gateway, 'chat:lobby')).toEqual(['ok', 'ok']);
    expect(yes.requests.length).toBe(2);
    for (const { text, headers } of yes.requests) new Webhook(KEYS[0]).verify(text, headers as Record<string, string>);

    gateway.configure({ channels: CHANNELS, privateTargets: ['127.0.0.0/8'], hooks: { app: hook(no, KEYS[1]) } });
    gateway.signal('SIGHUP');
    await gateway.logged(({ msg }) => msg === 'configuration reloaded', { count: 2 });
    expect(await subscribeOnAll(gateway, 'chat:lobby')).toEqual(['permission_denied', 'permission_denied']);
    expect(yes.requests.length).toBe(2);
    for (const { text, headers } of no.requests) new Webhook(KEYS[1]).verify(text, headers as Record<string, string>);
    expect(gateway.errors).toContain('configuration reloaded: hooks: changed "app"');
  });

  it('apply a reload over HTTP all together, also those that are replaced later', async () => {
    const gateway = await launch().start();
    gateway.configure({ channels: { ...CHANNELS, extra: { allow: open } } });
    const changes = ['channels: added "extra"'];
    const { status, nodes } = await reload(gateway);
    expect(nodes).toEqual([
      { node: 'm/1', ok: true, changes, restart: ['privateTargets'] },
      { node: 'm/2', ok: true, changes, restart: ['privateTargets'] },
    ]);
    expect(status).toBe(200);
    expect(await subscribeOnAll(gateway, 'extra')).toEqual(['ok', 'ok']);

    process.kill(gateway.pidOf('worker'), 'SIGKILL');
    await gateway.logged(({ msg }) => msg === 'process ready', { count: 4 }); // engine, two workers, the replacement
    expect(await subscribeOnAll(gateway, 'extra')).toEqual(['ok', 'ok']);
  });

  it('pass the rules on to the process of the engine: it counts how long the members of a dead worker stay', async () => {
    const withGrace = (grace: string) => ({ 'chat:{room}': { allow: open, history: true, presence: { grace } } });
    const gateway = await launch({ channels: withGrace('0s') }).start();
    gateway.configure({ channels: withGrace('1h') });
    expect((await reload(gateway)).status).toBe(200);
    const clients = await Promise.all(['m/1', 'm/2'].map((worker) => gateway.clientOn(worker, `user of ${worker}`)));
    for (const client of clients) await client.channel('chat:a').presence.enter();
    process.kill(gateway.pidOf('worker'), 'SIGKILL');
    for (const client of clients) client.close();
    await gateway.logged(({ msg }) => msg === 'process ready', { count: 4 }); // engine, two workers, the replacement
    const response = await gateway.request('/api/v1/channels/chat:a/members');
    const { members } = (await response.json()) as { members: readonly { user: string }[] };
    expect(members.map(({ user }) => user).sort()).toEqual(['user of m/1', 'user of m/2']);
  });

  it('change nothing if the configuration is wrong, or cannot be applied', async () => {
    const gateway = await launch().start();
    const extra = { ...CHANNELS, extra: { allow: open } };
    gateway.configure({ channels: { ...extra, broken: { slow: 'never' } } });
    const wrong = await reload(gateway);
    expect(wrong).toMatchObject({
      status: 422,
      nodes: [
        { node: 'm/1', ok: false },
        { node: 'm/2', ok: false },
      ],
    });
    for (const { problem } of wrong.nodes) expect(problem).toContain('channels.broken.slow');

    gateway.configure({ channels: extra, engine: 'durable', durable: { data: join(gateway.folder, 'data') } });
    for (const { problem } of (await reload(gateway)).nodes)
      expect(problem).toContain('engine, durable: workers cannot');
    expect(await subscribeOnAll(gateway, 'extra')).toEqual(['channel_unknown', 'channel_unknown']);
  });

  it('start with the configuration in force if they end in the middle of a reload', async () => {
    const gateway = await launch().start();
    const extra = { ...CHANNELS, extra: { allow: open } };
    gateway.configure({ channels: extra });
    const killed = gateway.pidOf('worker');
    process.kill(killed, 'SIGSTOP'); // it can neither prepare the reload nor refuse it
    gateway.signal('SIGHUP');
    await gateway.logged(({ msg }) => msg === 'workers prepare a reload');
    process.kill(killed, 'SIGKILL');
    await gateway.logged(({ msg }) => msg === 'configuration reloaded');
    await gateway.logged(({ msg }) => msg === 'process ready', { count: 4 }); // engine, two workers, the replacement
    expect(await subscribeOnAll(gateway, 'extra')).toEqual(['ok', 'ok']);

    gateway.configure({ channels: { ...extra, broken: { slow: 'never' } } });
    expect((await reload(gateway)).status).toBe(422);
    process.kill(gateway.pidOf('worker'), 'SIGKILL');
    await gateway.logged(({ msg }) => msg === 'process ready', { count: 5 });
    expect(await subscribeOnAll(gateway, 'extra')).toEqual(['ok', 'ok']);
  });
});
