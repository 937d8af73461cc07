import { guard } from '../emitter.ts';
import type { ChannelName, ChannelOf, Channels, Client, Member, SluiceError, StateOf } from '../index.ts';
import { checkSource, checkState, checkWatchOptions } from './options.ts';
import { Shared, sharedRef, type User } from './shared.ts';
import { type AnyClient, nothing, type OptionalName, type Store } from './store.ts';

/** An immutable snapshot of a channel's presence. */
export interface PresenceSnapshot<State = unknown> {
  /** Sorted by user. Empty until `ready`, and while `counting`. */
  readonly members: readonly Member<State>[];
  /** Number of members, listed or not; 0 until it is known. */
  readonly total: number;
  /** Whether there are too many members to list. Then only `total` is known. */
  readonly counting: boolean;
  /** Whether the gateway has sent the members. */
  readonly ready: boolean;
  /** Why the client may not see the members, or not be one. */
  readonly error: SluiceError | undefined;
}

/** Handlers of a presence store. */
export interface PresenceHandlers<State = unknown> {
  /** Called for each member who joins, and at the start for each existing member. */
  readonly onJoin?: ((member: Member<State>) => void) | undefined;
  /** Called when a member's state or number of connections changes. */
  readonly onUpdate?: ((member: Member<State>) => void) | undefined;
  /** Called when a member leaves. */
  readonly onLeave?: ((member: Member<State>) => void) | undefined;
}

/** The state that a client enters with: the input type of the contract's `presence`. */
export type OwnStateOf<C extends Channels, Name extends string> = Parameters<
  ChannelOf<C, Name>['presence']['update']
>[0];

/** The members of a channel, and the client's own membership. */
export interface PresenceStore<State = unknown, Own = State> extends Store<PresenceSnapshot<State>> {
  /**
   * Subscribes to the members, or shares the open presence subscription.
   *
   * @param onChange called once after each turn in which a member joined, changed or left
   * @param handlers called for each join, update and leave from now on; an object that is passed
   * twice is called once
   * @returns a function that unsubscribes
   */
  subscribe(onChange: () => void, handlers?: PresenceHandlers<State>): () => void;
  /**
   * Enters the channel with `state`, or with the last state, and stays until all callers have
   * left. Suits an effect that runs again when the state changes: it updates the membership
   * instead of leaving.
   *
   * @returns a function that leaves after the current turn
   */
  stay(state?: Own): () => void;
}

const NO_MEMBERS: PresenceSnapshot<never> = Object.freeze({
  members: Object.freeze([]),
  total: 0,
  counting: false,
  ready: false,
  error: undefined,
});

type MembersUser = User<PresenceHandlers>;

/** The members of a channel, as the gateway reports them. */
class SharedMembers extends Shared<PresenceSnapshot, MembersUser> {
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
    const notify = (name: keyof PresenceHandlers) => (member: Member) => {
      for (const handlers of this.handlers) guard(handlers[name], member);
    };
    this.#stop = this.client.channel(this.#channel).presence.subscribe({
      join: notify('onJoin'),
      update: notify('onUpdate'),
      leave: notify('onLeave'),
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

interface MembershipUser extends User {
  readonly state: unknown;
}

/** The client's own membership, shared by all callers. The state of the latest caller applies. */
class OwnMembership extends Shared<undefined, MembershipUser> {
  readonly #channel: string;
  readonly #fail: (error: SluiceError) => void;
  // The last state that was sent, as JSON.
  #sent: string | undefined;

  constructor(client: Client, channel: string, fail: (error: SluiceError) => void) {
    super(client);
    this.#channel = channel;
    this.#fail = fail;
  }

  open(): void {
    this.#sent = undefined;
    this.send();
  }

  /** Sends the state if it has changed. */
  send(): void {
    const state = [...this.users].at(-1)?.state;
    const sent = `${JSON.stringify(state)}`;
    if (sent === this.#sent) return;
    this.#sent = sent;
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
 * Creates a store of a channel's members. It subscribes on first use. All stores with the same
 * client and channel share one subscription.
 *
 * @param channel `null`: no channel, no members
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
  const members = sharedRef<SharedMembers, MembersUser>(client, key('who'), () => new SharedMembers(client, name));
  const fail = (error: SluiceError) => members.find()?.fail(error);
  const own = sharedRef<OwnMembership, MembershipUser>(client, key('own'), () => new OwnMembership(client, name, fail));
  return {
    subscribe: (onChange, handlers) => members.use({ onChange, handlers: checkWatchOptions(handlers) }),
    getSnapshot: () => members.find()?.snapshot ?? NO_MEMBERS,
    getServerSnapshot: () => NO_MEMBERS,
    stay(state) {
      checkState(state);
      const release = own.use({ state, onChange: nothing });
      own.find()?.send();
      return release;
    },
  };
}
