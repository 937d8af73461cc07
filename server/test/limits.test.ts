import type { ServerMessage } from '@sluice/protocol';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { ConfigInput } from '../src/config/config.ts';
import { type RealGateway, startGateway } from './support/real-gateway.ts';
import { tokenFor } from './support/tokens.ts';
import { createWorld, type LoopbackPeer, type World } from './support/world.ts';

const OPEN = { '*': 'users' } as const;
const CHANNELS: ConfigInput['channels'] = {
  'free:{id}': { allow: OPEN, history: true },
  'slow:{id}': { allow: OPEN, history: true, rate: 2 },
  'other:{id}': { allow: OPEN, history: true, rate: 2 },
};

const start = (limits: ConfigInput['limits'] = {}) => createWorld({ channels: CHANNELS, limits });

async function join(world: World, user = 'ada', handshake: { address?: string; protocols?: string[] } = {}) {
  return world.connect(await tokenFor(user, { clock: () => world.clock.now() }), handshake);
}

type Failure = Extract<ServerMessage, { type: 'error' }>;
const failures = ({ client }: LoopbackPeer): Failure[] =>
  client.received.filter((received): received is Failure => received.type === 'error');

const publish = (channel: string, data: string | number = 1) => ({ type: 'publish', channel, data }) as const;
const times = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item);

const headOf = async ({ client }: LoopbackPeer, channel: string) =>
  (await client.result<{ head: number }>({ type: 'history', channel, limit: 1 })).head;

describe('a connection that sends too many commands', () => {
  it('receives a retry delay: refused commands are not executed, and are accepted after it', async () => {
    const world = await start({ operations: 1, subscriptions: 1 }); // burst of 103, one used by "connect"
    const ada = await join(world);
    ada.client.send(...times(105, publish('free:a')));
    await world.idle();
    expect(failures(ada)).toMatchObject(
      times(3, {
        error: {
          name: 'rate_limited',
          message: 'this connection sends too many commands; wait 1000 ms',
          retryable: true,
          retryAfter: 1_000,
        },
      }),
    );
    world.clock.advance(1_000);
    expect(await headOf(ada, 'free:a')).toBe(102);
    world.clock.advance(1_000);
    await ada.client.result(publish('free:a'));
  });

  it('has invalid commands counted too', async () => {
    const world = await start({ operations: 1, subscriptions: 1 });
    const ada = await join(world);
    for (let frame = 0; frame < 2; frame++) ada.client.sendValue(times(55, { type: 'dance', id: 5 }));
    await world.idle();
    expect(failures(ada).map(({ error }) => error.name)).toEqual([
      ...times(102, 'command_unknown'),
      ...times(8, 'rate_limited'),
    ]);
  });

  it('may send any number of commands without a limit', async () => {
    const world = await start({ operations: 0, bytes: 0 });
    const ada = await join(world);
    for (let frame = 0; frame < 20; frame++) ada.client.send(...times(500, { type: 'ping' } as const));
    await world.idle();
    expect(failures(ada)).toEqual([]);
  });

  it('may always reconnect with all its subscriptions', async () => {
    const world = await start({ operations: 1, subscriptions: 500 });
    const channels = Array.from({ length: 500 }, (_, n) => `free:${n}`);
    const { client, socket } = world.open();
    const token = await tokenFor('ada', { clock: () => world.clock.now() });
    const commands = channels.flatMap((channel) =>
      (['subscribe', 'watch', 'enter'] as const).map((type) => ({ type, channel })),
    );
    // The most commands that may wait for the token in one frame, then the rest.
    client.send({ type: 'connect', token }, ...commands.slice(0, 900));
    await client.wait(({ type }) => type === 'reply');
    client.send(...commands.slice(900));
    await world.idle();
    expect(failures({ client, socket })).toEqual([]);
  });
});

describe('a connection that sends too many bytes', () => {
  const BYTES = { bytes: '10KiB', operations: 0 } as const; // burst of 100 KiB

  it('has the whole frame refused, whatever its first command is', async () => {
    const world = await start(BYTES);
    const ada = await join(world);
    ada.client.send(publish('free:a', 'x'.repeat(60_000)));
    ada.client.send({ type: 'ping' }, publish('free:a', 'x'.repeat(60_000)), { type: 'ping' });
    await world.idle();
    expect(failures(ada)).toHaveLength(3);
    const [{ error } = { error: undefined }] = failures(ada);
    expect(error?.message).toContain('this connection sends too many bytes');
    world.clock.advance(error?.retryAfter ?? 0);
    expect(await headOf(ada, 'free:a')).toBe(1);
  });

  it('has a frame of many commands counted once', async () => {
    const world = await start(BYTES);
    const ada = await join(world);
    ada.client.send(...times(200, publish('free:a', 'x'.repeat(200))));
    ada.client.send(...times(100, publish('free:a', 'x'.repeat(200))));
    await world.idle();
    expect(failures(ada)).toEqual([]);
    ada.client.send(...times(200, publish('free:a', 'x'.repeat(200))));
    await world.idle();
    expect(failures(ada)).toHaveLength(200);
  });

  it('has malformed frames counted too', async () => {
    const world = await start(BYTES);
    const ada = await join(world);
    ada.client.sendBytes(`{"${'x'.repeat(99_000)}`);
    expect(await ada.client.request(publish('free:a', 'x'.repeat(10_000)))).toMatchObject({
      error: { name: 'rate_limited' },
    });
  });
});

describe('a rule with a rate', () => {
  it('limits each connection separately, over all channels of the rule', async () => {
    const world = await start();
    const ada = await join(world);
    const ben = await join(world, 'ben');
    for (let n = 0; n < 10; n++) await ada.client.result(publish(`slow:${n}`));
    expect(await ada.client.request(publish('slow:10'))).toMatchObject({
      error: {
        name: 'rate_limited',
        message: '"slow:10" accepts at most 2 publishes a second from a connection; wait 500 ms',
        retryAfter: 500,
      },
    });
    expect(await headOf(ada, 'slow:10')).toBe(0);
    await ada.client.result(publish('other:1'));
    await ada.client.result(publish('free:1'));
    await ben.client.result(publish('slow:10'));
    world.clock.advance(500);
    await ada.client.result(publish('slow:10'));
    expect(await ada.client.request(publish('slow:10'))).toMatchObject({ error: { retryAfter: 500 } });
  });
});

describe('a connection that keeps sending without waiting', () => {
  const flooded = async (client: LoopbackPeer['client']) =>
    expect(await client.ended()).toMatchObject({ code: 4007, reason: expect.stringMatching(/^flood: ./) });

  it('is closed after 200 consecutive refusals, however many commands are in a frame', async () => {
    const world = await start({ operations: 1, subscriptions: 1 });
    const ada = await join(world);
    ada.client.send(...times(102 + 199, { type: 'ping' } as const));
    await world.idle();
    expect(ada.socket.closed).toBeUndefined();
    ada.client.send({ type: 'ping' });
    await flooded(ada.client);
    expect(failures(ada)).toHaveLength(200);
  });

  it("is closed for publishing above a rule's rate, although it may send commands", async () => {
    const world = await start();
    const ada = await join(world);
    for (let n = 0; n < 10 + 199; n++) ada.client.send(publish('slow:a'));
    await world.idle();
    expect(ada.socket.closed).toBeUndefined();
    ada.client.send(publish('slow:a'));
    await flooded(ada.client);
  });

  it("is closed for publishing above a rule's rate in the same frame as connect", async () => {
    const world = await start();
    const { client } = world.open();
    const token = await tokenFor('ada', { clock: () => world.clock.now() });
    client.send({ type: 'connect', token }, ...times(500, publish('slow:a')));
    await flooded(client);
  });

  it('has its violations reset by an accepted command', async () => {
    const world = await start();
    const ada = await join(world);
    for (let round = 0; round < 5; round++) {
      for (let n = 0; n < 150; n++) ada.client.send(publish('slow:a'));
      ada.client.send({ type: 'ping' });
    }
    await world.idle();
    expect(ada.socket.closed).toBeUndefined();
    expect(failures(ada).length).toBeGreaterThan(700);
  });

  it('does not affect other connections', async () => {
    const world = await start();
    const [mallory, ada, ben] = [await join(world, 'mallory'), await join(world, 'ada'), await join(world, 'ben')];
    await ben.client.result({ type: 'subscribe', channel: 'free:a' });
    const flood = times(250, publish('free:b', 'x'.repeat(400)));
    for (let round = 0; round < 20; round++) {
      if (mallory.socket.closed === undefined) mallory.client.send(...flood);
      await ada.client.result(publish('free:a', round));
    }
    expect((await ben.client.messages('free:a', 20)).map(({ data }) => data)).toEqual([...Array(20).keys()]);
    await flooded(mallory.client);
    expect(failures(ada)).toEqual([]);
    expect(world.services.registry.size).toBe(2);
  });
});

describe('connections of a user', () => {
  it('are limited, and count until they close', async () => {
    const world = await start({ connectionsPerUser: 2 });
    const [first] = [await join(world), await join(world)];
    const third = world.open();
    third.client.send({ type: 'connect', token: await tokenFor('ada', { clock: () => world.clock.now() }) });
    expect(await third.client.ended()).toEqual({
      code: 4008,
      reason: expect.stringMatching(/^too_many_connections: ./),
    });
    expect(failures(third)).toMatchObject([{ error: { message: 'a user may have at most 2 connections' } }]);
    await join(world, 'ben');
    first?.socket.cut();
    await join(world);
  });

  it('are counted once even after refreshes, and anonymous connections are not counted', async () => {
    const world = await createWorld({ channels: CHANNELS, anonymous: true, limits: { connectionsPerUser: 1 } });
    const ada = await join(world);
    for (let n = 0; n < 3; n++) {
      const token = await tokenFor('ada', { clock: () => world.clock.now() });
      await ada.client.result({ type: 'refresh', token });
      await world.connect(undefined);
    }
    ada.socket.cut();
    expect(world.services.registry.users.of('ada')).toBe(0);
    await join(world);
  });

  it('are not limited by 0', async () => {
    const world = await start({ connectionsPerUser: 0 });
    for (let n = 0; n < 150; n++) await join(world);
  });
});

describe('connections of an address', () => {
  it('are limited before the handshake, and count until they close', async () => {
    const world = await start({ connectionsPerAddress: 2 });
    const here = { address: '10.0.0.1' };
    const [first] = [await join(world, 'ada', here), await join(world, 'ben', here)];
    expect(world.open(here).socket.closed).toEqual({
      code: 4008,
      reason: expect.stringContaining('too_many_connections: an address may have at most 2 connections'),
    });
    await join(world, 'cy', { address: '10.0.0.2' });
    first?.socket.cut();
    await join(world, 'cy', here);
  });

  let gateway: RealGateway | undefined;
  afterEach(() => gateway?.stop());

  const LIMITED = { anonymous: true, keys: [], limits: { connectionsPerAddress: 1 } };
  const from = (...lines: string[]) => ({ 'X-Forwarded-For': lines });
  const refused = async (...lines: string[]) => {
    const peer = await gateway?.open('sluice.v1.json', from(...lines));
    expect(await peer?.client.ended()).toMatchObject({ code: 4008 });
  };

  it('are distinguished by the last entry of a trusted proxy, not by entries of the client', async () => {
    gateway = await startGateway({ ...LIMITED, trustProxy: true });
    const first = await gateway.open('sluice.v1.json', from('10.0.0.1'));
    await refused('9.9.9.9, 10.0.0.1');
    await refused('9.9.9.9', '10.0.0.1');
    await gateway.open('sluice.v1.json', from('10.0.0.1, 10.0.0.2'));
    await gateway.open('sluice.v1.json', from('10.0.0.1', '10.0.0.3'));
    first.socket.close();
    await first.client.ended();
    await gateway.open('sluice.v1.json', from('10.0.0.1'));
  });

  it('may come from pages of the host in the X-Forwarded-Host of a trusted proxy', async () => {
    const page = { Origin: 'https://app.example.com:8443', Host: 'gateway-1:8080' };
    const forwarded = [{ 'X-Forwarded-Host': 'app.example.com:8443' }, { Forwarded: 'host="app.example.com:8443"' }];
    gateway = await startGateway({ trustProxy: true });
    for (const headers of forwarded)
      await gateway.connect(await tokenFor('ada'), 'sluice.v1.json', { ...page, ...headers });
    await gateway.stop();
    gateway = await startGateway({});
    for (const headers of forwarded) {
      const { client } = await gateway.open('sluice.v1.json', { ...page, ...headers });
      expect(await client.ended()).toMatchObject({ code: 4210 });
    }
  });

  it('ignore forwarding headers if no proxy is trusted', async () => {
    gateway = await startGateway(LIMITED);
    await gateway.open('sluice.v1.json', from('10.0.0.1'));
    await refused('10.0.0.2');
  });
});

describe('random frames', () => {
  const channel = fc.constantFrom('free:a', 'slow:a', 'other:a', 'none', 'a::b', 5, undefined);
  const token = fc.constantFrom('ada', 'ben', 'bad');
  const command = fc.record(
    {
      id: fc.oneof({ weight: 9, arbitrary: fc.nat(20) }, { weight: 1, arbitrary: fc.anything() }),
      type: fc.constantFrom(
        'connect',
        'connect',
        'refresh',
        'subscribe',
        'unsubscribe',
        'publish',
        'history',
        'enter',
        'leave',
        'watch',
        'unwatch',
        'members',
        'ping',
        'dance',
      ),
      channel,
      token,
      data: fc.jsonValue(),
      state: fc.jsonValue(),
      rewind: fc.nat(3),
      limit: fc.integer({ min: -1, max: 1_001 }),
    },
    { requiredKeys: ['id', 'type'] },
  );
  const frame = fc.oneof(
    { weight: 8, arbitrary: fc.array(command, { maxLength: 12 }) },
    { weight: 1, arbitrary: fc.jsonValue() },
    { weight: 1, arbitrary: fc.string() },
  );
  const script = fc.array(
    fc.record({ who: fc.nat(2), frame, after: fc.constantFrom('', '', 'turn', 'turn', 'time', 'stall', 'cut') }),
    { maxLength: 40 },
  );

  it('leave no state of their senders and cause no fault', async () => {
    const property = fc.asyncProperty(script, async (steps) => {
      const world = await createWorld({
        channels: CHANNELS,
        anonymous: true,
        limits: { subscriptions: 3, operations: 5 },
      });
      const tokens: Record<string, string> = { bad: 'x.y.z' };
      for (const user of ['ada', 'ben']) tokens[user] = await tokenFor(user, { clock: () => world.clock.now() });
      const faults: unknown[] = [];
      const timers = world.clock.running;
      world.services.events.on('fault', (fault) => faults.push(fault));
      const peers = SUBPROTOCOLS.map((subprotocol) => world.open({ protocols: [subprotocol] }));
      for (const { who, frame: raw, after } of steps) {
        const { client, socket } = peers[who % peers.length] as LoopbackPeer;
        const value: unknown = raw;
        const named = Array.isArray(value)
          ? value.map((each: unknown) =>
              isRecord(each) && 'token' in each ? { ...each, token: tokens[`${each.token}`] } : each,
            )
          : value;
        client.sendValue(named);
        if (after === 'turn') await world.idle();
        if (after === 'time') world.clock.advance(1_000);
        if (after === 'stall') socket.stall();
        if (after === 'cut') socket.cut();
      }
      for (const { socket } of peers) socket.cut();
      await world.idle();
      world.clock.advance(10_000);
      await world.idle();
      const { registry, hub, presence } = world.services;
      const left = [
        registry.size,
        hub.size,
        presence.size,
        registry.users.of('ada'),
        registry.addresses.of('127.0.0.1'),
      ];
      expect({ left, faults, timers: world.clock.running }).toEqual({ left: [0, 0, 0, 0, 0], faults: [], timers });
    });
    await fc.assert(property, { numRuns: 150 });
  });
});

const SUBPROTOCOLS = ['sluice.v1.json', 'sluice.v1.msgpack', 'sluice.v1.json'] as const;

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
