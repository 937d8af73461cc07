import { pino } from 'pino';
import type { HookInput } from '../../src/config/hook-options.ts';
import type { HookCall, HookReply } from '../../src/index.ts';
import type { ProtocolClient } from './protocol-client.ts';
import { tokenFor } from './tokens.ts';
import { createWorld, type World } from './world.ts';

export const CHANNELS = {
  'chat:{room}': {
    allow: { '*': 'users', request: 'users', respond: 'users' },
    history: true,
    presence: { grace: 0, interval: 0 },
    schedule: {},
  },
  'doc:{id}': { allow: { '*': 'users' }, history: true },
} as const;

/** A function that records its calls. */
export function hook(answer: (call: HookCall) => HookReply | Promise<HookReply>) {
  const calls: HookCall[] = [];
  return {
    calls,
    ask: (call: HookCall) => {
      calls.push(call);
      return answer(call);
    },
  };
}

/** Answers that the test gives, by the payload or the channel of the question. */
export class Pending {
  readonly #waiting = new Map<string, (reply: HookReply) => void>();

  readonly ask = (call: HookCall) =>
    new Promise<HookReply>((resolve) => void this.#waiting.set(String(call.data ?? call.channel), resolve));

  get names(): string[] {
    return [...this.#waiting.keys()];
  }

  answer(name: string, reply: HookReply = true): void {
    const settle = this.#waiting.get(name);
    if (settle === undefined) throw new Error(`nothing waits for "${name}"`);
    this.#waiting.delete(name);
    settle(reply);
  }
}

export const mint = (world: World, user = 'ada', claims: Record<string, unknown> = {}) =>
  tokenFor(user, { claims, clock: () => world.clock.now() });

export interface Started {
  readonly world: World;
  /** Lines of the log. */
  readonly lines: string[];
  readonly connect: (user?: string, claims?: Record<string, unknown>) => Promise<ProtocolClient>;
}

export async function start(hooks: Record<string, HookInput>): Promise<Started> {
  const lines: string[] = [];
  const world = await createWorld(
    { channels: CHANNELS, hooks },
    { log: pino({ level: 'warn' }, { write: (line) => void lines.push(line) }) },
  );
  const connect = async (user = 'ada', claims: Record<string, unknown> = {}) => {
    const { client } = await world.connect(await mint(world, user, claims));
    return client;
  };
  return { world, lines, connect };
}

export const chat = { channel: 'chat:lobby' } as const;
