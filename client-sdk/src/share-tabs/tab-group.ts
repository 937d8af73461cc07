import {
  alreadySubscribed,
  alreadyWatching,
  type Command,
  type ConnectResult,
  type Filter,
  type LeftPush,
  notSubscribed,
  type Position,
  type PublishCommand,
  type PublishResult,
  type Push,
  type StartingPoint,
  type SubscribeCommand,
  type UnsubscribeCommand,
  type WatchCommand,
} from '@sluice/protocol';
import type { Client, ClientOptions } from '../api.ts';
import type { Channel } from '../channel-api.ts';
import type { StateChange } from '../client-state.ts';
import { ALREADY_SUBSCRIBED, FIRST_OF_CLIENT, NOT_SUBSCRIBED, PERMISSION_DENIED } from '../codes.ts';
import type { SluiceError } from '../errors.ts';
import { now } from '../now.ts';
import type { WebSocketConstructor } from '../socket.ts';
import { Forwarder } from './forwarder.ts';
import { type GroupTab, subscriptionKey } from './group-tab.ts';
import { observeCodec } from './observe-codec.ts';
import { bodyOf, refuse } from './refusals.ts';
import { SharedMembership } from './shared-membership.ts';
import { SharedSubscription } from './shared-subscription.ts';
import { SharedWork, tell } from './shared-work.ts';
import { TabPresence } from './tab-presence.ts';
import { TabSubscription } from './tab-subscription.ts';
import { TokenBroker } from './token-broker.ts';

/** Options of a tab group. */
export interface TabGroupSetup {
  readonly url: string;
  /** Milliseconds. */
  readonly timeout: number;
  readonly WebSocket?: WebSocketConstructor | undefined;
  readonly create: (options: ClientOptions) => Client;
  /** Is it the group of the tabs without a token? */
  readonly anonymous: boolean;
  /** Called when the group has ended: the next tab needs a new group. */
  readonly ended: (group: TabGroup) => void;
}

// Milliseconds for which subscriptions and memberships outlive their tabs, so that a reload keeps
// them: the gateway's grace period. After the last tab it is shorter, because the gateway's grace
// period follows.
const GRACE = 5000;
const LAST = 2000;

/** All tabs of one identity, and the gateway connection that they share. */
export class TabGroup {
  readonly tokens: TokenBroker;
  readonly #setup: TabGroupSetup;
  readonly #upstream: Client;
  readonly #tabs = new Set<GroupTab>();
  // By channel and filter.
  readonly #subscriptions = new Map<string, SharedSubscription>();
  readonly #memberships = new Map<string, SharedMembership>();
  // Publishes without an answer, by channel and key. A tab that repeats one joins it.
  readonly #publishes = new Map<string, Promise<PublishResult>>();
  readonly #forwarder = new Forwarder();
  readonly #work = new SharedWork((command, answered) => this.#forwarder.send(command, answered));
  #connectionAbort = new AbortController();
  #greeting: { readonly result: ConnectResult; readonly at: number } | undefined;
  #sweeping: ReturnType<typeof setTimeout> | undefined;
  #ended = false;

  constructor(setup: TabGroupSetup) {
    const { url, timeout, WebSocket, create, anonymous } = setup;
    this.#setup = setup;
    this.tokens = new TokenBroker(() => [...this.#tabs].filter(({ connected }) => connected));
    this.#upstream = create({
      url,
      timeout,
      autoConnect: false,
      codec: observeCodec({
        connected: (result) => {
          this.#greeting = { result, at: now() };
        },
        left: (push) => this.#left(push),
        settle: (message) =>
          this.#forwarder.settle(message) || this.#work.receive(message as Push) || this.#announce(message as Push),
      }),
      WebSocket: this.#forwarder.socketClass(WebSocket),
      ...(!anonymous && { token: () => this.tokens.take() }),
    });
    this.#upstream.on('state', (change) => this.#follow(change));
    this.#upstream.on('error', (error) => this.#report(error));
  }

  // ------------------------------------------------------------------ membership of the group

  /**
   * Connects a tab. It is greeted when the connection is open; a tab that joins triggers an attempt
   * for all.
   */
  join(tab: GroupTab): void {
    this.#tabs.add(tab);
    this.tokens.offer(tab.token);
    if (this.#upstream.state === 'connected') this.#greet(tab);
    else if (this.#upstream.state !== 'connecting') this.#upstream.connect().catch(() => {});
  }

  leave(tab: GroupTab): void {
    this.#tabs.delete(tab);
    this.#work.leave(tab, this.#upstream.state === 'connected');
    for (const membership of this.#memberships.values()) membership.depart(tab);
    this.#sweepSoon();
  }

  /** Closes the connection, and all virtual connections with it. */
  close(code = 1012, reason = 'The tab gateway was closed.'): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#setup.ended(this);
    this.#connectionAbort.abort();
    this.tokens.close();
    clearTimeout(this.#sweeping);
    for (const tab of [...this.#tabs]) tab.close(code, reason);
    this.#upstream.close();
  }

  /** Every tab may subscribe to what the backend has subscribed the shared connection to. */
  #announce(push: Push): boolean {
    if (push.type !== 'subscribed') return false;
    for (const tab of this.#tabs) if (tab.connected) tab.push(push);
    return true;
  }

  // ------------------------------------------------------------------ commands of the tabs

  channel(name: string): Channel {
    return this.#upstream.channel(name);
  }

  subscribe(tab: GroupTab, command: SubscribeCommand): void {
    const { id, channel, sub, position, rewind, since, filter } = command;
    const key = subscriptionKey(command);
    if (tab.subscriptions.has(key)) {
      tab.refuse(id, refuse(ALREADY_SUBSCRIBED, alreadySubscribed(channel, sub)));
      return;
    }
    const start = {
      ...(position && { position }),
      ...(rewind !== undefined && { rewind }),
      ...(since !== undefined && { since }),
    };
    const shared = this.#shared(channel, start, filter);
    let over = false;
    const ended = () => {
      over = true;
      tab.subscriptions.delete(key);
      this.#drop(shared);
    };
    const subscription = new TabSubscription(shared, start, { command, out: tab, ended });
    if (!over) tab.subscriptions.set(key, subscription);
  }

  unsubscribe(tab: GroupTab, command: UnsubscribeCommand): void {
    const { id, channel, sub } = command;
    const key = subscriptionKey(command);
    const subscription = tab.subscriptions.get(key);
    if (!subscription) {
      tab.refuse(id, refuse(NOT_SUBSCRIBED, notSubscribed(channel, sub)));
      return;
    }
    tab.subscriptions.delete(key);
    subscription.close();
    this.#drop(subscription.shared);
    tab.reply(id, {});
  }

  /** Passes a command that only the gateway knows on to it, and the answer to the tab. */
  forward(tab: GroupTab, command: Command): void {
    if (!this.#work.execute(tab, command)) this.#forwarder.send(command, (answer) => tell(tab, command.id, answer));
  }

  publish({ id: _, type: __, series: ___, channel, data, ...options }: PublishCommand): Promise<PublishResult> {
    const name = `${channel} ${options.key}`;
    const known = this.#publishes.get(name);
    if (known) return known;
    const { signal } = this.#connectionAbort;
    const publish = this.channel(channel).publish(data, { ...options, signal });
    this.#publishes.set(name, publish);
    const forget = () => this.#publishes.get(name) === publish && this.#publishes.delete(name);
    publish.then(forget, forget);
    return publish;
  }

  membership(channel: string): SharedMembership {
    const membership =
      this.#memberships.get(channel) ?? new SharedMembership(this.channel(channel).presence, () => this.#sweepSoon());
    this.#memberships.set(channel, membership);
    return membership;
  }

  watch(tab: GroupTab, command: WatchCommand): void {
    const { id, channel } = command;
    if (tab.presences.has(channel)) {
      tab.refuse(id, refuse(ALREADY_SUBSCRIBED, alreadyWatching(channel)));
      return;
    }
    const out = {
      reply: tab.reply.bind(tab),
      refuse: tab.refuse.bind(tab),
      push: tab.push.bind(tab),
      ended: () => tab.presences.delete(channel),
    };
    tab.presences.set(channel, new TabPresence(this.channel(channel).presence, command, out));
  }

  // ------------------------------------------------------------------ events of the connection

  #follow({ state, error, retryIn }: StateChange): void {
    if (this.#ended) return;
    if (state === 'connected') {
      this.#openSubscriptions();
      for (const tab of [...this.#tabs]) this.#greet(tab);
      this.#sweepSoon();
    }
    if (!error) return;
    this.#forgetPublishes();
    if (state === 'closed') this.#refused(error);
    else for (const tab of [...this.#tabs]) tab.lose(error, retryIn);
  }

  #greet(tab: GroupTab): void {
    if (!this.#greeting || tab.connected) return;
    tab.greet({ ...this.#greeting.result, time: this.time });
  }

  /** The gateway's clock, as far as it is known: milliseconds since the Unix epoch. */
  get time(): number {
    const { result, at } = this.#greeting ?? { at: 0 };
    return (result?.time ?? 0) + now() - at;
  }

  // Final refusal. A tab with another token than the refused one tries that token.
  #refused(error: SluiceError): void {
    const aboutToken = error.name.startsWith('token_');
    for (const tab of [...this.#tabs]) {
      if (aboutToken && tab.token !== this.tokens.handed) tab.reassign('Another token was refused.');
      else tab.lose(error);
    }
    this.close();
  }

  // On the next connection, each tab repeats the publishes that it still needs.
  #forgetPublishes(): void {
    this.#publishes.clear();
    this.#connectionAbort.abort();
    this.#connectionAbort = new AbortController();
  }

  #left({ channel, reason }: LeftPush): void {
    this.#memberships.get(channel)?.end((tab) => tab.push({ type: 'left', channel, reason }));
  }

  // Errors that answer no command of a tab. `permission_denied` means that a membership ended,
  // which `left` reports to its tabs.
  #report(error: SluiceError): void {
    if (error.code === PERMISSION_DENIED || error.code >= FIRST_OF_CLIENT) return;
    for (const tab of this.#tabs) tab.report(bodyOf(error));
  }

  // ------------------------------------------------------------------ shared subscriptions and memberships

  #shared(name: string, start: StartingPoint, filter?: Filter): SharedSubscription {
    const key = filter ? `${name} ${JSON.stringify(filter)}` : name;
    const known = this.#subscriptions.get(key);
    if (known && !known.ended) return known;
    const shared = new SharedSubscription(this.channel(name), { key, start, filter });
    this.#subscriptions.set(key, shared);
    return shared;
  }

  // Tabs that come from another tab gateway have different positions: the shared subscription
  // starts at the earliest.
  #openSubscriptions(): void {
    const starts = new Map<string, Position>();
    for (const { channel, position, filter } of [...this.#tabs].flatMap(({ queued }) => queued)) {
      if (filter) continue;
      const other = starts.get(channel) ?? position;
      if (!position || other?.epoch !== position.epoch) continue;
      starts.set(channel, position.offset < other.offset ? position : other);
    }
    for (const [channel, position] of starts) this.#shared(channel, { position });
  }

  #drop(shared: SharedSubscription): void {
    if (shared.users > 0 || this.#subscriptions.get(shared.key) !== shared) return;
    this.#subscriptions.delete(shared.key);
    shared.close();
  }

  #sweepSoon(): void {
    if (this.#ended) return;
    clearTimeout(this.#sweeping);
    this.#sweeping = setTimeout(() => this.#sweep(), this.#tabs.size > 0 ? GRACE : LAST);
  }

  /** Removes what the tabs no longer use. */
  #sweep(): void {
    if (this.#tabs.size === 0) {
      this.close();
      return;
    }
    // While the connection is lost, the tabs are disconnected as well.
    if (this.#upstream.state !== 'connected') return;
    for (const [channel, membership] of this.#memberships) {
      membership.settle();
      if (membership.isUnused) this.#memberships.delete(channel);
    }
    for (const shared of this.#subscriptions.values()) this.#drop(shared);
  }
}
