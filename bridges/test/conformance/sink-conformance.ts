import type { ConfigInput } from '@sluice/server';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type BridgeGateway, startGateway } from '../support/bridge-gateway.ts';
import type { BrokerServer } from '../support/broker-server.ts';
import { dataFolder } from '../support/data-folder.ts';
import { runAndKillGateway } from '../support/killed-gateway.ts';
import type { Received } from './messages.ts';

/** One destination in a real broker, empty at first. */
export interface SinkRig {
  /** The system's options and `to`, for `bridges` of the configuration. */
  readonly bridge: Readonly<Record<string, unknown>>;
  /** Everything that the broker holds, in its order. */
  received(): Promise<readonly Received[]>;
  close(): Promise<void>;
}

export interface SinkSuite {
  /** Why it is skipped; `false`: it runs. */
  readonly skip: string | false;
  /** Starts a broker, which stops at the end of the test file. */
  readonly start: () => Promise<BrokerServer>;
  readonly open: (server: BrokerServer) => Promise<SinkRig>;
  /** What the attributes of a CloudEvent begin with in its headers. */
  readonly prefix: string;
  /** How the broker is stopped. Default: as hard as possible. */
  readonly kill?: 'SIGKILL' | 'SIGTERM';
  /** How many messages flow while the broker is killed. Default: 1,000. */
  readonly load?: number;
  /** More bytes than the broker accepts in a message. Absent: it accepts all that a gateway does. */
  readonly tooLarge?: number;
  /** Does the broker recognise a message that is sent again? */
  readonly deduplicates: boolean;
  /** Does the broker keep the order in which it gets messages? */
  readonly isOrdered?: boolean;
  /** Does it keep it also when it is killed? Default: as `isOrdered`. */
  readonly isOrderedAfterKill?: boolean;
}

/** A name of the length that a channel may have. */
const LONGEST = 'c'.repeat(200);

/** Enough for what is too large for any broker. */
const limits = { maxFrame: '16MiB' } as const;

const channels: NonNullable<ConfigInput['channels']> = {
  audit: { history: { count: 100_000, age: '7d' }, maxPayload: '12MiB' },
  brief: { history: { count: 5, age: '7d' } },
  [LONGEST]: { history: { count: 100_000, age: '7d' } },
};

/** Events and values of tags that are legal in a channel, and may not be so in a broker. */
const STRANGE = [
  ...['漢'.repeat(128), '😀'.repeat(64), `${'x'.repeat(127)}é`],
  ...['.', '..', '.a..b.', '*', '>', '$SYS', ' ', '\0', '\r\nname: value', '"\\\'', '\u2028\uFFFF', '__proto__'],
];

/** Tags with names and values of all lengths and kinds, as many as there may be. */
const tagsOf = (value: string): Record<string, string> =>
  Object.fromEntries(Array.from({ length: 16 }, (_, at) => [`${at}${value}`.slice(0, 63).toWellFormed(), value]));

const offsetOf = ({ headers }: Received): number => Number(headers['sluice-offset']);

/** The suite that every sink passes against its real broker. */
export function testSink(name: string, suite: SinkSuite): void {
  const {
    skip,
    start,
    open,
    prefix,
    deduplicates,
    isOrdered = true,
    isOrderedAfterKill = isOrdered,
    kill = 'SIGKILL',
    load = 1_000,
    tooLarge,
  } = suite;
  describe.skipIf(skip)(`a bridge to ${name}`, () => {
    let server: BrokerServer;
    beforeAll(async () => {
      server = await start();
    });

    const openRig = async (): Promise<SinkRig> => {
      const rig = await open(server);
      onTestFinished(() => rig.close());
      return rig;
    };
    const run = (
      { bridge }: SinkRig,
      { channel = 'audit', to = {} }: { channel?: string; to?: object } = {},
      engine: Partial<ConfigInput> = {},
    ): Promise<BridgeGateway> => {
      const merged = { ...(bridge.to as object), ...to };
      const bridges = { out: { ...bridge, origin: 'sluice', from: { channel }, to: merged } };
      return startGateway({ channels, limits, bridges, ...engine });
    };
    const publish = async (gateway: BridgeGateway, from: number, to: number, channel = 'audit'): Promise<void> => {
      for (let n = from; n <= to; n++) await gateway.publish(channel, { n });
    };
    /** What has arrived; of a broker without an order, by offset. */
    const arrived = async (rig: SinkRig): Promise<readonly Received[]> => {
      const all = await rig.received();
      return isOrdered ? all : all.toSorted((a, b) => offsetOf(a) - offsetOf(b));
    };
    const numbersIn = async (rig: SinkRig): Promise<readonly number[]> =>
      (await arrived(rig)).map(({ body }) => (JSON.parse(body) as { n: number }).n);
    const count = (to: number) => Array.from({ length: to }, (_, at) => at + 1);
    /** At least once, and in order if repeats are dropped, as a consumer does that knows the ids. */
    const expectAll = async (rig: SinkRig, to: number, inOrder = true): Promise<void> => {
      await expect.poll(async () => new Set(await numbersIn(rig)).size).toBe(to);
      const received = await numbersIn(rig);
      const seen = deduplicates ? received : [...new Set(received)];
      expect(inOrder ? seen : seen.toSorted((a, b) => a - b)).toEqual(count(to));
    };

    it('sends every message in order, as a CloudEvent in headers', async () => {
      const rig = await openRig();
      const gateway = await run(rig);
      await gateway.publish('audit', { n: 1 }, { event: 'signed-in', tags: { region: 'eu' } });
      await publish(gateway, 2, 50);
      await expectAll(rig, 50);
      const [first, second] = await arrived(rig);
      const attribute = (of: Received | undefined, attribute: string) => of?.headers[`${prefix}${attribute}`];
      expect(attribute(first, 'specversion')).toBe('1.0');
      expect(attribute(first, 'type')).toBe('signed-in');
      expect(attribute(second, 'type')).toBe('sluice.message');
      expect(attribute(first, 'subject')).toBe('audit');
      expect(attribute(first, 'id')).toMatch(/^audit\/.+\/1$/);
      expect(Date.parse(attribute(first, 'time') ?? '')).toBeGreaterThan(0);
      expect(first?.headers).toMatchObject({
        'sluice-origin': 'sluice',
        'sluice-channel': 'audit',
        'sluice-offset': '1',
      });
    });

    it.each([
      ['raw', { n: 1 }],
      ['cloudevents-structured', { specversion: '1.0', type: 'sluice.message', subject: 'audit', data: { n: 1 } }],
    ])('sends the envelope "%s"', async (envelope, body) => {
      const rig = await openRig();
      const gateway = await run(rig, { to: { envelope } });
      await gateway.publish('audit', { n: 1 });
      await expect.poll(() => rig.received()).toHaveLength(1);
      expect(JSON.parse((await rig.received())[0]?.body ?? '')).toMatchObject(body);
    });

    it.each(['raw', 'cloudevents'])(
      'sends the longest and strangest messages, with the envelope "%s"',
      async (envelope) => {
        const rig = await openRig();
        const gateway = await run(rig, { channel: LONGEST, to: { envelope } });
        const messages = STRANGE.map((text) => ({ event: text, tags: tagsOf(text), data: { text } }));
        for (const { event, tags, data } of messages) await gateway.publish(LONGEST, data, { event, tags });
        await gateway.publish(LONGEST, {}, { event: 'a', tags: { long: '漢'.repeat(256), none: '' } });
        const received = async () => (await arrived(rig)).map(({ body }) => JSON.parse(body) as object);
        await expect.poll(received).toEqual([...messages.map(({ data }) => data), {}]);
      },
    );

    /** Of a broker that has a limit. */
    const itWithLimit = tooLarge === undefined ? () => {} : it;
    itWithLimit('sends a small record for a message that is too large for the broker, and goes on', async () => {
      const rig = await openRig();
      const gateway = await run(rig, { to: { envelope: 'raw' } });
      await publish(gateway, 1, 2);
      await gateway.publish('audit', { n: 3, text: 'x'.repeat(tooLarge ?? 0) }, { event: 'large' });
      await publish(gateway, 4, 6);
      await expect.poll(async () => (await gateway.bridge('out')).counts).toMatchObject({ sent: 5, dead_lettered: 1 });
      await expect.poll(async () => new Set((await rig.received()).map(offsetOf)).size).toBe(6);
      const byOffset = new Map((await arrived(rig)).map((received) => [offsetOf(received), received]));
      const third = byOffset.get(3);
      expect(third?.headers).toMatchObject({ 'sluice-type': 'sluice.dead_letter' });
      const letter = JSON.parse(third?.body ?? '') as { readonly size: number };
      expect(letter).toMatchObject({ reason: 'too_large', channel: 'audit', offset: 3, event: 'large' });
      expect(letter.size).toBeGreaterThan(tooLarge ?? 0);
      byOffset.delete(3);
      expect([...byOffset].map(([offset, { body }]) => [offset, JSON.parse(body)])).toEqual(
        [1, 2, 4, 5, 6].map((n) => [n, { n }]),
      );
      const dead = await gateway.get<{ readonly letters: readonly object[] }>(
        '/channels/audit/groups/bridge%2Fout/dead',
      );
      const [listed] = dead.letters;
      expect(listed).toMatchObject({ reason: 'rejected', message: { offset: 3 }, error: expect.any(String) });
      expect(await gateway.bridge('out')).toMatchObject({ state: 'running', lag: 0 });
    });

    it('goes on where it was after the gateway was restarted', async () => {
      const rig = await openRig();
      const durable = { engine: 'durable', durable: { data: dataFolder() } } as const;
      const first = await run(rig, {}, durable);
      await publish(first, 1, 20);
      await expectAll(rig, 20);
      await first.close();
      const second = await run(rig, {}, durable);
      await publish(second, 21, 30);
      await expectAll(rig, 30);
    });

    it('sends nothing twice when the gateway stops under load', async () => {
      const rig = await openRig();
      const durable = { engine: 'durable', durable: { data: dataFolder() } } as const;
      const first = await run(rig, {}, durable);
      await expect.poll(async () => (await first.bridge('out')).state).toBe('running');
      await Promise.all(count(300).map((n) => first.publish('audit', { n })));
      await first.close();
      const second = await run(rig, {}, durable);
      await publish(second, 301, 310);
      await expectAll(rig, 310);
      expect(await rig.received()).toHaveLength(310);
    });

    it('sends again, with the same ids, what was not acknowledged when the gateway was killed', async () => {
      const rig = await openRig();
      const durable = { engine: 'durable', durable: { data: dataFolder() } } as const;
      const bridges = { out: { ...rig.bridge, from: { channel: 'audit' }, inFlight: 10 } };
      const config = { channels, limits, bridges, ...durable } as ConfigInput;
      await runAndKillGateway({ config, at: 15, publish: { channel: 'audit', count: 30 } });
      await expect.poll(async () => new Set(await numbersIn(rig)).size).toBeGreaterThanOrEqual(15);
      const second = await run(rig, {}, durable);
      await publish(second, 31, 40);
      await expectAll(rig, 40);
      await expect.poll(async () => (await second.bridge('out')).lag).toBe(0);
      const received = await rig.received();
      const ids = new Set(received.map(({ headers }) => headers[`${prefix}id`]));
      expect(ids.size).toBe(40);
      if (!deduplicates) expect(received.length).toBeGreaterThan(40);
    });

    it('loses nothing when the broker is killed and restarted under load', async () => {
      const rig = await openRig();
      const gateway = await run(rig);
      const publishing = publish(gateway, 1, load);
      await expect.poll(async () => (await gateway.bridge('out')).counts.sent ?? 0).toBeGreaterThan(load / 10);
      await server.stop(kill);
      await publishing;
      await server.restart();
      await expectAll(rig, load, isOrderedAfterKill);
      await expect.poll(async () => (await gateway.bridge('out')).lag).toBe(0);
    });

    it('sends a gap for what the log has lost before it was sent', async () => {
      const rig = await openRig();
      await server.stop(kill);
      const gateway = await run(rig, { channel: 'brief', to: { envelope: 'raw' } });
      await publish(gateway, 1, 3, 'brief');
      await expect.poll(async () => (await gateway.bridge('out')).state).toBe('waiting');
      await publish(gateway, 4, 20, 'brief');
      await server.restart();
      await expect.poll(async () => (await numbersIn(rig)).at(-1)).toBe(20);
      const [gap, ...messages] = await arrived(rig);
      expect(JSON.parse(gap?.body ?? '')).toMatchObject({
        reason: 'retention',
        from: { offset: 0 },
        to: { offset: 15 },
      });
      expect(gap?.headers).toMatchObject({ 'sluice-type': 'sluice.gap' });
      expect(messages.map(({ body }) => JSON.parse(body))).toEqual([16, 17, 18, 19, 20].map((n) => ({ n })));
      await expect.poll(async () => (await gateway.bridge('out')).counts).toMatchObject({ gap: 1, sent: 5 });
    });
  });
}
