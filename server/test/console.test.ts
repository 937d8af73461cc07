import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { call, KEYS, startManaged } from './support/managed-gateways.ts';
import { type RealGateway, startGateway } from './support/real-gateway.ts';
import { tokenFor } from './support/tokens.ts';

const gateways: RealGateway[] = [];
afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.stop()));
});

async function start(...args: Parameters<typeof startGateway>): Promise<RealGateway> {
  const gateway = await startGateway(...args);
  gateways.push(gateway);
  return gateway;
}

const get = ({ url }: RealGateway, path: string) => fetch(`${url}${path}`, { redirect: 'manual' });
const isBuilt = existsSync(new URL('../dist/console/index.html', import.meta.url));

describe('the console', () => {
  it('is read-only unless it is enabled, and needs a key', async () => {
    const gateway = await start({ node: 'one' });
    expect(await (await get(gateway, '/console/settings.json')).json()).toEqual({
      mode: 'read',
      node: 'one',
      dev: false,
      hasPages: false,
    });
    expect((await get(gateway, '/api/v1/nodes')).status).toBe(401);
  });

  it('may act, and needs no key, in development', async () => {
    const gateway = await start({ dev: true, node: 'one', keys: [] });
    expect(await (await get(gateway, '/console/settings.json')).json()).toMatchObject({ mode: 'write', dev: true });
    const caps = encodeURIComponent('{"**":["*","manage"]}');
    const { token } = (await (await get(gateway, `/dev/token?sub=console&caps=${caps}`)).json()) as { token: string };
    expect((await call(gateway, '/nodes', { bearer: token })).status).toBe(200);
  });

  it('knows whether the gateway serves an application', async () => {
    const gateway = await start({ static: fileURLToPath(new URL('.', import.meta.url)) });
    expect(await (await get(gateway, '/console/settings.json')).json()).toMatchObject({ hasPages: true });
  });

  it('has one address', async () => {
    const answer = await get(await start(), '/console');
    expect([answer.status, answer.headers.get('location')]).toEqual([308, './console/']);
  });

  it('is not served if it is off', async () => {
    const gateway = await start({ console: 'off' });
    for (const path of ['/console', '/console/', '/console/settings.json']) {
      expect((await get(gateway, path)).status, path).toBe(404);
    }
  });

  it.runIf(isBuilt)('runs only its own files, in no frame, and without an address of its key', async () => {
    const gateway = await start();
    const answer = await get(gateway, '/console/');
    expect(answer.status).toBe(200);
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).not.toContain('unsafe');
    expect(policy).toContain("frame-ancestors 'none'");
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    const html = await answer.text();
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=/);
    const [, script = ''] = /src="\.(\/assets\/[^"]+\.js)"/.exec(html) ?? [];
    expect((await get(gateway, `/console${script}`)).status).toBe(200);
    expect((await get(gateway, '/console/../package.json')).status).toBe(404);
  });
});

describe('the latest decisions', () => {
  it('are listed over HTTP, newest first, by user, kind and time', async () => {
    const gateway = await startManaged();
    const { client: ada } = await gateway.connect(await tokenFor('ada'));
    const { client: ben } = await gateway.connect(await tokenFor('ben'));
    await ada.result({ type: 'subscribe', channel: 'chat:a' });
    await ada.request({ type: 'subscribe', channel: 'none:a' });
    await ben.result({ type: 'subscribe', channel: 'chat:b' });
    await ada.result({ type: 'unsubscribe', channel: 'chat:a' });

    const of = async (query: string) =>
      (
        (await call(gateway, `/decisions?${query}`)).json.decisions as { kind: string; user: string; time: number }[]
      ).map(({ kind, user }) => `${user} ${kind}`);
    expect(await of('')).toEqual([
      'ada unsubscribed',
      'ben subscribed',
      'ada refused',
      'ada subscribed',
      'ben authenticated',
      'ada authenticated',
    ]);
    expect(await of('user=ben')).toEqual(['ben subscribed', 'ben authenticated']);
    expect(await of('kind=refused')).toEqual(['ada refused']);
    expect(await of('channel=chat:a')).toEqual(['ada unsubscribed', 'ada subscribed']);
    expect(await of('limit=1')).toEqual(['ada unsubscribed']);
    expect(await of(`after=${Date.now() + 60_000}`)).toEqual([]);
    expect((await call(gateway, '/decisions?kind=none')).status).toBe(400);
    expect((await call(gateway, '/decisions', { bearer: KEYS.chats })).status).toBe(403);
  });

  it('have every denied command, and do not take a denied publish for a refused subscription', async () => {
    const gateway = await startManaged();
    const { client: ada } = await gateway.connect(await tokenFor('ada'));
    await ada.request({ type: 'publish', channel: 'news:a', data: 1 });
    await ada.request({ type: 'publish', channel: 'chat:a', data: 1, if: { offset: 7 } }); // a conflict
    const { json } = await call(gateway, '/decisions?kind=refused');
    expect(json.decisions).toMatchObject([
      { user: 'ada', command: 'publish', channel: 'news:a', error: 'permission_denied' },
    ]);
    await gateway.gateway.publish('news:a', 1);
    const why = await call(gateway, '/why?user=ada&channel=news:a&offset=1');
    expect(why.json).toMatchObject({ outcome: 'never_subscribed' });
  });

  it('are none if none are kept', async () => {
    const gateway = await startManaged({ log: { level: 'silent', decisions: 0 } });
    await gateway.connect(await tokenFor('ada'));
    expect((await call(gateway, '/decisions')).json).toEqual({ decisions: [], more: 0 });
  });
});

describe('the consumer groups', () => {
  it('are listed over HTTP with their numbers', async () => {
    const gateway = await startManaged({
      channels: { 'jobs:{kind}': { queue: true }, 'old:{kind}': { queue: true } },
    });
    for (const channel of ['jobs:mail', 'jobs:pdf', 'jobs:mail']) await gateway.gateway.publish(channel, 1);
    const { json } = await call(gateway, '/groups');
    expect(json).toMatchObject({
      more: 0,
      groups: [
        { channel: 'jobs:mail', group: 'queue', rule: 'jobs:{kind}', ready: 2, dead: 0, floor: 0, head: 2 },
        { channel: 'jobs:pdf', group: 'queue', ready: 1, oldestAge: expect.any(Number) },
      ],
    });
    expect((await call(gateway, '/groups', { bearer: KEYS.chats })).status).toBe(403);
  });
});
