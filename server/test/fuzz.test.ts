import { json } from '@sluice/protocol';
import { msgpack } from '@sluice/protocol/msgpack';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { tokenFor } from './support/tokens.ts';
import { createWorld, type World } from './support/world.ts';

const RUNS = Number(process.env.SLUICE_FUZZ_RUNS ?? 1_000);

const channel = fc.oneof(
  fc.constantFrom('chat:a', 'chat:b', 'news:a', 'user:ada', 'user:ben', 'nowhere', 'a::b'),
  fc.string(),
);
const id = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.anything());
const position = fc.record({ epoch: fc.string(), offset: fc.nat() });

/** Commands that are valid or nearly valid. */
const command = fc.oneof(
  fc.record(
    { type: fc.constant('connect'), id, token: fc.oneof(fc.constant('TOKEN'), fc.string()) },
    { requiredKeys: ['type', 'id'] },
  ),
  fc.record({ type: fc.constant('refresh'), id, token: fc.oneof(fc.constant('TOKEN'), fc.string()) }),
  fc.record(
    { type: fc.constant('subscribe'), id, channel, rewind: fc.nat(), since: fc.nat(), position },
    { requiredKeys: ['type', 'id', 'channel'] },
  ),
  fc.record({ type: fc.constant('unsubscribe'), id, channel }),
  fc.record(
    {
      type: fc.constant('publish'),
      id,
      channel,
      data: fc.anything(),
      event: fc.string(),
      tags: fc.object(),
      key: fc.string(),
    },
    { requiredKeys: ['type', 'id', 'channel'] },
  ),
  fc.record(
    { type: fc.constant('history'), id, channel, limit: fc.nat(), after: fc.nat(), before: fc.nat() },
    { requiredKeys: ['type', 'id', 'channel'] },
  ),
  fc.record(
    {
      type: fc.constantFrom('enter', 'leave', 'members', 'watch', 'unwatch'),
      id,
      channel,
      state: fc.anything(),
      limit: fc.nat(),
    },
    { requiredKeys: ['type', 'id', 'channel'] },
  ),
  fc.record({ type: fc.constant('ping'), id }),
);

type Action =
  | { kind: 'frame'; frame: (binary: boolean, token: string) => string | Uint8Array }
  | { kind: 'stall' | 'read' | 'wait' };

const encode = (value: unknown, binary: boolean, token: string): string | Uint8Array => {
  try {
    const text = json.encode(value) as string;
    const plain = JSON.parse((text ?? 'null').replaceAll('"TOKEN"', JSON.stringify(token))) as unknown;
    return binary ? msgpack.encode(plain) : (json.encode(plain) as string);
  } catch {
    return 'not a value that can be written';
  }
};

/** A frame with some changed bytes. */
const damage = (frame: string | Uint8Array, at: number, byte: number): string | Uint8Array => {
  const bytes = Buffer.from(frame);
  if (bytes.length > 0) bytes[at % bytes.length] = byte;
  return typeof frame === 'string' ? bytes.toString('utf8') : bytes;
};

const frame = fc.oneof(
  fc
    .array(command, { minLength: 1, maxLength: 5 })
    .map((commands) => (binary: boolean, token: string) => encode(commands, binary, token)),
  command.map((one) => (binary: boolean, token: string) => encode(one, binary, token)),
  fc.tuple(command, fc.nat(), fc.nat(255)).map(
    ([one, at, byte]) =>
      (binary: boolean, token: string) =>
        damage(encode(one, binary, token), at, byte),
  ),
  fc.jsonValue().map((value) => (binary: boolean, token: string) => encode(value, binary, token)),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => () => bytes),
  fc.string().map((text) => () => text),
);

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 8, arbitrary: frame.map((made): Action => ({ kind: 'frame', frame: made })) },
  { weight: 1, arbitrary: fc.constantFrom<Action>({ kind: 'stall' }, { kind: 'read' }, { kind: 'wait' }) },
);

const plays = fc.record({ binary: fc.boolean(), patient: fc.boolean(), actions: fc.array(action, { maxLength: 30 }) });

interface Play {
  readonly binary: boolean;
  /** Does the client wait until it is authenticated? */
  readonly patient: boolean;
  readonly actions: readonly Action[];
}

async function play(world: World, token: string, { binary, patient, actions }: Play): Promise<void> {
  const { socket, client } = world.open({ protocols: [binary ? 'sluice.v1.msgpack' : 'sluice.v1.json'] });
  if (patient) await client.result({ type: 'connect', token });
  else client.send({ type: 'connect', token });
  for (const one of actions) {
    if (one.kind === 'frame') socket.send(one.frame(binary, token));
    else if (one.kind === 'stall') socket.stall();
    else if (one.kind === 'read') socket.unstall();
    else await world.idle();
  }
  await world.idle();
  socket.cut();
}

it('survives any input of a client, and keeps no state of it', async () => {
  const world = await createWorld();
  const timers = world.clock.running;
  const faults: unknown[] = [];
  world.services.events.on('fault', (fault) => faults.push(fault));
  const token = await tokenFor('ada', { clock: () => world.clock.now(), expiresIn: 30 * 86_400_000 });
  await fc.assert(
    fc.asyncProperty(plays, async (one) => {
      await play(world, token, one);
      for (let turn = 0; turn < 3; turn++) await world.idle();
      world.clock.advance(60_000); // members stay for the grace period
      await world.idle();
      const { registry, hub } = world.services;
      expect(faults).toEqual([]);
      expect([registry.size, hub.size, world.transport.size, world.clock.running]).toEqual([0, 0, 0, timers]);
    }),
    { numRuns: RUNS },
  );
  const { client } = await world.connect(token);
  expect(await client.request({ type: 'ping' })).toMatchObject({ type: 'reply' });
});
