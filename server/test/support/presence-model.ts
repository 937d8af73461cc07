import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Member } from '@sluice/protocol';
import { pino } from 'pino';
import { type Assembly, assemble } from '../../src/assemble.ts';
import { PROGRAM } from '../../src/auth/identity.ts';
import type { Verifier } from '../../src/auth/token.ts';
import type { ChannelInput } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/schema.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { MemoryEngine } from '../../src/engine/memory/memory-engine.ts';
import type { RosterPage } from '../../src/engine/presence.ts';
import { createAcceptor } from '../../src/session/acceptor.ts';
import { LoopbackTransport } from '../../src/transport/loopback.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { Turn } from '../../src/util/turn.ts';
import { DelayedPresence } from './delayed-presence.ts';
import { PresenceClient } from './presence-client.ts';

const OPEN = { '*': 'users' } as const;

/** Channels with all presence settings of a rule. */
export const CHANNELS = {
  few: { allow: OPEN, presence: { listUpTo: 4, grace: '5s' } },
  many: { allow: OPEN, presence: { listUpTo: 1000, grace: '1s', state: '4KiB' } },
  hasty: { allow: OPEN, presence: { listUpTo: 6, grace: 0, interval: 0 } },
  none: { allow: OPEN, presence: { listUpTo: 0, interval: '10s' } },
} as const satisfies Record<string, ChannelInput>;

export type ChannelName = keyof typeof CHANNELS;
export const CHANNEL_NAMES = Object.keys(CHANNELS) as ChannelName[];

const OUTBOUND = 65_536;
/** Most bytes of a list: a quarter of the outbound limit. */
const MOST_LIST = OUTBOUND / 4;
const CONFIG = parseConfig({
  keys: [{ secret: 'x'.repeat(32) }],
  channels: { ...CHANNELS, noise: { allow: OPEN, history: { count: 50 } } },
  limits: { outbound: OUTBOUND, maxFrame: 1_048_576, operations: 0, bytes: 0 },
  log: { level: 'silent' },
});
const MAX_TURNS = 1_000;

/** A token is the user's name. */
const VERIFIER: Verifier = {
  verify: (token) => Promise.resolve({ ok: true, identity: { user: token, claims: {}, capabilities: [] } }),
  close: () => {},
};

export interface PresenceModelOptions {
  readonly clients: number;
  readonly channels: readonly ChannelName[];
  /** Does the store answer later? */
  readonly isDelayed: boolean;
}

/** A gateway that the test runs step by step, with clients that enter, leave and watch each other. */
export class PresenceModel {
  readonly clock = new ManualClock();
  readonly transport = new LoopbackTransport({ limit: OUTBOUND / 2 });
  readonly channels: readonly ChannelName[];
  readonly clients: readonly PresenceClient[];
  readonly store: DelayedPresence | undefined;
  readonly faults: string[] = [];
  readonly #engine: MemoryEngine;
  readonly #assembly: Assembly;
  #deferred: (() => void)[] = [];

  constructor({ clients, channels, isDelayed }: PresenceModelOptions) {
    const { clock, transport } = this;
    this.channels = channels;
    this.#engine = new MemoryEngine({ clock });
    this.store = isDelayed ? new DelayedPresence(this.#engine.presence) : undefined;
    const memory = this.#engine;
    const engine: Engine = {
      name: 'memory',
      log: memory,
      presence: this.store ?? memory.presence,
      revocations: memory.revocations,
      start: (listener) => memory.start(listener),
      signal: (signal) => memory.signal(signal),
      close: () => memory.close(),
    };
    const turn = new Turn((task) => this.#deferred.push(task));
    this.#assembly = assemble(CONFIG, { transport, clock, turn, engine, log: pino({ level: 'silent' }) });
    const services = { ...this.#assembly.services, verifier: VERIFIER };
    void engine.start({ deliver: (channel, epoch, message) => services.hub.deliver(channel, epoch, message) });
    transport.open(createAcceptor({ services, admission: () => null }));
    services.events.on('fault', ({ where, error }) => this.faults.push(`fault in ${where}: ${String(error)}`));
    this.clients = Array.from(
      { length: clients },
      (_, at) =>
        new PresenceClient(`client ${at}`, { user: `user ${at % 3}`, binary: at % 2 === 1, exact: !isDelayed }),
    );
  }

  get services(): Assembly['services'] {
    return this.#assembly.services;
  }

  connect(client: PresenceClient): void {
    if (client.socket !== undefined) return;
    this.transport.step();
    client.connect(this.transport.connect({ protocols: [client.binary ? 'sluice.v1.msgpack' : 'sluice.v1.json'] }));
  }

  /** Enters a member of another node. */
  enter(channel: string, who: number, size: number): void {
    const user = `guest ${who}`;
    void this.services.presence.enter({ channel, connection: `g${who}`, user, state: 'x'.repeat(size) });
  }

  leave(channel: string, who: number, grace = 0): void {
    void this.services.presence.leave({ channel, connection: `g${who}`, user: `guest ${who}` }, grace);
  }

  /** Publishes to the subscribed clients, so that their buffers fill. */
  publish(size: number): void {
    const draft = { data: 'x'.repeat(size) };
    void this.services.door.publish({ channel: 'noise', draft, by: PROGRAM, allowance: null });
  }

  turn(): void {
    this.transport.step();
    const tasks = this.#deferred;
    this.#deferred = [];
    for (const task of tasks) task();
  }

  /** Runs turns until nothing is left to do. */
  async settle(): Promise<void> {
    for (let turns = 0; ; turns++) {
      if (turns > MAX_TURNS) throw new Error('the gateway does not settle');
      this.store?.answerAll();
      this.turn();
      await nextTurn();
      if (this.#deferred.length === 0 && this.store?.busy !== true) break;
    }
    this.transport.step();
    if (this.#deferred.length > 0) await this.settle();
  }

  check(): void {
    const faults = [...this.faults, ...this.clients.flatMap((client) => client.faults)];
    for (const { socket, name } of this.clients) {
      const held = socket?.held ?? 0;
      if (held > OUTBOUND + 16_384) faults.push(`${held} bytes are held for ${name}`);
    }
    if (faults.length > 0) throw new Error(faults.slice(0, 5).join('\n'));
  }

  /** Lets all clients read and time pass. Then every watching client must know the exact members. */
  async checkSettled(): Promise<void> {
    for (let round = 0; round < 3; round++) {
      for (const { socket } of this.clients) socket?.unstall();
      await this.settle();
      this.clock.advance(20_000);
      await this.settle();
    }
    this.check();
    for (const client of this.clients) {
      for (const [channel, view] of client.views) {
        if (view.wire === 'off') continue;
        const problem = view.wire === 'on' ? this.#compare(channel, view) : `is ${view.wire}`;
        if (problem !== undefined) throw new Error(`${client.name} ${problem} (${channel})`);
      }
    }
  }

  #compare(
    channel: string,
    { known, total, complete }: PresenceClient['views'] extends Map<string, infer S> ? S : never,
  ) {
    const roster = this.#roster(channel);
    if (!complete) return 'has no complete list';
    if (total !== roster.total) return `received ${total} members instead of ${roster.total}`;
    const { listUpTo } = CHANNELS[channel as ChannelName].presence;
    const ratio = Math.max(roster.total / listUpTo, roster.bytes / MOST_LIST);
    if (known === null) return ratio > 0.8 ? undefined : `gets only the number of ${total} members, ${roster.bytes} B`;
    if (ratio > 1) return `gets the list of ${total} members, ${roster.bytes} B`;
    const byUser = (a: Member, b: Member) => (a.user < b.user ? -1 : 1);
    const received = JSON.stringify([...known.values()].map(({ member }) => member).sort(byUser));
    const expected = JSON.stringify(roster.members.map(({ member }) => member).sort(byUser));
    return received === expected ? undefined : `knows ${received}, true is ${expected}`;
  }

  #roster(channel: string): RosterPage {
    return this.#engine.presence.list(channel, 0, 10_000);
  }

  /** Disconnects all clients. Then no state may be left. */
  async checkEmpty(guests: number): Promise<void> {
    for (const { socket } of this.clients) socket?.cut();
    for (const channel of CHANNEL_NAMES) for (let who = 0; who < guests; who++) this.leave(channel, who);
    await this.settle();
    this.clock.advance(20_000);
    await this.settle();
    const { presence, registry, hub } = this.services;
    const left = {
      stages: presence.size,
      rooms: this.#engine.presence.size,
      sessions: registry.size,
      channels: hub.size,
      sockets: this.transport.size,
      timers: this.clock.running - 1, // the engine's sweep
    };
    if (Object.values(left).some((count) => count > 0)) throw new Error(`left behind: ${JSON.stringify(left)}`);
  }
}
