import { guard } from '../emitter.ts';
import type { ChannelName, ChannelOf, Channels, Client, Member, SluiceError, StateOf } from '../index.ts';
import { checkSource, checkState, checkWatchOptions } from './options.ts';
import { place, Shared, type User } from './shared.ts';
import { type AnyClient, nothing, type OptionalName, type Store } from './store.ts';

/** Who is present in a channel. */
export interface PresenceSnapshot<State = unknown> {
  /** By user; empty before it is known, and while there are too many to list. */
  readonly members: readonly Member<State>[];
  /** How many are present, listed or not; 0 before it is known. */
  readonly total: number;
  /** Are there too many to list? Then only `total` is known. */
  readonly counting: boolean;
  /** Has the gateway told who is there? */
  readonly ready: boolean;
  /** Why one may not see who is there, or be there oneself. */
  readonly error: SluiceError | undefined;
}

/** What one who watches a channel's members hears besides that they changed. */
export interface PresenceHandlers<State = unknown> {
  /** Somebody has come; also for each who is there already when the watch begins. */
  readonly onJoin?: ((member: Member<State>) => void) | undefined;
  /** Somebody's state has changed, or the number of their connections. */
  readonly onUpdate?: ((member: Member<State>) => void) | undefined;
  /** Somebody has gone. */
  readonly onLeave?: ((member: Member<State>) => void) | undefined;
}

/** What a member of a channel says of itself: the input of the contract's `presence`. */
export type OwnStateOf<C extends Channels, Name extends string> = Parameters<
  ChannelOf<C, Name>['presence']['update']
>[0];

/** Who is present in a channel, and being so. */
export interface PresenceStore<State = unknown, Own = State> extends Store<PresenceSnapshot<State>> {
  /**
   * Watches who is there, or joins those who do so already.
   *
   * @param onChange called once after each turn in which somebody came, changed or went
   * @param handlers hear of each of them by itself, from now on; the same object given twice hears of it once
   * @returns takes it back
   */
  subscribe(onChange: () => void, handlers?: PresenceHandlers<State>): () => void;
  /**
   * Is a member of the channel, with this state or the last one, until all who stay have left. Made for an effect that
   * runs again when the state changes: the member is then updated, and does not leave.
   *
   * @returns leaves, a moment later
   */
  stay(state?: Own): () => void;
}

const NOBODY: PresenceSnapshot<never> = Object.freeze({
  members: Object.freeze([]),
  total: 0,
  counting: false,
  ready: false,
  error: undefined,
});

type Watcher = User<PresenceHandlers>;

/** Those who are present, as the gateway tells. */
class Company extends Shared<PresenceSnapshot, Watcher> {
  readonly #channel: string;
  #stop: () => void = nothing;
  #ready = false;
  #error: SluiceError | undefined;

  constructor(client: Client, channel: string) {
    super(client);
    this.#channel = channel;
  }

  open(): void {
    this.close();
    this.#ready = false;
    const tell = (name: keyof PresenceHandlers) => (member: Member) => {
      for (const handlers of this.handlers) guard(handlers[name], member);
    };
    this.#stop = this.client.channel(this.#channel).presence.subscribe({
      join: tell('onJoin'),
      update: tell('onUpdate'),
      leave: tell('onLeave'),
      change: () => {
        this.#ready = true;
        this.#error = undefined;
        this.changed();
      },
      error: (error) => this.fail(error),
    });
  }

  close(): void {
    this.#stop();
  }

  fail(error: SluiceError): void {
    this.#error = error;
    this.#ready &&= error.retryable;
    this.changed();
  }

  build(): PresenceSnapshot {
    const { members, counting } = this.client.channel(this.#channel).presence;
    const { list, total } = members;
    const ready = this.#ready && this.client.state !== 'closed';
    return { members: list, total, counting, ready, error: this.#error };
  }
}

interface Stayer extends User {
  readonly state: unknown;
}

/** One's own membership, however many wish for it. The last of them says with which state. */
class Stay extends Shared<undefined, Stayer> {
  readonly #channel: string;
  readonly #fail: (error: SluiceError) => void;
  // As text: the state that was last said.
  #said: string | undefined;

  constructor(client: Client, channel: string, fail: (error: SluiceError) => void) {
    super(client);
    this.#channel = channel;
    this.#fail = fail;
  }

  open(): void {
    this.#said = undefined;
    this.say();
  }

  /** Says the state, where it is another than before. */
  say(): void {
    const state = [...this.users].at(-1)?.state;
    const said = `${JSON.stringify(state)}`;
    if (said === this.#said) return;
    this.#said = said;
    this.#presence.enter(state).catch(this.#fail);
  }

  close(): void {
    this.#presence.leave().catch(nothing);
  }

  build(): undefined {}

  get #presence() {
    return this.client.channel(this.#channel).presence;
  }
}

/**
 * Who is present in a channel, for a framework to bind to. Making it opens nothing; all stores with the same client and
 * channel share what they know.
 *
 * @param channel `null` is none: nobody is there
 *
 * @throws SluiceError `option_invalid` that names the argument which is not valid
 *
 * @example
 * import { createClient } from '@sluice/client';
 * import { presenceStore } from '@sluice/client/stores';
 *
 * const client = createClient({ url: 'wss://example.com/ws' });
 * const store = presenceStore<{ typing: boolean }>(client, 'chat:lobby');
 * const stop = store.subscribe(() => console.log(store.getSnapshot().members.map(({ user }) => user)));
 * const leave = store.stay({ typing: false });
 * leave();
 * stop();
 */
export function presenceStore<State = unknown>(client: Client, channel: OptionalName): PresenceStore<State>;
export function presenceStore<C extends Channels, const Name extends ChannelName<C>>(
  client: Client<C>,
  channel: OptionalName<Name>,
): PresenceStore<StateOf<C, Name>, OwnStateOf<C, Name>>;
export function presenceStore(any: AnyClient, channel: OptionalName): PresenceStore {
  checkSource(any, channel);
  const client = any as Client;
  const name = channel ?? '';
  const key = (what: string) => (name ? `${what} ${name}` : undefined);
  const company = place<Company, Watcher>(client, key('who'), () => new Company(client, name));
  const fail = (error: SluiceError) => company.find()?.fail(error);
  const own = place<Stay, Stayer>(client, key('own'), () => new Stay(client, name, fail));
  return {
    subscribe: (onChange, handlers) => company.use({ onChange, handlers: checkWatchOptions(handlers) }),
    getSnapshot: () => company.find()?.snapshot ?? NOBODY,
    getServerSnapshot: () => NOBODY,
    stay(state) {
      checkState(state);
      const release = own.use({ state, onChange: nothing });
      own.find()?.say();
      return release;
    },
  };
}
