import {
  type AckCommand,
  alreadyConsuming,
  type ConsumeCommand,
  type ConsumeResult,
  type ExtendCommand,
  type NackCommand,
  notConsuming,
  type Push,
  type SettleResult,
  type StopCommand,
  segment,
} from '@sluice/protocol';
import type { ChannelContract, GroupOptions } from '@sluice/protocol/contracts';
import type { MemoryChannel } from './memory-channel.ts';
import { type AppendedMessage, hasExpired } from './memory-log.ts';
import { Refused } from './refused.ts';

/** A connection that consumes. */
export interface GroupPeer {
  readonly user: string | null;
  push(push: Push): void;
}

interface Consumer {
  readonly peer: GroupPeer;
  readonly prefetch: number;
}

interface Item {
  readonly message: AppendedMessage;
  readonly attempt: number;
}

interface InFlight extends Item {
  readonly peer: GroupPeer;
}

interface Group {
  readonly name: string;
  readonly maxDeliveries: number;
  readonly prefetch: number;
  readonly ackTimeout: number;
  readonly consumers: Set<Consumer>;
  /** Number of messages of the channel that were delivered at least once. */
  delivered: number;
  /** Messages to deliver again. */
  readonly again: Item[];
  readonly inFlight: Map<string, InFlight>;
}

// Defaults of the gateway.
const ACK_TIMEOUT = 30_000;
const PREFETCH = 32;
const MAX_DELIVERIES = 5;
const QUEUE = 'queue';

/**
 * Queues and consumer groups of the in-memory gateway. Messages are delivered again at once, without
 * backoff; deliveries do not expire, and dead letters are dropped. SPEC.md section 12.
 */
export class MemoryGroups {
  // By channel, then by name.
  readonly #groups = new Map<MemoryChannel, Map<string, Group>>();
  #count = 0;

  /** @param contract `undefined` in a gateway without contracts: every group exists */
  consume(
    peer: GroupPeer,
    channel: MemoryChannel,
    { command, contract }: { readonly command: ConsumeCommand; readonly contract: ChannelContract | undefined },
  ): ConsumeResult {
    const group = this.#open(channel, nameOf(command.group, peer, contract), contract);
    if (find(group, peer)) throw Refused.with(alreadyConsuming(channel.name, group.name));
    const prefetch = Math.min(command.prefetch ?? group.prefetch, group.prefetch);
    group.consumers.add({ peer, prefetch });
    this.dispatch(channel);
    return { group: group.name, prefetch, ackTimeout: group.ackTimeout };
  }

  stop(peer: GroupPeer, channel: MemoryChannel, { group: name }: StopCommand): void {
    const group = this.#of(channel, name, peer);
    const consumer = group && find(group, peer);
    if (!group || !consumer) throw Refused.with(notConsuming(channel.name, name ?? QUEUE));
    group.consumers.delete(consumer);
  }

  settle(peer: GroupPeer, channel: MemoryChannel, command: AckCommand | NackCommand): SettleResult {
    const { group, found, expired } = this.#look(peer, channel, command);
    for (const [id, item] of found) {
      group.inFlight.delete(id);
      if (command.type === 'ack' || command.dead) continue;
      if (group.maxDeliveries > 0 && item.attempt >= group.maxDeliveries) continue;
      group.again.push({ message: item.message, attempt: item.attempt + 1 });
    }
    this.dispatch(channel);
    return expired.length > 0 ? { expired } : {};
  }

  extend(
    peer: GroupPeer,
    channel: MemoryChannel,
    command: ExtendCommand,
  ): SettleResult & { readonly deadline: number } {
    const { group, expired } = this.#look(peer, channel, command);
    return { deadline: Date.now() + group.ackTimeout, ...(expired.length > 0 && { expired }) };
  }

  /** A connection has closed. Its deliveries stay until `endGrace`. */
  forget(peer: GroupPeer): void {
    for (const groups of this.#groups.values()) {
      for (const { consumers } of groups.values()) {
        for (const consumer of consumers) if (consumer.peer === peer) consumers.delete(consumer);
      }
    }
  }

  /** Delivers again what closed connections had. */
  endGrace(isOpen: (peer: GroupPeer) => boolean): void {
    for (const [channel, groups] of this.#groups) {
      for (const group of groups.values()) release(group, (peer) => !isOpen(peer));
      this.dispatch(channel);
    }
  }

  /**
   * Ends what a connection consumes on a channel; others receive its deliveries.
   *
   * @returns the names of the groups
   */
  end(peer: GroupPeer, channel: MemoryChannel): readonly string[] {
    const ended: string[] = [];
    for (const group of this.#groups.get(channel)?.values() ?? []) {
      const consumer = find(group, peer);
      if (consumer) group.consumers.delete(consumer);
      const released = release(group, (owner) => owner === peer);
      if (consumer || released > 0) ended.push(group.name);
    }
    this.dispatch(channel);
    return ended;
  }

  /** Delivers what consumers have room for. */
  dispatch(channel: MemoryChannel): void {
    for (const group of this.#groups.get(channel)?.values() ?? []) {
      for (let peer = roomy(group); peer; peer = roomy(group)) {
        const item = group.again.shift() ?? next(group, channel);
        if (!item) break;
        // It dies, and dead letters are dropped.
        if (!hasExpired(item.message)) this.#deliver(channel, group, { ...item, peer });
      }
    }
  }

  #deliver(channel: MemoryChannel, group: Group, item: InFlight): void {
    const id = `delivery-${++this.#count}`;
    const { epoch, ...message } = item.message;
    group.inFlight.set(id, item);
    const delivery = { id, attempt: item.attempt, deadline: Date.now() + group.ackTimeout, message };
    item.peer.push({ type: 'deliveries', channel: channel.name, group: group.name, epoch, deliveries: [delivery] });
  }

  #open(channel: MemoryChannel, name: string, contract: ChannelContract | undefined): Group {
    const groups = this.#groups.get(channel) ?? new Map<string, Group>();
    this.#groups.set(channel, groups);
    const group = groups.get(name) ?? create(channel, name, contract);
    groups.set(name, group);
    return group;
  }

  #of(channel: MemoryChannel, name: string | undefined, { user }: GroupPeer): Group | undefined {
    const groups = this.#groups.get(channel);
    if (name !== undefined) return groups?.get(forUser(name, user));
    return groups?.size === 1 ? [...groups.values()][0] : groups?.get(QUEUE);
  }

  #look(
    peer: GroupPeer,
    channel: MemoryChannel,
    { group: name, deliveries }: AckCommand | NackCommand | ExtendCommand,
  ) {
    const group = this.#of(channel, name, peer);
    const found = deliveries.flatMap((id) => {
      const item = group?.inFlight.get(id);
      return item ? [[id, item] as const] : [];
    });
    if (!group || found.length === 0) throw new Refused('delivery_expired', 'no delivery of the command is in flight');
    return { group, found, expired: deliveries.filter((id) => !group.inFlight.has(id)) };
  }
}

/** The name of a user's group. Not with a text as replacement: `$$` would become `$`. */
const forUser = (name: string, user: string | null | undefined): string =>
  name.replace('{sub}', () => segment(user ?? ''));

/** The name of the group that a client means. */
function nameOf(given: string | undefined, { user }: GroupPeer, contract: ChannelContract | undefined): string {
  const { queue, groups = {} } = contract?.rule ?? {};
  const names = [...(queue ? [QUEUE] : []), ...Object.keys(groups)];
  if (contract && names.length === 0)
    throw new Refused('permission_denied', '"consume" is not allowed: the channel has no queue and no groups');
  const name = given ?? (names.length > 1 ? undefined : (names[0] ?? QUEUE));
  const own = name === undefined ? undefined : forUser(name, user);
  const isKnown = !contract || names.some((known) => forUser(known, user) === own);
  if (own === undefined || !isKnown) throw new Refused('group_unknown', `the groups are: ${names.join(', ')}`);
  return own;
}

function create(channel: MemoryChannel, name: string, contract: ChannelContract | undefined): Group {
  const { queue, groups = {} } = contract?.rule ?? {};
  const key = Object.keys(groups).find((known) => known === name || known.includes('{sub}'));
  const options: GroupOptions = (typeof queue === 'object' && name === QUEUE ? queue : groups[key ?? '']) ?? {};
  const { ackTimeout, prefetch = PREFETCH, maxDeliveries = MAX_DELIVERIES, start = 'oldest' } = options;
  return {
    ...{ name, prefetch, maxDeliveries },
    ackTimeout: typeof ackTimeout === 'number' ? ackTimeout : ACK_TIMEOUT,
    consumers: new Set(),
    delivered: start === 'newest' ? channel.messages.length : 0,
    again: [],
    inFlight: new Map(),
  };
}

function find({ consumers }: Group, peer: GroupPeer): Consumer | undefined {
  return [...consumers].find((consumer) => consumer.peer === peer);
}

/** Delivers again what is in flight to some connections. @returns how many messages */
function release({ inFlight, again }: Group, isOf: (peer: GroupPeer) => boolean): number {
  const found = [...inFlight].filter(([, { peer }]) => isOf(peer));
  for (const [id, { message, attempt }] of found) {
    inFlight.delete(id);
    again.push({ message, attempt: attempt + 1 });
  }
  return found.length;
}

function next(group: Group, { messages }: MemoryChannel): Item | undefined {
  const message = messages[group.delivered];
  if (message) group.delivered++;
  return message && { message, attempt: 1 };
}

/** The consumer with the fewest deliveries in flight, if one has room. */
function roomy({ consumers, inFlight }: Group): GroupPeer | undefined {
  const loads = [...consumers].map(({ peer, prefetch }) => {
    const load = [...inFlight.values()].filter((item) => item.peer === peer).length;
    return { peer, load, hasRoom: load < prefetch };
  });
  return loads.filter(({ hasRoom }) => hasRoom).sort((a, b) => a.load - b.load)[0]?.peer;
}
