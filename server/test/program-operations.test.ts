import { afterEach, describe, expect, it } from 'vitest';
import type { TapLine } from '../src/index.ts';
import { HookEndpoint } from './support/hook-endpoint.ts';
import { startManaged, startTwo } from './support/managed-gateways.ts';
import { SECRET, tokenFor } from './support/tokens.ts';

const KEY = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

const endpoints: HookEndpoint[] = [];
afterEach(async () => {
  await Promise.all(endpoints.splice(0).map((endpoint) => endpoint.close()));
});

async function startWithWebhook() {
  const endpoint = await HookEndpoint.start((_, response) => void response.end());
  endpoints.push(endpoint);
  const crm = { url: endpoint.url, events: ['message.published' as const], keys: [{ key: KEY }] };
  const { gateway } = await startManaged({ webhooks: { crm }, privateTargets: ['127.0.0.0/8'] });
  return { endpoint, gateway, webhooks: gateway.manage.webhooks };
}

describe('an embedding program', () => {
  it('lists, tests, pauses, resumes and replays webhooks', async () => {
    const { endpoint, gateway, webhooks } = await startWithWebhook();
    const typesOf = () =>
      endpoint.requests.flatMap(({ body }) => (body as unknown as { type: string }[]).map(({ type }) => type));
    await webhooks.test('crm');
    await expect.poll(typesOf).toEqual(['webhook.test']);
    expect(await webhooks.pause('crm')).toMatchObject({ name: 'crm', halt: 'paused' });
    await gateway.publish('chat:a', 1);
    await expect.poll(async () => (await webhooks.list())[0]).toMatchObject({ lag: 1, halt: 'paused' });
    expect(await webhooks.resume('crm')).toMatchObject({ halt: null });
    await expect.poll(() => typesOf().length).toBe(2);
    await expect.poll(async () => (await webhooks.list())[0]).toMatchObject({ lag: 0 });
    expect(await webhooks.replay('crm', 0)).toEqual({ events: 2 });
    await expect.poll(() => typesOf().length).toBe(4);
    await expect(webhooks.test('nobody')).rejects.toMatchObject({ name: 'not_found' });
    await expect(webhooks.replay('crm', 1_790_000_000)).rejects.toMatchObject({ name: 'command_invalid' });
  });

  it('taps all nodes, and ends the tap by leaving the loop', async () => {
    const { one, two } = await startTwo();
    const lines: TapLine[] = [];
    const tap = one.gateway.manage.tap({ channel: 'chat:a', payloads: true });
    const first = tap.next();
    const { client } = await two.connect(await tokenFor('ada'));
    await expect
      .poll(async () => {
        await client.result({ type: 'publish', channel: 'chat:a', data: 'words' });
        return Promise.race([first, Promise.resolve(null)]);
      })
      .not.toBeNull();
    const { value } = await first;
    if (value !== undefined) lines.push(value);
    for await (const line of tap) {
      lines.push(line);
      if (line.type === 'published') break;
    }
    expect(lines.at(-1)).toMatchObject({ type: 'published', node: 'two', data: 'words' });
    expect(await tap.next()).toEqual({ done: true, value: undefined });
  });

  it('receives the end of a tap, also if the gateway stops', async () => {
    const { gateway } = await startManaged({ drain: 0 });
    const tap = gateway.manage.tap({ user: 'ada' });
    const ended = tap.next();
    await gateway.close();
    expect((await ended).value).toEqual({ type: 'end', entries: 0 });
    expect((await tap.next()).done).toBe(true);
  });

  it('issues tickets for event streams', async () => {
    const { gateway, url } = await startManaged();
    const { ticket } = await gateway.manage.issueTicket({ channels: ['chat:a'], claims: { sub: 'ada' } });
    const response = await fetch(`${url}/sse?channel=chat:a&ticket=${ticket}`);
    expect(response.status).toBe(200);
    await response.body?.cancel();
    const none = await startManaged({ sse: false });
    const request = { channels: ['chat:a'], claims: { sub: 'ada' } };
    await expect(none.gateway.manage.issueTicket(request)).rejects.toMatchObject({ name: 'not_found' });
  });

  it('drains another node, and lets all nodes reload', async () => {
    const { one, two } = await startTwo();
    expect(await one.gateway.manage.reload()).toMatchObject({
      nodes: [
        { node: 'one', ok: false },
        { node: 'two', ok: false },
      ],
    });
    await one.gateway.manage.drain('one');
    await one.gateway.stopped;
    expect(two.gateway.manage.config()).toMatchObject({ node: 'two' });
  });

  it('does not drain or reload an app without its gateway', async () => {
    const { gateway } = await startManaged({
      apps: { shop: { at: { path: '/shop' }, keys: [{ secret: SECRET }], channels: {} } },
    });
    const { manage } = gateway.app('shop');
    await expect(manage.drain('one')).rejects.toMatchObject({ name: 'not_found' });
    await expect(manage.reload()).rejects.toMatchObject({ name: 'not_found' });
    expect(await manage.hooks()).toEqual({ hooks: [] });
  });

  it('reads revocations page by page', async () => {
    const { gateway } = await startManaged();
    const until = Date.now() + 60_000;
    for (const user of ['a', 'b', 'c']) await gateway.revoke({ user, until });
    const first = await gateway.manage.revocations({ limit: 2 });
    const rest = await gateway.manage.revocations({ limit: 2, cursor: first.next ?? '' });
    expect([...first.revocations, ...rest.revocations].map(({ user }) => user)).toEqual(['a', 'b', 'c']);
    expect(rest).not.toHaveProperty('next');
  });
});
