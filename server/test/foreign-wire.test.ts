import type { Command, ServerMessage } from '@sluice/protocol';
import { describe, expect, it } from 'vitest';
import { WIRES } from '../src/protocols/negotiate.ts';
import type { Outlet, ParsedCommand, SocketWire, WireSession } from '../src/protocols/protocol.ts';
import type { LoopbackClient } from '../src/transport/loopback-client.ts';
import { createWorld, type World } from './support/world.ts';

/**
 * The smallest protocol that differs from ours in everything: a path with a parameter, it speaks
 * first, has no `connect`, one message per frame, no ids, no offsets, and acknowledges in order.
 */
class ToySession implements WireSession {
  readonly #key: string;
  /** Pending requests of its client, by the command id that this wire assigned. */
  readonly #pending = new Map<number, string>();
  #lastId = 1;

  constructor(key: string) {
    this.#key = key;
  }

  opened(outlet: Outlet): readonly Command[] {
    outlet.send(`hello ${this.#key}`, false);
    return [{ type: 'connect', id: 1 }];
  }

  decode(data: string | Uint8Array): readonly string[] {
    return String(data).split(';');
  }

  parse(value: unknown): ParsedCommand {
    const [verb = '', channel = ''] = String(value).split(' ');
    const id = ++this.#lastId;
    if (verb !== 'join' && verb !== 'part') {
      return { fault: { error: 'command_unknown', detail: `"${verb}" is neither join nor part` } };
    }
    this.#pending.set(id, String(value));
    return { command: { type: verb === 'join' ? 'subscribe' : 'unsubscribe', id, channel } };
  }

  refuseEarly(): never {
    throw new Error('the wire sends its own connect');
  }

  send(messages: readonly ServerMessage[], outlet: Outlet): void {
    for (const message of messages) {
      const line = this.#translate(message);
      if (line !== null) outlet.send(line, false);
    }
  }

  #translate(message: ServerMessage): string | null {
    if (message.type === 'gap') return `lost ${message.channel} ${message.to.offset - message.from.offset}`;
    if (message.type === 'reply') return this.#pending.has(message.id) ? `ok ${this.#take(message.id)}` : null;
    if (message.type === 'error') return `no ${this.#take(message.id ?? 0)} ${message.error.name}`;
    return null;
  }

  #take(id: number): string {
    const asked = this.#pending.get(id) ?? '';
    this.#pending.delete(id);
    return asked;
  }

  reportClose({ name }: { name: string }, outlet: Outlet): void {
    outlet.send(`bye ${name}`, false);
  }
}

const line = (channel: string, json: string): string => `${channel} ${JSON.stringify(JSON.parse(json).data)}`;

const toyWire: SocketWire = {
  id: 'toy',
  subprotocol: 'toy',
  binary: false,
  path: '/toy/:key',
  open: ({ path }) => new ToySession(path.slice('/toy/'.length)),
  encode: () => '',
  perFrame: 1,
  encodeMessage: ({ json }) => json,
  prefix: (channel) => channel,
  join: (channel, [part]) => Buffer.from(line(String(channel), String(part))),
  single: (channel, { json }) => line(String(channel), json),
};

const WORLD = {
  anonymous: true,
  channels: {
    'news:{topic}': { allow: { subscribe: 'anyone' }, history: { count: 2, age: '1h' } },
  },
} as const;

async function start(): Promise<{ world: World; toy: LoopbackClient; read: () => Promise<readonly string[]> }> {
  const world = await createWorld(WORLD, { wires: [...WIRES, toyWire] });
  const toy = world.transport.connect({ path: '/toy/k1' });
  const read = async () => {
    await world.idle();
    return toy.take().map(String);
  };
  return { world, toy, read };
}

describe('a foreign wire', () => {
  it('sends first, and connects without a command of its client', async () => {
    const { world, read } = await start();
    expect(await read()).toEqual(['hello k1']);
    expect(world.services.registry.all().map(({ state }) => state)).toEqual(['connected']);
  });

  it('keeps the pending requests of its client, and delivers messages one by one', async () => {
    const { world, toy, read } = await start();
    toy.send('join news:a;join user:1;fly');
    expect(await read()).toEqual([
      'hello k1',
      'ok join news:a',
      'no join user:1 channel_unknown',
      'no  command_unknown',
    ]);
    for (const data of [1, 2, 3]) void world.gateway.publish('news:a', data);
    expect(await read()).toEqual(['news:a 1', 'news:a 2', 'news:a 3']);
    toy.send('part news:a');
    expect(await read()).toEqual(['ok part news:a']);
  });

  it("reports a slow reader's gap and the close reason in its own format", async () => {
    const { world, toy, read } = await start();
    toy.send('join news:a');
    await read();
    toy.stall();
    const large = 'x'.repeat(60_000);
    for (let count = 0; count < 40; count++) {
      await world.gateway.publish('news:a', large);
      await world.idle();
    }
    toy.unstall();
    const read1 = (await read()).map((frame) => frame.slice(0, 11));
    expect(read1.filter((frame) => frame.startsWith('lost'))).toHaveLength(1);
    expect(read1.at(-1)).toBe('news:a "xxx');
    const closing = world.gateway.close();
    await world.idle();
    world.clock.advance(60_000);
    await closing;
    expect((await read()).at(-1)).toBe('bye draining');
    expect(toy.closed?.reason).toMatch(/^draining/);
  });

  it('does not affect native connections and other paths', async () => {
    const { world } = await start();
    const native = await world.connect(undefined);
    expect(native.client.received.at(-1)).toMatchObject({ type: 'reply' });
    const other = world.transport.connect({ path: '/toy/k1', protocols: ['sluice.v1.json'] });
    expect(other.closed?.reason).toMatch(/^subprotocol_unknown/);
  });
});

it('the connections of a native wire share one wire session', () => {
  for (const wire of WIRES) {
    const open = () => wire.open({ path: '/ws', query: new URLSearchParams(), protocols: [] });
    expect(open()).toBe(open());
  }
});
