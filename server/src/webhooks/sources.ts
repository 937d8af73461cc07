import type { Json, Message } from '@sluice/protocol';
import { firstEntry } from '../channels/copy-step.ts';
import type { AfterAppend } from '../channels/door.ts';
import type { Publication } from '../channels/publication.ts';
import type { Entry } from '../engine/engine.ts';
import type { PresenceChange, PresenceStore } from '../engine/presence.ts';
import type { EventBus } from '../events.ts';
import type { PresenceObserver } from '../presence/presence.ts';
import { chain } from '../util/now-or-later.ts';
import { Occupancy } from './occupancy.ts';
import type { Webhooks } from './webhooks.ts';

export interface SourceParts {
  readonly webhooks: Webhooks;
  readonly events: EventBus;
  readonly store: PresenceStore;
  /** Unique for each run of a node. */
  readonly run: string;
}

/** Milliseconds in which a bridge may publish a message again that it has published before. */
const SOURCE_WINDOW = 86_400_000;
/** Groups whose numbers of dead letters are remembered. */
const MOST_GROUPS = 10_000;

const MEMBER_EVENTS = ['member.entered', 'member.changed', 'member.left'] as const;

/** Turns what happens on this node into the events of webhooks. Without endpoints it listens to nothing. */
export class WebhookSources implements PresenceObserver {
  readonly #parts: SourceParts;
  readonly #channels: Occupancy;
  readonly #users: Occupancy;
  /** Members of the channels whose members are reported, and since when they are there. */
  readonly #members = new Map<string, Map<string, number>>();

  constructor(parts: SourceParts) {
    this.#parts = parts;
    const { events, webhooks, store, run } = parts;
    const onFault = (error: unknown) => events.emit('fault', { where: 'webhooks: occupancy', error });
    const grace = Math.max(0, ...webhooks.endpoints.map(({ config }) => config.debounce));
    const common = { store, node: run, grace, onFault };
    this.#channels = new Occupancy({ ...common, list: '#webhooks:occupied' });
    this.#users = new Occupancy({ ...common, list: '#webhooks:online' });
    this.#listen();
  }

  /** Call it when the engine has started. */
  async start(): Promise<void> {
    if (this.#wantsChannels) await this.#channels.start();
    if (this.#wantsUsers) await this.#users.start();
  }

  get #wantsChannels(): boolean {
    const { webhooks } = this.#parts;
    return webhooks.wants('channel.occupied') || webhooks.wants('channel.vacated');
  }

  get #wantsUsers(): boolean {
    const { webhooks } = this.#parts;
    return webhooks.wants('user.online') || webhooks.wants('user.offline');
  }

  #listen(): void {
    const { webhooks } = this.#parts;
    if (this.#wantsChannels) this.#listenToSubscriptions();
    if (this.#wantsUsers || webhooks.wants('connection.opened') || webhooks.wants('connection.closed')) {
      this.#listenToConnections();
    }
    if (webhooks.wants('group.dead')) this.#listenToGroups();
  }

  #listenToSubscriptions(): void {
    const { events, webhooks } = this.#parts;
    const isWanted = (channel: string) =>
      webhooks.wants('channel.occupied', channel) || webhooks.wants('channel.vacated', channel);
    events.on('subscribed', ({ log }) => isWanted(log) && this.#channels.add(log));
    events.on('unsubscribed', ({ log }) => isWanted(log) && this.#channels.remove(log));
  }

  #listenToConnections(): void {
    const { events, webhooks } = this.#parts;
    const open = new Set<string>();
    events.on('authenticated', ({ connection, user, client }) => {
      open.add(connection);
      if (user !== null && this.#wantsUsers) this.#users.add(user);
      const data = { connection, user, ...(client !== undefined && { client }) };
      webhooks.record({ type: 'connection.opened', ...subjectOf(user), data });
    });
    events.on('connectionClosed', ({ connection, user, code, reason, duration }) => {
      if (!open.delete(connection)) return; // it was never accepted
      if (user !== null && this.#wantsUsers) this.#users.remove(user);
      const data = { connection, user, code, reason, duration: Math.round(duration) };
      webhooks.record({ type: 'connection.closed', ...subjectOf(user), data });
    });
  }

  #listenToGroups(): void {
    const { events, webhooks } = this.#parts;
    const known = new Map<string, number>();
    events.on('groupDead', ({ channel, group, dead }) => {
      const name = `${channel} ${group}`;
      const before = known.get(name) ?? 0;
      known.delete(name); // the map is in the order of the last change
      if (dead > 0) known.set(name, dead);
      if (known.size > MOST_GROUPS) forgetOldest(known);
      if (dead <= before) return;
      webhooks.record({ type: 'group.dead', subject: channel, data: { channel, group, dead } }, channel);
    });
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

  #published({ channel, rule, request, appended: { stored } }: Publication, entry: Entry): null {
    const { id, epoch, offset } = stored;
    const message = { ...entry, id, offset } as Message;
    const data = { channel, epoch, message: message as unknown as Json } as Json;
    const window = request.source === undefined ? (request.dedupe ?? rule.dedupe) : SOURCE_WINDOW;
    const once = { key: `message ${channel} ${id}`, window };
    for (const endpoint of this.#parts.webhooks.endpoints) {
      if (!endpoint.wantsMessage(channel, message)) continue;
      endpoint.record({ type: 'message.published', subject: channel, data, ...once });
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
    return true;
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

const subjectOf = (user: string | null) => (user === null ? {} : { subject: user });
