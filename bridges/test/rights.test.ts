import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startGateway } from './support/bridge-gateway.ts';
import { guideText } from './support/guide.ts';
import { NATS, startNats } from './support/nats-broker.ts';
import { missing } from './support/programs.ts';
import { REDIS, startRedis } from './support/redis-broker.ts';

const channels = { orders: { history: true }, audit: { history: true } };
const PASSWORD = 'password';

/** The code in a guide that begins with a text. */
function codeOf(guide: string, beginning: string): string {
  const code = [...guideText(guide).matchAll(/^```\w*\n(.*?)^```/gms)].map(([, text = '']) => text);
  const found = code.find((text) => text.startsWith(beginning));
  if (found === undefined) throw new Error(`docs/bridges/${guide}.md has no code that begins with "${beginning}"`);
  return found;
}

describe('the rights that a guide names are enough', () => {
  it.skipIf(missing(REDIS, 'there is no redis-server'))('from and to Redis', async () => {
    const server = await startRedis();
    const admin = new Redis(server.port);
    admin.on('error', () => {}); // it connects again
    onTestFinished(() => admin.disconnect());
    const [command = '', ...words] = codeOf('redis', 'ACL SETUSER').trim().split(' ');
    await admin.call(command, ...words);
    const redis = { url: `redis://sluice:${PASSWORD}@127.0.0.1:${server.port}` };
    const gateway = await startGateway({
      channels,
      bridges: {
        in: { redis, from: { streams: ['orders'] }, to: { channel: 'orders' } },
        out: { redis, from: { channel: 'audit' }, to: { stream: 'audit' } },
      },
    });
    await admin.xadd('orders', '*', 'data', '1');
    await expect.poll(() => gateway.data('orders')).toEqual([1]);
    await gateway.publish('audit', 2);
    await expect.poll(() => admin.xlen('audit')).toBe(1);
    await expect(admin.acl('DRYRUN', 'sluice', 'get', 'orders')).resolves.toContain('no permissions');
  });

  it.skipIf(missing(NATS, 'there is no nats-server'))('to NATS', async () => {
    const users = `users = [
      { user: admin, password: ${PASSWORD} }
      { user: sluice, password: ${PASSWORD}, ${codeOf('nats', 'permissions: {\n  publish: ["audit.>"')} }
    ]`;
    const server = await startNats(`authorization { ${users} }`);
    const admin = await connect({ servers: `127.0.0.1:${server.port}`, user: 'admin', pass: PASSWORD });
    onTestFinished(() => admin.close());
    const nats = { url: `nats://sluice:${PASSWORD}@127.0.0.1:${server.port}` };
    const out = { nats, from: { channel: 'audit' }, to: { subject: 'audit.{channel}' } };
    const gateway = await startGateway({ channels, bridges: { out } });
    await gateway.publish('audit', 1);
    await expect.poll(async () => (await gateway.bridge('out')).error).toContain('no stream has the subject');
    const { streams } = await jetstreamManager(admin);
    await streams.add({ name: 'AUDIT', subjects: ['audit.>'] });
    await expect.poll(async () => (await streams.info('AUDIT')).state.messages).toBe(1);
  });
});
