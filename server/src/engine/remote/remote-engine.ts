import type { PublishResult } from '@sluice/protocol';
import { AgeClock } from '../../util/age-clock.ts';
import { type Clock, systemClock } from '../../util/clock.ts';
import type { ChannelNames } from '../channel-names.ts';
import type { AppendOptions, Engine, EngineListener, Entry, Log, Page, Signal } from '../engine.ts';
import { LoggedMessage } from '../logged-message.ts';
import { type Revocation, type RevocationStore, textOfRevocation } from '../revocations.ts';
import type { FromOwner, Welcome } from './items.ts';
import { OwnerLink } from './owner-link.ts';
import { RemoteGroups } from './remote-groups.ts';
import { RemoteNodes } from './remote-nodes.ts';
import { RemotePresence } from './remote-presence.ts';

export interface RemoteEngineOptions {
  /** Path of the socket at which the owner offers its engine. */
  readonly path: string;
  readonly clock?: Clock;
}

/**
 * The engine of another process on this machine, offered by an `EngineOwner`.
 *
 * While that process is away, every call is refused with `EngineUnavailable`. A pending append may
 * have been executed, so a retry needs a key. When the process is back, all feeds that may have
 * missed something are reported as interrupted.
 */
export class RemoteEngine implements Engine, Log {
  readonly name = 'remote';
  readonly log: Log = this;
  readonly presence: RemotePresence;
  readonly revocations: RevocationStore;
  readonly groups: RemoteGroups;
  readonly nodes: RemoteNodes;
  readonly #age: AgeClock;
  readonly #link: OwnerLink;
  readonly #watched = new Set<string>();
  #revoked: readonly Revocation[] = [];
  #listener: EngineListener = { deliver: () => {} };
  #life: string | undefined;
  #trouble: string | null = null;
  #copies: boolean | undefined;
  #forgetsMembers: boolean | undefined;

  constructor({ path, clock = systemClock }: RemoteEngineOptions) {
    this.#age = new AgeClock(clock);
    this.#link = new OwnerLink({
      path,
      clock,
      onItem: (item) => this.#handleItem(item),
      onReached: (welcome) => this.#reached(welcome),
    });
    this.presence = new RemotePresence(this.#link);
    this.groups = new RemoteGroups(this.#link);
    this.nodes = new RemoteNodes(this.#link);
    this.revocations = {
      add: async (revocation) => void (await this.#link.call('revoke', revocation)),
      all: () => this.#allRevocations(),
      page: (after, limit) => this.#link.call('revocationsPage', after, limit),
    };
  }

  get trouble(): string | undefined {
    if (!this.#link.reached) return 'the process that holds the engine is away';
    return this.#trouble ?? undefined;
  }

  get copies(): boolean | undefined {
    return this.#copies;
  }

  get forgetsMembers(): boolean | undefined {
    return this.#forgetsMembers;
  }

  start(listener: EngineListener): Promise<void> {
    this.#listener = listener;
    return this.#link.start();
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  async signal(signal: Signal): Promise<void> {
    await this.#link.call('signal', signal);
  }

  append(channel: string, entry: Entry, options: AppendOptions): Promise<PublishResult> {
    return this.#link.call('append', channel, entry, options);
  }

  async purge(channel: string, upTo: number): Promise<void> {
    await this.#link.call('purge', channel, upTo);
  }

  async read(channel: string, after: number, limit: number): Promise<Page> {
    const { messages, ...page } = await this.#link.call('read', channel, after, limit);
    return { ...page, messages: messages.map((message) => LoggedMessage.of(message)) };
  }

  seek(channel: string, time: number): Promise<number> {
    return this.#link.call('seek', channel, time);
  }

  bytes(channel: string): Promise<number> {
    return this.#link.call('bytes', channel);
  }

  channels(from: string, most: number): Promise<ChannelNames> {
    return this.#link.call('channels', from, most);
  }

  async watch(channel: string): Promise<void> {
    this.#watched.add(channel);
    await this.#link.call('watch', channel);
  }

  unwatch(channel: string): void {
    this.#watched.delete(channel);
    this.#link.notify(['unwatch', channel]);
  }

  #handleItem(item: Exclude<FromOwner, readonly ['answer' | 'refusal', ...unknown[]]>): void {
    switch (item[0]) {
      case 'message':
        this.#listener.deliver(item[1], item[2], LoggedMessage.of(item[3]));
        break;
      case 'interrupted':
        this.#listener.interrupted?.(item[1]);
        break;
      case 'signal':
        this.#signalled(item[1]);
        break;
      case 'change':
        this.presence.take(item[1]);
        break;
      case 'membersInterrupted':
        this.presence.interrupt(item[1] ?? undefined);
        break;
      case 'claimable':
        this.groups.take(item[1], item[2]);
        break;
      case 'mail':
        this.nodes.take(item[1], item[2], item[3]);
        break;
      case 'mailboxInterrupted':
        this.nodes.interrupt(item[1]);
        break;
      case 'trouble':
        this.#trouble = item[1];
    }
  }

  #signalled(signal: Signal): void {
    if (signal.type === 'revoke') this.#remember([signal.revocation]);
    this.#listener.signal?.(signal);
  }

  #reached({ life, trouble, copies, forgetsMembers }: Welcome): void {
    const first = this.#life === undefined;
    const anew = this.#life !== life;
    this.#life = life;
    this.#trouble = trouble;
    this.#copies = copies;
    this.#forgetsMembers = forgetsMembers;
    if (first) return;
    // Lost again in the meantime: then it will be reached again.
    this.#resume({ anew }).catch(() => {});
  }

  /** A new owner does not know this process yet: its watches, its members, its mailboxes, its groups, and the revoked tokens. */
  async #resume({ anew }: { anew: boolean }): Promise<void> {
    const watched = [...this.#watched];
    const watching = watched.map((channel) => this.#link.call('watch', channel));
    const settled = Promise.all([...watching, this.#resumeRevocations()]);
    await Promise.all([settled, this.presence.resume({ anew }), this.groups.resume(), this.nodes.resume()]);
    for (const channel of watched) if (this.#watched.has(channel)) this.#listener.interrupted?.(channel);
  }

  /** Tokens stay revoked after a restart of the owner, and missed revocations are applied now. */
  async #resumeRevocations(): Promise<void> {
    const before = this.#inForce();
    const there = await this.#link.call('revocations');
    const known = new Set(there.map(textOfRevocation));
    for (const revocation of before) {
      if (!known.has(textOfRevocation(revocation))) await this.#link.call('revoke', revocation);
    }
    const reported = new Set(before.map(textOfRevocation));
    this.#remember(there);
    for (const revocation of there) {
      if (!reported.has(textOfRevocation(revocation))) this.#listener.signal?.({ type: 'revoke', revocation });
    }
  }

  async #allRevocations(): Promise<readonly Revocation[]> {
    const all = await this.#link.call('revocations');
    this.#remember(all);
    return all;
  }

  #remember(revocations: readonly Revocation[]): void {
    const all = new Map(
      [...this.#inForce(), ...revocations].map((revocation) => [textOfRevocation(revocation), revocation]),
    );
    this.#revoked = [...all.values()];
  }

  #inForce(): readonly Revocation[] {
    const now = this.#age.now();
    return this.#revoked.filter(({ until }) => until > now);
  }
}
