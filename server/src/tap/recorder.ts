import { SUBSCRIPTIONS } from '../channels/cursor.ts';
import type { EventBus, Events } from '../events.ts';
import type { Registry } from '../session/registry.ts';
import type { Clock } from '../util/clock.ts';
import { showPayload, sizeOf, type TapEntry, type TapType } from './tap-entry.ts';
import type { TapTarget } from './tap-target.ts';

export interface RecorderParts {
  readonly events: EventBus;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly node: string;
}

export interface RecorderOptions {
  readonly target: TapTarget;
  readonly payloads: boolean;
}

/** Maximum bytes of waiting entries; further entries are dropped and counted. */
const MOST_WAITING = 262_144;

type Fields = Readonly<Record<string, unknown>> & {
  readonly connection?: string | undefined;
  readonly channel?: string | undefined;
};

/**
 * Records what this node does for one user or one channel, from the events that it emits anyway.
 * While nobody records, nothing listens.
 */
export class Recorder {
  readonly #parts: RecorderParts;
  readonly #options: RecorderOptions;
  readonly #user: string | undefined;
  readonly #channel: string | undefined;
  /** Connections of the user. */
  readonly #connections = new Set<string>();
  readonly #stops: (() => void)[] = [];
  readonly #states = new Map<string, string>();
  #entries: TapEntry[] = [];
  #bytes = 0;
  #lost = 0;

  constructor(options: RecorderOptions, parts: RecorderParts) {
    this.#parts = parts;
    this.#options = options;
    this.#user = 'user' in options.target ? options.target.user : undefined;
    this.#channel = 'channel' in options.target ? options.target.channel : undefined;
    if (this.#user !== undefined) {
      for (const { connection } of parts.registry.users.all(this.#user)) this.#connections.add(connection.id);
    }
    this.#listen();
  }

  /** Takes the entries since the last call, and how many did not fit. */
  take(): { readonly entries: readonly TapEntry[]; readonly lost: number } {
    this.#noteStates();
    const taken = { entries: this.#entries, lost: this.#lost };
    this.#entries = [];
    this.#bytes = 0;
    this.#lost = 0;
    return taken;
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  #on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): void {
    this.#stops.push(this.#parts.events.on(name, listener));
  }

  #listen(): void {
    this.#on('authenticated', (event) => this.#connected(event));
    this.#on('connectionClosed', ({ connection, code, reason, duration }) => {
      this.#note('closed', { connection, code, reason, duration: Math.round(duration) });
      this.#connections.delete(connection);
      this.#states.delete(connection);
    });
    this.#on('command', ({ connection, command }) => this.#command(connection, command));
    this.#on('refused', ({ command, error, detail, ...rest }) =>
      this.#note('refused', { ...rest, command, error, detail }),
    );
    this.#on('subscribed', ({ conditions, ...rest }) =>
      this.#note('subscribed', conditions === undefined ? rest : { ...rest, filtered: true }),
    );
    this.#on('unsubscribed', (event) => this.#note('unsubscribed', { ...event }));
    this.#on('published', (event) => this.#published(event));
    this.#on('delivered', (event) => this.#delivered(event));
    this.#on('replaying', (event) => this.#note('replaying', { ...event }));
    this.#on('replayed', (event) => this.#note('replayed', { ...event }));
    this.#on('overflowed', (event) => this.#note('overflowed', { ...event }));
    this.#on('gap', (event) => this.#note('gap', { ...event }));
  }

  #connected({ connection, user, client }: Events['authenticated']): void {
    if (user === null || user !== this.#user) return;
    this.#connections.add(connection);
    const address = this.#parts.registry.get(connection)?.connection.address;
    this.#note('connected', { connection, client, address });
  }

  #command(connection: string, command: Events['command']['command']): void {
    const { type: name, id } = command;
    const channel = 'channel' in command ? command.channel : undefined;
    const data = this.#options.payloads && 'data' in command ? command.data : undefined;
    const place = channel === undefined ? {} : { channel };
    this.#note('command', { connection, ...place, command: name, id, ...showPayload(data) });
  }

  #published({ channel, id, offset, waited, content }: Events['published']): void {
    if (channel !== this.#channel) return;
    const { data, event, tags, from } = content ?? {};
    const shown = this.#options.payloads ? showPayload(data) : sizeOf(data);
    const late = waited === undefined ? {} : { waited: Math.round(waited) };
    this.#note('published', { channel, id, offset, ...late, ...defined({ event, tags, from }), ...shown });
  }

  #delivered({ channel, after, offset, deliveries, bytes }: Events['delivered']): void {
    if (channel === this.#channel) this.#note('delivered', { channel, after, offset, deliveries, bytes });
    for (const connection of this.#connections) {
      if (this.#isLive(connection, channel)) this.#note('delivered', { connection, channel, after, offset });
    }
  }

  /** Does it follow this log, without being behind? A subscription to a pattern follows the log of its bound channel. */
  #isLive(connection: string, log: string): boolean {
    for (const cursor of this.#cursorsOf(connection))
      if (cursor.channel.name === log && cursor.state === 'live') return true;
    return false;
  }

  #cursorsOf(connection: string) {
    return this.#parts.registry.get(connection)?.standings.of(SUBSCRIPTIONS).values() ?? [];
  }

  /** How much waits for each connection of the user, if it has changed. */
  #noteStates(): void {
    for (const id of this.#connections) {
      const session = this.#parts.registry.get(id);
      if (session === undefined) continue;
      const cursors = [...this.#cursorsOf(id)];
      const { buffered, congested: slow } = session.connection;
      const behind = cursors.filter(({ state }) => state === 'replaying').length;
      const state = { subscriptions: cursors.length, behind, buffered, slow };
      const text = JSON.stringify(state);
      if (this.#states.get(id) === text) continue;
      this.#states.set(id, text);
      this.#note('state', { connection: id, ...state });
    }
  }

  #isWanted({ connection, channel, log }: Fields): boolean {
    if (this.#channel !== undefined) return channel === this.#channel || log === this.#channel;
    return connection !== undefined && this.#connections.has(connection);
  }

  #note(type: TapType, fields: Fields): void {
    const time = this.#parts.clock.now();
    if (!this.#isWanted(fields)) return;
    const { connection } = fields;
    const session = connection === undefined ? undefined : this.#parts.registry.get(connection);
    const user = this.#user ?? session?.identity.user;
    const entry: TapEntry = { time, node: this.#parts.node, type, ...(user == null ? {} : { user }), ...fields };
    const bytes = JSON.stringify(entry).length;
    if (this.#bytes + bytes > MOST_WAITING) {
      this.#lost++;
      return;
    }
    this.#bytes += bytes;
    this.#entries.push(entry);
  }
}

const defined = (fields: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
