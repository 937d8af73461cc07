import { describe, expect, it } from 'vitest';
import type { Identity } from '../src/auth/identity.ts';
import type { EndReason, Kind, Standing } from '../src/channels/standing.ts';
import type { Session } from '../src/session/session.ts';
import { type TokenOptions, tokenFor } from './support/tokens.ts';
import { createWorld, type World } from './support/world.ts';

const TOYS: Kind<Toy> = { name: 'toy' };
const TOPIC = 'toy';

/** A kind of standing thing that the gateway does not know. */
class Toy implements Standing {
  readonly kind = TOYS;
  readonly key: string;
  readonly channelName: string;
  readonly verb = 'consume';
  readonly calls: string[] = [];
  ended = false;

  constructor(channel: string, key = channel) {
    this.channelName = channel;
    this.key = key;
  }

  overflowed(): boolean {
    this.calls.push('overflowed');
    return true;
  }

  drained(): void {
    this.calls.push('drained');
  }

  refreshed({ claims }: Identity): void {
    this.calls.push(`refreshed after ${claims.role}`);
  }

  end(reason: EndReason): void {
    this.ended = true;
    this.calls.push(`ended: ${reason}`);
  }
}

const CHANNELS = { 'toys:{id}': { allow: { consume: ['role:player', 'claim:toys:{id}'] } } } as const;

const mint = (world: World, claims: Record<string, unknown>, options: TokenOptions = {}) =>
  tokenFor('ada', { claims, clock: () => world.clock.now(), ...options });

async function holdToys(...toys: Toy[]) {
  const world = await createWorld({ channels: CHANNELS });
  const { client, socket } = await world.connect(await mint(world, { role: 'player' }));
  const session = world.services.registry.all()[0] as Session;
  for (const toy of toys) session.add(toy);
  return { world, client, socket, session };
}

const refresh = (token: string) => ({ type: 'refresh', token }) as const;

describe('an unknown kind of standing thing', () => {
  it('is notified of an overflow at the end of the turn, and of the drain', async () => {
    const [one, two] = [new Toy('toys:1'), new Toy('toys:2')];
    const { world, socket, session } = await holdToys(one, two);
    session.connection.join(TOPIC);
    socket.stall();
    for (let frame = 0; frame < 3; frame++) {
      world.transport.publish(TOPIC, JSON.stringify({ type: 'toy', data: 'x'.repeat(400_000) }), false);
      await world.idle();
    }
    expect([one.calls, two.calls]).toEqual([['overflowed'], ['overflowed']]);
    socket.unstall();
    await world.idle();
    expect(new Set(one.calls.slice(1))).toEqual(new Set(['drained']));
  });

  it('is notified of a new token that still allows it, and ends with one that does not', async () => {
    const [one, two] = [new Toy('toys:1'), new Toy('toys:2')];
    const { world, client, session } = await holdToys(one, two);
    await client.result(refresh(await mint(world, { toys: ['1'] })));
    expect([one.calls, two.calls]).toEqual([['refreshed after player'], ['ended: permission']]);
    expect([...session.standings]).toEqual([one]);
  });

  it('ends with rules that no longer allow it', async () => {
    const toy = new Toy('toys:1');
    const { world } = await holdToys(toy);
    const { channels } = world.assembly.config;
    await world.gateway.reload({ ...world.assembly.config, channels: channels.slice(1) });
    expect(toy.calls).toEqual(['ended: permission']);
  });

  it.each<[string, (world: World, session: Session) => unknown]>([
    ['the connection closes', (_, session) => session.close('slow_reader')],
    ['the token is revoked', (world) => world.gateway.revoke({ user: 'ada' })],
    ['the gateway drains', (world) => world.gateway.close()],
  ])('ends once when %s', async (_, happen) => {
    const toy = new Toy('toys:1');
    const { world, session } = await holdToys(toy);
    world.clock.advance(1_000); // after the token expires
    void happen(world, session);
    await world.idle();
    world.clock.advance(60_000);
    await world.idle();
    expect(toy.calls).toEqual(['ended: closed']);
    expect([...session.standings]).toEqual([]);
    expect(session.add(new Toy('toys:1'))).toBe(false);
  });

  it('is stored by key, and counted while it begins', async () => {
    const { session } = await holdToys(new Toy('toys:1', 'a'), new Toy('toys:1', 'b'));
    let begin = () => {};
    const pending = session.addPending(
      TOYS,
      'c',
      new Promise<void>((resolve) => {
        begin = resolve;
      }),
    );
    const { standings } = session;
    expect([...standings.of(TOYS).keys()]).toEqual(['a', 'b']);
    expect([standings.count(TOYS), standings.has(TOYS, 'c'), standings.has(TOYS, 'd')]).toEqual([3, true, false]);
    begin();
    await pending;
    expect([standings.count(TOYS), standings.has(TOYS, 'c')]).toEqual([2, false]);
  });
});
