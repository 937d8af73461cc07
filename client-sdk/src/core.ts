import { json, type Push } from '@sluice/protocol';
import type { Client, ClientEvents, ClientOptions } from './api.ts';
import { Calls } from './calls.ts';
import { ChannelHandle } from './channel.ts';
import type { Channel } from './channel-api.ts';
import type { ChannelHost, ResourceKind } from './channel-host.ts';
import type { StateChange } from './client-state.ts';
import { Connection, type ConnectionEvents } from './connection.ts';
import { toConsole } from './console.ts';
import { Emitter, guard } from './emitter.ts';
import { hasRunOut, isOfToken, refusal, type SluiceError } from './errors.ts';
import { execute } from './execute.ts';
import { check, socketUrl } from './options.ts';
import type { PendingUse } from './pending-use.ts';
import type { ChannelPush, Handle, Host, Resource } from './remote-resource.ts';
import type { Report } from './reporting.ts';

/** Connects the parts of a client. */
export class Core extends Emitter<ClientEvents> implements Host, ChannelHost, ConnectionEvents {
  declare readonly calls: Calls;
  declare readonly peer: Connection;
  declare readonly timeout: number;
  readonly refusal = refusal;
  readonly execute = execute;
  readonly pending: PendingUse[] = [];
  /** The error that was last reported to the application. */
  declare reported: SluiceError | undefined;
  readonly #options: ClientOptions;
  // By channel name.
  readonly #resources = new Map<string, readonly Resource[]>();

  /** @param create creates another client */
  constructor(given: ClientOptions, create: (options: ClientOptions) => Client) {
    super();
    const options = check(given);
    const { codec = json, timeout = 15_000 } = options;
    this.#options = options;
    this.timeout = timeout;
    this.calls = new Calls(codec);
    this.peer = new Connection({
      ...options,
      url: socketUrl(options.url),
      codec,
      timeout,
      create,
      calls: this.calls,
      observer: this,
    });
  }

  // ------------------------------------------------------------------ events of the connection

  state(change: StateChange): void {
    const { state, error } = change;
    const heard = this.heeds('state');
    this.#eachResource((resource) => {
      if (state === 'connected') resource.reconcile();
      if (state === 'waiting') resource.lose();
      if (state === 'closed') resource.end('ended', { error, reason: this.calls.ended });
    });
    // A handler may have changed the state, and that change was emitted already.
    if (this.peer.state === state) this.emit('state', change);
    // Reports a URL that never worked, and every token failure. A connection that worked once recovers.
    const news = state === 'closed' || this.peer.user === undefined;
    const ofToken = state === 'waiting' && error && isOfToken(error) && !hasRunOut(error);
    if (ofToken || (error && news && !heard && error !== this.reported)) this.report('error', error, { heard });
  }

  /** Bound, because it is passed around. */
  readonly report: Report = (name, news, { instead, heard } = {}) => {
    this.reported = news as SluiceError;
    if (instead) return guard(instead, news);
    this.emit(name, news);
    if (!heard && !this.heeds(name)) toConsole(this, news);
    return undefined;
  };

  reconcile(): void {
    this.#eachResource((resource) => resource.reconcile());
  }

  push(push: Push): void {
    // A push without a channel is for the resources without one.
    const { channel = '' } = push as { readonly channel?: string };
    for (const resource of this.#of(channel)) resource.receive(push as ChannelPush);
  }

  // ------------------------------------------------------------------ calls of the channels

  /** Returns the channel's object that is in use, or a new one. An unused channel occupies no memory. */
  channel<T, State>(name: string): Channel<T, State> {
    check({}, { name });
    const [use] = [...this.#of(name), ...this.pending.filter(({ handle }) => handle.name === name)];
    return (use?.handle as Channel<T, State> | undefined) ?? new ChannelHandle<T, State>(name, this);
  }

  find<W extends Resource>(kind: ResourceKind<W>, { name }: Handle, variant?: unknown): W | undefined {
    return this.#of(name).find((resource): resource is W => resource instanceof kind && resource.variant === variant);
  }

  resource<W extends Resource>(kind: ResourceKind<W>, handle: Handle, variant?: unknown): W {
    const found = this.find(kind, handle, variant);
    if (found) return found;
    const resource = new kind(handle, this, variant);
    this.#resources.set(handle.name, [...this.#of(handle.name), resource]);
    return resource;
  }

  freeSub(channel: string, sub = 1): number {
    return this.#of(channel).some((other) => other.sub === sub) ? this.freeSub(channel, sub + 1) : sub;
  }

  use(): void {
    const { ended: error } = this.calls;
    if (error) this.#eachResource((resource) => resource.end('ended', { error }));
    else if (this.#options.autoConnect !== false && this.peer.state === 'idle') this.peer.connect();
  }

  forget(resource: Resource): void {
    const { channel } = resource;
    const rest = this.#of(channel).filter((other) => other !== resource);
    this.#resources.set(channel, rest);
    if (!rest[0]) this.#resources.delete(channel);
  }

  #of(name: string): readonly Resource[] {
    return this.#resources.get(name) ?? [];
  }

  #eachResource(act: (resource: Resource) => void): void {
    for (const resource of [...this.#resources.values()].flat()) act(resource);
  }
}
