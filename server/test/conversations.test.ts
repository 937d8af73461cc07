import { createTestClient } from '@sluice/client/testing';
import type { ServerMessage } from '@sluice/protocol';
import { describe, expect, it } from 'vitest';
import { type Conversation, vectors } from '../../protocol/test/vectors.ts';
import { tokenFor } from './support/tokens.ts';
import { createWorld } from './support/world.ts';

const LOBBY = 'chat:lobby';

/** A connection to a gateway or to the test double. */
interface Connection {
  send(frame: unknown): void;
  publish(): Promise<void>;
  /** All received messages in order. */
  readonly received: readonly ServerMessage[];
  /** Resolves when nothing more arrives. */
  settled(): Promise<void>;
  readonly closed: number | undefined;
}

async function realGateway(): Promise<Connection> {
  const open = { allow: { '*': 'users' } } as const;
  const world = await createWorld({
    channels: {
      'chat:{room}': { ...open, history: { count: 100 } },
      'news:{topic}': open,
      'later:{id}': { ...open, schedule: {} },
      'jobs:{kind}': { allow: { ...open.allow, consume: 'users' }, queue: { backoff: [], maxDeliveries: 2 } },
      'calls:{name}': { allow: { request: 'users', respond: 'users' } },
      'rooms:{room}:{kind}': open,
      'all-rooms': { ...open, history: { count: 100 }, bind: ['rooms:**'] },
      alarms: { allow: { consume: 'users' }, queue: true, bind: [{ channel: 'rooms:**', where: { event: 'alarm' } }] },
    },
  });
  const { client, socket } = world.open();
  const token = await tokenFor('ada', { clock: () => world.clock.now() });
  return {
    send: (frame) => client.sendValue(withToken(frame, token)),
    publish: async () => void (await world.gateway.publish(LOBBY, null)),
    received: client.received,
    settled: () => world.idle(),
    get closed() {
      return socket.closed?.code;
    },
  };
}

async function testDouble(): Promise<Connection> {
  const channels = {
    'chat:{room}': { rule: { history: { count: 100 } } },
    'news:{topic}': {},
    'later:{id}': { rule: { schedule: {} } },
    'calls:{name}': {},
    'jobs:{kind}': { rule: { queue: { backoff: [], maxDeliveries: 2 } } },
    'rooms:{room}:{kind}': {},
    'all-rooms': { rule: { history: { count: 100 }, bind: ['rooms:**'] } },
    alarms: { rule: { queue: true, bind: [{ channel: 'rooms:**', where: { event: 'alarm' } }] } },
  };
  const { gateway } = createTestClient({ channels, autoConnect: false });
  const socket = gateway.socket('ada');
  const received: ServerMessage[] = [];
  let closed: number | undefined;
  socket.onmessage = ({ data }: { data: unknown }) => void received.push(...[JSON.parse(data as string)].flat());
  socket.onclose = ({ code }: { code: number }) => {
    closed = code;
  };
  await gateway.settled();
  return {
    send: (frame) => socket.send(JSON.stringify(frame)),
    publish: async () => void gateway.publish(LOBBY, null),
    received,
    settled: () => gateway.settled(),
    get closed() {
      return closed;
    },
  };
}

/** Only a real gateway verifies tokens. */
function withToken(frame: unknown, token: string): unknown {
  const isConnect = typeof frame === 'object' && frame !== null && 'type' in frame && frame.type === 'connect';
  return isConnect ? { token, ...frame } : frame;
}

/** Compares messages with the expected ones, and stores the values of variables. */
class Matcher {
  readonly #variables = new Map<string, unknown>();

  /** Replaces variables by their values. */
  fill(value: unknown): unknown {
    return JSON.parse(JSON.stringify(value), (_, part: unknown) => this.#variables.get(part as string) ?? part);
  }

  /** The expected part of a message, so that the test can print a difference. */
  pick(actual: unknown, expected: unknown): unknown {
    if (typeof expected === 'string' && expected.startsWith('$')) return this.#variable(expected, actual);
    if (typeof expected !== 'object' || expected === null || typeof actual !== 'object' || actual === null)
      return actual;
    if (Array.isArray(expected))
      return Array.isArray(actual) ? actual.map((one, at) => this.pick(one, expected[at])) : actual;
    const entries = Object.entries(actual).filter(([name]) => name in expected || name === 'sub');
    const inOrder = entries.map(([name, part]) => [name, this.pick(part, (expected as Record<string, unknown>)[name])]);
    return Object.fromEntries(inOrder);
  }

  #variable(name: string, actual: unknown): unknown {
    if (name !== '$any' && !this.#variables.has(name)) this.#variables.set(name, actual);
    return name === '$any' || this.#variables.get(name) === actual ? name : actual;
  }
}

/** The gateway decides how it splits messages into pushes. */
function joined(received: readonly ServerMessage[]): ServerMessage[] {
  const all: ServerMessage[] = [];
  for (const message of received) {
    const last = all.at(-1);
    const isContinuation = message.type === 'messages' && last?.type === 'messages' && last.channel === message.channel;
    if (isContinuation && last.sub === message.sub && last.epoch === message.epoch) {
      all[all.length - 1] = { ...last, messages: [...last.messages, ...message.messages] };
    } else all.push(message);
  }
  return all;
}

async function hold({ connected, steps }: Conversation, connection: Connection): Promise<void> {
  const matcher = new Matcher();
  let read = 0;
  if (connected !== false) {
    connection.send({ type: 'connect', id: 1_000 });
    while (connection.received.length < 1) await connection.settled();
    read = 1;
  }
  for (const step of steps) {
    if ('send' in step) connection.send(matcher.fill(step.send));
    if ('publish' in step) for (let n = 0; n < step.publish; n++) await connection.publish();
    await connection.settled();
    if ('receive' in step) {
      const next = joined(connection.received).slice(read, read + step.receive.length);
      expect(next.map((message, at) => matcher.pick(message, step.receive[at]))).toEqual(step.receive);
      read += step.receive.length;
    }
    if ('closed' in step) expect(connection.closed).toBe(step.closed);
  }
  expect(joined(connection.received).slice(read)).toEqual([]);
}

describe.each([
  { gateway: 'the gateway', start: realGateway },
  { gateway: 'the test double', start: testDouble },
])('$gateway', ({ start }) => {
  for (const conversation of vectors('conversations.json').conversations) {
    const { name, section } = conversation;
    it(`${name} (SPEC.md section ${section})`, async () => {
      await hold(conversation, await start());
    });
  }
});
