import type { ChannelName, Channels, Client, StateOf } from '../index.ts';
import {
  type AnyClient,
  type OwnStateOf,
  type PresenceHandlers,
  type PresenceSnapshot,
  type PresenceStore,
  presenceStore,
} from '../stores/index.ts';
import { type ChannelSource, Live } from './live.ts';

/** The members of a channel with reactive properties, and `stay` to be a member. */
export interface LivePresence<State = unknown, Own = State>
  extends PresenceSnapshot<State>,
    Pick<PresenceStore<State, Own>, 'stay'> {
  /**
   * Keeps the current channel's presence subscribed, even while nothing on the page reads the
   * members.
   *
   * @returns a function that ends that subscription
   *
   * @example
   * import type { LivePresence } from '@sluice/client/svelte';
   *
   * declare const presence: LivePresence;
   * const stop = presence.start();
   * stop();
   */
  start(): () => void;
}

/**
 * Returns the members of a channel. It subscribes while an effect or a template reads them. All
 * uses with the same channel share one subscription. To enter the channel, return `stay(state)`
 * from an effect.
 *
 * @param channel a name, or a function that reads the name from reactive state; a changed name
 * moves the subscription
 *
 * @throws SluiceError `option_invalid` that names the invalid argument
 *
 * @example
 * import { createClient } from '@sluice/client';
 * import { livePresence } from '@sluice/client/svelte';
 *
 * const client = createClient({ url: 'wss://example.com/ws' });
 * const presence = livePresence<{ typing: boolean }>(client, 'chat:lobby');
 * const leave = presence.stay({ typing: false });
 * console.log(presence.members.map(({ user }) => user));
 * leave();
 */
export function livePresence<State = unknown>(
  client: Client,
  channel: ChannelSource,
  handlers?: PresenceHandlers<State>,
): LivePresence<State>;
export function livePresence<C extends Channels, const Name extends ChannelName<C>>(
  client: Client<C>,
  channel: ChannelSource<Name>,
  handlers?: PresenceHandlers<StateOf<C, Name>>,
): LivePresence<StateOf<C, Name>, OwnStateOf<C, Name>>;
export function livePresence(
  client: AnyClient,
  channel: ChannelSource,
  handlers?: PresenceHandlers<never>,
): LivePresence {
  // This opens nothing and only checks the arguments.
  presenceStore(client as Client, typeof channel === 'function' ? null : channel);
  presenceStore(client as Client, null).subscribe(() => {}, handlers as PresenceHandlers);
  const live = new Live<PresenceSnapshot, PresenceStore>(channel, {
    make: (name) => presenceStore(client as Client, name),
    subscribe: (store, onChange) => store.subscribe(onChange, handlers as PresenceHandlers),
  });
  return {
    get members() {
      return live.snapshot.members;
    },
    get total() {
      return live.snapshot.total;
    },
    get counting() {
      return live.snapshot.counting;
    },
    get ready() {
      return live.snapshot.ready;
    },
    get error() {
      return live.snapshot.error;
    },
    stay: (state) => live.store.stay(state),
    start: () => live.start(),
  };
}
