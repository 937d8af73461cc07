import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { LONGEST_TAP } from '../src/tap/tap.ts';
import { call, KEYS, startManaged } from './support/managed-gateways.ts';
import type { RealGateway } from './support/real-gateway.ts';
import { startRedis } from './support/redis-server.ts';
import { tokenFor } from './support/tokens.ts';

// biome-ignore lint/suspicious/noExplicitAny: entries have different fields
type Line = any;

/** The lines of a tap, as they arrive. */
class Reader {
  readonly lines: Line[] = [];
  readonly #abort = new AbortController();
  readonly #waiting = new Set<() => void>();
  /** Resolves at the end of the stream. */
  ended: Promise<void> = Promise.resolve();

  async open({ url }: RealGateway, query: string, key = KEYS.root): Promise<this> {
    const headers = { Authorization: `Bearer ${key}` };
    const response = await fetch(`${url}/api/v1/tap?${query}`, { headers, signal: this.#abort.signal });
    if (response.status !== 200 || response.body === null) throw new Error(`status ${response.status}`);
    this.ended = this.#read(response.body).catch(() => {}); // a test has closed it
    await this.has(({ type }) => type === 'state' || type === 'published');
    return this;
  }

  async #read(body: AsyncIterable<Uint8Array>): Promise<void> {
    let rest = '';
    for await (const piece of body) {
      const lines = (rest + Buffer.from(piece).toString()).split('\n');
      rest = lines.pop() ?? '';
      this.lines.push(...lines.filter((line) => line !== '').map((line) => JSON.parse(line)));
      for (const look of this.#waiting) look();
    }
  }

  /** Resolves with the first line that fits. */
  has(fits: (line: Line) => boolean): Promise<Line> {
    return new Promise((resolve) => {
      const look = () => {
        const found = this.lines.find(fits);
        if (found === undefined) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }

  close(): void {
    this.#abort.abort();
  }
}

const heard = (gateway: RealGateway) => gateway.services.events.isHeard('command');

describe('a tap', () => {
  it('of a user shows what its connections do, without payloads, until its time is over', async () => {
    const gateway = await startManaged({ node: 'one' });
    const { client: ada } = await gateway.connect(await tokenFor('ada'));
    const { client: ben } = await gateway.connect(await tokenFor('ben'));
    expect(heard(gateway)).toBe(false);
    const tap = await new Reader().open(gateway, 'user=ada&seconds=3');
    await ada.result({ type: 'subscribe', channel: 'chat:a' });
    await ada.request({ type: 'publish', channel: 'news:a', data: 'secret' });
    await ben.result({ type: 'publish', channel: 'chat:a', data: 'secret' });
    await tap.has(({ type }) => type === 'delivered');
    const { client: second, socket } = await gateway.connect(await tokenFor('ada'));
    await second.result({ type: 'ping' });
    socket.close();
    await tap.ended;
    const own = tap.lines.map(({ time: _, connection: __, ...line }) => line);
    const of = { node: 'one', user: 'ada' };
    expect(own).toEqual(
      expect.arrayContaining([
        { ...of, type: 'state', subscriptions: 0, behind: 0, buffered: 0, slow: false },
        { ...of, type: 'command', channel: 'chat:a', command: 'subscribe', id: expect.any(Number) },
        expect.objectContaining({ ...of, type: 'subscribed', channel: 'chat:a' }),
        expect.objectContaining({ ...of, type: 'refused', command: 'publish', error: 'permission_denied' }),
        { ...of, type: 'delivered', channel: 'chat:a', after: 0, offset: 1 },
        expect.objectContaining({ ...of, type: 'connected' }),
        expect.objectContaining({ ...of, type: 'closed', code: 1005 }),
      ]),
    );
    expect(tap.lines.at(-1)).toEqual({ type: 'end', entries: tap.lines.length - 1 });
    expect(JSON.stringify(tap.lines)).not.toContain('secret');
    expect(JSON.stringify(tap.lines)).not.toContain('ben');
    expect(heard(gateway)).toBe(false);
  });

  it('of a user shows deliveries of a subscription to a pattern', async () => {
    const users = { allow: { '*': 'users' }, history: true } as const;
    const gateway = await startManaged({
      channels: { 'orders:{id}': users, 'all-orders': { ...users, bind: ['orders:*'] } },
    });
    const { client: ada } = await gateway.connect(await tokenFor('ada'));
    await ada.result({ type: 'subscribe', channel: 'orders:*' });
    const tap = await new Reader().open(gateway, 'user=ada');
    await gateway.gateway.publish('orders:7', 1);
    expect(await tap.has(({ type }) => type === 'delivered')).toMatchObject({ channel: 'all-orders', offset: 1 });
    tap.close();
    await gateway.until(() => !heard(gateway));
  });

  it('of a channel shows what happens there, with payloads if asked', async () => {
    const gateway = await startManaged();
    const { client: ada } = await gateway.connect(await tokenFor('ada'));
    const publishing = setInterval(() => ada.send({ type: 'publish', channel: 'chat:a', data: 'hello' }), 50);
    const tap = await new Reader().open(gateway, 'channel=chat:a&payloads=true', KEYS.chats);
    clearInterval(publishing);
    expect(await tap.has(({ type }) => type === 'published')).toMatchObject({ channel: 'chat:a', data: 'hello' });
    await ada.result({ type: 'publish', channel: 'chat:b', data: 'elsewhere' });
    await ada.result({ type: 'publish', channel: 'chat:a', data: 'x'.repeat(5_000) });
    expect(await tap.has(({ type, size }) => type === 'published' && size > 0)).toMatchObject({ size: 5_002 });
    expect(tap.lines.filter(({ type }) => type === 'command')[0]).toMatchObject({ user: 'ada', data: 'hello' });
    expect(JSON.stringify(tap.lines)).not.toContain('chat:b');
    tap.close();
    await gateway.until(() => !heard(gateway));
  });

  it('of a channel without history shows its messages, with payloads only if asked', async () => {
    const gateway = await startManaged();
    const { client: ada } = await gateway.connect(await tokenFor('ada'));
    await ada.result({ type: 'ping' });
    const publishing = setInterval(() => {
      void gateway.gateway.publish('news:a', 'secret', { event: 'flash', tags: { city: 'Bern' } });
    }, 50);
    const open = await new Reader().open(gateway, 'channel=news:a&payloads=true');
    const closed = await new Reader().open(gateway, 'channel=news:a');
    clearInterval(publishing);
    const shown = { type: 'published', event: 'flash', tags: { city: 'Bern' } };
    expect(await open.has(({ type }) => type === 'published')).toMatchObject({ ...shown, data: 'secret' });
    expect(await closed.has(({ type }) => type === 'published')).toMatchObject(shown);
    expect(JSON.stringify(closed.lines)).not.toContain('secret');
    open.close();
    closed.close();
    await gateway.until(() => !heard(gateway));
  });

  it('is written to the log, without what it shows', async () => {
    const written: Line[] = [];
    const log = pino({ level: 'info' }, { write: (text: string) => void written.push(JSON.parse(text)) });
    const gateway = await startManaged({}, { log });
    await gateway.connect(await tokenFor('ada'));
    const tap = await new Reader().open(gateway, 'user=ada&seconds=1');
    await tap.ended;
    await gateway.until(() => written.some(({ msg }) => msg === 'audit: a tap has ended'));
    const audit = { by: 'API key root', target: 'user ada', payloads: false };
    expect(written.filter(({ msg }) => msg.startsWith('audit'))).toMatchObject([
      { ...audit, seconds: 1, msg: 'audit: a tap has started' },
      { ...audit, msg: 'audit: this node records for a tap' },
      { ...audit, msg: 'audit: a tap has ended' },
    ]);
  });

  it.each([
    ['', 400, 'command_invalid'],
    ['user=ada&channel=a', 400, 'command_invalid'],
    ['user=ada&seconds=61', 400, 'command_invalid'],
    ['user=ada&payloads=yes', 400, 'command_invalid'],
    ['channel=a::b', 400, 'channel_invalid'],
  ])('with the query "%s" is refused', async (query, status, name) => {
    expect(await call(await startManaged(), `/tap?${query}`)).toMatchObject({ status, json: { error: { name } } });
    expect(LONGEST_TAP).toBe(60);
  });

  it('needs "manage" on the channel, or on all for a user', async () => {
    const gateway = await startManaged();
    for (const [query, bearer] of [
      ['user=ada', KEYS.chats],
      ['channel=news:a', KEYS.chats],
      ['channel=chat:a', KEYS.reader],
      ['channel=chat:a', await tokenFor('ada')],
    ] as const) {
      expect(await call(gateway, `/tap?${query}`, { bearer })).toMatchObject({
        json: { error: { name: 'permission_denied' } },
      });
    }
  });

  it('is refused if the node has too many', async () => {
    const gateway = await startManaged();
    await gateway.connect(await tokenFor('ada'));
    const taps = [];
    for (let n = 0; n < 10; n++) taps.push(await new Reader().open(gateway, 'user=ada'));
    expect(await call(gateway, '/tap?user=ada')).toMatchObject({ json: { error: { name: 'rate_limited' } } });
    for (const tap of taps) tap.close();
    await gateway.until(() => !heard(gateway));
    (await new Reader().open(gateway, 'user=ada')).close();
  });
});

describe('with two gateways on one Redis, a tap', () => {
  it('shows both, and ends on both', async () => {
    const { url } = await startRedis();
    const redis = { engine: 'redis', redis: { url } } as const;
    const [one, two] = [await startManaged({ ...redis, node: 'one' }), await startManaged({ ...redis, node: 'two' })];
    const { client: here } = await one.connect(await tokenFor('ada'));
    const { client: there } = await two.connect(await tokenFor('ada'));
    const tap = await new Reader().open(one, 'user=ada');
    await tap.has(({ type, node }) => type === 'state' && node === 'two');
    await there.result({ type: 'subscribe', channel: 'chat:a' });
    await here.result({ type: 'publish', channel: 'chat:a', data: 1 });
    expect(await tap.has(({ type }) => type === 'delivered')).toMatchObject({ node: 'two', channel: 'chat:a' });
    expect(await tap.has(({ command }) => command === 'publish')).toMatchObject({ node: 'one' });
    await two.stop();
    tap.close();
    await one.until(() => !heard(one));
  });
});
