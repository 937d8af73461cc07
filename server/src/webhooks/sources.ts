import type { Json, Message } from '@sluice/protocol';
import { firstEntry } from '../channels/copy-step.ts';
import type { AfterAppend } from '../channels/door.ts';
import type { Publication } from '../channels/publication.ts';
import type { Entry } from '../engine/engine.ts';
import type { PresenceChange, PresenceStore } from '../engine/presence.ts';
import type { EventBus } from '../events.ts';
import type { PresenceObserver } from '../presence/presence.ts';
import { chain } from '../util/now-or-later.ts';
import type { WebhookEventType } from '../webhook.ts';
import { Occupancy } from './occupancy.ts';
import type { OccupancyRecord } from './occupancy-record.ts';
import type { Webhooks } from './webhooks.ts';

export interface SourceParts {
  readonly webhooks: Webhooks;
  readonly events: EventBus;
  readonly store: PresenceStore;
  /** Unique for each run of a node. */
  readonly run: string;
  /** The connected clients of this node. */
  readonly clients: () => Iterable<PresentClient>;
  /** Keeps the names of a list over a restart; `undefined`: the engine needs none. */
  readonly recordOf: (list: string) => OccupancyRecord | undefined;
}

/** A client that was there before an endpoint wanted to know. */
export interface PresentClient {
  readonly connection: string;
  readonly user: string | null;
  /** The logs that it subscribes to; one more than once, if it has several subscriptions. */
  readonly logs: readonly string[];
}

/** Milliseconds in which a bridge may publish a message again that it has published before. */
const SOURCE_WINDOW = 86_400_000;
/** Groups whose numbers of dead letters are remembered. */
const MOST_GROUPS = 10_000;

const CHANNEL_EVENTS = ['channel.occupied', 'channel.vacated'] as const;
const USER_EVENTS = ['user.online', 'user.offline'] as const;
const CONNECTION_EVENTS = ['connection.opened', 'connection.closed'] as const;
const MEMBER_EVENTS = ['member.entered', 'member.changed', 'member.left'] as const;

/** Turns what happens on this node into the events of webhooks. It listens only to what endpoints want. */
export class WebhookSources implements PresenceObserver {
  readonly #parts: SourceParts;
  readonly #channels: Occupancy;
  readonly #users: Occupancy;
  /** Members of the channels whose members are reported, and since when they are there. */
  readonly #members = new Map<string, Map<string, number>>();

  /** Accepted connections. */
  readonly #open = new Set<string>();
  /** Numbers of dead letters by group, in the order of their last change. */
  readonly #dead = new Map<string, number>();
  /** The ends of what this node listens to. */
  readonly #listening = new Map<string, () => void>();

  constructor(parts: SourceParts) {
    this.#parts = parts;
    const { events, webhooks, store, run, recordOf } = parts;
    const onFault = (error: unknown) => events.emit('fault', { where: 'webhooks: occupancy', error });
    const grace = () => Math.max(0, ...webhooks.endpoints.map(({ config }) => config.debounce));
    const create = (list: string) =>
      new Occupancy({ store, node: run, grace, onFault, list, record: () => recordOf(list) });
    this.#channels = create('#webhooks:occupied');
    this.#users = create('#webhooks:online');
    this.#listen();
  }

  /** Call it when the engine has started. */
  async start(): Promise<void> {
    await this.prepare(this.#parts.webhooks.endpoints.flatMap(({ config }) => config.events));
    if (!this.#wantsChannels) await this.#channels.forget();
    if (!this.#wantsUsers) await this.#users.forget();
  }

  /** Starts what endpoints for these events need. */
  async prepare(events: readonly WebhookEventType[]): Promise<void> {
    if (CHANNEL_EVENTS.some((type) => events.includes(type))) await this.#channels.start();
    if (USER_EVENTS.some((type) => events.includes(type))) await this.#users.start();
  }

  /** Other endpoints are there, after `prepare`: listens to what they want. */
  replaced(): void {
    this.#listen();
    const { clients } = this.#parts;
    this.#open.clear();
    if (this.#wantsConnections) for (const { connection } of clients()) this.#open.add(connection);
    this.#users.replace(countOf(this.#wantsUsers ? usersOf(clients()) : []));
    this.#channels.replace(countOf(this.#wantsChannels ? this.#wantedOf(clients()) : []));
  }

  *#wantedOf(clients: Iterable<PresentClient>): Iterable<string> {
    for (const { logs } of clients) yield* logs.filter((log) => this.#wantsChannel(log));
  }

  get #wantsChannels(): boolean {
    return CHANNEL_EVENTS.some((type) => this.#parts.webhooks.wants(type));
  }

  #wantsChannel(channel: string): boolean {
    return CHANNEL_EVENTS.some((type) => this.#parts.webhooks.wants(type, channel));
  }

  get #wantsUsers(): boolean {
    return USER_EVENTS.some((type) => this.#parts.webhooks.wants(type));
  }

  get #wantsConnections(): boolean {
    return this.#wantsUsers || CONNECTION_EVENTS.some((type) => this.#parts.webhooks.wants(type));
  }

  #listen(): void {
    const { webhooks } = this.#parts;
    this.#keep('channels', this.#wantsChannels, () => this.#listenToSubscriptions());
    this.#keep('connections', this.#wantsConnections, () => this.#listenToConnections());
    this.#keep('groups', webhooks.wants('group.dead'), () => this.#listenToGroups());
  }

  /** Begins or ends to listen, if that is not so yet. */
  #keep(subject: string, isWanted: boolean, begin: () => readonly (() => void)[]): void {
    const end = this.#listening.get(subject);
    if (isWanted === (end !== undefined)) return;
    if (end !== undefined) {
      end();
      this.#listening.delete(subject);
      return;
    }
    const ends = begin();
    this.#listening.set(subject, () => {
      for (const each of ends) each();
    });
  }

  #listenToSubscriptions() {
    const { events } = this.#parts;
    return [
      events.on('subscribed', ({ log }) => this.#wantsChannel(log) && this.#channels.add(log)),
      events.on('unsubscribed', ({ log }) => this.#wantsChannel(log) && this.#channels.remove(log)),
    ];
  }

  #listenToConnections() {
    const { events, webhooks } = this.#parts;
    return [
      events.on('authenticated', ({ connection, user, client }) => {
        this.#open.add(connection);
        if (user !== null && this.#wantsUsers) this.#users.add(user);
        const data = { connection, user, ...(client !== undefined && { client }) };
        webhooks.record({ type: 'connection.opened', ...subjectOf(user), data });
      }),
      events.on('connectionClosed', ({ connection, user, code, reason, duration }) => {
        if (!this.#open.delete(connection)) return; // it was never accepted
        if (user !== null && this.#wantsUsers) this.#users.remove(user);
        const data = { connection, user, code, reason, duration: Math.round(duration) };
        webhooks.record({ type: 'connection.closed', ...subjectOf(user), data });
      }),
    ];
  }

  #listenToGroups() {
    const { events, webhooks } = this.#parts;
    const known = this.#dead;
    return [
      events.on('groupDead', ({ channel, group, dead }) => {
        const name = `${channel} ${group}`;
        const before = known.get(name) ?? 0;
        known.delete(name);
        if (dead > 0) known.set(name, dead);
        if (known.size > MOST_GROUPS) forgetOldest(known);
        if (dead <= before) return;
        webhooks.record({ type: 'group.dead', subject: channel, data: { channel, group, dead } }, channel);
      }),
    ];
  }

  get wantsMessages(): boolean {
    return this.#parts.webhooks.wants('message.published');
  }

  /** A message was appended; part of each publish if an endpoint wants messages. */
  readonly published: AfterAppend = (publication, services) => {
    const { channel, appended } = publication;
    if (!this.#parts.webhooks.wants('message.published', channel)) return null;
    if (appended.stored.id === appended.entry.id) return this.#published(publication, appended.entry);
    // The first publish may have been stored without an answer, and so not have been reported.
    return chain(firstEntry(publication, services), (entry) => this.#published(publication, entry));
  };

  #published({ channel, window, request, appended: { stored } }: Publication, entry: Entry): null {
    const { id, epoch, offset } = stored;
    const message = { ...entry, id, offset } as Message;
    const data = { channel, epoch, message: message as unknown as Json } as Json;
    // A publish is repeated, and reported again, until its copies are complete.
    const once = { key: `message ${channel} ${id}`, window: request.source === undefined ? window : SOURCE_WINDOW };
    for (const endpoint of this.#parts.webhooks.endpoints) {
      if (!endpoint.wantsMessage(channel, message)) continue;
      endpoint.record({ type: 'message.published', subject: channel, data, ...once, renews: true });
    }
    return null;
  }

  /** See `PresenceObserver`. */
  wants(channel: string): boolean {
    const { webhooks } = this.#parts;
    return MEMBER_EVENTS.some((type) => webhooks.wants(type, channel));
  }

  /** The presence store has announced a change: each node that watches the channel gets it. */
  changed(change: PresenceChange): boolean {
    if (this.#channels.owns(change)) this.#occupied(change);
    else if (this.#users.owns(change)) this.#online(change);
    else if (this.wants(change.channel)) return this.#member(change);
    else return this.#forget(change.channel);
    return true;
  }

  /** No endpoint wants the members of the channel, or none any more. */
  #forget(channel: string): boolean {
    this.#members.delete(channel);
    return false;
  }

  #occupied(change: PresenceChange): void {
    const turn = this.#channels.turn(change);
    if (turn === null) return;
    const { user: channel } = change;
    const type = turn.isThere ? 'channel.occupied' : 'channel.vacated';
    this.#parts.webhooks.record({ type, subject: channel, data: { channel }, key: `${type} ${turn.key}` }, channel);
  }

  #online(change: PresenceChange): void {
    const turn = this.#users.turn(change);
    if (turn === null) return;
    const { user } = change;
    const type = turn.isThere ? 'user.online' : 'user.offline';
    this.#parts.webhooks.record({ type, subject: user, data: { user }, key: `${type} ${turn.key}` });
  }

  /** @returns whether members are left */
  #member({ channel, user, member, version }: PresenceChange): boolean {
    const known = this.#members.get(channel) ?? new Map<string, number>();
    const since = member?.since ?? known.get(user) ?? 0;
    const type = member === null ? 'member.left' : known.has(user) ? 'member.changed' : 'member.entered';
    if (member === null) known.delete(user);
    else known.set(user, since);
    if (known.size === 0) this.#members.delete(channel);
    else this.#members.set(channel, known);
    const { user: _, ...shown } = member ?? {};
    const key = `${type} ${channel} ${user} ${since}${type === 'member.changed' ? ` ${version}` : ''}`;
    const data = { channel, user, ...shown } as Json;
    this.#parts.webhooks.record({ type, subject: channel, data, key }, channel);
    return known.size > 0;
  }
}

function forgetOldest(map: Map<string, number>): void {
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}

function countOf(names: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

function* usersOf(clients: Iterable<PresentClient>): Iterable<string> {
  for (const { user } of clients) if (user !== null) yield user;
}

const subjectOf = (user: string | null) => (user === null ? {} : { subject: user });
